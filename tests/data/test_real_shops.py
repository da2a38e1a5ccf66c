"""The benchmark shops land whole: as many rows as their descriptions say."""

import pytest

from unsung.data.guess import find_shop
from unsung.data.readers.land import land
from unsung.data.settings import Source
from unsung.errors import InputError

pytestmark = pytest.mark.data

SHOPS = {
    "amazon_2023_beauty_health_handmade": {"interactions": 25_023, "items": 10_000},
    "amazon_beauty_2014_5core": {"interactions": 198_502, "items": 12_101},
    "amazon_musical_instruments_2014_5core": {"interactions": 10_261, "reviews": 10_261},
    "online_retail": {"interactions": 541_909},
}
FILES = {
    "chinese_reviews/online_shopping_10_cats.parquet": 62_773,
    "chinese_reviews/ChnSentiCorp_htl_all.parquet": 7_765,
    "chinese_reviews/multicpr_ecom_queries.parquet": 100_000,
    "grocery_images/items.parquet": 81,
    "open_bandit_sample/*.parquet": 60_000,
    "open_bandit_sample/*_item_context.csv": None,
    "sentiment_en": 3_000,
}


@pytest.mark.parametrize("name", SHOPS)
def test_shops_are_understood_without_a_word(data_folder, tmp_path, name):
    shop = find_shop(data_folder / name)
    counts = {}
    for table, source in shop.sources.items():
        landed = land(source, table, data_folder / name, tmp_path)
        assert len(landed.rejects) == 0
        counts[table] = landed.n_rows
    assert counts == SHOPS[name]


@pytest.mark.parametrize("path", FILES)
def test_other_tables_land(data_folder, tmp_path, path):
    landed = land(Source(path=path), "interactions", data_folder, tmp_path)
    assert len(landed.rejects) == 0
    if FILES[path] is None:
        lines = [len(p.read_text().splitlines()) - 1 for p in data_folder.glob(path)]
        assert landed.n_rows == sum(lines) > 0
    else:
        assert landed.n_rows == FILES[path]


@pytest.mark.parametrize("name", ["chinese_reviews", "grocery_images", "sentiment_en"])
def test_what_is_no_shop_is_refused_with_a_sentence(data_folder, name):
    with pytest.raises(InputError, match="no file looks like interactions"):
        find_shop(data_folder / name)
