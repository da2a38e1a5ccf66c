import numpy as np
import pytest

from unsung.errors import InputError
from unsung.promotion.budget import Budget, Pace, Spent, Traffic, make_offer, set_pace
from unsung.promotion.slots import explore, hash_uniforms
from unsung.schema import DAY_US

DAYS, ITEMS, USERS = 7, 8, 2000
REFRESH = DAY_US // 144


def daily_traffic(rng, a_day):
    """Moments of requests: nine times as many at noon as at midnight, days of unlike size."""
    hours = np.arange(DAYS * 24)
    rhythm = 1 - 0.8 * np.cos(2 * np.pi * hours / 24)
    size = np.repeat(rng.uniform(0.8, 1.2, DAYS), 24)
    counts = rng.poisson(a_day / 24 * rhythm * size)
    return np.sort(
        ((np.repeat(hours, counts) + rng.random(counts.sum())) * DAY_US / 24).astype(int)
    )


def run(budget, times, rng, interest_of):
    """Requests one by one: the impressions of items and users, taken interests, and all."""
    by_item, by_user = np.zeros(ITEMS, dtype=int), np.zeros(USERS, dtype=int)
    offers, interests, taken, pace, due = [], [], [], Pace(np.inf), 0
    users = rng.integers(USERS, size=len(times))
    for number, (now, user) in enumerate(zip(times.tolist(), users.tolist(), strict=True)):
        if now >= due:
            traffic = Traffic(np.array(offers, dtype=np.int64), np.array(interests))
            pace, due = set_pace(budget, by_item.sum(), traffic, now), now + REFRESH
        spent = Spent(by_item.sum(), by_item, by_user[user])
        offer = make_offer(budget, spent, interest_of(rng), now)
        if offer.slots == 0:
            continue
        offers.append(now)
        interests.append(offer.interest)
        if pace.takes(offer.interest, hash_uniforms(1, f"r{number}", "pace")[0]):
            shown = explore(
                np.arange(100, 110),
                np.arange(ITEMS),
                offer.weights,
                ranks=tuple(range(1, offer.slots + 1)),
                request_id=f"r{number}",
                campaign_id="spring",
            )
            by_item[shown.items[shown.drawn]] += 1
            by_user[user] += offer.slots
            taken.append((now, offer.interest))
    return by_item, by_user, np.array(taken), np.array(interests)


def skewed(rng):
    return rng.beta(1, 20, ITEMS) * np.linspace(0.2, 2, ITEMS)


@pytest.mark.parametrize("interest_of", [skewed, lambda rng: np.full(ITEMS, 0.1)])
def test_the_budget_is_spent_evenly_by_the_end(rng, interest_of):
    budget = Budget(600, 0, DAYS * DAY_US)
    by_item, _, taken, _ = run(budget, daily_traffic(rng, 800), rng, interest_of)
    assert 0.97 * 600 <= by_item.sum() <= 600
    a_day = np.bincount((taken[:, 0] // DAY_US).astype(int), minlength=DAYS)
    assert (a_day / by_item.sum() * DAYS).round(2).min() > 0.6
    assert (a_day / by_item.sum() * DAYS).round(2).max() < 1.4


def test_it_goes_where_interest_is_highest(rng):
    budget = Budget(600, 0, DAYS * DAY_US)
    _, _, taken, interests = run(budget, daily_traffic(rng, 800), rng, skewed)
    best = np.sort(interests)[-len(taken) :]
    assert taken[:, 1].mean() > 0.85 * best.mean()
    assert taken[:, 1].mean() > 1.4 * interests.mean()


def test_minimum_and_maximum_of_items_and_users_hold(rng):
    budget = Budget(
        600, 0, DAYS * DAY_US, per_request=2, min_per_item=50, max_per_item=100, max_per_user=2
    )
    by_item, by_user, _, _ = run(budget, daily_traffic(rng, 800), rng, skewed)
    assert by_item.min() >= 50
    assert by_item.max() <= 100
    assert by_user.max() <= 2
    assert 0.97 * 600 <= by_item.sum() <= 600


def test_no_offer_outside_the_time_or_above_a_limit():
    budget = Budget(10, 100, 200, per_request=3, max_per_user=4)
    one = np.ones(5)
    assert make_offer(budget, Spent(0, np.zeros(5)), one, 99).slots == 0
    assert make_offer(budget, Spent(0, np.zeros(5)), one, 200).slots == 0
    assert make_offer(budget, Spent(8, np.zeros(5)), one, 150).slots == 2
    assert make_offer(budget, Spent(3, np.zeros(5), by_user=3), one, 150).slots == 1
    assert make_offer(budget, Spent(3, np.zeros(5), by_user=4), one, 150).slots == 0
    assert make_offer(budget, Spent(3, np.zeros(5)), np.zeros(5), 150).slots == 0


def test_nothing_is_taken_before_it_is_known_what_comes():
    traffic = Traffic(np.arange(49), np.ones(49))
    assert set_pace(Budget(10, 0, DAY_US), 0, traffic, 100) == Pace(np.inf)
    assert not Pace(np.inf).takes(1.0, 0.0)


def test_a_tie_is_broken_by_the_coin():
    pace = Pace(0.5, tie_share=0.25)
    assert [pace.takes(0.5, 0.2), pace.takes(0.5, 0.3), pace.takes(0.6, 0.9)] == [True, False, True]


@pytest.mark.parametrize(
    "wrong",
    [{"impressions": 0}, {"ends": 0}, {"max_per_item": 1, "min_per_item": 2}, {"max_per_user": 0}],
)
def test_a_budget_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(InputError):
        Budget(**{"impressions": 10, "starts": 0, "ends": 9, **wrong})
