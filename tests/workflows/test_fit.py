"""What a fit refuses before it works, and what it says where it can't test."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError, NotEnoughDataError, SettingsError
from unsung.rerankers.slot_rules import SlotRules
from unsung.workflows import fit as fit_module
from unsung.workflows.content import ContentBuilder
from unsung.workflows.encoder import EncoderChoice
from unsung.workflows.evaluate import EvaluateSettings
from unsung.workflows.fine_tuning import FineTuned
from unsung.workflows.fit import FitSettings, fit, fit_settings
from unsung.workflows.prepare import Shop, without_opted_out

PLAIN = FitSettings(encoder="none")


def shop_of(dataset: Dataset) -> Shop:
    check = {"shop": "toy", "tables": [], "findings": [], "reasons": []}
    return Shop(ShopSettings(name="toy", interactions=Source(path="orders.csv")), dataset, check)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where any work is begun."""

    def worked(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    for name in ("choose_encoder", "evaluate", "diagnose"):
        monkeypatch.setattr(fit_module, name, worked)


@pytest.mark.usefixtures("idle")
def test_a_place_that_is_no_bundle_is_refused_before_the_work(toy_shop: Dataset, tmp_path: Path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="not a bundle"):
        fit(shop_of(toy_shop), tmp_path, PLAIN)
    assert [file.name for file in tmp_path.iterdir()] == ["holiday.jpg"]


@pytest.mark.usefixtures("idle")
def test_days_are_not_chosen_by_steps(toy_shop: Dataset, tmp_path: Path):
    settings = FitSettings(evaluation=EvaluateSettings(protocol="leave-one-out"))
    with pytest.raises(InputError, match="protocol leave-one-out chose"):
        fit(shop_of(toy_shop), tmp_path / "bundle", settings)


@pytest.mark.usefixtures("idle")
def test_nothing_to_learn_from(toy_shop: Dataset, tmp_path: Path):
    empty = replace(toy_shop, interactions=toy_shop.interactions.take(slice(0, 0)))
    with pytest.raises(InputError, match="no interactions"):
        fit(shop_of(empty), tmp_path / "bundle", PLAIN)


@pytest.mark.parametrize("who", ["one", "all"])
def test_who_opted_out_is_not_learnt_from(toy_shop: Dataset, tmp_path: Path, monkeypatch, who):
    def seen(choice: object, dataset: Dataset, *_: object) -> None:
        raise LookupError(dataset.users.values.tolist(), len(dataset.interactions))

    monkeypatch.setattr(fit_module, "choose_encoder", seen)
    consent = [False] + [who == "one"] * (toy_shop.n_users - 1)
    table = pd.DataFrame({"user_id": toy_shop.users.values, "profiling_consent": consent})
    shop = shop_of(replace(toy_shop, user_table=table))
    if who == "all":
        with pytest.raises(InputError, match="no interactions"):
            fit(shop, tmp_path / "bundle", PLAIN)
        return
    first = int((toy_shop.interactions.user_index == 0).sum())
    with pytest.raises(LookupError) as found:
        fit(shop, tmp_path / "bundle", PLAIN)
    ids, rows = found.value.args
    assert ids == toy_shop.users.values[1:].tolist()
    assert rows == len(toy_shop.interactions) - first
    assert first > 0
    assert without_opted_out(shop).check["n_opted_out"] == 1
    assert "n_opted_out" not in shop.check


def test_flags_win_over_the_shop_file_and_that_over_defaults():
    told = {"seed": 3, "evaluation": {"tuning": {"relevance_budget": 0.02, "k": 7}}}
    shop = ShopSettings(interactions=Source(path="unused.csv"), fit=told)
    found = fit_settings(shop, {"seed": 5, "encoder": None, "evaluation.tuning.budget_s": 1})
    assert (found.seed, found.encoder) == (5, "auto")
    assert found.evaluation.tuning.relevance_budget == 0.02
    assert (found.evaluation.tuning.k, found.evaluation.tuning.budget_s) == (7, 1)
    assert shop.fit == told


def test_a_wrong_key_of_the_shop_file_is_named():
    shop = ShopSettings(interactions=Source(path="unused.csv"), fit={"evaluation": {"kk": 3}})
    with pytest.raises(SettingsError, match=r"\[fit\].*evaluation.kk"):
        fit_settings(shop)


def test_only_too_little_data_goes_untested(busy_shop: Dataset, tmp_path: Path, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise InputError("the checkpoint is of another training")

    monkeypatch.setattr(fit_module, "evaluate", refused)
    with pytest.raises(InputError, match="of another training"):
        fit(shop_of(busy_shop), tmp_path / "bundle", PLAIN)
    assert not (tmp_path / "bundle").exists()


class Constant:
    """An encoder to which every text is the same."""

    dim = 1

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), 1), dtype=np.float32)


def test_the_outlook_reads_no_vectors_that_know_sales(
    busy_shop: Dataset, tmp_path: Path, monkeypatch
):
    class AskedError(Exception):
        """Raised with the encoder, where the outlook is begun."""

    def asked(*_: object, encoder: object, **__: object) -> None:
        raise AskedError(encoder)

    pretrained = Constant("pretrained")
    learned = SimpleNamespace(tuned=FineTuned(ContentBuilder(Constant("pretrained, interest"))))
    monkeypatch.setattr(
        fit_module, "choose_encoder", lambda *_: (EncoderChoice("auto", ""), pretrained)
    )
    monkeypatch.setattr(fit_module, "evaluate", lambda *_, **__: learned)
    monkeypatch.setattr(fit_module, "evaluation_record", lambda *_, **__: {})
    monkeypatch.setattr(fit_module, "fit_outlook", asked)
    with pytest.raises(AskedError) as begun:
        fit(shop_of(busy_shop), tmp_path / "bundle", PLAIN)
    assert begun.value.args == (pretrained,)


def test_every_served_list_keeps_the_shops_rules(busy_shop: Dataset, tmp_path: Path, monkeypatch):
    def untested(*_: object, **__: object) -> None:
        raise NotEnoughDataError("too few.")

    monkeypatch.setattr(fit_module, "evaluate", untested)
    monkeypatch.setattr(fit_module, "fit_report_page", lambda _: "")
    brands = np.array(["oak", "elm"])[np.arange(busy_shop.n_items) % 2]
    shop = replace(busy_shop, catalogue=busy_shop.catalogue.assign(brand=brands))
    settings = PLAIN.model_copy(update={"rules": SlotRules(at_most={"brand": 1})})
    bundle = fit(shop_of(shop), tmp_path / "bundle", settings).bundle
    assert bundle.model.policy.rules == settings.rules
    for user in ("u0", "u7", "somebody new"):
        listed = [r.item_id for r in bundle.recommend(user, k=5)]
        held = [brands[shop.items.find(item)] for item in listed]
        assert len(set(held)) == len(held) == 2
    with pytest.raises(InputError, match="the catalogue has no seller_id"):
        wrong = PLAIN.model_copy(update={"rules": SlotRules(at_most={"seller": 1})})
        fit(shop_of(busy_shop), tmp_path / "other", wrong)
