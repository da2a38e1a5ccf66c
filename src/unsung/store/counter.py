"""A number for every change, in the order in which changes become visible."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from unsung.store.database import Store
from unsung.store.tables import counter

_LOCK = sa.select(counter.c.number).where(counter.c.id == 1).with_for_update()
_READ = sa.select(counter.c.number).where(counter.c.id == 1)


def change_number(store: Store) -> int:
    """Number of the newest change: one lookup, on a connection that the thread keeps."""
    return int(store.look_up("SELECT number FROM counter WHERE id = 1"))


def number_of(connection: Connection) -> int:
    """Number of the newest change that a transaction sees."""
    return int(connection.execute(_READ).scalar_one())


def lock_numbers(connection: Connection) -> int:
    """Wait for every other transaction that makes changes; the newest number.

    What is read afterwards in this transaction stays true until it ends.
    """
    return int(connection.execute(_LOCK).scalar_one())


def take_numbers(connection: Connection, count: int) -> int:
    """The first of ``count`` numbers for changes of this transaction.

    The counter's row stays locked until the transaction ends, so that no larger number can be
    seen before these.
    """
    moved = (
        sa.update(counter)
        .where(counter.c.id == 1)
        .values(number=counter.c.number + count)
        .returning(counter.c.number)
    )
    return int(connection.execute(moved).scalar_one()) - count + 1
