"""One recommender of another library on a split that ``peers.py`` wrote; runs in their environment.

    PEER_PYTHON benchmarks/peer_models.py SPLIT.npz MODEL SETTINGS_JSON LISTS.npz

Needs numpy and scipy, implicit (models als, bpr, bm25, cosine) or RecTools with torch (sasrec), and
nothing of Unsung. ease is the closed form by numpy: that of RecTools 0.19 scores with its weights
transposed and finds a quarter. Writes the lists, and what making them took.
"""

import json
import logging
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

CHUNK = 2_000


class Split:
    """What may be learned from, and whom lists are made for."""

    def __init__(self, path: str) -> None:
        with np.load(path) as data:
            self.parts = {name: data[name] for name in data.files}
        self.users = self.parts["users"]
        self.k = int(self.parts["k"])
        self.hide_seen = bool(self.parts["hide_seen"])

    def matrix(self, which: str, weights: str) -> sp.csr_matrix:
        """Users by items: 1 a pair, or the logarithm of how often."""
        user, item = self.parts[f"{which}_user"], self.parts[f"{which}_item"]
        shape = (int(self.parts["n_users"]), int(self.parts["n_items"]))
        found = sp.csr_matrix((np.ones(len(user), np.float32), (user, item)), shape=shape)
        found.sum_duplicates()
        found.data = np.log1p(found.data) if weights == "log" else np.ones_like(found.data)
        return found

    def frame(self, which: str) -> Any:
        """Rows as RecTools reads them, in their order."""
        import pandas as pd  # noqa: PLC0415 - comes with RecTools

        user, item = self.parts[f"{which}_user"], self.parts[f"{which}_item"]
        begin = np.datetime64("2020-01-01", "s")
        return pd.DataFrame(
            {
                "user_id": user,
                "item_id": item,
                "weight": 1.0,
                "datetime": begin + np.arange(len(user)).astype("timedelta64[s]"),
            }
        )


def of_implicit(name: str, split: Split, settings: dict[str, Any]) -> tuple[np.ndarray, float]:
    """Lists of a model of implicit, and the seconds of its fit."""
    import implicit  # noqa: PLC0415 - not every environment has it

    weights = settings.pop("weights", "ones")
    makers = {
        "als": implicit.als.AlternatingLeastSquares,
        "bpr": implicit.bpr.BayesianPersonalizedRanking,
        "bm25": implicit.nearest_neighbours.BM25Recommender,
        "cosine": implicit.nearest_neighbours.CosineRecommender,
    }
    learnt = name in ("als", "bpr")
    seed = settings.pop("seed")
    model = makers[name](**settings, **({"random_state": seed} if learnt else {}))
    start = time.perf_counter()
    model.fit(split.matrix("fit", weights), show_progress=False)
    fitted = time.perf_counter() - start
    known = split.matrix("score", weights)
    # Factors of users from what is known now; BPR can't, and keeps those of its fit.
    again = {"recalculate_user": True} if name == "als" else {}
    lists = [
        model.recommend(
            chunk, known[chunk], N=split.k, filter_already_liked_items=split.hide_seen, **again
        )[0]
        for chunk in np.array_split(split.users, max(len(split.users) // CHUNK, 1))
    ]
    return np.concatenate(lists), fitted


def ease(split: Split, settings: dict[str, Any]) -> tuple[np.ndarray, float]:
    """Lists of EASE (https://doi.org/10.1145/3308558.3313710), and the seconds of its fit."""
    start = time.perf_counter()
    pairs = split.matrix("fit", "ones")
    gram = (pairs.T @ pairs).toarray()
    gram[np.diag_indices(len(gram))] += settings["regularization"]
    weights = np.linalg.inv(gram)
    weights /= -np.diag(weights)
    np.fill_diagonal(weights, 0)
    fitted = time.perf_counter() - start
    known, lists = split.matrix("score", "ones"), []
    for chunk in np.array_split(split.users, max(len(split.users) // CHUNK, 1)):
        scores = known[chunk] @ weights
        if split.hide_seen:
            scores[known[chunk].nonzero()] = -np.inf
        best = np.argpartition(-scores, split.k, axis=1)[:, : split.k]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        lists.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(lists), fitted


def sasrec(split: Split, settings: dict[str, Any]) -> tuple[np.ndarray, float]:
    """Lists of RecTools' transformer, and the seconds of its fit."""
    import pytorch_lightning as lightning  # noqa: PLC0415 - not every environment has it
    import torch  # noqa: PLC0415
    from rectools.dataset import Dataset  # noqa: PLC0415
    from rectools.models import SASRecModel  # noqa: PLC0415

    lightning.seed_everything(settings.pop("seed"), verbose=False)
    epochs = settings.pop("epochs")
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

    def trainer() -> Any:
        return lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            enable_progress_bar=False,
            enable_model_summary=False,
            logger=False,
            enable_checkpointing=False,
        )

    model = SASRecModel(get_trainer_func=trainer, recommend_torch_device="cpu", **settings)
    start = time.perf_counter()
    model.fit(Dataset.construct(split.frame("fit")))
    fitted = time.perf_counter() - start
    said = model.recommend(
        users=split.users,
        dataset=Dataset.construct(split.frame("score")),
        k=split.k,
        filter_viewed=split.hide_seen,
        on_unsupported_targets="ignore",
    )
    place_of = np.full(int(split.parts["n_users"]), -1)
    place_of[split.users] = np.arange(len(split.users))
    lists = np.full((len(split.users), split.k), -1, dtype=np.int64)
    lists[place_of[said["user_id"]], said["rank"].to_numpy() - 1] = said["item_id"]
    return lists, fitted


def peak_mib() -> float:
    """Most memory since this program began; Linux counts its parent's in ``ru_maxrss``."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    path, name, said, out = sys.argv[1:]
    split, settings = Split(path), json.loads(said)
    begun = time.perf_counter()
    made = {"ease": ease, "sasrec": sasrec}.get(name)
    lists, fit_s = made(split, settings) if made else of_implicit(name, split, settings)
    np.savez(
        out,
        lists=lists.astype(np.int32),
        fit_s=fit_s,
        lists_s=time.perf_counter() - begun - fit_s,
        peak_mib=peak_mib(),
    )


if __name__ == "__main__":
    main()
