"""Every command on a small shop, as a person would call it."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unsung.cli import main

RUN = CliRunner()


def unsung(*words: str | Path, at: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(at)
    found = RUN.invoke(main.app, [str(word) for word in words], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def failing(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["unsung", *words])
    with pytest.raises(SystemExit) as stop:
        main.run()
    return int(stop.value.code or 0), capsys.readouterr().err


def test_init_then_check(shop_folder: Path, tmp_path: Path, monkeypatch):
    files = [shop_folder / "catalogue.csv", shop_folder / "orders.csv"]
    said = unsung("init", *files, at=tmp_path, monkeypatch=monkeypatch)
    assert "interactions.user_id = customer" in said
    said = unsung("check", "shop.toml", at=tmp_path, monkeypatch=monkeypatch)
    assert "items: 48 rows read = 48 accepted" in said
    assert (tmp_path / "check.html").read_text(encoding="utf-8").startswith("<!")
    assert list((tmp_path / "quarantine").glob("*.csv"))


def test_check_as_json_balances(shop_folder: Path, tmp_path: Path, monkeypatch):
    said = unsung("check", shop_folder, "--json", at=tmp_path, monkeypatch=monkeypatch)
    for table in json.loads(said)["tables"]:
        parts = table["n_accepted"] + table["n_quarantined"] + table["n_duplicates"]
        assert table["n_read"] == parts


def test_diagnose(shop_folder: Path, tmp_path: Path, monkeypatch):
    said = unsung("diagnose", shop_folder, "--json", at=tmp_path, monkeypatch=monkeypatch)
    found = json.loads(said)
    assert len(found["tables"]["items"]["rows"]) == 48
    page = (tmp_path / "diagnosis.html").read_text(encoding="utf-8")
    assert "Tea &amp; Garden &lt;b&gt;" in page


@pytest.mark.parametrize("protocol", ["time", "leave-one-out"])
def test_evaluate(protocol: str, shop_folder: Path, tmp_path: Path, monkeypatch):
    words = ("evaluate", shop_folder, "--protocol", protocol, "--encoder", "none", "--budget", "0")
    found = json.loads(unsung(*words, "--json", at=tmp_path, monkeypatch=monkeypatch))
    assert found["protocol"] == protocol
    names = [model["name"] for model in found["models"]]
    trend = ["trend"] if protocol == "time" else []
    assert names == ["most_popular", *trend, "terms", "ease", "blend"]
    for model in found["models"]:
        assert 0 <= model["summary"]["ndcg_at_k"] <= 1
        assert set(model["cuts"]["segment"]) >= {"head", "tail", "fresh", "cold"}
    assert (tmp_path / "evaluation.html").exists()


def test_recommend_from_a_bundle(bundle_folder: Path, tmp_path: Path, monkeypatch):
    words = ("recommend", bundle_folder, "--user", "c1", "-k", "4", "--explain")
    said = unsung(*words, "--json", at=tmp_path, monkeypatch=monkeypatch)
    found = json.loads(said)
    assert found["known"]
    assert [item["rank"] for item in found["items"]] == [1, 2, 3, 4]
    for item in found["items"]:
        total = sum(reason["amount"] for reason in item["reasons"])
        assert total == pytest.approx(item["score"], abs=1e-4)
    said = unsung(*words, at=tmp_path, monkeypatch=monkeypatch)
    assert said.count("goes with") >= 1


def test_somebody_unknown_gets_a_list(bundle_folder: Path, tmp_path: Path, monkeypatch):
    said = unsung("recommend", bundle_folder, "-u", "?", at=tmp_path, monkeypatch=monkeypatch)
    assert "not known" in said
    assert " 10. " in said


def test_filters_that_leave_nothing_say_so(bundle_folder: Path, tmp_path: Path, monkeypatch):
    words = ("recommend", bundle_folder, "-u", "c1", "--category", "cars")
    assert "loosen" in unsung(*words, at=tmp_path, monkeypatch=monkeypatch)


def test_bad_input_is_one_sentence_and_exit_2(tmp_path: Path, monkeypatch, capsys):
    code, said = failing(["diagnose", str(tmp_path / "nowhere.toml")], monkeypatch, capsys)
    assert code == 2
    assert "nowhere.toml" in said
    assert "Traceback" not in said


def test_a_damaged_bundle_is_refused(bundle_folder: Path, tmp_path: Path, monkeypatch, capsys):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(bundle_folder, broken)
    file = broken / "model.json"
    file.write_bytes(file.read_bytes().replace(b"linear", b"linaer"))
    code, said = failing(["recommend", str(broken), "--user", "c1"], monkeypatch, capsys)
    assert code == 1
    assert "model.json" in said


def test_an_unknown_key_refuses_to_start(shop_folder: Path, tmp_path: Path, monkeypatch, capsys):
    toml = tmp_path / "shop.toml"
    text = (shop_folder / "shop.toml").read_text(encoding="utf-8")
    toml.write_text(f"wieghts = 3\n{text}", encoding="utf-8")
    code, said = failing(["check", str(toml)], monkeypatch, capsys)
    assert code == 2
    assert "wieghts" in said


@pytest.mark.parametrize("option", ["--budget", "--seed"])
def test_a_number_below_zero_is_refused_by_name(option: str, shop_folder: Path):
    found = RUN.invoke(main.app, ["evaluate", str(shop_folder), option, "-1"])
    assert found.exit_code == 2
    assert option in found.output


def test_a_full_disk_is_no_defect(monkeypatch, capsys):
    def full() -> None:
        raise OSError(28, "No space left on device", "bundle/model.safetensors")

    monkeypatch.setattr(main, "app", full)
    code, said = failing([], monkeypatch, capsys)
    assert code == 1
    assert "bundle/model.safetensors can't be read or written (No space left on device)" in said
    assert "internal" not in said


def test_a_defect_is_said_to_be_one(monkeypatch, capsys):
    def broken() -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.delenv("UNSUNG_DEBUG", raising=False)
    monkeypatch.setattr(main, "app", broken)
    code, said = failing([], monkeypatch, capsys)
    assert code == 1
    assert "internal error" in said
    monkeypatch.setenv("UNSUNG_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main.run()


def test_version(tmp_path: Path, monkeypatch):
    assert unsung("--version", at=tmp_path, monkeypatch=monkeypatch).startswith("unsung 0.")


def test_check_exits_with_2_where_results_would_mislead(tmp_path: Path, monkeypatch):
    rows = "".join(f"u1,i1,{when}\n" for when in ("2026-01-01", "2026-01-02"))
    (tmp_path / "orders.csv").write_text(f"user_id,item_id,timestamp\n{rows}")
    (tmp_path / "shop.toml").write_text('[interactions]\npath = "orders.csv"\n')
    monkeypatch.chdir(tmp_path)
    for words in (["check", "shop.toml"], ["check", "shop.toml", "--json"]):
        found = RUN.invoke(main.app, words)
        assert found.exit_code == 2
        assert "stop" in found.stdout


def test_the_shop_file_sets_how_it_is_fitted(shop_folder: Path, tmp_path: Path, monkeypatch):
    text = (shop_folder / "shop.toml").read_text(encoding="utf-8")
    text = text.replace('path = "', f'path = "{shop_folder}/')
    more = '\n[fit]\nencoder = "none"\nevaluation = {k = 3, tuning = {budget_s = 0}}\n'
    (tmp_path / "shop.toml").write_text(text + more, encoding="utf-8")
    said = unsung("evaluate", "shop.toml", "--json", at=tmp_path, monkeypatch=monkeypatch)
    assert json.loads(said)["k"] == 3
    said = unsung(
        "evaluate", "shop.toml", "-k", "4", "--json", at=tmp_path, monkeypatch=monkeypatch
    )
    assert json.loads(said)["k"] == 4
