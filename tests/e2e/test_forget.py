"""Customers taken out of a bundle: nothing of them is left, and the rest is a fit without them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from unsung.cli.main import app
from unsung.data.identifiers import Identifiers
from unsung.data.joining import state_without_users
from unsung.errors import InputError
from unsung.pipeline.bundle import Bundle, load_bundle
from unsung.recommenders.linear import Linear
from unsung.store.database import open_store
from unsung.store.models import active_model
from unsung.store.personal import erase_person
from unsung.workflows.fit import FitSettings, fit
from unsung.workflows.forget import Forgotten, forget
from unsung.workflows.prepare import Shop, read_shop

GONE = ("c3", "c11")


@pytest.fixture(scope="module")
def before(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture(scope="module")
def forgotten(before: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    return forget(before, (*GONE, "nobody"), tmp_path_factory.mktemp("out") / "left")


def linear_of(bundle: Bundle) -> Linear:
    (linear,) = (c for c in bundle.model.first.components if isinstance(c, Linear))
    return linear


def test_the_linear_model_is_that_of_a_fit_without_them(before: Bundle, forgotten: Forgotten):
    state = before.model.state
    left = state_without_users(state, np.isin(state.users.values, GONE))
    anew = Linear(linear_of(before).settings).fit(left, rng=np.random.default_rng(0))
    found = linear_of(forgotten.bundle).weights.toarray()
    np.testing.assert_allclose(found, anew.weights.toarray(), atol=1e-5)
    assert abs(found - linear_of(before).weights.toarray()).max() > 1e-4


def test_they_are_unknown_and_the_others_stay(before: Bundle, forgotten: Forgotten):
    assert set(forgotten.users) == set(GONE)
    old, new = before.model.state, forgotten.bundle.model.state
    assert new.n_users == old.n_users - 2
    assert len(new.interactions) == len(old.interactions) - forgotten.interactions
    assert forgotten.interactions > 0
    for user_id in ("c1", "c12"):
        histories = [
            sorted(state.items.values[state.pairs.item_index[state.pairs.of_user(user)]])
            for state, user in ((old, old.users.find(user_id)), (new, new.users.find(user_id)))
        ]
        assert histories[0] == histories[1] != []
    stranger = forgotten.bundle.recommend("somebody else", 5)
    as_forgotten = forgotten.bundle.recommend("c3", 5)
    assert [r.item_id for r in as_forgotten] == [r.item_id for r in stranger]


def test_nothing_else_in_the_bundle_is_lost(before: Bundle, forgotten: Forgotten):
    old, new = before.folder, forgotten.bundle.folder
    assert set(new.manifest.files) == set(old.manifest.files)
    assert new.manifest.settings == old.manifest.settings
    assert new.file("report.html").read_bytes() == old.file("report.html").read_bytes()


def test_no_byte_of_an_id_is_left(tmp_path: Path, shop_folder: Path, before: Bundle):
    canary = "canary-7f3a9"
    shop = read_shop(shop_folder)
    names = shop.dataset.users.values.copy()
    names[names == "c3"] = canary
    renamed = replace(shop.dataset, users=Identifiers(names))
    settings = FitSettings.model_validate(before.folder.manifest.settings["fit"])
    fitted = fit(Shop(shop.settings, renamed, shop.check), tmp_path / "bundle", settings)
    assert found_in(tmp_path / "bundle", canary)
    forget(fitted.bundle, [canary], tmp_path / "left")
    assert not found_in(tmp_path / "left", canary)


def test_a_bundle_that_knows_none_of_them_says_so(before: Bundle, tmp_path: Path):
    with pytest.raises(InputError, match="knows none of these customers"):
        forget(before, ["nobody"], tmp_path / "left")


def test_whom_the_store_has_erased_is_forgotten_and_the_service_follows(
    bundle_folder: Path, tmp_path: Path
):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    store = open_store(url)
    erase_person(store, "c3", 1)
    out = tmp_path / "left"
    words = ["forget", str(bundle_folder), "--out", str(out), "--store", url, "--json"]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    assert (said["users"], said["serves"]) == (1, True)
    assert active_model(store).path == str(out.resolve())
    assert load_bundle(out).model.state.users.find("c3") < 0


def test_somebody_must_be_named(bundle_folder: Path, tmp_path: Path):
    ran = CliRunner().invoke(app, ["forget", str(bundle_folder), "--out", str(tmp_path / "left")])
    assert ran.exit_code != 0
    assert "--user" in str(ran.exception)


def found_in(folder: Path, text: str) -> list[str]:
    return [f.name for f in folder.rglob("*") if f.is_file() and text.encode() in f.read_bytes()]
