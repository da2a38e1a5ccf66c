"""Why an item is in a list, made of the parts of its real score."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse as sp

from unsung import schema
from unsung.data.state import ShopState
from unsung.features.history import histories_of
from unsung.features.item import item_prices
from unsung.recommenders.base import Part, Scorer

SHOWN_HISTORY = 3
"""History items named one by one; the smaller ones are added up."""
WEAK_SHARE = 0.01
"""A reason that makes less of all named ones isn't told apart: it would read as +0.00."""
TREND_HALF_LIFE_DAYS = 14.0
"""In which the trend that people are told halves."""


@dataclass(frozen=True)
class Reason:
    """One reason; the amounts of an item's reasons sum to its score.

    Parameters
    ----------
    kind : str
        ``history`` (one item that the user had), ``other_history`` (all further ones),
        ``popularity``, ``price``, ``category``, ``brand``, ``age``, ``title``, ``balance`` (room
        made for the established tail), ``dial`` (how far up the dial moved it: no part of the
        score), or ``average`` (where every item starts for this user, and
        what speaks against it without a name).
    amount : float
        Share of the score, in the score's units.
    item_id : str or None
        The history item.
    words : tuple of str
        What both items' texts say, most telling first.
    text : str
        One sentence in English.
    """

    kind: str
    amount: float
    item_id: str | None
    words: tuple[str, ...]
    text: str


def reasons_for(
    recommender: Scorer,
    state: ShopState,
    user: int,
    item: int,
    vocabulary: Sequence[str] = (),
) -> tuple[Reason, ...]:
    """The reasons of one score, largest first, those that sum up small parts last.

    Parameters
    ----------
    recommender : Scorer
    state : ShopState
    user, item : int
        Indices; an unknown user (-1) has no history.
    vocabulary : sequence of str
        The terms that the columns of ``state.content.terms`` stand for.
    """
    parts = recommender.explain(state, user, item)
    by_history: dict[str, float] = {}
    for part in parts:
        if part.kind == "history":
            by_history[part.name] = by_history.get(part.name, 0.0) + part.amount
    ranked = sorted(by_history.items(), key=lambda pair: -pair[1])
    shown = [pair for pair in ranked[:SHOWN_HISTORY] if pair[1] > 0]
    reasons = [_history_reason(state, item, *pair, vocabulary) for pair in shown]
    reasons.extend(_property_reasons(state, user, item, parts))
    total = sum(abs(reason.amount) for reason in reasons)
    weak = [reason for reason in reasons if abs(reason.amount) < WEAK_SHARE * total]
    reasons = [reason for reason in reasons if reason not in weak]
    reasons.sort(key=lambda reason: -reason.amount)
    others = len(by_history) - len(shown)
    if others:
        amount = sum(by_history.values()) - sum(amount for _, amount in shown)
        text = f"{others} further item{'s' * (others > 1)} of the history"
        reasons.append(Reason("other_history", amount, None, (), text))
    offset = sum(part.amount for part in parts if part.kind == "rest")
    offset += sum(reason.amount for reason in weak)
    if offset:
        reasons.append(
            Reason(
                "average",
                offset,
                None,
                (),
                "where every item starts for this customer, and weak signals together",
            )
        )
    return tuple(reasons)


def dial_reason(rank: int, undialled_rank: int) -> tuple[Reason, ...]:
    """That the dial moved an item up, where it did.

    Parameters
    ----------
    rank, undialled_rank : int
        From 1.
    """
    if rank >= undialled_rank:
        return ()
    return (Reason("dial", 0.0, None, (), f"the dial moved it up from place {undialled_rank}"),)


def shared_words(
    state: ShopState, first: int, second: int, vocabulary: Sequence[str], most: int = 3
) -> tuple[str, ...]:
    """The terms that two items' texts share, by their part in the similarity.

    A two-word term stands for its words, which are then not named again.

    Parameters
    ----------
    state : ShopState
        With term vectors.
    first, second : int
        Item indices.
    vocabulary : sequence of str
        Terms of the vectors' columns.
    most : int
        How many terms are named at most.
    """
    terms = state.content.terms
    if not len(vocabulary) or max(first, second) >= terms.shape[0]:
        return ()
    (own, own_weights), (others, other_weights) = (_row_of(terms, item) for item in (first, second))
    shared, at, there = np.intersect1d(own, others, assume_unique=True, return_indices=True)
    found: list[str] = []
    for place in np.argsort(-own_weights[at] * other_weights[there], kind="stable"):
        term = vocabulary[int(shared[place])].split("=", 1)[-1]
        words = term.split()
        if any(word.isascii() and len(word) < 3 for word in words):
            continue
        if not any(set(words) & set(known.split()) for known in found):
            found.append(term)
    return tuple(found[:most])


