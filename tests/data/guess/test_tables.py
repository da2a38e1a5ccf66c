import numpy as np
import pandas as pd
import pytest

from unsung.data.guess import guess_shop
from unsung.errors import InputError

RNG_ROWS = 300


@pytest.fixture
def orders(rng):
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**7, RNG_ROWS), "s")
    return pd.DataFrame(
        {
            "user": [f"c{i}" for i in rng.integers(0, 40, RNG_ROWS)],
            "item": rng.integers(1_000, 1_060, RNG_ROWS),
            "time": times.astype(str),
            "price": rng.integers(100, 900, RNG_ROWS) / 100,
            "quantity": rng.integers(1, 5, RNG_ROWS),
        }
    )


@pytest.fixture
def products():
    ids = np.arange(1_000, 1_060)
    return pd.DataFrame(
        {
            "item": ids,
            "title": [f"Red kettle number {i}" for i in ids],
            "category": np.where(ids % 2, "tea", "garden"),
            "material": np.where(ids % 3, "enamel", "steel"),
        }
    )


def write(folder, **tables):
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return guess_shop([folder])


def found(settings):
    return {table: source.columns for table, source in settings.sources.items()}


def test_a_chinese_shop(tmp_path, orders, products):
    orders = orders.set_axis(["用户ID", "商品ID", "下单时间", "价格", "数量"], axis=1)
    orders["订单号"] = [f"D{i // 2}" for i in range(len(orders))]
    products = products.set_axis(["商品ID", "标题", "类目", "材质"], axis=1).assign(品牌="甲")
    reviews = orders[["用户ID", "商品ID"]].assign(
        评分=5, 评价="质量很好，非常喜欢，物流也很快，包装完整没有破损，下次还会再来买的"
    )
    settings, guesses = write(tmp_path, 订单=orders, 商品=products, 评价=reviews)
    assert found(settings) == {
        "interactions": {
            "user_id": "用户ID",
            "item_id": "商品ID",
            "timestamp": "下单时间",
            "price": "价格",
            "quantity": "数量",
            "basket_id": "订单号",
        },
        "items": {"item_id": "商品ID", "title": "标题", "category": "类目", "brand": "品牌"},
        "reviews": {"user_id": "用户ID", "item_id": "商品ID", "rating": "评分", "text": "评价"},
    }
    assert settings.items.attributes == ("材质",)
    assert settings.interactions.path == "订单.csv"
    assert all(guess.is_used for guess in guesses)


def test_ids_join_where_names_do_not_tell(tmp_path, orders, products):
    orders = orders.rename(columns={"user": "customer", "item": "product_code"})
    products = products.assign(item=[f"X{i}" for i in range(60)], number=products["item"])
    settings, guesses = write(tmp_path, orders=orders, products=products)
    assert settings.items.columns["item_id"] == "number"
    assert settings.interactions.columns["item_id"] == "product_code"
    (guess,) = [g for g in guesses if (g.table, g.column) == ("items", "item_id")]
    assert guess.why == "an id, and 100% of the ids join"


def test_an_items_file_that_joins_nothing_is_doubted(tmp_path, orders, products):
    settings, guesses = write(tmp_path, orders=orders, products=products.assign(item=range(60)))
    (guess,) = [g for g in guesses if (g.table, g.column) == ("items", "item_id")]
    assert not guess.is_used
    assert "no id of the interactions is in it" in guess.why
    assert "item_id" not in settings.items.columns


def test_words_for_events_are_translated(tmp_path, orders):
    orders["behavior"] = np.resize(["pv", "buy", "cart", "fav", "purchase"], len(orders))
    settings, _ = write(tmp_path, log=orders)
    assert settings.interactions.columns["event"] == "behavior"
    assert settings.event_names == {
        "pv": "view",
        "buy": "purchase",
        "fav": "like",
    }


