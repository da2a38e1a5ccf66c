"""What reviews praise and criticise, learnt from their stars alone, in their own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import lsqr

from unsung.errors import InputError
from unsung.statistics.shrinkage import shrink_means
from unsung.text.normalise import normalise
from unsung.text.phrases import PhraseCounts, count_phrases, without_fragments
from unsung.text.privacy import mask_personal

_OPINIONS = """
good great nice excellent best better bad worse worst awesome amazing perfect perfectly love
loved loves like liked recommend recommended highly happy pleased satisfied disappointed
disappointing terrible horrible awful poor junk crap fantastic wonderful fine ok okay cool
beautiful wonderfully solid not no never well very really money waste buy bought purchase
purchased product products item star stars amazon work works worked working thing price year
years month months day days time times don doesn didn would expected return returned use used
using pretty super decent simply absolutely 不错 好 很好 好用 喜欢 满意 差 差评 好评 很差 垃圾
太差 失望 一般 还行 可以 挺好 非常好 值得 推荐 不好 不 不是 没有 没 最好 棒 赞 坏 烂 骗人 后悔
质量好 挺不错 性价比高 真不错 五分 五星 好好 不行 还好 还不错 购买 值得购买 东西 商品 产品 wow
incredible favorite beat save disappointment useless garbage however back worth complaint
unfortunately problem problems issue issues overall 差劲 差差 严重 无语 不能 不会 不想 根本 总体
还会 不满意 一星 极差 结果 无法 宝贝 感谢您 宾馆反馈 整体 差评! 超级 特别 完全 居然 竟然 千万
绝对 算了 直接 一直 之前 后来
"""
_OPINION_WORDS = frozenset(_OPINIONS.split())
_SENTENCE = re.compile(r"[^.!?。！？；;\n]+(?:[.!?。！？；;]+|\n|$)")
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
_DAMPING = 1.5
_LEAST_TEXTS = 5
_SAID = 0.15
_QUOTE = (15, 220)
_REDUNDANT = 0.5


class Quote(NamedTuple):
    """A sentence as somebody wrote it, but for personal data, which are masked.

    Parameters
    ----------
    text : str
    review : int
        Row of the review that it stands in.
    polarity : float
        Stars above or below the average review that its words are worth.
    """

    text: str
    review: int
    polarity: float


class Aspect(NamedTuple):
    """What several reviews speak of.

    Parameters
    ----------
    phrase : str
    n_reviews, n_praised, n_criticised : int
        Reviews that name it; in so many of them, in a sentence of praise or of criticism.
    effect : float
        Stars that reviews with the phrase are above the mean of their category, drawn to 0 as far
        as their number demands.
    quote : Quote
        The sentence with the phrase that says most in the direction of the effect.
    """

    phrase: str
    n_reviews: int
    n_praised: int
    n_criticised: int
    effect: float
    quote: Quote


class Voice(NamedTuple):
    """Aspects that are praised and such as are criticised, surest first."""

    praised: tuple[Aspect, ...]
    criticised: tuple[Aspect, ...]


class _Mentions(NamedTuple):
    """Row by row, a phrase: how many reviews name it, how, and what they are worth."""

    column: np.ndarray
    n_reviews: np.ndarray
    n_praised: np.ndarray
    n_criticised: np.ndarray
    effect: np.ndarray
    margin: np.ndarray


@dataclass(frozen=True, eq=False)
class ReviewVoice:
    """Reviews by sentence and phrase, with what each sentence is worth in stars.

    Parameters
    ----------
    sentences : tuple of str, length n_sentences
        Normalised and masked.
    review_of : ndarray of int32, shape (n_sentences,)
        Ascending row of the sentence's review.
    polarity : ndarray of float64, shape (n_sentences,)
    counts : PhraseCounts
        Of the sentences.
    excess : ndarray of float64, shape (n_reviews,)
        Stars above the mean of the category.
    item_of : ndarray of int32, shape (n_reviews,)
    """

    sentences: tuple[str, ...] = field(repr=False)
    review_of: np.ndarray = field(repr=False)
    polarity: np.ndarray = field(repr=False)
    counts: PhraseCounts = field(repr=False)
    excess: np.ndarray = field(repr=False)
    item_of: np.ndarray = field(repr=False)

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        stars: np.ndarray,
        items: np.ndarray | None = None,
        categories: np.ndarray | None = None,
    ) -> "ReviewVoice":
        """Learn what words are worth.

        Parameters
        ----------
        texts : sequence of str
            Reviews that count (``reasons_to_set_aside``).
        stars : ndarray of float, shape (n_reviews,)
        items : ndarray of int, shape (n_reviews,), optional
            Item of each review; all of one item where not given.
        categories : ndarray of int, shape (n_reviews,), optional
            Category of each review's item, from 0; one category where not given.

        Raises
        ------
        InputError
            Where the lengths differ.

        Notes
        -----
        A sentence's polarity is a ridge regression of the excess stars of whole reviews on their
        phrases. That needs no labels, and so it says what words go with, not what they mean:
        "returned" is worth less than 0 although it is no judgement.
        """
        n = len(texts)
        item_of = np.zeros(n, np.int32) if items is None else np.asarray(items, dtype=np.int32)
        category = np.zeros(n, np.int64) if categories is None else np.asarray(categories)
        if not len(stars) == len(item_of) == len(category) == n:
            raise InputError(f"{n} reviews need as many stars, items and categories.")
        n_categories = int(category.max()) + 1 if n else 1
        mean = shrink_means(stars, category, n_categories).mean[category]
        excess = np.asarray(stars, dtype=np.float64) - mean
        found = [
            (sentence, row)
            for row, text in enumerate(texts)
            for sentence in sentences_of(mask_personal(normalise(text)).text)
        ]
        said = tuple(sentence for sentence, _ in found)
        review_of = np.array([row for _, row in found], dtype=np.int32)
        counts = count_phrases(said, min_texts=_LEAST_TEXTS)
        used = _used(counts)
        polarity = used @ _worth(used, review_of, excess)
        return cls(said, review_of, polarity, counts, excess, item_of)

    def of_shop(self, n: int = 10) -> Voice:
        """What all reviews praise and criticise."""
        return self._voice(np.arange(len(self.sentences)), n, _LEAST_TEXTS)

    def of_item(self, item: int, n: int = 5) -> Voice:
        """What the reviews of an item praise and criticise; by two reviews at least."""
        return self._voice(np.flatnonzero(self.item_of[self.review_of] == item), n, 2)

    def summary(self, item: int, n: int = 4) -> list[Quote]:
        """Sentences that stand for the reviews of an item (``summarise_reviews``)."""
        rows = np.flatnonzero(self.item_of[self.review_of] == item)
        stars_above = self.excess[self.review_of[rows]]
        share = float((stars_above < 0).mean()) if len(rows) else 0.0
        places = _central(_used(self.counts)[rows], self.polarity[rows], self._fit(rows), n, share)
        return [self._quote(int(rows[place])) for place in places]

    def _quote(self, sentence: int) -> Quote:
        return Quote(
            self.sentences[sentence],
            int(self.review_of[sentence]),
            round(float(self.polarity[sentence]), 2),
        )

    def _fit(self, rows: np.ndarray) -> np.ndarray:
        """Which sentences can be quoted: neither a scrap nor a page."""
        lengths = np.array(
            [len(self.sentences[row].encode("gbk", "replace")) for row in rows], dtype=np.int64
        )
        return (lengths >= _QUOTE[0]) & (lengths <= _QUOTE[1])

    def _voice(self, rows: np.ndarray, n: int, least: int) -> Voice:
        """Aspects among some sentences; their effect is over the reviews of those alone."""
        used = self.counts.counts[rows].tocoo()
        named = _is_aspect(self.counts)[used.col]
        place, phrase = used.row[named], used.col[named]
        if len(place) == 0:
            return Voice((), ())
        n_all = len(self.excess)
        review = self.review_of[rows][place]
        pairs, pair_of = np.unique(phrase.astype(np.int64) * n_all + review, return_inverse=True)
        said = np.bincount(pair_of, self.polarity[rows][place]) / np.bincount(pair_of)
        distinct, group = np.unique(pairs // n_all, return_inverse=True)
        # What the review as a whole thinks, and what its sentences with the phrase say.
        value = (self.excess[pairs % n_all] + said) / 2
        shrunk = shrink_means(value, group, len(distinct))
        of_phrase = _Mentions(
            distinct,
            np.bincount(group),
            np.bincount(group, said > _SAID).astype(np.int64),
            np.bincount(group, said < -_SAID).astype(np.int64),
            shrunk.mean - shrunk.prior_mean,
            shrunk.mean - shrunk.low,
        )
        order = np.argsort(phrase, kind="stable")
        parts = np.split(rows[place[order]], np.flatnonzero(np.diff(phrase[order])) + 1)
        where = dict(zip(distinct.tolist(), parts, strict=True))
        return Voice(
            self._aspects(of_phrase, where, 1, n, least),
            self._aspects(of_phrase, where, -1, n, least),
        )

    def _aspects(
        self,
        mentions: "_Mentions",
        where: dict[int, np.ndarray],
        sign: int,
        n: int,
        least: int,
    ) -> tuple[Aspect, ...]:
        """The surest aspects in one direction, most of whose mentions go that way."""
        named = mentions.n_praised if sign > 0 else mentions.n_criticised
        sure = np.round(sign * mentions.effect - mentions.margin, 9)
        fits = (sign * mentions.effect > 0) & (2 * named > mentions.n_reviews) & (named >= least)
        kept = np.flatnonzero(fits)
        order = kept[np.lexsort((mentions.column[kept], -sure[kept]))]
        phrases = [self.counts.phrases[mentions.column[at]] for at in order]
        return tuple(
            Aspect(
                self.counts.phrases[mentions.column[at]],
                int(mentions.n_reviews[at]),
                int(mentions.n_praised[at]),
                int(mentions.n_criticised[at]),
                round(float(mentions.effect[at]), 2),
                self._best_quote(where[int(mentions.column[at])], sign),
            )
            for at in order[without_fragments(phrases, n)]
        )

    def _best_quote(self, sentences: np.ndarray, sign: int) -> Quote:
        fit = sentences[self._fit(sentences)]
        among = fit if len(fit) else sentences
        return self._quote(int(among[np.argmax(np.round(sign * self.polarity[among], 9))]))


def summarise_reviews(texts: Sequence[str], stars: np.ndarray, n: int = 4) -> list[Quote]:
    """Choose real sentences that stand for some reviews.

    Sentences near the middle of all that is said, no two alike, critical ones in about the share
    of the reviews that are below the mean (one at least where there is such a review).

    Parameters
    ----------
    texts : sequence of str
        Reviews of one item.
    stars : ndarray of float, shape (n_reviews,)
    n : int
        How many sentences at most.

    Returns
    -------
    quotes : list of Quote
        Personal data are masked.

    References
    ----------
    Erkan and Radev (2004), LexRank, doi:10.1613/jair.1523: centrality as likeness to the others.
    """
    return ReviewVoice.fit(texts, stars).summary(0, n)


def sentences_of(text: str) -> list[str]:
    """Split a text into sentences, with their punctuation.

    Parameters
    ----------
    text : str

    Returns
    -------
    sentences : list of str

    Examples
    --------
    >>> sentences_of("Costs 9.99. Great! 音质很好。推荐")
    ['Costs 9.99.', 'Great!', '音质很好。', '推荐']
    """
    found = _SENTENCE.findall(_DECIMAL.sub("\ufff9", text))
    return [piece.replace("\ufff9", ".").strip() for piece in found if piece.strip()]


def _used(counts: PhraseCounts) -> sp.csr_array:
    """Which phrases a sentence uses, each row of length 1."""
    used = counts.counts.astype(np.float64)
    used.data[:] = 1.0
    lengths = np.sqrt(np.maximum(np.diff(used.indptr), 1))
    used.data /= np.repeat(lengths, np.diff(used.indptr))
    return used


def _worth(used: sp.csr_array, review_of: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Stars that each phrase is worth, from reviews as the mean of their sentences."""
    n = np.bincount(review_of, minlength=len(excess))
    weight = 1 / np.maximum(n, 1)[review_of]
    gather = sp.csr_array(
        (weight, (review_of, np.arange(len(review_of)))), shape=(len(excess), len(review_of))
    )
    if not used.nnz:
        return np.zeros(used.shape[1])
    return np.asarray(lsqr(gather @ used, excess, damp=_DAMPING, iter_lim=50)[0])


