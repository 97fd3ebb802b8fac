"""How a process ends."""

from __future__ import annotations

import subprocess
import sys

_DEAF_WITH_A_HUNG_THREAD = """
import asyncio, os, threading
from voicebot import ending
from voicebot.settings import Settings

async def media():
    deaf = asyncio.Event()
    asyncio.get_running_loop().call_soon(deaf.set)
    await ending.until_told(deaf=deaf)

# Not a daemon: an orderly end would wait for it.
threading.Thread(target=threading.Event().wait).start()
asyncio.run(media())
ending.end_deaf(Settings())
"""


def test_a_deaf_process_ends_though_its_model_hangs() -> None:
    """It says why and leaves status 1 behind, for what watches over it."""
    ended = subprocess.run(
        [sys.executable, "-c", _DEAF_WITH_A_HUNG_THREAD], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert "nothing could be heard for 120 s" in ended.stderr
