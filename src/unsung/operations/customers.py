"""A customer's data: what there is, all of it in one file, and none of it any more."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from unsung.operations.habits import customer_habits
from unsung.operations.running import RunningShop
from unsung.pipeline.reasons import title_of
from unsung.schema import DAY_US
from unsung.store.audit import append
from unsung.store.choices import choices_of_user
from unsung.store.database import Store
from unsung.store.personal import Receipt, erase_person, export_person

NEXT_FIT: Final = "the next fit"
FORGET: Final = "unsung forget, or the next fit"
SHOWN = 200
"""Items of a history that a page shows, the latest first."""


@dataclass(frozen=True)
class PendingPart:
    """A part of the model, or of the store, that holds something of an erased customer.

    Parameters
    ----------
    name : str
    holds : str
        What it still holds; ``{rows}`` stands for the customer's interactions.
    ends : str
        What makes it exact.
    """

    name: str
    holds: str
    ends: str


MODEL_PARTS: Final = (
    PendingPart(
        "bundle", "{rows} interactions of the fit's data, unseen by lists from now on", FORGET
    ),
    PendingPart("linear", "the item-item weights were learnt with them", FORGET),
    PendingPart(
        "encoder",
        "the encoder was fine-tuned on pairs of items that they were part of",
        NEXT_FIT,
    ),
    PendingPart("ranker", "the trees were trained with them", NEXT_FIT),
    PendingPart("blend", "the weights of the scorers were chosen with them", NEXT_FIT),
    PendingPart(
        "gems",
        "the bundle's gems may name them among their examples, unseen by answers from now on",
        FORGET,
    ),
)
"""What a receipt names; a part that comes to be removed at once leaves this table."""
STORE_FILES: Final = "store files"
CLEAN: Final = "unsung store clean"


def customer_page(shop: RunningShop, user_id: str, now: int) -> dict[str, Any]:
    """What lists for a customer are made from, and how the customer buys.

    Parameters
    ----------
    shop : RunningShop
    user_id : str
    now : int
        Microseconds since 1970 UTC.
    """
    served = shop.model()
    state = served.shop.state_of(user_id, now)
    pairs = state.pairs
    latest = range(len(pairs) - 1, max(len(pairs) - 1 - SHOWN, -1), -1)
    return {
        "user_id": user_id,
        "known": served.shop.knows(user_id),
        "profiling": served.shop.wishes_of(user_id).profiled,
        "n_items": len(pairs),
        "history": [
            {
                "item_id": str(state.items.values[pairs.item_index[entry]]),
                "title": title_of(state, int(pairs.item_index[entry])),
                "bought": bool(pairs.bought[entry]),
                "days_ago": round(float(pairs.age[entry]), 2) if state.has_clock else None,
            }
            for entry in latest
        ],
        "behaviour": customer_habits(served, user_id, state),
        "choices": [asdict(choice) for choice in choices_of_user(shop.store, user_id)],
    }


def export_customer(shop: RunningShop, user_id: str, who: str, now: int) -> dict[str, Any]:
    """Everything that the store and the model keep of a customer.

    Parameters
    ----------
    shop : RunningShop
    user_id : str
    who : str
        Who asked, for the records.
    now : int
    """
    stored = export_person(shop.store, user_id)
    append(shop.store, who, "export", user_id, {}, now, person=True)
    served = shop.served
    fitted = [] if served is None else served.shop.fitted_rows(user_id)
    return {"user_id": user_id, "store": stored, "model": {"interactions": fitted}}


def erase_customer(shop: RunningShop, user_id: str, who: str, now: int) -> dict[str, Any]:
    """Erase a customer from the store and from live lists, and say what is left to the next fit.

    Parameters
    ----------
    shop : RunningShop
    user_id : str
    who : str
        Who asked, for the records.
    now : int

    Returns
    -------
    receipt : dict
        ``exact``: parts that hold nothing of the customer any more; ``pending``: parts that still
        do, and what: the model's, and ``store files`` where deleted bytes are in the database's
        files yet; ``ends``: what makes each of them exact; ``until``: what makes the model's so.
    """
    served = shop.served
    fitted = 0 if served is None else len(served.shop.fitted_rows(user_id))
    receipt = erase_person(shop.store, user_id, now)
    detail = {"rows": sum(receipt.tables.values())}
    append(shop.store, who, "erase", user_id, detail, now, person=True)
    shop.catch_up(now)
    left = (*_of_files(shop.store, receipt), *(MODEL_PARTS if fitted else ()))
    return {
        "user_id": user_id,
        "exact": {"store": receipt.tables, "live history": "forgotten"},
        "pending": {part.name: part.holds.format(rows=fitted) for part in left},
        "ends": {part.name: part.ends for part in left},
        "until": NEXT_FIT if fitted else None,
        "erased_at_day": now // DAY_US,
    }


def _of_files(store: Store, receipt: Receipt) -> tuple[PendingPart, ...]:
    """What the database's files hold of rows that are deleted."""
    if not store.is_sqlite:
        return (
            PendingPart(
                STORE_FILES,
                "PostgreSQL keeps deleted bytes in its pages until the space is used again, and in "
                "its write-ahead log and archive until they are recycled",
                f"{CLEAN}, and the recycling of the write-ahead log and its archive",
            ),
        )
    if receipt.clean:
        return ()
    held = "another process was reading, so that deleted bytes may be in the file or its log yet"
    return (PendingPart(STORE_FILES, held, CLEAN),)
