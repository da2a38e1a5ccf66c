"""The demo, and what commands print for people, on a small shop in place of the real one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import unsung.data.demo
from unsung.cli import main


def unsung_says(*words: str | Path) -> str:
    found = CliRunner().invoke(main.app, [str(word) for word in words], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_the_demo_runs_the_main_job_and_says_where_to_look(
    shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unsung.data.demo, "demo_shop_folder", lambda: shop_folder)
    out = tmp_path / "demo-out"
    said = unsung_says("demo", "--out", out, "--encoder", "none")
    assert "order lines" in said
    assert said.count("goes with") >= 1
    assert [f" {rank}. " in said for rank in range(1, 7)] == [True] * 5 + [False]
    assert (out / "bundle" / "report.html").exists()
    assert list((out / "quarantine").iterdir())
    assert f"unsung recommend {out / 'bundle'}" in said


def test_fit_evaluate_and_diagnose_print_for_people(
    shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    plain = ("--encoder", "none", "--budget", "0")
    said = unsung_says("fit", shop_folder, "--out", "bundle", *plain)
    assert "est. tail" in said
    assert "unsung recommend bundle" in said
    assert '"blend"' in unsung_says("fit", shop_folder, "--out", "bundle", *plain, "--json")
    assert "leave-one-out" in unsung_says(
        "evaluate", shop_folder, "--protocol", "leave-one-out", *plain
    )
    assert "established tail" in unsung_says("diagnose", shop_folder)