def _is_aspect(counts: PhraseCounts) -> np.ndarray:
    """Phrases that name something; ndarray of bool, shape (n_phrases,)."""
    return np.array(
        [
            phrase not in _OPINION_WORDS
            and not all(word in _OPINION_WORDS for word in phrase.split(" "))
            and (len(phrase) > 1)
            for phrase in counts.phrases
        ],
        dtype=bool,
    )


def _central(
    used: sp.csr_array, polarity: np.ndarray, fit: np.ndarray, n: int, share_below: float
) -> list[int]:
    """Places of sentences to take, in the order of their centrality."""
    centre = np.asarray(used.sum(axis=0)).ravel()
    # What says much about a product comes before "It's a guitar strap."
    central = (used @ centre) * (0.3 + np.minimum(np.abs(polarity), 1))
    order = np.lexsort((np.arange(len(central)), -np.round(central, 9)))
    n_critical = min(max(round(n * share_below), 1 if share_below > 0 else 0), n - 1) if n else 0
    left = {True: n_critical, False: n - n_critical}
    taken: list[int] = []
    for place in order.tolist():
        critical = bool(polarity[place] < -_SAID)
        alike = (used[[place]] @ used[taken].T).toarray() if taken else np.zeros((1, 0))
        if fit[place] and left[critical] > 0 and (alike < _REDUNDANT).all():
            taken.append(place)
            left[critical] -= 1
        if not any(left.values()):
            break
    return taken
