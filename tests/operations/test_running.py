"""Which model serves after a start, the dial's way back, erasure to the last byte, lost jobs."""

import gc
import shutil
import threading
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest

from unsung.errors import BundleError, InputError, StoreError
from unsung.operations import running
from unsung.operations.answers import Query
from unsung.operations.customers import erase_customer, export_customer
from unsung.operations.habits import customer_habits
from unsung.operations.jobs import SILENT_S, RunningJob, start_refit
from unsung.operations.running import RunningShop
from unsung.pipeline.bundle import Records, write_bundle
from unsung.service.main import spare_model
from unsung.store.audit import entries, verify
from unsung.store.dial import apply_dial, dial_history
from unsung.store.events import Event, append_events
from unsung.store.exposures import Exposure
from unsung.store.jobs import add_job, job
from unsung.store.models import activate_model, active_model, models, roll_back_model

CANARY = "canary-4f1c9a7e"


@pytest.fixture
def failures() -> list[str]:
    return []


@pytest.fixture
def shop(store, failures) -> RunningShop:
    return RunningShop(store, lambda place, _: failures.append(place))


@pytest.fixture
def later_bundle(model, tmp_path):
    written = Records({}, {}, {}, {})
    write_bundle(tmp_path / "later", model, written, created="2025-04-01T00:00:00Z")
    return tmp_path / "later"


def again(store) -> RunningShop:
    """The same service after a restart."""
    return RunningShop(store, lambda place, error: None)


def test_a_bundle_that_the_store_doesn_t_know_serves(shop, store, bundle, later_bundle, moment):
    shop.start(bundle, moment)
    first = shop.model().version
    restarted = again(store)
    restarted.start(later_bundle, moment)
    assert restarted.model().version != first
    assert active_model(store).version == restarted.model().version
    assert len(models(store)) == 2


def test_every_model_that_begins_to_serve_is_told(store, bundle, later_bundle, moment):
    told = []
    shop = RunningShop(
        store,
        lambda place, error: None,
        on_model=lambda: told.append(shop.model().version),
    )
    shop.start(bundle, moment)
    shop.load(later_bundle, "me", moment)
    assert told == [entry.version for entry in models(store)]


def test_a_restart_takes_nothing_back(shop, store, bundle, later_bundle, moment):
    shop.start(bundle, moment)
    first = shop.model().version
    shop.load(later_bundle, "ann", moment)
    roll_back_model(store, "ann", moment)
    restarted = again(store)
    restarted.start(later_bundle, moment)
    assert restarted.model().version == first


def test_a_fit_that_took_the_place_of_another_serves(shop, store, bundle, later_bundle, moment):
    shop.start(bundle, moment)
    old = shop.model().version
    shutil.rmtree(bundle)
    shutil.copytree(later_bundle, bundle)
    with pytest.raises(BundleError, match="no longer"):
        again(store).load_active(moment)
    restarted = again(store)
    restarted.start(bundle, moment)
    assert restarted.model().version != old
    assert active_model(store).version == restarted.model().version


def test_where_the_given_bundle_is_damaged_the_stores_serves(
    shop, store, bundle, later_bundle, moment, failures
):
    shop.start(bundle, moment)
    (later_bundle / "model.json").write_text("{}")
    restarted = RunningShop(store, lambda place, _: failures.append(place))
    restarted.start(later_bundle, moment)
    assert restarted.model().version == shop.model().version
    assert failures == ["model"]
    shutil.rmtree(bundle)
    with pytest.raises(BundleError):
        again(store).start(later_bundle, moment)


def test_where_the_stores_is_gone_the_given_one_serves(shop, store, bundle, later_bundle, moment):
    shop.start(bundle, moment)
    shop.load(later_bundle, "ann", moment)
    shutil.rmtree(later_bundle)
    restarted = again(store)
    restarted.start(bundle, moment)
    assert restarted.model().version == active_model(store).version
    assert active_model(store).path == str(bundle)


