"""What customers wrote about items: stored once each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unsung.store import tables
from unsung.store.bounds import checked
from unsung.store.counter import lock_numbers
from unsung.store.database import Store
from unsung.store.events import Appended
from unsung.store.persons import keepers
from unsung.store.rows import content_digest, only_new, select_records, to_row


@dataclass(frozen=True, slots=True)
class Review:
    """One review; who wrote it, its rating, title and text may be unknown.

    Parameters
    ----------
    review_id : str
        Chosen by the sender: the same id is the same review.
    user_id : str or None
    item_id : str
    rating : float or None
    title, text : str or None
    timestamp : int
        Microseconds since 1970 UTC.
    """

    review_id: str
    user_id: str | None
    item_id: str
    rating: float | None
    title: str | None
    text: str | None
    timestamp: int


def put_reviews(
    store: Store, reviews: Sequence[Review], now: int, undated: Collection[str] = ()
) -> Appended:
    """Store a batch of reviews whole or not at all; it is on the disk when this returns.

    Parameters
    ----------
    store : Store
    reviews : sequence of Review
    now : int
        Microseconds since 1970 UTC.
    undated : collection of str
        Ids of reviews whose time is that of their arrival: sent again, they may have another.

    Returns
    -------
    appended : Appended

    Raises
    ------
    InputError
        Where a value doesn't fit its column; the message names field and row.
    ConflictError
        Where an id was stored before with other content; the message names it.
    StoreError
        Where the store can't be written now.
    """
    table = tables.reviews
    rows = checked(table, map(to_row, reviews))
    for row in rows:
        if row["review_id"] in undated:
            row["digest"] = content_digest(row | {"timestamp": None})
    with store.writing() as connection:
        number = lock_numbers(connection)
        writers = [row["user_id"] for row in rows if row["user_id"] is not None]
        keeper = keepers(store, connection, writers)
        alive = [row for row in rows if keeper.get(row["user_id"], "") is not None]
        new = only_new(connection, table, alive)
        for row in new:
            row |= {"user_id": keeper.get(row["user_id"]), "received": now}
        if new:
            connection.execute(sa.insert(table), new)
    return Appended(len(new), len(alive) - len(new), number, len(rows) - len(alive))


def reviews_of_item(store: Store, item_id: str) -> list[Review]:
    """The reviews of an item, in the order of time."""
    table = tables.reviews
    query = (
        select_records(Review, table)
        .where(table.c.item_id == item_id)
        .order_by(table.c.timestamp, table.c.review_id)
    )
    with store.reading() as connection:
        return [Review(*row) for row in connection.execute(query)]
