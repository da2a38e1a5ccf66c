"""A gem's reasons, in one sentence made of parts of its forecast, and what to do about it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from unsung.text.review_insight import praise_sentence

Gem = Mapping[str, Any]
LEAST_PART: Final = 0.02
"""Parts of the logarithm below this aren't worth a word."""
MOST_PARTS: Final = 3


def reason_of(gem: Gem) -> str:
    """Why more buyers are expected of an item than of those that sell like it.

    Parameters
    ----------
    gem : mapping
        As ``described`` makes it.

    Returns
    -------
    sentence : str
        Names the parts that raise the forecast, the largest first.
    """
    raising = sorted(gem["parts"].items(), key=lambda part: -part[1])
    named = [_WORDS[name](gem) for name, amount in raising[:MOST_PARTS] if amount >= LEAST_PART]
    start = (
        f"{gem['expected_buyers']:.0f} buyers expected, {gem['expected_of_alike']:.0f} of items "
        "that sell like it"
    )
    return f"{start}: {'; '.join(named)}." if named else f"{start}."


def with_praise(gems: list[dict[str, Any]], reviews: Mapping[str, Mapping[str, Any]]) -> None:
    """Let each gem's reason end with what its reviewers praise, where several praise something.

    Parameters
    ----------
    gems : list of dict
        Changed in place.
    reviews : mapping of str to mapping
        By item id, as of ``ReviewInsight.items``.
    """
    for gem in gems:
        praise = praise_sentence(reviews.get(gem["item_id"]))
        gem["reason"] = f"{gem['reason']} {praise}".rstrip()


def with_titles(gems: list[dict[str, Any]], advice: Mapping[str, Mapping[str, Any]]) -> None:
    """Let the first advice on each gem with a poor title be what a better one would say.

    Parameters
    ----------
    gems : list of dict
        Changed in place.
    advice : mapping of str to mapping
        By item id, as of ``text_advice``.
    """
    for gem in gems:
        found = advice.get(gem["item_id"])
        if found is not None and found["suggestion"]:
            gem["advice"] = [found["sentence"], *gem["advice"]]


def advice_of(obstacles: list[dict[str, Any]]) -> list[str]:
    """What to do, from what holds the item back; to show it is always among it.

    Parameters
    ----------
    obstacles : list of dict
        Reasons for being in the tail, with ``code``.
    """
    known = [_ADVICE[found["code"]] for found in obstacles if found["code"] in _ADVICE]
    return [*known, "Show it: give it a warm-up budget, and its audience's lists a place for it."]


def _own(gem: Gem) -> str:
    return f"its latest sales ({gem['recent_buyers']} buyers of late)"


def _similar(gem: Gem) -> str:
    names = " and ".join(f"{one['title']} ({one['buyers']} buyers)" for one in gem["similar"][:2])
    return f"similar items sell: {names}" if names else "similar items sell"


_WORDS: Final[Mapping[str, Callable[[Gem], str]]] = {
    "own": _own,
    "similar": _similar,
    "together": lambda _: "its buyers buy what sells",
    "price": lambda _: "its price suits, held against similar items",
    "age": lambda _: "how long it has been on sale",
    "customers": lambda _: "who buys it, and how often again",
    "title": lambda _: "the length of its title",
    "shown": lambda _: "it would be shown as often as others",
}
_ADVICE: Final[Mapping[str, str]] = {
    "little_shown": "It was hardly shown: that alone may be why it sells little.",
    "never_shown": "It was never shown: that alone may be why it doesn't sell.",
    "no_title": "Write a title that says what it is, what of and for whom.",
    "short_title": "Write a title that says what it is, what of and for whom.",
    "no_description": "Write a description.",
    "no_picture": "Add a picture.",
    "overpriced": "Look at its price: similar items cost less.",
    "out_of_stock": "Stock it first.",
    "seasonal": "Show it in its season.",
}
