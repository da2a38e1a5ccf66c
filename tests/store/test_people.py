"""Accounts and who is signed in."""

from dataclasses import replace
from hashlib import sha256

import pytest

from unsung.errors import ConflictError, InputError
from unsung.store.people import (
    Account,
    ConsoleSession,
    accounts,
    add_account,
    change_account,
    find_account,
    remove_account,
    set_language,
    sign_in,
    sign_out,
    signed_in,
)

NOW = 1_767_225_600_000_000
ANN = Account("ann", "$argon2id$v=19$x", "admin", NOW)
TOKEN = sha256(b"token").hexdigest()
OTHER = sha256(b"other").hexdigest()


@pytest.fixture
def staffed(store):
    add_account(store, ANN)
    add_account(store, replace(ANN, name="bea", role="viewer", language="zh"))
    return store


def test_accounts_are_kept_by_name(staffed):
    assert [account.name for account in accounts(staffed)] == ["ann", "bea"]
    assert find_account(staffed, "ann") == ANN
    assert find_account(staffed, "cy") is None
    with pytest.raises(ConflictError, match="account ann already"):
        add_account(staffed, replace(ANN, role="viewer"))
    assert find_account(staffed, "ann") == ANN
    assert set_language(staffed, "ann", "zh").language == "zh"
    assert remove_account(staffed, "ann")
    assert not remove_account(staffed, "ann")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value"), [("role", "root"), ("password_hash", "hunter2"), ("name", "")]
)
def test_what_is_no_account_is_refused_by_name(staffed, field, value):
    for put in (add_account, change_account):
        with pytest.raises(InputError, match=f"column '{field}'"):
            put(staffed, replace(ANN, **{field: value}))
    assert len(accounts(staffed)) == 2


def test_a_session_lasts_until_it_expires(staffed):
    sign_in(staffed, ConsoleSession(TOKEN, "ann", NOW, NOW + 10))
    assert signed_in(staffed, TOKEN, NOW + 9) == ANN
    assert signed_in(staffed, TOKEN, NOW + 10) is None
    assert signed_in(staffed, OTHER, NOW) is None
    sign_out(staffed, TOKEN)
    assert signed_in(staffed, TOKEN, NOW) is None


def test_signing_in_forgets_sessions_that_are_over(staffed):
    sign_in(staffed, ConsoleSession(TOKEN, "ann", NOW, NOW + 10))
    sign_in(staffed, ConsoleSession(OTHER, "ann", NOW + 10, NOW + 20))
    assert signed_in(staffed, TOKEN, NOW) is None
    assert signed_in(staffed, OTHER, NOW + 19) == ANN


def test_who_is_no_longer_active_is_out_at_once(staffed):
    sign_in(staffed, ConsoleSession(TOKEN, "ann", NOW, NOW + 10))
    change_account(staffed, replace(ANN, active=False))
    assert signed_in(staffed, TOKEN, NOW) is None
    with pytest.raises(InputError, match="no active account ann"):
        sign_in(staffed, ConsoleSession(OTHER, "ann", NOW, NOW + 10))
    change_account(staffed, ANN)
    assert signed_in(staffed, TOKEN, NOW) is None


def test_sessions_end_with_their_account(staffed):
    sign_in(staffed, ConsoleSession(TOKEN, "ann", NOW, NOW + 10))
    remove_account(staffed, "ann")
    add_account(staffed, ANN)
    assert signed_in(staffed, TOKEN, NOW) is None
    with pytest.raises(InputError, match="no account cy"):
        change_account(staffed, replace(ANN, name="cy"))
    with pytest.raises(InputError, match="no account cy"):
        set_language(staffed, "cy", "en")
    with pytest.raises(InputError, match="column 'digest'"):
        sign_in(staffed, ConsoleSession("the token itself", "ann", NOW, NOW + 10))
