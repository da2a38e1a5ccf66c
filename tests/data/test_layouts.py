import gzip
import json

import openpyxl
import pandas as pd
import pytest

from unsung.data.layouts import LAYOUTS, detect_layout
from unsung.data.readers.land import land
from unsung.data.settings import Source
from unsung.schema import TABLES

OLD_REVIEW = {
    "reviewerID": "A1",
    "asin": "B1",
    "helpful": [0, 1],
    "reviewText": "Pours well.",
    "overall": 5.0,
    "summary": "Good",
    "unixReviewTime": 1393545600,
}
NEW_REVIEW = {
    "rating": 4.0,
    "title": "Good",
    "text": "Pours well.",
    "images": [],
    "asin": "B1X",
    "parent_asin": "B1",
    "user_id": "A1",
    "timestamp": 1588687728923,
}
NEW_ITEM = {
    "main_category": "All Beauty",
    "title": "Kettle",
    "average_rating": 4.1,
    "features": ["red", "enamel"],
    "description": [],
    "price": None,
    "images": [{"large": "https://x/1.jpg"}],
    "store": "Kettles & Co",
    "categories": [],
    "parent_asin": "B1",
}


def write_lines(path, *objects):
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, objects)).encode()))


def mapped(source):
    return source.columns | source.constants


def test_amazon_2014(tmp_path):
    write_lines(tmp_path / "reviews_Beauty_5.json.gz", OLD_REVIEW)
    meta = "{'asin': 'B1', 'title': \"Kettle's\", 'price': 9.9, 'categories': [['A', 'B']]}\n"
    (tmp_path / "meta_Beauty.json.gz").write_bytes(gzip.compress(meta.encode()))
    shop = detect_layout([tmp_path])
    assert shop.layout == "amazon-2014"
    assert shop.folder == str(tmp_path)
    rated = {
        "user_id": "reviewerID",
        "item_id": "asin",
        "rating": "overall",
        "timestamp": "unixReviewTime",
    }
    assert mapped(shop.interactions) == rated | {"event": "rating"}
    assert mapped(shop.reviews) == rated | {"title": "summary", "text": "reviewText"}
    assert mapped(shop.items) == {"item_id": "asin", "category": "categories"}
    assert shop.interactions.path == shop.reviews.path == "reviews_Beauty_5.json.gz"
    assert shop.interactions.time_unit == "s"


def test_amazon_2018_is_told_apart(tmp_path):
    review = OLD_REVIEW | {"verified": True, "reviewTime": "02 28, 2014"}
    write_lines(tmp_path / "AMAZON_FASHION.json.gz", review)
    item = {"asin": "B1", "title": "Kettle", "category": [], "main_cat": "Home", "also_buy": []}
    write_lines(tmp_path / "meta_AMAZON_FASHION.json.gz", item | {"feature": ["red"]})
    shop = detect_layout([tmp_path])
    assert shop.layout == "amazon-2018"
    assert shop.items.columns == {"item_id": "asin", "category": "main_cat"}
    assert shop.items.attributes == ("feature",)


def test_amazon_2023_keeps_review_titles_from_items(tmp_path):
    write_lines(tmp_path / "All_Beauty.jsonl.gz", NEW_REVIEW)
    write_lines(tmp_path / "meta_All_Beauty.jsonl.gz", NEW_ITEM)
    shop = detect_layout([tmp_path])
    assert shop.layout == "amazon-2023"
    assert mapped(shop.interactions) == {"item_id": "parent_asin", "title": "", "event": "rating"}
    assert mapped(shop.reviews) == {"item_id": "parent_asin"}
    # No categories anywhere: the main category stands in.
    assert mapped(shop.items) == {
        "item_id": "parent_asin",
        "category": "main_category",
        "brand": "store",
    }
    assert shop.interactions.time_unit == "ms"


MOVIELENS = {
    "movielens-100k": {
        "u.data": "196\t242\t3\t881250949\n",
        "u.item": "1|Café (1995)|01-Jan-1995||http://x|" + "|".join("0" * 19) + "\n",
        "u.user": "1|24|M|technician|85711\n",
    },
    "movielens-1m": {
        "ratings.dat": "1::1193::5::978300760\n",
        "movies.dat": "1::Café: The Movie (1995)::Animation|Comedy\n",
        "users.dat": "1::F::1::10::48067\n",
    },
    "movielens": {
        "ratings.csv": "userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n",
        "movies.csv": 'movieId,title,genres\n1,"Café, The (1995)",Adventure|Children\n',
        "links.csv": "movieId,imdbId\n1,0114709\n",
    },
}


