"""The measured server: `voicebot serve` in a process of its own, on free ports, with its data in a new folder."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import process
from voicebot.settings import PREFIX
from voicebot.store.records import Records
from voicebot.store.views import CallState, CallView
from voicebot.testing.call_command import Server

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
        http, audio = process.free_ports(2)
        own = {
            "HTTP_PORT": str(http),
            "WS_PORT": str(audio),
            "DATA_DIR": str(folder / "data"),
            "ASR_MODEL": "demo",
            "ASR_DEVICE": "cpu",
            "LOG_FORMAT": "json",
            **settings,
        }
        base = f"http://127.0.0.1:{http}"
        command = [sys.executable, "-m", "voicebot", "serve"]
        environment = {PREFIX + key: value for key, value in own.items()}
        with process.serving("the server", command, environment, folder, base):
            yield Bot(Server(base), f"sqlite:///{folder / 'data' / 'voicebot.db'}")
