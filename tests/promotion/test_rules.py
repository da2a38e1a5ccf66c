import numpy as np
import pytest

from unsung.errors import InputError
from unsung.promotion.rules import Verdict, WarmUpRules, judge_items
from unsung.statistics.proportion_process import log_evidence_above, log_evidence_below

RULES = WarmUpRules(benchmark=0.02, floor=0.01)


def ever_crossed(evidence, chance, tested, rng, items=1000, impressions=2000):
    """Share of items whose evidence reaches 20 at some impression; looked at after each."""
    outcomes = np.cumsum(rng.random((items, impressions)) < chance, axis=1)
    looks = np.arange(1, impressions + 1)
    reached = evidence(outcomes, np.broadcast_to(looks, outcomes.shape), tested) >= np.log(20)
    return reached.any(axis=1).mean()


def test_peeking_after_every_impression_keeps_the_errors(rng):
    # 5 % and three standard errors of 1,000 items.
    assert ever_crossed(log_evidence_above, 0.02, 0.02, rng) <= 0.05 + 0.021
    assert ever_crossed(log_evidence_below, 0.02, 0.02, rng) <= 0.05 + 0.021


def test_good_items_graduate_and_bad_ones_stop(rng):
    assert ever_crossed(log_evidence_above, 0.05, 0.02, rng, 200) > 0.9
    assert ever_crossed(log_evidence_below, 0.001, 0.01, rng, 200) > 0.9


def test_verdicts_follow_the_counts():
    verdicts = judge_items(np.array([0, 60, 0, 20]), np.array([0, 1000, 3000, 1000]), RULES)
    assert verdicts == [Verdict.GO_ON, Verdict.GRADUATE, Verdict.STOP, Verdict.GO_ON]


@pytest.mark.parametrize("rates", [(0.02, 0.03), (0.02, 0.0), (1.0, 0.5)])
def test_rates_that_contradict_each_other_are_refused(rates):
    with pytest.raises(InputError, match="rates"):
        WarmUpRules(*rates)
