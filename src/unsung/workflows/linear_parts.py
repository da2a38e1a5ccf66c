"""The linear model by an engine: co-occurrence and one ridge regression an item, on all workers."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from unsung.artifacts import write_table
from unsung.data.engine.base import Engine
from unsung.data.engine.together import common_buyers_table
from unsung.data.state import ShopState
from unsung.recommenders.item_gram import ItemGram, TextWeights
from unsung.recommenders.linear import Linear, LinearSettings
from unsung.recommenders.local_ridge import CHUNK, nearest_items, solve_columns

_WEIGHTS = {"history": "int", "scored": "int", "weight": "float"}


def fit_linear_on(
    engine: Engine, state: ShopState, settings: LinearSettings, folder: Path
) -> Linear:
    """Fit the linear model item by item, whatever the size of the catalogue.

    Parameters
    ----------
    engine : Engine
        Counts common buyers, and solves the items on all of its workers.
    state : ShopState
        With content vectors.
    settings : LinearSettings
    folder : Path
        For what is handed over: where every worker can read and write.

    Returns
    -------
    linear : Linear
        The weights that ``Linear`` learns alone, where no item shares buyers with more others than
        ``settings.together``; else equal counts may be told apart in another way.

    Notes
    -----
    Counts and content vectors must fit into the memory of each worker, as they must into that of
    this machine to make lists.
    """
    gram = ItemGram(
        _common_buyers(engine, state, settings.together, folder),
        state.content,
        TextWeights(settings.term_weight, settings.encoder_weight, settings.temperature),
    )
    starts = pd.DataFrame({"start": np.arange(0, state.n_items, CHUNK, dtype=np.int64)})
    write_table(folder / "starts.parquet", starts)
    solve = partial(_solved, gram, settings.l2, settings.nearest)
    solved = folder / "weights"
    engine.map_parts(engine.read([folder / "starts.parquet"]), solve, _WEIGHTS, solved)
    found = engine.frame(engine.read([solved]))
    linear = Linear(settings)
    where = (found["history"].to_numpy(), found["scored"].to_numpy())
    shape = (state.n_items, state.n_items)
    values = found["weight"].to_numpy(dtype=np.float32)
    linear.weights = sp.csr_array((values, where), shape=shape)
    return linear


def _common_buyers(engine: Engine, state: ShopState, kept: int, folder: Path) -> sp.csr_array:
    pairs = state.pairs
    rows = {"user": pairs.user_index(), "item": pairs.item_index, "value": pairs.value}
    write_table(folder / "pairs.parquet", pd.DataFrame(rows))
    found = engine.frame(common_buyers_table(engine.read([folder / "pairs.parquet"]), kept))
    where = (found["item"].to_numpy(), found["other"].to_numpy())
    values = found["common"].to_numpy(dtype=np.float32)
    together = sp.csr_array((values, where), shape=(state.n_items, state.n_items))
    return sp.csr_array(together.maximum(together.T))


def _solved(gram: ItemGram, l2: float, nearest: int, starts: pd.DataFrame) -> pd.DataFrame:
    """Weights of the items of some blocks."""
    n = gram.together.shape[0]
    blocks = [sp.csc_array((n, 0), dtype=np.float32)]
    items = [np.zeros(0, dtype=np.int32)]
    for start in starts["start"].tolist():
        columns = range(start, min(start + CHUNK, n))
        near = nearest_items(gram, l2, nearest, columns)
        blocks.append(solve_columns(gram, near, np.array(columns), l2))
        items.append(np.array(columns, dtype=np.int32))
    weights = sp.coo_array(sp.hstack(blocks))
    history, place = weights.coords
    return pd.DataFrame(
        {
            "history": history.astype(np.int32),
            "scored": np.concatenate(items)[place],
            "weight": weights.data.astype(np.float32),
        }
    )
