"""``shop.toml`` with a comment beside every guess."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unsung.data.guess.columns import Guess
from unsung.data.settings import ShopSettings
from unsung.errors import InputError, Location

_HEAD = """\
# Which file is which table, and which column is what. Written by looking at the files: the share
# in a comment says how sure the guess is. Look it over, then: unsung check {name}
"""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def write_shop_toml(
    settings: ShopSettings, guesses: Sequence[Guess], path: Path, *, force: bool = False
) -> None:
    """Write settings as ``shop.toml``; ``read_shop_settings`` reads equal settings back.

    Parameters
    ----------
    settings : ShopSettings
    guesses : sequence of Guess
        Become comments; those that are not used stand at the end.
    path : Path
        The file. Where it isn't in ``settings.folder``, paths are rewritten to be found from it.
    force : bool
        Overwrite an existing file.

    Raises
    ------
    InputError
        Where the file exists already and ``force`` isn't set, or it can't be written.
    """
    if path.exists() and not force:
        raise InputError(
            "exists already; use --force to overwrite it or --out to write another.",
            at=Location(str(path)),
        )
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(_lines(settings, guesses, path)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.partial")
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"can't be written ({error.strerror}).", at=Location(str(path))) from None


def _lines(settings: ShopSettings, guesses: Sequence[Guess], path: Path) -> Iterator[str]:
    values = settings.model_dump(exclude_defaults=True, exclude={"folder"})
    yield _HEAD.format(name=path.name)
    yield from _plain({k: v for k, v in values.items() if not isinstance(v, dict)})
    for name, value in values.items():
        if not isinstance(value, dict):
            continue
        yield f"\n[{name}]"
        if name not in settings.sources:
            yield from _plain(value)
            continue
        paths = settings.sources[name].paths
        if paths:
            moved = [_moved(given, Path(settings.folder), path.parent) for given in paths]
            value["path"] = moved[0] if isinstance(value["path"], str) else moved
        yield from _source(name, value, guesses)
    unused = [guess for guess in guesses if not guess.is_used]
    if unused:
        yield "\n# not used:"
        for guess in unused:
            yield f"# [{guess.table}] {guess.column} = {_toml(guess.source_column)}{_why(guess)}"


def _source(name: str, value: dict[str, Any], guesses: Sequence[Guess]) -> Iterator[str]:
    mine = {g.column: g for g in guesses if g.table == name and g.is_used}
    tables = {key: inner for key, inner in value.items() if isinstance(inner, dict)}
    for key, inner in value.items():
        if key not in tables:
            comment = _why(mine[key]) if key == "time_unit" and key in mine else ""
            yield f"{key} = {_toml(inner)}{comment}"
    for key, inner in tables.items():
        yield f"\n[{name}.{key}]"
        for ours, theirs in inner.items():
            guess = mine.get(ours) if key == "columns" else None
            comment = _why(guess) if guess is not None else ""
            if key == "columns" and not theirs:
                comment = "  # the column of this name is something else"
            yield f"{_key(ours)} = {_toml(theirs)}{comment}"


def _plain(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        yield f"{_key(key)} = {_toml(value)}"


def _why(guess: Guess) -> str:
    return f"  # {guess.confidence:.0%}: {_printable(guess.why)}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _toml(name)


def _toml(value: Any) -> str:
    """A text, number, flag or list as TOML (JSON but for the delete character)."""
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _moved(given: str, folder: Path, target: Path) -> str:
    """A path that leads from ``target`` to what ``given`` leads to from ``folder``."""
    if Path(given).is_absolute() or folder.resolve() == target.resolve():
        return given
    try:
        return Path(os.path.relpath(folder / given, target.resolve())).as_posix()
    except ValueError:  # another drive
        return str(folder / given)
