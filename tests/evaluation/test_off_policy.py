import numpy as np
import pandas as pd
import pytest

from unsung.errors import InputError
from unsung.evaluation.off_policy import (
    LoggedSlots,
    OffPolicyLimits,
    PolicyValue,
    Refusal,
    RewardModel,
    estimate_policy,
)
from unsung.statistics.intervals import wilson_interval

LOGGING = np.array([0.5, 0.3, 0.2])
TARGET = np.array([0.1, 0.2, 0.7])
RATE = np.array([0.1, 0.2, 0.4])
TRUTH = float(TARGET @ RATE)


def log_of(rng, n=4000):
    """Requests of two slots; items drawn by the logging policy."""
    item = rng.choice(3, n, p=LOGGING)
    reward = (rng.random(n) < RATE[item]).astype(float)
    return item, LoggedSlots(reward, LOGGING[item], TARGET[item], np.arange(n) // 2)


def model_of(item, rate=RATE):
    return RewardModel(rate[item], np.full(len(item), TARGET @ rate))


def test_the_truth_lies_inside_as_often_as_promised(rng):
    runs, covered = 200, dict.fromkeys(("ips", "snips", "dr"), 0)
    errors = {name: [] for name in covered}
    for _ in range(runs):
        item, slots = log_of(rng, 600)
        for name, found in estimate_policy(
            slots, rng=rng, reward_model=model_of(item), n_boot=200
        ).items():
            covered[name] += found.low <= TRUTH <= found.high
            errors[name].append(found.value - TRUTH)
    for name, n in covered.items():
        assert n / runs >= 0.89, name
        assert abs(np.mean(errors[name])) < 4 * np.std(errors[name]) / runs**0.5
    assert np.std(errors["dr"]) < np.std(errors["snips"]) < np.std(errors["ips"])


def test_a_wrong_reward_model_does_not_bias(rng):
    item, slots = log_of(rng, 40_000)
    found = estimate_policy(
        slots, rng=rng, reward_model=model_of(item, np.array([0.9, 0.0, 0.1])), n_boot=100
    )["dr"]
    assert found.low < TRUTH < found.high


def test_by_hand():
    """Three slots with weights 2, 0 and 1."""
    slots = LoggedSlots(
        np.array([1.0, 1.0, 0.0]), np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.0, 1.0]),
        np.array([7, 9, 9]),
    )  # fmt: skip
    limits = OffPolicyLimits(fewest_effective=1, largest_weight_share=1)
    model = RewardModel(np.array([0.5, 0.5, 0.5]), np.array([0.25, 0.25, 0.5]))
    found = estimate_policy(
        slots, rng=np.random.default_rng(1), reward_model=model, limits=limits, n_boot=50
    )
    assert found["ips"].value == pytest.approx(2 / 3)
    assert found["snips"].value == pytest.approx(2 / 3)
    assert found["dr"].value == pytest.approx((0.25 + 2 * 0.5 + 0.25 + 0.5 - 0.5) / 3)
    overlap = found["ips"].overlap
    assert (overlap.n_slots, overlap.n_requests, overlap.largest_weight) == (3, 2, 2)
    assert overlap.effective_slots == pytest.approx(9 / 5)
    assert overlap.largest_weight_share == pytest.approx(2 / 3)


def test_the_same_policy_is_worth_what_it_earned(rng):
    _, slots = log_of(rng)
    same = LoggedSlots(slots.reward, LOGGING[0] * np.ones(4000), np.full(4000, 0.5), slots.request)
    found = estimate_policy(same, rng=rng)
    assert list(found) == ["ips", "snips"]
    assert found["ips"].value == found["snips"].value == pytest.approx(slots.reward.mean())
    assert found["ips"].overlap.effective_slots == 4000


def test_requests_are_resampled_whole(rng):
    """Every request twice over is no more knowledge."""
    _, slots = log_of(rng, 1000)
    twice = LoggedSlots(*(np.repeat(each, 4) for each in (
        slots.reward, slots.logging_propensity, slots.target_propensity, slots.request
    )))  # fmt: skip
    widths = [estimate_policy(each, rng=np.random.default_rng(3))["ips"] for each in (slots, twice)]
    assert widths[0].high - widths[0].low == pytest.approx(widths[1].high - widths[1].low, rel=0.1)


def refused(reward, logging, target, **more) -> Refusal:
    n = len(reward)
    slots = LoggedSlots(
        *(np.asarray(each, dtype=float) for each in (reward, logging, target)), np.arange(n)
    )
    found = estimate_policy(slots, rng=np.random.default_rng(1), **more)
    reasons = {each.reason for each in found.values() if isinstance(each, Refusal)}
    assert len(reasons) == 1
    return found["ips"]


def test_a_log_that_can_not_tell_is_refused():
    n = 1000
    assert refused([], [], []).reason == "no_slots"
    holes = np.full(n, 0.5)
    holes[:3] = np.nan
    found = refused(np.ones(n), holes, np.full(n, 0.5))
    assert found.reason == "propensity_missing"
    assert "3 of 1,000" in found.sentence
    assert found.overlap is None
    for wrong in (0.0, 1.5, -0.1):
        assert refused(np.ones(n), np.full(n, wrong), np.full(n, 0.5)).reason == (
            "propensity_impossible"
        )
    certain = refused(np.ones(n), np.ones(n), np.zeros(n))
    assert certain.reason == "deterministic_slots"


