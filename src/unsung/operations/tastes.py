"""What a customer's history says in words, and why an item isn't in their list."""

from dataclasses import replace
from typing import Any

import numpy as np

from unsung.operations.answers import Query, answer
from unsung.operations.running import RunningShop
from unsung.operations.served_model import NOBODY
from unsung.operations.traffic import weighed
from unsung.pipeline.reasons import reasons_for, title_of
from unsung.pipeline.rules import Rules, allowed_items, seen_items


def interests_of(shop: RunningShop, user_id: str, now: int) -> list[dict[str, Any]]:
    """The words that a customer's items share, heaviest first.

    The mean of the items' term vectors, each item weighed by what was done with it and halved every
    ninety days.

    Parameters
    ----------
    shop : RunningShop
    user_id : str
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    terms : list of dict
        As of ``traffic.weighed``; empty for who has no history or opted out.
    """
    served = shop.model()
    if not served.shop.wishes_of(user_id).profiled:
        return []
    state = served.shop.state_of(user_id, now)
    pairs, terms = state.pairs, state.content.terms
    inside = pairs.item_index < terms.shape[0]
    if not inside.any():
        return []
    weights = np.asarray(pairs.value, dtype=np.float64)[inside] * 0.5 ** (pairs.age[inside] / 90.0)
    vector = np.asarray(weights @ terms[pairs.item_index[inside]]).ravel()
    return weighed(served, np.maximum(vector, 0.0))


def why_not(
    shop: RunningShop, user_id: str, item_id: str, rules: Rules, k: int, now: int
) -> dict[str, Any]:
    """Why an item isn't in a customer's list, or where it is.

    Parameters
    ----------
    shop : RunningShop
    user_id, item_id : str
    rules : Rules
        Of the list.
    k : int
        Its length.
    now : int
        Microseconds since 1970 UTC.

    Returns
    -------
    found : dict
        ``code``: ``unknown``, ``no_list`` (none could be made for anybody), ``unlisted``,
        ``out_of_stock``, ``hidden`` (the customer said so), ``bought``, ``listed``, ``moved_out``
        (its score would do, but the dial or a rule of the list gave its place to another item) or
        ``behind`` (others score higher). For the last three ``rank`` among all that may be listed,
        ``n_items`` of these, ``score``, ``needed`` (the score of the last item of the list) and
        the ``reasons`` of the score.
    """
    served = shop.model()
    whole = served.shop.whole
    item = whole.items.find(item_id)
    found: dict[str, Any] = {"item_id": item_id, "title": item_id, "code": "unknown", "k": k}
    if item < 0:
        return found
    found["title"] = title_of(whole, item)
    made = answer(served, Query(user_id, k, rules), now, shop.report)
    scored = made.scored
    if scored is None:
        return {**found, "code": "no_list"}
    state, user = scored.state, np.zeros(1, dtype=np.int32)
    asked = replace(scored.rules, exclude=(), exclude_brands=())
    if not state.listed[item]:
        return {**found, "code": "unlisted"}
    if scored.rules.in_stock_only and not state.in_stock[item]:
        return {**found, "code": "out_of_stock"}
    allowed = allowed_items(state, scored.rules)
    if not allowed[item]:
        hidden = bool(allowed_items(state, asked)[item])
        return {**found, "code": "hidden" if hidden else "unlisted"}
    seen = seen_items(state, user, scored.rules)[0]
    if seen[item] and scored.user_id != NOBODY:
        return {**found, "code": "bought"}
    scores = np.where(allowed & ~seen, scored.scores, -np.inf)
    listed = {one.item_id: one for one in made.items}
    # Equal scores come in the order of the index, as in a list.
    place = 1 + int(np.count_nonzero(scores > scores[item]))
    place += int(np.count_nonzero(scores[:item] == scores[item]))
    behind = "moved_out" if place <= k else "behind"
    needed = min((one.score for one in made.items), default=None)
    reasons = reasons_for(served.rungs[0].scorer, state, 0, item, served.bundle.model.terms.terms)
    return {
        **found,
        "code": "listed" if item_id in listed else behind,
        "rank": listed[item_id].rank if item_id in listed else place,
        "n_items": int(np.isfinite(scores).sum()),
        "score": float(scored.scores[item]),
        "needed": needed,
        "reasons": reasons,
    }
