import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unsung.artifacts import read_json, read_table
from unsung.errors import InputError
from unsung.pipeline.outlook import read_outlook
from unsung.popularity.cohorts import BIRTH_CUT, LABELLED, WINDOW_CUT
from unsung.schema import DAY_US
from unsung.workflows.outlook import ShopOutlook, fit_outlook, outlook_table, write_outlook
from unsung.workflows.outlook_examples import OutlookSettings, outlook_examples

START = np.datetime64("2024-01-01", "us").astype(np.int64)


def quick(**changed):
    return OutlookSettings(min_labelled=20, min_rare=3, fine_tuning=None).model_copy(update=changed)


def test_the_planted_word_is_found(planted_shop):
    outlook = fit_outlook(planted_shop, quick())
    assert outlook.model == "terms"
    assert outlook.record["model_name"] == "term vectors"
    table = outlook_table(outlook, planted_shop, quick())
    red = table["title"].str.contains("red")
    assert 0 < red.sum() < len(table)
    assert table["p_tail"][red].max() < 0.5 < table["p_tail"][~red].min()
    assert table["demand"][red].min() > 8
    assert table["demand"][~red].max() < 3
    assert (np.diff(table["demand"]) <= 0).all()
    for _, row in table[red].iterrows():
        assert row["words"][0] == "red"
        assert row["changes"][0] < 0


def test_the_table_has_the_items_without_a_history(planted_shop):
    settings = quick(n_words=0)
    outlook = fit_outlook(planted_shop, settings)
    table = outlook_table(outlook, planted_shop, settings)
    state = planted_shop.as_of()
    labels = outlook_examples(planted_shop, settings).labels
    never, young = state.buyers == 0, labels.status == WINDOW_CUT
    assert never.sum() == 1
    assert young.sum() > 3
    assert set(table["item_id"]) == set(state.items.values[never | young])
    assert (table["words"].map(len) == 0).all()
    everything = outlook_table(outlook, planted_shop, settings, all_items=True)
    assert len(everything) == planted_shop.n_items
    assert len(outlook_table(outlook, planted_shop, quick(most_explained=2))) == len(table)


def test_the_record_says_what_was_learned_from_and_how_well(planted_shop):
    record = fit_outlook(planted_shop, quick()).record
    labels = outlook_examples(planted_shop, quick()).labels
    assert record["n_labelled"] == (labels.status == LABELLED).sum()
    assert record["n_rare"] == labels.is_rare().sum()
    assert "28 days from the first sale" in record["definition"]
    prior, terms = record["models"]
    assert (prior["name"], terms["name"]) == ("prior", "terms")
    assert not prior["chosen"]
    assert terms["chosen"]
    assert terms["roc_auc"] > 0.95
    assert terms["pr_auc_rare"] > 0.9 > prior["prevalence_rare"]
    assert sum(part["items"] for part in record["calibration"]) == record["n_validation"]


def test_what_is_written_is_read_back(planted_shop, tmp_path):
    outlook = fit_outlook(planted_shop, quick())
    table = outlook_table(outlook, planted_shop, quick())
    write_outlook(ShopOutlook(outlook, table), None, tmp_path)
    assert read_json(tmp_path / "outlook.json") == outlook.record
    found = read_table(tmp_path / "outlook.parquet")
    assert found["item_id"].tolist() == table["item_id"].tolist()
    assert [list(row) for row in found["words"]] == table["words"].tolist()
    again = outlook_table(read_outlook(tmp_path / "outlook"), planted_shop, quick())
    pd.testing.assert_frame_equal(again, table)


def test_a_diagnosis_has_the_outlook(planted_shop, monkeypatch):
    from unsung.data.settings import ShopSettings, Source
    from unsung.workflows import outlook_diagnosis
    from unsung.workflows.diagnose import diagnose

    shop = ShopSettings(name="Planted", interactions=Source(path="x.csv"))
    monkeypatch.setattr(outlook_diagnosis, "OutlookSettings", quick)
    found = json.loads(json.dumps(diagnose(planted_shop, shop).to_json(), allow_nan=False))
    tables = found["tables"]
    for name in ("outlook", "outlook_models", "outlook_calibration"):
        assert set(tables[name]["rows"][0]) == set(tables[name]["columns"])
    rows = tables["outlook"]["rows"]
    likely = [row for row in rows if row["p_tail"] < 0.5]
    assert all(row["for_sales"].startswith("red") for row in likely)
    assert all("blue" in row["for_tail"] for row in rows if row not in likely)
    assert found["summary"][-1] == (
        f"Of {len(rows)} listed items without a history, {len(likely)} will by their text rather "
        "be a top seller of their time than in its tail."
    )
    outlook = fit_outlook(planted_shop, quick(n_words=0))
    given = ShopOutlook(outlook, outlook_table(outlook, planted_shop, quick(n_words=0)))
    other = diagnose(planted_shop, shop, outlook=given).to_json()["tables"]["outlook"]
    assert [row["p_tail"] for row in other["rows"]] == [row["p_tail"] for row in rows]
    assert {row["for_sales"] for row in other["rows"]} == {""}


