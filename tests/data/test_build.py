"""Canonical tables to a Dataset: ids, codes, dtypes, and no trace of the file's order."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung import schema
from unsung.data.build import NEVER, _steps, build_dataset
from unsung.errors import InputError
from unsung.schema import DAY_US

LINES = """user_id,item_id,timestamp,event,quantity,price,basket_id,title,weight
ann,kettle,2025-01-02,purchase,1,30,b1,RED KETTLE,
bea,kettle,2025-01-03,purchase,1,28,b2,red kettle,
bea,spade,2025-01-03,purchase,2,15,b2,Spade,.5
cy,lamp,2025-01-04,view,,,,,
ann,kettle,2025-01-05,purchase,-1,30,b3,RED KETTLE,
"""
ITEMS = """item_id,title,price,created_at,in_stock,tags,lumen
kettle,Kettle,29,2024-12-01,no,a,
spade,,,,yes,,
rake,Rake,12,2024-11-01,,b,3.0
"""
REVIEWS = """item_id,user_id,timestamp,rating,title,text
kettle,dora,2025-01-06,5,Good,Pours well
kettle,,2025-01-05,4,,Fine
spade,ann,2025-01-07,3,,Late
ghost,ann,2025-01-05,3,,Never seen
"""
USERS = "user_id,profiling_consent,group\nann,no,gold\nzoe,yes,\n"
EXPOSURES = """request_id,user_id,item_id,rank,timestamp,logging_propensity,policy
r1,ann,rake,2,2025-01-06,.5,p
r1,ann,kettle,1,2025-01-06,.25,p
r2,,kettle,1,2025-01-05,1,p
r2,,ghost,2,2025-01-05,1,p
"""
FULL = {
    "interactions": LINES,
    "items": ITEMS,
    "reviews": REVIEWS,
    "users": USERS,
    "exposures": EXPOSURES,
}


def day(number):
    return pd.Timestamp("2025-01-01", tz="UTC").value // 1_000 + (number - 1) * DAY_US


@pytest.fixture(scope="module")
def built(prepare):
    def run(tables, **keywords):
        return build_dataset(*prepare(tables, **keywords))

    return run


@pytest.fixture(scope="module")
def full(built):
    """The shop of all five tables."""
    return built(FULL)


def test_users_and_items_of_all_tables(full):
    assert set(full.users.values) == {"ann", "bea", "cy", "dora", "zoe"}
    assert set(full.items.values) == {"kettle", "spade", "rake", "lamp"}
    assert not full.catalogue_is_derived
    assert full.has_clock


def test_interactions(full):
    rows = full.interactions
    assert full.event_kinds == ("purchase", "view", "return")
    kinds = [full.event_kinds[code] for code in rows.event]
    assert kinds[0] == "purchase"
    assert kinds[3:] == ["view", "return"]
    assert rows.timestamp.tolist() == [day(2), day(3), day(3), day(4), day(5)]
    assert rows.is_target.tolist() == [True, True, True, False, False]
    spade = rows.item_index == full.items.index_of(["spade"])[0]
    assert rows.weight[spade].tolist() == [0.5]
    assert rows.weight[~spade].tolist() == pytest.approx([1, 1, 0.1, 0])
    assert rows.quantity[spade].tolist() == [2]
    assert np.isnan(rows.price[3])
    assert rows.basket[3] == -1
    assert len(set(rows.basket.tolist())) == 4
    ann = full.users.index_of(["ann"])[0]
    assert (rows.user_index == ann).tolist() == [True, False, False, False, True]


def test_titles_of_order_lines_serve_items_without_one(full):
    assert full.titles.tolist() == ["Spade"]
    spade = full.interactions.item_index == full.items.index_of(["spade"])[0]
    assert (full.interactions.title >= 0).tolist() == spade.tolist()
    titles = full.as_of().catalogue.set_index("item_id")["title"]
    assert titles[["kettle", "spade"]].tolist() == ["Kettle", "Spade"]
    assert pd.isna(titles["lamp"])


def test_catalogue_dtypes(full):
    catalogue = full.catalogue.set_index("item_id")
    assert catalogue["created_at"].dtype == "Int64"
    assert catalogue["in_stock"].dtype == "boolean"
    assert catalogue["price"].dtype == "float64"
    assert catalogue["title"].dtype == "str"
    assert catalogue.loc["rake", "lumen"] == "3.0"
    assert catalogue.loc["kettle", "created_at"] == day(1) - 31 * DAY_US
    assert not catalogue.loc["kettle", "in_stock"]
    assert catalogue.loc["lamp"].isna().all()


def test_reviews(full):
    reviews = full.reviews
    assert list(reviews) == list(schema.REVIEW_DTYPES)
    assert reviews.dtypes.astype(str).to_dict() == schema.REVIEW_DTYPES
    assert reviews["timestamp"].tolist() == [day(5), day(6), day(7)]
    assert reviews["user_index"].tolist()[0] == -1
    assert reviews["rating"].tolist() == [4, 5, 3]
    assert reviews["text"].tolist() == ["Fine", "Pours well", "Late"]
    assert reviews["title"].isna().tolist() == [True, False, True]


def test_a_review_without_a_time_is_known_at_no_moment(built):
    shop = built({"interactions": LINES, "reviews": "item_id,text\nkettle,When?\n"})
    assert shop.reviews["timestamp"].tolist() == [NEVER]
    assert len(shop.as_of().reviews) == 0


def test_exposures_and_users(full):
    assert full.exposures["rank"].tolist() == [1, 1, 2]
    assert full.exposures["user_index"].tolist()[0] == -1
    assert full.exposures["logging_propensity"].tolist() == [1, 0.25, 0.5]
    users = full.user_table.set_index("user_id")
    assert list(full.user_table["user_id"]) == list(full.users.values)
    assert users.loc["ann", "group"] == "gold"
    assert not users.loc["ann", "profiling_consent"]
    assert pd.isna(users.loc["bea", "profiling_consent"])


def test_order_lines_alone(built, full):
    shop = built({"interactions": LINES})
    assert shop.catalogue_is_derived
    assert list(shop.catalogue) == ["item_id"]
    assert shop.titles.tolist() == ["RED KETTLE", "Spade", "red kettle"]
    assert len(shop.reviews) == 0
    assert list(shop.reviews) == list(full.reviews)
    assert shop.exposures is None
    assert shop.user_table is None
    assert len(shop.as_of(day(3)).reviews) == 0


@pytest.mark.parametrize(
    ("kinds", "target"),
    [
        (["view", "purchase", "rating"], "purchase"),
        (["view", "review", "rating"], "rating"),
        (["view", "review"], "review"),
        (["view", "cart"], "cart"),
    ],
)
def test_the_target_is_the_first_kind_that_the_shop_has(built, kinds, target):
    rows = "".join(f"u{i},i{i},2025-01-02,{kind}\n" for i, kind in enumerate(kinds))
    shop = built({"interactions": "user_id,item_id,timestamp,event\n" + rows})
    rows = shop.interactions
    assert {shop.event_kinds[code] for code in rows.event[rows.is_target]} == {target}


def test_order_only_shops_have_no_clock(built):
    lines = "user_id,item_id,position\nu,a,5\nu,b,9\nu,c,9\nv,a,7\nu,d,100\n"
    shop = built({"interactions": lines, "reviews": "item_id,text\na,Nice\n"})
    assert not shop.has_clock
    rows = shop.interactions
    steps = dict(
        zip(
            zip(
                shop.users.values[rows.user_index], shop.items.values[rows.item_index], strict=True
            ),
            rows.timestamp.tolist(),
            strict=True,
        )
    )
    assert steps == {("u", "a"): 0, ("u", "b"): 1, ("u", "c"): 1, ("u", "d"): 2, ("v", "a"): 0}
    assert shop.as_of().reviews["text"].tolist() == ["Nice"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40))
def test_steps_count_distinct_positions(pairs):
    user, position = np.array(pairs).T
    found = _steps(user, position)
    for step, (u, p) in zip(found, pairs, strict=True):
        assert step == len({q for v, q in pairs if v == u and q < p})


def test_the_order_of_files_leaves_no_trace(built, full, rng):
    tables = {}
    for name, text in FULL.items():
        head, *rows = text.splitlines()
        tables[name] = "\n".join([head, *rng.permutation(rows)]) + "\n"
    other = built(tables)
    assert other.items.values.tolist() == full.items.values.tolist()
    for name, values in vars(full.interactions).items():
        np.testing.assert_array_equal(values, getattr(other.interactions, name))
    for table in ("catalogue", "reviews", "exposures", "user_table"):
        pd.testing.assert_frame_equal(getattr(full, table), getattr(other, table))
    assert other.titles.tolist() == full.titles.tolist()


def test_equal_rows_of_different_weight_have_one_order(built):
    rows = ["u,i,2025-01-02,.5", "u,i,2025-01-02,.25", "u,i,2025-01-02,1"]
    weights = []
    for order in ([0, 1, 2], [2, 1, 0]):
        text = "user_id,item_id,timestamp,weight\n" + "\n".join(rows[i] for i in order) + "\n"
        shop = built({"interactions": text})
        weights.append(shop.interactions.weight.tolist())
    assert weights == [[0.25, 0.5, 1]] * 2


def test_nothing_left_is_an_error_that_says_where_to_look(built):
    with pytest.raises(InputError, match=r"none of its 1 rows can be used.*quarantine\.csv"):
        built({"interactions": "user_id,item_id,timestamp\n,i,2025-01-02\n"})


def test_dtypes(full):
    assert full.interactions.timestamp.dtype == np.int64
    assert full.interactions.event.dtype == np.int8
    assert full.reviews[schema.TIMESTAMP].dtype == np.int64
    assert full.reviews["user_index"].dtype == np.int32
