"""Which of the shop's columns is which of ours."""

from collections.abc import Sequence
from dataclasses import dataclass

from unsung import schema
from unsung.data.readers.columns import check_columns
from unsung.data.settings import Source
from unsung.errors import InputError, Location, SettingsError

WITH_ATTRIBUTES = ("items", "users")
"""Tables whose further columns are kept."""


@dataclass(frozen=True)
class ColumnMap:
    """The columns that are read from one table.

    Parameters
    ----------
    table : str
        One of ``schema.COLUMNS``.
    file : str
        What messages call the table's files.
    own : dict of str to str
        Our column -> the shop's.
    constants : dict of str to str
        Our column -> the text that every row has.
    attributes : tuple of str
        Further columns that are kept under the shop's own name.
    """

    table: str
    file: str
    own: dict[str, str]
    constants: dict[str, str]
    attributes: tuple[str, ...] = ()

    @property
    def found(self) -> dict[str, str]:
        """Our columns that this table has -> kind, in the order of the schema."""
        kinds = schema.COLUMNS[self.table]
        return {c: kind for c, kind in kinds.items() if c in self.own or c in self.constants}

    def at(self, column: str, row: int | None = None, file: str | None = None) -> Location:
        """Where one of our columns is in the shop's files."""
        return Location(file or self.file, self.own.get(column, column), row)


def map_columns(table: str, source: Source, columns: Sequence[str]) -> ColumnMap:
    """Match the columns of the shop's files with ours.

    A column is taken by ``source.columns`` (an empty name: there is none), else by its own name
    (capitals don't matter), else from ``source.constants``. A shop's column that is mapped by name
    serves nothing else.

    Parameters
    ----------
    table : str
        One of ``schema.COLUMNS``.
    source : Source
    columns : sequence of str
        The shop's own column names.

    Raises
    ------
    InputError
        Where a named column isn't there, or a required one can't be found.
    SettingsError
        Where ``columns`` or ``constants`` name a column that we don't have.

    Examples
    --------
    >>> source = Source(path="o.csv", columns={"user_id": "CustomerID"})
    >>> map_columns("users", source, ["CustomerID", "Country"]).attributes
    ('Country',)
    """
    kinds = schema.COLUMNS[table]
    file = source.table or (", ".join(source.paths) if source.paths else "the query")
    for ours in (*source.columns, *source.constants):
        if ours not in kinds:
            known = ", ".join(kinds)
            raise SettingsError(
                f"[{table}] has no column '{ours}'; the columns are {known}.", at=Location(file)
            )
    check_columns(source, columns, file)
    taken = set(source.columns.values())
    by_name = {name.lower(): name for name in reversed(columns) if name not in taken}
    named = {c: by_name[c] for c in kinds if c in by_name} | source.columns
    own = {ours: theirs for ours, theirs in named.items() if theirs}
    constants = {c: text for c, text in source.constants.items() if c not in own}
    mapped = ColumnMap(table, file, own, constants)
    _check_required(mapped, columns)
    attributes = _attributes(mapped, source, columns) if table in WITH_ATTRIBUTES else ()
    return ColumnMap(table, file, own, constants, attributes)


def _check_required(mapped: ColumnMap, columns: Sequence[str]) -> None:
    wanted: list[tuple[str, ...]] = [(c,) for c in schema.REQUIRED[mapped.table]]
    if mapped.table == "interactions":
        wanted.append((schema.TIMESTAMP, schema.POSITION))
    for choices in wanted:
        if not any(c in mapped.found for c in choices):
            raise InputError(
                f"has no column for {' or '.join(choices)}: name it under "
                f"[{mapped.table}.columns] (it has {', '.join(columns)}).",
                at=Location(mapped.file),
            )


def _attributes(mapped: ColumnMap, source: Source, columns: Sequence[str]) -> tuple[str, ...]:
    wanted = columns if source.attributes is None else source.attributes
    # A column of ours that was mapped elsewhere keeps its name to itself.
    used, ours = set(mapped.own.values()), schema.COLUMNS[mapped.table]
    return tuple(name for name in wanted if name not in used and name.lower() not in ours)
