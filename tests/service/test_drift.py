"""The route of drift, its gauges, and a refit that is due."""

import time

import sqlalchemy as sa

from unsung.operations import jobs as job_module
from unsung.service.watch import watch
from unsung.store.audit import entries
from unsung.store.events import events_of_user
from unsung.store.jobs import add_job, claim_job, job, jobs
from unsung.store.rates import take
from unsung.store.tables import buckets

HOUR_US = 3_600_000_000


def test_the_route_has_the_days_beside_the_fit(client, send, listed):
    send(("u1", "kettle", "view"), ("newcomer", "kettle", "purchase"))
    listed("u1")
    found = client.get("/v1/drift", params={"days": 3}).json()
    assert len(found["days"]) == 3
    today = found["days"][-1]
    assert (today["events"], today["targets"], today["new_user_share"]) == (2, 1, 0.5)
    assert found["fit"]["events"] > 0
    assert found["catalogue"]["fit"]["price"] == 1.0
    assert found["warnings"] == []
    assert client.get("/v1/drift", params={"days": 61}).status_code == 422


def test_prometheus_has_the_figures(client):
    context = client.app.state.context
    watch(context, time.time_ns() // 1_000)
    lines = client.get("/metrics").text.splitlines()
    named = [line for line in lines if line.startswith('unsung_drift{figure="events",side="fit"}')]
    assert float(named[0].split()[1]) > 0
    assert any(line.startswith("unsung_drift_warnings ") for line in lines)


def test_prometheus_has_what_was_shown_today(client, shop, listed):
    shown = set(listed("u1")) | set(listed("u2"))
    shop.flush()
    watch(client.app.state.context, time.time_ns() // 1_000)
    lines = client.get("/metrics").text.splitlines()
    found = dict(line.split() for line in lines if not line.startswith("#") and "{" not in line)
    assert float(found["unsung_items_shown_today"]) == len(shown)
    assert float(found["unsung_coverage_today"]) == len(shown) / 20
    assert float(found["unsung_exploration_spent_today"]) == 0


def test_what_is_too_old_is_deleted_once_a_day(start, send):
    client = start(keep_events_days=30, keep_exposures_days=10)
    context, now = client.app.state.context, time.time_ns() // 1_000
    body = {"user_id": "u1", "item_id": "rake", "event": "view"}
    client.post("/v1/events", json={"events": [body]})
    store = context.shop.store
    watch(context, now + 2 * HOUR_US)
    assert len(events_of_user(store, "u1")) == 1
    watch(context, now + 31 * 24 * HOUR_US)
    assert events_of_user(store, "u1") == []
    watch(context, now + 31 * 24 * HOUR_US + HOUR_US)
    said = [entry.detail for entry in entries(store) if entry.action == "retention"]
    assert [detail["events"] for detail in said] == [0, 1]


def test_a_refit_comes_by_itself_and_is_in_the_audit_log(start, monkeypatch, tmp_path):
    begun: list[list[str]] = []
    monkeypatch.setattr(job_module, "_start", lambda arguments, url: begun.append(arguments))
    client = start(refit_hours=24, shop=tmp_path / "shop.toml")
    context, now = client.app.state.context, time.time_ns() // 1_000
    watch(context, now)
    assert begun == []
    watch(context, now + 25 * HOUR_US)
    watch(context, now + 26 * HOUR_US)
    assert len(begun) == 1
    assert [job.kind for job in jobs(context.shop.store, 5)] == ["refit"]


def test_once_a_day_rates_that_are_full_again_are_deleted(client):
    context, now = client.app.state.context, time.time_ns() // 1_000
    store = context.shop.store

    def known() -> set[str]:
        with store.reading() as connection:
            return set(connection.scalars(sa.select(buckets.c.bucket)))

    take(store, "somebody", 1, 5, 1, now)
    watch(context, now + 47 * HOUR_US)
    assert "somebody" in known()
    take(store, "another", 1, 5, 1, now + 71 * HOUR_US)
    watch(context, now + 72 * HOUR_US)
    assert "another" in known()
    assert "somebody" not in known()


def test_a_job_whose_process_died_is_ended_without_another(client):
    context, now = client.app.state.context, time.time_ns() // 1_000
    store = context.shop.store
    lost = add_job(store, "refit", {}, now)
    claim_job(store, 42, now)
    watch(context, now + HOUR_US)
    assert job(store, lost.job_id).state == "failed"
