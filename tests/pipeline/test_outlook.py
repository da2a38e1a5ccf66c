import numpy as np
import pytest
from scipy.special import expit, logit

from unsung.errors import BundleError
from unsung.pipeline.outlook import ARRAYS_FILE, CARD_FILE, Outlook, read_outlook
from unsung.statistics.linear_fit import LinearFit
from unsung.text.documents import Documents, DocumentSettings
from unsung.text.term_vectors import TermSettings, TermVectors


class Letters:
    """An encoder that counts two letters."""

    name, dim = "letters", 2

    def encode(self, texts):
        return np.array([[text.count("e"), text.count("a")] for text in texts], dtype=np.float32)


@pytest.fixture
def documents():
    return Documents(
        texts=("red lamp. acme", "blue lamp", "", "red lamp. acme"),
        titles=("red lamp", "blue lamp", "", "red lamp"),
        tokens=(("brand=acme",), (), (), ("brand=acme",)),
    )


def on_terms(documents, **weights):
    vectors = TermVectors.fit(documents, TermSettings(max_words=1))
    tail = np.array([weights.get(term.replace("=", "_"), 0.0) for term in vectors.terms])
    return Outlook(
        model="terms",
        documents=DocumentSettings(),
        terms=vectors,
        encoder=None,
        tail=LinearFit(tail, 1.0),
        demand=LinearFit(-tail, 0.5),
        record={"n_labelled": 4},
    )


def on_both(documents):
    terms = on_terms(documents, red=-2.0)
    return Outlook(
        model="fine_tuned_terms",
        documents=terms.documents,
        terms=terms.terms,
        encoder=Letters(),
        tail=LinearFit(np.append(terms.tail.coefficients, [0.5, -1.0]), 1.0),
        demand=LinearFit(np.append(terms.demand.coefficients, [0.0, 0.0]), 0.5),
        record={},
    )


def test_the_forecast_is_linear_in_what_the_text_says(documents):
    outlook = on_terms(documents, red=-2.0)
    rows = outlook.terms.transform(documents)
    found = outlook.forecast(documents)
    np.testing.assert_allclose(found.p_tail, expit(rows @ outlook.tail.coefficients + 1))
    assert found.p_tail[0] == found.p_tail[3] < found.p_tail[1] == found.p_tail[2] == expit(1)
    np.testing.assert_allclose(found.demand[1:3], np.expm1(0.5))
    assert found.demand[0] > found.demand[1]


def test_demand_is_never_negative(documents):
    outlook = on_terms(documents, red=9.0)
    assert outlook.forecast(documents).demand[0] == 0


def test_encoder_columns_stand_behind_those_of_terms(documents):
    found = on_both(documents).forecast(documents)
    red = on_terms(documents, red=-2.0).forecast(documents).p_tail
    # "red lamp. acme": two e, two a; "blue lamp": one of each.
    expected = logit(red) + np.array([2 * 0.5 - 2, 0.5 - 1, 0, 2 * 0.5 - 2])
    np.testing.assert_allclose(logit(found.p_tail), expected, atol=1e-6)


def test_the_word_that_drives_comes_first_with_what_it_changes(documents):
    outlook = on_terms(documents, red=-2.0, brand_acme=0.5)
    words = outlook.driving_words(documents)
    assert words[0][0].word == "red"
    assert words[0][0].change < 0
    log_odds = logit(outlook.forecast(documents).p_tail)
    without = logit(
        outlook.forecast(Documents(("lamp. acme",), ("lamp",), (("brand=acme",),))).p_tail
    )
    assert words[0][0].change == pytest.approx(log_odds[0] - without[0], abs=1e-4)
    assert dict(words[0])["brand=acme"] > 0
    # Nothing of the blue lamp moves anything; an empty text has no words.
    assert words[1] == words[2] == ()
    assert words[3] == words[0]
    assert len(outlook.driving_words(documents, 1)[0]) == 1


def test_a_word_is_left_out_where_it_stands_by_itself():
    outlook = on_both(Documents.from_texts(["red lamp"]))
    # With "red" left out of "redder" too, five e would go, not one.
    found = outlook.driving_words(Documents.from_texts(["Red, redder: redeemed"]), 9)
    changes = dict(found[0])
    assert changes["redder"] == pytest.approx(2 * 0.5, abs=1e-4)
    assert changes["redeemed"] == pytest.approx(4 * 0.5, abs=1e-4)


def test_values_leave_the_text_but_not_the_title():
    outlook = on_both(Documents.from_texts(["red lamp"]))
    told = Documents(("eel lamp. lamp, eel",), ("eel lamp",), (("shop=eel",),))
    changes = dict(outlook.driving_words(told, 9)[0])
    assert changes["shop=eel"] == pytest.approx(2 * 0.5, abs=1e-4)
    assert changes["eel"] == pytest.approx(4 * 0.5, abs=1e-4)


