"""What an item was shown is counted by day, and read by its index."""

from dataclasses import replace

import pytest

from unsung.schema import DAY_US
from unsung.store import Event, Exposure, append_events, append_exposures
from unsung.store.activity import shown_by_day

NOW = 20_454 * DAY_US
SHOWN = Exposure("r1", "ann", "kettle", 1, NOW, 0.25, "dial", "m1", "full", None)


def test_impressions_and_what_they_led_to_by_day(store):
    append_exposures(
        store,
        [
            SHOWN,
            replace(SHOWN, request_id="r2", timestamp=NOW + 1),
            replace(SHOWN, request_id="r3", timestamp=NOW + DAY_US),
            replace(SHOWN, request_id="r4", timestamp=NOW - 1),
            replace(SHOWN, request_id="r3", rank=2, item_id="cup", timestamp=NOW + DAY_US),
        ],
    )
    led = Event("e1", "ann", "kettle", "view", NOW + 2, request_id="r1")
    append_events(
        store,
        [
            led,
            replace(led, event_id="e2", event="purchase"),  # of the same impression
            replace(led, event_id="e3", item_id="cup", request_id="r2"),  # of another item
            replace(led, event_id="e4", request_id=None),
        ],
        NOW + 3,
    )
    day = NOW // DAY_US
    assert shown_by_day(store, "kettle", NOW) == {day: (2, 1), day + 1: (1, 0)}
    assert shown_by_day(store, "urn", NOW) == {}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_only_the_item_s_own_exposures_are_read(store):
    query = "SELECT request_id, timestamp FROM exposures WHERE item_id = 'x' AND timestamp >= 1"
    with store.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert [row[3] for row in plan] == [
        "SEARCH exposures USING INDEX ix_exposures_item_id (item_id=? AND timestamp>?)"
    ]
