"""Names and dtypes of the columns that a shop's files are read into, written once."""

from typing import Final

USER_ID: Final = "user_id"
ITEM_ID: Final = "item_id"
TIMESTAMP: Final = "timestamp"
POSITION: Final = "position"
EVENT: Final = "event"
WEIGHT: Final = "weight"
PRICE: Final = "price"
QUANTITY: Final = "quantity"
BASKET_ID: Final = "basket_id"
TITLE: Final = "title"
DESCRIPTION: Final = "description"
CATEGORY: Final = "category"
BRAND: Final = "brand"
IMAGE: Final = "image"
SELLER_ID: Final = "seller_id"
CREATED_AT: Final = "created_at"
IN_STOCK: Final = "in_stock"
RATING: Final = "rating"
TEXT: Final = "text"
PROFILING_CONSENT: Final = "profiling_consent"
REQUEST_ID: Final = "request_id"
RANK: Final = "rank"
LOGGING_PROPENSITY: Final = "logging_propensity"
POLICY: Final = "policy"
ARM: Final = "arm"
SOURCE_FILE: Final = "source_file"
SOURCE_ROW: Final = "source_row"
REASON: Final = "reason"

# Column -> kind. Kinds: id (text, required to be non-empty where required), text, number,
# time, whole (integer), flag. REQUIRED below says which may not be absent.
INTERACTION_COLUMNS: Final[dict[str, str]] = {
    USER_ID: "id",
    ITEM_ID: "id",
    TIMESTAMP: "time",
    POSITION: "whole",
    EVENT: "text",
    WEIGHT: "number",
    RATING: "number",
    PRICE: "number",
    QUANTITY: "number",
    BASKET_ID: "text",
    # An item's title in the order lines, where a shop has no catalogue file.
    TITLE: "text",
}
ITEM_COLUMNS: Final[dict[str, str]] = {
    ITEM_ID: "id",
    TITLE: "text",
    DESCRIPTION: "text",
    CATEGORY: "text",
    BRAND: "text",
    PRICE: "number",
    IMAGE: "text",
    SELLER_ID: "text",
    CREATED_AT: "time",
    IN_STOCK: "flag",
}
REVIEW_COLUMNS: Final[dict[str, str]] = {
    USER_ID: "id",
    ITEM_ID: "id",
    TIMESTAMP: "time",
    RATING: "number",
    TITLE: "text",
    TEXT: "text",
}
REVIEW_DTYPES: Final[dict[str, str]] = {
    "user_index": "int32",
    "item_index": "int32",
    TIMESTAMP: "int64",
    RATING: "float64",
    TITLE: "str",
    TEXT: "str",
}
"""Columns of reviews once their ids are numbers, and the pandas type of each."""
USER_COLUMNS: Final[dict[str, str]] = {USER_ID: "id", PROFILING_CONSENT: "flag"}
EXPOSURE_COLUMNS: Final[dict[str, str]] = {
    REQUEST_ID: "text",
    USER_ID: "id",
    ITEM_ID: "id",
    RANK: "whole",
    TIMESTAMP: "time",
    LOGGING_PROPENSITY: "number",
    POLICY: "text",
}
TABLES: Final[dict[str, dict[str, str]]] = {
    "items": ITEM_COLUMNS,
    "interactions": INTERACTION_COLUMNS,
    "reviews": REVIEW_COLUMNS,
    "users": USER_COLUMNS,
    "exposures": EXPOSURE_COLUMNS,
}
ASSIGNMENT_COLUMNS: Final[dict[str, str]] = {USER_ID: "id", ARM: "text", TIMESTAMP: "time"}
COLUMNS: Final[dict[str, dict[str, str]]] = {**TABLES, "assignments": ASSIGNMENT_COLUMNS}
"""Columns of the shop's tables, and of those that are read beside it."""
REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "items": (ITEM_ID,),
    # and TIMESTAMP or POSITION
    "interactions": (USER_ID, ITEM_ID),
    "reviews": (ITEM_ID,),
    "users": (USER_ID,),
    "exposures": (ITEM_ID,),
    "assignments": (USER_ID, ARM),
}

# Event kind -> default weight. A user-item pair counts as an interaction when the weights of its
# events add up to more than 0 (a return at -1 therefore takes a purchase back; by default it is
# only counted).
DEFAULT_EVENT_WEIGHTS: Final[dict[str, float]] = {
    "purchase": 1.0,
    "rating": 1.0,
    "review": 1.0,
    "like": 0.5,
    "cart": 0.3,
    "click": 0.1,
    "view": 0.1,
    "return": 0.0,
    "dislike": 0.0,
}
# The first of these kinds that a shop has is what it wants more of: the target of evaluation and
# the event that makes a user a "buyer" of an item.
TARGET_EVENTS: Final = ("purchase", "rating", "review")

DAY_US: Final = 86_400_000_000
"""Microseconds in a day; every timestamp is int64 microseconds since 1970-01-01 UTC."""

EMPTY: Final = -1
"""Marks a slot of a list that no item was left for."""
