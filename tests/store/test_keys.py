"""Keys are known by their hash alone."""

from dataclasses import replace
from hashlib import sha256

import pytest

from unsung.errors import ConflictError, InputError
from unsung.store.keys import ApiKey, add_key, find_key, keys, revoke_key

NOW = 1_767_225_600_000_000
KEY = ApiKey("k1", sha256(b"key").hexdigest(), ("read", "write"), "site", NOW, expires=NOW + 5)


def test_a_key_is_found_by_its_hash(store):
    add_key(store, KEY)
    other = replace(KEY, key_id="k2", digest=sha256(b"2").hexdigest(), scopes=(), expires=None)
    add_key(store, other)
    assert find_key(store, KEY.digest) == KEY
    assert find_key(store, sha256(b"no key").hexdigest()) is None
    assert keys(store) == [KEY, other]


def test_a_revoked_key_keeps_its_time(store):
    add_key(store, KEY)
    revoked = revoke_key(store, "k1", NOW + 1)
    assert revoked == replace(KEY, revoked=NOW + 1)
    assert revoke_key(store, "k1", NOW + 2) == find_key(store, KEY.digest) == revoked
    with pytest.raises(InputError, match="no key k9"):
        revoke_key(store, "k9", NOW)


@pytest.mark.parametrize("same", ["key_id", "digest"])
def test_ids_and_hashes_are_taken_once(store, same):
    add_key(store, KEY)
    other = ApiKey("k2", sha256(b"2").hexdigest(), (), "", NOW)
    with pytest.raises(ConflictError, match="is known already"):
        add_key(store, replace(other, **{same: getattr(KEY, same)}))
    assert keys(store) == [KEY]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("digest", ["a-plain-key", "F" * 64, "", "0" * 63])
def test_a_key_itself_never_gets_in(store, digest):
    with pytest.raises(InputError, match="column 'digest': has to be a SHA-256"):
        add_key(store, replace(KEY, digest=digest))
    assert keys(store) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scopes", [("a b",), ("",)])
def test_scopes_are_words(store, scopes):
    with pytest.raises(InputError, match="column 'scopes'"):
        add_key(store, replace(KEY, scopes=scopes))
