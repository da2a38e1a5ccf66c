"""A dial is certified where the tail costs nothing, and refused where it costs too much."""

import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unsung.data.settings import SegmentSettings, ShopSettings, Source
from unsung.evaluation.certificate import Subject
from unsung.pipeline.pools import AS_LOG_ODDS
from unsung.pipeline.rules import Rules
from unsung.recommenders.blend import Blend
from unsung.rerankers.segment_weight import SegmentWeightSettings
from unsung.schema import DAY_US
from unsung.workflows.dial import DialSettings, Stand, relevance_of, set_dial
from unsung.workflows.dial_choice import LIKELY, turn
from unsung.workflows.dial_record import dial_record
from unsung.workflows.testing import item_table
from unsung.workflows.user_groups import user_groups
from unsung.workflows.user_parts import UserParts, part_users
from unsung.workflows.validation import ValidationWindow

SUBJECT = Subject("m", "m", "customers", "a window", 3)
SETTINGS = DialSettings(budget=0.1, min_users=20)
RULES = Rules(repeats="show")
N_USERS = 900


class Favourites:
    """Likes the head best, and of the rest one item a user."""

    name = "favourites"

    def __init__(self, order: np.ndarray) -> None:
        self.order = order

    def score(self, state, users):
        n = state.n_items
        scores = np.tile(-np.argsort(self.order).astype(np.float32), (len(users), 1)) / n
        scores[np.arange(len(users)), users % n] += 0.3
        return scores


@pytest.fixture
def state(busy_shop):
    return busy_shop.as_of()


@pytest.fixture
def items(state):
    settings = SegmentSettings(head_share=0.3, fresh_days=0)
    return item_table(state, ShopSettings(interactions=Source(path="o.csv"), segments=settings))


def stand_of(state, items, wanted: np.ndarray) -> Stand:
    """Many users who are as good as the shop's forty; each wants one item."""
    order = np.argsort(items.segments != 0, kind="stable")
    users = np.arange(N_USERS, dtype=np.int32) % state.n_users
    rng = np.random.default_rng(1)
    targets = sp.csr_array(
        (np.ones(N_USERS), (np.arange(N_USERS), rng.choice(wanted, N_USERS))),
        shape=(N_USERS, state.n_items),
    )
    # A window of users who are told apart by their row alone.
    window = ValidationWindow(state, state, np.arange(N_USERS, dtype=np.int32), targets)
    parts = UserParts(*(np.arange(start, N_USERS, 3, dtype=np.int32) for start in (0, 1, 2)))
    assert len(users) == len(window.users)
    return Stand(Favourites(order), window, parts, items, RULES, 3)


def in_segment(items, *codes):
    return np.flatnonzero(np.isin(items.segments, codes))


