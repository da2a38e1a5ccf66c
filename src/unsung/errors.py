"""The exceptions that Unsung raises on purpose.

Every message is one sentence that says what is wrong, where, and what to do next.
"""

from dataclasses import dataclass


class UnsungError(Exception):
    """Root of the exceptions of this package. The command line exits with 1."""


@dataclass(frozen=True)
class Location:
    """Where in a shop's files something is wrong.

    Parameters
    ----------
    file : str
        File name or table as the user gave it.
    column : str, optional
        The shop's own name of the column.
    row : int, optional
        1-based data row (the header of a CSV file is not counted).
    """

    file: str
    column: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        parts = [self.file]
        if self.column is not None:
            parts.append(f"column '{self.column}'")
        if self.row is not None:
            parts.append(f"row {self.row}")
        return ", ".join(parts)


class InputError(UnsungError):
    """A file, a setting or an argument of the caller can't be used. Exit code 2.

    Parameters
    ----------
    message : str
        One sentence: what is wrong and what to do next.
    at : Location, optional
        File, column and row, prefixed to the message.

    Examples
    --------
    >>> print(InputError("price is below zero.", at=Location("items.csv", "price", 7)))
    items.csv, column 'price', row 7: price is below zero.
    """

    def __init__(self, message: str, at: Location | None = None) -> None:
        self.at = at
        super().__init__(message if at is None else f"{at}: {message}")


class SettingsError(InputError):
    """A setting is unknown or out of range; the message names the key."""


class NotEnoughDataError(InputError):
    """A shop has too little of something; whoever can do without it goes on and says so."""


class BundleError(UnsungError):
    """A bundle is damaged, incomplete or of another format version."""


class MissingExtraError(UnsungError):
    """An optional part isn't installed; the message gives the pip command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra [{extra}]: pip install 'unsung[{extra}]'")


class MissingLibraryError(UnsungError):
    """A library of the system isn't there; the message says how to install it."""


class ConflictError(UnsungError):
    """What was sent contradicts what is stored under the same id."""


class StoreError(UnsungError):
    """The store can't be read or written now (locked, full, unreachable); nothing was lost."""
