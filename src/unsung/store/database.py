"""One store: an SQLite file or a PostgreSQL database, and the transactions on it."""

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from unsung.errors import InputError, StoreError
from unsung.store import migration

WAIT_S: Final = 5.0
"""How long a transaction waits for others before it gives up."""
_POLL_S: Final = 0.01
# What a program got wrong, not what happened to the database.
_FAULTS = (IntegrityError, ProgrammingError, DataError)
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # What is deleted is overwritten.
    "PRAGMA secure_delete=ON",
    # 16 MB each: indexes of ids have no order, and their pages come back.
    "PRAGMA cache_size=-16000",
    "PRAGMA wal_autocheckpoint=4000",
)


class Store:
    """An open store; ``open_store`` makes it. Threads may share it, processes may not.

    Parameters
    ----------
    engine : Engine
        Of SQLAlchemy.
    wait_s : float
        How long a transaction waits for others.
    """

    def __init__(self, engine: Engine, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self.is_sqlite: Final = engine.dialect.name == "sqlite"
        self._engine = engine
        self._readers = engine.execution_options(
            **({} if self.is_sqlite else _POSTGRES_READING),
        )
        # SQLite lets one writer in and has others poll: within a process they queue instead.
        self._turn = threading.Lock()
        self._of_thread = threading.local()
        self._lookups: weakref.WeakSet[_Lookup] = weakref.WeakSet()
        self._salt: bytes | None = None

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return Path(str(self._engine.url.database)) if self.is_sqlite else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment and changes nothing.

        Raises
        ------
        StoreError
            Where the database can't be read now.
        """
        with _told(), self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that is on the disk when the block has ended, or leaves no trace.

        Parameters
        ----------
        durable : bool
            False for what may be lost in a power cut: it isn't waited for.

        Raises
        ------
        StoreError
            Where the database can't be written now: nothing of the block was stored. Where a
            server went away during the commit that can't be known; all changes can be sent again.
        """
        options = {"unsung_writing": "FULL" if durable else "NORMAL"}
        with _told(), self._in_turn(), self._engine.connect() as connection:
            transaction = connection.execution_options(**options).begin()
            with transaction:
                if not self.is_sqlite and not durable:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
                yield connection

    @contextmanager
    def maintaining(self) -> Iterator[Connection]:
        """A connection without a transaction, for VACUUM and checkpoints."""
        with _told(), self._engine.connect() as connection:
            yield connection.execution_options(**_OUTSIDE[self.is_sqlite])

    def look_up(self, query: str) -> Any:
        """The first value that a constant query finds, as quickly as the driver can.

        Every thread keeps a connection of its own for it.
        """
        lookup = getattr(self._of_thread, "lookup", None)
        try:
            if lookup is None:
                lookup = self._of_thread.lookup = _Lookup(self._engine)
                self._lookups.add(lookup)
            return lookup.value(query)
        except self._engine.dialect.loaded_dbapi.Error as error:
            self._of_thread.lookup = None
            if lookup is not None:
                lookup.close()
            raise StoreError(_sentence(error)) from error
        except SQLAlchemyError as error:
            raise StoreError(_sentence(error)) from error

    @property
    def salt(self) -> bytes:
        """The key of the hashes that stand for persons who may not be named."""
        if self._salt is None:
            self._salt = bytes.fromhex(self.look_up("SELECT value FROM facts WHERE name = 'salt'"))
        return self._salt

    def close(self) -> None:
        """Close every connection; a later call opens new ones."""
        for lookup in list(self._lookups):
            lookup.close()
        self._lookups.clear()
        self._of_thread = threading.local()
        self._engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=self._wait_s):
            raise StoreError("The store is busy with another change; try again.")
        try:
            yield
        finally:
            self._turn.release()


