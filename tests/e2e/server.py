"""Real voicebot processes: started, waited for, killed, and started again on the same data."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import requests

from voicebot.testing.hubspot import TOKEN

SECRET = "e2e-webhook-secret"
PASSWORD = "e2e-agent-password"
START_SECONDS = 90.0
"""A deadline, not an expectation: five seconds are usual, and other tests may have the processor."""
POLL_SECONDS = 0.05

_T = TypeVar("_T")


def free_ports(count: int) -> list[int]:
    """Ports on loopback nobody uses."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in held]
    finally:
        for each in held:
            each.close()


async def eventually(ask: Callable[[], _T | None], seconds: float, what: str) -> _T:
    """The first answer of `ask` that is neither None nor false, asked in a thread; fails after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        if answer := await asyncio.to_thread(ask):
            return answer
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(POLL_SECONDS)


class Process:
    """A process whose output goes to a file."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self._log = log
        self._from = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "voicebot", *arguments],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        with self._log.open("rb") as file:
            file.seek(self._from)
            return file.read().decode(errors="replace")

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._popen.poll()

    def kill(self) -> None:
        """SIGKILL: gone at once, as in a crash."""
        self._popen.kill()
        self._popen.wait()

    def terminate(self) -> None:
        """SIGTERM: asked to end in order."""
        self._popen.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """Its exit status; kills it and fails when it is not there within `seconds`."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {seconds:g} s\n{self.output}") from None


class Installation:
    """A data folder, two ports and settings under which processes run; a context manager that ends them all.

    settings: `VOICEBOT_*` by name without the prefix, in lower case; "" leaves one out.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        http, ws = free_ports(2)
        self.folder = folder
        self.http = f"http://127.0.0.1:{http}"
        self.audio = f"ws://127.0.0.1:{ws}"
        self.data = folder / "data"
        self._settings = {
            "data_dir": str(self.data),
            "http_port": str(http),
            "ws_port": str(ws),
            "asr_model": "demo",
            "jambonz_webhook_secret": SECRET,
            "agent_password": PASSWORD,
            **settings,
        }
        self._processes: list[Process] = []

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            if process.status is None:
                process.kill()

    @property
    def output(self) -> str:
        """What all processes printed, from the first to the last."""
        return "\n".join(f"--- {log.stem}\n{log.read_text(errors='replace')}" for log in self.folder.glob("*.log"))

    def environment(self, **settings: str) -> dict[str, str]:
        """What its processes get to see: nothing of the settings of whoever runs the tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
        chosen = {**self._settings, **settings}
        return kept | {f"VOICEBOT_{name.upper()}": value for name, value in chosen.items() if value}

    def start(self, *arguments: str, **settings: str) -> Process:
        """Start `voicebot` with `arguments`, by default `serve`."""
        arguments = arguments or ("serve",)
        log = self.folder / f"{arguments[0]}.log"
        process = Process(list(arguments), self.environment(**settings), self.folder, log)
        self._processes.append(process)
        return process

    @contextlib.asynccontextmanager
    async def running(self, *arguments: str, **settings: str) -> AsyncIterator[Process]:
        """As `start`, ready for calls inside and killed at the end."""
        process = self.start(*arguments, **settings)
        try:
            await self.ready(process)
            yield process
        finally:
            process.kill()

    async def ready(self, *processes: Process) -> None:
        """Returns when calls are taken; fails when one of `processes` ends or it takes too long."""

        def asked() -> bool:
            for process in processes:
                assert process.status is None, f"ended with status {process.status}\n{process.output}"
            return self.readiness()[0] == 200

        await eventually(asked, START_SECONDS, "ready for calls")

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Status and body of `/readyz`; status 0 while nobody listens."""
        try:
            answer = _get(f"{self.http}/readyz")
        except requests.RequestException:
            return 0, {}
        return answer.status_code, answer.json()

    def page(self, identity: str, password: str = PASSWORD) -> requests.Response:
        """The agent's page of a call, as JSON. identity: a call id or an agent context id."""
        headers = {"Accept": "application/json"}
        return _get(f"{self.http}/agent/calls/{identity}", headers=headers, auth=("agent", password))

    async def record(self, call_id: str, seconds: float = 60.0, delivered: bool = False) -> dict[str, Any]:
        """The record of a call that is over; with `delivered`, when its note is written too."""

        def asked() -> dict[str, Any] | None:
            answer = self.page(call_id)
            if answer.status_code != 200 or answer.json()["live"]:
                return None
            body: dict[str, Any] = answer.json()
            return body if not delivered or all(each["state"] == "done" for each in body["deliveries"]) else None

        return await eventually(asked, seconds, f"the record of call {call_id} is complete")

    def time_passes(self, seconds: float) -> None:
        """Make everything timed in the database `seconds` older, as if nobody had done anything for so long."""
        database = sqlite3.connect(self.data / "voicebot.db", timeout=10)
        try:
            with database:
                for table, key, column in (
                    ("deliveries", "id", "leased_until"),
                    ("deliveries", "id", "due_at"),
                    ("crm_targets", "name", "until"),
                    ("nodes", "name", "seen_at"),
                ):
                    for identity, moment in database.execute(f"SELECT {key}, {column} FROM {table}").fetchall():
                        if moment is not None:
                            aged = datetime.fromisoformat(moment) - timedelta(seconds=seconds)
                            written = aged.strftime("%Y-%m-%d %H:%M:%S.%f")
                            database.execute(
                                f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (written, identity)
                            )
        finally:
            database.close()


def hubspot_settings(url: str) -> dict[str, str]:
    """The settings that name a HubSpot at `url`; nobody there counts requests."""
    return {"crm": "hubspot", "hubspot_base_url": url, "hubspot_token": TOKEN, "hubspot_rate": "10000"}


def _get(url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        # Proxies and .netrc of this machine are none of the tests' business.
        session.trust_env = False
        return session.get(url, timeout=10, **options)