def test_a_shop_whose_items_all_have_a_history_needs_no_outlook(planted_shop):
    from unsung.workflows.outlook_diagnosis import outlook_sentence, outlook_tables

    created = pd.array(np.full(planted_shop.n_items, START), dtype="Int64")
    old = replace(planted_shop, catalogue=planted_shop.catalogue.assign(created_at=created))
    moment = int(START + 25 * DAY_US)
    kept = old.with_interactions(old.interactions.before(moment))
    listed = planted_shop.as_of(moment).buyers > 0
    assert 0 < listed.sum() < len(listed)
    few = outlook_tables(kept, kept.as_of(moment))
    assert "only 0 items have had their first 28 days" in few["outlook"].note
    assert outlook_sentence(few) is None
    state = planted_shop.as_of()
    rows = planted_shop.interactions
    settled = planted_shop.with_interactions(
        rows.take(state.first_seen[rows.item_index] < START + 300 * DAY_US)
    )
    everything = replace(settled, catalogue_is_derived=True)
    tables = outlook_tables(everything, everything.as_of(int(START + 390 * DAY_US)))
    assert tables["outlook"].note == "Every listed item has a history."


def test_nothing_at_or_after_the_moment_is_read(planted_shop):
    moment = int(START + 250 * DAY_US)
    before = planted_shop.with_interactions(planted_shop.interactions.before(moment))
    outlook = fit_outlook(planted_shop, quick(), as_of=moment)
    # The shop that ends at the moment has the same end, but for the last sale's microsecond.
    labels = [outlook_examples(shop, quick(), moment).labels for shop in (planted_shop, before)]
    np.testing.assert_array_equal(labels[0].status, labels[1].status)
    np.testing.assert_array_equal(labels[0].place, labels[1].place)
    late = planted_shop.as_of().first_seen >= moment
    assert not labels[0].labelled[late].any()
    other = fit_outlook(before, quick(), as_of=moment)
    np.testing.assert_array_equal(outlook.tail.coefficients, other.tail.coefficients)
    np.testing.assert_array_equal(outlook.demand.coefficients, other.demand.coefficients)


def test_titles_of_order_lines_are_those_of_birth(planted_shop):
    own = planted_shop.catalogue["title"]
    rows = planted_shop.interactions
    first = np.zeros(len(rows), dtype=bool)
    first[np.unique(rows.item_index, return_index=True)[1]] = True
    names = np.array([*sorted(set(own)), "damaged"], dtype=object)
    number = {name: place for place, name in enumerate(names)}
    title = [
        number[own[item]] if is_first else number["damaged"]
        for item, is_first in zip(rows.item_index, first, strict=True)
    ]
    derived = replace(
        planted_shop,
        catalogue=planted_shop.catalogue[["item_id"]],
        catalogue_is_derived=True,
        titles=names,
        interactions=replace(rows, title=np.array(title, dtype=np.int32)),
    )
    documents = outlook_examples(derived, quick()).documents
    sold = np.flatnonzero(planted_shop.as_of().buyers)
    whole = outlook_examples(planted_shop, quick()).documents
    assert [documents.titles[row] for row in sold] == [whole.titles[row] for row in sold]
    # A catalogue that names some of them wins where it does.
    half = derived.catalogue.assign(title=own.where(np.arange(len(own)) % 2 == 0))
    mixed = outlook_examples(replace(derived, catalogue=half), quick()).documents
    assert [mixed.titles[row] for row in sold] == [whole.titles[row] for row in sold]
    unsold = np.flatnonzero(planted_shop.as_of().buyers == 0)[0]
    assert documents.titles[unsold] == ""


def test_items_that_were_there_before_the_data_can_teach_too(planted_shop):
    settings = quick(min_established=10, established_weights=(0.3,))
    examples = outlook_examples(planted_shop, settings)
    assert (examples.labels.status == BIRTH_CUT).sum() == 20
    assert examples.established.labelled.sum() == 20
    chosen = fit_outlook(planted_shop, settings).record["chosen"]
    assert chosen["tail_established_weight"] == 0.3
    assert chosen["demand_established_weight"] == 0.3


