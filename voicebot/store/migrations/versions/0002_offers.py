"""The offers of calls to people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table of offers."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("targets", sa.JSON, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("agent", sa.Text),
        sa.Column("target", sa.Text),
        sa.Column("offered_at", at, nullable=False),
        sa.Column("settled_at", at),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name="fk_offers_call_id", ondelete="CASCADE"),
        sa.UniqueConstraint("call_id", "attempt", name="uq_offers_call_id_attempt"),
    )
    op.create_index("ix_offers_state_offered_at", "offers", ["state", "offered_at"])
