"""Gems of a model in service: what can be sold today, and a table that no spreadsheet runs."""

import json
from functools import partial

import pytest

from unsung.operations.gems import gems_frame, gems_of
from unsung.operations.served_model import load_model
from unsung.operations.table_csv import as_csv
from unsung.pipeline.bundle import Records, write_bundle
from unsung.pipeline.review_files import write_reviews
from unsung.store.events import Event
from unsung.store.items import Item
from unsung.text.review_insight import ReviewInsight


def gem(item_id: str, audience: int = 7, title: str = "as it was") -> dict[str, object]:
    return {
        "item_id": item_id,
        "title": title,
        "score": 1.0,
        "expected_buyers": 9.4,
        "expected_of_alike": 4.0,
        "low": 3.0,
        "high": 15.0,
        "recent_buyers": 2,
        "buyers": 0,
        "parts": {"own": 0.2},
        "similar": [],
        "reason": "9 buyers expected, 4 of items that sell like it.",
        "obstacles": [
            {"code": "no_reason", "sentence": "None.", "evidence": {}},
            {"code": "overpriced", "sentence": "=It costs more.", "evidence": {}},
        ],
        "advice": ["Show it."],
        "audience": {"size": audience, "share": 0.1, "standard_error": 0.0, "examples": ["u1"]},
    }


@pytest.fixture
def served(model, moment, tmp_path):
    record = {
        "format": 1,
        "window_days": 28.0,
        "n_items": 3,
        "gems": [gem("rake"), gem("spade", 8), gem("gone", 9), gem("cosy", 10)],
        "back_test": {"windows": 0, "definition": "", "rows": []},
    }
    said = ReviewInsight({}, {"rake": {"n_reviews": 3, "praised": []}}, None)
    records = Records({}, {}, {"gems.json": record}, {}, [partial(write_reviews, said)])
    write_bundle(tmp_path / "bundle", model, records, created="2025-03-22T00:00:00Z")
    return load_model(tmp_path / "bundle")


def test_gems_that_can_be_sold_now(served, told, moment):
    shop = served.shop
    event = Event("1", "new", "rake", "purchase", shop.since + 1)
    shop.apply(told([event], [Item("spade", {"in_stock": False, "title": "Better spade"})]))
    served.refresh(shop.since + 2)
    found = gems_of(served, 10)
    assert [one["item_id"] for one in found["gems"]] == ["rake", "cosy"]
    assert found["gems"][0]["title"] == "Garden rake"
    assert found["gems"][0]["buyers_since"] > 0
    assert [one["reviews"] for one in found["gems"]] == [{"n_reviews": 3, "praised": []}, None]
    everything = gems_of(served, 2, in_stock_only=False)
    assert [one["title"] for one in everything["gems"]] == ["Garden rake", "Better spade"]
    json.dumps(found)


def test_an_erased_customer_is_no_example(served, told):
    assert gems_of(served, 1)["gems"][0]["audience"]["examples"] == ["u1"]
    served.shop.apply(told([]), ["u1"])
    found = gems_of(served, 10)["gems"]
    assert {name for one in found for name in one["audience"]["examples"]} == set()
    assert found[0]["audience"]["size"] == 7


def test_some_of_the_gems(served):
    def found(**asked) -> list[str]:
        return [one["item_id"] for one in gems_of(served, 10, **asked)["gems"]]

    every = found()
    assert found(words="garden RAKE") == ["rake"]
    assert found(words="cosy") == ["cosy"]
    assert found(words="neither") == []
    assert found(held_back_by="overpriced") == every
    assert found(held_back_by="seasonal") == []
    assert found(sort="audience") == every[::-1]
    assert found(sort="expected") == every


def test_a_table_for_spreadsheets(served):
    text = as_csv(gems_frame(gems_of(served, 10)))
    lines = text.decode("utf-8-sig").strip().splitlines()
    assert lines[0].startswith("item_id,title,expected_buyers")
    assert len(lines) == 4
    assert ",=It" not in text.decode()
    assert b"None." not in text
    assert gems_frame({"gems": []}).columns[0] == "item_id"


def test_a_model_without_gems(bundle):
    assert gems_of(load_model(bundle), 5) is None
