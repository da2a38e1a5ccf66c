"""The shop as a whole: its diagnosis, the dial, its models and reports."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from unsung.errors import BundleError, InputError
from unsung.service.access import Admin, Write, needs
from unsung.service.answers_json import DialAnswer, ModelsAnswer, as_json
from unsung.service.bodies import DialBody, LoadBody
from unsung.service.context import Context, Here, now_us
from unsung.service.problems import NotFoundError
from unsung.store.audit import append
from unsung.store.dial import dial_history
from unsung.store.models import model_history, models, roll_back_model

router = APIRouter(prefix="/v1", tags=["shop"])
_PAGE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "An HTML page.", "content": {"text/html": {"schema": {"type": "string"}}}}
}


@router.get("/diagnosis", response_model=dict[str, Any], dependencies=[needs("read")])
async def diagnosis(context: Here) -> Response:
    """Where the shop's sales and its catalogue are, and why items are in the tail."""
    return as_json(await context.work(lambda: _document(context, "diagnosis.json")))


@router.get("/quality", response_model=dict[str, Any], dependencies=[needs("read")])
async def quality(context: Here) -> Response:
    """What the data check found, and what was set aside."""
    return as_json(await context.work(lambda: _document(context, "quality.json")))


@router.get("/evaluation", response_model=dict[str, Any], dependencies=[needs("read")])
async def evaluation(context: Here) -> Response:
    """The model's figures on the window that it was tested on, beside the baselines'."""
    return as_json(await context.work(lambda: _document(context, "evaluation.json")))


@router.get("/training", response_model=dict[str, Any], dependencies=[needs("read")])
async def training(context: Here) -> Response:
    """How the model learnt."""
    return as_json(await context.work(lambda: _document(context, "training.json")))


@router.get("/reports/before-after", dependencies=[needs("read")], responses=_PAGE)
async def report(context: Here) -> Response:
    """The before/after page of the fit."""
    folder = context.shop.model().bundle.folder
    if "report.html" not in folder:
        raise NotFoundError("This model has no report: its shop had nobody to test it on.")
    html = await context.work(lambda: folder.file("report.html").read_text("utf-8"))
    # The page carries its own styles and pictures, and no script.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
    return HTMLResponse(html, headers={"Content-Security-Policy": policy})


@router.get("/dial", response_model=DialAnswer, dependencies=[needs("read")])
async def dial(context: Here) -> Response:
    """Where the dial stands, what is certified, and who set it when."""
    return as_json(await context.work(lambda: _dial(context)))


@router.put("/dial", response_model=DialAnswer)
async def set_dial(context: Here, body: DialBody, caller: Write) -> Response:
    """Put the dial at a certified position; every server process follows with its next answer."""

    def apply() -> dict[str, Any]:
        now = now_us()
        context.shop.set_dial(body.position, caller.name, body.note, now)
        append(context.shop.store, caller.name, "dial", "", {"position": body.position}, now)
        return _dial(context)

    return as_json(await context.work(apply))


@router.post("/dial/undo", response_model=DialAnswer)
async def undo(context: Here, caller: Write) -> Response:
    """Put the dial where it stood before."""

    def back() -> dict[str, Any]:
        now = now_us()
        setting = context.shop.undo_dial(caller.name, now)
        detail = {"position": setting.strength_index}
        append(context.shop.store, caller.name, "dial undone", "", detail, now)
        return _dial(context)

    return as_json(await context.work(back))


@router.get("/models", response_model=ModelsAnswer, dependencies=[needs("read")])
async def known_models(context: Here) -> Response:
    """Models that the service knows, and which one serves."""
    return as_json(await context.work(lambda: _models(context)))


@router.post("/models", response_model=ModelsAnswer)
async def load(context: Here, body: LoadBody, caller: Admin) -> Response:
    """Verify a bundle and let it serve; until it is ready the present one does."""

    def swap() -> dict[str, Any]:
        path = Path(body.path)
        if not (path / "manifest.json").is_file():
            raise InputError(f"There is no bundle in {body.path}.")
        try:
            entry = context.shop.load(path, caller.name, now_us())
        except BundleError as error:
            # The caller's bundle is at fault: the one in service goes on.
            raise InputError(str(error)) from None
        append(context.shop.store, caller.name, "model", "", {"version": entry.version}, now_us())
        return _models(context)

    return as_json(await context.work(swap))


@router.post("/models/rollback", response_model=ModelsAnswer)
async def roll_back(context: Here, caller: Admin) -> Response:
    """Let the model serve that did before."""

    def back() -> dict[str, Any]:
        entry = roll_back_model(context.shop.store, caller.name, now_us())
        context.shop.load_active(now_us())
        detail = {"version": entry.version}
        append(context.shop.store, caller.name, "model rolled back", "", detail, now_us())
        return _models(context)

    return as_json(await context.work(back))


def _document(context: Context, name: str) -> dict[str, Any]:
    folder = context.shop.model().bundle.folder
    if name not in folder:
        raise NotFoundError(f"This model has no {name.removesuffix('.json')}.")
    found: dict[str, Any] = folder.read_json(name)
    return found


def _dial(context: Context) -> dict[str, Any]:
    shop = context.shop
    shop.catch_up(now_us())
    served = shop.model()
    policy, folder = served.bundle.model.policy, served.bundle.folder
    history = [asdict(s) for s in dial_history(shop.store, 50) if s.model == served.version]
    return {
        "position": served.at(),
        "n_positions": served.n_positions,
        "strengths": [] if policy is None else list(policy.strengths),
        "policy": served.policy_name(served.at()),
        "certificate": None if policy is None else policy.certificate,
        "frontier": folder.read_json("frontier.json") if "frontier.json" in folder else None,
        "history": history,
    }


def _models(context: Context) -> dict[str, Any]:
    store, served = context.shop.store, context.shop.served
    return {
        "serving": None if served is None else served.version,
        "models": [asdict(entry) for entry in models(store)],
        "history": [asdict(change) for change in model_history(store)],
    }
