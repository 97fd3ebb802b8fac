"""`python -m voicebot.healthcheck`: exit status 0 when this container's server is alive."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request


def alive(port: int) -> bool:
    """Whether `/healthz` on this machine's `port` answers 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if alive(int(os.environ.get("VOICEBOT_HEALTH_PORT", "3000"))) else 1)
