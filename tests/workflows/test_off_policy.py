"""A log of random lists tells what a model's lists earn; other logs are refused."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.errors import InputError
from unsung.evaluation.off_policy import OffPolicyLimits, PolicyValue
from unsung.schema import DAY_US
from unsung.workflows.off_policy import OffPolicySettings, bought_within, check_off_policy

START = int(np.datetime64("2025-01-01", "us").astype(np.int64))
FITTED = START + 10 * DAY_US
N_USERS, N_ITEMS, K = 400, 4, 2
RATE = np.array([0.5, 0.3, 0.2, 0.1])
ITEMS = [f"i{n}" for n in range(N_ITEMS)]


class Ranked:
    """Scores that list i0, i1, i2, i3, whoever asks."""

    def score(self, state, users):
        scores = np.zeros((len(users), state.n_items), np.float32)
        scores[:, state.items.index_of(ITEMS)] = -np.arange(N_ITEMS)
        return scores


def shop_of(user, item, time, exposures):
    users = Identifiers.from_ids([f"u{n}" for n in range(N_USERS)])
    items = Identifiers.from_ids(ITEMS)
    return Dataset(
        users=users,
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        catalogue_is_derived=False,
        interactions=Interactions.from_columns(
            user_index=users.index_of([f"u{n}" for n in user]),
            item_index=items.index_of([f"i{n}" for n in item]),
            timestamp=np.asarray(time),
        ),
        event_kinds=("purchase",),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame({name: [] for name in ("user_index", "item_index", "timestamp")}),
        exposures=exposures,
        user_table=None,
        has_clock=True,
    )


@pytest.fixture
def shop(rng) -> Dataset:
    """Ten requests a user, lists of two items in random order; what is shown sells by its rate."""
    n = N_USERS * 10
    user = np.repeat(np.arange(N_USERS), 10)
    lists = rng.permuted(np.tile(np.arange(N_ITEMS), (n, 1)), axis=1)[:, :K]
    time = FITTED + rng.permutation(n) * (DAY_US // 200)
    slots = pd.DataFrame(
        {
            "request_id": np.repeat([f"r{i}" for i in range(n)], K),
            "user": np.repeat(user, K),
            "item": lists.ravel(),
            "rank": np.tile(np.arange(1, K + 1), n),
            "timestamp": np.repeat(time, K),
        }
    )
    bought = slots[rng.random(len(slots)) < RATE[slots["item"]]]
    # One purchase long after lets every window be complete.
    shop = shop_of(
        [*bought["user"], 0],
        [*bought["item"], 0],
        [*(bought["timestamp"] + 60_000_000), FITTED + 60 * DAY_US],
        None,
    )
    exposures = pd.DataFrame(
        {
            "user_index": shop.users.index_of([f"u{u}" for u in slots["user"]]),
            "item_index": shop.items.index_of([f"i{i}" for i in slots["item"]]),
            "request_id": slots["request_id"].astype("str"),
            "rank": slots["rank"].astype("Int64"),
            "timestamp": slots["timestamp"].astype("Int64"),
            "logging_propensity": 1 / N_ITEMS,
        }
    )
    return replace(shop, exposures=exposures)


@pytest.fixture
def model(shop):
    return SimpleNamespace(scorer=Ranked(), state=shop.as_of(FITTED), repeats="show")


SOON = OffPolicySettings(reward_days=1 / 24 / 60 * 5)


def test_random_lists_tell_what_the_model_earns(shop, model, rng):
    check = check_off_policy(shop, model, SOON, rng=rng)
    truth = RATE[:K].mean()
    for found in check.estimates.values():
        assert isinstance(found, PolicyValue)
        # Four standard errors.
        assert abs(found.value - truth) < found.high - found.low < 0.07
        assert found.overlap.n_requests == N_USERS * 10
        assert found.overlap.largest_weight == N_ITEMS
        assert found.overlap.effective_slots == pytest.approx(len(shop.exposures) / 4, rel=0.1)
    assert check.logged_value == pytest.approx(RATE.mean(), abs=0.02)
    assert set(check.left_out.values()) == {0}
    assert json.loads(json.dumps(check.to_json()))["estimates"]["ips"]["overlap"]


def test_a_purchase_counts_within_its_days_alone():
    shop = shop_of([0, 0, 1], [0, 1, 0], [START + 5, START + 8, START + 5], None)
    slots = pd.DataFrame(
        [("u0", "i0", 5), ("u0", "i0", 6), ("u0", "i0", 2), ("u0", "i1", 5), ("u1", "i1", 5),
         ("u0", "i1", 4), ("u2", "i3", 5)],
        columns=["user", "item", "at"],
    )  # fmt: skip
    told = pd.DataFrame(
        {
            "user_index": shop.users.index_of(slots["user"]),
            "item_index": shop.items.index_of(slots["item"]),
            "timestamp": START + slots["at"],
        }
    )
    assert bought_within(shop.interactions, told, 4).tolist() == [1, 0, 1, 1, 0, 0, 0]


def test_slots_that_say_nothing_are_counted(shop, model, rng):
    odd = shop.exposures.copy()
    odd.loc[0, "rank"] = pd.NA
    odd.loc[1, "timestamp"] = FITTED - 1
    odd.loc[2, "timestamp"] = shop.end
    odd.loc[3, "user_index"] = -1
    odd.loc[4, "rank"] = 5000
    check = check_off_policy(replace(shop, exposures=odd), model, SOON, rng=rng)
    assert check.left_out == {
        "no_time_or_rank": 1, "before_the_fit": 1, "too_late": 1, "unknown_user": 1,
        "beyond_the_longest_list": 1,
    }  # fmt: skip
    assert check.estimates["ips"].overlap.n_slots == len(odd) - 5


def test_without_request_ids_a_users_moment_is_a_request(shop, model, rng):
    plain = shop.exposures.drop(columns="request_id")
    check = check_off_policy(replace(shop, exposures=plain), model, SOON, rng=rng)
    assert check.estimates["ips"].overlap.n_requests == N_USERS * 10


def refusal(shop, model, rng, settings=SOON):
    check = check_off_policy(shop, model, settings, rng=rng)
    assert {found.reason for found in check.estimates.values()} == {check.estimates["ips"].reason}
    return check.estimates["ips"]


def test_what_can_not_be_trusted_is_refused(shop, model, rng):
    assert refusal(replace(shop, exposures=None), model, rng).reason == "no_exposures"
    bare = shop.exposures.drop(columns=["logging_propensity", "rank"])
    found = refusal(replace(shop, exposures=bare), model, rng)
    assert found.reason == "no_exposures"
    assert "rank, logging_propensity" in found.sentence
    certain = shop.exposures.assign(logging_propensity=1.0)
    assert refusal(replace(shop, exposures=certain), model, rng).reason == "deterministic_slots"
    holes = shop.exposures.assign(logging_propensity=np.nan)
    assert refusal(replace(shop, exposures=holes), model, rng).reason == "propensity_missing"
    strict = SOON.model_copy(update={"limits": OffPolicyLimits(fewest_effective=1e6)})
    assert refusal(shop, model, rng, strict).reason == "too_few_effective_slots"


def test_exposures_that_the_model_knew_do_not_count(shop, model, rng):
    later = SimpleNamespace(scorer=Ranked(), state=shop.as_of(shop.end), repeats="show")
    found = refusal(shop, later, rng)
    assert found.reason == "no_slots"
    assert "Those after 2025-03" in found.sentence
    assert check_off_policy(shop, later, SOON, rng=rng).logged_value is None


def test_items_that_the_model_does_not_know_are_in_no_list(shop, model, rng):
    known = Identifiers.from_ids(ITEMS[1:])
    state = replace(
        model.state, items=known, listed=np.ones(3, bool), in_stock=np.ones(3, bool),
        catalogue=pd.DataFrame({"item_id": known.values}),
        interactions=model.state.interactions.take(slice(0, 0)),
    )  # fmt: skip

    class First:
        def score(self, state, users):
            scores = np.zeros((len(users), 3), np.float32)
            scores[:, state.items.index_of(["i1"])] = 1
            return scores

    blind = SimpleNamespace(scorer=First(), state=state, repeats="show")
    first = shop.exposures[shop.exposures["rank"] == 1]
    check = check_off_policy(replace(shop, exposures=first), blind, SOON, rng=rng)
    found = check.estimates["ips"]
    assert abs(found.value - RATE[1]) < found.high - found.low < 0.1


def test_without_times_nothing_can_be_checked(shop, model, rng):
    with pytest.raises(InputError, match="times"):
        check_off_policy(replace(shop, has_clock=False), model, rng=rng)
