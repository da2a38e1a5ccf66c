"""Copies, bursts and reviews without words are set aside, honest short ones aren't."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.schema import DAY_US
from unsung.text import suspicious_reviews as spam
from unsung.text.suspicious_reviews import reasons_to_set_aside

ORDINALS = ("one", "two", "three", "four", "five", "six", "seven")
LONG = "I love how this fits my amp"


def test_a_text_by_three_users_is_a_copy_of_the_earliest():
    reasons = reasons_to_set_aside(
        [LONG, LONG.upper() + "!!", LONG, "a different text about an amp"],
        np.array([1, 2, 3, 4]),
        np.array([30, 10, 20, 5]),
    )
    assert reasons == [spam.COPY, "", spam.COPY, ""]


def test_two_users_may_say_the_same():
    assert reasons_to_set_aside([LONG, LONG], np.array([1, 2])) == ["", ""]


def test_short_praise_by_many_is_no_copy():
    assert reasons_to_set_aside(["很好"] * 50 + ["Great product"] * 50) == [""] * 100


@pytest.mark.parametrize("text", ["", "!!!", "12345", "👍👍", "。。。"])
def test_no_words(text):
    assert reasons_to_set_aside([text]) == [spam.NO_WORDS]


def test_the_same_text_again_by_one_user():
    assert reasons_to_set_aside([LONG, LONG], np.array([7, 7])) == ["", spam.REPEATED]


def test_four_within_a_minute_are_a_burst_and_three_are_none():
    second = 1_000_000
    times = np.array([0, 10, 20, 59, 200, 201, 202]) * second + 7
    users = np.array([1, 1, 1, 1, 2, 2, 2])
    texts = [f"my words number {row}" for row in ORDINALS]
    assert reasons_to_set_aside(texts, users, times) == [spam.BURST] * 4 + [""] * 3


def test_whole_days_tell_no_burst():
    texts = [f"my words number {row}" for row in ORDINALS[:5]]
    assert reasons_to_set_aside(texts, np.ones(5), np.full(5, 9 * DAY_US)) == [""] * 5


def test_a_single_timed_review_is_no_burst():
    assert reasons_to_set_aside(["fine amp"], np.array([1]), np.array([7])) == [""]


def test_lengths_must_agree():
    with pytest.raises(InputError, match="2 reviews need 2 users"):
        reasons_to_set_aside(["a", "b"], np.array([1]))
