"""Eight bits are kept where the same items are found, and only there."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.learning.export import export_onnx
from unsung.learning.loop import train
from unsung.learning.quantise import quantise
from unsung.text.onnx_encoder import OnnxEncoder, read_card

pytestmark = pytest.mark.train
WORDS = ["red", "blue", "lamp", "tea", "pot", "garden", "spade"]
TEXTS = [f"{a} {b}" for a in WORDS for b in WORDS]


@pytest.fixture(scope="module")
def exported(pair_training, layered_model, tmp_path_factory):
    """A fine-tuned encoder, its adapters merged, as ONNX."""
    settings = pair_training.settings_for(layered_model, trained="lora", epochs=1)
    task = pair_training.PairTask(settings)
    train(task, settings)
    folder = export_onnx(task.encoder, tmp_path_factory.mktemp("tuned") / "encoder")
    np.testing.assert_allclose(
        OnnxEncoder(folder, threads=1).encode(TEXTS), task.encoder.encode(TEXTS), atol=1e-5
    )
    return folder


def test_eight_bits_are_kept_where_retrieval_holds(exported, tmp_path, capfd):
    seen = []

    def validate(encoder):
        seen.append(encoder.encode(TEXTS))
        return 0.5 - 0.004 * (len(seen) - 1)

    record = quantise(
        exported, tmp_path / "small", TEXTS, TEXTS[:20], validate=validate, min_overlap=0.5
    )
    assert record.kept == "int8"
    assert (record.value_float32, record.value_int8) == (0.5, 0.496)
    assert 0.5 <= record.overlap < 1
    assert 0.9 < record.mean_cosine < 1
    assert read_card(tmp_path / "small").precision == "int8"
    assert read_card(exported).precision == "float32"
    small = OnnxEncoder(tmp_path / "small", threads=1).encode(TEXTS)
    np.testing.assert_array_equal(small, seen[1])
    plain = OnnxEncoder(exported, threads=1).encode(TEXTS)
    top = [np.argsort(-(v[:20] @ v.T), axis=1)[:, :10] for v in (plain, small)]
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(*top, strict=True)]
    assert record.overlap == pytest.approx(np.mean(shared), abs=0.02)
    assert record.to_json()["min_overlap"] == 0.5
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("values", "gates"),
    [
        ((0.5, 0.494), {"min_overlap": 0.0}),
        ((0.5, float("nan")), {"min_overlap": 0.0}),
        ((0.5, 0.6), {"min_overlap": 1.0}),
        (None, {"min_overlap": 1.0}),
    ],
)
def test_otherwise_the_encoder_stays_as_it_was(exported, tmp_path, values, gates):
    left = iter(values or ())
    validate = None if values is None else lambda _: next(left)
    record = quantise(exported, tmp_path / "small", TEXTS, TEXTS, validate=validate, **gates)
    assert record.kept == "float32"
    assert record.bytes_int8 > 0
    for file in exported.iterdir():
        assert (tmp_path / "small" / file.name).read_bytes() == file.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_what_stands_there_or_is_missing(exported, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="isn't empty"):
        quantise(exported, tmp_path, TEXTS, TEXTS)
    for catalogue, queries in (([], TEXTS), (TEXTS, [])):
        with pytest.raises(InputError, match="texts of items and queries"):
            quantise(exported, tmp_path / "small", catalogue, queries)
