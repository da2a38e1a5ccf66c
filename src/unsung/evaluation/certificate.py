"""What a certificate of a dial says, and what it says it of."""

import json
import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Subject:
    """What a certificate speaks of.

    Parameters
    ----------
    model_hash, reference_hash : str
        Of the model with its dial, and of the undialled one that it is compared with.
    population : str
        Who the users are, in the plural, such as ``customers with a new purchase``.
    window : str
        When the labels are from.
    k : int
        Slots that NDCG judges.
    """

    model_hash: str
    reference_hash: str
    population: str
    window: str
    k: int = 10


@dataclass(frozen=True)
class Position:
    """A place of the dial.

    Parameters
    ----------
    name : str
    strength : float
    """

    name: str
    strength: float


@dataclass(frozen=True)
class PositionResult:
    """What was found at one position.

    Parameters
    ----------
    name : str
    strength : float
    p_value : float
        The largest of the tested constraints.
    t_test_p_value : float
        The same by Student's t-test: shown for comparison, not valid for finite n.
    loss, loss_low, loss_high : float
        Share of NDCG lost over all users, with an approximate two-sided interval.
    certified : bool
    """

    name: str
    strength: float
    p_value: float
    t_test_p_value: float
    loss: float
    loss_low: float
    loss_high: float
    certified: bool


@dataclass(frozen=True)
class GroupResult:
    """What was found for one constraint.

    Parameters
    ----------
    name : str
    n, n_left_out : int
        Calibration users, and those who had nothing to find.
    tested : bool
        Whether the group was large enough; decided before its calibration labels were read.
    certified : bool
        Whether the claim holds for it.
    loss : float
        At the certified position, or at the first where there is none.
    users_needed : int or None
        Of a group that was too small: calibration users for 80 % power at the first position; None
        where none are known to be enough.
    """

    name: str
    n: int
    n_left_out: int
    tested: bool
    certified: bool
    loss: float
    users_needed: int | None = None


@dataclass(frozen=True)
class Refusal:
    """Why a position is not certified, and what it would take.

    Parameters
    ----------
    position, constraint : str
        What was asked for, and whose margin is furthest from enough.
    users_needed : int or None
        Calibration users of that constraint for 80 % power; None where no number helps.
    basis : {"selection users", "calibration users"}
        What the number is estimated from.
    sentence : str
    """

    position: str
    constraint: str
    users_needed: int | None
    basis: str
    sentence: str


@dataclass(frozen=True)
class Certificate:
    """How far the dial may be turned, for whom, and how that was found.

    Parameters
    ----------
    claim : str
        What is certified, in English; that nothing is, where nothing is.
    certified : Position or None
        The last certified position.
    budget, level : float
    n : int
        Calibration users of the first constraint.
    method : str
    subject : Subject
    positions : tuple of PositionResult
        In the order of testing.
    groups : tuple of GroupResult
        One for each constraint.
    refusal : Refusal or None
        Where no position is certified, or not the wanted one.
    """

    claim: str
    certified: Position | None
    budget: float
    level: float
    n: int
    method: str
    subject: Subject
    positions: tuple[PositionResult, ...]
    groups: tuple[GroupResult, ...]
    refusal: Refusal | None

    def is_valid_for(self, model_hash: str) -> bool:
        """Whether it certifies anything of this very model: a refit has another hash."""
        return self.certified is not None and self.subject.model_hash == model_hash

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON: NaN has become None."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    def to_json(self) -> str:
        """``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
