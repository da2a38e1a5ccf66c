"""Checks that a file has the columns that the shop's settings name."""

import difflib
from collections.abc import Sequence

from unsung.data.settings import Source
from unsung.errors import InputError, Location

_SHOWN = 20


def check_columns(source: Source, columns: Sequence[str], file: str) -> None:
    """Check that a file has every column that ``source`` maps or keeps (an empty name is none).

    Raises
    ------
    InputError
        Naming the file, the missing column, the nearest one and those that there are.
    """
    wanted = {theirs: f"needed for '{ours}'" for ours, theirs in source.columns.items()}
    wanted |= dict.fromkeys(source.attributes or (), "named in 'attributes'")
    for name, why in wanted.items():
        if name and name not in columns:
            raise InputError(
                f"there is no such column ({why}){nearest(name, columns)}",
                at=Location(file, name),
            )


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a sentence about a name that isn't there: the nearest one, then all.

    Examples
    --------
    >>> nearest("custmer", ["customer", "item"])
    "; did you mean 'customer'? There are: customer, item."
    """
    folded = {column.casefold(): column for column in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    hint = f"; did you mean '{folded[close[0]]}'?" if close else "."
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{hint} There are: {', '.join(known[:_SHOWN]) or 'none'}{more}."
