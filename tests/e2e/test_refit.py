"""A shop fitted again, with what its service stored, and without whom it erased."""

import json
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from unsung.errors import InputError
from unsung.operations.jobs import RunningJob, start_refit
from unsung.operations.promotion import Churn, churn_between, propose_model
from unsung.pipeline.bundle import load_bundle
from unsung.store.choices import Choice, set_choice
from unsung.store.database import open_store
from unsung.store.events import Event, append_events
from unsung.store.items import Item, put_items
from unsung.store.jobs import add_job, finish_job, job
from unsung.store.models import active_model, models
from unsung.store.personal import erase_person
from unsung.workflows.evaluate import EvaluateSettings
from unsung.workflows.fit import FitSettings
from unsung.workflows.prepare import read_shop, without_opted_out
from unsung.workflows.refit import refit, with_stored
from unsung.workflows.tune import TuneSettings

NOW = pd.Timestamp("2026-05-02T00:00:00Z").value // 1_000
SETTINGS = FitSettings(
    encoder="none",
    evaluation=EvaluateSettings(min_users=20, tuning=TuneSettings(budget_s=1)),
)


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(str(tmp_path / "shop.db"))
    yield opened
    opened.close()


@pytest.fixture
def busy_store(store):
    """Somebody new bought two things, one of them new; c3 was erased."""
    put_items(store, [Item("NEW", {"title": "red samovar", "category": "tea"})], NOW)
    bought = [("S000", "purchase"), ("NEW", "purchase"), ("S001", "view")]
    append_events(
        store,
        [Event(f"e{n}", "new one", i, kind, NOW - n) for n, (i, kind) in enumerate(bought)],
        NOW,
    )
    erase_person(store, "c3", NOW)
    return store


def test_the_shop_with_what_was_stored(shop_folder: Path, busy_store):
    files = read_shop(shop_folder)
    found = with_stored(files, busy_store)
    users, items = found.dataset.users, found.dataset.items
    assert users.find("new one") >= 0
    assert users.find("c3") < 0
    assert files.dataset.users.find("c3") >= 0
    new = items.find("NEW")
    assert found.dataset.catalogue["title"].iloc[new] == "red samovar"
    assert set(found.dataset.event_kinds) == {"purchase", "view"}
    rows = found.dataset.interactions
    mine = rows.user_index == users.find("new one")
    assert mine.sum() == 3
    assert rows.is_target[mine].sum() == 2
    erased = (files.dataset.interactions.user_index == files.dataset.users.find("c3")).sum()
    assert len(rows) == len(files.dataset.interactions) - erased + 3


def test_the_newest_word_on_consent_counts(shop_folder: Path, busy_store):
    files = read_shop(shop_folder)
    n_rows = len(with_stored(files, busy_store).dataset.interactions)
    n_theirs = (files.dataset.interactions.user_index == files.dataset.users.find("c5")).sum()
    for wanted, left_out in ((False, n_theirs), (True, 0)):
        set_choice(busy_store, Choice("c5", "profiling", "", wanted, NOW))
        learnt = without_opted_out(with_stored(files, busy_store)).dataset
        assert (learnt.users.find("c5") >= 0) == wanted
        assert len(learnt.interactions) == n_rows - left_out
    assert n_theirs > 0


def test_an_empty_store_adds_nothing(shop_folder: Path, store):
    files = read_shop(shop_folder)
    found = with_stored(files, store)
    assert len(found.dataset.interactions) == len(files.dataset.interactions)


def test_a_refit_serves_where_little_changes(
    shop_folder: Path, bundle_folder: Path, busy_store, tmp_path: Path
):
    first, _ = propose_model(busy_store, bundle_folder, "test", NOW)
    assert first.status == "active"
    fitted = refit(read_shop(shop_folder), busy_store, tmp_path / "again", SETTINGS)
    model = fitted.bundle.model
    assert model.state.users.find("new one") >= 0
    assert model.state.users.find("c3") < 0
    entry, churn = propose_model(busy_store, tmp_path / "again", "test", NOW)
    assert churn is not None
    assert churn.n_users > 50
    assert (entry.status == "active") == churn.small
    assert active_model(busy_store).version == (entry if churn.small else first).version
    assert len(models(busy_store)) == 2


def test_a_model_doesn_t_differ_from_itself(bundle_folder: Path, rng):
    model = load_bundle(bundle_folder).model
    assert churn_between(model, model, rng) == Churn(1.0, 1.0, model.state.n_users)


@pytest.mark.parametrize(
    ("churn", "small"),
    [
        (Churn(0.6, 0.5, 10), True),
        (Churn(0.59, 0.9, 10), False),
        (Churn(0.9, 0.49, 10), False),
        (Churn(0.0, 0.0, 0), False),
    ],
)
def test_who_may_serve_without_approval(churn: Churn, small: bool):
    assert churn.small == small
    assert churn.sentence().endswith(".")


def test_jobs_say_how_they_go(store):
    queued = add_job(store, "refit", {}, NOW)
    clock = iter(range(NOW, NOW + 10**9, 3_000_000))
    running = RunningJob(store, queued.job_id, lambda: next(clock))
    running.begin(42)
    assert job(store, queued.job_id).state == "running"
    for done in range(5):
        running.progress("embedding texts", done, 4)
    told = job(store, queued.job_id)
    assert told.message == "embedding texts"
    assert told.progress == 1.0
    running.done("It serves.", "bundle")
    assert job(store, queued.job_id).state == "done"
    with pytest.raises(InputError, match="isn't waiting"):
        RunningJob(store, queued.job_id, lambda: NOW).begin(43)
    nobodys = RunningJob(store, None, lambda: NOW)
    nobodys.begin(1)
    nobodys.progress("x", 1, 2)
    nobodys.failed("y")
    nobodys.done("y", "z")


def test_a_cancelled_job_ends(store):
    queued = add_job(store, "refit", {}, NOW)
    running = RunningJob(store, queued.job_id, lambda: NOW)
    running.begin(42)
    finish_job(store, queued.job_id, "cancelled", "Called off.", NOW)
    with pytest.raises(KeyboardInterrupt):
        running.progress("embedding texts", 1, 2)
    running.failed("too late")
    assert job(store, queued.job_id).state == "cancelled"


def test_a_refit_as_a_process_of_its_own(tmp_path: Path, store, monkeypatch):
    started = []

    def noted(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    popen = subprocess.Popen
    monkeypatch.setattr("unsung.operations.jobs.subprocess.Popen", noted)
    with pytest.raises(InputError, match="--shop"):
        start_refit(store, "", None, tmp_path / "again", "test", NOW)
    now = time.time_ns() // 1_000
    absent = tmp_path / "no shop here"
    url = str(tmp_path / "shop.db")
    begun = start_refit(store, url, absent, tmp_path / "again", "test", now)
    with pytest.raises(InputError, match="under way"):
        start_refit(store, url, absent, tmp_path / "again", "test", now)
    (process,) = started
    assert process.wait(timeout=100) == 2
    ended = job(store, begun.job_id)
    assert ended.state == "failed"
    assert "no shop here" in ended.message
    assert json.loads(json.dumps(dict(ended.arguments)))["who"] == "test"
