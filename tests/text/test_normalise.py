"""What looks the same is the same; what is another word stays another word."""

import unicodedata

import numpy as np
import pandas as pd
import pytest
from confusable_homoglyphs.confusables import confusables_data
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unsung.text import normalise as module
from unsung.text.normalise import normalise

# In these the Unicode list has the other case, or no entry for a letter that looks alike.
NOT_LISTED = set("ІӀΙⲒӏԚкκχςյ")
LOOKALIKES = str.maketrans("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OPI Nail Lacquer, 0.5-Fluid Ounce", "OPI Nail Lacquer, 0.5-Fluid Ounce"),
        ("", ""),
        (" \t\n", ""),
        ("red\u00a0 lamp\r\n", "red lamp"),
        ("ＦＵＬＬ　ｗｉｄｔｈ ﬁne ㎝ 𝓑𝓮𝓪𝓾𝓽𝔂", "FULL width fine cm Beauty"),
        ("z\u200be\u200dr\u2060o\ufeff so\u00adft", "zero soft"),
        ("a\x00b\x07c\x7fd", "abcd"),
        ("line\x85next", "line next"),
        ("half \ud83d pair", "half pair"),
        ("OPI® Nail™", "OPI Nail"),
        ("Crème brûlée für Kinder", "Crème brûlée für Kinder"),
        ("e\u0301", "é"),
        ("望远镜　１０倍", "望远镜 10倍"),
        ("👩\u200d🔬 kit ❤\ufe0f", "👩🔬 kit ❤"),
    ],
)
def test_one_spelling(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Salt &amp; pepper", "Salt & pepper"),
        ("Salt &amp;amp; pepper &#38;#x26; oil", "Salt & pepper & oil"),
        ("5&quot; pot &lt;b&gt;NEW&lt;/b&gt;", '5" pot NEW'),
        ("<p class='x'>Soft<br/>towel</p>", "Soft towel"),
        ("<style>p{color:red}</style>Soft<SCRIPT src=x>evil()</script >towel", "Soft towel"),
        ("<!-- hidden <b> -->Soft towel", "Soft towel"),
        ("NEW --> SALE <i>x</i></script>", "NEW --> SALE x"),
        ("I <3 cats, size < 5 cm", "I <3 cats, size < 5 cm"),
        ("BLACK&REGAL R&D AT&T; x&y;", "BLACK&REGAL R&D AT&T; x&y;"),
        ("<script>never closed", ""),
    ],
)
def test_html_is_read(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n\u0430il l\u0430cqu\u0435r", "nail lacquer"),
        ("Gοld Ꮯhain օil", "Gold Chain oil"),
        # Words wholly of twins: Latin where another word shows what was done.
        ("\u0420\u0410\u0421\u041a OF R\u0415TROSPOT", "PACK OF RETROSPOT"),
    ],
)
def test_swapped_letters_come_back(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Крем для рук",
        "МАСКА Garnier",
        "Шампунь Head Shoulders",
        "Καφές ελληνικός",
        "100μm filter",
        "4kΩ",
        "α-Lipoic acid",
        "Крeм mixed by accident, м has no twin",
    ],
)
def test_words_of_other_alphabets_stay(text):
    assert normalise(text) == text


def test_the_table_of_lookalikes_agrees_with_unicode():
    pairs = {chr(code): latin for code, latin in module._LATIN_OF.items()}
    assert pairs.keys() >= NOT_LISTED
    for other, latin in pairs.items():
        assert latin.isascii()
        assert unicodedata.normalize("NFKC", other) == other
        assert module._ANY_FOREIGN.fullmatch(other)
        twins = {entry["c"] for entry in confusables_data.get(other, [])}
        assert (latin in twins) != (other in NOT_LISTED), (other, latin)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u202epmal der\u202c, new", "red lamp, new"),
        ("red \u202epmal", "red lamp"),
        # A swap of two letters: b, a are stored, a, b are shown (arXiv 2106.09898).
        ("t\u202e\u2066a\u2069\u2066e\u2069\u202c", "tea"),
        ("\u202ec\u202db\u202ca\u202c", "abc"),
        ("\u202cstray\u2069 marks\u200f", "stray marks"),
    ],
)
def test_text_is_read_as_it_is_shown(text, expected):
    assert normalise(text) == expected


WILD = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("&;<>/!-#aоеxАΡ \u200b\u202e\u202c\u2066\u2069Ⅴ㎝ﷺ\u115f\u0301"),
    )
)
PIECES = st.lists(
    st.sampled_from(["&amp;", "&lt;", "<b>", "&#60;", "&#x202e;", "＜", "＆", "lt;", "script", ">"])
)


@given(WILD | PIECES.map("".join))
@example("&am&#112;lt;b&gt;")
@settings(max_examples=300)
def test_doing_it_again_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once
    assert once == once.strip()
    once.encode("utf-8")


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd"], max_codepoint=127), min_size=1))
def test_invisible_characters_don_t_count(word):
    assert normalise("\u200b\u2066" + "\u200d".join(word) + "\u2069") == word


@pytest.mark.parametrize(
    "text",
    [
        "<" * 200_000,
        "<script" * 50_000,
        "<!--" * 50_000,
        "&" + "amp;" * 50_000,
        "\u202ex" * 100_000,
        "a\u0430" * 100_000,
        "&#x26;#38;" * 20_000,
    ],
    ids=lambda text: repr(text[:6]),
)
@pytest.mark.timeout(20)
def test_hostile_text_is_read_in_linear_time(text):
    assert len(normalise(text)) <= len(text)


def attacked(title: str, attack: str, rate: float, rng: np.random.Generator) -> str:
    hit = rng.random(len(title)) < rate
    match attack:
        case "homoglyphs":
            swapped = title.translate(LOOKALIKES)
            return "".join(np.where(hit, list(swapped), list(title)))
        case "zero width":
            return "".join(c + "\u200b\u2060"[i % 2] * int(hit[i]) for i, c in enumerate(title))
        case _:
            return "".join(f"\u202e{c}\u202c" if hit[i] else c for i, c in enumerate(title))


@pytest.mark.train
@pytest.mark.data
@pytest.mark.parametrize("attack", ["homoglyphs", "zero width", "bidi"])
def test_attacked_titles_stay_near_their_clean_vectors(attack, minilm_folder, data_folder, rng):
    from unsung.text.onnx_encoder import OnnxEncoder

    items = pd.read_parquet(data_folder / "amazon_2023_beauty_health_handmade/items.parquet")
    titles = items["title"].iloc[::100].tolist()[:60]
    encoder = OnnxEncoder(minilm_folder, threads=2)
    # In one call: texts that are restored to the letter are encoded once.
    texts = titles + [attacked(t, attack, rate, rng) for rate in (0.1, 0.4, 1.0) for t in titles]
    clean, *found = encoder.encode(texts).reshape(4, len(titles), -1)
    assert (np.array(found) * clean).sum(axis=2).min() >= 0.95
