"""``unsung store``: what an operator asks for comes about, and errors are sentences."""

import json
import sqlite3

import pytest
from typer.testing import CliRunner

from unsung.cli.main import app
from unsung.errors import InputError
from unsung.store import append_events, open_store
from unsung.store.audit import entries
from unsung.store.personal import erase_person
from unsung.workflows.prepare import read_shop

NOW = 1_767_225_600_000_000


def run(*arguments, code=0):
    done = CliRunner().invoke(app, ["store", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.stdout


@pytest.fixture
def path(tmp_path, event):
    """The file of a store in which two customers bought."""
    path = tmp_path / "live.db"
    opened = open_store(str(path))
    rows = [event(f"e{n}", user_id=user) for n, user in enumerate(["ann-canary", "bea"])]
    append_events(opened, rows, NOW)
    opened.close()
    return path


def test_a_backup_is_restored_to_another_store(path, tmp_path):
    made = json.loads(run("backup", tmp_path / "copy", "--store", path, "--json"))
    assert made["rows"]["events"] == 2
    assert "rows are in" in run("backup", tmp_path / "copy", "--store", path)
    other = tmp_path / "other.db"
    assert "erase them again" in run("restore", tmp_path / "copy", "--store", other)
    opened = open_store(str(other))
    assert [entry.action for entry in entries(opened)] == ["back_up", "restore"]
    opened.close()
    with pytest.raises(InputError, match="isn't empty"):
        run("restore", tmp_path / "copy", "--store", other)
    third = json.loads(
        run("restore", tmp_path / "copy", "--store", tmp_path / "third.db", "--json")
    )
    assert third["rows"]["events"] == 2


def test_an_export_is_a_shop(path, tmp_path):
    said = run("export", tmp_path / "shop", "--store", path)
    assert "2 interactions are in" in said
    assert set(read_shop(tmp_path / "shop").dataset.users.values) == {"ann-canary", "bea"}
    found = json.loads(run("export", tmp_path / "shop", "--store", path, "--json"))
    assert found["rows"]["interactions"] == 2


def test_a_changed_audit_log_is_told(path, tmp_path):
    assert "no entries" in run("verify", "--store", path)
    run("backup", tmp_path / "copy", "--store", path)
    assert "is whole: 1 entries" in run("verify", "--store", path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE audit_entries SET who = 'nobody'")
    assert "entry 1 is the first" in run("verify", "--store", path, code=1)
    found = json.loads(run("verify", "--store", path, "--json", code=1))
    assert (found["whole"], found["first_wrong"]) == (False, 1)


def test_cleaning_tells_of_readers_and_leaves_no_byte(path):
    opened = open_store(str(path), wait_s=0.1)
    with opened.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM events").fetchall()
        assert not erase_person(opened, "ann-canary", NOW).clean
        assert "reading" in run("clean", "--store", path, code=1)
    opened.close()
    assert json.loads(run("clean", "--store", path, "--json")) == {"clean": True}
    assert "nothing of what was deleted" in run("clean", "--store", path)
    for file in path.parent.glob(f"{path.name}*"):
        assert b"ann-canary" not in file.read_bytes()


@pytest.mark.parametrize("command", [("backup", "out"), ("export", "out"), ("verify",), ("clean",)])
def test_a_mistyped_store_is_refused_and_not_made(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no store at"):
        run(*command, "--store", "shpo.db")
    assert not list(tmp_path.iterdir())


def test_what_is_no_backup_is_refused(path, tmp_path):
    run("export", tmp_path / "shop", "--store", path)
    with pytest.raises(InputError, match="no backup"):
        run("restore", tmp_path / "nowhere", "--store", tmp_path / "new.db")
    with pytest.raises(InputError, match="no backup"):
        run("restore", tmp_path / "shop", "--store", tmp_path / "new.db")
    with pytest.raises(InputError):
        run("backup", path, "--store", path)
