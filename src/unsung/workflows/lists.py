"""Everybody's list as a table, on one machine or on Spark."""

from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from unsung import schema
from unsung.data.engine.base import Engine
from unsung.errors import InputError
from unsung.pipeline.bundle import Bundle, load_bundle
from unsung.pipeline.recommend import recommend_lists
from unsung.pipeline.rules import Rules
from unsung.progress import Progress, silent

MOST: int = 1_000
_SPARKS_FILES = ("part-", "SUCCESS")
COLUMNS = {schema.USER_ID: "string", "rank": "int", schema.ITEM_ID: "string"}


def write_lists(
    bundle: Path,
    out: Path,
    engine: Engine,
    *,
    k: int = 10,
    rules: Rules | None = None,
    progress: Progress = silent,
) -> None:
    """Write the list of every customer that a bundle knows.

    Parameters
    ----------
    bundle : Path
    out : Path
        Parquet, one row an item: ``user_id``, ``rank`` (from 1), ``item_id``; users in no
        particular order. A file, or a folder of files where the engine has several workers.
    engine : Engine
        Whose workers must be able to read the bundle's folder and to write ``out``.
    k : int
        1 to 1,000.
    rules : Rules, optional
        Filters; hides what a customer has bought where the shop is set so.
    progress : Progress, optional

    Raises
    ------
    InputError
        Where k is out of range, or ``out`` is a folder of something else.
    """
    if not 1 <= k <= MOST:
        raise InputError(f"k is {k}: a list holds 1 to {MOST:,} items.")
    _check_out(out, of_files=engine.name == "spark")
    found = load_bundle(bundle)
    wanted = rules or Rules(repeats=found.model.repeats)
    users = engine.read([found.folder.file("users.parquet")]).select(schema.USER_ID)
    n_users = found.model.state.n_users
    progress("making lists", 0, n_users)
    engine.map_parts(
        users,
        partial(lists_of, str(bundle.resolve()), k, wanted),
        COLUMNS,
        out,
        lambda n_rows: progress("making lists", n_rows, n_users),
    )
    progress("making lists", n_users, n_users)


def lists_of(bundle: str, k: int, rules: Rules, users: pd.DataFrame) -> pd.DataFrame:
    """The lists of some customers, as rows.

    Parameters
    ----------
    bundle : str
        Folder; opened once in a process.
    k : int
    rules : Rules
    users : DataFrame
        ``user_id``.
    """
    model = _opened(bundle).model
    ids = users[schema.USER_ID].to_numpy(dtype=object)
    index = model.state.users.index_of(ids)
    lists = recommend_lists(model.scorer, model.state, index, k, rules, dial=model.dial)
    row, place = np.nonzero(lists >= 0)
    return pd.DataFrame(
        {
            schema.USER_ID: ids[row],
            "rank": (place + 1).astype(np.int32),
            schema.ITEM_ID: model.state.items.values[lists[row, place]],
        }
    )


def _check_out(out: Path, *, of_files: bool) -> None:
    """A folder is replaced only by a folder, and only where it holds such files alone."""
    if not out.is_dir():
        return
    others = [f.name for f in out.iterdir() if not f.name.lstrip("._").startswith(_SPARKS_FILES)]
    if others or not of_files:
        holds = f" with '{others[0]}' in it" if others else ""
        raise InputError(f"{out} is a folder{holds}; name another place for the lists.")


@lru_cache(maxsize=1)
def _opened(path: str) -> Bundle:
    return load_bundle(path)