def open_store(url: str, *, migrate: bool = True, wait_s: float = WAIT_S) -> Store:
    """Open a store, and make it where there is none.

    Parameters
    ----------
    url : str
        A file (``shop.db``), ``sqlite:///shop.db`` or ``postgresql://user@host/database``.
    migrate : bool
        Bring an older schema up to date; without it an older schema is refused.
    wait_s : float
        How long a transaction waits for others before it gives up.

    Returns
    -------
    store : Store

    Raises
    ------
    InputError
        Where the URL is none, another program's tables are in the way, or the schema is newer
        (or, without ``migrate``, older) than this program.
    StoreError
        Where the database can't be reached.
    """
    store = connect(url, wait_s=wait_s)
    try:
        with store.reading() as connection:
            current = migration.is_current(connection)
        if not current and not migrate:
            raise InputError("The store has an older schema; open it with migrate once.")
        if not current:
            with store.writing() as connection:
                migration.migrate(connection)
    except BaseException:
        store.close()
        raise
    return store


def connect(url: str, *, wait_s: float = WAIT_S) -> Store:
    """A store whose schema wasn't looked at."""
    parsed = _parsed(url)
    options: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": 8,
        "max_overflow": 56,
        "pool_timeout": wait_s,
    }
    if parsed.get_backend_name() == "sqlite":
        # Transactions begin where we say, not where the driver guesses.
        arguments: dict[str, Any] = {
            "timeout": wait_s,
            "check_same_thread": False,
            "isolation_level": None,
        }
        engine = sa.create_engine(parsed, poolclass=sa.QueuePool, connect_args=arguments, **options)
        sa.event.listen(engine, "connect", partial(_prepare_sqlite, wait_s))
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        arguments = {
            "connect_timeout": max(2, round(wait_s)),
            "options": f"-c lock_timeout={round(wait_s * 1000)}",
        }
        engine = sa.create_engine(
            parsed, isolation_level="READ COMMITTED", connect_args=arguments, **options
        )
    return Store(engine, wait_s)


_OUTSIDE: Final[dict[bool, dict[str, Any]]] = {
    True: {"unsung_outside": True},
    False: {"isolation_level": "AUTOCOMMIT"},
}
_POSTGRES_READING: Final[dict[str, Any]] = {
    "isolation_level": "REPEATABLE READ",
    "postgresql_readonly": True,
}


class _Lookup:
    """A connection of one thread, outside transactions; another thread may close it."""

    def __init__(self, engine: Engine) -> None:
        pooled = engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        if engine.dialect.name == "postgresql":
            driver.autocommit = True
        self._driver = driver
        # sqlite3 crashes the process where a connection is closed under a query.
        self._turn = threading.Lock()

    def value(self, query: str) -> Any:
        with self._turn:
            return self._driver.execute(query).fetchone()[0]

    def close(self) -> None:
        with self._turn:
            self._driver.close()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise InputError(
            "The store's URL is none; write shop.db, sqlite:///shop.db or "
            "postgresql://user@host/database."
        )
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.database in (None, "", ":memory:"):
        raise InputError("The store has to be a file, so that it outlives the process.")
    return parsed


def _prepare_sqlite(wait_s: float, driver: Any, _: Any) -> None:
    end = time.monotonic() + wait_s
    with closing(driver.cursor()) as cursor:
        for pragma in _PRAGMAS:
            while True:
                try:
                    cursor.execute(pragma)
                    break
                except sqlite3.OperationalError as error:
                    # SQLite itself doesn't wait where a new file becomes a WAL file.
                    if "locked" not in str(error) or time.monotonic() > end:
                        raise
                    threading.Event().wait(_POLL_S)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    level = options.get("unsung_writing")
    if options.get("unsung_outside"):
        return
    if level is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the database as StoreErrors; what a program got wrong stays as it is."""
    try:
        yield
    except _FAULTS:
        raise
    except (DBAPIError, PoolTimeoutError) as error:
        raise StoreError(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).partition("\n")[0][:200].strip().rstrip(".")
    if "locked" in said or "lock timeout" in said:
        return f"The store is locked by another process ({said}); try again."
    if "full" in said or "No space" in said:
        return f"The store has no room left ({said}); free some and send it again."
    return f"The store can't be used now ({said}); try again."
