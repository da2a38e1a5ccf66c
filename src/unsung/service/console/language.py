"""Which language a page is in, and what it says in it."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "zh")
NAMES: Final = {"en": "English", "zh": "中文"}
COOKIE: Final = "unsung_language"


@cache
def messages(language: str) -> Mapping[str, str]:
    """Every string of the console in one language, by key."""
    source = files("unsung.service.console").joinpath("messages", f"{language}.json")
    found: dict[str, str] = json.loads(source.read_text("utf-8"))
    return found


def language_of(asked: str | None, kept: str | None, accepted: str | None) -> str:
    """The language of a page.

    Parameters
    ----------
    asked : str or None
        By the address.
    kept : str or None
        Chosen before.
    accepted : str or None
        The browser's ``Accept-Language``.

    Examples
    --------
    >>> language_of(None, None, "de;q=.9, zh-TW;q=.8, en;q=.5")
    'zh'
    """
    for wish in (asked, kept):
        if wish in LANGUAGES:
            return str(wish)
    wishes = sorted(map(_wish, (accepted or "").split(",")), reverse=True)
    known = [name for quality, name in wishes if quality > 0 and name in LANGUAGES]
    return known[0] if known else LANGUAGES[0]


def _wish(part: str) -> tuple[float, str]:
    name, _, quality = part.partition(";")
    try:
        weight = float(quality.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return weight, name.strip().lower().partition("-")[0]
