import numpy as np
import pytest
from scipy import integrate

from unsung.errors import InputError
from unsung.statistics.proportion_process import log_evidence_above, log_evidence_below


def mixture(successes, failures, rate, prior, low, high):
    """The e-value by numerical integration."""

    def ratio(p):
        likelihood = (p / rate) ** successes * ((1 - p) / (1 - rate)) ** failures
        return likelihood * prior(p)

    return integrate.quad(ratio, low, high)[0] / integrate.quad(prior, low, high)[0]


@pytest.mark.parametrize(("successes", "trials"), [(0, 3), (2, 3), (5, 40), (12, 60)])
@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_evidence_is_the_integral_it_says(successes, trials, rate):
    failures = trials - successes
    above = mixture(successes, failures, rate, lambda p: (1 - p) ** (1 / rate - 1), rate, 1)
    below = mixture(successes, failures, rate, lambda p: 1.0, 0, rate)
    assert np.exp(log_evidence_above(successes, trials, rate)) == pytest.approx(above, rel=1e-6)
    assert np.exp(log_evidence_below(successes, trials, rate)) == pytest.approx(below, rel=1e-6)


@pytest.mark.parametrize("evidence", [log_evidence_above, log_evidence_below])
@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (1, 5), (7, 20)])
def test_evidence_is_a_martingale_at_the_rate_itself(evidence, successes, trials):
    rate = 0.2
    now = np.exp(evidence(successes, trials, rate))
    won = np.exp(evidence(successes + 1, trials + 1, rate))
    lost = np.exp(evidence(successes, trials + 1, rate))
    assert rate * won + (1 - rate) * lost == pytest.approx(now)


def test_a_hopeless_item_has_no_evidence_and_no_warning():
    assert log_evidence_above(0, 10_000_000, 0.1) < np.log(0.05)


def test_counts_and_rates_out_of_range_are_refused():
    with pytest.raises(InputError, match="rate"):
        log_evidence_above(1, 2, 0.0)
    with pytest.raises(InputError, match="successes"):
        log_evidence_below(np.array([3]), np.array([2]), 0.1)
