"""What campaigns have spent and what came of it: rows that are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd

from unsung.errors import InputError
from unsung.schema import (
    DAY_US,
    EVENT,
    ITEM_ID,
    LOGGING_PROPENSITY,
    RANK,
    REQUEST_ID,
    TIMESTAMP,
    USER_ID,
)

CAMPAIGN_ID: Final = "campaign_id"
IMPRESSION: Final = "impression"
"""The event of a slot that was shown; every other event is an outcome of one."""
LEDGER_COLUMNS: Final = {
    REQUEST_ID: "str",
    RANK: "int64",
    EVENT: "str",
    CAMPAIGN_ID: "str",
    USER_ID: "str",
    ITEM_ID: "str",
    TIMESTAMP: "int64",
    LOGGING_PROPENSITY: "float64",
}
"""Columns of the ledger's table, and the pandas type of each."""
_SLOT: Final = [REQUEST_ID, RANK]
_KEY: Final = [*_SLOT, EVENT]
_SAME: Final = [CAMPAIGN_ID, USER_ID, ITEM_ID]


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LEDGER_COLUMNS.items()})


@dataclass(frozen=True, eq=False)
class Ledger:
    """Impressions and their outcomes, one row each; spending never exceeds a budget.

    Parameters
    ----------
    budgets : mapping of str to int
        Campaign -> impressions that it may spend.
    rows : DataFrame
        Columns as in ``LEDGER_COLUMNS``; begin without, then use ``add``.
    """

    budgets: Mapping[str, int]
    rows: pd.DataFrame

    @classmethod
    def opened(cls, budgets: Mapping[str, int]) -> Self:
        """A ledger without rows."""
        return cls(dict(budgets), _no_rows())

    @classmethod
    def from_table(cls, budgets: Mapping[str, int], table: pd.DataFrame) -> Self:
        """The ledger of a table that ``rows`` was written to, checked row by row."""
        return cls.opened(budgets).add(table)

    def add(self, table: pd.DataFrame) -> Self:
        """The ledger with more rows; rows that it has already are passed over.

        Parameters
        ----------
        table : DataFrame
            Columns as in ``LEDGER_COLUMNS``. A row is told by request, rank and event, so that one
            impression has at most one outcome of a kind.

        Raises
        ------
        InputError
            Where a column is missing, a slot is told differently from before, an outcome has no
            impression, a campaign has no budget, or its budget would be exceeded. Nothing is added
            then.
        """
        missing = [name for name in LEDGER_COLUMNS if name not in table]
        if missing:
            raise InputError(f"the ledger's table has no column '{missing[0]}': add it.")
        new = table[list(LEDGER_COLUMNS)].astype(LEDGER_COLUMNS)
        every = pd.concat([self.rows, new], ignore_index=True)
        _check_slots(every)
        rows = every.drop_duplicates(_KEY, ignore_index=True)
        self._check_budgets(rows)
        return type(self)(self.budgets, rows)

    def _check_budgets(self, rows: pd.DataFrame) -> None:
        spent = rows.loc[rows[EVENT] == IMPRESSION, CAMPAIGN_ID].value_counts()
        for campaign, impressions in spent.items():
            budget = self.budgets.get(str(campaign))
            if budget is None:
                raise InputError(f"campaign '{campaign}' has no budget: open the ledger with one.")
            if impressions > budget:
                raise InputError(
                    f"campaign '{campaign}' would spend {impressions} impressions of {budget}:"
                    " ask for the offer again before a list is served."
                )

    @property
    def impressions(self) -> pd.DataFrame:
        """The rows of slots that were shown."""
        return self.rows[self.rows[EVENT] == IMPRESSION]

    def spent(self, campaign_id: str) -> int:
        """Impressions of a campaign."""
        return int((self.impressions[CAMPAIGN_ID] == campaign_id).sum())

    def spent_on_user(self, campaign_id: str, user_id: str) -> int:
        """Impressions of a campaign before a user."""
        shown = self.impressions
        mine = (shown[CAMPAIGN_ID] == campaign_id) & (shown[USER_ID] == user_id)
        return int(mine.sum())

    def by_item(
        self, campaign_id: str, item_ids: list[str], event: str = IMPRESSION, *, before: int
    ) -> np.ndarray:
        """Impressions of items, or impressions that had an outcome.

        Parameters
        ----------
        campaign_id : str
        item_ids : list of str
        event : str
            ``IMPRESSION`` or a kind of outcome.
        before : int
            Impressions from this moment on don't count: now, or for rates the moment up to which
            the time for an outcome is over.

        Returns
        -------
        counts : ndarray of int64, shape (len(item_ids),)
        """
        shown = self.impressions
        shown = shown[(shown[CAMPAIGN_ID] == campaign_id) & (shown[TIMESTAMP] < before)]
        rows = self.rows[self.rows[EVENT] == event].merge(shown[_SLOT], on=_SLOT)
        counts = rows[ITEM_ID].value_counts().reindex(item_ids, fill_value=0)
        return counts.to_numpy(dtype=np.int64)

    def totals(self) -> pd.DataFrame:
        """Rows of every kind of event by campaign, item and day (days since 1970 UTC)."""
        keys = [CAMPAIGN_ID, ITEM_ID, "day"]
        rows = self.rows.assign(day=self.rows[TIMESTAMP] // DAY_US)
        counts = rows.pivot_table(RANK, keys, EVENT, aggfunc="count", fill_value=0)
        return counts.astype("int64").rename_axis(columns=None).reset_index()


def _check_slots(rows: pd.DataFrame) -> None:
    """Refuse a slot with two stories, and an outcome of a slot that was never shown."""
    told = rows.drop_duplicates([*_SLOT, *_SAME])
    twice = told.duplicated(_SLOT)
    if twice.any():
        slot = told[twice].iloc[0]
        raise InputError(
            f"request '{slot[REQUEST_ID]}', rank {slot[RANK]} was recorded with another campaign,"
            " user or item: request ids must be unique."
        )
    shown = pd.MultiIndex.from_frame(rows.loc[rows[EVENT] == IMPRESSION, _SLOT])
    without = ~pd.MultiIndex.from_frame(told[_SLOT]).isin(shown)
    if without.any():
        slot = told[without].iloc[0]
        raise InputError(
            f"request '{slot[REQUEST_ID]}', rank {slot[RANK]} has an outcome and no impression:"
            " record what was shown first."
        )
