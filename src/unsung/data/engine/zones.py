"""Local clock time to UTC, by the same arithmetic on every engine."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import ibis

from unsung.errors import SettingsError

_SECOND_US = 1_000_000
_YEARS = (1970, 2050)


def to_utc(local_us: Any, zone: str) -> Any:
    """UTC microseconds of a wall clock's microseconds since 1970.

    An hour that a clock shows twice is taken as the first; one that it skips is read with the
    offset from before (as ``datetime`` does with ``fold=0``). Outside 1970-2049 the nearest known
    offset holds.

    Parameters
    ----------
    local_us : ibis column of int64
    zone : str
        IANA name such as ``Europe/London``.

    Raises
    ------
    SettingsError
        Where there is no such zone.
    """
    starts, offsets = _steps(zone)
    return local_us - _choose(local_us, starts, offsets)


def _choose(local_us: Any, starts: tuple[int, ...], offsets: tuple[int, ...]) -> Any:
    # A balanced tree: seven comparisons a row and not one for each change of the clocks.
    if not starts:
        return ibis.literal(offsets[0], "int64")
    middle = len(starts) // 2
    return ibis.ifelse(
        local_us < starts[middle],
        _choose(local_us, starts[:middle], offsets[: middle + 1]),
        _choose(local_us, starts[middle + 1 :], offsets[middle + 1 :]),
    )


@cache
def _steps(name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Wall times (microseconds) at which the offset changes, and the offsets around them."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(
            f"'timezone': there is no zone '{name}'; use a name such as 'Europe/London'."
        ) from None
    day = timedelta(days=1)
    moment, end = (datetime(year, 1, 1, tzinfo=UTC) for year in _YEARS)
    starts: list[int] = []
    offsets = [_offset(moment, zone)]
    while moment < end:
        if _offset(moment + day, zone) != offsets[-1]:
            change = _first_change(moment, moment + day, zone)
            after = _offset(change, zone)
            # The larger offset: fold=0 keeps the earlier offset through the gap and the fold.
            wall = int(change.timestamp()) + max(offsets[-1], after) // _SECOND_US
            starts.append(wall * _SECOND_US)
            offsets.append(after)
        moment += day
    return tuple(starts), tuple(offsets)


def _first_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    old = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset / timedelta(seconds=1)) * _SECOND_US
