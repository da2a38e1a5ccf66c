"""Which named parts the trees' contributions belong to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from unsung.features.first_stage import split_name
from unsung.recommenders.base import Part

OF_THE_ITEM: Final = {
    "item.price": "price",
    "item.price_to_category": "price",
    "item.age_days": "age",
    "item.log_buyers": "popularity",
    "item.title_words": "title",
}
"""Property of the item -> what it is called; everything of the family ``trend`` is the trend."""
OF_THE_PAIR: Final = {
    "pair.price_to_user": "price",
    "pair.category_share": "category",
    "pair.days_since_category": "category",
    "pair.brand_share": "brand",
}


def attribute(
    names: Sequence[str], amounts: np.ndarray, evidence: Mapping[str, Sequence[Part]]
) -> list[Part]:
    """Contributions of features as parts: they sum to the same.

    Parameters
    ----------
    names : sequence of str
        Features.
    amounts : ndarray of float64, shape (n_features + 1,)
        Their contributions, and what a row without features gets.
    evidence : mapping of str to sequence of Part
        What each scorer says its score of this user and item is made of.

    Returns
    -------
    parts : list of Part
        What a scorer adds is split over what speaks for the item in it, in proportion; what it
        takes away has no such owner and is ``rest``, as are the customer and the start.
    """
    by_term: dict[tuple[str, str], float] = {}
    for name, amount in zip(names, amounts, strict=False):
        term = _term_of(name)
        by_term[term] = by_term.get(term, 0.0) + float(amount)
    parts: list[Part] = []
    for (kind, name), amount in by_term.items():
        if kind == "scorer":
            parts.extend(_split(name, amount, evidence[name]))
        elif amount:
            parts.append(Part(kind, name, amount))
    parts.append(Part("rest", "start", float(amounts[-1])))
    return parts


def _term_of(feature: str) -> tuple[str, str]:
    scorer, _ = split_name(feature)
    if scorer:
        return "scorer", scorer
    if feature in OF_THE_PAIR:
        return "pair", OF_THE_PAIR[feature]
    family, _, name = feature.partition(".")
    if family == "trend":
        return "item", "trend"
    if family == "item":
        return "item", OF_THE_ITEM.get(feature, name)
    return "rest", "customer"


def _split(scorer: str, amount: float, evidence: Sequence[Part]) -> Iterator[Part]:
    """One scorer's contribution over the parts of its own score."""
    if amount == 0:
        return
    if all(part.kind == "item" for part in evidence):
        yield Part("item", scorer, amount, scorer)
        return
    speaking = [part for part in evidence if part.amount > 0 and part.kind != "rest"]
    if amount < 0 or not speaking:
        yield Part("rest", scorer, amount, scorer)
        return
    total = sum(part.amount for part in speaking)
    for part in speaking:
        yield Part(part.kind, part.name, amount * part.amount / total, part.scorer or scorer)
