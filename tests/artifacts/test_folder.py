import json
import os
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from unsung.artifacts import (
    FORMAT_VERSION,
    Manifest,
    open_folder,
    write_arrays,
    write_folder,
    write_json,
    write_table,
)
from unsung.artifacts.folder import FileEntry
from unsung.errors import BundleError, InputError

NOW = "2026-03-01T10:00:00+00:00"


def write_bundle(target: Path, strength: float = 0.2) -> Path:
    with write_folder(target, created=NOW) as draft:
        write_json(draft.path / "policy.json", {"strength": strength})
        write_arrays(draft.path / "model.safetensors", {"b": np.arange(4, dtype=np.float32)})
        (draft.path / "encoder").mkdir()
        write_table(draft.path / "encoder" / "words.parquet", pd.DataFrame({"word": ["tea"]}))
        draft.settings["k"] = 10
        draft.fingerprint = "d34d"
        draft.metrics["ndcg_at_k"] = 0.125
    return target


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle")


def reseal(bundle: Path, **changes: object) -> None:
    """What somebody with an editor and this source could do."""
    manifest = open_folder(bundle).manifest
    (bundle / "manifest.json").write_bytes(Manifest(**{**vars(manifest), **changes}).to_bytes())


def test_what_was_written_is_read(bundle):
    folder = open_folder(bundle)
    assert folder.read_json("policy.json") == {"strength": 0.2}
    np.testing.assert_array_equal(folder.read_arrays("model.safetensors")["b"], [0, 1, 2, 3])
    assert folder.read_table("encoder/words.parquet")["word"].tolist() == ["tea"]
    assert "policy.json" in folder
    assert "report.html" not in folder
    manifest = folder.manifest
    assert (manifest.created, manifest.fingerprint, manifest.format_version) == (
        NOW,
        "d34d",
        FORMAT_VERSION,
    )
    assert manifest.settings == {"k": 10}
    assert manifest.metrics == {"ndcg_at_k": 0.125}
    assert manifest.files["policy.json"].size == (bundle / "policy.json").stat().st_size
    assert set(manifest.files) == {"policy.json", "model.safetensors", "encoder/words.parquet"}


def test_a_file_that_is_not_listed_cannot_be_asked_for(bundle):
    with pytest.raises(BundleError, match=r"has no '\.\./secret'"):
        open_folder(bundle).file("../secret")


def test_the_manifest_is_plain_json(bundle):
    assert json.loads((bundle / "manifest.json").read_text())["metrics"] == {"ndcg_at_k": 0.125}


def test_a_thousand_flips_and_cuts_are_refused_before_parsing(bundle, rng, monkeypatch):
    def parsed(*_):
        raise AssertionError("parsed before every checksum held")

    monkeypatch.setattr("unsung.artifacts.folder.read_arrays", parsed)
    monkeypatch.setattr("unsung.artifacts.folder.read_json", parsed)
    files = [path for path in bundle.rglob("*") if path.is_file()]
    assert len(files) == 4
    for _ in range(1_000):
        path = files[rng.integers(len(files))]
        whole = path.read_bytes()
        place = int(rng.integers(len(whole)))
        if rng.random() < 0.5:
            damaged = bytearray(whole)
            damaged[place] ^= 1 << int(rng.integers(8))
        else:
            damaged = whole[:place]
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match=path.name):
            open_folder(bundle)
        path.write_bytes(whole)
    open_folder(bundle)


def test_a_longer_file_is_refused(bundle):
    with (bundle / "policy.json").open("ab") as file:
        file.write(b" ")
    with pytest.raises(BundleError, match=r"policy\.json doesn't match"):
        open_folder(bundle)


def test_a_missing_file_is_named(bundle):
    (bundle / "policy.json").unlink()
    with pytest.raises(BundleError, match=r"policy\.json is missing"):
        open_folder(bundle)


def test_an_unlisted_file_is_named(bundle):
    (bundle / "encoder" / "evil.pkl").write_bytes(b"cos\nsystem\n")
    with pytest.raises(BundleError, match=r"encoder/evil\.pkl is not listed"):
        open_folder(bundle)


