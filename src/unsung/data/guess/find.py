"""The shop that a path leads to, by whatever lies there."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsung import schema
from unsung.data.guess.columns import Guess
from unsung.data.guess.tables import guess_shop
from unsung.data.settings import ShopSettings, read_shop_settings
from unsung.errors import InputError, Location
from unsung.settings import load_settings

SURE_FROM = 0.8
"""A guess that nobody looked over must be this sure."""


def find_shop(path: Path, flags: dict[str, Any] | None = None) -> ShopSettings:
    """The settings of the shop at ``path``.

    Parameters
    ----------
    path : Path
        A ``shop.toml``, a folder with one, or a file or folder of data in a known layout or with
        columns that leave no doubt.
    flags : dict, optional
        Settings that win over all others (dotted names).

    Returns
    -------
    settings : ShopSettings

    Raises
    ------
    InputError
        Where there is nothing, or it isn't clear what the columns are: the message says to run
        ``unsung init``.
    """
    if path.suffix == ".toml" or (path / "shop.toml").is_file():
        return read_shop_settings(path, flags)
    if not path.exists():
        raise InputError(
            "doesn't exist; name a shop.toml, a folder or a data file.", at=Location(str(path))
        )
    settings, guesses = guess_shop([path])
    unsure = [] if settings.layout else _unsure(guesses)
    if unsure:
        raise InputError(
            f"it isn't clear which columns are {', '.join(unsure)}; run 'unsung init {path}' and "
            "look over the shop.toml that it writes.",
            at=Location(str(path)),
        )
    return load_settings(ShopSettings, flags={**_dotted(settings), **(flags or {})})


def _unsure(guesses: Sequence[Guess]) -> list[str]:
    sure = {(g.table, g.column): g.confidence >= SURE_FROM for g in guesses}
    wanted: list[tuple[str, ...]] = [(schema.USER_ID,), (schema.ITEM_ID,)]
    wanted.append((schema.TIMESTAMP, schema.POSITION))
    missing = [
        f"interactions.{' or '.join(choices)}"
        for choices in wanted
        if not any(sure.get(("interactions", column), False) for column in choices)
    ]
    if ("items", schema.ITEM_ID) in sure and not sure["items", schema.ITEM_ID]:
        missing.append("items.item_id")
    return missing


def _dotted(settings: ShopSettings) -> Mapping[str, Any]:
    """Settings as flags, deep enough for the environment to fill what they leave open."""
    flat: dict[str, Any] = {}
    for key, value in settings.model_dump(exclude_defaults=True).items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": inner for name, inner in value.items()}
        else:
            flat[key] = value
    return flat
