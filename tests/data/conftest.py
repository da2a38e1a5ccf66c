from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from unsung.data.dataset import Dataset
from unsung.data.engine.duckdb_engine import DuckDBEngine
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.preparation import PreparedTables, prepare_tables
from unsung.data.settings import ShopSettings
from unsung.schema import DAY_US

USERS, ITEMS = "abcd", "klmnopq"


def build_shop(events, *, has_clock: bool = True, derived: bool = False) -> Dataset:
    """A shop of (user, item, day, kind)."""
    user, item, day, kind = zip(*events, strict=True) if events else ((),) * 4
    users, items = Identifiers.from_ids(list(USERS)), Identifiers.from_ids(list(ITEMS))
    return Dataset(
        users=users,
        items=items,
        catalogue=pd.DataFrame({"item_id": items.values}),
        catalogue_is_derived=derived,
        interactions=Interactions.from_columns(
            user_index=users.index_of(user),
            item_index=items.index_of(item),
            timestamp=np.array(day, int) * (DAY_US if has_clock else 1),
            event=np.array([len(name) for name, _ in kind], int),
            weight=np.array([weight for _, weight in kind], float),
            is_target=np.array([name == "purchase" for name, _ in kind], bool),
        ),
        event_kinds=("purchase", "view", "return"),
        titles=np.array([], dtype=object),
        reviews=pd.DataFrame(
            {
                "user_index": users.index_of(user),
                "item_index": items.index_of(item),
                "timestamp": np.array(day, int) * DAY_US,
            }
        ),
        exposures=None,
        user_table=None,
        has_clock=has_clock,
    )


@pytest.fixture(scope="session")
def shop() -> Callable[..., Dataset]:
    """Makes a shop of users a-d and items k-q from rows (user, item, day, (event, weight))."""
    return build_shop


@pytest.fixture(scope="session")
def targets_of() -> Callable[[Dataset, object], dict[str, set[str]]]:
    """Targets of a split by name."""

    def found(dataset, split):
        return {
            dataset.users.values[user]: set(dataset.items.values[split.targets[[row]].indices])
            for row, user in enumerate(split.users)
        }

    return found


@pytest.fixture(scope="session")
def prepare(tmp_path_factory) -> Callable[..., tuple[PreparedTables, ShopSettings]]:
    """Prepares a shop whose tables are given as CSV text or as DataFrames (written as parquet).

    Keywords are settings; ``sources`` holds further keys of a table's source. Now is 2026-01-01.
    """

    def run(tables, *, sources=None, engine=None, **settings):
        home = tmp_path_factory.mktemp("shop")
        named = {}
        for name, content in tables.items():
            file = home / (f"{name}.csv" if isinstance(content, str) else f"{name}.parquet")
            if isinstance(content, str):
                file.write_text(content, encoding="utf-8")
            else:
                content.to_parquet(file)
            named[name] = {"path": file.name, **(sources or {}).get(name, {})}
        shop = ShopSettings(folder=str(home), **named, **settings)
        used = engine or DuckDBEngine(home / "spill", threads=1)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        prepared = prepare_tables(shop, home / "work", now=now, engine=used)
        if engine is None:
            used.close()
        return prepared, shop

    return run


ASSIGNMENTS = """user_id,arm,timestamp
a,control,2026-01-02
a,control,2026-01-01
b,new,2026-01-03
c,new,2026-01-03
c,control,2026-01-04
,new,2026-01-04
d,,2026-01-04
e,new,not a time
e,control,2026-01-05
f,new,2027-01-01
b,new,2026-01-03
"""


@pytest.fixture
def assignment_file(tmp_path):
    """Arms of customers, with everything that can be wrong about them."""
    path = tmp_path / "assignments.csv"
    path.write_text(ASSIGNMENTS, encoding="utf-8")
    return path
