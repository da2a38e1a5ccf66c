"""How much one request may bring."""

from collections.abc import Sequence
from typing import Any

from unsung.errors import InputError
from unsung.service.context import Context


def check_rows(context: Context, rows: Sequence[Any]) -> None:
    """Refuse a batch that is too long."""
    most = context.settings.most_rows
    if len(rows) > most:
        raise InputError(f"The batch has {len(rows):,} rows and may have {most:,}; send several.")