def test_undoing_stays_with_the_model(shop, store, bundle, moment):
    shop.start(bundle, moment)
    shop.set_dial(0, "ann", "", moment)
    shop.set_dial(0, "bea", "", moment + 1)
    assert shop.undo_dial("cy", moment + 2).who == "cy"
    apply_dial(store, replace(dial_history(store, 1)[0], model="another", number=0))
    with pytest.raises(InputError, match="another model's"):
        shop.undo_dial("cy", moment + 3)


def test_of_an_erased_customer_no_byte_is_left(shop, store, bundle, moment, tmp_path):
    shop.start(bundle, moment)
    append_events(store, [Event("e1", CANARY, "kettle", "purchase", moment + 1)], moment)
    assert shop.answer(Query(CANARY), moment + 2).known
    shop.expose([Exposure("r1", CANARY, "rake", 1, moment, 1.0, "undialled", "m", "full")])
    found = export_customer(shop, CANARY, "ann", moment + 3)
    assert found["store"]["events"][0]["item_id"] == "kettle"
    receipt = erase_customer(shop, CANARY, "ann", moment + 4)
    assert receipt["pending"] == {}
    shop.flush()
    assert not shop.answer(Query(CANARY), moment + 5).known
    assert [entry.action for entry in entries(store)] == ["export", "erase"]
    assert verify(store) is None
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "shop.db" for file in files)
    assert [file.name for file in files if CANARY.encode() in file.read_bytes()] == []


def test_a_customer_of_the_fit_is_told_what_is_pending(shop, bundle, moment):
    shop.start(bundle, moment)
    receipt = erase_customer(shop, "u0", "ann", moment + 1)
    of_model = {"bundle", "linear", "encoder", "ranker", "blend", "gems"}
    assert set(receipt["pending"]) == of_model
    assert receipt["until"] == "the next fit"
    by_forget = {name for name, ends in receipt["ends"].items() if "unsung forget" in ends}
    assert by_forget == {"bundle", "linear", "gems"}
    assert receipt["ends"].keys() == receipt["pending"].keys()


def test_files_that_hold_deleted_bytes_yet_are_pending(shop, store, bundle, moment, monkeypatch):
    shop.start(bundle, moment)
    append_events(store, [Event("e1", CANARY, "kettle", "purchase", moment + 1)], moment)
    monkeypatch.setattr("unsung.store.personal.clean_files", lambda store: False)
    receipt = erase_customer(shop, CANARY, "ann", moment + 2)
    assert receipt["exact"]["store"]["events"] == 1
    assert receipt["ends"] == {"store files": "unsung store clean"}
    assert "another process was reading" in receipt["pending"]["store files"]
    assert receipt["until"] is None
    monkeypatch.setattr(store, "is_sqlite", False)
    monkeypatch.setattr("unsung.store.personal.clean_files", lambda store: True)
    of_postgres = erase_customer(shop, CANARY, "ann", moment + 3)
    assert "PostgreSQL" in of_postgres["pending"]["store files"]
    assert "unsung store clean" in of_postgres["ends"]["store files"]


def test_a_refit_whose_process_never_came_blocks_no_other(store, moment, tmp_path, monkeypatch):
    lost = add_job(store, "refit", {}, moment)
    begun = []
    monkeypatch.setattr("unsung.operations.jobs._start", lambda *given: begun.append(given))
    soon = moment + (SILENT_S - 1) * 1_000_000
    with pytest.raises(InputError, match="under way"):
        start_refit(store, "url", tmp_path, tmp_path / "b", "ann", soon)
    start_refit(store, "url", tmp_path, tmp_path / "b", "ann", soon + 2_000_000)
    assert job(store, lost.job_id).state == "failed"
    assert len(begun) == 1


def test_a_service_may_begin_with_the_blend(store, bundle, moment, crowd):
    shop = RunningShop(store, lambda place, error: None, best_rung="blend")
    shop.start(bundle, moment)
    found = shop.answer(Query(str(crowd.users.values[0])), moment)
    assert (found.rung, found.policy) == ("blend", "undialled")
    assert "full" not in [rung.name for rung in shop.model().rungs]


