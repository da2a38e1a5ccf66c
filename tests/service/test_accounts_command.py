"""``unsung accounts`` makes, lists and disables accounts, and shows no password."""

import json

from typer.testing import CliRunner

from unsung.cli.main import app
from unsung.operations.accounts import open_session
from unsung.store.database import open_store

PASSWORD = "a sentence of mine"


def run(*arguments: str, typed: str = "") -> str:
    done = CliRunner().invoke(app, ["accounts", *arguments], input=typed)
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    return done.stdout


def test_an_account_from_its_first_day_to_its_last(tmp_path):
    url = str(tmp_path / "shop.db")
    run("list", "--store", url)
    run("add", "mei", "--store", url, "--role", "admin", typed=f"{PASSWORD}\n{PASSWORD}\n")
    run("add", "kai", "--store", url, "--password-stdin", typed=f"{PASSWORD}\n")
    listed = json.loads(run("list", "--store", url, "--json"))["accounts"]
    assert listed == [
        {"name": "kai", "role": "viewer", "active": True},
        {"name": "mei", "role": "admin", "active": True},
    ]
    store = open_store(url)
    assert open_session(store, "mei", PASSWORD, 1, 1) is not None
    run("disable", "mei", "--store", url)
    assert open_session(store, "mei", PASSWORD, 1, 1) is None
    store.close()
    run("list", "--store", url)
