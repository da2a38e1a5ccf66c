"""What the running service must not lose: events, items, choices, exposures, models, jobs."""

from unsung.store.changes import Changes, changes_after
from unsung.store.choices import Choice, choices_of_user, set_choice
from unsung.store.counter import change_number
from unsung.store.database import Store, open_store
from unsung.store.dial import DialSetting, apply_dial, current_dial, dial_history, undo_dial
from unsung.store.events import Appended, Event, append_events, events_of_user
from unsung.store.exposures import Exposure, append_exposures, exposures_of_request
from unsung.store.items import Item, items, put_items, set_stock
from unsung.store.persons import person_digest
from unsung.store.reviews import Review, put_reviews, reviews_of_item
from unsung.store.sessions import Merge, merge_session

__all__ = [
    "Appended",
    "Changes",
    "Choice",
    "DialSetting",
    "Event",
    "Exposure",
    "Item",
    "Merge",
    "Review",
    "Store",
    "append_events",
    "append_exposures",
    "apply_dial",
    "change_number",
    "changes_after",
    "choices_of_user",
    "current_dial",
    "dial_history",
    "events_of_user",
    "exposures_of_request",
    "items",
    "merge_session",
    "open_store",
    "person_digest",
    "put_items",
    "put_reviews",
    "reviews_of_item",
    "set_choice",
    "set_stock",
    "undo_dial",
]
