"""The server under test: webhooks, pages and their pushes in one process, and calls in which something happens.

Run as `python -m benchmarks.live_pages.stand FOLDER PAGES HAPPENINGS`; prints `ready HTTP-PORT WS-PORT` when it
can be asked, and how late its loop was, as JSON, when its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
import time
from collections import deque
from pathlib import Path

from websockets.asyncio.server import serve

from benchmarks.report import percentile
from voicebot import logs
from voicebot.call.record import Disposition, EndEntry, Speaker, TurnEntry
from voicebot.roles import Role
from voicebot.runtime.socket import GatewayConnection
from voicebot.settings import Settings
from voicebot.store import MemorySessions, Node, Records
from voicebot.store.offers import Offer, OfferState
from voicebot.testing.dialog import EchoDialog
from voicebot.web.app import create_app
from voicebot.web.desk.live import LivePages
from voicebot.web.desk.sockets import PATH
from voicebot.web.health import Readiness
from voicebot.web.listener import listen

WAITING, TAKEN = 5, 20
"""Calls that wait at any time, shown at every desk, and calls that agents have taken."""

BEAT = 0.02


def main(folder: Path, pages: int, happenings: float) -> None:
    """Serve until standard input ends. happenings: turns a second, over all calls."""
    logs.quiet()
    settings = Settings(_env_file=None, data_dir=folder, http_port=0, ws_port=0)
    sessions = MemorySessions(3600, 3600)
    records = Records.open(settings.database)
    _people(records, pages)
    _calls(records, pages)
    app = create_app(settings, EchoDialog(), sessions, records, lambda: Readiness(ok=True))
    server = listen(app, "127.0.0.1", 0)
    threading.Thread(target=server.run, daemon=True).start()
    asyncio.run(_serve(sessions, records, int(server.effective_port), happenings))


async def _serve(sessions: MemorySessions, records: Records, http_port: int, happenings: float) -> None:
    live = LivePages(sessions, records, "bench", 60.0)
    late: list[float] = []
    over = threading.Event()
    async with serve(live.serve, "127.0.0.1", 0, compression=None, create_connection=GatewayConnection) as sockets:
        tasks = [asyncio.create_task(each) for each in (live.run(), _beat(late), _announce(sessions))]
        threading.Thread(target=_happen, args=(records, happenings, over), daemon=True).start()
        print(f"ready {http_port} {next(iter(sockets.sockets)).getsockname()[1]}{PATH}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        over.set()
        for task in tasks:
            task.cancel()
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"late_p99": percentile(late, 99), "cpu": used.ru_utime + used.ru_stime, "beats": len(late)}
    print(json.dumps(told), flush=True)


async def _beat(late: list[float]) -> None:
    """How much later than every 20 ms the loop comes round: what calls in the same process would feel."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += BEAT
        await asyncio.sleep(due - loop.time())
        late.append(loop.time() - due)
        due = max(due, loop.time() - BEAT)


async def _announce(sessions: MemorySessions) -> None:
    while True:
        sessions.announce(Node("bench", "ws://127.0.0.1:1", 0, 1000, ready=True))
        await asyncio.sleep(1)


def _people(records: Records, pages: int) -> None:
    made = records.users.add("agent-0", "correct horse battery", [Role.AGENT])
    with records.engine.begin() as db:
        for number in range(1, pages):
            # The same hash for all: hashing two hundred passwords would take longer than the benchmark.
            db.exec_driver_sql(
                "INSERT INTO users (name, password_hash, roles, targets, phone, created_at) "
                "SELECT ?, password_hash, roles, targets, phone, created_at FROM users WHERE name = ?",
                (f"agent-{number}", made.name),
            )


def _calls(records: Records, pages: int) -> None:
    for number in range(TAKEN):
        offer = _offered(records, f"taken-{number}", "Refund.")
        agent = f"agent-{number % pages}"
        records.offers.claim(offer.id, agent)
        records.wrap_ups.begin(offer.call_id, agent, 3600.0)


def _offered(records: Records, call_id: str, summary: str) -> Offer:
    """A call of six turns that the bot has handed over."""
    records.start(call_id, "+15551230000", "+15550000000", "jambonz", "shop", "bench")
    for turn in range(6):
        said = f"this is turn {turn} of a call that has a few words in every turn"
        records.add(call_id, TurnEntry(turn, Speaker(("caller", "bot")[turn % 2]), said, turn, turn + 0.5))
    end = EndEntry(9.0, Disposition.TRANSFERRED, "requested", "order_status", 0.9, {"order": "1234"}, summary)
    records.finish(call_id, end, ())
    return records.offers.offer(call_id, ["desk"], "people", "requested")


def _happen(records: Records, happenings: float, over: threading.Event) -> None:
    """Turns and summaries whose words are the time at which they were kept."""
    number = 0
    waiting: deque[Offer] = deque()
    while not over.wait(1 / happenings):
        said = f"at {time.time():.4f} s"
        if number % round(happenings) == 0:
            waiting.append(_offered(records, f"waits-{number}", said))
            if len(waiting) > WAITING:
                records.offers.settle(waiting.popleft().id, OfferState.ABANDONED)
        else:
            turn = TurnEntry(10 + number, Speaker.CALLER, said, 10.0 + number, 11.0 + number)
            records.add(f"taken-{number % TAKEN}", turn)
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
