"""What an item's text makes likely is told of every item that the model knows how to read."""

import numpy as np
import pytest
from scipy.special import expit

from unsung.operations.served_model import load_model
from unsung.operations.shop_facts import item_insight
from unsung.pipeline.outlook import Outlook
from unsung.statistics.linear_fit import LinearFit
from unsung.store.items import Item
from unsung.text.documents import DocumentSettings, build_documents
from unsung.text.term_vectors import TermSettings, TermVectors


@pytest.fixture
def served(bundle):
    """A model whose outlook knows a single word."""
    served = load_model(bundle)
    catalogue, settings = served.shop.whole.catalogue, DocumentSettings()
    documents = build_documents(catalogue, settings.attributes, settings=settings)
    terms = TermVectors.fit(documents, TermSettings(max_words=1))
    weights = np.where(np.array(terms.terms) == "rake", -3.0, 0.0)
    heads = LinearFit(weights, 2.0), LinearFit(-weights, 0.5)
    served.bundle.__dict__["outlook"] = Outlook("terms", settings, terms, None, *heads, {})
    return served


def test_an_item_with_a_history_is_read_as_if_it_were_new(served):
    found = item_insight(served, "rake")["outlook"]
    assert found["p_tail"] < expit(2)
    assert found["words"][0]["word"] == "rake"
    assert found["words"][0]["change"] < 0
    assert [one["word"] for one in found["words"] if one["change"] < 0] == ["rake"]
    other = item_insight(served, "spade")["outlook"]
    assert other["p_tail"] == pytest.approx(expit(2), abs=1e-4)
    assert other["words"] == []
    assert other["demand"] < found["demand"]


def test_an_item_that_came_after_the_fit_is_new(served, told):
    shop = served.shop
    shop.apply(told([], [Item("later", {"title": "Long rake"})]))
    served.refresh(shop.since + 2)
    found = item_insight(served, "later")["outlook"]
    assert found["is_new"]
    assert found["p_tail"] < expit(2)


def test_without_an_outlook_there_is_none(bundle):
    assert item_insight(load_model(bundle), "rake")["outlook"] is None
