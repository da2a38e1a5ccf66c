"""Advice on titles as a fit writes it, and as a service finds it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from unsung.artifacts import open_folder, write_folder, write_json
from unsung.data.dataset import Dataset
from unsung.discovery.text_advice import TextAdviceSettings
from unsung.pipeline.review_files import ADVICE_FILE, read_title_advice
from unsung.workflows.text_advice import title_advice

SETTINGS = TextAdviceSettings(least_sellers=1, least_share=0.1)


@pytest.fixture
def model(toy_shop: Dataset) -> SimpleNamespace:
    """The kettle is the head and says its colour; all else is established tail."""
    state = toy_shop.as_of()
    kettle = state.items.find("kettle")
    state.catalogue.loc[kettle, "title"] = "Blue kettle"
    state.catalogue.loc[state.items.find("spade"), "title"] = "Spade"
    state.catalogue["colour"] = "green"
    segments = tuple("head" if item == kettle else "tail" for item in range(state.n_items))
    return SimpleNamespace(state=state, segments=segments)


def diagnosis_of(**codes: list[str]) -> dict:
    rows = [
        {"item_id": item_id, "reasons": [{"code": code} for code in found]}
        for item_id, found in codes.items()
    ]
    return {"tables": {"items": {"rows": rows}}}


def test_only_items_with_a_poor_title_get_advice(model: SimpleNamespace) -> None:
    diagnosis = diagnosis_of(spade=["short_title", "seasonal"], rake=["overpriced"])
    gems = {"gems": [{"item_id": "spade", "advice": ["Show it."]}]}
    found = title_advice(model, diagnosis, None, gems, SETTINGS)
    assert found is not None
    assert list(found["items"]) == ["spade"]
    assert "green" in found["items"]["spade"]["suggestion"]
    assert gems["gems"][0]["advice"][0] == found["items"]["spade"]["sentence"]


def test_where_no_title_is_poor_there_is_none(model: SimpleNamespace) -> None:
    assert title_advice(model, diagnosis_of(rake=["overpriced"]), None, None, SETTINGS) is None


def test_the_bundle_brings_it_back(model: SimpleNamespace, tmp_path: Path) -> None:
    found = title_advice(model, diagnosis_of(spade=["no_title"]), None, None, SETTINGS)
    assert found is not None
    with write_folder(tmp_path / "bundle", created="2026-01-01T00:00:00Z") as draft:
        write_json(draft.path / ADVICE_FILE, found)
    assert read_title_advice(open_folder(tmp_path / "bundle")) == found["items"]
    with write_folder(tmp_path / "bare", created="2026-01-01T00:00:00Z"):
        pass
    assert read_title_advice(open_folder(tmp_path / "bare")) == {}


def test_segments_are_those_of_the_model(model: SimpleNamespace) -> None:
    """Without a head there is nobody to be held against."""
    model.segments = tuple("tail" for _ in model.segments)
    found = title_advice(model, diagnosis_of(spade=["short_title"]), None, None, SETTINGS)
    assert found is not None
    assert found["items"]["spade"]["missing"] == []
    assert np.isscalar(found["items"]["spade"]["n_sellers"])
