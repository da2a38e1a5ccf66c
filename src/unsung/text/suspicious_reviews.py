"""Reviews that count for nothing: copies, bursts, and such as hold no words."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from unsung.errors import InputError
from unsung.schema import DAY_US
from unsung.text.language import words
from unsung.text.normalise import normalise

NO_WORDS = "no words"
COPY = "the same text by several users"
REPEATED = "the same text again by this user"
BURST = "many reviews by one user within a minute"

_MINUTE_US = 60_000_000
_LEAST_COPIED_WORDS = 4
_LEAST_COPIERS = 3
_LEAST_BURST = 4


def reasons_to_set_aside(
    texts: Sequence[str],
    users: np.ndarray | None = None,
    timestamps_us: np.ndarray | None = None,
) -> list[str]:
    """Say of each review why it should be set aside; nothing is said of most.

    Parameters
    ----------
    texts : sequence of str
    users : ndarray of int, shape (n,), optional
        Who wrote each; without them, every review counts as somebody else's.
    timestamps_us : ndarray of int64, shape (n,), optional
        Microseconds since 1970. Times that are whole days tell no burst.

    Returns
    -------
    reasons : list of str, length n
        Empty for a review that counts. Of copies the first in time, or in row where no times are
        given, counts.

    Raises
    ------
    InputError
        Where the lengths differ.

    Notes
    -----
    Texts are copies where they hold the same words as often, whatever the order, case and
    punctuation. Texts of fewer than four words, such as "很好", are what many honestly write: they
    are copies of nobody. A reason is a hint that a person may overrule, not a proof.

    Examples
    --------
    >>> reasons_to_set_aside(["Fits my bass amp", "!!!", "fits my bass amp"], np.array([1, 2, 1]))
    ['', 'no words', 'the same text again by this user']
    """
    n = len(texts)
    writer = np.arange(n) if users is None else np.asarray(users)
    when = np.arange(n) if timestamps_us is None else np.asarray(timestamps_us)
    if not len(writer) == len(when) == n:
        raise InputError(f"{n} reviews need {n} users and {n} times: give each review its own.")
    reasons = [""] * n
    if timestamps_us is not None and users is not None and (when % DAY_US).any():
        _name(reasons, BURST, _bursts(writer, when))
    said = [tuple(sorted(words(normalise(text)))) for text in texts]
    copies: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row in np.lexsort((np.arange(n), when)).tolist():
        if len(said[row]) >= _LEAST_COPIED_WORDS:
            copies[said[row]].append(row)
    for rows in copies.values():
        writers = writer[rows].tolist()
        if len(set(writers)) >= _LEAST_COPIERS:
            _name(reasons, COPY, rows[1:])
        seen: set[object] = set()
        for row, who in zip(rows, writers, strict=True):
            if who in seen:
                _name(reasons, REPEATED, [row])
            seen.add(who)
    blank = [row for row in range(n) if not any(map(str.isalpha, texts[row]))]
    _name(reasons, NO_WORDS, blank)
    return reasons


def _name(reasons: list[str], reason: str, rows: Iterable[int]) -> None:
    for row in rows:
        reasons[row] = reason


def _bursts(writer: np.ndarray, when: np.ndarray) -> list[int]:
    """Reviews that stand among several of their user within a minute."""
    order = np.lexsort((when, writer))
    span = _LEAST_BURST - 1
    if len(order) <= span:
        return []
    first, last = order[:-span], order[span:]
    quick = (writer[first] == writer[last]) & (when[last] - when[first] <= _MINUTE_US)
    starts = np.flatnonzero(quick)
    return sorted({int(order[start + step]) for start in starts for step in range(_LEAST_BURST)})
