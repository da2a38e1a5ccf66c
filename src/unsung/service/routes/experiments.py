"""A second model beside the active one: as a shadow, or for a share of the customers."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter
from fastapi import Path as InPath
from starlette.responses import Response

from unsung.errors import InputError
from unsung.operations.beside import begin_second
from unsung.operations.table_csv import as_csv
from unsung.service.access import Admin, needs
from unsung.service.answers_json import ExperimentsAnswer, as_json
from unsung.service.bodies import ReasonBody, SecondBody
from unsung.service.context import Context, Here, now_us
from unsung.service.problems import NotFoundError
from unsung.store.audit import append
from unsung.store.second_models import (
    SecondModel,
    assignments_of,
    end_second,
    overlap_with_shadow,
    second_models,
)

router = APIRouter(prefix="/v1/experiments", tags=["shop"])
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "A CSV file.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("", response_model=ExperimentsAnswer, dependencies=[needs("read")])
async def experiments(context: Here) -> Response:
    """The model beside the active one, and the trials before."""
    return as_json(await context.work(lambda: _experiments(context)))


@router.post("", response_model=ExperimentsAnswer)
async def begin(context: Here, body: SecondBody, caller: Admin) -> Response:
    """Put a model beside the active one; it ends when another model becomes active.

    A shadow makes each list too, after the answer, and nobody sees it. In an experiment it answers
    a share of the customers, the same ones everywhere and always.
    """

    def start() -> dict[str, Any]:
        path, now = Path(body.path), now_us()
        if not (path / "manifest.json").is_file():
            raise InputError(f"There is no bundle in {body.path}.")
        wanted = SecondModel(
            body.name, body.kind, "", "", "", body.share, "running", caller.name, now
        )
        begun = begin_second(context.shop.store, context.shop.model(), path, wanted)
        detail = {"name": begun.name, "version": begun.version, "share": begun.share}
        append(context.shop.store, caller.name, f"{begun.kind} begun", "", detail, now)
        return _experiments(context)

    return as_json(await context.work(start))


@router.post("/end", response_model=ExperimentsAnswer)
async def end(context: Here, body: ReasonBody, caller: Admin) -> Response:
    """Take the second model away: everybody gets the active one's lists again."""

    def stop() -> dict[str, Any]:
        now = now_us()
        ended = end_second(context.shop.store, caller.name, body.reason, now)
        detail = {"name": ended.name, "reason": body.reason}
        append(context.shop.store, caller.name, f"{ended.kind} ended", "", detail, now)
        return _experiments(context)

    return as_json(await context.work(stop))


@router.get("/{name}/assignments", responses=_CSV)
async def assignments(
    context: Here,
    name: Annotated[str, InPath(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", examples=["spring"])],
    caller: Admin,
) -> Response:
    """Who was in which arm since when: the file that `unsung experiment readout` reads."""

    def file() -> bytes:
        rows = assignments_of(context.shop.store, name)
        if not rows:
            raise NotFoundError(f"Nobody was shown a list in an experiment {name}.")
        detail = {"name": name, "rows": len(rows)}
        append(context.shop.store, caller.name, "assignments read", "", detail, now_us())
        table = pd.DataFrame(rows, columns=["user_id", "arm", "timestamp"])
        moments = pd.to_datetime(table["timestamp"], unit="us", utc=True)
        table["timestamp"] = moments.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return as_csv(table)

    return Response(await context.work(file), media_type="text/csv; charset=utf-8")


def _experiments(context: Context) -> dict[str, Any]:
    shop = context.shop
    shop.catch_up(now_us())
    history = second_models(shop.store, 100)
    current = history[0] if history and history[0].running else None
    known = shop.beside.entry
    is_shadow = current is not None and current.kind == "shadow"
    return {
        "current": None if current is None else asdict(current),
        "loaded": current is not None and known is not None and known.number == current.number,
        "overlap": overlap_with_shadow(shop.store, current.version)
        if current is not None and is_shadow
        else None,
        "history": [asdict(entry) for entry in history],
    }
