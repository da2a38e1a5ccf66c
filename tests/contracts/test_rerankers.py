"""The laws of every balance method, on random pools."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.popularity.segments import SEGMENT_NAMES
from unsung.rerankers.base import ItemFacts, Pool, Reranker, position_discounts
from unsung.rerankers.calibrated import Calibrated, CalibratedSettings
from unsung.rerankers.mmr import MMR
from unsung.rerankers.quota import Quota, QuotaSettings
from unsung.rerankers.segment_weight import (
    DEEP_TAIL,
    FRESHNESS,
    SegmentWeight,
    SegmentWeightSettings,
)
from unsung.rerankers.seller_floors import SellerFloors, SellerFloorSettings
from unsung.rerankers.slot_weight import SlotWeight, SlotWeightSettings
from unsung.rerankers.xquad import XQuAD, XQuADSettings
from unsung.schema import EMPTY

N_ITEMS, N_SELLERS = 12, 3
PRICES = np.array([0.0, 0.3, 0.05])


@dataclass(frozen=True)
class Case:
    """A method, its largest strength, and whom more strength never takes exposure from."""

    method: Reranker
    most: float = 1.0
    grows: str | None = None
    """A segment; ``depth``, ``prices``: the tail's exposure weighted with how far down an item is,
    everybody's weighted with sellers' prices."""


CASES = {
    "tail weight on log-odds": Case(
        SegmentWeight(SegmentWeightSettings(scale="log_odds")), 5.0, "tail"
    ),
    "tail weight on relevance": Case(
        SegmentWeight(SegmentWeightSettings(scale="relevance")), 1.0, "tail"
    ),
    "tail weight on shares": Case(SegmentWeight(), 1.0, "tail"),
    "deep tail weight": Case(SegmentWeight(DEEP_TAIL), 1.0, "depth"),
    "freshness boost": Case(SegmentWeight(FRESHNESS), 1.0, "fresh"),
    "slot weight": Case(SlotWeight(), 1.0, "tail"),
    "slot weight on relevance": Case(
        SlotWeight(SlotWeightSettings(scale="relevance")), 1.0, "tail"
    ),
    "quota": Case(Quota(), 1.0, "tail"),
    "quota of slots": Case(Quota(QuotaSettings(by="slots")), 1.0, "tail"),
    "soft quota": Case(Quota(QuotaSettings(price=0.2)), 1.0, "tail"),
    "xquad": Case(XQuAD()),
    "binary xquad": Case(XQuAD(XQuADSettings(smooth=False))),
    "calibrated": Case(Calibrated()),
    "calibrated by KL": Case(Calibrated(CalibratedSettings(divergence="kl"))),
    "mmr": Case(MMR()),
    "seller floors": Case(
        SellerFloors(SellerFloorSettings(scale="relevance"), PRICES), 2, "prices"
    ),
    "seller floors on shares": Case(SellerFloors(SellerFloorSettings(), PRICES), 2, "prices"),
}
every_method = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
laws = settings(max_examples=25, deadline=None)


@dataclass(frozen=True, eq=False)
class Shop:
    pool: Pool
    items: ItemFacts
    k: int
    strength: np.ndarray
    """Of each user, in [0, 1]."""


def shop_of(seed: int, m: int, sparse: bool) -> Shop:
    """Relevance has ties, rows are of any length down to none, users may have no taste."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    rows = rng.permuted(np.tile(np.arange(N_ITEMS, dtype=np.int32), (n, 1)), axis=1)[:, :m]
    empty = np.arange(m) >= rng.integers(0, m + 1, (n, 1))
    relevance = -np.sort(-rng.integers(0, 11, (n, m)), axis=1) / 10
    tastes = rng.choice([0.0, 0.0, 1.0, 2.0], (n, 4))
    tastes /= np.maximum(tastes.sum(axis=1, keepdims=True), 1)
    pool = Pool(
        np.where(empty, EMPTY, rows),
        np.where(empty, 7.0, np.log(relevance + 0.01)),
        np.where(empty, 0.0, relevance),
        tastes,
    )
    vectors = rng.normal(size=(N_ITEMS, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = ItemFacts(
        segments=rng.integers(0, 4, N_ITEMS).astype(np.int8),
        popularity=np.arange(N_ITEMS),
        sellers=rng.integers(-1, N_SELLERS, N_ITEMS).astype(np.int32),
        vectors=sp.csr_array(np.where(vectors > 0, vectors, 0)) if sparse else vectors,
    )
    strength = rng.choice([0.0, 0.01, 0.1, 0.3, 0.7, 1.0], n)
    return Shop(pool, items, int(rng.integers(1, 13)), strength)


shops = st.builds(shop_of, st.integers(0, 2**31), st.integers(0, 9), st.booleans())


def rows_of(pool: Pool, rows: slice) -> Pool:
    return Pool(pool.items[rows], pool.scores[rows], pool.relevance[rows], pool.tastes[rows])


def lists_of(case: Case, shop: Shop, strength: np.ndarray) -> np.ndarray:
    return case.method.rerank(shop.pool, shop.items, shop.k, strength * case.most)


def first_of_pool(pool: Pool, k: int) -> np.ndarray:
    lists = np.full((len(pool), k), EMPTY, dtype=np.int32)
    width = min(k, pool.items.shape[1])
    lists[:, :width] = pool.items[:, :width]
    return lists


@every_method
@given(shop=shops)
@laws
def test_lists_are_items_of_the_row_none_twice_and_empty_at_the_end(case, shop):
    lists = lists_of(case, shop, shop.strength)
    assert lists.dtype == np.int32
    assert lists.shape == (len(shop.pool), shop.k)
    for listed, row in zip(lists, shop.pool.items, strict=True):
        known, available = listed[listed != EMPTY], row[row != EMPTY]
        assert len(set(known)) == len(known) == min(shop.k, len(available))
        assert set(known) <= set(available)
        assert (listed[len(known) :] == EMPTY).all()


@every_method
@given(shop=shops)
@laws
def test_no_strength_changes_nothing(case, shop):
    lists = lists_of(case, shop, np.zeros(len(shop.pool)))
    np.testing.assert_array_equal(lists, first_of_pool(shop.pool, shop.k))


@every_method
@given(shop=shops)
@laws
def test_a_batch_is_its_users_one_by_one_each_with_the_own_strength(case, shop):
    together = lists_of(case, shop, shop.strength)
    alone = [
        lists_of(case, replace(shop, pool=rows_of(shop.pool, row)), shop.strength[row])
        for row in (slice(i, i + 1) for i in range(len(shop.pool)))
    ]
    np.testing.assert_array_equal(together, np.concatenate(alone))


@every_method
@given(shop=shops)
@laws
def test_a_user_without_strength_is_untouched_among_others(case, shop):
    lists = lists_of(case, shop, shop.strength)
    untouched = shop.strength == 0
    before = first_of_pool(shop.pool, shop.k)
    np.testing.assert_array_equal(lists[untouched], before[untouched])


@every_method
@given(shop=shops)
@laws
def test_the_same_input_gives_the_same_bytes(case, shop):
    lists = lists_of(case, shop, shop.strength)
    assert lists.tobytes() == lists_of(case, shop, shop.strength).tobytes()


def exposure_of(case: Case, shop: Shop, lists: np.ndarray) -> np.ndarray:
    """Discounted exposure of whom the method is for, in each list."""
    if case.grows == "prices":
        worth = np.where(shop.items.sellers < 0, 0.0, PRICES[shop.items.sellers])
    elif case.grows == "depth":
        worth = shop.items.in_segment("tail") * shop.items.depths
    else:
        worth = (shop.items.segments == SEGMENT_NAMES.index(case.grows)).astype(np.float64)
    return np.where(lists == EMPTY, 0.0, worth[lists]) @ position_discounts(shop.k)


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if case.grows], ids=lambda case: case.method.name
)
@given(shop=shops, weak=st.integers(0, 10), more=st.integers(0, 10))
@laws
def test_more_strength_never_takes_exposure_away(case, shop, weak, more):
    exposures = [
        exposure_of(case, shop, lists_of(case, shop, np.full(len(shop.pool), step / 20)))
        for step in (weak, weak + more)
    ]
    assert (exposures[1] >= exposures[0] - 1e-9).all()


@every_method
def test_strengths_ascend_from_none(case):
    assert case.method.strengths[0] == 0
    assert (np.diff(case.method.strengths) > 0).all()


@every_method
@pytest.mark.parametrize("strength", [[-0.1], [np.nan], [0.1, 0.2]], ids=["below 0", "nan", "two"])
def test_strengths_that_make_no_sense_are_refused(case, strength):
    pool = Pool(np.array([[1]]), np.array([[0.0]]), np.array([[0.5]]), np.full((1, 4), 0.25))
    items = ItemFacts(
        np.zeros(2, np.int8), np.zeros(2), sellers=np.zeros(2, np.int32), vectors=np.eye(2)
    )
    with pytest.raises(InputError, match="strength"):
        case.method.rerank(pool, items, 3, np.array(strength))
