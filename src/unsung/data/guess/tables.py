"""Which file is which table: the guess that ``unsung init`` writes down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unsung import schema
from unsung.data.guess.columns import (
    Guess,
    SampledFile,
    guess_attributes,
    guess_columns,
    join_ids,
    own_names_to_keep_out,
    sample_file,
)
from unsung.data.guess.evidence import time_unit
from unsung.data.guess.names import event_kind, table_of_name
from unsung.data.layouts import common_folder, detect_layout, list_files
from unsung.data.settings import ShopSettings
from unsung.errors import InputError, Location
from unsung.settings import build_settings

_PLAUSIBLE = 0.25
_LONG_TEXT = 20
"""Mean characters from which a text column makes a file a table of reviews."""
Guesses = dict[str, Guess]


@dataclass(frozen=True, eq=False)
class _Table:
    """One of our tables, found: its files (of equal columns) and what their columns are."""

    name: str
    files: tuple[SampledFile, ...]
    guesses: Guesses

    @property
    def first(self) -> SampledFile:
        return self.files[0]

    @property
    def in_order(self) -> list[Guess]:
        return [self.guesses[c] for c in schema.TABLES[self.name] if c in self.guesses]


def guess_shop(files: Sequence[Path]) -> tuple[ShopSettings, tuple[Guess, ...]]:
    """Look at files and propose which is which table, and which column is what.

    Parameters
    ----------
    files : sequence of Path
        Files, and folders whose files are looked at.

    Returns
    -------
    settings : ShopSettings
        ``folder`` is the files' common folder; only guesses with a confidence of at least 0.5 are
        followed.
    guesses : tuple of Guess
        Those that are not used at the end.

    Raises
    ------
    InputError
        Where a file can't be read, or none looks like interactions.
    """
    known = detect_layout(files)
    if known is not None:
        return known, tuple(_guesses_of_layout(known))
    sampled = [sample_file(path) for path in list_files(files)]
    if not sampled:
        raise InputError("there is no table file among these; name CSV, JSON or parquet files.")
    tables = _find_tables(sampled)
    if "interactions" not in tables:
        raise InputError(
            "no file looks like interactions: one must have a user, an item and a time or position "
            f"in every row (looked at {', '.join(file.path.name for file in sampled)})."
        )
    orders = tables["interactions"].files
    if not any(look.n for file in orders for look in file.looks.values()):
        raise InputError(
            "has names of columns and no rows; export it again.", at=Location(str(orders[0].path))
        )
    tables = _join(tables)
    folder = common_folder([file.path for file in sampled])
    sources, guesses = {}, []
    for table in tables.values():
        source, more = _describe(table, folder)
        sources[table.name] = source
        guesses += [*table.in_order, *more]
    values = {"folder": str(folder), "event_names": _event_names(tables["interactions"]), **sources}
    ordered = sorted(guesses, key=lambda guess: not guess.is_used)
    return build_settings(ShopSettings, values, "guess"), tuple(ordered)


def _guesses_of_layout(settings: ShopSettings) -> list[Guess]:
    why = f"a file of the layout {settings.layout}"
    return [
        Guess(table, ours, theirs, 1.0, why)
        for table, source in settings.sources.items()
        for ours, theirs in source.columns.items()
        if theirs
    ]


def _find_tables(files: Sequence[SampledFile]) -> dict[str, _Table]:
    scored: dict[str, dict[tuple[Any, ...], list[tuple[float, SampledFile, Guesses]]]] = {}
    for file in files:
        fits = {table: guess_columns(file, table) for table in schema.TABLES}
        scores = {table: _score(table, file, fits[table]) for table in schema.TABLES}
        table = max(scores, key=lambda name: scores[name])
        if scores[table] >= _PLAUSIBLE:
            # Files of equal columns are one table; without names of columns each is its own.
            key = tuple(file.looks) if file.header is None else (file.path,)
            found = (scores[table], file, fits[table])
            scored.setdefault(table, {}).setdefault(key, []).append(found)
    tables = {}
    for name in schema.TABLES:
        groups = scored.get(name, {}).values()
        best = max(groups, key=lambda group: max(score for score, *_ in group), default=None)
        if best is not None:
            tables[name] = _Table(name, tuple(file for _, file, _ in best), best[0][2])
    return _with_both_sides_of_reviews(tables)


def _with_both_sides_of_reviews(tables: dict[str, _Table]) -> dict[str, _Table]:
    """Ratings with a text are interactions and reviews at once."""
    for name, other in (("interactions", "reviews"), ("reviews", "interactions")):
        if name not in tables and other in tables:
            first = tables[other].first
            guesses = guess_columns(first, name)
            if name == "interactions":
                # The title in a file of reviews is a review's.
                guesses.pop(schema.TITLE, None)
            if _score(name, first, guesses) >= _PLAUSIBLE:
                tables[name] = _Table(name, tables[other].files, guesses)
    if "reviews" in tables and "interactions" in tables:
        same = tables["reviews"].first is tables["interactions"].first
        title = tables["interactions"].guesses.get(schema.TITLE)
        if same and title is not None:
            del tables["interactions"].guesses[schema.TITLE]
    return tables


def _score(table: str, file: SampledFile, guesses: Guesses) -> float:
    """How well a file would be a table (0..1), by what the table can't do without."""

    def sure(column: str) -> float:
        return guesses[column].confidence if column in guesses else 0.0

    def unique(column: str) -> float:
        return 1.0 if file.looks[guesses[column].source_column].is_unique else 0.2

    user, item = sure(schema.USER_ID), sure(schema.ITEM_ID)
    when = max(sure(schema.TIMESTAMP), sure(schema.POSITION))
    score = 0.0
    if table == "interactions":
        # Two of the three make it worth writing down; the third is for the user to name.
        score = sorted((user, item, when))[1] * (1.0 if min(user, item, when) > 0 else 0.5)
    elif table == "items" and item:
        score = item * unique(schema.ITEM_ID) * (1 - 0.8 * user)
    elif table == "users" and user:
        score = user * unique(schema.USER_ID) * (1 - 0.8 * item)
    elif table == "reviews" and schema.TEXT in guesses:
        long = file.looks[guesses[schema.TEXT].source_column].length >= _LONG_TEXT
        score = item * sure(schema.TEXT) * (1.0 if long else 0.3)
    elif table == "exposures":
        listed = min(sure(schema.REQUEST_ID), sure(schema.RANK))
        score = item * max(sure(schema.LOGGING_PROPENSITY), listed)
    spoken = table_of_name(file.path.name.split(".")[0])
    if spoken is None or score == 0:
        return score
    return min(score + 0.15, 1.0) if spoken == table else 0.8 * score


