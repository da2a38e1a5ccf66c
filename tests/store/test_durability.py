"""What was acknowledged outlives its process; the harness that says so notices faults."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[2] / "benchmarks" / "durability.py"
FAULTS = ("lost", "duplicated", "partial", "phantom", "changed")


def run(*arguments):
    command = [sys.executable, HARNESS, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_nothing_acknowledged_is_lost_by_ten_kills(url):
    found = run("kills", "--kills", 10, "--batches", 4, "--url", url)
    assert {name: found[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert found["stored"] >= found["acknowledged"] > 0


@pytest.mark.parametrize(("fault", "seen"), [("ack-first", "lost"), ("no-ids", "duplicated")])
def test_a_seeded_fault_is_found(fault, seen):
    found = run("kills", "--kills", 8, "--batches", 5, "--fault", fault)
    assert found[seen] > 0
    assert not any(found[name] for name in set(FAULTS) - {seen, "partial"})


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None,
    reason="the watch on writes needs Linux and a C compiler",
)
def test_an_acknowledgement_waits_for_the_disk_and_one_that_doesnt_is_found():
    spec = importlib.util.spec_from_file_location("durability", HARNESS)
    harness = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(harness)
    assert harness.sync(batches=20) == {"acknowledged": 20, "unsynced": 0}
    assert harness.sync("no-sync", batches=20)["unsynced"] > 0
