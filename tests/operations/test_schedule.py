"""Refits that come by themselves: when they are due, once, and never two at a time."""

from pathlib import Path

import pytest

from unsung.operations import jobs as job_module
from unsung.operations.running import RunningShop
from unsung.operations.schedule import HOUR_US, refit_if_due
from unsung.store.jobs import finish_job, jobs

URL = "sqlite:///shop.db"


@pytest.fixture
def began(monkeypatch) -> list[list[str]]:
    """The command lines that would have begun."""
    found: list[list[str]] = []
    monkeypatch.setattr(job_module, "_start", lambda arguments, url: found.append(arguments))
    return found


@pytest.fixture
def ask(store, bundle, moment):
    """Asks for the refit that is due so many hours after the model began to serve."""
    RunningShop(store, lambda place, error: None).start(bundle, moment)

    def at(hours: float):
        now = moment + round(hours * HOUR_US)
        return refit_if_due(store, URL, Path("shop.toml"), bundle, 24, now)

    return at


def test_it_is_due_when_the_model_is_so_old(ask, began):
    assert ask(23.9) is None
    job = ask(24)
    assert job is not None
    assert began == [["refit", "shop.toml", "--out", job.arguments["out"], "--job", job.job_id]]
    assert job.arguments["who"] == "schedule"


def test_nothing_begins_while_one_is_under_way(ask, began):
    ask(24)
    assert ask(24.01) is None
    assert len(began) == 1


def test_a_failed_one_is_tried_again_when_the_hours_have_passed(ask, began, store, moment):
    job = ask(24)
    finish_job(store, job.job_id, "failed", "No room.", moment + 25 * HOUR_US)
    assert ask(30) is None
    assert ask(47.9) is None
    assert ask(48) is not None
    assert len(began) == 2
    assert [one.state for one in jobs(store, 5)] == ["queued", "failed"]


def test_two_processes_begin_one(ask, began, store, monkeypatch):
    monkeypatch.setattr("unsung.operations.schedule.refit_under_way", lambda store, now: False)
    monkeypatch.setattr("unsung.operations.schedule.last_learnt", lambda store: 0)
    assert [ask(24) is not None, ask(24) is not None] == [True, False]
