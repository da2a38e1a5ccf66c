"""Lists: for a customer, for a session or a wish, and for many customers at once."""

from collections import Counter
from collections.abc import Callable
from threading import Event
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from unsung.errors import InputError
from unsung.operations import answers
from unsung.operations.histories import Said
from unsung.operations.ladder import RUNGS
from unsung.operations.search import find_items
from unsung.operations.served_model import NOBODY
from unsung.pipeline.recommend import Recommendation
from unsung.pipeline.rules import Rules
from unsung.service.access import needs
from unsung.service.answers_json import ListAnswer, ListsAnswer, as_json
from unsung.service.bodies import (
    SESSION,
    BatchBody,
    FiltersBody,
    ListQuery,
    RecommendBody,
    UserId,
)
from unsung.service.context import Context, Here, now_us
from unsung.service.metrics import LISTS, SHADOWED, SLOTS
from unsung.service.request_ids import new_request_id
from unsung.service.slashed import SlashedRoute
from unsung.store.exposures import Exposure

router = APIRouter(
    prefix="/v1", tags=["recommendations"], dependencies=[needs("read")], route_class=SlashedRoute
)


@router.get("/users/{user_id}/recommendations", response_model=ListAnswer)
async def for_user(
    context: Here,
    user_id: Annotated[UserId, Path(examples=["u17"])],
    asked: Annotated[ListQuery, Query()],
) -> Response:
    """Recommend to one customer; somebody unknown gets what is good for anybody.

    What was acknowledged before the request counts already. Bought items are left out where the
    shop is set so.
    """
    rules = rules_of(context, asked.filters())
    query = answers.Query(user_id, asked.k, rules, asked.explain, asked.dial)
    return as_json(await listed(context, query))


@router.post("/recommendations", response_model=ListAnswer)
async def for_anybody(context: Here, body: RecommendBody) -> Response:
    """Recommend to a session, to somebody with a basket, or for a wish in words."""
    if body.user_id and body.session_id:
        raise InputError("Give either user_id or session_id.")
    name = body.user_id or (SESSION + body.session_id if body.session_id else NOBODY)
    rules = rules_of(context, body.filters)
    now = now_us()
    said = [Said(item, now, 1.0, is_target=False, basket=None) for item in body.items]
    query = answers.Query(name, body.k, rules, body.explain, body.dial, said)
    if body.query:
        return as_json(await _for_wish(context, body.query, query))
    return as_json(await listed(context, query))


@router.post("/recommendations/batch", response_model=ListsAnswer)
async def for_many(context: Here, body: BatchBody) -> Response:
    """Recommend to up to 1,000 customers, as one request each would."""
    rules = rules_of(context, body.filters)

    def one(user_id: str) -> dict[str, object]:
        query, request_id = (
            answers.Query(user_id, body.k, rules, position=body.dial),
            new_request_id(),
        )
        found = context.shop.answer(query, now_us())
        return _said(context, _warmed(context, found, query, request_id), user_id, request_id)

    def lists() -> list[dict[str, object]]:
        return [one(user_id) for user_id in body.user_ids]

    return as_json({"lists": await context.work(lists)})


async def listed(context: Context, query: answers.Query) -> dict[str, object]:
    """The answer to a query as JSON values; at the deadline what is popular."""
    request_id, late = new_request_id(), Event()

    def make() -> answers.Answer:
        found = _answer(context, query)
        return _warmed(context, found, query, request_id, lambda: not late.is_set())

    found = await _in_time(context, query, make)
    late.set()
    fate = context.shop.beside.shadow(query, request_id, now_us())
    if fate is not None:
        SHADOWED.labels(fate).inc()
    return _said(context, found, query.user_id, request_id)


def rules_of(context: Context, filters: FiltersBody) -> Rules:
    """What a list may hold."""
    served = context.shop.served
    repeats = filters.repeats or ("hide" if served is None else served.bundle.model.repeats)
    return Rules(
        exclude=filters.exclude,
        categories=filters.categories,
        brands=filters.brands,
        exclude_brands=filters.exclude_brands,
        min_price=filters.min_price,
        max_price=filters.max_price,
        in_stock_only=filters.in_stock_only,
        repeats=repeats,
    )


async def _in_time(
    context: Context, query: answers.Query, make: Callable[[], answers.Answer]
) -> answers.Answer:
    """An answer, or at the deadline what is popular."""
    try:
        return await context.within_deadline(make)
    except TimeoutError:
        context.shop.report("deadline", TimeoutError("an answer took too long"))
        return context.shop.last_resort(query)


def _answer(context: Context, query: answers.Query) -> answers.Answer:
    if context.shop.served is None:
        return answers.NOTHING
    return context.shop.answer(query, now_us())


async def _for_wish(context: Context, text: str, query: answers.Query) -> dict[str, object]:
    """Items that a text asks for, as a list; where it can't be read, the customer's own list."""

    def find() -> answers.Answer:
        if context.shop.served is None:
            return answers.NOTHING
        try:
            return search()
        except InputError:
            raise
        except Exception as error:
            context.shop.report("search", error)
            return _answer(context, query)

    def search() -> answers.Answer:
        context.shop.catch_up(now_us())
        served = context.shop.model()
        found = find_items(served, text, query.k, answers.wished(served, query))
        items = tuple(
            Recommendation(rank, one.item_id, one.title, one.score, one.segment, rank)
            for rank, one in enumerate(found, start=1)
        )
        return answers.Answer(items, "text", "search", served.version, known=False)

    found = await _in_time(context, query, find)
    return _said(context, found, query.user_id, new_request_id())


def _warmed(
    context: Context,
    found: answers.Answer,
    query: answers.Query,
    request_id: str,
    wanted: Callable[[], bool] = lambda: True,
) -> answers.Answer:
    """The answer with what a warm-up puts into it; nothing is done where none runs."""
    slots, served = context.shop.warm_up, context.shop.served
    if slots.idle or served is None or served.version != found.model:
        return found
    return slots.place(served, found, query, request_id, now_us(), wanted=wanted)


def _said(
    context: Context, found: answers.Answer, seen_by: str, request_id: str
) -> dict[str, object]:
    """The answer as JSON values; it is noted as shown to a customer, a session or nobody known."""
    now = now_us()
    propensities = found.propensities or (1.0,) * len(found.items)
    assert found.rung in RUNGS
    LISTS.labels(found.rung).inc()
    for segment, count in Counter(item.segment for item in found.items).items():
        SLOTS.labels(segment).inc(count)
    context.shop.expose(
        [
            Exposure(
                request_id,
                seen_by or None,
                item.item_id,
                item.rank,
                now,
                propensity,
                found.policy,
                found.model,
                found.rung,
                found.arm,
            )
            for item, propensity in zip(found.items, propensities, strict=True)
        ]
    )
    return {
        "request_id": request_id,
        "user_id": None if seen_by == NOBODY or seen_by.startswith(SESSION) else seen_by,
        "known": found.known,
        "items": found.items,
        "model": found.model,
        "policy": found.policy,
        "rung": found.rung,
    }
