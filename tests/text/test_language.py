"""Languages by script and by letters; words like scikit-learn's, and Chinese ones."""

import os
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from unsung.text.language import UNKNOWN, catalogue_language, language_of, words

analyse = CountVectorizer().build_analyzer()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "en"),
        ("Schöner Lampenschirm aus Glas für das Wohnzimmer", "de"),
        ("Crème hydratante pour les mains sèches", "fr"),
        ("减速器链条", "zh"),
        ("tasco望远镜", "zh"),
        ("化粧水 しっとりタイプ", "ja"),
        ("수분 크림 50ml", "ko"),
        ("Крем для рук с ромашкой", "ru"),
        ("", UNKNOWN),
        ("12 / 30", UNKNOWN),
    ],
)
def test_the_language_of_a_text(text, language):
    assert language_of(text) == language


def test_only_asked_languages_are_answered():
    assert language_of("减速器链条", ("en", "de")) == UNKNOWN
    assert language_of("Crème pour les mains", ("en", "de")) in ("en", "de", UNKNOWN)
    assert language_of("Crème pour les mains", ("en",)) == "en"


def test_the_language_of_a_catalogue_is_that_of_most_of_its_text():
    titles = ["Lampe aus Glas mit Schirm", "", "Rote Decke für das Sofa"] * 50 + ["red lamp"] * 5
    assert catalogue_language(titles) == "de"
    assert catalogue_language(titles, n_sampled=3) == "de"
    assert catalogue_language(["", ""]) == UNKNOWN
    assert catalogue_language([]) == UNKNOWN


@given(st.text(st.characters(max_codepoint=0x2FFF)))
def test_words_outside_chinese_are_those_of_scikit_learn(text):
    assert words(text) == analyse(text)


def test_chinese_words_are_found_beside_latin_ones():
    assert words("OPI 红色指甲油 15ML") == ["opi", "红色", "指甲油", "15ml"]
    assert "".join(words("一本会发光的书")) == "一本会发光的书"
    assert words("望远镜,10x50") == ["望远镜", "10x50"]


def test_segmenting_says_nothing_and_writes_nothing(tmp_path):
    code = "from unsung.text.language import words; print(len(words('望远镜支架')))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("2\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
def test_the_languages_of_real_catalogues(data_folder):
    folder = data_folder / "chinese_reviews"
    queries = pd.read_parquet(folder / "multicpr_ecom_queries.parquet")["query"]
    items = pd.read_parquet(data_folder / "amazon_2023_beauty_health_handmade/items.parquet")
    titles = items["title"].iloc[:300].tolist()
    assert catalogue_language(queries.tolist()) == "zh"
    assert catalogue_language(titles) == "en"
    assert sum(language_of(title, ("en", "zh", "de")) == "en" for title in titles) > 290
