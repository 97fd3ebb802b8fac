"""OAuth tokens of CRM accounts, encrypted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "oauth_tokens",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("expires_at", at, nullable=False),
        sa.Column("renewing_until", at),
        sa.Column("renewed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_oauth_tokens"),
    )
