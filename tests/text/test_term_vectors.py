"""Equal to scikit-learn where it can be compared, and to itself after a bundle."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from unsung.errors import BundleError
from unsung.text.documents import Documents, build_documents
from unsung.text.term_vectors import TermSettings, TermVectors

WORDS = st.sampled_from(["red", "lamp", "RED", "tea", "pot", "x", "10cm", "über"])
TITLES = st.lists(st.lists(WORDS, max_size=6).map(" ".join), min_size=1, max_size=8)


def assert_equal_to_scikit_learn(titles: list[str], **settings: int) -> None:
    ours = TermSettings(**settings)
    oracle = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, ours.max_words), min_df=ours.min_documents
    )
    expected = oracle.fit_transform(titles)
    vectors = TermVectors.fit(Documents.from_texts(titles), ours)
    assert list(vectors.terms) == oracle.get_feature_names_out().tolist()
    found = vectors.transform(Documents.from_texts(titles))
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert abs(found - expected).max() <= 1e-6


@given(TITLES, st.integers(1, 3), st.integers(1, 2))
def test_titles_give_scikit_learn_s_vectors(titles, max_words, min_documents):
    documents = [" ".join(words) for words in (title.split() for title in titles)]
    counts: dict[str, int] = {}
    for terms in (set(title.lower().split()) for title in documents):
        for term in terms - {"x"}:
            counts[term] = counts.get(term, 0) + 1
    if max(counts.values(), default=0) < min_documents:
        return  # scikit-learn refuses an empty vocabulary
    assert_equal_to_scikit_learn(documents, max_words=max_words, min_documents=min_documents)


@pytest.mark.data
def test_real_titles_give_scikit_learn_s_vectors(data_folder):
    items = pd.read_parquet(data_folder / "amazon_beauty_2014_5core/items.parquet")
    titles = Documents.from_texts(items["title"].fillna("")).titles
    assert_equal_to_scikit_learn(list(titles))


def test_values_are_terms_too():
    catalogue = pd.DataFrame(
        {"title": ["red lamp", "blue lamp"], "brand": ["OPI", "OPI"], "tag": ["1 | 2", "1"]}
    )
    documents = build_documents(catalogue)
    vectors = TermVectors.fit(documents)
    assert {"brand=opi", "tag=1", "tag=2", "red lamp"} <= set(vectors.terms)
    rows = vectors.transform(documents)
    np.testing.assert_allclose(rows.multiply(rows).sum(axis=1), 1, rtol=1e-6)
    # Of equal count, so of equal weight; the rarer word weighs more.
    weight = dict(zip(vectors.terms, rows[[0]].toarray()[0], strict=True))
    assert weight["brand=opi"] == weight["lamp"] < weight["red"]


def test_unknown_terms_and_empty_documents_give_nothing():
    vectors = TermVectors.fit(Documents.from_texts(["red lamp", ""]))
    rows = vectors.transform(Documents.from_texts(["", "green", "green lamp"])).toarray()
    assert not rows[:2].any()
    assert rows[2].tolist() == [1, 0, 0]
    assert vectors.terms == ("lamp", "red", "red lamp")


@pytest.mark.parametrize("titles", [[], ["", ""]])
def test_no_text_at_all_gives_no_columns(titles):
    documents = Documents.from_texts(titles)
    vectors = TermVectors.fit(documents)
    assert vectors.transform(documents).shape == (len(titles), 0)
    again = TermVectors.from_arrays(vectors.settings, vectors.to_arrays())
    assert again.terms == ()


@given(TITLES, st.randoms(use_true_random=False))
def test_the_order_of_documents_is_not_visible(titles, random):
    shuffled = random.sample(titles, len(titles))
    one, other = (TermVectors.fit(Documents.from_texts(texts)) for texts in (titles, shuffled))
    assert one.terms == other.terms
    np.testing.assert_array_equal(one.idf, other.idf)


def test_a_bundle_gives_the_same_vectors():
    documents = Documents.from_texts(["红色 指甲油 é", "red lamp", "red pot"])
    vectors = TermVectors.fit(documents, TermSettings(max_words=1))
    arrays = {name: array.copy() for name, array in vectors.to_arrays().items()}
    again = TermVectors.from_arrays(vectors.settings, arrays)
    assert again.terms == vectors.terms
    expected, found = vectors.transform(documents), again.transform(documents)
    np.testing.assert_array_equal(found.toarray(), expected.toarray())


@pytest.mark.parametrize(
    "damage",
    [
        {"ends": np.array([3, 1, 5])},
        {"ends": np.array([3, 7])},
        {"terms": np.zeros(2, np.uint8)},
    ],
)
def test_arrays_that_don_t_fit_are_refused(damage):
    arrays = TermVectors.fit(Documents.from_texts(["red lamp"])).to_arrays()
    with pytest.raises(BundleError, match="write the bundle again"):
        TermVectors.from_arrays(TermSettings(), {**arrays, **damage})
