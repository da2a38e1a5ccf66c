"""The tables, their bounds, and which of them hold what persons did.

A person is a customer of the shop. Names of staff are in ``accounts`` and wherever ``who`` says
who did something; they are no customers and are not erased with one.
"""

from typing import Final

import sqlalchemy as sa

ID_CHARACTERS: Final = 256
KIND_CHARACTERS: Final = 64
NAME_CHARACTERS: Final = 128
NOTE_CHARACTERS: Final = 2_000
TEXT_CHARACTERS: Final = 100_000
JSON_CHARACTERS: Final = 400_000
DIGEST_CHARACTERS: Final = 64

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


def _text(name: str, characters: int, *, key: bool = False, index: bool = False) -> sa.Column[str]:
    """A text that may be empty."""
    return sa.Column(name, sa.String(characters), primary_key=key, index=index, nullable=False)


def _name(
    name: str, characters: int = ID_CHARACTERS, *, key: bool = False, index: bool = False
) -> sa.Column[str]:
    """A text that may not be empty."""
    column = _text(name, characters, key=key, index=index)
    column.info["filled"] = True
    return column


def _optional(name: str, characters: int, *, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(characters), index=index)


def _optional_user() -> sa.Column[str]:
    """Absent where nobody is named; never an empty text."""
    column = _optional("user_id", ID_CHARACTERS, index=True)
    column.info["filled"] = True
    return column


