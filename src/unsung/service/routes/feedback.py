"""What the shop tells: events, reviews, who a session is."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from unsung.errors import InputError, Location, StoreError
from unsung.operations.intake import check_kinds, without_personal_data
from unsung.operations.warm_ups import outcomes_of
from unsung.service.access import needs
from unsung.service.answers_json import ReceivedAnswer, as_json
from unsung.service.bodies import (
    AHEAD_S,
    SESSION,
    EventBody,
    EventsBody,
    ReviewsBody,
    SessionBody,
    micros,
)
from unsung.service.context import Here, now_us
from unsung.service.limits import check_rows
from unsung.service.metrics import EVENTS
from unsung.service.request_ids import new_request_id
from unsung.store.events import Appended, Event, append_events
from unsung.store.reviews import Review, put_reviews
from unsung.store.sessions import merge_session

FATES: Final = ("accepted", "duplicates", "suppressed")
router = APIRouter(prefix="/v1", tags=["feedback"], dependencies=[needs("write")])


@router.post("/events", response_model=ReceivedAnswer)
async def events(context: Here, body: EventsBody) -> Response:
    """Store events; when this answers they are on the disk, and in the customer's next list."""
    check_rows(context, body.events)
    now = now_us()
    rows = [_event(event, place, now) for place, event in enumerate(body.events)]
    check_kinds(context.shop.served, rows)
    undated = {one.event_id for one in body.events if one.event_id and one.timestamp is None}

    def store() -> Appended:
        done = append_events(context.shop.store, rows, now, undated)
        try:
            outcomes_of(context.shop.store, context.shop.served, rows)
        except StoreError as error:  # the events are stored: they must not be sent again for this
            context.shop.report("warm-up", error)
        return done

    done = await context.work(store)
    for fate in FATES:
        EVENTS.labels(fate).inc(getattr(done, fate))
    return as_json(_received(done))


@router.post("/reviews", response_model=ReceivedAnswer)
async def reviews(context: Here, body: ReviewsBody) -> Response:
    """Store reviews, personal data in them masked; the next fit reads them."""
    check_rows(context, body.reviews)
    now = now_us()
    rows = [
        Review(
            one.review_id,
            one.user_id,
            one.item_id,
            one.rating,
            without_personal_data(one.title),
            without_personal_data(one.text),
            now if one.timestamp is None else micros(one.timestamp),
        )
        for one in body.reviews
    ]
    undated = {one.review_id for one in body.reviews if one.timestamp is None}
    done = await context.work(lambda: put_reviews(context.shop.store, rows, now, undated))
    return as_json(_received(done))


@router.post("/sessions", response_model=dict[str, str])
async def sessions(context: Here, body: SessionBody) -> Response:
    """Give what an anonymous session did to the customer that it turned out to be."""
    session = SESSION + body.session_id
    await context.work(lambda: merge_session(context.shop.store, session, body.user_id, now_us()))
    return as_json({"user_id": body.user_id})


def _received(done: Appended) -> dict[str, int]:
    return {name: getattr(done, name) for name in FATES}


def _event(event: EventBody, place: int, now: int) -> Event:
    if (event.user_id is None) == (event.session_id is None):
        raise InputError(
            "give either user_id or session_id.", at=Location("events", "user_id", place + 1)
        )
    timestamp = now if event.timestamp is None else micros(event.timestamp)
    if timestamp > now + AHEAD_S * 1_000_000:
        raise InputError(
            "lies in the future; check the sender's clock.",
            at=Location("events", "timestamp", place + 1),
        )
    return Event(
        event.event_id or new_request_id(),
        event.user_id or SESSION + str(event.session_id),
        event.item_id,
        event.event,
        timestamp,
        event.weight,
        event.price,
        event.quantity,
        event.basket_id,
        event.request_id,
        session=event.session_id is not None,
    )
