"""``unsung simulate`` as a person would call it."""

import json

from typer.testing import CliRunner

from unsung.cli import main

RUN = CliRunner()


def test_a_simulation_for_people_and_machines(shop_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["simulate", str(shop_folder), "--months", "1", "--seeds", "2", "--page", "out/s.html"]
    found = RUN.invoke(main.app, words, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    assert "established tail" in found.stdout
    assert "Page: out/s.html" in found.stdout
    assert "Simulation of the loop" in (tmp_path / "out" / "s.html").read_text(encoding="utf-8")
    record = json.loads(RUN.invoke(main.app, [*words, "--json"], catch_exceptions=False).stdout)
    assert record["months"] == 1
    assert record["verdict"] in found.stdout
