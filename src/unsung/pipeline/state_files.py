"""The shop's state as files of a bundle."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from unsung import schema
from unsung.artifacts import Folder, csr_from_arrays, csr_to_arrays, write_arrays, write_table
from unsung.data.identifiers import Identifiers
from unsung.data.interactions import Interactions
from unsung.data.state import ItemContent, ShopState


def write_state(folder: Path, state: ShopState, segments: Sequence[str]) -> None:
    """Write users, items, catalogue, interactions and content vectors; reviews stay outside."""
    items = pd.DataFrame(
        {
            schema.ITEM_ID: pd.array(state.items.values, dtype="str"),
            "listed": state.listed,
            "in_stock": state.in_stock,
            "segment": pd.array(list(segments), dtype="str"),
        }
    )
    write_table(folder / "items.parquet", items)
    write_table(folder / "catalogue.parquet", state.catalogue.reset_index(drop=True))
    users = pd.DataFrame({schema.USER_ID: pd.array(state.users.values, dtype="str")})
    write_table(folder / "users.parquet", users)
    moment = np.array([] if state.as_of is None else [state.as_of], dtype=np.int64)
    rows = {f.name: getattr(state.interactions, f.name) for f in fields(Interactions)}
    write_arrays(folder / "interactions.safetensors", {**rows, "as_of": moment})
    content = {
        **csr_to_arrays("terms", state.content.terms),
        "embeddings": state.content.embeddings,
    }
    if state.content.variants is not None:
        content["variants"] = state.content.variants
    write_arrays(folder / "content.safetensors", content)


def read_state(folder: Folder) -> ShopState:
    """The state of ``write_state``, without reviews."""
    items = folder.read_table("items.parquet")
    rows = folder.read_arrays("interactions.safetensors")
    moment = rows.pop("as_of")
    content = folder.read_arrays("content.safetensors")
    users = folder.read_table("users.parquet")[schema.USER_ID]
    return ShopState(
        as_of=int(moment[0]) if len(moment) else None,
        users=Identifiers(users.to_numpy(dtype=object)),
        items=Identifiers(items[schema.ITEM_ID].to_numpy(dtype=object)),
        catalogue=folder.read_table("catalogue.parquet"),
        listed=items["listed"].to_numpy(dtype=bool),
        in_stock=items["in_stock"].to_numpy(dtype=bool),
        interactions=Interactions(**rows),
        reviews=pd.DataFrame(columns=list(schema.REVIEW_DTYPES)).astype(schema.REVIEW_DTYPES),
        content=ItemContent(
            csr_from_arrays("terms", content), content["embeddings"], content.get("variants")
        ),
    )


def read_segments(folder: Folder) -> tuple[str, ...]:
    """Segment of every item as of the fit."""
    return tuple(folder.read_table("items.parquet")["segment"])


def fingerprint(state: ShopState) -> str:
    """SHA-256 over the interactions and ids that a model was fitted on."""
    digest = hashlib.sha256()
    for column in fields(Interactions):
        digest.update(np.ascontiguousarray(getattr(state.interactions, column.name)).tobytes())
    for ids in (state.users, state.items):
        digest.update("\0".join(ids.values.tolist()).encode())
    return digest.hexdigest()
