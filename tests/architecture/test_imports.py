"""What starting up loads: a help text must not wait for a deep-learning library."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "pyspark"}
HELP = """
import sys
sys.argv = ["unsung", "--help"]
from unsung.cli.main import run
try:
    run()
except SystemExit as stop:
    assert not stop.code, stop.code
"""
# name -> (what is run, what it may not have loaded)
STARTS = {
    "import unsung": ("import unsung, sys", HEAVY | {"pandas", "numpy"}),
    "unsung --help": (HELP, HEAVY | {"pandas", "duckdb", "ibis", "onnxruntime"}),
    "import unsung.pipeline.bundle": ("import unsung.pipeline.bundle, sys", HEAVY),
    "import unsung.workflows.fit": ("import unsung.workflows.fit, sys", HEAVY),
}


def loaded_after(code: str) -> set[str]:
    report = "\nprint('loaded:', *{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize("start", STARTS)
def test_starts_are_light(start):
    code, unwanted = STARTS[start]
    assert not loaded_after(code) & unwanted


def test_a_heavy_start_is_seen():
    assert "pandas" in loaded_after("import pandas, sys")
