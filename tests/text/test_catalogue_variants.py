import numpy as np
import pandas as pd

from unsung.text.catalogue_variants import variants_of, with_new_variants
from unsung.text.documents import Documents
from unsung.text.term_vectors import TermVectors

TITLES = ["red pitcher", "oak table", "blue pitcher", None, "oak chair", None]
NEW = ["green pitcher", "brass lamp", "white oak chair", "brass lamp"]


def grown(titles: list[str | None], n_known: int) -> np.ndarray:
    catalogue = pd.DataFrame({"title": pd.Series(titles, dtype="str")})
    documents = Documents.from_texts([title or "" for title in titles])
    terms = TermVectors.fit(documents).transform(documents)
    return with_new_variants(variants_of(catalogue.iloc[:n_known]), catalogue, terms)


def same(variants: np.ndarray) -> set[tuple[int, int]]:
    n = len(variants)
    return {
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if variants[i] >= 0 and variants[i] == variants[j]
    }


def test_items_without_a_title_are_alone() -> None:
    assert same(variants_of(pd.DataFrame({"title": pd.Series(TITLES, dtype="str")}))) == {(0, 2)}


def test_a_catalogue_without_titles_has_no_groups() -> None:
    assert variants_of(pd.DataFrame({"price": [1.0, 2.0]})).tolist() == [-1, -1]


def test_unlike_brands_are_unlike_products() -> None:
    catalogue = pd.DataFrame({"title": ["red pitcher", "blue pitcher"], "brand": ["a", "b"]})
    assert variants_of(catalogue).tolist() == [-1, -1]


def test_new_items_join_groups_found_them_and_pair_up_with_items_alone() -> None:
    found = grown([*TITLES, *NEW], len(TITLES))
    assert same(found) == {(0, 2), (0, 6), (2, 6), (4, 8), (7, 9)}


def test_known_groups_keep_their_numbers() -> None:
    known = variants_of(pd.DataFrame({"title": pd.Series(TITLES, dtype="str")}))
    found = grown([*TITLES, *NEW], len(TITLES))
    grouped = known >= 0
    assert found[: len(known)][grouped].tolist() == known[grouped].tolist()