def test_links_and_sockets_are_refused(bundle, tmp_path):
    (tmp_path / "outside.json").write_bytes((bundle / "policy.json").read_bytes())
    (bundle / "policy.json").unlink()
    (bundle / "policy.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(BundleError, match="is a link or no plain file"):
        open_folder(bundle)


def test_a_linked_folder_is_refused(bundle, tmp_path):
    (bundle / "encoder").rename(tmp_path / "encoder")
    (bundle / "encoder").symlink_to(tmp_path / "encoder")
    with pytest.raises(BundleError, match="encoder is a link"):
        open_folder(bundle)


def test_a_socket_is_refused(bundle, monkeypatch):
    monkeypatch.chdir(bundle)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("s")
    with pytest.raises(BundleError, match="no plain file"):
        open_folder(bundle)


@pytest.mark.parametrize(
    "name",
    ["../outside.json", "/etc/passwd", "a/../../b", "..\\b", "", ".", "a//b", "./policy.json"],
)
def test_a_sealed_manifest_cannot_lead_outside(bundle, name):
    reseal(bundle, files={name: FileEntry(1, "0")})
    with pytest.raises(BundleError, match="leads outside"):
        open_folder(bundle)


def test_another_format_version_says_what_to_do(bundle):
    reseal(bundle, format_version=FORMAT_VERSION + 1)
    with pytest.raises(BundleError, match=r"format version 2 and this program reads 1; fit the"):
        open_folder(bundle)


def test_a_sealed_manifest_of_another_shape_is_refused(bundle):
    reseal(bundle, files=[1, 2])
    with pytest.raises(BundleError, match="lacks what a manifest holds"):
        open_folder(bundle)


def test_what_is_no_bundle_is_said(tmp_path):
    with pytest.raises(BundleError, match="is not a bundle"):
        open_folder(tmp_path)
    with pytest.raises(BundleError, match="is not a bundle"):
        open_folder(tmp_path / "nothing")


def test_an_error_while_writing_leaves_the_old_bundle(bundle):
    with pytest.raises(RuntimeError), write_folder(bundle, created=NOW) as draft:
        write_json(draft.path / "policy.json", {"strength": 0.9})
        raise RuntimeError
    assert open_folder(bundle).read_json("policy.json") == {"strength": 0.2}
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]


def test_a_bundle_is_replaced_as_a_whole(bundle):
    write_bundle(bundle, strength=0.9)
    assert open_folder(bundle).read_json("policy.json") == {"strength": 0.9}
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]


def test_the_old_bundle_stands_until_the_new_is_complete(bundle):
    with write_folder(bundle, created=NOW) as draft:
        write_json(draft.path / "policy.json", {"strength": 0.9})
        assert open_folder(bundle).read_json("policy.json") == {"strength": 0.2}
    assert open_folder(bundle).read_json("policy.json") == {"strength": 0.9}


class Crash(BaseException):
    """What a test throws where a process would die."""


@pytest.mark.parametrize("call", range(1, 40))
def test_stopped_at_any_file_system_call_the_old_or_the_new_bundle_is_found(
    bundle, monkeypatch, call
):
    """Die before the n-th change to the disk, without any clean-up after that."""
    calls = 0

    def dying(real):
        def wrapped(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls >= call:
                raise Crash
            return real(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patch:
        for owner, names in ((os, ("fsync",)), (Path, ("rename", "replace", "unlink", "mkdir"))):
            for name in names:
                patch.setattr(owner, name, dying(getattr(owner, name)))
        patch.setattr("shutil.rmtree", dying(__import__("shutil").rmtree))
        try:
            write_bundle(bundle, strength=0.9)
            finished = True
        except Crash:
            finished = False
    strength = open_folder(bundle).read_json("policy.json")["strength"]
    assert strength in ((0.9,) if finished else (0.2, 0.9))
    # The next write cleans up what matters and works.
    write_bundle(bundle, strength=0.5)
    assert open_folder(bundle).read_json("policy.json") == {"strength": 0.5}


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("…")
    with pytest.raises(InputError, match="letters exists and is not a bundle"):
        write_bundle(tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").exists()
    (tmp_path / "file").write_text("…")
    with pytest.raises(InputError, match="file exists and is not a bundle"):
        write_bundle(tmp_path / "file")


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path):
    (tmp_path / "empty").mkdir()
    open_folder(write_bundle(tmp_path / "empty"))
    open_folder(write_bundle(tmp_path / "a" / "b" / "c"))


def test_the_same_bundle_twice_has_the_same_bytes(tmp_path):
    one, two = write_bundle(tmp_path / "1"), write_bundle(tmp_path / "2")
    assert (one / "manifest.json").read_bytes() == (two / "manifest.json").read_bytes()
