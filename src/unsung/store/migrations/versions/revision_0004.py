"""What an item was shown can be read without reading what all items were shown."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Index the exposures by item and time."""
    op.create_index("ix_exposures_item_id", "exposures", ["item_id", "timestamp"])
