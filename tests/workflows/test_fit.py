"""What a fit refuses before it works, and what it says where it can't test."""

from dataclasses import replace
from pathlib import Path

import pytest

from unsung.data.dataset import Dataset
from unsung.data.settings import ShopSettings, Source
from unsung.errors import InputError, SettingsError
from unsung.workflows import fit as fit_module
from unsung.workflows.evaluate import EvaluateSettings
from unsung.workflows.fit import FitSettings, fit, fit_settings
from unsung.workflows.prepare import Shop

PLAIN = FitSettings(encoder="none")


def shop_of(dataset: Dataset) -> Shop:
    check = {"shop": "toy", "tables": [], "findings": [], "reasons": []}
    return Shop(ShopSettings(name="toy", interactions=Source(path="orders.csv")), dataset, check)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where any work is begun."""

    def worked(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    for name in ("find_encoder", "evaluate", "diagnose"):
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
    with pytest.raises(InputError, match="protocol time"):
        fit(shop_of(toy_shop), tmp_path / "bundle", settings)


@pytest.mark.usefixtures("idle")
def test_nothing_to_learn_from(toy_shop: Dataset, tmp_path: Path):
    empty = replace(toy_shop, interactions=toy_shop.interactions.take(slice(0, 0)))
    with pytest.raises(InputError, match="no interactions"):
        fit(shop_of(empty), tmp_path / "bundle", PLAIN)


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
