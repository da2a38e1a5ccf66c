import pandas as pd
import pytest

from unsung.data.guess import find_shop
from unsung.errors import InputError, SettingsError

ORDERS = pd.DataFrame(
    {
        "user_id": [f"u{i % 7}" for i in range(60)],
        "item_id": [f"i{i % 11}" for i in range(60)],
        "timestamp": pd.date_range("2024-01-01", periods=60).astype(str),
    }
)


def test_a_shop_toml_and_a_folder_with_one(tmp_path):
    (tmp_path / "shop.toml").write_text('[interactions]\npath = "o.csv"\n', encoding="utf-8")
    for path in (tmp_path, tmp_path / "shop.toml"):
        shop = find_shop(path, {"name": "flag"})
        assert (shop.interactions.path, shop.name) == ("o.csv", "flag")


def test_a_folder_whose_columns_leave_no_doubt(tmp_path, monkeypatch):
    ORDERS.to_csv(tmp_path / "interactions.csv", index=False)
    monkeypatch.setenv("UNSUNG_SEGMENTS__HEAD_SHARE", "0.1")
    shop = find_shop(tmp_path, {"cleaning.future_days": 3})
    assert shop.folder == str(tmp_path)
    assert shop.interactions.columns["user_id"] == "user_id"
    assert (shop.segments.head_share, shop.cleaning.future_days) == (0.1, 3.0)


def test_a_file_of_a_known_layout(tmp_path):
    (tmp_path / "u.data").write_text("196\t242\t3\t881250949\n", encoding="utf-8")
    assert find_shop(tmp_path / "u.data").layout == "movielens-100k"


def test_names_of_columns_alone_are_no_shop(tmp_path):
    ORDERS.iloc[:0].to_csv(tmp_path / "orders.csv", index=False)
    with pytest.raises(InputError, match=r"orders\.csv: has names of columns and no rows"):
        find_shop(tmp_path)


@pytest.mark.parametrize(
    ("renamed", "unsure"),
    [
        ({"user_id": "session"}, r"interactions\.user_id"),
        ({"item_id": "code"}, r"interactions\.item_id"),
        ({"timestamp": "moment"}, r"interactions\.timestamp or position"),
    ],
)
def test_doubt_asks_for_init(tmp_path, renamed, unsure):
    ORDERS.rename(columns=renamed).to_csv(tmp_path / "orders.csv", index=False)
    message = rf"isn't clear which columns are {unsure}; run 'unsung init"
    with pytest.raises(InputError, match=message):
        find_shop(tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="doesn't exist"):
        find_shop(tmp_path / "gone")
    with pytest.raises(SettingsError, match="unsung init"):
        find_shop(tmp_path / "gone.toml")
