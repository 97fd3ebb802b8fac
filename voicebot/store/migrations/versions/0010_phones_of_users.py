"""The telephones of the people who sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nobody's telephone is known yet."""
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("phone", sa.Text, nullable=False, server_default=""))
    with op.batch_alter_table("users") as table:
        table.alter_column("phone", server_default=None)
