"""What reviews say as files of a bundle."""

from pathlib import Path
from typing import Any

import pandas as pd

from unsung import schema
from unsung.artifacts import Folder, write_arrays, write_json, write_table
from unsung.artifacts.files import to_json
from unsung.text.base import TextEncoder
from unsung.text.review_insight import ReviewInsight
from unsung.text.sentiment import Sentiment, SentimentSettings

SHOP_FILE = "reviews.json"
ITEMS_FILE = "reviews.parquet"
SENTIMENT_FILE = "sentiment.safetensors"
ADVICE_FILE = "titles.json"


def write_reviews(insight: ReviewInsight | None, folder: Path) -> None:
    """Write the shop's figures, a row an item, and the sentiment's weights where there are any.

    Parameters
    ----------
    insight : ReviewInsight or None
        None writes nothing.
    folder : Path
        Of the bundle.
    """
    if insight is None:
        return
    sentiment = insight.sentiment
    settings = None if sentiment is None else sentiment.settings.model_dump(mode="json")
    write_json(folder / SHOP_FILE, {**insight.shop, "sentiment": settings})
    rows = {
        schema.ITEM_ID: pd.array(list(insight.items), dtype="str"),
        "record": pd.array(
            [to_json(record).decode() for record in insight.items.values()], dtype="str"
        ),
    }
    write_table(folder / ITEMS_FILE, pd.DataFrame(rows))
    if sentiment is not None:
        write_arrays(folder / SENTIMENT_FILE, sentiment.to_arrays())


def read_item_reviews(folder: Folder) -> dict[str, str]:
    """By item id, its record of ``ReviewInsight.items`` as JSON; empty without reviews."""
    if ITEMS_FILE not in folder:
        return {}
    table = folder.read_table(ITEMS_FILE)
    return dict(zip(table[schema.ITEM_ID].tolist(), table["record"].tolist(), strict=True))


def read_title_advice(folder: Folder) -> dict[str, dict[str, Any]]:
    """By item id, what ``unsung.discovery.text_advice`` says; empty where no title is poor."""
    if ADVICE_FILE not in folder:
        return {}
    items: dict[str, dict[str, Any]] = folder.read_json(ADVICE_FILE)["items"]
    return items


def read_sentiment(folder: Folder, encoder: TextEncoder | None = None) -> Sentiment | None:
    """The sentiment that was learnt from the shop's stars; None where there is none.

    Parameters
    ----------
    folder : Folder
    encoder : TextEncoder, optional
        The bundle's own; without it words alone are read.
    """
    if SENTIMENT_FILE not in folder:
        return None
    card: dict[str, Any] = folder.read_json(SHOP_FILE)
    settings = SentimentSettings.model_validate(card["sentiment"])
    return Sentiment.from_arrays(settings, folder.read_arrays(SENTIMENT_FILE), encoder)
