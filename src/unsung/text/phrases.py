"""Phrases of up to three words, and how often texts use them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from unsung.text.language import words
from unsung.text.normalise import normalise

_STOP_WORDS = """
a about after again all also am an and any are as at be because been before being both but by
can could did do does doing done down each else even ever every few for from further get gets
getting go goes going got had has have having he her here hers him his how i if in into is it
its itself just let like lot lots made make makes many may me might more most much my myself
need new of off on once one only or other our out over own per same see she should since so some
something still such than that the their them then there these they thing things this those
through to too two under until up upon us very was way we well were what when where which while
who will with within would yet you your yours yourself oz fl ml pcs don doesn didn isn wasn won
couldn wouldn aren ve ll re im ive 的 了 是 在 我 我们 你 您 他 她 它 们 和 与 及 也 都 就 而 着
又 很 太 还 还是 有 这 那 这个 那个 这样 一个 一 个 之 为 以 于 把 被 给 让 对 从 到 去 来 上 下
中 里 会 能 可以 要 想 说 看 才 只 再 吧 啊 呢 吗 哦 呀 哈 嗯 但 但是 不过 因为 所以 如果 虽然
然后 而且 或 或者 比较 非常 挺 更 最 自己 什么 怎么 已经 现在 时候 一下 一点 有点 觉得 感觉 没
用 买 这次 这款 这种 并 其 其他 等 过 得 地 多 大家 东西 真的 真 岁
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words with which no phrase begins or ends. Those that deny ("not", "no", "不") are none."""

_BREAKS = re.compile(
    r"[.,;:!?()\[\]{}\"|/<>~*+=，。；：！？、（）【】《》“”…\n]|(?<!\w)[-–—]|[-–—](?!\w)"
)
_LEAST_COHESION = 0.15


def phrases_of(text: str, max_words: int = 3) -> Iterator[str]:
    """Give the phrases of a normalised text, as often as they stand in it.

    Parameters
    ----------
    text : str
        ``unsung.text.normalise``.
    max_words : int

    Yields
    ------
    phrase : str
        Lower-case words that follow each other, with no punctuation between and no stop word or
        number at either end.

    Examples
    --------
    >>> list(phrases_of("The sound of it is great, easy setup"))
    ['sound', 'great', 'easy', 'easy setup', 'setup']
    """
    for piece in _BREAKS.split(text.lower()):
        found = words(piece)
        ends = [word not in STOP_WORDS and not word.isdigit() for word in found]
        for start in range(len(found)):
            if not ends[start]:
                continue
            yield found[start]
            for stop in range(start + 2, min(start + max_words, len(found)) + 1):
                phrase = _joined(found[start:stop])
                # Words of one letter are no words to the tokeniser, and can stand between.
                if ends[stop - 1] and phrase in piece:
                    yield phrase


def _joined(run: Sequence[str]) -> str:
    text = run[0]
    for word in run[1:]:
        text += f" {word}" if text[-1].isascii() and word[0].isascii() else word
    return text


@dataclass(frozen=True, eq=False)
class PhraseCounts:
    """How often each text uses each phrase.

    Parameters
    ----------
    phrases : tuple of str, length n_phrases
        Sorted.
    counts : csr_array of int64, shape (n_texts, n_phrases)
    n_texts_with : ndarray of int64, shape (n_phrases,)
        Texts that hold the phrase.
    """

    phrases: tuple[str, ...]
    counts: sp.csr_array = field(repr=False)
    n_texts_with: np.ndarray = field(repr=False)

    @cached_property
    def n_words(self) -> np.ndarray:
        """Words of each phrase; ndarray of int64, shape (n_phrases,)."""
        return np.array([len(words(phrase)) for phrase in self.phrases], dtype=np.int64)


def count_phrases(texts: Sequence[str], max_words: int = 3, min_texts: int = 1) -> PhraseCounts:
    """Count the phrases of texts.

    Parameters
    ----------
    texts : sequence of str
    max_words : int
        Longest phrase.
    min_texts : int
        Phrases in fewer texts are left out. Phrases of several words are in two texts at least,
        and in a part of the texts with their rarest word: so they are names, not chance.

    Returns
    -------
    counts : PhraseCounts
    """
    rows = [Counter(phrases_of(normalise(text), max_words)) for text in texts]
    with_it: Counter[str] = Counter()
    for row in rows:
        with_it.update(row.keys())
    kept = sorted(phrase for phrase in with_it if _is_name(phrase, with_it, min_texts))
    column_of = {phrase: column for column, phrase in enumerate(kept)}
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    columns: list[int] = []
    values: list[int] = []
    for place, row in enumerate(rows):
        held = sorted((column_of[phrase], n) for phrase, n in row.items() if phrase in column_of)
        columns += [column for column, _ in held]
        values += [n for _, n in held]
        indptr[place + 1] = len(columns)
    counts = sp.csr_array(
        (np.array(values, dtype=np.int64), np.array(columns, dtype=np.int32), indptr),
        shape=(len(rows), len(kept)),
    )
    return PhraseCounts(
        tuple(kept), counts, np.array([with_it[phrase] for phrase in kept], dtype=np.int64)
    )


def _is_name(phrase: str, with_it: Counter[str], min_texts: int) -> bool:
    n = with_it[phrase]
    parts = words(phrase)
    if len(parts) == 1:
        return n >= min_texts
    rarest = min((with_it[part] or n for part in parts), default=n)
    return n >= max(2, min_texts) and n >= _LEAST_COHESION * rarest


def without_fragments(
    phrases: Sequence[str], n: int, joined: frozenset[str] = frozenset()
) -> list[int]:
    """Take the first phrases of which none shares half of its words with one taken before.

    Parameters
    ----------
    phrases : sequence of str
        Best first.
    n : int
        How many to take at most.
    joined : frozenset of str
        Phrases that hardly ever stand alone; they are passed over.

    Returns
    -------
    places : list of int

    Examples
    --------
    >>> without_fragments(["nail art", "art", "red", "nail art plate", "plate"], 3)
    [0, 2, 4]
    """
    taken: list[int] = []
    held: list[str] = []
    for place, phrase in enumerate(phrases):
        if len(taken) == n:
            break
        if phrase not in joined and not any(_overlap(phrase, other) for other in held):
            taken.append(place)
            held.append(phrase)
    return taken


def _overlap(phrase: str, other: str) -> bool:
    if not phrase.isascii():
        return phrase in other or other in phrase
    parts, others = set(phrase.split(" ")), set(other.split(" "))
    return 2 * len(parts & others) >= len(parts) or others <= parts
