"""A second model beside the active one: when it was there, and what a shadow would have shown."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of second models."""
    op.create_table(
        "second_models",
        _whole("number"),
        _text("name", 64),
        _text("kind", 64),
        _text("version", 128),
        _text("path", 2000),
        _text("control", 128),
        sa.Column("share", sa.Double, nullable=False),
        _text("state", 64),
        _text("who", 256),
        _whole("timestamp"),
        _text("reason", 2000),
        sa.PrimaryKeyConstraint("number", name="pk_second_models"),
    )
    op.create_table(
        "shadow_items",
        _text("request_id", 256),
        _whole("rank"),
        _text("user_id", 256, nullable=True),
        _text("item_id", 256),
        _whole("timestamp"),
        _text("model", 128),
        sa.PrimaryKeyConstraint("request_id", "rank", name="pk_shadow_items"),
    )
    for column in ("user_id", "timestamp", "model"):
        op.create_index(f"ix_shadow_items_{column}", "shadow_items", [column])


def _text(name: str, characters: int, *, nullable: bool = False) -> Any:
    return sa.Column(name, sa.String(characters), nullable=nullable)


def _whole(name: str) -> Any:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)