def test_a_slot_that_both_leave_no_choice_is_fine():
    slots = LoggedSlots(np.ones(500), np.ones(500), np.ones(500), np.arange(500))
    assert isinstance(estimate_policy(slots, rng=np.random.default_rng(1))["ips"], PolicyValue)


def test_too_little_overlap_is_refused(rng):
    n = 1000
    few = refused(np.ones(n), np.full(n, 0.5), np.arange(n) < 20)
    assert few.reason == "too_few_effective_slots"
    assert few.overlap.effective_slots == pytest.approx(20)
    never = refused(np.ones(n), np.full(n, 0.5), np.zeros(n))
    assert never.overlap.effective_slots == 0
    logging = np.full(n, 0.5)
    logging[0] = 0.002
    heavy = refused(
        np.ones(n), logging, np.full(n, 0.5), limits=OffPolicyLimits(fewest_effective=5)
    )
    assert heavy.reason == "weight_too_large"
    assert "20%" in heavy.sentence


def test_a_policy_that_shows_what_the_log_never_shows_is_refused(rng):
    """The target's other half of probability lies on items without a single exposure."""
    item, slots = log_of(rng)
    blind = LoggedSlots(
        slots.reward, slots.logging_propensity, slots.target_propensity / 2, slots.request
    )
    found = estimate_policy(blind, rng=rng, reward_model=model_of(item))
    assert {each.reason for each in found.values()} == {"weights_off"}
    assert list(found) == ["ips", "snips", "dr"]


def test_what_does_not_fit_together_is_bad_input(rng):
    ones = np.ones(3)
    with pytest.raises(InputError, match="pair"):
        LoggedSlots(ones, ones, ones, np.arange(2))
    with pytest.raises(InputError, match="finite"):
        LoggedSlots(np.array([1, np.nan, 1]), ones, ones, np.arange(3))
    with pytest.raises(InputError, match="0 to 1"):
        LoggedSlots(ones, ones, 2 * ones, np.arange(3))
    _, slots = log_of(rng)
    with pytest.raises(InputError, match="reward model"):
        estimate_policy(slots, rng=rng, reward_model=RewardModel(ones, ones))
    with pytest.raises(InputError, match="level"):
        estimate_policy(slots, rng=rng, level=95)


def bandit_log(folder, policy, campaign):
    return pd.read_parquet(folder / "open_bandit_sample" / f"{policy}_{campaign}.parquet")


def bandit_slots(log, target):
    return LoggedSlots(
        log["click"].to_numpy(float), log["propensity_score"].to_numpy(float), target,
        np.arange(len(log)),
    )  # fmt: skip


def cross_fitted(log, policy):
    """Click rates of items, shrunk, each half of the log judged by the other one."""
    half = np.arange(len(log)) % 2
    logged, target = np.zeros(len(log)), np.zeros(len(log))
    items = policy.index.get_level_values("item_id")
    for side in (0, 1):
        other = log[half != side]
        base = other["click"].mean()
        clicks = other.groupby("item_id")["click"].agg(["sum", "size"])
        rate = ((clicks["sum"] + 100 * base) / (clicks["size"] + 100)).reindex(items.unique())
        rate = rate.fillna(base)
        mean = (policy * rate.reindex(items).to_numpy()).groupby("position").sum()
        logged[half == side] = rate.reindex(log["item_id"][half == side])
        target[half == side] = mean.reindex(log["position"][half == side])
    return RewardModel(logged, target)


@pytest.mark.data
@pytest.mark.parametrize("campaign", ["men", "women", "all"])
def test_open_bandit_tells_the_thompson_policy_from_the_random_log(campaign, data_folder):
    random, bts = (bandit_log(data_folder, policy, campaign) for policy in ("random", "bts"))
    # The Thompson policy doesn't look at the user: its mean propensity by item and position.
    policy = bts.groupby(["position", "item_id"])["propensity_score"].mean()
    policy = policy / policy.groupby("position").sum()
    shown = pd.MultiIndex.from_frame(random[["position", "item_id"]])
    target = policy.reindex(shown).fillna(0).to_numpy()
    truth = wilson_interval(int(bts["click"].sum()), len(bts))
    for found in estimate_policy(
        bandit_slots(random, target), rng=np.random.default_rng(1),
        reward_model=cross_fitted(random, policy),
    ).values():  # fmt: skip
        assert found.overlap.effective_slots > 3000
        assert found.low < truth.high
        assert truth.low < found.high
        assert found.low < bts["click"].mean() < found.high


@pytest.mark.data
@pytest.mark.parametrize("campaign", ["men", "all"])
def test_open_bandit_tells_the_random_policy_from_the_thompson_log(campaign, data_folder):
    random, bts = (bandit_log(data_folder, policy, campaign) for policy in ("random", "bts"))
    even = np.full(len(bts), 1 / random["item_id"].nunique())
    for found in estimate_policy(bandit_slots(bts, even), rng=np.random.default_rng(1)).values():
        assert found.low < random["click"].mean() < found.high
        assert 300 < found.overlap.effective_slots < 700


@pytest.mark.data
def test_open_bandit_women_is_refused(data_folder):
    bts = bandit_log(data_folder, "bts", "women")
    even = np.full(len(bts), 1 / bts["item_id"].nunique())
    for found in estimate_policy(bandit_slots(bts, even), rng=np.random.default_rng(1)).values():
        assert found.reason == "too_few_effective_slots"
        assert found.overlap.effective_slots == pytest.approx(2.1, abs=0.05)
        assert found.overlap.largest_weight == pytest.approx(21_739, abs=1)
