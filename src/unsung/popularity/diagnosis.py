"""What a diagnosis is made of: figures and tables that carry their own definitions."""

from dataclasses import asdict, dataclass
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Figure:
    """One number with its definition.

    Parameters
    ----------
    label : str
        A few words.
    value : int, float or None
        None where the data can't tell; the definition then says why.
    definition : str
        One sentence.
    is_share : bool
        Whether the value is a share, 0 to 1, to be shown as a percentage.
    """

    label: str
    value: int | float | None
    definition: str
    is_share: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of plain values, with a sentence for the table and for every column.

    Parameters
    ----------
    definition : str
    columns : dict of str to str
        Column -> definition; columns for which the shop has no data are left out.
    rows : tuple of dict
    note : str
        Why there are no rows, where there are none.
    """

    definition: str
    columns: dict[str, str]
    rows: tuple[dict[str, Any], ...]
    note: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """How a shop's sales are spread over its catalogue, and why items stay unseen.

    Parameters
    ----------
    shop : str
    as_of : str or None
        The moment (ISO 8601, UTC): only what happened before counts. None without a clock.
    tail_definition : str
        The definition of the long tail in use, in a sentence.
    summary : tuple of str
        The findings in plain sentences.
    figures : dict of str to Figure
    tables : dict of str to Table
        ``segments, bands, lorenz, definitions, drift, reasons, items, outlook, outlook_models,
        outlook_calibration``.
    """

    shop: str
    as_of: str | None
    tail_definition: str
    summary: tuple[str, ...]
    figures: dict[str, Figure]
    tables: dict[str, Table]

    def to_json(self) -> dict[str, Any]:
        """The diagnosis as plain values, ready for ``json.dumps(..., allow_nan=False)``."""
        return {"kind": "diagnosis", "format": FORMAT, **asdict(self)}
