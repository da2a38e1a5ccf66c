"""The route of drift, its gauges, and a refit that is due."""

import time

from unsung.operations import jobs as job_module
from unsung.service.watch import watch
from unsung.store.jobs import jobs

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