def test_who_waited_while_another_looked_needn_t_look_again(shop, bundle, moment, monkeypatch):
    shop.start(bundle, moment)
    looks: list[int] = []
    monkeypatch.setattr(shop, "_catch_up", lambda served, now: looks.append(now))
    clock = iter([10, 20, 15, 30, 40])
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic_ns=lambda: next(clock)))
    assert shop.catch_up(1)  # asked at 10, looked at 20
    assert shop.catch_up(2)  # asked at 15, had to wait: what was there at 15 is in
    assert shop.catch_up(3)  # asked at 30, looked at 40
    assert looks == [1, 3]


def test_a_model_that_loads_slowly_doesn_t_take_the_place_of_a_later_one(
    shop, store, bundle, later_bundle, moment, monkeypatch
):
    shop.start(bundle, moment)
    first = shop.model().version
    other = again(store)
    other.start(later_bundle, moment)
    second = other.model().version
    load, loaded = running.load_model, []

    def slowly(path, best_rung):
        served = load(path, best_rung)
        if not loaded:  # while this one is read, somebody goes back
            activate_model(store, first, "ann", moment)
        loaded.append(served.version)
        return served

    monkeypatch.setattr(running, "load_model", slowly)
    shop.load_active(moment)
    assert (shop.model().version, loaded) == (first, [second])
    third = again(store)
    loaded.clear()
    activate_model(store, second, "bea", moment)
    third.load_active(moment)
    assert (third.model().version, loaded) == (first, [second, first])


def test_one_thread_at_a_time_loads_a_model(shop, store, bundle, later_bundle, moment, monkeypatch):
    shop.start(bundle, moment)
    other = again(store)
    other.start(later_bundle, moment)
    load, loaded = running.load_model, []

    def counted(path, best_rung):
        loaded.append(path)
        return load(path, best_rung)

    monkeypatch.setattr(running, "load_model", counted)
    threads = [threading.Thread(target=shop.load_active, args=(moment,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.model().version == other.model().version
    assert len(loaded) == 1


def test_a_model_that_no_longer_serves_leaves_memory(store, bundle, later_bundle, moment):
    shop = RunningShop(store, lambda place, error: None, on_model=spare_model)
    try:
        shop.start(bundle, moment)
        shop.answer(Query("u0"), moment)
        customer_habits(shop.model(), "u0", shop.model().shop.state_of("u0", moment))
        served = shop.model()
        gone = [weakref.ref(served), weakref.ref(served.bundle.model), weakref.ref(served.shop)]
        del served
        shop.load(later_bundle, "me", moment)
        gc.collect()
        assert [kept() for kept in gone] == [None] * 3
    finally:
        gc.unfreeze()


def test_a_job_whose_work_is_silent_is_alive(store, moment, monkeypatch):
    monkeypatch.setattr("unsung.operations.jobs.ALIVE_S", 0.01)
    other, mine = (add_job(store, "refit", {}, moment + n) for n in range(2))
    clock = iter(range(moment, moment + 10**15, SILENT_S * 1_000_000))
    running_job = RunningJob(store, mine.job_id, lambda: next(clock))
    running_job.begin(42)  # though another waits longer
    assert job(store, other.job_id).state == "queued"
    # The test's own limit ends this.
    while job(store, mine.job_id).heartbeat < moment + 3 * SILENT_S * 1_000_000:
        pass
    running_job.done("It serves.", "bundle")
    assert job(store, mine.job_id).state == "done"


def test_a_model_is_followed_though_the_store_fails_once(
    shop, store, bundle, later_bundle, moment, monkeypatch, failures
):
    shop.start(bundle, moment)
    other = again(store)
    other.start(later_bundle, moment)
    monkeypatch.setattr(running, "AGAIN_S", (0.0, 0.0))
    bring_up = shop._bring_up

    def failing_once(served, now):
        monkeypatch.setattr(shop, "_bring_up", bring_up)
        raise StoreError("The store is locked.")

    monkeypatch.setattr(shop, "_bring_up", failing_once)
    assert shop.catch_up(moment)
    # The test's own limit ends this.
    while shop.model().version != other.model().version:
        pass
    assert failures == ["store"]
