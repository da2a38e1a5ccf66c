"""Which column of a file is which of ours, if the file is a certain table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from unsung import schema
from unsung.data.guess.evidence import Look, confidence, is_number_or_date, look_at
from unsung.data.guess.names import LEAKS
from unsung.data.readers.sample import read_sample
from unsung.data.settings import Source

USED_FROM = 0.5
"""A guess is written into the settings from this confidence on."""
LOOKED_AT_ROWS = 20_000


@dataclass(frozen=True)
class Guess:
    """What a column of the shop's files was taken for.

    Parameters
    ----------
    table : str
        Our table.
    column : str
        Our column; ``attributes`` for a further one, ``time_unit`` for the unit of times.
    source_column : str
        The shop's name of it.
    confidence : float
        0..1; below 0.5 the guess is not used.
    why : str
    """

    table: str
    column: str
    source_column: str
    confidence: float
    why: str

    @property
    def is_used(self) -> bool:
        """Whether the settings follow this guess."""
        return self.confidence >= USED_FROM


@dataclass(frozen=True, eq=False)
class SampledFile:
    """A file with its first rows, and what its columns look like.

    Parameters
    ----------
    path : Path
    rows : DataFrame
        Text cells.
    looks : dict of str to Look
        By the file's own column names.
    header : tuple of str or None
        Names that were made up for a file without a header line.
    """

    path: Path
    rows: pd.DataFrame
    looks: dict[str, Look]
    header: tuple[str, ...] | None

    @property
    def is_whole(self) -> bool:
        """Whether the rows are all that the file has."""
        return len(self.rows) < LOOKED_AT_ROWS


def sample_file(path: Path) -> SampledFile:
    """Look at a file; a first line of numbers or dates is no header."""
    sample = read_sample(path, n_rows=LOOKED_AT_ROWS)
    header = None
    if sample.kind in ("csv", "tsv") and any(map(is_number_or_date, sample.columns)):
        header = tuple(f"column_{number}" for number in range(1, len(sample.columns) + 1))
        sample = read_sample(path, Source(path=str(path), header=header), LOOKED_AT_ROWS)
    looks = {name: look_at(sample.rows[name]) for name in sample.columns}
    return SampledFile(path, sample.rows, looks, header)


def guess_columns(file: SampledFile, table: str) -> dict[str, Guess]:
    """The best guess for each of our columns of ``table``; each of the file's serves once.

    Parameters
    ----------
    file : SampledFile
    table : str

    Returns
    -------
    guesses : dict of str to Guess
        By our column; those that are not used, too.
    """
    every = [
        Guess(table, ours, name, *confidence(look, ours, table))
        for ours in schema.TABLES[table]
        for name, look in file.looks.items()
    ]
    if file.header is not None and table == "interactions":
        every += _by_place(file)
    best: dict[str, Guess] = {}
    taken: set[str] = set()
    for guess in sorted(every, key=lambda guess: -guess.confidence):
        if guess.confidence > 0 and guess.column not in best and guess.source_column not in taken:
            best[guess.column] = guess
            taken.add(guess.source_column)
    if table == "interactions" and _used(best, schema.TIMESTAMP):
        # With a clock there is no need of an order; next to a time it mostly is a place on a page.
        best.pop(schema.POSITION, None)
    return best


def guess_attributes(file: SampledFile, guesses: Mapping[str, Guess]) -> list[Guess]:
    """Which of an items file's further columns say something about an item."""
    mapped = {guess.source_column for guess in guesses.values() if guess.is_used}
    further = [name for name in file.looks if name not in mapped]
    return [Guess("items", "attributes", name, *_attribute(file, name)) for name in further]


def own_names_to_keep_out(file: SampledFile, table: str, used: Sequence[str]) -> dict[str, str]:
    """Columns of our own name that were not taken for ours: mapped to an empty name."""
    names = {name.lower() for name in file.looks}
    kept = (schema.POSITION, *used)
    return {ours: "" for ours in schema.TABLES[table] if ours in names and ours not in kept}


