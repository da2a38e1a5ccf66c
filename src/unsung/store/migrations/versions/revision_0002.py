"""Warm-up budgets: what was started, for which items, what was shown and what came of it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of warm-up budgets."""
    op.create_table(
        "warm_ups",
        _text("warm_up_id", 64),
        _text("note", 2000),
        _text("who", 256),
        *map(_whole, ("starts", "ends", "impressions", "per_request", "min_per_item")),
        _whole("max_per_item", nullable=True),
        _whole("max_per_user", nullable=True),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("benchmark", "floor", "level")),
        _whole("outcome_us"),
        _whole("spent"),
        _text("state", 64),
        _text("reason", 64),
        _whole("ended", nullable=True),
        _text("ended_by", 256),
        _key("warm_ups", "warm_up_id"),
    )
    op.create_index("ix_warm_ups_state", "warm_ups", ["state"])
    op.create_table(
        "warm_up_items",
        _text("warm_up_id", 64),
        _text("item_id", 256),
        _whole("spent"),
        _whole("outcomes"),
        _text("state", 64),
        _whole("decided", nullable=True),
        _key("warm_up_items", "warm_up_id", "item_id"),
    )
    op.create_table(
        "warm_up_impressions",
        _text("request_id", 256),
        _whole("rank"),
        _text("warm_up_id", 64),
        _text("user_id", 256, nullable=True),
        _text("item_id", 256),
        _whole("timestamp"),
        sa.Column("logging_propensity", sa.Double, nullable=False),
        _text("outcome", 64, nullable=True),
        _whole("outcome_at", nullable=True),
        _key("warm_up_impressions", "request_id", "rank"),
    )
    for column in ("warm_up_id", "user_id", "timestamp"):
        op.create_index(f"ix_warm_up_impressions_{column}", "warm_up_impressions", [column])
    op.create_table(
        "warm_up_offers",
        _text("warm_up_id", 64),
        *map(_whole, ("bucket", "level", "offers")),
        _key("warm_up_offers", "warm_up_id", "bucket", "level"),
    )


def _key(table: str, *columns: str) -> Any:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _text(name: str, characters: int, *, nullable: bool = False) -> Any:
    return sa.Column(name, sa.String(characters), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> Any:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)
