import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.data.interactions import Interactions
from unsung.data.settings import SegmentSettings
from unsung.data.state import ItemContent
from unsung.popularity.reasons import NO_REASON, ReasonSettings, find_reasons
from unsung.popularity.segments import segment_items
from unsung.schema import DAY_US
from unsung.text.documents import Documents
from unsung.text.term_vectors import TermVectors

SEGMENTS = SegmentSettings(head_share=0.1)


def reasons_of(dataset, settings=None, impressions=None, as_of=None, content=None):
    """Item -> code -> what is said of it."""
    state = dataset.as_of(as_of)
    if content is not None:
        state = state.with_content(content)
    segments = segment_items(state, SEGMENTS)
    found = find_reasons(state, segments, settings or ReasonSettings(), impressions)
    return {
        item: {r.code: r.of_item(index) for r in found if r.holds[index]}
        for index, item in enumerate(dataset.items.values)
    }


def with_column(dataset, name, values):
    column = [values.get(item) for item in dataset.items.values]
    return replace(dataset, catalogue=dataset.catalogue.assign(**{name: column}))


def holders(found, code):
    return {item for item, reasons in found.items() if code in reasons}


def test_a_head_item_has_no_reason_and_every_other_has_one(toy_shop):
    found = reasons_of(toy_shop)
    assert found["kettle"] == {}
    assert all(reasons for item, reasons in found.items() if item != "kettle")


def test_no_reason_stands_alone(toy_shop):
    found = reasons_of(toy_shop)
    assert found["teapot"][NO_REASON]["sentence"].startswith("None of the reasons")
    for reasons in found.values():
        assert NO_REASON not in reasons or len(reasons) == 1


def test_new(toy_shop):
    found = reasons_of(toy_shop)
    assert holders(found, "new") == {"birdbath"}
    assert found["birdbath"]["new"]["sentence"] == "First seen 1 day ago."


def test_a_cold_item_is_new_by_its_birth(toy_shop):
    start = int(toy_shop.interactions.timestamp[0])
    births = dict.fromkeys(toy_shop.items.values, start)
    births |= {"gnome": start + 90 * DAY_US, "teapot": start + 95 * DAY_US, "cosy": None}
    found = reasons_of(with_column(toy_shop, "created_at", births))
    # The teapot was sold on day 10, whatever its birth says.
    assert holders(found, "new") == {"birdbath", "gnome"}


def test_without_a_clock_nothing_is_new_or_seasonal(toy_shop):
    orderly = toy_shop.with_interactions(toy_shop.interactions, has_clock=False)
    found = reasons_of(orderly)
    assert holders(found, "new") == holders(found, "seasonal") == set()


def test_exposures(toy_shop):
    shown = {"kettle": 1000, "teapot": 200, "spade": 5, "rake": 300}
    impressions = np.array([shown.get(item, 0) for item in toy_shop.items.values])
    found = reasons_of(toy_shop, impressions=impressions)
    assert holders(found, "little_shown") == {"spade"}
    assert found["spade"]["little_shown"]["sentence"] == (
        "Shown 5 times; an equal share would be 150 impressions."
    )
    assert "cosy" in holders(found, "never_shown")
    assert "kettle" not in holders(found, "never_shown")
    assert "never_shown" not in {code for r in reasons_of(toy_shop).values() for code in r}


def test_a_share_of_less_than_ten_impressions_is_given_to_a_tenth(toy_shop):
    impressions = np.array([4 if item == "kettle" else 0 for item in toy_shop.items.values])
    found = reasons_of(toy_shop, impressions=impressions)
    assert "0.4 impressions" in found["cosy"]["never_shown"]["sentence"]


def test_narrow_category(toy_shop):
    categories = dict.fromkeys(toy_shop.items.values, "tea")
    categories |= {"spade": "garden", "rake": "garden", "cosy": "wool", "gnome": None}
    found = reasons_of(with_column(toy_shop, "category", categories))
    assert holders(found, "narrow_category") == {"cosy"}
    assert found["cosy"]["narrow_category"]["sentence"] == (
        "Its category 'wool' has 0 buyers and 1 item; the median category has 3 buyers."
    )


def test_two_categories_or_none_are_never_narrow(toy_shop):
    assert holders(reasons_of(toy_shop), "narrow_category") == set()
    bare = replace(toy_shop, catalogue=toy_shop.catalogue[["item_id"]])
    assert holders(reasons_of(bare), "narrow_category") == set()


def test_categories_of_nothing_listed(toy_shop):
    state = replace(toy_shop.as_of(), listed=np.zeros(10, bool))
    three = state.catalogue.assign(category=list("aabbbccccc"))
    state = replace(state, catalogue=three.assign(image="x.png", title=""))
    found = find_reasons(state, segment_items(state, SEGMENTS), ReasonSettings())
    assert not any(reason.holds.any() for reason in found)


