import numpy as np
import pytest

from unsung.data.interactions import Interactions
from unsung.popularity.season import item_seasons, month_starts
from unsung.schema import DAY_US


def moment(day):
    return int(np.datetime64(day, "us").astype(np.int64))


def sales(rows):
    """Interactions from (item, day, user)."""
    item, day, user = zip(*rows, strict=True)
    return Interactions.from_columns(
        user_index=np.array(user),
        item_index=np.array(item),
        timestamp=np.array([moment(d) for d in day]),
    )


def steady(item, users=range(5)):
    return [(item, f"2024-{month:02}-20", user) for month in range(1, 13) for user in users]


def test_months_of_a_leap_year_and_the_one_after():
    starts = month_starts(moment("2024-02-10"), moment("2024-03-31"))
    assert [int(step) // DAY_US for step in np.diff(starts)] == [29, 31]


def test_an_item_sold_at_christmas_stands_out_and_a_steady_one_does_not():
    christmas = [(1, f"2024-{month}-05", user) for month in (11, 12) for user in range(8)]
    early = [(1, "2024-02-05", 9)]
    found = item_seasons(sales(steady(0) + christmas + early), 3, moment("2025-02-01"), 3)
    assert found.share[1] == pytest.approx(16 / 17)
    assert found.first_month[1] in (9, 10)
    assert found.p_value[1] < 1e-3
    assert found.p_value[0] > 0.05
    assert (found.share[2], found.p_value[2]) == (0, 1)


def test_a_season_can_span_the_new_year():
    winter = [(1, day, user) for day in ("2024-01-20", "2024-12-20") for user in range(6)]
    found = item_seasons(sales(steady(0) + winter), 2, moment("2025-02-01"), 3)
    assert found.share[1] == 1
    assert {11, 0} <= {(found.first_month[1] + step) % 12 for step in range(3)}


def test_an_item_that_came_late_is_not_seasonal_for_that():
    late = [(1, day, user) for day in ("2024-11-20", "2024-12-20") for user in range(9)]
    found = item_seasons(sales(steady(0) + late), 2, moment("2025-02-01"), 3)
    assert found.share[1] == 1
    assert found.shop_share[1] == 1
    assert found.p_value[1] == 1


def test_a_buyer_counts_once_a_month():
    often = [(0, f"2024-06-{day:02}", 1) for day in range(1, 20)] + [(0, "2024-01-01", 2)]
    found = item_seasons(sales(often), 1, moment("2025-02-01"), 1)
    assert found.share[0] == pytest.approx(0.5)


def test_less_than_a_year_knows_no_season():
    assert item_seasons(sales(steady(0)), 1, moment("2024-12-31"), 3) is None
    nothing = Interactions.from_columns(
        user_index=np.zeros(0), item_index=np.zeros(0), timestamp=np.zeros(0)
    )
    assert item_seasons(nothing, 1, moment("2024-12-31"), 3) is None


def test_a_single_summer_is_no_season_where_two_years_are_known():
    steady_years = [(0, f"{y}-{m:02}-20", 1) for y in (2022, 2023, 2024) for m in range(1, 13)]
    once = [(1, f"2023-07-{day:02}", day) for day in range(1, 20)]
    twice = [(2, f"{y}-07-{day:02}", day) for y in (2023, 2024) for day in range(1, 9)]
    first = [(item, "2022-01-20", 0) for item in (1, 2)]
    rows = sales(steady_years + once + twice + first)
    found = item_seasons(rows, 3, moment("2025-02-01"), 3)
    assert found.share[1] > 0.9
    assert found.recurs.tolist() == [True, False, True]
    one_year = sales(steady(0))
    assert item_seasons(one_year, 2, moment("2025-02-01"), 3).recurs.tolist() == [True, False]
