from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsung.data.readers.landed import Landed


@pytest.fixture
def read_rows() -> Callable[[Landed], list[dict[str, Any]]]:
    """The landed rows as dicts."""

    def rows(landed: Landed) -> list[dict[str, Any]]:
        return pa.concat_tables(pq.read_table(path) for path in landed.path).to_pylist()

    return rows