def _row_of(terms: sp.csr_array, item: int) -> tuple[np.ndarray, np.ndarray]:
    inside = slice(*terms.indptr[item : item + 2])
    return terms.indices[inside], terms.data[inside]


def title_of(state: ShopState, item: int) -> str:
    """The item's title, or its id where it has none."""
    return str(state.titles[item])


def _history_reason(
    state: ShopState, item: int, item_id: str, amount: float, vocabulary: Sequence[str]
) -> Reason:
    history = state.items.find(item_id)
    words = shared_words(state, history, item, vocabulary)
    text = f"goes with {title_of(state, history)}"
    if words:
        text += f" (both: {', '.join(words)})"
    return Reason("history", amount, item_id, words, text)


def _property_reasons(
    state: ShopState, user: int, item: int, parts: Sequence[Part]
) -> Iterator[Reason]:
    """Reasons that rest on the item, and on how it fits the user; one for each name."""
    amounts: dict[str, float] = {}
    for part in parts:
        if part.kind in ("item", "pair"):
            # Whatever counts buyers, ever or of late, is popularity.
            name = part.name if part.name in _SENTENCES else "popularity"
            amounts[name] = amounts.get(name, 0.0) + part.amount
    for name, amount in amounts.items():
        text = _SENTENCES[name](state, user, item, amount > 0)
        yield Reason(name, amount, None, (), text)


def _popularity(state: ShopState, user: int, item: int, speaks_for: bool) -> str:  # noqa: ARG001
    buyers = int(state.buyers[item])
    text = f"{buyers} customer{'s' * (buyers != 1)} bought it"
    if state.has_clock:
        recent = float(state.decayed_buyers(TREND_HALF_LIFE_DAYS)[item])
        text += f" ({recent:.0f} where each counts half after {TREND_HALF_LIFE_DAYS:.0f} days)"
    return text if speaks_for else text + ": hits stand back to make room"


def _price(state: ShopState, user: int, item: int, speaks_for: bool) -> str:
    prices = item_prices(state)
    usual = float(histories_of(state, np.array([user])).mean(prices)[0])
    text = "its price" if np.isnan(prices[item]) else f"its price, {prices[item]:.2f},"
    text += " suits" if speaks_for else " is not what suits"
    return text + (" customers" if np.isnan(usual) else f" a customer who pays {usual:.2f} a piece")


def _category(state: ShopState, user: int, item: int, speaks_for: bool) -> str:  # noqa: ARG001
    name = _cell(state, schema.CATEGORY, item) or "its category"
    return f"the customer buys in {name}" if speaks_for else f"the customer buys little in {name}"


def _brand(state: ShopState, user: int, item: int, speaks_for: bool) -> str:  # noqa: ARG001
    name = _cell(state, schema.BRAND, item) or "its brand"
    return f"the customer buys {name}" if speaks_for else f"the customer buys little of {name}"


def _age(state: ShopState, user: int, item: int, speaks_for: bool) -> str:  # noqa: ARG001
    first = state.first_seen[item]
    if state.as_of is None or first >= np.iinfo(np.int64).max:
        return "it has not been sold yet"
    days = (state.as_of - int(first)) / schema.DAY_US
    return f"it was first sold {days:.0f} day{'s' * (round(days) != 1)} ago"


def _cell(state: ShopState, column: str, item: int) -> str:
    value = state.catalogue[column].iat[item] if column in state.catalogue else None
    return value if isinstance(value, str) else ""


_Sentence = Callable[[ShopState, int, int, bool], str]
_SENTENCES: Final[Mapping[str, _Sentence]] = {
    "popularity": _popularity,
    "price": _price,
    "category": _category,
    "brand": _brand,
    "age": _age,
    "title": lambda *_: "the length of its title",
    "balance": lambda *_: "room is made for items of the established tail",
}
"""Name of a part -> what it says of an item, given whether it speaks for it."""
