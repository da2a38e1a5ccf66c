"""``unsung experiment`` as a person would call it."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from unsung.cli import main

RUN = CliRunner()


@pytest.fixture
def assignments(shop_folder: Path, tmp_path: Path) -> Path:
    """The shop's eighty customers in two arms from day 60, and one of them in both."""
    rng = np.random.default_rng(2)
    arm = np.where(rng.permutation(80) % 2, "gems", "control")
    rows = pd.DataFrame({"user_id": [f"c{n}" for n in range(80)], "arm": arm})
    twice = rows.iloc[:1].assign(arm="gems" if arm[0] == "control" else "control")
    path = tmp_path / "arms.csv"
    pd.concat([rows, twice]).assign(timestamp="2026-03-02").to_csv(path, index=False)
    return path


def call(*words: str | Path, at: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(at)
    return RUN.invoke(main.app, ["experiment", *map(str, words)], catch_exceptions=False)


def test_a_readout_for_people_and_machines(shop_folder, assignments, tmp_path, monkeypatch):
    words = ("readout", shop_folder, assignments, "--report", "out/page.html")
    found = call(*words, at=tmp_path, monkeypatch=monkeypatch)
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("gems has no proven effect so far")
    assert "81 rows read = 79 accepted + 2 set aside + 0 duplicates" in found.stdout
    assert "Sample ratio holds" in found.stdout
    page = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "Tea &amp; Garden &lt;b&gt;" in page
    kept = pd.read_parquet(tmp_path / "quarantine" / "quarantine.parquet")
    assert kept["reason"].tolist() == ["two_arms"] * 2

    machine = call(*words[:3], "--json", at=tmp_path, monkeypatch=monkeypatch)
    record = json.loads(machine.stdout)
    assert record["verdict"] in found.stdout
    assert record["assignments"]["n_users"] == 79
    assert {"primary", "secondary"} == {row["family"] for row in record["effects"]}


def test_a_refusal_exits_with_2(shop_folder, assignments, tmp_path, monkeypatch):
    words = ("readout", shop_folder, assignments, "--shares", "control=.1, gems=.9")
    found = call(*words, at=tmp_path, monkeypatch=monkeypatch)
    assert found.exit_code == 2
    assert found.stdout.startswith("Refused: the arms don't have the planned sizes")
    assert "Sample ratio fails" in found.stdout
    assert "at one look" not in found.stdout


def test_a_plan_for_people_and_machines(shop_folder, tmp_path, monkeypatch):
    from unsung.workflows import experiment_plan

    monkeypatch.setattr(experiment_plan, "FEWEST_USERS", 50)
    words = ("plan", shop_folder, "--effect", ".2", "--days", "28")
    found = call(*words, at=tmp_path, monkeypatch=monkeypatch)
    assert found.exit_code == 0, found.output
    assert "to see +20% with 80% power in 28 days" in found.stdout
    record = json.loads(call(*words, "--json", at=tmp_path, monkeypatch=monkeypatch).stdout)
    assert record["settings"]["effect"] == 0.2
    assert record["metrics"]
    shop = record["metrics"][0]
    assert f"{shop['users_always_adjusted']:,}" in found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "SHOP", "--power", "80"], "'power'"),
        (["readout", "SHOP"], "[assignments]"),
        (["readout", "SHOP", "ARMS", "--control", "A"], "arms.csv, column 'arm': no arm"),
        (["readout", "SHOP", "ARMS", "--shares", "half"], "'half' is no share"),
        (["readout", "SHOP", "ARMS", "--shares", "control=x"], "control=.5,new=.5"),
        (["readout", "SHOP", "ARMS", "--level", "95"], "'level'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    words, said, shop_folder, assignments, tmp_path, monkeypatch, capsys
):
    places = {"SHOP": str(shop_folder), "ARMS": str(assignments)}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["unsung", "experiment", *(places.get(w, w) for w in words)])
    with pytest.raises(SystemExit) as stop:
        main.run()
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
