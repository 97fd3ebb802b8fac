"""The measured server: `voicebot serve` in a process of its own, on free ports, with its data in a new folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from voicebot.settings import PREFIX
from voicebot.store.records import Records
from voicebot.store.views import CallState, CallView
from voicebot.testing.call_command import Server

START_SECONDS = 60.0
RECORD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Bot:
    """A server that takes calls. database: SQLAlchemy URL of its records."""

    server: Server
    database: str

    def record(self, call_id: str) -> CallView:
        """What the server kept of a call that is over. Raises RuntimeError when it keeps nothing."""
        records = Records.open(self.database)
        try:
            until = time.monotonic() + RECORD_SECONDS
            while time.monotonic() < until:
                view = records.call(call_id)
                if view is not None and view.row.state is CallState.ENDED:
                    return view
                time.sleep(0.1)
        finally:
            records.close()
        raise RuntimeError(f"the server has no finished record of call {call_id}")


@contextmanager
def serving(settings: Mapping[str, str]) -> Iterator[Bot]:
    """A server with these `VOICEBOT_*` settings and nothing else from the environment, ready for calls."""
    with tempfile.TemporaryDirectory(prefix="turn-latency-") as name:
        folder = Path(name)
        http, audio = _free_ports()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        own = {
            "HTTP_PORT": str(http),
            "WS_PORT": str(audio),
            "DATA_DIR": str(folder / "data"),
            "ASR_MODEL": "demo",
            "ASR_DEVICE": "cpu",
            "LOG_FORMAT": "json",
            **settings,
        }
        environment = inherited | {PREFIX + key: value for key, value in own.items()}
        log = folder / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "voicebot", "serve"],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            base = f"http://127.0.0.1:{http}"
            _wait(process, f"{base}/readyz", log)
            yield Bot(Server(base), f"sqlite:///{folder / 'data' / 'voicebot.db'}")
            if process.poll() is not None:
                raise RuntimeError(f"the server died (status {process.returncode}):\n{log.read_text()[-2000:]}")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the server did not get ready; it said:\n{log.read_text()[-2000:]}")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])
