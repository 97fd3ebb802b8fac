"""Where records and sessions are kept."""

from __future__ import annotations

from pydantic import BaseModel, Field


class StorageSettings(BaseModel):
    """The database, the sessions, and the name under which a process owns its calls."""

    database_url: str = Field(
        "", description="SQLAlchemy URL of the call records; SQLite in the data folder if unset."
    )
    redis_url: str = Field("", description="Redis for sessions shared by several processes; memory if unset.")
    session_ttl: int = Field(14400, ge=60, description="Seconds a session lives without news.")
    context_ttl: int = Field(900, ge=30, description="Seconds an agent context id is valid.")
    node_name: str = Field("", description="Name of this media process; host name and port if unset.")