def _join(tables: dict[str, _Table]) -> dict[str, _Table]:
    orders = tables["interactions"]
    for name, column in (("items", schema.ITEM_ID), ("users", schema.USER_ID)):
        if name in tables:
            other = tables[name]
            pair = (orders.guesses.get(column), other.guesses.get(column))
            for table, guess in zip(
                (orders, other), join_ids(orders.first, other.first, pair), strict=True
            ):
                if guess is not None:
                    _put(table.guesses, guess)
    return tables


def _put(guesses: Guesses, guess: Guess) -> None:
    """Take a guess; what its column was taken for before gives way."""
    rivals = [c for c, other in guesses.items() if other.source_column == guess.source_column]
    for rival in rivals:
        del guesses[rival]
    guesses[guess.column] = guess


def _describe(table: _Table, folder: Path) -> tuple[dict[str, Any], list[Guess]]:
    """The table's source, and guesses beyond those for our columns."""
    names = [file.path.relative_to(folder).as_posix() for file in table.files]
    used = {g.column: g.source_column for g in table.in_order if g.is_used}
    kept_out = own_names_to_keep_out(table.first, table.name, tuple(used))
    source: dict[str, Any] = {
        "path": names[0] if len(names) == 1 else tuple(names),
        "columns": used | kept_out,
    }
    if table.first.header is not None:
        source["header"] = table.first.header
    more: list[Guess] = []
    if schema.TIMESTAMP in used:
        unit = time_unit(table.first.rows[used[schema.TIMESTAMP]])
        if unit is not None:
            source["time_unit"] = unit
            why = f"numbers of that size are times in {unit}"
            more.append(Guess(table.name, "time_unit", used[schema.TIMESTAMP], 0.95, why))
    if table.name == "items":
        more += guess_attributes(table.first, table.guesses)
        kept = [g.source_column for g in more if g.column == "attributes" and g.is_used]
        source["attributes"] = tuple(kept)
    return source, more


def _event_names(orders: _Table) -> Mapping[str, str]:
    guess = orders.guesses.get(schema.EVENT)
    if guess is None or not guess.is_used:
        return {}
    values = orders.first.rows[guess.source_column].dropna().unique()
    kinds = {str(value): event_kind(str(value)) for value in values}
    return {value: kind for value, kind in kinds.items() if kind is not None and kind != value}
