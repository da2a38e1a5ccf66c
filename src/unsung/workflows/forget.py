"""Take customers out of a bundle without fitting the shop again."""

from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unsung.artifacts import Folder
from unsung.errors import InputError
from unsung.pipeline.bundle import Bundle, Records, load_bundle, write_bundle
from unsung.pipeline.forgetting import forget_users
from unsung.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class Forgotten:
    """What was taken out.

    Parameters
    ----------
    bundle : Bundle
        Loaded again from the disk.
    users : tuple of str
        Who were in the bundle and are no more.
    interactions : int
        Rows of theirs.
    """

    bundle: Bundle
    users: tuple[str, ...]
    interactions: int


def forget(
    bundle: Bundle, user_ids: Collection[str], out: Path, *, progress: Progress = silent
) -> Forgotten:
    """Write a bundle that some customers are not in.

    Parameters
    ----------
    bundle : Bundle
    user_ids : collection of str
        Those whom the bundle doesn't know are no error: there is nothing to take out.
    out : Path
        Where the new bundle goes; may be the old one's place.
    progress : Progress, optional

    Raises
    ------
    InputError
        Where the bundle knows none of them, or ``out`` is something else than a bundle.

    Notes
    -----
    Exact: histories, popularity, the linear model, and the examples of gems' audiences are those of
    a bundle that was fitted without them. What was learnt from many customers at once (the trees of
    the second stage, the fine-tuned encoder, the blend's weights, the dial's certificate, the
    reports' figures) names nobody, and forgets them with the next fit.
    """
    model = bundle.model
    ids = model.state.users.values
    gone = np.isin(ids, sorted(user_ids))
    if not gone.any():
        raise InputError(
            f"{bundle.path} knows none of these customers: there is nothing to forget."
        )
    rows = int(gone[model.state.interactions.user_index].sum())
    names = tuple(str(name) for name in ids[gone])
    documents = {}
    if "gems.json" in bundle.folder:
        documents["gems.json"] = _without_examples(bundle.folder.read_json("gems.json"), set(names))
    left = forget_users(model, gone, progress=progress)
    progress("writing the bundle", 0, 1)
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    card = bundle.folder.manifest
    records = Records(
        card.settings, card.metrics, documents, {}, [partial(_copy_rest, bundle.folder)]
    )
    write_bundle(out, left, records, created=created)
    written = load_bundle(out)
    progress("writing the bundle", 1, 1)
    return Forgotten(written, names, rows)


def _copy_rest(folder: Folder, target: Path) -> None:
    """Whatever was not written anew."""
    for name in folder.manifest.files:
        copy = target / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(folder.file(name).read_bytes())


def _without_examples(record: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """The gems with nobody of these among the customers that are named."""
    other = deepcopy(record)
    for gem in other["gems"]:
        audience = gem["audience"]
        audience["examples"] = [name for name in audience["examples"] if name not in names]
    return other
