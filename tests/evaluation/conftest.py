"""Random lists and targets that the tests of this room share."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp

Case = tuple[np.ndarray, sp.csr_array]


def random_case(seed: int, n_users: int = 12, n_items: int = 9, width: int = 6) -> Case:
    """Lists of any length from none to full; users with none, few or all items relevant."""
    rng = np.random.default_rng(seed)
    width = min(width, n_items)
    lists = np.full((n_users, width), -1, dtype=np.int32)
    for row in lists:
        length = rng.integers(width + 1)
        row[:length] = rng.permutation(n_items)[:length]
    wanted = rng.random((n_users, n_items)) < rng.choice([0, 0.1, 0.4, 1], size=(n_users, 1))
    values = np.where(wanted, rng.uniform(0.5, 20, size=wanted.shape), 0)
    return lists, sp.csr_array(values)


@pytest.fixture(scope="session")
def make_case() -> Callable[..., Case]:
    return random_case
