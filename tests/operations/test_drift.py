"""What the service is told and shows, day by day beside what its model was fitted on."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.operations.drift import catalogue_shares, drift_of, reference_of
from unsung.schema import DAY_US
from unsung.store.events import Event, append_events
from unsung.store.exposures import Exposure, append_exposures


@pytest.fixture
def now(moment) -> int:
    """Noon of a later day."""
    return (moment // DAY_US + 5) * DAY_US + DAY_US // 2


@pytest.fixture
def told_events(store, served, now):
    """Stores events, each given as days ago, user, item and kind."""

    def put(*rows, request_id: str | None = None) -> None:
        events = [
            Event(
                f"{request_id}-{ago}-{user}-{item}-{kind}",
                user,
                item,
                kind,
                now - ago * DAY_US,
                request_id=request_id,
            )
            for ago, user, item, kind in rows
        ]
        append_events(store, events, now)

    return put


def names(served, segment: str) -> list[str]:
    model = served.bundle.model
    return [
        str(item)
        for item, found in zip(model.state.items.values, model.segments, strict=True)
        if found == segment
    ]


def test_a_day_is_counted_once_and_in_its_place(store, served, now, told_events):
    known = str(served.bundle.model.state.users.values[0])
    item = str(served.bundle.model.state.items.values[0])
    told_events(
        (2, known, item, "purchase"),
        (2, known, item, "view"),
        (2, "stranger", "novelty", "view"),
        (0, known, item, "view"),
        (9, known, item, "view"),
    )
    found = drift_of(store, served, 4, now)
    assert [day["events"] for day in found["days"]] == [0, 3, 0, 1]
    day = found["days"][1]
    assert (day["targets"], day["new_user_share"]) == (1, 0.5)
    assert day["new_item_share"] == pytest.approx(1 / 3)
    assert found["days"][0]["new_user_share"] is None
    assert found["recent"]["events"] == 1.5  # today is left out, and what was before the first
    assert found["model"] == served.version


def test_lists_tell_their_tail_and_what_came_of_them(store, served, now, told_events):
    tail, head = names(served, "tail")[0], names(served, "head")[0]
    moment = now - DAY_US
    rows = [
        Exposure(request, "u", item, rank, moment, 1.0, "undialled", "m", "full")
        for request in ("r1", "r2", "r3", "r4")
        for rank, item in ((1, head), (2, tail))
    ]
    append_exposures(store, rows)
    told_events((1, "u", tail, "view"), (1, "u", tail, "purchase"), request_id="r1")
    told_events((0, "u", head, "view"), request_id="r2")
    told_events((1, "u", "elsewhere", "purchase"), request_id="r3")
    day = drift_of(store, served, 2, now)["days"][0]
    assert (day["lists"], day["tail_share"]) == (4, 0.5)
    assert (day["response_rate"], day["hit_rate"]) == (0.5, 0.25)


def test_the_reference_is_what_a_fit_would_have_met(served):
    state = served.bundle.model.state
    rows, since = state.interactions, state.as_of - 28 * DAY_US
    found = reference_of(served)
    late = rows.timestamp >= since
    assert found["events"] == pytest.approx(late.sum() / 28)
    old = set(rows.item_index[~late].tolist())
    new = [item not in old for item in rows.item_index[late].tolist()]
    assert found["new_item_share"] == pytest.approx(np.mean(new))
    assert found["tail_share"] is None  # nothing was tested


def test_what_stands_out_is_said_and_chance_is_not(store, served, now, told_events):
    item = str(served.bundle.model.state.items.values[0])
    few = [(1, f"stranger {n}", item, "view") for n in range(50)]
    told_events(*few)
    early = drift_of(store, served, 2, now)
    assert not any("new to the model" in s for s in early["warnings"])
    assert "new_user_share" not in [one["name"] for one in early["compared"]]
    told_events(*[(1, f"guest {n}", "novelty", "view") for n in range(400)])
    late = drift_of(store, served, 2, now)
    moved = {one["name"]: one["moved"] for one in late["compared"]}
    assert moved["new_user_share"] and moved["new_item_share"] and not moved["title"]
    assert len(late["warnings"]) == sum(moved.values())
    said = " ".join(late["warnings"])
    assert "of a day's customers are new to the model" in said
    assert "of the events are on items new to the model" in said
    assert "events a day" in said


def test_a_catalogue_that_lost_its_texts_is_told(served):
    state = served.bundle.model.state
    assert set(catalogue_shares(state)) == {"price", "title", "description"}
    assert catalogue_shares(state)["description"] == 0.0


@pytest.mark.parametrize("days", [0, 61])
def test_days_have_bounds(store, served, now, days):
    with pytest.raises(InputError, match="must be from 1 to 60"):
        drift_of(store, served, days, now)
