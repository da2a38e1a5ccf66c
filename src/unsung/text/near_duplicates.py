"""Listings of one product: the same one twice, or in another size, amount or colour."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from unsung.errors import InputError
from unsung.text.attributes import extract_attributes
from unsung.text.language import words
from unsung.text.normalise import normalise

VARIES = ("volume", "weight", "length", "dimensions", "count", "size", "colour")
"""Kinds of attributes in which variants of one product differ."""

_NO_NAMES = """
a an and the of for with in on by to from at or plus new brand genuine original authentic
的 和 与 及 新款 正品 包邮 官方 旗舰店
"""
_SAYS_NOTHING = frozenset(_NO_NAMES.split())
_LONE_LETTER = re.compile(r"(?<![\w'’])[^\W\d_](?!\w)")
_NUMBERED = re.compile(r"[a-z]{0,12}[0-9][a-z0-9]*(?:[.-][0-9]+)*", re.ASCII)
_LEAST_TYPO_LETTERS = 6
# Of a title with fewer words than this a number may be all the name: GTX 750, GTX 1060.
_LEAST_WORDS_BESIDE_A_NUMBER = 4
_LEAST_WORDS_BESIDE_A_TYPO = 2


@dataclass(frozen=True, eq=False)
class Variants:
    """Which items are listings of one product.

    Parameters
    ----------
    group : ndarray of int32, shape (n_items,)
        Items of one product share a number, from 0; numbers follow the titles' order.
    listing : ndarray of int32, shape (n_items,)
        Items of one group that also agree in every attribute share a number.

    """

    group: np.ndarray
    listing: np.ndarray

    def relation(self, item: int, other: int) -> str | None:
        """``"duplicate"``, ``"variant"`` or None for two items that aren't one product."""
        if self.group[item] != self.group[other]:
            return None
        return "duplicate" if self.listing[item] == self.listing[other] else "variant"

    @property
    def shared(self) -> np.ndarray:
        """``group``, but -1 for an item that is alone in its own: ndarray of int32, (n_items,)."""
        alone = np.bincount(self.group)[self.group] == 1 if len(self.group) else []
        return np.where(alone, -1, self.group).astype(np.int32)


@dataclass(frozen=True)
class _Title:
    """A title in two parts: the words that make the product, and what its variants differ in."""

    core: tuple[str, ...]
    varies: tuple[str, ...]
    spelled: str


def group_variants(
    titles: Sequence[str],
    brands: Sequence[str | None] | None = None,
    categories: Sequence[str | None] | None = None,
) -> Variants:
    """Group the items of a catalogue that are duplicates or variants of one product.

    A title falls into words that make the product and values that vary: sizes, amounts, colours
    and numbers. Items are one product where the same set of words is left, in any order; where
    one word is spelled with one letter more, less, other or swapped; or where words are written
    together or apart. All of a group have the same brand and category, where they are given.

    Parameters
    ----------
    titles : sequence of str
    brands, categories : sequence of str or None, optional
        Of the same length.

    Returns
    -------
    variants : Variants
        The order of the items changes nothing: neither the groups nor their numbers.

    Raises
    ------
    InputError
        Where the lengths differ.

    Notes
    -----
    Exact, by hashes of sets of words: time and memory grow with the number of words, whatever the
    titles are. A material, a gender or an age makes another product, and so do names of shades and
    scents, which no vocabulary knows. A title without a word of its own is like its equal only, and
    items without a title are like none.

    Examples
    --------
    >>> titles = ["Blue mug 250 ml", "Red mug 250 ml", "MUG, BLUE, 250ml", "Set of 4 forks"]
    >>> found = group_variants(titles)
    >>> found.group.tolist()
    [0, 0, 0, 1]
    >>> found.relation(0, 1), found.relation(0, 2), found.relation(0, 3)
    ('variant', 'duplicate', None)
    """
    for name, given in (("brands", brands), ("categories", categories)):
        if given is not None and len(given) != len(titles):
            raise InputError(f"{len(given)} {name} of {len(titles)} titles: give each item one.")
    places = [
        "\x1f".join(normalise(str(part)).lower() if isinstance(part, str) else "" for part in place)
        for place in zip(
            brands or [None] * len(titles), categories or [None] * len(titles), strict=True
        )
    ]
    parts = [_parted(title) for title in titles]
    blank = [f"{row}" * (not part.spelled) for row, part in enumerate(parts)]
    places = [place + row for place, row in zip(places, blank, strict=True)]
    joined = _components(len(titles), _links(parts, places))
    listings = [
        f"{group}\x1f{place}\x1f{' '.join(part.varies)}"
        for group, place, part in zip(joined, places, parts, strict=True)
    ]
    spelled = [f"{part.spelled}\x1f{place}" for part, place in zip(parts, places, strict=True)]
    return Variants(_numbered(joined.tolist(), spelled), _numbered(listings, spelled))


