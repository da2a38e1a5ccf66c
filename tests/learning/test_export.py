"""What is exported gives torch's vectors, or isn't kept."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from unsung.errors import InputError, UnsungError
from unsung.learning import export
from unsung.learning.encoder import TorchEncoder
from unsung.learning.export import default_cache, encoder_folder, export_onnx
from unsung.learning.weights import find_weights
from unsung.text.onnx_encoder import OnnxEncoder

pytestmark = pytest.mark.train
TITLES = ["red lamp", "blue tea pot", "garden spade red blue lamp tea " * 9, "unheard of", ""]


@pytest.fixture
def source(tiny_model):
    return TorchEncoder.load(find_weights(tiny_model), max_tokens=16)


def test_concurrent_calls_export_once_and_agree_with_torch(source, tiny_model, tmp_path, capfd):
    reports = []

    def call(_):
        return encoder_folder(
            tmp_path,
            model=tiny_model,
            max_tokens=16,
            progress=lambda *report: reports.append(report),
        )

    with ThreadPoolExecutor(3) as pool:
        folders = set(pool.map(call, range(3)))
    (folder,) = folders
    assert folder.parent == tmp_path / "encoders"
    assert source.name in folder.name
    assert find_weights(tiny_model).fingerprint[:16] in folder.name
    assert reports == [("exporting the encoder", done, 3) for done in range(4)]
    assert capfd.readouterr() == ("", "")
    left = {path.name for path in folder.parent.iterdir()}
    assert left == {folder.name, f"{folder.name}.lock"}
    exported = OnnxEncoder(folder, threads=1)
    assert (exported.name, exported.dim) == ("tiny", 8)
    np.testing.assert_allclose(exported.encode(TITLES), source.encode(TITLES), atol=1e-5)


def test_a_damaged_cache_is_made_anew(tiny_model, tmp_path, monkeypatch):
    made = []

    def write(source: TorchEncoder, folder: Path, **_):
        made.append(folder)
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(b"graph")
        export._write_tokeniser_and_card(source, folder)
        return folder

    monkeypatch.setattr(export, "export_onnx", write)
    folder = encoder_folder(tmp_path, model=tiny_model)
    assert encoder_folder(tmp_path, model=tiny_model) == folder
    assert made == [folder]
    (folder / "model.onnx").write_bytes(b"grapH")
    assert encoder_folder(tmp_path, model=tiny_model) == folder
    assert made == [folder, folder]
    assert (folder / "model.onnx").read_bytes() == b"graph"
    assert encoder_folder(tmp_path, model=tiny_model, max_tokens=8) != folder


@pytest.mark.parametrize("shift", [2e-4, np.nan])
def test_a_graph_that_says_something_else_is_not_kept(source, tmp_path, monkeypatch, shift):
    class Off:
        def __init__(self, _):
            pass

        def encode(self, texts):
            return source.encode(texts) + np.float32(shift)

    monkeypatch.setattr(export, "_write_graph", lambda _, path, __: path.write_bytes(b"graph"))
    monkeypatch.setattr(export, "OnnxEncoder", Off)
    with pytest.raises(UnsungError, match="differs from torch's"):
        export_onnx(source, tmp_path / "encoder")
    assert list(tmp_path.iterdir()) == []


def test_what_stands_at_the_target_is_left_alone(source, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for target in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(InputError, match="isn't empty"):
            export_onnx(source, target)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"UNSUNG_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/unsung")),
        ({}, Path("/h/.cache/unsung")),
    ],
)
def test_where_the_cache_is(monkeypatch, variables, expected):
    for name in ("UNSUNG_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/h")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_cache() == expected
