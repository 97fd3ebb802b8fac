"""What settings are called in the environment."""

from __future__ import annotations

PREFIX = "VOICEBOT_"
ELSEWHERE = frozenset(
    f"{PREFIX}{name}"
    for name in ("ENV_FILE", "VENV", "HEALTH_PORT", "TEST_CACHE", "TEST_PICTURES", "TEST_WORKERS")
)
"""Names of ours that are read by scripts, the container's health check, or before there are settings."""
