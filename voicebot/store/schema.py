"""The tables. A change here needs a migration in `migrations/versions`; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

LARGEST_INTEGER = 2**31 - 1
"""What an `Integer` column holds; a larger number in a request names nothing, and is no error of the database."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class Utc(TypeDecorator[datetime]):
    """Aware datetimes in UTC. SQLite keeps no zone: it is taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone does not say when")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text from outside, less what cannot be stored: NUL (on PostgreSQL) and lone surrogates."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


# `streams` counts the audio streams of a call (a caller who comes back after a transfer opens another).
# `over`: the gateway said that the call has ended.
# `presumed`: the end was reckoned by somebody other than the bot's own process, which may yet tell better.
calls = Table(
    "calls",
    metadata,
    Column("call_id", Words, primary_key=True),
    Column("caller", Words, nullable=False),
    Column("called", Words, nullable=False),
    Column("gateway", Words, nullable=False),
    Column("dialog", Words, nullable=False),
    Column("node", Words, nullable=False),
    Column("state", String(16), nullable=False),
    Column("streams", Integer, nullable=False),
    Column("over", Boolean, nullable=False),
    Column("presumed", Boolean, nullable=False),
    Column("started_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("disposition", String(16)),
    Column("reason", Words, nullable=False),
    Column("intent", Words),
    Column("confidence", Float, nullable=False),
    Column("summary", Words, nullable=False),
    Column("slots", JSON, nullable=False),
    Index(None, "started_at"),
    Index(None, "state", "node"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("speaker", String(16), nullable=False),
    Column("text", Words, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float, nullable=False),
    Column("interrupted", Boolean, nullable=False),
    Column("keys", Words, nullable=False),
    Column("intent", Words),
    Column("confidence", Float),
    Column("slots", JSON, nullable=False),
    Column("rejected", Words, nullable=False),
    Column("timings", JSON, nullable=False),
    Column("reason", String(16)),
)

troubles = Table(
    "troubles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("part", Words, nullable=False),
    Column("error", Words, nullable=False),
)

# `n` counts the attempts of a call from 1; `stream` is the audio stream after which the attempt was made.
transfers = Table(
    "transfers",
    metadata,
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("stream", Integer, nullable=False),
    Column("target", Words, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("sip_status", Integer),
    Column("at", Utc, nullable=False),
)

# `attempt` counts the offers of a call from 1; `targets` were all asked, `target` is the one that took it;
# `agent` is the desk user who claimed it.
offers = Table(
    "offers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("targets", JSON, nullable=False),
    Column("rule", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("state", String(16), nullable=False),
    Column("agent", Words),
    Column("target", Words),
    Column("offered_at", Utc, nullable=False),
    Column("settled_at", Utc),
    UniqueConstraint("call_id", "attempt"),
    Index(None, "state", "offered_at"),
)

# `wrap_up` is 0 for the note about the call, or the id of a wrap-up that came too late for it.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False),
    Column("target", Words, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("owner", Words),
    Column("leased_until", Utc),
    Column("last_error", Words, nullable=False),
    Column("external_id", Words, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("ambiguous", Boolean, nullable=False),
    Column("wrap_up", Integer, nullable=False),
    UniqueConstraint("call_id", "target", "wrap_up"),
    Index(None, "state", "due_at"),
)

# `turns`: how many the call had when the model was asked.
insights = Table(
    "insights",
    metadata,
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True),
    Column("turns", Integer, nullable=False),
    Column("document", JSON, nullable=False),
)

# A CRM without a row is well. `failures` counts those in a row.
crm_targets = Table(
    "crm_targets",
    metadata,
    Column("name", Words, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", Words, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc, nullable=False),
)

# `renewing_until`, `renewed_by`: whose turn it is to renew the tokens.
oauth_tokens = Table(
    "oauth_tokens",
    metadata,
    Column("account", Words, primary_key=True),
    Column("sealed", Words, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("renewing_until", Utc),
    Column("renewed_by", Words, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("name", Words, primary_key=True),
    Column("seen_at", Utc, nullable=False),
)

# The people who may sign in, by their lower-case name; `phone` is what their telephone shows as the caller.
users = Table(
    "users",
    metadata,
    Column("name", Words, primary_key=True),
    Column("password_hash", Words, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("targets", JSON, nullable=False),
    Column("phone", Words, nullable=False),
    Column("created_at", Utc, nullable=False),
)

# What opens a desk's live connection, once; only the token's SHA-256 is kept.
desk_tokens = Table(
    "desk_tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("agent", ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("expires_at", Utc, nullable=False),
)

# Which desks are open at which media process.
desk_presence = Table(
    "desk_presence",
    metadata,
    Column("agent", ForeignKey("users.name", ondelete="CASCADE"), primary_key=True),
    Column("node", Words, primary_key=True),
    Column("seen_at", Utc, nullable=False),
)

# What agents wrote about calls they took. `version` counts what was saved; the call's notes for CRMs wait until
# `finished_at` is set or `hold_until` has passed. An agent who was removed keeps their name here.
wrap_ups = Table(
    "wrap_ups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False),
    Column("agent", Words, nullable=False),
    Column("notes", Words, nullable=False),
    Column("disposition", String(32)),
    Column("version", Integer, nullable=False),
    Column("begun_at", Utc, nullable=False),
    Column("saved_at", Utc, nullable=False),
    Column("hold_until", Utc, nullable=False),
    Column("finished_at", Utc),
    UniqueConstraint("call_id", "agent"),
    Index(None, "finished_at"),
)

# Recordings on the disk; `path` is below the data folder.
recordings = Table(
    "recordings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("path", Words, nullable=False, unique=True),
    Column("seconds", Float, nullable=False),
    Column("made_at", Utc, nullable=False, index=True),
)

# Who calls, as the CRMs told it when they were asked, once.
callers = Table(
    "callers",
    metadata,
    Column("call_id", ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("asked_at", Utc, nullable=False),
)
