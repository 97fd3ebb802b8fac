"""What people who sign in may do."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What a person may do.

    AGENT: the desk, and the calls offered to them. SUPERVISOR: the queue and all calls. OPS: the pages under /ops.
    """

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    OPS = "ops"
