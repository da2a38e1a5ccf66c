"""Long work: refits."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from unsung.operations.jobs import start_refit
from unsung.service.access import Admin, needs
from unsung.service.answers_json import as_json
from unsung.service.context import Here, now_us
from unsung.service.problems import NotFoundError
from unsung.store.audit import append
from unsung.store.jobs import finish_job, job, jobs

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get("", response_model=dict[str, Any], dependencies=[needs("read")])
async def listed(context: Here) -> Response:
    """The latest jobs, the newest first."""
    found = await context.work(lambda: jobs(context.shop.store, 100))
    return as_json({"jobs": [asdict(one) for one in found]})


@router.get("/{job_id}", response_model=dict[str, Any], dependencies=[needs("read")])
async def one(context: Here, job_id: str) -> Response:
    """Where a job stands."""
    found = await context.work(lambda: job(context.shop.store, job_id))
    if found is None:
        raise NotFoundError("There is no such job.")
    return as_json(asdict(found))


@router.post("/refit", response_model=dict[str, Any])
async def refit(context: Here, caller: Admin) -> Response:
    """Learn again from the shop's files and everything that was stored since, beside the service.

    The new model serves as soon as it is fitted, where it changes lists little; else it waits for
    somebody to load it.
    """

    def start() -> dict[str, Any]:
        now, settings = now_us(), context.settings
        out = settings.bundle.with_name(f"bundle-{now // 1_000_000}")
        started = start_refit(
            context.shop.store, settings.store, settings.shop, out, caller.name, now
        )
        append(context.shop.store, caller.name, "refit", "", {"job": started.job_id}, now)
        return asdict(started)

    return as_json(await context.work(start))


@router.post("/{job_id}/cancel", response_model=dict[str, Any])
async def cancel(context: Here, job_id: str, _: Admin) -> Response:
    """Call a job off; its process ends when it next says where it stands."""

    def end() -> dict[str, Any]:
        store = context.shop.store
        if job(store, job_id) is None:
            raise NotFoundError("There is no such job.")
        return asdict(finish_job(store, job_id, "cancelled", "Called off.", now_us()))

    return as_json(await context.work(end))
