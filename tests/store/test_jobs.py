"""A job is run once, and one whose process died is found."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from unsung.errors import InputError
from unsung.store.jobs import (
    add_job,
    claim_job,
    fail_lost_jobs,
    finish_job,
    heartbeat,
    job,
    jobs,
    update_job,
)

NOW = 1_767_225_600_000_000


def test_a_job_from_its_order_to_its_end(store):
    asked = add_job(store, "refit", {"seed": 1}, NOW)
    assert (asked.state, asked.progress, asked.arguments) == ("queued", 0.0, {"seed": 1})
    assert job(store, asked.job_id) == asked
    running = claim_job(store, 42, NOW + 1)
    assert (running.job_id, running.state, running.pid) == (asked.job_id, "running", 42)
    assert running.started == running.heartbeat == NOW + 1
    half = update_job(store, asked.job_id, 0.5, "halfway", NOW + 2)
    assert (half.progress, half.message, half.heartbeat) == (0.5, "halfway", NOW + 2)
    done = finish_job(store, asked.job_id, "done", "made", NOW + 3, artefact="/b")
    assert (done.state, done.progress, done.artefact, done.ended) == ("done", 1.0, "/b", NOW + 3)
    assert finish_job(store, asked.job_id, "failed", "late", NOW + 4) == done
    assert jobs(store) == [done]


def test_the_job_that_waited_longest_comes_first(store):
    late, early = add_job(store, "refit", {}, NOW + 1), add_job(store, "report", {}, NOW)
    assert [found.job_id for found in jobs(store)] == [late.job_id, early.job_id]
    assert claim_job(store, 1, NOW, kinds=["backup"]) is None
    assert claim_job(store, 1, NOW, kinds=["refit"]).job_id == late.job_id
    assert claim_job(store, 1, NOW).job_id == early.job_id
    assert claim_job(store, 1, NOW) is None


def test_no_job_is_claimed_twice(store):
    asked = {add_job(store, "refit", {}, NOW + n).job_id for n in range(10)}
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda pid: claim_job(store, pid, NOW), range(14)))
    found = [one.job_id for one in claimed if one is not None]
    assert len(found) == 10
    assert set(found) == asked


def test_a_job_whose_process_died_is_found(store):
    for n in range(3):
        add_job(store, "refit", {}, NOW + n)
    silent, alive = claim_job(store, 1, NOW), claim_job(store, 2, NOW)
    heartbeat(store, alive.job_id, NOW + 60)
    (lost,) = fail_lost_jobs(store, NOW + 30, NOW + 61)
    assert (lost.job_id, lost.state, lost.ended) == (silent.job_id, "failed", NOW + 61)
    assert "ended without a word" in lost.message
    assert fail_lost_jobs(store, NOW + 30, NOW + 62) == []
    assert {found.state for found in jobs(store)} == {"failed", "running", "queued"}


def test_who_works_on_a_cancelled_job_is_told(store):
    asked = add_job(store, "refit", {}, NOW)
    claim_job(store, 1, NOW)
    finish_job(store, asked.job_id, "cancelled", "called off", NOW)
    assert update_job(store, asked.job_id, 0.5, "halfway", NOW).state == "cancelled"


def test_what_is_no_job_is_refused_by_name(store):
    with pytest.raises(InputError, match="column 'kind'"):
        add_job(store, "", {}, NOW)
    with pytest.raises(InputError, match="column 'arguments'"):
        add_job(store, "refit", {"x": float("inf")}, NOW)
    with pytest.raises(InputError, match="no job z"):
        heartbeat(store, "z", NOW)
    assert job(store, "z") is None
