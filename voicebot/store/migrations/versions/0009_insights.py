"""What a language model made of a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table; an insight goes with its call."""
    op.create_table(
        "insights",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("turns", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_insights"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name="fk_insights_call_id", ondelete="CASCADE"),
    )
