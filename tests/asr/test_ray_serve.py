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
from typer.testing import CliRunner

from tests.asr.support import SENTENCES, utterance
from voicebot.asr import JobKind, Speech, build
from voicebot.asr.ray_serve import Replica, example, serve
from voicebot.cli import app
from voicebot.errors import ConfigError
from voicebot.settings import Asr, Settings

HAS_RAY = importlib.util.find_spec("ray") is not None


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_the_command_says_what_to_install() -> None:
    """The extra is named, not an import error."""
    with pytest.raises(ConfigError, match=r"pip install -r requirements-scale\.txt"):
        serve(Settings(), "en", "127.0.0.1", 8000, 1, 1, 0.0)


def test_a_server_for_others_wants_a_key() -> None:
    """Open to the network without one it does not start, and the setting is named."""
    with pytest.raises(ConfigError, match=r"--host 10\.0\.0\.5 .*VOICEBOT_ASR_API_KEY"):
        serve(Settings(), "en", "10.0.0.5", 8000, 1, 1, 0.0)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("10.0.0.5", "10.0.0.5"), ("0.0.0.0", "127.0.0.1")]
)
def test_the_example_names_the_whole_address(host: str, shown: str) -> None:
    """What is printed at the start can be pasted into a shell on that machine."""
    assert example(host, 8000, with_key=False).endswith(f" http://{shown}:8000/v1/audio/transcriptions")


def test_the_example_sends_the_key_and_does_not_show_it() -> None:
    """The shell fills it in."""
    assert '-H "Authorization: Bearer $VOICEBOT_ASR_API_KEY"' in example("127.0.0.1", 8000, with_key=True)


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_the_command_of_the_docs_gets_as_far_as_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of the inner network and a key are enough: no setting of the telephone side is asked for."""
    monkeypatch.setenv("VOICEBOT_ASR_API_KEY", "sk-secret")
    command = ["asr-serve", "--host", "10.0.0.5", "--replicas", "1", "--most", "4", "--gpus", "1"]
    outcome = CliRunner().invoke(app, command)
    assert "http://10.0.0.5:8000/v1/audio/transcriptions" in outcome.output
    assert isinstance(outcome.exception, ConfigError)
    assert "requirements-scale.txt" in str(outcome.exception)
    assert "sk-secret" not in outcome.output


def test_a_replica_that_hears_no_more_is_replaced(tmp_path: Path) -> None:
    """Its settings may be those of the processes that ask it: it hears itself, and tells Ray when it cannot."""
    settings = Settings(
        asr=Asr.RAY, asr_url="http://127.0.0.1:9/v1", asr_model="demo", asr_device="cpu", data_dir=tmp_path
    )

    async def live() -> None:
        replica = Replica(settings, "en")
        assert "demo model" in replica._recognizer.description
        await replica.check_health()
        await replica._recognizer.aclose()
        with pytest.raises(RuntimeError, match="does not hear"):
            await replica.check_health()

    asyncio.run(live())


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
