"""A readout as JSON, with its verdict in one sentence."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from unsung.data.quarantine import REASONS
from unsung.evaluation.experiment import FEWEST_ACTIVE, Effect
from unsung.popularity.tables import iso_time
from unsung.statistics.ratio_check import FAILS_BELOW, check_sample_ratio
from unsung.statistics.sequential import PLANNED_USER_DAYS
from unsung.statistics.summary import number_or_none
from unsung.workflows.experiment import Readout, user_groups
from unsung.workflows.experiment_metrics import METRICS

FORMAT: Final = 1


def experiment_record(readout: Readout) -> dict[str, Any]:
    """Everything that a readout says, ready for JSON.

    Parameters
    ----------
    readout : Readout

    Returns
    -------
    record : dict
        ``format, shop, verdict, refused, control, level, start, end, before_days, clock, ratio,
        arms, assignments, effects, groups, metrics, notes``. Effects have a ``family`` (``primary``
        or ``secondary``), means and differences a user, and intervals as ``low, high`` (valid at
        every look) and ``fixed_low, fixed_high`` (at one). None where a number can't be told.
    """
    trial, settings = readout.trial, readout.settings
    families = (("primary", readout.primary), ("secondary", readout.secondary))
    return {
        "format": FORMAT,
        "shop": readout.shop,
        "verdict": verdict(readout),
        "refused": readout.ratio.fails,
        "control": settings.control,
        "level": settings.level,
        "start": iso_time(readout.start),
        "end": iso_time(readout.end),
        "before_days": readout.before_days,
        "clock": {
            "user_days": float(trial.days.sum()),
            "planned_user_days": settings.planned_user_days,
        },
        "ratio": {
            "chi_square": number_or_none(readout.ratio.chi_square),
            "p_value": number_or_none(readout.ratio.p_value),
            "fails_below": FAILS_BELOW,
            "fails": readout.ratio.fails,
            "groups": list(_ratio_by_group(readout)),
        },
        "arms": _arms(readout),
        "assignments": _assignments(readout),
        "effects": [
            {"family": family, **_effect(effect)} for family, some in families for effect in some
        ],
        "groups": [_effect(effect) for effect in readout.by_group],
        "metrics": {
            name: {
                "label": METRICS[name].label,
                "definition": METRICS[name].definition,
                "is_money": METRICS[name].is_money,
                "better": METRICS[name].better,
            }
            for name in METRICS
            if name in trial.values
        },
        "notes": list(_notes(readout)),
    }


def verdict(readout: Readout) -> str:
    """What the experiment proves, in one sentence.

    Returns
    -------
    sentence : str
        "caused" for effects that are settled; a refusal where the arms don't have the sizes that
        were planned.
    """
    if readout.ratio.fails:
        return (
            "Refused: the arms don't have the planned sizes "
            f"({_sizes(readout)}; p = {readout.ratio.p_value:.1g}), so users were lost or added by "
            "something that hangs on the arm, and no difference between them can be trusted."
        )
    parts = "; ".join(_of_arm(readout, arm) for arm in readout.trial.arms[1:])
    level = f"{100 * readout.settings.level:g}%"
    return f"{parts} (per user; {level} intervals that hold at every look)."


def _of_arm(readout: Readout, arm: str) -> str:
    primary = [effect for effect in readout.primary if effect.arm == arm]
    secondary = [effect for effect in readout.secondary if effect.arm == arm]
    proven = [_change(effect) for effect in (*primary, *secondary) if effect.settled]
    open_still = [_change(effect) for effect in primary if not effect.settled]
    if not proven:
        return f"{arm} has no proven effect so far: {_listed(open_still)}"
    rest = f"; not proven: {_listed(open_still)}" if open_still else ""
    return f"{arm} caused {_listed(proven)}{rest}"


def _change(effect: Effect) -> str:
    """The change with its interval: relative where the control's mean allows it."""
    label = METRICS[effect.metric].label
    if not math.isnan(effect.lift_always.low):
        low, high = effect.lift_always
        return f"{effect.lift:+.1%} {label} ({low:+.1%} to {high:+.1%})"
    low, high = effect.always
    if math.isnan(low):
        return f"{label} without a value to compare"
    return f"{effect.difference:+.3g} {label} ({low:+.3g} to {high:+.3g})"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _sizes(readout: Readout) -> str:
    counts = np.bincount(readout.trial.arm, minlength=len(readout.trial.arms))
    return ", ".join(
        f"{name} {n:,} where {expected:,.0f} were expected"
        for name, n, expected in zip(
            readout.trial.arms, counts, readout.ratio.expected, strict=True
        )
    )


