"""From a query to an answer: the best rung of the ladder that works, and what it says of itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from unsung.data.state import ShopState
from unsung.errors import InputError
from unsung.operations.histories import Said
from unsung.operations.ladder import Rung
from unsung.operations.served_model import NOBODY, ServedModel
from unsung.pipeline.recommend import Recommendation, Request, recommend
from unsung.pipeline.rules import Rules

Failed = Callable[[str, Exception], None]
"""Told of every rung that failed, with the reason."""


@dataclass(frozen=True)
class Query:
    """What somebody asks for.

    Parameters
    ----------
    user_id : str
        A customer or a session; empty for nobody.
    k : int
        Length of the list.
    rules : Rules
    explain : bool
    position : int, optional
        Of the dial; where it stands if not given.
    said : sequence of Said
        What came with the request and isn't stored, such as the items of a basket.
    """

    user_id: str = NOBODY
    k: int = 10
    rules: Rules = field(default_factory=Rules)
    explain: bool = False
    position: int | None = None
    said: Sequence[Said] = ()


@dataclass(frozen=True, eq=False)
class Scored:
    """What an answer was made from, for those who add to it.

    Parameters
    ----------
    user_id : str
        Nobody where the customer isn't to be known.
    state : ShopState
        As the user sees it.
    scores : ndarray of float32, shape (n_items,)
    rules : Rules
        With the user's wishes.
    """

    user_id: str
    state: ShopState
    scores: np.ndarray
    rules: Rules


@dataclass(frozen=True)
class Answer:
    """A list and where it comes from.

    Parameters
    ----------
    items : tuple of Recommendation
    rung : str
        Of the ladder (``RUNGS``).
    policy : str
        What made it: the balance method with its position, or ``undialled``.
    model : str
        Version of the model.
    known : bool
        Whether the customer's own history counted.
    arm : str, optional
        Of the experiment that the customer is part of.
    propensities : tuple of float, optional
        Exact probability of every item in its slot; 1 each where not given.
    scored : Scored, optional
        What a model's own lists were made from.
    """

    items: tuple[Recommendation, ...]
    rung: str
    policy: str
    model: str
    known: bool
    arm: str | None = None
    propensities: tuple[float, ...] | None = None
    scored: Scored | None = field(default=None, repr=False, compare=False)


NOTHING: Final = Answer((), "empty", "undialled", "", known=False)
"""What there is to say without a model."""


def answer(served: ServedModel, query: Query, now: int, failed: Failed) -> Answer:
    """Recommend to one customer, by the best rung that works.

    Parameters
    ----------
    served : ServedModel
    query : Query
    now : int
        Microseconds since 1970 UTC.
    failed : callable

    Raises
    ------
    InputError
        Where the query itself can't be answered, such as k out of range.
    """
    profiled = served.shop.wishes_of(query.user_id).profiled
    user_id = query.user_id if profiled else NOBODY
    rules = wished(served, query)
    said = query.said if profiled else ()
    known = bool(said) or served.shop.knows(user_id)
    request = Request(user_id, query.k, rules, query.explain)
    for rung in served.rungs:
        try:
            items, policy, scored = _from_rung(served, rung, request, said, query.position, now)
        except InputError:
            raise
        except Exception as error:  # whatever is wrong with it, the next rung may do
            failed(rung.name, error)
            continue
        return Answer(items, rung.name, policy, served.version, known, scored=scored)
    return Answer((), "empty", "undialled", served.version, known)


def wished(served: ServedModel, query: Query) -> Rules:
    """The rules of a query with what its customer hid, unless they don't want to be known.

    Parameters
    ----------
    served : ServedModel
    query : Query
    """
    rules, wishes = query.rules, served.shop.wishes_of(query.user_id)
    if not wishes.profiled or not (wishes.hidden_items or wishes.hidden_brands):
        return rules
    return replace(
        rules,
        exclude=(*rules.exclude, *sorted(wishes.hidden_items)),
        exclude_brands=(*rules.exclude_brands, *sorted(wishes.hidden_brands)),
    )


def popular_now(served: ServedModel | None, query: Query) -> Answer:
    """The most bought items that rules and wishes let through, without a look at the history.

    Parameters
    ----------
    served : ServedModel or None
    query : Query
    """
    if served is None:
        return NOTHING
    whole = served.shop.whole
    nobody = whole.seen_by(NOBODY, whole.interactions.take(slice(0, 0)), whole.as_of)
    items = recommend(
        Request(NOBODY, query.k, wished(served, query)),
        served.rungs[-1].scorer,
        nobody,
        segments=served.bundle.model.segments,
    )
    return Answer(items, served.rungs[-1].name, "undialled", served.version, known=False)


def _from_rung(
    served: ServedModel,
    rung: Rung,
    request: Request,
    said: Sequence[Said],
    wanted: int | None,
    now: int,
) -> tuple[tuple[Recommendation, ...], str, Scored]:
    model, whole = served.bundle.model, served.shop.whole
    position = served.at(wanted) if rung.dialled else 0
    state = served.shop.state_of(request.user_id, now, said)
    scores = served.kept.scores(rung.scorer, state, anew=request.explain)
    items = recommend(
        request,
        rung.scorer,
        state,
        segments=model.segments,
        vocabulary=model.terms.terms,
        dial=served.dial_at(position, whole),
        scores=scores,
    )
    scored = Scored(request.user_id, state, scores[0], request.rules)
    return items, served.policy_name(position), scored
