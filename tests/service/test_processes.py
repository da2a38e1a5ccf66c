"""A service in processes of its own, killed, stopped and starved: the short form."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "service.py"
NOTHING = {"lost": 0, "duplicated": 0, "partial": 0, "phantom": 0}


@pytest.fixture
def run(bundles):
    def measured(what: str, *options: object) -> dict:
        command = [sys.executable, SCRIPT, what, bundles[0], *map(str, options)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2_000:]
        return json.loads(done.stdout)[what]

    return measured


def test_nothing_acknowledged_is_lost_by_kills(run):
    found = run("kills", "--kills", 2)
    assert found["acknowledged"] > 0
    assert found.items() >= NOTHING.items()


def test_an_orderly_stop_keeps_everything(run):
    for row in run("stop").values():
        assert row["acknowledged"] > 0
        assert row.items() >= NOTHING.items()


def test_what_is_broken_is_told():
    spec = importlib.util.spec_from_file_location(
        "promises", SCRIPT.with_name("service_promises.py")
    )
    promises = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(promises)
    grown = {"seconds": 1800, "files": 4, "threads": 0, "mb_a_minute": 2.2}
    kept = {"files": 0, "threads": -1, "mb_a_minute": 1.0, "seconds": 1800}
    bombs = {"bombs": {"deep": {"status": 413}}, "grown_mb": 50}
    ended = {"SIGTERM": {"seconds": 10, **NOTHING}}
    assert promises.broken({"leaks": kept, "bombs": bombs, "stop": ended}) == []
    assert promises.broken({"leaks": {**grown, "seconds": 30}}) == []
    assert promises.broken({"leaks": grown}) == ["leaks: files", "leaks: mb_a_minute"]
    assert promises.broken({"bombs": {**bombs, "grown_mb": 51}}) == ["bombs: memory"]
    late = {"SIGINT": {"seconds": 10.1, **NOTHING, "lost": 1}}
    assert promises.broken({"stop": late}) == ["SIGINT: lost", "SIGINT: seconds"]


def test_bombs_are_refused(run):
    assert {each["status"] // 100 for each in run("bombs")["bombs"].values()} == {4}