def _arms(readout: Readout) -> list[dict[str, Any]]:
    trial = readout.trial
    return [
        {
            "arm": name,
            "n_users": int((trial.arm == number).sum()),
            "expected_users": float(readout.ratio.expected[number]),
            "user_days": float(trial.days[trial.arm == number].sum()),
            "items_reached": readout.items_reached.get(name),
        }
        for number, name in enumerate(trial.arms)
    ]


def _ratio_by_group(readout: Readout) -> Iterator[dict[str, Any]]:
    """Sizes within groups of users: where the ratio fails, they say whom it concerns."""
    trial = readout.trial
    for name, members in user_groups(trial).items():
        counts = np.bincount(trial.arm[members], minlength=len(trial.arms))
        check = check_sample_ratio(counts, readout.ratio.expected)
        yield {
            "group": name,
            "n_users": {arm: int(n) for arm, n in zip(trial.arms, counts, strict=True)},
            "p_value": number_or_none(check.p_value),
        }


def _assignments(readout: Readout) -> dict[str, Any]:
    given = readout.assignments
    return {
        "file": given.file,
        "n_read": given.n_read,
        "n_accepted": given.n_accepted,
        "n_quarantined": given.n_quarantined,
        "n_duplicates": given.n_duplicates,
        "n_users": len(given),
        "n_exposed_later": readout.n_later,
        "n_users_without_event": readout.n_unknown,
        "reasons": [
            {
                "column": reason.column,
                "reason": reason.reason,
                "explanation": REASONS[reason.reason],
                "n_rows": reason.n_rows,
            }
            for reason in given.reasons
        ],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    pairs = {
        "": effect.always,
        "fixed_": effect.fixed,
        "lift_": effect.lift_always,
        "lift_fixed_": effect.lift_fixed,
    }
    ends = {
        f"{prefix}{end}": number_or_none(value)
        for prefix, interval in pairs.items()
        for end, value in interval._asdict().items()
    }
    return {
        "metric": effect.metric,
        "arm": effect.arm,
        "group": effect.group,
        "n_control": effect.n_control,
        "n_arm": effect.n_arm,
        "n_active": effect.n_active,
        "control_mean": number_or_none(effect.control_mean),
        "arm_mean": number_or_none(effect.arm_mean),
        "difference": number_or_none(effect.difference),
        "plain_difference": number_or_none(effect.plain_difference),
        "variance_share": number_or_none(effect.variance_share),
        "lift": number_or_none(effect.lift),
        **ends,
        "p_value": number_or_none(effect.p_value),
        "fixed_p_value": number_or_none(effect.fixed_p_value),
        "adjusted_p_value": number_or_none(effect.adjusted_p_value),
        "settled": effect.settled,
    }


def _notes(readout: Readout) -> Iterator[str]:
    two_arms = sum(r.n_rows for r in readout.assignments.reasons if r.reason == "two_arms")
    if two_arms:
        yield (
            f"{two_arms:,} rows are of users who were assigned to several arms; they are left out. "
            "Where such users are many, or of one kind, what is left isn't random any more."
        )
    if readout.settings.planned_user_days == PLANNED_USER_DAYS:
        yield (
            "No plan was named, so the intervals that hold at every look are tuned for "
            f"{PLANNED_USER_DAYS:,.0f} user-days; tuned by --planned-user-days, the same at every "
            "look, they are narrower."
        )
    few = sorted({METRICS[e.metric].label for e in readout.primary if e.n_active < FEWEST_ACTIVE})
    if few:
        yield (
            f"Fewer than {FEWEST_ACTIVE} users have a value for {' and '.join(few)}: nothing is "
            "called proven on so few."
        )
    if readout.n_later:
        yield f"{readout.n_later:,} users are first exposed after the end; they are left out."
    yield (
        "Every assigned user counts, those who bought nothing too. Effects are those of the arm on "
        "these users in this time: not on others, and not for ever."
    )
    yield (
        "p-values are corrected within three families: the metrics of the verdict, the other "
        "metrics, and the groups of users. Intervals are not."
    )