@pytest.mark.parametrize("name", MOVIELENS)
def test_movielens(tmp_path, name):
    encoding = "utf-8" if name == "movielens" else "latin-1"
    for file, text in MOVIELENS[name].items():
        (tmp_path / file).write_text(text, encoding=encoding)
    shop = detect_layout([tmp_path])
    assert shop.layout == name
    assert shop.interactions.columns == {"user_id": "userId", "item_id": "movieId"}
    assert shop.items.columns["item_id"] == "movieId"
    assert (shop.users is not None) == (name != "movielens")
    for table, source in shop.sources.items():
        landed = land(source, table, tmp_path, tmp_path / "w")
        assert (landed.n_rows, len(landed.rejects)) == (1, 0)


def test_recbole(tmp_path):
    texts = {
        "shop.inter": "user_id:token\titem_id:token\ttimestamp:float\n1\t2\t9e8\n",
        "shop.item": "item_id:token\tmovie_title:token_seq\tclass:token_seq\n2\tA b\tX Y\n",
        "shop.user": "user_id:token\tage:token\n1\t24\n",
    }
    for file, text in texts.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    shop = detect_layout([tmp_path])
    assert shop.layout == "recbole"
    assert mapped(shop.interactions) == {
        "user_id": "user_id:token",
        "item_id": "item_id:token",
        "timestamp": "timestamp:float",
    }
    assert mapped(shop.items) == {
        "item_id": "item_id:token",
        "title": "movie_title:token_seq",
        "category": "class:token_seq",
    }
    assert mapped(shop.users) == {"user_id": "user_id:token"}


LINES = pd.DataFrame(
    {
        "InvoiceNo": ["536365", "C536379"],
        "StockCode": ["85123A", "D"],
        "Description": ["WHITE HANGING HEART", "Discount"],
        "Quantity": [6, -1],
        "InvoiceDate": ["2010-12-01 08:26:00"] * 2,
        "UnitPrice": [2.55, 27.5],
        "CustomerID": [17850.0, 14527.0],
        "Country": ["United Kingdom"] * 2,
    }
)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_online_retail(tmp_path, ending):
    path = tmp_path / f"lines.{ending}"
    if ending == "csv":
        LINES.to_csv(path, index=False)
    elif ending == "parquet":
        LINES.to_parquet(path)
    else:
        LINES.to_excel(path, index=False)
    shop = detect_layout([path])
    assert shop.layout == "online-retail"
    assert shop.cleaning.item_id_pattern == r"^\d{5}"
    assert shop.cleaning.cancelled_basket_pattern == "^C"
    assert shop.interactions.columns["basket_id"] == "InvoiceNo"
    assert shop.interactions.columns["title"] == "Description"
    assert land(shop.interactions, "interactions", tmp_path, tmp_path / "w").n_rows == 2


def test_online_retail_ii_reads_every_sheet(tmp_path):
    renamed = LINES.rename(
        columns={"InvoiceNo": "Invoice", "UnitPrice": "Price", "CustomerID": "Customer ID"}
    )
    book = openpyxl.Workbook()
    for year in ("Year 2009-2010", "Year 2010-2011"):
        sheet = book.create_sheet(year)
        for row in [list(renamed.columns), *renamed.to_numpy().tolist()]:
            sheet.append(row)
    del book["Sheet"]
    book.save(tmp_path / "online_retail_II.xlsx")
    shop = detect_layout([tmp_path])
    assert shop.layout == "online-retail-ii"
    assert land(shop.interactions, "interactions", tmp_path, tmp_path / "w").n_rows == 4


def test_several_files_of_one_kind_are_one_table(tmp_path):
    for name in ("b.jsonl", "a.jsonl"):
        (tmp_path / name).write_text(json.dumps(NEW_REVIEW), encoding="utf-8")
    assert detect_layout([tmp_path]).interactions.path == ("a.jsonl", "b.jsonl")


def test_other_files_are_of_no_known_layout(tmp_path):
    (tmp_path / "orders.csv").write_text("user,item\n1,2\n", encoding="utf-8")
    (tmp_path / "u.data").write_text("", encoding="utf-8")
    (tmp_path / "notes.md").write_text("ratings.csv", encoding="utf-8")
    assert detect_layout([tmp_path]) is None


def test_every_layout_names_columns_that_we_have():
    for layout in LAYOUTS:
        for table in layout.tables:
            Source(path="x", columns=dict.fromkeys(table.columns, "y"), **table.how)
            assert set(table.columns) <= set(TABLES[table.table])
