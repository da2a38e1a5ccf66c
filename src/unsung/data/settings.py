"""What ``shop.toml`` says: where a shop's files are, what its columns are called, its rules."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from unsung import schema
from unsung.errors import Location, SettingsError
from unsung.settings import Settings, load_settings


class Source(Settings):
    """One table of the shop: a file, several files, or a SQL table."""

    path: str | tuple[str, ...] = ()
    """File, folder or glob, relative to shop.toml; several are read as one table."""
    url: str | None = None
    """SQL database, such as ``sqlite:///shop.db`` or ``postgresql://user@host/shop``."""
    table: str | None = None
    """Table or view of ``url``."""
    query: str | None = None
    """A SELECT, in place of ``table``."""
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet", "xlsx"] = "auto"
    """``auto`` goes by the file's ending (``.gz`` is looked through) and first bytes."""
    delimiter: str | None = None
    """Field separator of text files; found by looking where not given."""
    encoding: str = "auto"
    """Text encoding: ``auto`` takes a BOM's word, then tries UTF-8, then GB18030."""
    header: tuple[str, ...] | None = None
    """Column names of a text file without a header line."""
    sheet: str | None = None
    """Sheet of an xlsx file; the first where not given, every one where ``*``."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our column -> the shop's column. Columns of our own name need no line; an empty name keeps
    one of our name from being taken."""
    constants: dict[str, str] = Field(default_factory=dict)
    """Our column -> a fixed text, for a column that the files lack (``event = "view"``)."""
    attributes: tuple[str, ...] | None = None
    """Further item columns to keep as attributes; all that are left over where not given."""
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = "auto"
    """Unit of numeric times; ``auto`` decides by magnitude and refuses a mixture."""
    timezone: str = "UTC"
    """Zone of times that name none."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths as a tuple, also where one was given."""
        return (self.path,) if isinstance(self.path, str) else self.path

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if bool(self.paths) == (self.url is not None):
            raise ValueError("give either 'path' or 'url'")
        if self.url is not None and (self.table is None) == (self.query is None):
            raise ValueError("a 'url' needs either 'table' or 'query'")
        return self


class CleaningSettings(Settings):
    """Which rows of interactions count as what; rows that break a rule are set aside, not lost."""

    item_id_pattern: str | None = None
    """Regular expression that an item_id must match; other rows are set aside (postage, fees)."""
    cancelled_basket_pattern: str | None = None
    """Baskets whose id matches are cancellations: their rows become ``return`` events."""
    negative_quantity: Literal["return", "quarantine"] = "return"
    """What a row with a quantity below zero is."""
    trim_trailing_zero: bool = True
    """Read the id ``17850.0`` as ``17850`` (spreadsheets turn whole numbers into these)."""
    future_days: float = 1.0
    """Rows later than now plus this many days are set aside."""
    earliest_year: int = 1970
    """Rows before this year are set aside."""
    collapse_duplicates: bool = True
    """Count rows that are equal in every column we read once."""


class SegmentSettings(Settings):
    """What counts as head, established tail, fresh and cold."""

    definition: Literal["top_items", "interaction_share", "threshold"] = "top_items"
    """``top_items``: head = the ``head_share`` of items with most distinct buyers.
    ``interaction_share``: head = the most popular items that together hold
    ``head_share_of_interactions``. ``threshold``: head = items with at least ``min_buyers``
    distinct buyers."""
    head_share: float = Field(default=0.2, gt=0, lt=1)
    """Share of the items that is head."""
    head_share_of_interactions: float = Field(default=0.8, gt=0, lt=1)
    """Share of all interactions that the head holds."""
    min_buyers: int = Field(default=20, ge=1)
    """Distinct buyers from which an item is head."""
    fresh_days: float = Field(default=60.0, ge=0)
    """An item outside the head is fresh for this many days after its first sale."""


class ShopSettings(Settings):
    """The whole of ``shop.toml``."""

    name: str = "shop"
    """Shown in reports."""
    folder: str = "."
    """The folder that paths are relative to: the file's own, set when it is read."""
    layout: str | None = None
    """A known layout that the rest was filled in from."""
    engine: Literal["duckdb", "spark"] = "duckdb"
    """What prepares the tables; see the how-to "Move to Spark"."""
    interactions: Source
    items: Source | None = None
    reviews: Source | None = None
    users: Source | None = None
    exposures: Source | None = None
    assignments: Source | None = None
    """Who was in which arm of an experiment; read by ``unsung experiment readout`` alone."""
    event_names: dict[str, str] = Field(default_factory=dict)
    """The shop's name of an event kind -> ours (``"transaction" = "purchase"``)."""
    event_weights: dict[str, float] = Field(default_factory=dict)
    """Event kind -> weight, over ``schema.DEFAULT_EVENT_WEIGHTS``; new kinds may be named."""
    default_event: str = "purchase"
    """Kind of interaction rows without an event column (``rating`` where there is a rating)."""
    repeats: Literal["hide", "show"] = "hide"
    """Whether items that a user has bought may be recommended again."""
    variants: Literal["one", "all"] = "one"
    """Whether a list holds one of the listings of a product (sizes, colours), or all of them."""
    cleaning: CleaningSettings = CleaningSettings()
    segments: SegmentSettings = SegmentSettings()
    fit: dict[str, Any] = Field(default_factory=dict)
    """How the shop is fitted and tested: the fields of ``FitSettings``, such as ``encoder``, and in
    ``[fit.evaluation.tuning]`` ``relevance_budget``. Checked when something is fitted."""
    diagnosis: dict[str, Any] = Field(default_factory=dict)
    """From where on a reason for being in the tail holds: the fields of ``ReasonSettings``."""

    @field_validator("event_weights")
    @classmethod
    def _finite(cls, weights: dict[str, float]) -> dict[str, float]:
        for kind, weight in weights.items():
            if not -1e6 < weight < 1e6:
                raise ValueError(f"weight of '{kind}' must be a finite number")
        return weights

    @property
    def weights(self) -> dict[str, float]:
        """Weight of every known event kind."""
        return {**schema.DEFAULT_EVENT_WEIGHTS, **self.event_weights}

    @property
    def sources(self) -> dict[str, Source]:
        """Table name -> its source, for the tables that the shop has."""
        named = {name: getattr(self, name) for name in schema.TABLES}
        return {name: source for name, source in named.items() if source is not None}


def read_shop_settings(path: Path, flags: dict[str, Any] | None = None) -> ShopSettings:
    """Read ``shop.toml`` (or the one inside a folder).

    Raises
    ------
    SettingsError
        Where there is none, or it names an unknown key.
    """
    toml = path / "shop.toml" if path.is_dir() else path
    if not toml.exists():
        raise SettingsError(
            "doesn't exist; 'unsung init FILES...' writes it by looking at your files.",
            at=Location(str(toml)),
        )
    return load_settings(
        ShopSettings, toml, flags={"folder": str(toml.parent.resolve()), **(flags or {})}
    )
