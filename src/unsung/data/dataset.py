"""The shop's tables after reading, immutable."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.state import ItemContent, ShopState


@dataclass(frozen=True, eq=False)
class Dataset:
    """A shop: who, what, and what happened.

    Parameters
    ----------
    users, items : Identifiers
    catalogue : DataFrame
        Row i describes item i (columns as in ``ShopState.catalogue``).
    catalogue_is_derived : bool
        True where the shop gave no items file, so that an item exists from its first order line.
    interactions : Interactions
    event_kinds : tuple of str
        Names of the codes in ``interactions.event``.
    titles : ndarray of object (str), shape (n_titles,)
        The distinct item titles that order lines named (empty where the catalogue has titles).
    reviews : DataFrame
        ``user_index`` (-1 = unknown), ``item_index, timestamp, rating, title, text``.
    exposures : DataFrame or None
        ``request_id, user_index, item_index, rank, timestamp, logging_propensity, policy``.
    user_table : DataFrame or None
        Row i describes user i: group attributes, ``profiling_consent``.
    has_clock : bool
        False where interactions carry only a position.
    read_at : int
        When the files were read (microseconds since 1970 UTC): the present, up to which items and
        reviews count that are later than the last interaction.
    """

    users: Identifiers
    items: Identifiers
    catalogue: pd.DataFrame
    catalogue_is_derived: bool
    interactions: Interactions
    event_kinds: tuple[str, ...]
    titles: np.ndarray
    reviews: pd.DataFrame
    exposures: pd.DataFrame | None
    user_table: pd.DataFrame | None
    has_clock: bool
    read_at: int = 0

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def end(self) -> int:
        """The moment just after the last interaction (microseconds); 0 where there is none."""
        times = self.interactions.timestamp
        return int(times[-1]) + 1 if len(times) else 0

    def with_interactions(self, rows: Interactions, *, has_clock: bool | None = None) -> "Dataset":
        """The same shop with other interactions (a part of them, or without the clock)."""
        clock = self.has_clock if has_clock is None else has_clock
        return replace(self, interactions=rows, has_clock=clock)

    def as_of(self, moment: int | None = None) -> ShopState:
        """The shop as it was known strictly before ``moment``.

        Parameters
        ----------
        moment : int, optional
            Microseconds since 1970 UTC; where not given the end of the interactions, with the items
            and reviews that came between then and ``read_at``. Without a clock there is no moment
            and everything is known.

        Returns
        -------
        state : ShopState
            Without content vectors. An item is listed when its ``created_at`` is before the
            moment (unknown = always there); in a derived catalogue, when it was ordered before.
            Titles and prices that the catalogue lacks come from order lines before the moment:
            the most frequent title (the later where equal) and the median price.
        """
        if not self.has_clock:
            moment, known_until = None, None
            rows, reviews = self.interactions, self.reviews
        else:
            known_until = max(self.end, self.read_at) if moment is None else moment
            moment = self.end if moment is None else moment
            rows = self.interactions.before(moment)
            reviews = self.reviews[self.reviews[schema.TIMESTAMP] < known_until]
        catalogue = self._catalogue_from(rows)
        listed = np.ones(self.n_items, dtype=bool)
        if self.catalogue_is_derived:
            listed = np.bincount(rows.item_index, minlength=self.n_items) > 0
        elif known_until is not None and schema.CREATED_AT in catalogue:
            created = catalogue[schema.CREATED_AT].to_numpy(dtype=np.float64, na_value=np.nan)
            listed = ~(created >= known_until)
        in_stock = np.ones(self.n_items, dtype=bool)
        if schema.IN_STOCK in catalogue:
            in_stock = catalogue[schema.IN_STOCK].fillna(True).to_numpy(dtype=bool)
        return ShopState(
            moment,
            self.users,
            self.items,
            catalogue,
            listed,
            in_stock,
            rows,
            reviews,
            ItemContent.empty(self.n_items),
        )

    def _catalogue_from(self, rows: Interactions) -> pd.DataFrame:
        filled = {}
        if len(self.titles):
            filled[schema.TITLE] = _frequent_titles(rows, self.titles, self.n_items)
        if not np.isnan(rows.price).all():
            filled[schema.PRICE] = _median_prices(rows, self.n_items)
        catalogue = self.catalogue
        for column, values in filled.items():
            own = catalogue.get(column)
            new = values if own is None else own.where(own.notna(), values)
            catalogue = catalogue.assign(**{column: new})
        return catalogue


def _frequent_titles(rows: Interactions, titles: np.ndarray, n_items: int) -> pd.Series:
    named = rows.title >= 0
    lines = pd.DataFrame(
        {
            "item": rows.item_index[named],
            "title": rows.title[named],
            "time": rows.timestamp[named],
        }
    )
    counts = lines.groupby(["item", "title"], sort=False)["time"].agg(["size", "max"]).reset_index()
    # Equal counts and times: the title's text decides, since its number may follow the file.
    counts["text"] = titles[counts["title"].to_numpy()]
    best = counts.sort_values(["size", "max", "text"]).drop_duplicates("item", keep="last")
    found = pd.Series(best["text"].to_numpy(), index=best["item"].to_numpy(), dtype="str")
    return found.reindex(range(n_items))


def _median_prices(rows: Interactions, n_items: int) -> pd.Series:
    sold = (rows.price > 0) & rows.is_target
    prices = pd.Series(rows.price[sold]).groupby(rows.item_index[sold]).median()
    return prices.reindex(range(n_items))