def join_ids(
    left: SampledFile, right: SampledFile, guesses: tuple[Guess | None, Guess | None]
) -> tuple[Guess | None, Guess | None]:
    """Better guesses for the id columns of two files, from the ids that they share.

    Parameters
    ----------
    left, right : SampledFile
        Interactions, and a table with one row an id.
    guesses : tuple of Guess or None
        What is guessed so far for the two columns.

    Returns
    -------
    guesses : tuple of Guess or None
        With the columns that share most ids, where they share more than those guessed.
    """
    first, second = guesses
    if second is None:
        return guesses
    named = first is not None and first.confidence >= 0.6
    left_names = [first.source_column] if first is not None and named else _id_columns(left)
    shares = {
        (mine, theirs): _shared(left.rows[mine], right.rows[theirs])
        for mine in left_names
        for theirs in _id_columns(right, unique=True)
    }
    if not shares:
        return guesses
    usual = (first.source_column if first else "", second.source_column)
    best = max(shares, key=lambda pair: (shares[pair], pair == usual))
    if shares[best] < max(0.3, shares.get(usual, 0.0) + 0.2):
        best = usual
    share = shares.get(best, 0.0)
    if share >= 0.3:
        return tuple(_joined(guess, name, share) for guess, name in zip(guesses, best, strict=True))  # type: ignore[return-value]
    if share == 0 and right.is_whole:
        doubt = f"{second.why}, but no id of the interactions is in it"
        return first, replace(second, confidence=round(second.confidence * 0.5, 2), why=doubt)
    return guesses


def _by_place(file: SampledFile) -> list[Guess]:
    """Users come before items in most files without a header line; to be looked over."""
    ids = [
        name
        for name in _id_columns(file)
        if not file.looks[name].is_unique and file.looks[name].time_share < 0.5
    ]
    return [
        Guess("interactions", ours, name, 0.4, f"the {which} column of ids")
        for ours, which, name in zip(
            (schema.USER_ID, schema.ITEM_ID), ("first", "second"), ids, strict=False
        )
    ]


def _joined(guess: Guess | None, name: str, share: float) -> Guess | None:
    if guess is None:
        return Guess("interactions", schema.ITEM_ID, name, 0.8, f"{share:.0%} of its ids join")
    kept = guess.confidence if guess.source_column == name else 0.6
    why = guess.why if guess.source_column == name else "an id"
    sure = round(1 - (1 - kept) * 0.5, 2)
    return replace(
        guess, source_column=name, confidence=sure, why=f"{why}, and {share:.0%} of the ids join"
    )


def _id_columns(file: SampledFile, *, unique: bool = False) -> list[str]:
    return [
        name
        for name, look in file.looks.items()
        if look.n_distinct >= 5 and look.length <= 64 and (look.is_unique or not unique)
    ]


def _shared(left: pd.Series, right: pd.Series) -> float:
    mine, theirs = _ids(left), _ids(right)
    return len(mine & theirs) / len(mine) if len(mine) >= 5 else 0.0


def _ids(values: pd.Series) -> set[str]:
    return set(values.dropna().astype(str).str.strip().str.replace(r"\.0$", "", regex=True))


def _used(guesses: Mapping[str, Guess], column: str) -> bool:
    return column in guesses and guesses[column].is_used


def _attribute(file: SampledFile, name: str) -> tuple[float, str]:
    look = file.looks[name]
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold()
    if LEAKS.search(snake):
        return 0.0, "a figure over the item's whole life would know the future"
    if look.n_distinct <= 1:
        return 0.0, "it always says the same"
    if look.link_share > 0.5:
        return 0.0, "links say nothing about an item"
    if look.number_share > 0.9 or _is_numbers(file.rows[name]):
        return 0.0, "numbers say little without a name"
    if look.is_unique and look.length <= 24 and not _has_blanks(file.rows[name]):
        return 0.0, "another id of the item"
    return 0.8, "it describes the item"


def _is_numbers(values: pd.Series) -> bool:
    return bool(values.dropna().astype(str).str.fullmatch(r"[\d.\s|,-]+").mean() > 0.9)


def _has_blanks(values: pd.Series) -> bool:
    return bool(values.dropna().astype(str).str.contains(" ").mean() > 0.1)
