"""A measured server in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from voicebot.settings import PREFIX

START_SECONDS = 90.0
STOP_SECONDS = 10.0


@contextmanager
def serving(
    name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path, base: str
) -> Iterator[None]:
    """`command` run in `folder`, from when `/readyz` at `base` answers 200 until it is told to end.

    environment: beside what is inherited, of which no `VOICEBOT_*` setting is. Raises RuntimeError with the end of
    what it wrote when it does not get ready, or died on the way.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env=inherited | dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        if not _ready(process, f"{base}/readyz"):
            raise RuntimeError(f"{name} did not get ready; it said:\n{log.read_text()[-2000:]}")
        yield
        if process.poll() is not None:
            raise RuntimeError(f"{name} died (status {process.returncode}):\n{log.read_text()[-2000:]}")
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _ready(process: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return True
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    return False
