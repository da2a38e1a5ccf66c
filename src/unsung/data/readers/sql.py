"""Tables of a database, streamed; passwords never reach an error."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from unsung.data.readers.cells import as_text, text_batch
from unsung.data.readers.columns import nearest
from unsung.data.readers.parts import Batch, unique_names
from unsung.data.settings import Source
from unsung.errors import InputError, Location

_ROWS = 20_000


def read_sql(source: Source, base: Path) -> Iterator[Batch]:
    """The rows of ``source.table`` or ``source.query`` as text, in batches.

    SQLite files are opened read-only, PostgreSQL in a read-only transaction with a cursor on the
    server, so that a table never has to fit into memory.

    Parameters
    ----------
    source : Source
        With ``url``.
    base : Path
        Folder that a relative SQLite path starts from.

    Yields
    ------
    batch : Batch

    Raises
    ------
    InputError
        Where the database can't be reached, or the table or query is wrong.
    """
    url = _driver_url(source, base)
    name = sql_name(source)
    try:
        engine = sa.create_engine(url, **_options(url))
    except (ImportError, NoSuchModuleError):
        raise InputError(
            f"there is no driver for '{url.get_backend_name()}' databases; sqlite and postgresql "
            "are built in.",
            at=Location(name),
        ) from None
    try:
        with engine.connect() as connection:
            yield from _rows(_read_only(connection), source, name)
    except SQLAlchemyError as error:
        raise InputError(
            f"the database refused ({_scrubbed(error, url)}); check 'url', 'table' and 'query'.",
            at=Location(name),
        ) from None
    finally:
        engine.dispose()


def sql_name(source: Source) -> str:
    """What ``source_file`` calls a table: kind of database, its name, the table; no credentials.

    Examples
    --------
    >>> sql_name(Source(url="postgresql://me:secret@host/shop", table="orders"))
    'postgresql:shop:orders'
    """
    url = _parsed(source.url or "")
    database = Path(url.database or "").name if url.get_backend_name() == "sqlite" else url.database
    return f"{url.get_backend_name()}:{database or ''}:{source.table or 'query'}"


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise InputError(
            "the 'url' of a table in shop.toml is no database URL; write sqlite:///shop.db or "
            "postgresql://user@host/shop."
        ) from None


def _driver_url(source: Source, base: Path) -> URL:
    url = _parsed(source.url or "")
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        return url
    path = base / (url.database or "")
    if not path.is_file():
        raise InputError(f"the SQLite file '{path}' doesn't exist.", at=Location(sql_name(source)))
    return url.set(database=f"{path.resolve().as_uri()}", query={"mode": "ro", "uri": "true"})


def _options(url: URL) -> dict[str, Any]:
    options: dict[str, Any] = {"poolclass": sa.NullPool, "hide_parameters": True}
    if url.get_backend_name() == "postgresql":
        options["connect_args"] = {"connect_timeout": 10}
    return options


def _read_only(connection: Connection) -> Connection:
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
    if connection.dialect.name == "sqlite":
        # Text that isn't UTF-8 is for the row check to find, not for the driver to stop at.
        driver: Any = connection.connection.driver_connection
        driver.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    return connection.execution_options(stream_results=True, yield_per=_ROWS)


def _rows(connection: Connection, source: Source, name: str) -> Iterator[Batch]:
    statement = sa.text(source.query) if source.query else _select(connection, source, name)
    result = connection.execute(statement)
    names = unique_names(result.keys())
    n_seen = 0
    for part in result.partitions(_ROWS):
        cells = [[as_text(value) for value in row] for row in part]
        yield text_batch(names, cells, range(n_seen + 1, n_seen + len(cells) + 1), [])
        n_seen += len(cells)
    if n_seen == 0:
        yield text_batch(names, [], [], [])


def _select(connection: Connection, source: Source, name: str) -> Any:
    *schema, table = (source.table or "").split(".")
    inspector = sa.inspect(connection)
    where = schema[-1] if schema else None
    known = [*inspector.get_table_names(where), *inspector.get_view_names(where)]
    if table not in known:
        raise InputError(
            f"the database has no table '{table}'{nearest(table, known)}", at=Location(name)
        )
    # The names come from the database itself and are quoted by SQLAlchemy.
    columns: list[Any] = [
        sa.column(column["name"]) for column in inspector.get_columns(table, where)
    ]
    return sa.select(*columns).select_from(sa.table(table, schema=where))


def _scrubbed(error: SQLAlchemyError, url: URL) -> str:
    cause = getattr(error, "orig", None) or error
    text = " ".join(str(cause).split("\n[SQL")[0].split())
    hidden = [url.password, *(str(value) for value in url.query.values())]
    for secret in filter(None, hidden):
        text = text.replace(str(secret), "***")
    return text[:300]
