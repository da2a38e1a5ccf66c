"""One merge of settings for every component: defaults < TOML < environment < flags."""

import os
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from unsung.errors import Location, SettingsError


class Settings(BaseModel):
    """Base of every settings class: frozen, and an unknown key is an error.

    A nested table that names some keys leaves the others as they are *there*, and not as the
    nested class has them elsewhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        fields = cls.model_fields
        tables = {
            name: _over(fields[name].default, value)
            for name, value in values.items()
            if isinstance(value, Mapping) and name in fields
        }
        return {**values, **tables} if tables else values


S = TypeVar("S", bound=Settings)


def load_settings(
    kind: type[S],
    toml: Path | Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    prefix: str = "UNSUNG_",
    source: str = "settings",
) -> S:
    """Merge defaults, a TOML file, environment variables and flags into one settings object.

    Parameters
    ----------
    kind : type of Settings
        The class to make.
    toml : Path or mapping, optional
        A TOML file, or a table of one that was read already; tables are nested settings.
    environment : mapping of str to str, optional
        Variables such as ``UNSUNG_SEGMENTS__HEAD_SHARE=0.1`` (two underscores nest); the
        process's own where not given. Only names of ``kind``'s own fields are read.
    flags : mapping, optional
        Values that win over all others; dotted names nest, ``None`` means "not given".
    prefix : str
        What the names of environment variables start with.
    source : str
        What errors call a table that isn't a file.

    Returns
    -------
    settings : instance of ``kind``

    Raises
    ------
    SettingsError
        Where the file can't be read, a key is unknown or a value is out of range: the message
        names the file and the key.
    """
    if isinstance(toml, Path):
        values, source = read_toml(toml), str(toml)
    else:
        values = deepcopy(dict(toml or {}))
    variables = os.environ if environment is None else environment
    for name, text in variables.items():
        path = name.removeprefix(prefix).lower().split("__")
        if name.startswith(prefix) and path[0] in kind.model_fields:
            _put(values, path, text, source)
    for name, value in (flags or {}).items():
        if value is not None:
            _put(values, name.split("."), value, source)
    return build_settings(kind, values, source)


def build_settings(kind: type[S], values: Mapping[str, Any], source: str) -> S:
    """Validate ``values`` as ``kind``; errors name the source and the key."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(kind.model_fields))
            message = f"unknown key '{key}' (known at the top: {known})."
        else:
            message = f"'{key}': {first['msg'][0].lower()}{first['msg'][1:]}."
        raise SettingsError(message, at=Location(source)) from None


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, or raise a SettingsError that names it and the line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"can't be read ({error.strerror}).", at=Location(str(path))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"is not valid TOML: {error}.", at=Location(str(path))) from None


def _over(default: Any, given: Any) -> Any:
    """A given table over a default that it only names some keys of."""
    if not isinstance(default, Settings) or not isinstance(given, Mapping):
        return given
    kind = getattr(default, "kind", None)
    if given.get("kind", kind) != kind:  # another component
        return given
    kept = {name: getattr(default, name) for name in default.model_fields_set}
    return {**kept, **{name: _over(kept.get(name), value) for name, value in given.items()}}


def _put(values: dict[str, Any], path: list[str], value: Any, source: str) -> None:
    for key in path[:-1]:
        inner: Any = values.setdefault(key, {})
        if not isinstance(inner, dict):
            message = f"'{key}' is no table, so '{'.'.join(path)}' can't be set."
            raise SettingsError(message, at=Location(source))
        values = inner
    values[path[-1]] = value
