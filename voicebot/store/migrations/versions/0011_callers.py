"""Who calls, as the CRMs told it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table; what is known of a caller goes with the call."""
    op.create_table(
        "callers",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_callers"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name="fk_callers_call_id", ondelete="CASCADE"),
    )
