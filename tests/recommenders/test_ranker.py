"""The second stage on a planted world: what is bought follows one score, a price and a habit."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

from unsung.errors import MissingLibraryError, UnsungError
from unsung.recommenders import ranker as ranker_module
from unsung.recommenders.ranker import Ranker, RankerRows, RankerSettings, load_lightgbm

NAMES = ("score", "noise", "price", "habit")
SETTINGS = RankerSettings(trees=60, leaves=7, min_rows=20, learning_rate=0.1)
N_CANDIDATES = 25


def planted(rng, n_users: int) -> tuple[RankerRows, np.ndarray]:
    """Candidates of so many users, and the true log-odds that each is bought."""
    user = np.repeat(np.arange(n_users), N_CANDIDATES)
    score, noise = rng.normal(size=(2, len(user)))
    price = rng.random(len(user)) < 0.5
    habit = np.repeat(rng.integers(0, 20, n_users), N_CANDIDATES)
    log_odds = score - 1.5 * price + np.log1p(habit) - 4
    values = np.stack([score, noise, price, habit], axis=1).astype(np.float32)
    return RankerRows(values, rng.random(len(user)) < expit(log_odds), user), log_odds


def sampled(rows: RankerRows, rng) -> RankerRows:
    """Of buyers only, with a third of what they didn't buy."""
    buyers = np.unique(rows.user[rows.bought])
    keep = np.isin(rows.user, buyers) & (rows.bought | (rng.random(len(rows)) < 0.3))
    return rows.take(keep)


def trained(rng, settings: RankerSettings = SETTINGS, n_users: int = 1500) -> Ranker:
    rows, _ = planted(rng, n_users)
    ranker = Ranker(settings, NAMES, (1, 0, 0, 0), of_user=("habit",))
    return ranker.fit(sampled(rows, rng), rows, rng=rng)


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return trained(np.random.default_rng(4))


@pytest.fixture(scope="module")
def later() -> tuple[RankerRows, np.ndarray]:
    return planted(np.random.default_rng(5), 2000)


def test_the_planted_order_is_found(ranker, later):
    rows, truth = later
    assert np.corrcoef(ranker.predict(rows.values), truth)[0, 1] > 0.97


def test_probabilities_hold_though_rows_were_sampled(ranker, later):
    """Expected calibration error over 15 bins of equal mass, on users of another draw."""
    rows, truth = later
    told = expit(ranker.predict(rows.values))
    bins = np.array_split(np.argsort(told), 15)
    gaps = [abs(told[b].mean() - expit(truth)[b].mean()) for b in bins]
    prevalence = rows.bought.mean()
    assert np.mean(gaps) < 0.1 * prevalence
    assert told.mean() == pytest.approx(prevalence, rel=0.1)
    # By habit as well: who buys at all is not a matter of the item.
    for few in (rows.values[:, 3] < 5, rows.values[:, 3] > 14):
        assert told[few].mean() == pytest.approx(expit(truth)[few].mean(), rel=0.2)


def test_a_higher_score_never_harms(ranker, later):
    values = later[0].values[:500]
    raised = values.copy()
    raised[:, 0] += np.random.default_rng(0).exponential(size=500).astype(np.float32)
    assert (ranker.predict(raised) >= ranker.predict(values) - 1e-9).all()


def test_contributions_sum_to_the_log_odds(ranker, later):
    values = later[0].values[:200].copy()
    values[::7, 2] = np.nan
    amounts = ranker.contributions(values)
    assert amounts.shape == (200, len(NAMES) + 1)
    np.testing.assert_allclose(amounts.sum(axis=1), ranker.predict(values), rtol=1e-6)
    assert np.abs(amounts[:, 0]).mean() > 5 * np.abs(amounts[:, 1]).mean()


def test_nothing_falls_below_the_floor(ranker, later):
    values = later[0].values[:500]
    assert (ranker.predict(values) >= ranker.floors(values)).all()