@pytest.mark.parametrize(
    ("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]
)
def test_units_of_times_are_seen_by_their_size(tmp_path, orders, unit, factor):
    orders["time"] = 1_700_000_000 * factor + np.arange(len(orders)) * factor
    settings, guesses = write(tmp_path, orders=orders)
    assert settings.interactions.time_unit == unit
    assert [g.source_column for g in guesses if g.column == "time_unit"] == ["time"]


def test_files_of_equal_columns_are_one_table(tmp_path, orders):
    settings, _ = write(tmp_path, orders_2023=orders, orders_2024=orders)
    assert settings.interactions.path == ("orders_2023.csv", "orders_2024.csv")


def test_ratings_with_a_text_are_interactions_and_reviews(tmp_path, orders):
    orders = orders[["user", "item", "time"]].assign(
        rating=5, title="Good", text="It pours well and keeps the tea warm for an hour."
    )
    settings, _ = write(tmp_path, data=orders)
    assert settings.interactions.path == settings.reviews.path == "data.csv"
    # The title is the review's.
    assert settings.interactions.columns["title"] == ""
    assert settings.reviews.columns["title"] == "title"


def test_order_lines_with_a_title_need_no_items_file(tmp_path, orders):
    settings, _ = write(tmp_path, orders=orders.assign(product_name="Red enamel kettle"))
    assert settings.items is None
    assert settings.interactions.columns["title"] == "product_name"


def test_users_and_exposures(tmp_path, orders):
    users = pd.DataFrame({"user": [f"c{i}" for i in range(40)], "country": "UK"})
    shown = orders[["user", "item", "time"]].assign(slot=1, propensity=0.25, request=7)
    settings, _ = write(tmp_path, orders=orders, customers=users, impressions=shown)
    assert settings.users.columns == {"user_id": "user"}
    assert settings.exposures.columns == {
        "request_id": "request",
        "user_id": "user",
        "item_id": "item",
        "rank": "slot",
        "timestamp": "time",
        "logging_propensity": "propensity",
    }


def test_a_file_without_header_line_is_described_for_the_user_to_finish(tmp_path, orders):
    orders["event"] = np.resize(["pv", "buy"], len(orders))
    columns = orders[["user", "item", "quantity", "event", "time"]]
    columns.to_csv(tmp_path / "log.csv", index=False, header=False)
    settings, guesses = guess_shop([tmp_path])
    assert settings.interactions.header == tuple(f"column_{n}" for n in range(1, 6))
    assert settings.interactions.columns == {"timestamp": "column_5", "event": "column_4"}
    unsure = {g.column: g.source_column for g in guesses if not g.is_used}
    assert unsure == {"user_id": "column_1", "item_id": "column_2"}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ("avg_rating", "would know the future"),
        ("salesRank", "would know the future"),
        ("销量", "would know the future"),
    ],
)
def test_figures_that_know_the_future_are_no_attributes(tmp_path, orders, products, values, why):
    products[values] = [f"{i % 5} stars" for i in range(60)]
    settings, guesses = write(tmp_path, orders=orders, products=products)
    assert settings.items.attributes == ("material",)
    assert guesses[-1].source_column == values
    assert why in guesses[-1].why


def test_a_column_of_our_name_that_is_something_else_is_kept_out(tmp_path, orders):
    settings, guesses = write(tmp_path, orders=orders.assign(rating="see the comment"))
    assert settings.interactions.columns["rating"] == ""
    assert [g.why for g in guesses if not g.is_used] == [
        "has our name, but its values are no ratings"
    ]


def test_known_layouts_come_first(tmp_path, orders):
    frame = orders.set_axis(["userId", "movieId", "timestamp", "rating", "x"], axis=1)
    frame.to_csv(tmp_path / "ratings.csv", index=False)
    settings, guesses = guess_shop([tmp_path])
    assert settings.layout == "movielens"
    assert {guess.confidence for guess in guesses} == {1.0}


def test_nothing_to_look_at(tmp_path):
    with pytest.raises(InputError, match="no table file among these"):
        guess_shop([tmp_path])


def test_files_that_are_no_shop(tmp_path):
    pd.DataFrame({"label": [1, 0], "sentence": ["a b", "c d"]}).to_csv(tmp_path / "s.csv")
    with pytest.raises(InputError, match=r"no file looks like interactions.*s\.csv"):
        guess_shop([tmp_path])
