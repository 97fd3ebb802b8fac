"""Hearing on many machines: the real Ray Serve where it is installed, and a clear word where it is not."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.asr.support import SENTENCES, utterance
from voicebot.asr import JobKind, Speech, build
from voicebot.asr.ray_serve import example, serve
from voicebot.errors import ConfigError
from voicebot.settings import Asr, Settings

HAS_RAY = importlib.util.find_spec("ray") is not None


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_the_command_says_what_to_install() -> None:
    """The extra is named, not an import error."""
    with pytest.raises(ConfigError, match=r"pip install -r requirements-scale\.txt"):
        serve(Settings(), "en", 8000, 1, 1, 0.0)


def test_the_example_names_the_whole_address() -> None:
    """What is printed at the start can be pasted into a shell."""
    assert example("http://gpu:8000/v1/").endswith("http://gpu:8000/v1/audio/transcriptions")


@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: pip install -r requirements-scale.txt")
def test_callers_are_heard_through_ray(tmp_path: Path) -> None:
    """The demo model is served, nine callers at once each get their own words, and the end is a clean one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "VOICEBOT_ASR_MODEL": "demo",
        "VOICEBOT_DATA_DIR": str(tmp_path),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
    }
    command = [sys.executable, "-m", "voicebot", "asr-serve", "--port", str(port)]
    with (tmp_path / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}/health", server)
        heard = asyncio.run(_hear(f"http://127.0.0.1:{port}/v1"))
    finally:
        server.send_signal(signal.SIGTERM)
        ended = server.wait(30)
    assert heard == list(SENTENCES.values())
    assert ended == 0


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until and server.poll() is None:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.5)
    raise AssertionError("the server did not start")


async def _hear(url: str) -> list[str]:
    recognizer = build(Settings(asr=Asr.RAY, asr_url=url, asr_timeout=30))
    try:
        speeches = [Speech(utterance(name), JobKind.FINAL) for name in SENTENCES]
        return [heard.text for heard in await asyncio.gather(*map(recognizer.recognize, speeches))]
    finally:
        await recognizer.aclose()