def test_same_seed_same_bytes_on_any_number_of_threads():
    arrays = [
        trained(
            np.random.default_rng(1), SETTINGS.model_copy(update={"n_threads": n}), 200
        ).to_arrays()
        for n in (1, 1, 2)
    ]
    for name, values in arrays[0].items():
        assert arrays[1][name].tobytes() == values.tobytes()
    values = planted(np.random.default_rng(2), 10)[0].values
    one, _, two = (Ranker.from_arrays(SETTINGS, NAMES, ("habit",), each) for each in arrays)
    assert one.predict(values).tobytes() == two.predict(values).tobytes()


def test_saved_and_restored_says_the_same(ranker, later):
    values = later[0].values[:100]
    again = Ranker.from_arrays(SETTINGS, NAMES, ("habit",), ranker.to_arrays())
    assert again.predict(values).tobytes() == ranker.predict(values).tobytes()
    assert again.contributions(values).tobytes() == ranker.contributions(values).tobytes()
    assert again.floors(values).tobytes() == ranker.floors(values).tobytes()


def test_no_candidates_no_numbers(ranker):
    none = np.zeros((0, len(NAMES)), np.float32)
    assert ranker.predict(none).shape == (0,)


@pytest.mark.parametrize("bought", [True, False])
def test_one_kind_alone_teaches_nothing(rng, bought):
    rows = RankerRows(np.zeros((9, 4), np.float32), np.full(9, bought), np.arange(9))
    with pytest.raises(UnsungError, match="needs both kinds"):
        Ranker(SETTINGS, NAMES).fit(rows, rows, rng=rng)


@pytest.fixture
def without_openmp(monkeypatch):
    """A machine whose lightgbm doesn't find its OpenMP library."""

    class Refuses:
        def find_spec(self, name, path=None, target=None):
            if name == "lightgbm":
                raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Refuses(), *sys.meta_path])
    return monkeypatch


def test_a_missing_library_is_said_with_what_to_install(without_openmp):
    without_openmp.setattr(ranker_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match="apt-get install libgomp1"):
        load_lightgbm()


def test_the_copy_that_torch_brings_is_used(without_openmp, tmp_path):
    (tmp_path / "lib").mkdir()
    library = tmp_path / "lib" / "libgomp.so.1"
    library.touch()
    loaded = []

    def load(path, mode):
        loaded.append(path)
        sys.meta_path.pop(0)  # now lightgbm finds it

    without_openmp.setattr(ranker_module.ctypes, "CDLL", load)
    without_openmp.setattr(
        ranker_module.importlib.util,
        "find_spec",
        lambda name: SimpleNamespace(submodule_search_locations=[str(tmp_path)]),
    )
    assert load_lightgbm().__name__ == "lightgbm"
    assert loaded == [str(library)]


def test_a_member_has_learnt_nothing_from_users_it_never_saw():
    few = RankerSettings(trees=5, leaves=7, min_rows=20)
    rows, _ = planted(np.random.default_rng(4), 300)

    def fitted(bought: np.ndarray) -> Ranker:
        some = RankerRows(rows.values, bought, rows.user)
        return Ranker(few, NAMES, of_user=("habit",)).fit(some, some, rng=np.random.default_rng(0))

    ranker = fitted(rows.bought)
    number = ranker.unseen_by(np.arange(300))
    assert set(number) == {0, 1, 2}
    assert ranker.unseen_by(np.array([300, 7000])).tolist() == [-1, -1]
    theirs = np.isin(rows.user, np.flatnonzero(number == 1))
    other = fitted(rows.bought ^ theirs)
    one, two = (r.member(1).predict(rows.values) for r in (ranker, other))
    # Only the calibration knows them, and it keeps each user's order.
    for user in np.flatnonzero(number == 1)[:5]:
        own = rows.user == user
        np.testing.assert_array_equal(np.argsort(one[own]), np.argsort(two[own]))
    one, two = (r.member(0).predict(rows.values) for r in (ranker, other))
    assert np.abs(np.corrcoef(one, two)[0, 1]) < 0.999


def test_members_together_are_the_ranker(ranker, later):
    values = later[0].values[:300]
    alone = np.mean([ranker.member(n).predict(values) for n in range(3)], axis=0)
    np.testing.assert_allclose(alone, ranker.predict(values), atol=1e-5)
