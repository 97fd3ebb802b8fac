"""Opens pages, rings the webhook, and takes the times."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.report import percentile
from voicebot.store import Records

SAID = re.compile(r"at ([0-9]+\.[0-9]{4}) s")


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, but for `pages`, `pushes` (messages received) and `cpu` (share of a core the server took).

    voice: answers of `/voice`. shown: from a turn being kept to a page having it. late: of the server's beat.
    """

    pages: int
    voice_p50: float
    voice_p99: float
    voice_most: float
    shown_p50: float
    shown_p99: float
    late_p99: float
    pushes: int
    cpu: float


async def measure(folder: Path, pages: int, rate: float, seconds: float, happenings: float) -> Figures:
    """`/voice` at `rate` a second for `seconds`, while `pages` desks are open and something happens in calls."""
    stand = await asyncio.to_thread(_start, folder, pages, happenings)
    assert stand.stdin is not None
    assert stand.stdout is not None
    try:
        ready = (await asyncio.to_thread(stand.stdout.readline)).split()
        assert ready[:1] == ["ready"], "the server did not start"
        shown: list[float] = []
        async with contextlib.AsyncExitStack() as open_pages:
            records = await asyncio.to_thread(Records.open, f"sqlite:///{folder / 'voicebot.db'}")
            open_pages.callback(records.close)
            counts = [0]
            openings: list[asyncio.Event] = []
            for number in range(pages):
                token = await asyncio.to_thread(records.desk.issue_token, f"agent-{number}")
                page = await open_pages.enter_async_context(_page(f"ws://127.0.0.1:{ready[2]}", token))
                openings.append(asyncio.Event())
                reading = asyncio.create_task(_read(page, shown, counts, openings[-1]))
                open_pages.callback(reading.cancel)
            async with asyncio.timeout(60):
                for opened in openings:
                    await opened.wait()
            await asyncio.sleep(1.0)
            shown.clear()
            counts[0] = 0
            began = time.monotonic()
            voice = await asyncio.to_thread(_ring, int(ready[1]), rate, seconds)
            took = time.monotonic() - began
        told = json.loads((await asyncio.to_thread(stand.communicate, ""))[0])
    finally:
        stand.kill()
        stand.wait()
    return Figures(
        pages=pages,
        voice_p50=percentile(voice, 50),
        voice_p99=percentile(voice, 99),
        voice_most=max(voice),
        shown_p50=percentile(shown, 50),
        shown_p99=percentile(shown, 99),
        late_p99=told["late_p99"],
        pushes=counts[0],
        cpu=told["cpu"] / (took + 3.0),
    )


def _start(folder: Path, pages: int, happenings: float) -> subprocess.Popen[str]:
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.live_pages.stand", str(folder), str(max(pages, 1)), str(happenings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextlib.asynccontextmanager
async def _page(url: str, token: str) -> AsyncIterator[ClientConnection]:
    async with connect(url, compression=None, max_size=None) as page:
        await page.send(json.dumps({"token": token, "view": "desk"}))
        yield page


async def _read(page: ClientConnection, shown: list[float], counts: list[int], opened: asyncio.Event) -> None:
    """Note how old the newest turn of each push is; pushes that bring no newer one say nothing about time."""
    newest = 0.0
    async for message in page:
        now = time.time()
        opened.set()
        counts[0] += 1
        latest = max((float(found) for found in SAID.findall(str(message))), default=0.0)
        if latest > newest:
            newest = latest
            shown.append(now - latest)


def _ring(port: int, rate: float, seconds: float) -> list[float]:
    """Post `/voice` steadily; seconds each answer took, from when it was due, so that a late sender counts too."""
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    began = time.monotonic()
    for number in range(round(rate * seconds)):
        due = began + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        body = {
            "call_sid": str(uuid4()),
            "direction": "inbound",
            "from": "+15551230001",
            "to": "+15559870002",
            "call_status": "trying",
        }
        connection.request("POST", "/voice", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        assert b'"verb"' in answer.read()
        took.append(time.monotonic() - due)
    connection.close()
    return took
