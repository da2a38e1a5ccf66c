"""The rooms of pyproject.toml hold, and the whole package is under them."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]


def test_the_import_contracts_hold():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in result.stdout


def test_every_room_stands_in_the_layers():
    (rooms,) = [contract for contract in CONTRACTS if contract["id"] == "rooms"]
    assert rooms["exhaustive"] is True
    named = {name.strip() for layer in rooms["layers"] for name in layer.split("|")}
    built = {
        path.stem
        for path in (ROOT / "src/unsung").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert built - {"__init__", "__main__"} <= named
