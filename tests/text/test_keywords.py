"""Keywords set a text apart from others, in a stable order, without fragments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsung.errors import InputError
from unsung.text.keywords import Keywords, log_odds, recency_weights

TEXTS = [
    "red oak table for the kitchen", "white oak table", "oak chair with arms", "oak chair, folding",
    "retro alarm clock red", "retro alarm clock green", "wall clock oak", "wall clock white",
]  # fmt: skip
CATEGORIES = ["furniture"] * 4 + ["clocks"] * 4


def phrases(keywords) -> list[str]:
    return [keyword.phrase for keyword in keywords]


def test_log_odds_are_those_of_the_paper():
    z = log_odds(np.array([4.0]), 20, np.array([1.0]), 40, np.array([2.0]))
    odds = np.log(6 / (20 + 500 - 6)) - np.log(3 / (40 + 500 - 3))
    assert z[0] == pytest.approx(odds / np.sqrt(1 / 6 + 1 / 3))


def test_what_all_items_have_is_no_keyword_of_one():
    found = Keywords.fit(TEXTS, CATEGORIES)
    assert found.of_item(0)[0].phrase == "kitchen"
    assert "oak" not in phrases(found.of_item(0))
    assert "retro alarm clock" in phrases(found.of_item(4))
    assert "clock" not in phrases(found.of_item(4))


def test_categories_have_their_own_words():
    found = Keywords.fit(TEXTS, CATEGORIES)
    assert "clock" in phrases(found.of_category("clocks"))
    assert phrases(found.of_category("furniture", 1)) == ["oak"] or "chair" in phrases(
        found.of_category("furniture", 3)
    )
    assert found.of_category("shoes") == []


def test_chinese_keywords():
    texts = ["陶瓷马克杯", "玻璃马克杯", "实木餐桌", "实木椅子"]
    assert "陶瓷" in phrases(Keywords.fit(texts).of_item(0))


def test_a_history_weighs_recent_items_more_and_its_best_phrase_is_one():
    found = Keywords.fit(TEXTS)
    weights = recency_weights(np.array([0.0, 360.0]))
    recent = found.of_history(np.array([2, 4]), weights)
    assert recent[0].weight == 1.0
    assert recent[0].phrase in phrases(found.of_item(2))
    older = found.of_history(np.array([2, 4]), weights[::-1])
    assert older[0].phrase in phrases(found.of_item(4))
    assert found.of_history(np.array([], dtype=int), np.array([])) == []


@settings(max_examples=20)
@given(st.permutations(range(len(TEXTS))))
def test_the_order_of_items_changes_no_keyword(order):
    found = Keywords.fit(TEXTS, CATEGORIES)
    shuffled = Keywords.fit([TEXTS[row] for row in order], [CATEGORIES[row] for row in order])
    for place, row in enumerate(order):
        assert shuffled.of_item(place) == found.of_item(row)
    assert shuffled.of_category("clocks") == found.of_category("clocks")


def test_items_without_text_or_category_are_fine():
    found = Keywords.fit(["", "red mug"], [None, ""])
    assert found.of_item(0) == []
    assert found.categories == ()


def test_lengths_must_agree():
    with pytest.raises(InputError, match="1 categories of 2 texts"):
        Keywords.fit(["a", "b"], ["x"])
