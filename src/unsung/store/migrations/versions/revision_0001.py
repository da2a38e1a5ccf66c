"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first version."""
    _base()
    _events()
    _persons()
    _records()
    _models()
    _operation()
    _staff()


def _base() -> None:
    op.create_table(
        "counter",
        _whole("id"),
        _whole("number"),
        _key("counter", "id"),
    )
    op.create_table(
        "facts",
        _text("name", 64),
        _text("value", 256),
        _key("facts", "name"),
    )
    op.create_table(
        "items",
        _text("item_id", 256),
        _text("attributes", 400000),
        _whole("number"),
        _whole("updated"),
        _key("items", "item_id"),
    )
    _index("items", "number")


def _events() -> None:
    op.create_table(
        "events",
        _text("event_id", 256),
        _text("user_id", 256),
        _text("item_id", 256),
        _text("event", 64),
        _whole("timestamp"),
        _double("weight", nullable=True),
        _double("price", nullable=True),
        _double("quantity", nullable=True),
        _text("basket_id", 256, nullable=True),
        _text("request_id", 256, nullable=True),
        _flag("session"),
        _text("digest", 64),
        _whole("number"),
        _whole("received"),
        _key("events", "event_id"),
    )
    _index("events", "user_id")
    _index("events", "timestamp")
    _index("events", "number")
    op.create_table(
        "choices",
        _text("user_id", 256),
        _text("kind", 64),
        _text("subject", 256),
        _flag("active"),
        _whole("timestamp"),
        _whole("number"),
        _key("choices", "user_id", "kind", "subject"),
    )
    _index("choices", "number")


def _persons() -> None:
    op.create_table(
        "merges",
        _text("session_id", 256),
        _text("user_id", 256),
        _whole("timestamp"),
        _whole("number"),
        _key("merges", "session_id"),
    )
    _index("merges", "user_id")
    _index("merges", "number")
    op.create_table(
        "suppressions",
        _text("digest", 64),
        _whole("timestamp"),
        _whole("number"),
        _key("suppressions", "digest"),
    )
    _index("suppressions", "number")


def _records() -> None:
    op.create_table(
        "reviews",
        _text("review_id", 256),
        _text("user_id", 256, nullable=True),
        _text("item_id", 256),
        _double("rating", nullable=True),
        _text("title", 2000, nullable=True),
        _text("text", 100000, nullable=True),
        _whole("timestamp"),
        _text("digest", 64),
        _whole("received"),
        _key("reviews", "review_id"),
    )
    _index("reviews", "user_id")
    _index("reviews", "item_id")
    op.create_table(
        "exposures",
        _text("request_id", 256),
        _whole("rank"),
        _text("user_id", 256, nullable=True),
        _text("item_id", 256),
        _whole("timestamp"),
        _double("logging_propensity", nullable=True),
        _text("policy", 128),
        _text("model", 128),
        _text("rung", 64),
        _text("arm", 64, nullable=True),
        _key("exposures", "request_id", "rank"),
    )
    _index("exposures", "user_id")
    _index("exposures", "timestamp")


def _models() -> None:
    op.create_table(
        "dial_settings",
        _whole("number"),
        _text("who", 256),
        _whole("timestamp"),
        _whole("strength_index"),
        _text("method", 64),
        _double("budget"),
        _text("note", 2000),
        _text("model", 128),
        _key("dial_settings", "number"),
    )
    op.create_table(
        "models",
        _text("version", 128),
        _text("path", 2000),
        _text("fingerprint", 128),
        _text("status", 64),
        _whole("registered"),
        _text("metrics", 400000),
        _key("models", "version"),
    )
    op.create_table(
        "model_history",
        _whole("number"),
        _text("version", 128),
        _text("action", 64),
        _text("who", 256),
        _whole("timestamp"),
        _key("model_history", "number"),
        sa.ForeignKeyConstraint(["version"], ["models.version"], name="fk_model_history_version"),
    )


def _operation() -> None:
    op.create_table(
        "buckets",
        _text("bucket", 256),
        _double("tokens"),
        _whole("updated"),
        _key("buckets", "bucket"),
    )
    op.create_table(
        "jobs",
        _text("job_id", 64),
        _text("kind", 64),
        _text("arguments", 400000),
        _text("state", 64),
        _double("progress"),
        _text("message", 2000),
        _text("artefact", 2000, nullable=True),
        _whole("created"),
        _whole("started", nullable=True),
        _whole("ended", nullable=True),
        _whole("pid", nullable=True),
        _whole("heartbeat", nullable=True),
        _key("jobs", "job_id"),
    )
    _index("jobs", "state")


def _staff() -> None:
    op.create_table(
        "api_keys",
        _text("key_id", 64),
        _text("digest", 64),
        _text("scopes", 2000),
        _text("label", 128),
        _whole("created"),
        _whole("expires", nullable=True),
        _whole("revoked", nullable=True),
        _key("api_keys", "key_id"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_table(
        "accounts",
        _text("name", 256),
        _text("password_hash", 2000),
        _text("role", 64),
        _text("language", 64),
        _flag("active"),
        _whole("created"),
        _key("accounts", "name"),
    )
    op.create_table(
        "console_sessions",
        _text("digest", 64),
        _text("account", 256),
        _whole("created"),
        _whole("expires"),
        _key("console_sessions", "digest"),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.name"], name="fk_console_sessions_account", ondelete="CASCADE"
        ),
    )
    _index("console_sessions", "account")
    op.create_table(
        "audit_entries",
        _whole("number"),
        _whole("timestamp"),
        _text("who", 256),
        _text("action", 64),
        _text("subject", 256),
        _text("detail", 400000),
        _text("digest", 64),
        _key("audit_entries", "number"),
    )


def _index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column])


def _key(table: str, *columns: str) -> Any:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _text(name: str, characters: int, *, nullable: bool = False) -> Any:
    return sa.Column(name, sa.String(characters), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> Any:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _double(name: str, *, nullable: bool = False) -> Any:
    return sa.Column(name, sa.Double, nullable=nullable)


def _flag(name: str) -> Any:
    return sa.Column(name, sa.Boolean, nullable=False)
