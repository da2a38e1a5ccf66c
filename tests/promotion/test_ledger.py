import pandas as pd
import pytest

from unsung.errors import InputError
from unsung.promotion.ledger import IMPRESSION, LEDGER_COLUMNS, Ledger
from unsung.schema import DAY_US


def row(request, rank=3, event=IMPRESSION, item="i1", user="u1", campaign="spring", day=0):
    return (request, rank, event, campaign, user, item, day * DAY_US, 0.25)


def table(*rows):
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


@pytest.fixture
def ledger() -> Ledger:
    rows = [
        row("r1"),
        row("r1", 7, item="i2"),
        row("r2", user="u2", day=1),
        row("r2", event="click", user="u2", day=2),
    ]
    return Ledger.opened({"spring": 4}).add(table(*rows))


def test_totals_add_up(ledger):
    totals = ledger.totals()
    assert totals["impression"].sum() == ledger.spent("spring") == len(ledger.impressions) == 3
    assert totals["click"].sum() == 1
    assert totals[["item_id", "day"]].values.tolist() == [
        ["i1", 0],
        ["i1", 1],
        ["i1", 2],
        ["i2", 0],
    ]
    assert ledger.spent_on_user("spring", "u1") == 2
    assert ledger.spent("autumn") == 0


def test_counts_of_items_leave_out_what_is_not_over_yet(ledger):
    items = ["i2", "i1", "i9"]
    assert ledger.by_item("spring", items, before=9 * DAY_US).tolist() == [1, 2, 0]
    assert ledger.by_item("spring", items, "click", before=9 * DAY_US).tolist() == [0, 1, 0]
    assert ledger.by_item("spring", items, before=DAY_US).tolist() == [1, 1, 0]
    # The click came of an impression that doesn't count yet.
    assert ledger.by_item("spring", items, "click", before=DAY_US).tolist() == [0, 0, 0]


def test_adding_the_same_rows_again_changes_nothing(ledger):
    again = ledger.add(ledger.rows).add(table(row("r1"), row("r1")))
    pd.testing.assert_frame_equal(again.rows, ledger.rows)
    pd.testing.assert_frame_equal(Ledger.from_table({"spring": 4}, ledger.rows).rows, ledger.rows)


def test_a_ledger_is_not_changed_by_adding(ledger):
    ledger.add(table(row("r3")))
    assert ledger.spent("spring") == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("r3"), row("r4")], "would spend 5 impressions of 4"),
        ([row("r1", item="i3")], "another campaign"),
        ([row("r9", event="click")], "no impression"),
        ([row("r9", campaign="autumn")], "no budget"),
    ],
)
def test_what_does_not_add_up_is_refused(ledger, rows, message):
    with pytest.raises(InputError, match=message):
        ledger.add(table(*rows))


def test_a_missing_column_is_named(ledger):
    with pytest.raises(InputError, match="'user_id'"):
        ledger.add(table(row("r3")).drop(columns="user_id"))
