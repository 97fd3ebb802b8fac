"""Deliveries of wrap-ups that came after the call's note was delivered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Tell the deliveries of one call to one CRM apart."""
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("wrap_up", sa.Integer, nullable=False, server_default="0"))
        table.drop_constraint("uq_deliveries_call_id_target", type_="unique")
        table.create_unique_constraint("uq_deliveries_call_id_target_wrap_up", ["call_id", "target", "wrap_up"])
    with op.batch_alter_table("deliveries") as table:
        table.alter_column("wrap_up", server_default=None)
