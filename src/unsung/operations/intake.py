"""What is looked at before events are stored."""

from collections.abc import Sequence

from unsung.errors import InputError, Location
from unsung.operations.served_model import ServedModel
from unsung.store.events import Event
from unsung.text.normalise import normalise
from unsung.text.privacy import mask_personal


def check_kinds(served: ServedModel | None, events: Sequence[Event]) -> None:
    """Refuse a kind of event that means nothing to the shop: it is a slip of the pen.

    Parameters
    ----------
    served : ServedModel or None
        Without a model everything is taken in.
    events : sequence of Event

    Raises
    ------
    InputError
        Naming the row and the kinds that are known.
    """
    if served is None:
        return
    known = served.bundle.model.events.weights
    for row, event in enumerate(events, start=1):
        if event.event not in known:
            raise InputError(
                f"'{event.event}' is no known kind of event ({', '.join(known)}); add it to "
                "[event_weights] of shop.toml and fit again.",
                at=Location("events", "event", row),
            )


def without_personal_data(text: str | None) -> str | None:
    """A customer's words as they are stored: addresses, numbers and names of people masked."""
    # Zero-width characters between its digits would hide a number.
    return None if text is None else mask_personal(normalise(text)).text