def test_where_the_tail_is_wanted_the_dial_goes_far(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    dial = set_dial(stand, SUBJECT, SETTINGS, rng=np.random.default_rng(0))
    certificate = dial.certificate
    assert certificate.certified is not None
    assert dial.counts == {"selection": 600, "calibration": 300}
    reached = sum(position.certified for position in certificate.positions)
    served = dial.served[dial.choice.start + reached]
    assert served.strength == certificate.certified.strength
    assert served.tail_share > dial.served[0].tail_share + 0.1
    assert dial.policy.strengths[-1] == certificate.certified.strength
    assert dial.policy.certificate == certificate.to_dict()
    assert certificate.subject == SUBJECT


def test_where_the_head_is_wanted_it_is_refused(state, items):
    stand = replace(stand_of(state, items, in_segment(items, 0)), k=2)
    settings = SETTINGS.model_copy(update={"budget": 0.01, "most_lost": (1.0,)})
    dial = set_dial(stand, SUBJECT, settings, rng=np.random.default_rng(0))
    reached = sum(position.certified for position in dial.certificate.positions)
    # What may be certified then changes nothing for anybody.
    served = dial.served[dial.choice.start + reached if reached else 0]
    assert served.tail_share == pytest.approx(dial.served[0].tail_share)
    assert dial.certificate.positions[-1].loss > 0.01
    assert not dial.certificate.positions[-1].certified


def test_a_choice_is_likely_to_certify_a_gain(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    choice = set_dial(stand, SUBJECT, SETTINGS, rng=np.random.default_rng(0)).choice
    assert choice.chance >= LIKELY
    head = replace(stand_of(state, items, in_segment(items, 0)), k=2)
    settings = SETTINGS.model_copy(update={"budget": 0.01})
    assert set_dial(head, SUBJECT, settings, rng=np.random.default_rng(0)).choice.chance < LIKELY


def test_labels_of_the_certifying_users_choose_nothing(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    chosen = set_dial(stand, SUBJECT, SETTINGS, rng=np.random.default_rng(0)).choice
    rng = np.random.default_rng(5)
    targets = stand.window.targets.toarray()
    certifying = stand.parts.calibration
    targets[certifying] = 0
    targets[certifying, rng.integers(0, state.n_items, len(certifying))] = 1
    other = replace(stand, window=replace(stand.window, targets=sp.csr_array(targets)))
    assert set_dial(other, SUBJECT, SETTINGS, rng=np.random.default_rng(0)).choice == chosen


def test_too_few_buyers_set_no_dial(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    few = replace(stand, parts=replace(stand.parts, calibration=stand.parts.calibration[:19]))
    assert set_dial(few, SUBJECT, SETTINGS, rng=np.random.default_rng(0)) is None


def test_scores_of_a_blend_become_probabilities(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    bench = stand.bench(stand.parts.selection)
    assert relevance_of(stand.scorer, bench) is AS_LOG_ODDS
    told = relevance_of(Blend([], {}), bench)
    inside = bench.pool.inside
    expected = 1 / state.n_items
    assert told.of(bench.pool.scores[inside]).mean() == pytest.approx(expected, rel=0.1)


def test_every_group_is_a_constraint_or_is_named_as_too_small(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    dial = set_dial(stand, SUBJECT, SETTINGS, rng=np.random.default_rng(0))
    everybody, *groups = dial.certificate.groups
    assert (everybody.name, everybody.n) == ("all customers", 300)
    assert [group.name for group in groups] == list(user_groups(state, stand.parts.teaching))
    assert dial.certificate.certified is not None
    assert all(group.name in dial.certificate.claim for group in groups)
    assert all(group.certified == group.tested for group in groups)


def test_groups_are_known_before_the_window(busy_shop):
    state = busy_shop.as_of()
    users = np.arange(state.n_users, dtype=np.int32)
    few, new = user_groups(state, users).items()
    counts = np.diff(state.pairs.indptr)
    most = int(re.search(r"at most (\d+)", few[0])[1])
    np.testing.assert_array_equal(few[1], counts <= most)
    assert most == int(np.quantile(counts, 1 / 3))
    first = np.array(
        [
            state.interactions.timestamp[state.interactions.user_index == user].min()
            for user in users
        ]
    )
    np.testing.assert_array_equal(new[1], state.as_of - first < 60 * DAY_US)
    ordered = replace(state, as_of=None)
    assert len(user_groups(ordered, users)) == 1


def test_parts_share_nobody(state):
    parts = part_users(state, (0.5, 0.2, 0.3), rng=np.random.default_rng(0))
    every = np.concatenate([parts.teaching, parts.selection, parts.calibration])
    assert sorted(every) == list(range(state.n_users))
    np.testing.assert_array_equal(
        parts.withheld, np.sort(np.concatenate([parts.selection, parts.calibration]))
    )


def test_the_record_tells_what_was_found(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    dial = set_dial(stand, SUBJECT, SETTINGS, rng=np.random.default_rng(0))

    class Untested:
        dial = None

    record = dial_record(dial, Untested(), rng=np.random.default_rng(0))
    assert record["certified"] == dial.certificate.certified.name
    assert record["back_test"] is None
    assert record["sentences"][0] == dial.certificate.claim
    reached = sum(position["certified"] for position in record["positions"])
    served = record["positions"][reached - 1]
    assert f"to {served['tail_share']:.1%}" in record["sentences"][1]
    assert len(record["positions"]) == len(dial.choice.strengths) - dial.choice.start
    assert len(record["weaker"]) == dial.choice.start
    assert {row["method"] for row in record["frontier"]} > {"undialled", "quota", "xquad"}


def test_what_a_position_does_is_told_of_the_lists_that_are_served(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    limited = SETTINGS.model_copy(update={"most_lost": (0.5,)})
    dial = set_dial(stand, SUBJECT, limited, rng=np.random.default_rng(0))
    bench = stand.bench(stand.parts.calibration, dial.policy.relevance)
    for number, strengths in enumerate([(), *prefixes(dial.choice.strengths)]):
        lists = replace(dial.policy, strengths=strengths).lists(bench.pool, bench.facts, stand.k)
        told, seen = dial.served[number].evaluation, bench.measure(lists, "served")
        assert told.summary == pytest.approx(seen.summary, nan_ok=True)


def prefixes(values: tuple) -> list[tuple]:
    return [values[: n + 1] for n in range(len(values))]


def test_deep_in_the_tail_a_place_counts_more(state, items):
    bench = stand_of(state, items, in_segment(items, 1)).bench(np.arange(50, dtype=np.int32))
    settings = SegmentWeightSettings(scale="log_odds")
    plain = turn(bench, settings, (1.0,))
    np.testing.assert_array_equal(plain.gain, plain.tail)
    deep = turn(bench, settings, (1.0,), "deep_tail")
    np.testing.assert_array_equal(deep.tail, plain.tail)
    weights = bench.facts.in_segment("tail") * bench.facts.depths
    expected = weights[bench.pool.items[:, : bench.k]].mean(axis=1)
    np.testing.assert_allclose(deep.gain[:, -1], expected)
    assert deep.gains(1.0)[-1] == pytest.approx(expected.mean())


def test_a_dial_for_the_deep_tail_has_methods_of_its_own(state, items):
    stand = stand_of(state, items, in_segment(items, 1))
    settings = SETTINGS.model_copy(update={"aim": "deep_tail"})
    dial = set_dial(stand, SUBJECT, settings, rng=np.random.default_rng(0))
    assert {"deep_tail_weight", "deep_tail_odds"} <= {method.name for method in dial.methods}
    named = SETTINGS.model_copy(update={"methods": (SegmentWeightSettings(),)})
    dial = set_dial(stand, SUBJECT, named, rng=np.random.default_rng(0))
    assert dial.choice.settings == SegmentWeightSettings()
