"""Why each turn of a caller was over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the reason; turns noted before have none."""
    op.add_column("turns", sa.Column("reason", sa.String(16)))
