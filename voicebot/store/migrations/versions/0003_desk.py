"""The people who may sign in, their open desks, and what they write about calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables of the desk."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "users",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("targets", sa.JSON, nullable=False),
        sa.Column("created_at", at, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "desk_tokens",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("expires_at", at, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_desk_tokens"),
        sa.ForeignKeyConstraint(["agent"], ["users.name"], name="fk_desk_tokens_agent", ondelete="CASCADE"),
    )
    op.create_table(
        "desk_presence",
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("seen_at", at, nullable=False),
        sa.PrimaryKeyConstraint("agent", "node", name="pk_desk_presence"),
        sa.ForeignKeyConstraint(["agent"], ["users.name"], name="fk_desk_presence_agent", ondelete="CASCADE"),
    )
    op.create_table(
        "wrap_ups",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("disposition", sa.String(32)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("begun_at", at, nullable=False),
        sa.Column("saved_at", at, nullable=False),
        sa.Column("hold_until", at, nullable=False),
        sa.Column("finished_at", at),
        sa.PrimaryKeyConstraint("id", name="pk_wrap_ups"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name="fk_wrap_ups_call_id", ondelete="CASCADE"),
        sa.UniqueConstraint("call_id", "agent", name="uq_wrap_ups_call_id_agent"),
    )
    op.create_index("ix_wrap_ups_finished_at", "wrap_ups", ["finished_at"])
