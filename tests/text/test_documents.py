"""What is read about an item, from whatever columns a shop has."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.schema import DAY_US
from unsung.text.documents import (
    AttributeColumns,
    Documents,
    DocumentSettings,
    build_documents,
    choose_attributes,
    documents_of,
    settled,
)


@pytest.fixture
def catalogue() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Red lacquer &amp; brush", "Top coat", None, ""],
            "brand": ["OPI", None, "Essie", None],
            "category": ["Beauty > Nails", "Beauty > Nails", "Beauty", None],
            "description": ["Dries fast. " * 40, None, "Soft.", None],
            "price": [1.0, 2.0, 3.0, 4.0],
            "sku": ["A1", "B2", "C3", "D4"],
            "s3rec_id": [1, 2, 3, 4],
            "weight_g": [1.25, 2.5, 3.75, 0.5],
            "tags": ["173 | 1 | gloss", "173 | 1", "1", None],
            "vegan": [True, False, True, True],
            "size": [5.0, np.nan, 5.0, 7.0],
            "use": ["for dry nails", "for any nails", "for thin nails", None],
            "image_url": ["https://x/1", "https://x/2", "https://x/2", "https://x/2"],
            "sold_out_at": pd.to_datetime(["2025-01-01"] * 2 + ["2025-01-02"] * 2),
            "country": ["UK"] * 4,
        }
    )


def test_attributes_that_say_something_are_chosen(catalogue):
    assert choose_attributes(catalogue) == AttributeColumns(
        tokens=("tags", "vegan", "size"), prose=("use",)
    )
    assert choose_attributes(pd.DataFrame({"item_id": ["a"]})) == AttributeColumns()
    many = pd.DataFrame({"rating": np.arange(100) % 30})
    assert choose_attributes(many) == AttributeColumns()
    assert choose_attributes(many, max_numbers=30).tokens == ("rating",)


def test_texts_start_with_the_title(catalogue):
    settings = DocumentSettings(description_characters=18)
    texts = build_documents(catalogue, settings=settings).texts
    assert texts[0] == (
        "Red lacquer & brush. OPI. Beauty, Nails. gloss. for dry nails. Dries fast. Dries"
    )
    assert texts[1] == "Top coat. Beauty, Nails. for any nails"
    assert texts[2] == "Essie. Beauty. for thin nails. Soft"
    assert texts[3] == ""


def test_values_are_whole_tokens(catalogue):
    documents = build_documents(catalogue)
    assert documents.titles == ("Red lacquer & brush", "Top coat", "", "")
    assert documents.tokens[0] == (
        *("brand=opi", "category=beauty", "category=nails"),
        *("tags=173", "tags=1", "tags=gloss", "vegan=1", "size=5"),
    )
    assert documents.tokens[3] == ("vegan=1", "size=7")


def test_given_attributes_are_the_ones_read(catalogue):
    chosen = AttributeColumns(tokens=("country", "not_there"))
    documents = build_documents(catalogue, chosen)
    assert documents.tokens[3] == ("country=uk",)
    assert documents.texts[3] == "UK"


def test_the_choice_is_kept_when_the_catalogue_grows(catalogue):
    kept = settled(DocumentSettings(), catalogue)
    grown = pd.concat([catalogue] + [catalogue.assign(size=n) for n in range(30)])
    assert "size" not in choose_attributes(grown).tokens
    assert settled(kept, grown) == kept
    before, after = (
        build_documents(rows, kept.attributes, settings=kept) for rows in (catalogue, grown)
    )
    assert after.texts[:4] == before.texts
    assert after.tokens[:4] == before.tokens


def test_no_text_at_all_is_fine():
    documents = build_documents(pd.DataFrame({"item_id": ["a", "b"], "price": [1.0, 2.0]}))
    assert documents == Documents(("", ""), ("", ""), ((), ()))
    assert len(build_documents(pd.DataFrame({"title": []}))) == 0


def test_a_search_is_a_document():
    assert Documents.from_texts(["red&nbsp;lamp"]) == Documents(("red lamp",), ("red lamp",), ((),))


def test_reviews_are_read_newest_first(toy_shop):
    state = toy_shop.as_of()
    teapot = int(state.items.index_of(["teapot"])[0])
    text = documents_of(state).texts[teapot]
    assert text == "Red enamel teapot. tea. Lovely. Pours well and keeps the tea warm"
    again = state.reviews.assign(
        timestamp=state.reviews["timestamp"] + DAY_US, title=None, text="Broke."
    )
    newer = replace(state, reviews=pd.concat([state.reviews, again]))
    assert documents_of(newer).texts[teapot] == (
        "Red enamel teapot. tea. Broke. Lovely. Pours well and keeps the tea warm"
    )
    short = documents_of(newer, DocumentSettings(review_characters=8))
    assert short.texts[teapot] == "Red enamel teapot. tea. Broke"
    silent = documents_of(newer, DocumentSettings(review_characters=0))
    assert silent.texts[teapot] == "Red enamel teapot. tea"


def test_documents_don_t_know_what_is_said_later(toy_shop, rng):
    start = int(toy_shop.reviews["timestamp"].min())
    moment = start + 5 * DAY_US
    reviews = toy_shop.reviews
    past = replace(toy_shop, reviews=reviews[reviews["timestamp"] < moment])
    shuffled = replace(toy_shop, reviews=reviews.iloc[rng.permutation(len(reviews))])
    documents = documents_of(toy_shop.as_of(moment))
    assert documents == documents_of(past.as_of(moment)) == documents_of(shuffled.as_of(moment))
    assert documents != documents_of(toy_shop.as_of())


@pytest.mark.data
def test_the_ids_of_a_real_catalogue_are_left_out(data_folder):
    items = pd.read_parquet(data_folder / "amazon_beauty_2014_5core/items.parquet")
    lists = items["s3rec_attribute_ids"].map(lambda ids: " | ".join(map(str, ids)))
    chosen = choose_attributes(items.assign(s3rec_attribute_ids=lists))
    assert chosen.tokens == ("s3rec_attribute_ids",)
    assert chosen.prose == ("llm_short_text",)