def test_poor_text(toy_shop):
    titles = {item: f"Fine {item} for home" for item in toy_shop.items.values}
    titles |= {"cosy": "X1 22", "gnome": " ", "dibber": None}
    found = reasons_of(with_column(toy_shop, "title", titles))
    assert holders(found, "no_title") == {"gnome", "dibber"}
    assert holders(found, "short_title") == {"cosy"}
    assert found["cosy"]["short_title"]["sentence"] == (
        "The title has 0 informative words; the median title has 4."
    )
    assert found["gnome"]["no_title"]["sentence"] == "Has no title."


@pytest.mark.parametrize(
    ("column", "code"), [("description", "no_description"), ("image", "no_picture")]
)
def test_lacking_counts_only_where_most_have_it(toy_shop, column, code):
    most = dict.fromkeys(list(toy_shop.items.values), "something")
    most |= {"cosy": None, "gnome": ""}
    found = reasons_of(with_column(toy_shop, column, most))
    assert holders(found, code) == {"cosy", "gnome"}
    assert "80% of the items have one" in found["cosy"][code]["sentence"]
    few = with_column(toy_shop, column, {"kettle": "something"})
    assert holders(reasons_of(few), code) == set()


def test_out_of_stock(toy_shop):
    stock = with_column(toy_shop, "in_stock", {i: i != "rake" for i in toy_shop.items.values})
    found = reasons_of(stock)
    assert holders(found, "out_of_stock") == {"rake"}
    assert found["rake"]["out_of_stock"]["sentence"] == "Not in stock."


def test_seasonal(toy_shop):
    items = toy_shop.items
    rows = [("kettle", user, f"2024-{m:02}-20") for m in range(1, 13) for user in range(7)]
    rows += [("teapot", user, f"2024-{m}-05") for m in (11, 12) for user in range(6)]
    rows += [("teapot", 0, "2024-02-05")]
    name, user, day = zip(*rows, strict=True)
    sold = Interactions.from_columns(
        user_index=np.array(user),
        item_index=items.index_of(name),
        timestamp=pd.to_datetime(list(day)).astype("datetime64[us]").astype("int64"),
    )
    shop = toy_shop.with_interactions(sold)
    moment = int(np.datetime64("2025-02-01", "us").astype(np.int64))
    found = reasons_of(shop, as_of=moment)
    assert holders(found, "seasonal") == {"teapot"}
    sentence = found["teapot"]["seasonal"]["sentence"]
    assert sentence.startswith("92% of its buyers came in Oct-Dec, when the shop had")
    one = ReasonSettings(season_months=1, season_share=0.4, season_p_value=0.9)
    sentence = reasons_of(shop, one, as_of=moment)["teapot"]["seasonal"]["sentence"]
    assert sentence.startswith("46% of its buyers came in Nov, ")


def test_overpriced_within_the_category(toy_shop):
    prices = dict.fromkeys(toy_shop.items.values, 4.0) | {"cosy": 40.0}
    shop = with_column(toy_shop, "price", prices)
    shop = with_column(shop, "category", dict.fromkeys(toy_shop.items.values, "tea"))
    found = reasons_of(shop)
    assert holders(found, "overpriced") == {"cosy"}
    assert found["cosy"]["overpriced"]["sentence"] == (
        "Costs 40.00; of its category's items (10), half cost at most 4.00 and nine of ten at most "
        "7.60."
    )


def test_overpriced_among_items_with_alike_text(toy_shop):
    titles = {item: f"red lamp number {item}" for item in toy_shop.items.values}
    prices = dict.fromkeys(toy_shop.items.values, 4.0) | {"cosy": 40.0, "gnome": None}
    shop = with_column(with_column(toy_shop, "title", titles), "price", prices)
    documents = Documents.from_texts(shop.catalogue["title"])
    terms = TermVectors.fit(documents).transform(documents)
    content = ItemContent(terms, np.zeros((10, 0), np.float32))
    settings = ReasonSettings(n_neighbours=8)
    found = reasons_of(shop, settings, content=content)
    assert holders(found, "overpriced") == {"cosy"}
    assert "items with the most similar text (8)" in found["cosy"]["overpriced"]["sentence"]
    large = settings.model_copy(update={"max_compared_items": 9})
    by_category = reasons_of(shop, large, content=content)
    assert holders(by_category, "overpriced") == set()


def test_without_text_or_category_prices_are_not_compared(toy_shop):
    bare = replace(toy_shop, catalogue=toy_shop.catalogue[["item_id", "price"]])
    assert holders(reasons_of(bare), "overpriced") == set()


def test_evidence_is_plain_json(toy_shop):
    impressions = np.zeros(10, dtype=np.int64)
    for reasons in reasons_of(toy_shop, impressions=impressions).values():
        for reason in reasons.values():
            assert json.loads(json.dumps(reason, allow_nan=False)) == reason


def test_reasons_do_not_change_when_later_rows_go(toy_shop):
    moment = int(toy_shop.interactions.timestamp[0]) + 30 * DAY_US
    cut = toy_shop.with_interactions(toy_shop.interactions.before(moment))
    assert reasons_of(toy_shop, as_of=moment) == reasons_of(cut, as_of=moment)
