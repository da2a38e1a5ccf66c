"""The encoder of the service: what it gives, and what it refuses to load."""

import json

import numpy as np
import pytest

from unsung.errors import BundleError
from unsung.text.onnx_encoder import EncoderCard, OnnxEncoder, embed, read_card, sha256_of


@pytest.fixture
def folder(tmp_path):
    """A folder with the right checksums; no model is in it."""
    (tmp_path / "model.onnx").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "tokenizer.json").write_text("{}")
    names = ("model.onnx", "tokenizer.json")
    card = EncoderCard(
        name="tiny",
        dim=4,
        max_tokens=16,
        pooling="mean",
        sha256={name: sha256_of(tmp_path / name) for name in names},
    )
    (tmp_path / "encoder.json").write_text(card.model_dump_json())
    return tmp_path


def test_a_whole_folder_is_accepted(folder):
    card = read_card(folder)
    assert (card.name, card.dim, card.max_tokens, card.pooling) == ("tiny", 4, 16, "mean")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_every_flipped_byte_is_refused(folder, name, rng):
    whole = (folder / name).read_bytes()
    for place in rng.integers(len(whole), size=20):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        (folder / name).write_bytes(damaged)
        with pytest.raises(BundleError, match=f"{name} is damaged; export the encoder again"):
            OnnxEncoder(folder)
    (folder / name).write_bytes(whole[:-1])
    with pytest.raises(BundleError, match="damaged"):
        read_card(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "encoder.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_card(folder)


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"pooling": "max"}, {"dim": "wide"}, {"spare": 1}, {"sha256": None}],
)
def test_another_format_is_refused(folder, change):
    path = folder / "encoder.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BundleError, match="is not valid"):
        read_card(folder)


def test_a_card_that_is_no_json_is_refused(folder):
    (folder / "encoder.json").write_bytes(b"\x00{")
    with pytest.raises(BundleError, match="is not valid"):
        read_card(folder)


class LettersEncoder:
    """Counts a and b: enough to see which row is whose."""

    name = "letters"
    dim = 2

    def __init__(self):
        self.calls = []

    def encode(self, texts):
        self.calls.append(list(texts))
        return np.array([[t.count("a"), t.count("b")] for t in texts], np.float32).reshape(-1, 2)


def test_embedding_goes_in_chunks_and_keeps_the_order():
    reports = []
    texts = ["aab", "", "b", "aaaa", "ab"]
    encoder = LettersEncoder()
    vectors = embed(texts, encoder, lambda *report: reports.append(report), chunk=2)
    assert vectors.tolist() == [[2, 1], [0, 0], [0, 1], [4, 0], [1, 1]]
    assert vectors.dtype == np.float32
    assert encoder.calls == [["", "b"], ["ab", "aab"], ["aaaa"]]
    assert reports == [("embedding texts", done, 5) for done in (0, 2, 4, 5)]
    assert embed([], encoder).shape == (0, 2)


def test_equal_texts_are_read_once():
    encoder = LettersEncoder()
    vectors = embed(["ab", "b", "ab", "ab"], encoder)
    assert vectors.tolist() == [[1, 1], [0, 1], [1, 1], [1, 1]]
    assert encoder.calls == [["b", "ab"]]


@pytest.fixture(scope="module")
def encoder(minilm_folder):
    return OnnxEncoder(minilm_folder, threads=2)


@pytest.mark.train
def test_rows_have_length_one_and_empty_texts_zero(encoder):
    vectors = encoder.encode(["red lamp", "", "\u200b", "red tea pot " * 200])
    assert vectors.shape == (4, encoder.dim) == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 0, 1], atol=1e-6)
    assert encoder.name == "all-MiniLM-L6-v2"
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.train
def test_a_row_doesn_t_depend_on_its_neighbours(encoder):
    texts = ["red lamp", "mug", "a much longer title of a porcelain tea cup with saucer " * 3]
    together = encoder.encode([*texts, *(f"lamp number {n}" for n in range(80))])
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(together[:3], alone, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(texts[::-1])[::-1], alone, atol=1e-5)


@pytest.mark.train
def test_meaning_is_near(encoder):
    query, near, far = encoder.encode(["mug for tea", "porcelain cup", "garden spade"])
    assert query @ near > query @ far + 0.2
