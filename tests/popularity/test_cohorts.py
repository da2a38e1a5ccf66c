import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.popularity.cohorts import (
    BIRTH_CUT,
    LABELLED,
    NEVER_SOLD,
    NO_COHORT,
    WINDOW_CUT,
    buyers_within,
    cohorts_by_month,
    label_first_weeks,
    labels_of_totals,
    place_in_cohort,
)
from unsung.popularity.segments import NEVER
from unsung.schema import DAY_US

START = np.datetime64("2025-01-01", "us").astype(np.int64)
WINDOW = 28 * DAY_US


def days(*count: float) -> np.ndarray:
    return START + (np.array(count) * DAY_US).astype(np.int64)


def test_a_birth_or_a_window_that_is_cut_off_gives_no_label():
    born = np.append(days(0, 27.9, 28, 72, 72.1), NEVER)
    buyers = np.array([9, 8, 2, 1, 1, 0])
    labels = label_first_weeks(
        buyers, born, start=START, end=START + 100 * DAY_US, window=WINDOW, min_cohort=1
    )
    assert labels.status.tolist() == [
        BIRTH_CUT, BIRTH_CUT, LABELLED, LABELLED, WINDOW_CUT, NEVER_SOLD,
    ]  # fmt: skip
    assert labels.cohort.tolist() == [NO_COHORT, NO_COHORT, 0, 1, NO_COHORT, NO_COHORT]
    assert labels.buyers.tolist() == [0, 0, 2, 1, 0, 0]
    assert labels.labelled.tolist() == [False, False, True, True, False, False]
    np.testing.assert_allclose(labels.demand, np.log([1, 1, 3, 2, 1, 1]))
    np.testing.assert_array_equal(np.isnan(labels.place), ~labels.labelled)


def test_a_birth_that_the_catalogue_dates_is_not_cut_off():
    labels = label_first_weeks(
        np.array([3, 3]),
        days(5, 5),
        start=START,
        end=START + 100 * DAY_US,
        window=WINDOW,
        known_birth=np.array([True, False]),
    )
    assert labels.status.tolist() == [LABELLED, BIRTH_CUT]


def test_each_item_is_compared_with_its_own_cohort():
    born = days(*[30] * 10, *[60] * 10)
    buyers = np.concatenate([np.arange(1, 11), np.arange(101, 111)])
    labels = label_first_weeks(
        buyers, born, start=START, end=START + 365 * DAY_US, window=WINDOW, min_cohort=10
    )
    rare = labels.is_rare()
    assert np.flatnonzero(rare).tolist() == [8, 9, 18, 19]
    assert labels.is_rare(0.1).sum() == 2


@pytest.mark.parametrize(
    ("buyers", "n_rare"),
    [
        ([1] * 10, 0),
        ([1] * 9 + [2], 1),
        # A group goes whole to the side where the cut is nearer to a fifth.
        ([1] * 7 + [2] * 3, 3),
        ([1] * 6 + [2] * 4, 0),
        ([1] * 6 + [2] * 3 + [3], 1),
    ],
)
def test_equally_bought_items_are_rare_together(buyers, n_rare):
    rare = labels_of_totals(np.array(buyers)).is_rare()
    assert rare.sum() == n_rare
    assert (np.array(buyers)[rare] > max(np.array(buyers)[~rare])).all()


def test_without_a_clock_every_item_that_sold_is_one_cohort():
    labels = labels_of_totals(np.array([5, 0, 1, 1, 1]))
    assert labels.status.tolist() == [LABELLED, NEVER_SOLD, LABELLED, LABELLED, LABELLED]
    assert labels.is_rare().tolist() == [True, False, False, False, False]
    only = labels_of_totals(np.array([5, 0, 1]), np.array([False, False, True]))
    assert only.buyers.tolist() == [0, 0, 1]


def test_only_distinct_buyers_inside_the_window_count():
    item = np.array([0, 0, 0, 0, 2])
    user = np.array([1, 1, 2, 3, 1])
    time = days(10, 12, 37.9, 38, 20)
    born = np.array([days(10)[0], NEVER, days(20)[0]])
    assert buyers_within(item, user, time, born, WINDOW).tolist() == [2, 0, 1]
    nothing = np.array([], dtype=np.int64)
    assert buyers_within(nothing, nothing, nothing, born, WINDOW).tolist() == [0, 0, 0]


def test_months_join_until_there_are_enough_items():
    months = ["2025-01", "2025-01", "2025-02", "2025-03", "2025-03", "2025-04"]
    born = np.array(months, dtype="datetime64[M]").astype("datetime64[us]").astype(np.int64)
    assert cohorts_by_month(born, 2).tolist() == [0, 0, 1, 1, 1, 1]
    assert cohorts_by_month(born, 100).tolist() == [0] * 6
    assert cohorts_by_month(born[:0]).tolist() == []


@given(st.lists(st.integers(0, 1500), min_size=1, max_size=80), st.integers(1, 20))
def test_every_cohort_is_full_and_later_cohorts_are_later(born_days, min_items):
    born = days(*born_days)
    cohort = cohorts_by_month(born, min_items)
    sizes = np.bincount(cohort)
    assert len(sizes) == 1 or (sizes >= min_items).all()
    order = np.argsort(born)
    assert (np.diff(cohort[order]) >= 0).all()
    # As many cohorts as cohort numbers, and no month is divided.
    month = born.astype("datetime64[us]").astype("datetime64[M]")
    assert all(len(set(cohort[month == one])) == 1 for one in set(month))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=60))
def test_labels_hang_on_the_order_of_buyers_alone(buyers):
    counts = np.array(buyers)
    labels = labels_of_totals(counts)
    other = labels_of_totals(counts * 10 + 3)
    np.testing.assert_array_equal(labels.place, other.place)
    assert labels.is_rare().mean() < 0.4


def test_places_are_of_each_cohort_alone():
    place = place_in_cohort(np.array([1, 5, 7, 3]), np.array([0, 0, 1, NO_COHORT]))
    np.testing.assert_array_equal(place, [0.75, 0.25, 0.5, np.nan])