def _whole(name: str, *, key: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(
        name, sa.BigInteger, primary_key=key, index=index, nullable=False, autoincrement=False
    )


def _number(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _moment(name: str) -> sa.Column[int]:
    """A whole number that may be absent, such as a time in microseconds since 1970 UTC."""
    return sa.Column(name, sa.BigInteger)


counter = sa.Table("counter", metadata, _whole("id", key=True), _whole("number"))
facts = sa.Table(
    "facts", metadata, _name("name", KIND_CHARACTERS, key=True), _name("value", ID_CHARACTERS)
)
events = sa.Table(
    "events",
    metadata,
    _name("event_id", key=True),
    _name("user_id", index=True),
    _name("item_id"),
    _name("event", KIND_CHARACTERS),
    _whole("timestamp", index=True),
    _number("weight"),
    _number("price"),
    _number("quantity"),
    _optional("basket_id", ID_CHARACTERS),
    _optional("request_id", ID_CHARACTERS),
    _flag("session"),
    _name("digest", DIGEST_CHARACTERS),
    _whole("number", index=True),
    _whole("received"),
)
items = sa.Table(
    "items",
    metadata,
    _name("item_id", key=True),
    _text("attributes", JSON_CHARACTERS),
    _whole("number", index=True),
    _whole("updated"),
)
choices = sa.Table(
    "choices",
    metadata,
    _name("user_id", key=True),
    _name("kind", KIND_CHARACTERS, key=True),
    _text("subject", ID_CHARACTERS, key=True),
    _flag("active"),
    _whole("timestamp"),
    _whole("number", index=True),
)
merges = sa.Table(
    "merges",
    metadata,
    _name("session_id", key=True),
    _name("user_id", index=True),
    _whole("timestamp"),
    _whole("number", index=True),
)
suppressions = sa.Table(
    "suppressions",
    metadata,
    _name("digest", DIGEST_CHARACTERS, key=True),
    _whole("timestamp"),
    _whole("number", index=True),
)
reviews = sa.Table(
    "reviews",
    metadata,
    _name("review_id", key=True),
    _optional_user(),
    _name("item_id", index=True),
    _number("rating"),
    _optional("title", NOTE_CHARACTERS),
    _optional("text", TEXT_CHARACTERS),
    _whole("timestamp"),
    _name("digest", DIGEST_CHARACTERS),
    _whole("received"),
)
exposures = sa.Table(
    "exposures",
    metadata,
    _name("request_id", key=True),
    _whole("rank", key=True),
    _optional_user(),
    _name("item_id"),
    _whole("timestamp", index=True),
    _number("logging_propensity"),
    _name("policy", NAME_CHARACTERS),
    _name("model", NAME_CHARACTERS),
    _name("rung", KIND_CHARACTERS),
    _optional("arm", KIND_CHARACTERS),
    sa.Index(None, "item_id", "timestamp"),
)
dial_settings = sa.Table(
    "dial_settings",
    metadata,
    _whole("number", key=True),
    _name("who"),
    _whole("timestamp"),
    _whole("strength_index"),
    _name("method", KIND_CHARACTERS),
    _number("budget", nullable=False),
    _text("note", NOTE_CHARACTERS),
    _name("model", NAME_CHARACTERS),
)
models = sa.Table(
    "models",
    metadata,
    _name("version", NAME_CHARACTERS, key=True),
    _name("path", NOTE_CHARACTERS),
    _name("fingerprint", NAME_CHARACTERS),
    _name("status", KIND_CHARACTERS),
    _whole("registered"),
    _text("metrics", JSON_CHARACTERS),
)
model_history = sa.Table(
    "model_history",
    metadata,
    _whole("number", key=True),
    sa.Column(
        "version", sa.String(NAME_CHARACTERS), sa.ForeignKey("models.version"), nullable=False
    ),
    _name("action", KIND_CHARACTERS),
    _name("who"),
    _whole("timestamp"),
)
api_keys = sa.Table(
    "api_keys",
    metadata,
    _name("key_id", KIND_CHARACTERS, key=True),
    sa.Column("digest", sa.String(DIGEST_CHARACTERS), unique=True, nullable=False),
    _text("scopes", NOTE_CHARACTERS),
    _text("label", NAME_CHARACTERS),
    _whole("created"),
    _moment("expires"),
    _moment("revoked"),
)
accounts = sa.Table(
    "accounts",
    metadata,
    _name("name", key=True),
    _name("password_hash", NOTE_CHARACTERS),
    _name("role", KIND_CHARACTERS),
    _name("language", KIND_CHARACTERS),
    _flag("active"),
    _whole("created"),
)
console_sessions = sa.Table(
    "console_sessions",
    metadata,
    _name("digest", DIGEST_CHARACTERS, key=True),
    sa.Column(
        "account",
        sa.String(ID_CHARACTERS),
        sa.ForeignKey("accounts.name", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    _whole("created"),
    _whole("expires"),
)
buckets = sa.Table(
    "buckets",
    metadata,
    _name("bucket", key=True),
    _number("tokens", nullable=False),
    _whole("updated"),
)
jobs = sa.Table(
    "jobs",
    metadata,
    _name("job_id", KIND_CHARACTERS, key=True),
    _name("kind", KIND_CHARACTERS),
    _text("arguments", JSON_CHARACTERS),
    _name("state", KIND_CHARACTERS, index=True),
    _number("progress", nullable=False),
    _text("message", NOTE_CHARACTERS),
    _optional("artefact", NOTE_CHARACTERS),
    _whole("created"),
    _moment("started"),
    _moment("ended"),
    _moment("pid"),
    _moment("heartbeat"),
)
audit_entries = sa.Table(
    "audit_entries",
    metadata,
    _whole("number", key=True),
    _whole("timestamp"),
    _name("who"),
    _name("action", KIND_CHARACTERS),
    _text("subject", ID_CHARACTERS),
    _text("detail", JSON_CHARACTERS),
    _name("digest", DIGEST_CHARACTERS),
)

second_models = sa.Table(
    "second_models",
    metadata,
    _whole("number", key=True),
    _name("name", KIND_CHARACTERS),
    _name("kind", KIND_CHARACTERS),
    _name("version", NAME_CHARACTERS),
    _name("path", NOTE_CHARACTERS),
    _name("control", NAME_CHARACTERS),
    _number("share", nullable=False),
    _name("state", KIND_CHARACTERS),
    _name("who"),
    _whole("timestamp"),
    _text("reason", NOTE_CHARACTERS),
)
shadow_items = sa.Table(
    "shadow_items",
    metadata,
    _name("request_id", key=True),
    _whole("rank", key=True),
    _optional_user(),
    _name("item_id"),
    _whole("timestamp", index=True),
    _name("model", NAME_CHARACTERS, index=True),
)
warm_ups = sa.Table(
    "warm_ups",
    metadata,
    _name("warm_up_id", KIND_CHARACTERS, key=True),
    _text("note", NOTE_CHARACTERS),
    _name("who"),
    _whole("starts"),
    _whole("ends"),
    _whole("impressions"),
    _whole("per_request"),
    _whole("min_per_item"),
    _moment("max_per_item"),
    _moment("max_per_user"),
    _number("benchmark", nullable=False),
    _number("floor", nullable=False),
    _number("level", nullable=False),
    _whole("outcome_us"),
    _whole("spent"),
    _name("state", KIND_CHARACTERS, index=True),
    _text("reason", KIND_CHARACTERS),
    _moment("ended"),
    _text("ended_by", ID_CHARACTERS),
)
warm_up_items = sa.Table(
    "warm_up_items",
    metadata,
    _name("warm_up_id", KIND_CHARACTERS, key=True),
    _name("item_id", key=True),
    _whole("spent"),
    _whole("outcomes"),
    _name("state", KIND_CHARACTERS),
    _moment("decided"),
)
warm_up_impressions = sa.Table(
    "warm_up_impressions",
    metadata,
    _name("request_id", key=True),
    _whole("rank", key=True),
    _name("warm_up_id", KIND_CHARACTERS, index=True),
    _optional_user(),
    _name("item_id"),
    _whole("timestamp", index=True),
    _number("logging_propensity", nullable=False),
    _optional("outcome", KIND_CHARACTERS),
    _moment("outcome_at"),
)
warm_up_offers = sa.Table(
    "warm_up_offers",
    metadata,
    _name("warm_up_id", KIND_CHARACTERS, key=True),
    _whole("bucket", key=True),
    _whole("level", key=True),
    _whole("offers"),
)

PERSONAL: Final[dict[str, str]] = {
    "events": "user_id",
    "choices": "user_id",
    "merges": "user_id",
    "reviews": "user_id",
    "exposures": "user_id",
    "shadow_items": "user_id",
    "warm_up_impressions": "user_id",
}
"""Table -> the column that names the person whose row it is: what is exported and erased."""

IMPERSONAL: Final[frozenset[str]] = frozenset(
    {
        "accounts",
        "api_keys",
        "audit_entries",
        "buckets",
        "console_sessions",
        "counter",
        "dial_settings",
        "facts",
        "items",
        "jobs",
        "model_history",
        "models",
        "second_models",
        "suppressions",
        "warm_up_items",
        "warm_up_offers",
        "warm_ups",
    }
)
"""Tables that never name a customer; at most a keyed hash stands there."""