def test_a_catalogue_that_dates_its_items_has_no_cut_births(planted_shop):
    created = np.full(planted_shop.n_items, START, dtype=np.int64)
    dated = replace(
        planted_shop,
        catalogue=planted_shop.catalogue.assign(created_at=pd.array(created, dtype="Int64")),
    )
    examples = outlook_examples(dated, quick())
    assert not (examples.labels.status == BIRTH_CUT).any()
    assert not examples.established.labelled.any()


def test_without_a_clock_totals_are_the_labels_and_named_so(planted_shop):
    ordered = planted_shop.with_interactions(planted_shop.interactions, has_clock=False)
    outlook = fit_outlook(ordered, quick())
    assert "all distinct buyers" in outlook.record["definition"]
    table = outlook_table(outlook, ordered, quick())
    assert len(table) == 1
    assert table["title"].tolist() == ["red tea"]
    assert table["p_tail"][0] < 0.5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"min_labelled": 1000}, "1,000 are needed to tell the outlook"),
        ({"min_rare": 150}, "150 are needed to learn what sets them apart"),
        ({"window_days": 4000.0}, "only 0 items have had their first 4000 days"),
    ],
)
def test_where_labels_are_few_it_says_so(planted_shop, changed, message):
    with pytest.raises(InputError, match=message):
        fit_outlook(planted_shop, quick(**changed))


def test_without_text_it_says_so(planted_shop):
    silent = replace(planted_shop, catalogue=planted_shop.catalogue[["item_id"]])
    with pytest.raises(InputError, match="no item has a title"):
        fit_outlook(silent, quick())


def test_words_that_tell_nothing_leave_the_prior(planted_shop):
    same = replace(planted_shop, catalogue=planted_shop.catalogue.assign(title="red lamp"))
    outlook = fit_outlook(same, quick())
    assert outlook.model == "prior"
    table = outlook_table(outlook, same, quick())
    share = outlook.record["n_rare"] / outlook.record["n_labelled"]
    np.testing.assert_allclose(table["p_tail"], 1 - share, atol=1e-4)
    assert (table["words"].map(len) == 0).all()


@pytest.mark.train
def test_the_model_that_validation_prefers_is_exported(
    planted_shop, tiny_tuning, tmp_path, monkeypatch
):
    from unsung.workflows import outlook as workflow

    # Words alone tell all here: only a head start makes the fine-tuned encoder the choice.
    monkeypatch.setattr(workflow, "MARGIN", -1.0)
    settings = quick(fine_tuning=tiny_tuning)
    outlook = fit_outlook(planted_shop, settings, folder=tmp_path)
    assert outlook.model == "fine_tuned_terms"
    assert outlook.record["training"]["task"] == "outlook"
    table = outlook_table(outlook, planted_shop, settings)
    write_outlook(ShopOutlook(outlook, table), "planted, interest", tmp_path / "bundle")
    found = read_outlook(tmp_path / "bundle" / "outlook")
    assert found.encoder.name == "planted, outlook"
    again = outlook_table(found, planted_shop, settings)
    np.testing.assert_allclose(again["p_tail"], table["p_tail"], atol=1e-3)
    red = table["title"].str.contains("red")
    assert table["p_tail"][red].max() < table["p_tail"][~red].min()
    # The same folder again: the training is there already, its encoder is written anew.
    repeated = fit_outlook(planted_shop, settings, folder=tmp_path)
    np.testing.assert_array_equal(repeated.tail.coefficients, outlook.tail.coefficients)


@pytest.mark.train
def test_the_shops_own_encoder_can_be_the_choice(planted_shop, tmp_path, monkeypatch):
    from unsung.workflows import outlook as workflow

    class Letters:
        name, dim = "letters", 3

        def encode(self, texts):
            rows = [[text.count("r"), text.count("u"), text.count("a")] for text in texts]
            return np.array(rows, dtype=np.float32)

    monkeypatch.setattr(workflow, "MARGIN", -1.0)
    outlook = fit_outlook(planted_shop, quick(), encoder=Letters())
    assert outlook.model == "frozen"
    table = outlook_table(outlook, planted_shop, quick())
    write_outlook(ShopOutlook(outlook, table), Letters.name, tmp_path)
    assert not (tmp_path / "outlook" / "encoder").exists()
    assert read_outlook(tmp_path / "outlook", Letters()).model == "frozen"