def _parted(title: str) -> _Title:
    text = normalise(title)
    varies: list[str] = []
    pieces, end = [], 0
    for attribute in extract_attributes(text):
        if attribute.kind in VARIES:
            varies.append(f"{attribute.kind}={attribute.value}{attribute.unit}")
            pieces.append(text[end : attribute.start])
            end = attribute.end
    rest = " ".join([*pieces, text[end:]]).lower()
    numbered = _NUMBERED.findall(rest)
    rest = _NUMBERED.sub(" ", rest)
    found = [_stem(word) for word in words(rest)] + _LONE_LETTER.findall(rest)
    named = [word for word in found if word not in _SAYS_NOTHING]
    if len(set(named)) < _LEAST_WORDS_BESIDE_A_NUMBER:
        named, numbered = named + numbered, []
    core = tuple(dict.fromkeys(named))
    return _Title(core, tuple(sorted({*varies, *numbered})), text.lower())


def _stem(word: str) -> str:
    """Drop the plural's s."""
    plural = len(word) > 3 and word.isascii() and word.endswith("s")
    return word[:-1] if plural and not word.endswith(("ss", "us", "is")) else word


@lru_cache(maxsize=1 << 18)
def _hash(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _links(
    parts: Sequence[_Title], places: Sequence[str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of items that are one product; enough of them to join each group."""
    of_place = np.array([_hash(f"place\x1f{place}") for place in places], dtype=np.uint64)
    by_words = of_place + np.array(
        [
            sum(map(_hash, part.core)) % 2**64 if part.core else _hash(f"alone\x1f{part.spelled}")
            for part in parts
        ],
        dtype=np.uint64,
    )
    together = of_place + np.array(
        [
            _hash(f"together\x1f{''.join(part.core)}\x1f{part.spelled * (not part.core)}")
            for part in parts
        ],
        dtype=np.uint64,
    )
    yield _equals(by_words)
    yield _equals(together)
    yield _typos(parts, by_words)


def _equals(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    return order[1:][same], order[:-1][same]


def _typos(parts: Sequence[_Title], by_words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Items whose sets of words are equal once one word is spelled otherwise."""
    alike = _spelling_neighbours({word for part in parts for word in part.core})
    item: list[int] = []
    shift: list[int] = []
    for row, part in enumerate(parts):
        if len(part.core) > _LEAST_WORDS_BESIDE_A_TYPO:
            for word in part.core:
                for other in alike.get(word, ()):
                    item.append(row)
                    shift.append((_hash(other) - _hash(word)) % 2**64)
    distinct, first = np.unique(by_words, return_index=True)
    rows = np.array(item, dtype=np.int64)
    wanted = by_words[rows] + np.array(shift, dtype=np.uint64)
    at = np.minimum(np.searchsorted(distinct, wanted), max(len(distinct) - 1, 0))
    held = distinct[at] == wanted
    return rows[held], first[at[held]]


def _spelling_neighbours(vocabulary: Iterable[str]) -> dict[str, list[str]]:
    """Words that are one letter apart (more, less or swapped), neither of them short."""
    shortened: dict[str, list[str]] = defaultdict(list)
    known = {word for word in vocabulary if len(word) >= _LEAST_TYPO_LETTERS and word.isalpha()}
    for word in sorted(known):
        for place in range(len(word)):
            shortened[word[:place] + word[place + 1 :]].append(word)
    alike: dict[str, set[str]] = defaultdict(set)
    for short, longer in shortened.items():
        members = [*longer, short] if short in known else longer
        for word in members:
            alike[word].update(other for other in members if _is_slip(word, other))
    return {word: sorted(others) for word, others in alike.items() if others}


def _is_slip(word: str, other: str) -> bool:
    """One letter more or less or two swapped: words of one length with another letter differ."""
    return word != other and (len(word) != len(other) or sorted(word) == sorted(other))


def _components(n: int, links: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    ends = [np.concatenate(column) for column in zip(*links, strict=True)]
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), tuple(ends)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1]) if n else np.zeros(0, int)


def _numbered(labels: Sequence[object], spelled: Sequence[str]) -> np.ndarray:
    """Number labels from 0 in the order of the first of their spellings."""
    first: dict[object, str] = {}
    for label, title in zip(labels, spelled, strict=True):
        first[label] = min(first.get(label, title), title)
    number = {label: place for place, label in enumerate(sorted(first, key=first.__getitem__))}
    return np.array([number[label] for label in labels], dtype=np.int32)