def test_words_without_spaces_between_them_are_left_out_too():
    documents = Documents.from_texts(["红色茶壶", "蓝色茶壶"])
    vectors = TermVectors.fit(documents, TermSettings(max_words=1))
    tail = np.array([3.0 if term.startswith("红") else 0.0 for term in vectors.terms])
    outlook = Outlook(
        "terms", DocumentSettings(), vectors, None, LinearFit(tail, 0.0), LinearFit(tail, 0.0), {}
    )
    first = outlook.driving_words(documents)[0][0]
    assert first.word.startswith("红")
    assert first.change > 1


@pytest.mark.parametrize("make", [on_both, lambda d: on_terms(d, red=-2.0)])
def test_what_is_written_is_read_back(documents, make, tmp_path):
    outlook = make(documents)
    outlook.write(tmp_path / "outlook")
    found = read_outlook(tmp_path / "outlook", Letters())
    for mine, other in zip(outlook.forecast(documents), found.forecast(documents), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert found.record == outlook.record
    assert found.model == outlook.model
    assert found.documents == outlook.documents


def test_an_outlook_on_the_shops_encoder_asks_for_it(documents, tmp_path):
    on_both(documents).write(tmp_path)
    with pytest.raises(BundleError, match="needs the encoder letters"):
        read_outlook(tmp_path)
    other = Letters()
    other.name = "other"
    with pytest.raises(BundleError, match="needs the encoder letters"):
        read_outlook(tmp_path, other)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (CARD_FILE, lambda text: text.replace('"format": 1', '"format": 2')),
        (CARD_FILE, lambda text: text.replace('"intercepts"', '"intercept"')),
        (CARD_FILE, lambda text: text.replace("max_words", "most_words")),
    ],
)
def test_what_cannot_be_read_says_so(documents, tmp_path, file, damage):
    on_terms(documents, red=1.0).write(tmp_path)
    path = tmp_path / file
    changed = damage(path.read_text())
    assert changed != path.read_text()
    path.write_text(changed)
    with pytest.raises(BundleError, match="fit the shop again"):
        read_outlook(tmp_path)


def test_absent_arrays_say_so(documents, tmp_path):
    on_terms(documents, red=1.0).write(tmp_path / "one")
    prior = Outlook(
        "prior", DocumentSettings(), None, None,
        LinearFit(np.zeros(0), 1.4), LinearFit(np.zeros(0), 0.2), {},
    )  # fmt: skip
    prior.write(tmp_path / "two")
    assert read_outlook(tmp_path / "two").forecast(documents).p_tail.tolist() == [expit(1.4)] * 4
    (tmp_path / "one" / ARRAYS_FILE).write_bytes((tmp_path / "two" / ARRAYS_FILE).read_bytes())
    with pytest.raises(BundleError, match="fit the shop again"):
        read_outlook(tmp_path / "one")


@pytest.mark.train
def test_a_fine_tuned_encoder_goes_with_the_outlook(documents, tmp_path, request):
    from unsung.text.onnx_encoder import OnnxEncoder

    folder = tmp_path / "made"
    folder.mkdir()
    _tiny_encoder(folder)
    encoder = OnnxEncoder(folder)
    outlook = Outlook(
        "fine_tuned", DocumentSettings(), None, encoder,
        LinearFit(np.arange(encoder.dim, dtype=float), 0.0), LinearFit(np.ones(encoder.dim), 0.0),
        {},
    )  # fmt: skip
    outlook.write(tmp_path / "outlook")
    found = read_outlook(tmp_path / "outlook")
    np.testing.assert_allclose(found.forecast(documents).p_tail, outlook.forecast(documents).p_tail)
    assert found.encoder.folder == tmp_path / "outlook" / "encoder"


def _tiny_encoder(folder):
    """A graph of one table and a mean, written by hand."""
    import json

    import onnx
    from onnx import TensorProto, helper
    from tokenizers import Tokenizer, models, pre_tokenizers

    from unsung.text.onnx_encoder import CARD_FILE as CARD
    from unsung.text.onnx_encoder import MODEL_FILE, TOKENISER_FILE, sha256_of

    table = np.random.default_rng(1).random((4, 3)).astype(np.float32)
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "t"])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["b", "t"])
    out = helper.make_tensor_value_info("text_vectors", TensorProto.FLOAT, ["b", 3])
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["tokens"]),
        helper.make_node("ReduceMean", ["tokens", "axis"], ["pooled"], keepdims=0),
        helper.make_node("LpNormalization", ["pooled"], ["text_vectors"], axis=1, p=2),
        helper.make_node("Cast", ["attention_mask"], ["unused"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes, "tiny", [ids, mask], [out],
        [onnx.numpy_helper.from_array(table, "table"),
         onnx.numpy_helper.from_array(np.array([1]), "axis")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, folder / MODEL_FILE)
    numbers = {"[UNK]": 0, "red": 1, "blue": 2, "lamp": 3}
    tokeniser = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokeniser.pre_tokenizer = pre_tokenizers.Whitespace()
    tokeniser.save(str(folder / TOKENISER_FILE))
    card = {
        "format": 1, "name": "tiny, outlook", "dim": 3, "max_tokens": 8, "pooling": "mean",
        "sha256": {name: sha256_of(folder / name) for name in (MODEL_FILE, TOKENISER_FILE)},
    }  # fmt: skip
    (folder / CARD).write_text(json.dumps(card))
