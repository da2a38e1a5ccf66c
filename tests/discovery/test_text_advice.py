"""Better titles: only facts that the shop's data hold, held against what sells."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.discovery.sentences import with_titles
from unsung.discovery.text_advice import TextAdviceSettings, text_advice
from unsung.pipeline.outlook import Outlook
from unsung.popularity.segments import HEAD, TAIL
from unsung.statistics.linear_fit import LinearFit
from unsung.text.documents import Documents, DocumentSettings
from unsung.text.term_vectors import TermVectors

SETTINGS = TextAdviceSettings(least_sellers=2)
SELLING = ["Acme mug, blue, 250 ml", "Bolt mug, red, 300 ml", "Acme mug, green, 400 ml"]


@pytest.fixture
def state(toy_shop):
    """Three mugs that sell, the fourth is called Mug; the rest are of another kind."""
    n = toy_shop.n_items
    rest = n - 4
    catalogue = pd.DataFrame(
        {
            "item_id": toy_shop.items.values,
            "title": [*SELLING, "Mug", *["Spade"] * rest],
            "brand": ["Acme", "Bolt", "Acme", "Acme", *[None] * rest],
            "category": [*["Kitchen > Mugs"] * 4, *["Garden"] * rest],
            "description": [*[""] * 3, "Holds 350 ml. Also in red and in blue.", *[""] * rest],
            "finish": [*[None] * 3, "matt black", *[None] * rest],
        }
    )
    reviews = toy_shop.reviews.iloc[[0, 0]].assign(
        item_index=3, text=["Nice ceramic mug", "The ceramic is thick"], title="ok"
    )
    return replace(toy_shop, catalogue=catalogue, reviews=reviews).as_of()


@pytest.fixture
def segments(state):
    found = np.full(state.n_items, TAIL, dtype=np.int8)
    found[:3] = HEAD
    return found


def outlook_of(*titles):
    """Every buyer comes for the millilitres."""
    terms = TermVectors.fit(Documents.from_texts([*SELLING, *titles]))
    worth = np.array([1.0 if term == "ml" else 0.0 for term in terms.terms])
    tail, demand = LinearFit(-worth, 1.0), LinearFit(worth, 0.5)
    return Outlook("terms", DocumentSettings(), terms, None, tail, demand, {})


def advised(state, segments, outlook=None, item=3, settings=SETTINGS):
    found = text_advice(state, segments, np.array([item]), outlook, settings)
    return found[state.items.values[item]]


def test_what_selling_titles_state_is_missed_and_said_where_the_data_know_it(state, segments):
    found = advised(state, segments)
    missing = {one["kind"]: one["share"] for one in found["missing"]}
    assert missing == {"brand": 1.0, "colour": 1.0, "volume": 1.0}
    assert found["n_sellers"] == 3
    assert found["suggestion"] == "Acme Mug, 350 ml, black"


def test_every_word_of_a_suggestion_is_the_titles_or_a_facts(state, segments):
    found = advised(state, segments)
    known = [found["title"], *(fact["words"] for fact in found["facts"])]
    left = found["suggestion"].replace(",", " ")
    for words in sorted(known, key=len, reverse=True):
        left = left.replace(words, " ")
    assert left.split() == []
    row = state.catalogue.iloc[3].astype(str)
    for fact in found["facts"]:
        assert fact["source"] == "reviews" or fact["words"] in row[fact["source"]]


def test_a_description_that_names_two_colours_says_neither(state, segments):
    plain = replace(state, catalogue=state.catalogue.drop(columns="finish"))
    found = advised(plain, segments)
    assert {"kind": "colour", "share": 1.0, "known": False} in found["missing"]
    assert "red" not in found["suggestion"]


def test_what_reviews_agree_on_is_a_fact_and_what_one_says_is_none(state, segments):
    state.catalogue.loc[:2, "title"] = [f"{title}, ceramic" for title in SELLING]
    found = advised(state, segments)
    assert {"kind": "material", "words": "ceramic", "source": "reviews"} in found["facts"]
    alone = replace(state, reviews=state.reviews.iloc[:1])
    assert "ceramic" not in advised(alone, segments)["suggestion"]


def test_the_effect_is_that_of_the_title_alone(state, segments):
    found = advised(state, segments, outlook_of("Mug"))
    assert found["effect"]["demand"]["after"] > found["effect"]["demand"]["before"]
    assert found["effect"]["p_tail"]["after"] < found["effect"]["p_tail"]["before"]
    assert "buyers foretold" in found["sentence"]


def test_nothing_is_foretold_where_text_says_nothing(state, segments):
    prior = replace(outlook_of("Mug"), model="prior")
    assert advised(state, segments, prior)["effect"] is None


def test_where_the_data_hold_nothing_nothing_is_invented(state, segments):
    bare = replace(
        state,
        catalogue=state.catalogue[["item_id", "title"]],
        reviews=state.reviews.iloc[:0],
    )
    found = advised(bare, segments)
    assert found["suggestion"] is None
    assert found["facts"] == []
    assert "don't say it of this item" in found["sentence"]


def test_an_item_without_a_title_is_named_by_brand_and_category(state, segments):
    state.catalogue.loc[3, "title"] = None
    found = advised(state, segments)
    assert found["title"] == ""
    assert found["suggestion"].startswith("Acme Mugs")


def test_few_sellers_in_a_category_leave_the_whole_head(state, segments):
    found = advised(state, segments, item=5, settings=TextAdviceSettings())
    assert found["n_sellers"] == 3


def test_the_most_bought_get_advice_where_not_all_do(state, segments):
    items = np.arange(3, state.n_items)
    found = text_advice(state, segments, items, None, TextAdviceSettings(most_items=2))
    buyers = sorted((int(state.buyers[item]) for item in items), reverse=True)[:2]
    at = [int(state.buyers[state.items.find(name)]) for name in found]
    assert sorted(at, reverse=True) == buyers


def test_gems_begin_with_the_better_title():
    gems = [{"item_id": "a", "advice": ["Show it."]}, {"item_id": "b", "advice": ["Show it."]}]
    with_titles(gems, {"a": {"suggestion": "Red mug", "sentence": 'Suggested: "Red mug".'}})
    assert gems[0]["advice"] == ['Suggested: "Red mug".', "Show it."]
    assert gems[1]["advice"] == ["Show it."]
