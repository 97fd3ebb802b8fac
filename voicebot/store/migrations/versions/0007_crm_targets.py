"""CRMs that are left alone for a while, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table; a CRM without a row is well."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "crm_targets",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", at, nullable=False),
        sa.Column("until", at, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_crm_targets"),
    )
