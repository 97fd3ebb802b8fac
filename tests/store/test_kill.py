"""A process that is killed loses nothing it had acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.store.support import url
from voicebot.call.record import Disposition
from voicebot.store import CallState, Records

FINISH_FOR_EVER = """
import itertools, sys
from tests.store.support import ended, said, start
from voicebot.store import Records

records = Records.open(sys.argv[1])
for number in itertools.count():
    call_id = f"call-{sys.argv[2]}-{number}"
    start(records, call_id, node=sys.argv[2])
    records.add(call_id, said(0, "where is my order", "order_status"))
    records.finish(call_id, ended(), ["hubspot", "webhook"])
    print(call_id, flush=True)
"""


def test_sigkill_loses_no_finished_call(tmp_path: Path) -> None:
    """Killed several times at any moment: every acknowledged call has its notes, the one under way is whole.

    Whole means live with no notes, or ended with both; `recover` then ends those that were live.
    """
    acknowledged: list[str] = []
    for run in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", FINISH_FOR_EVER, url(tmp_path), f"media-{run}"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        for _ in range(10 + 7 * run):
            acknowledged.append(process.stdout.readline().strip())
        process.kill()
        acknowledged += process.stdout.read().split()
        process.stdout.close()
        process.wait()

    assert len(acknowledged) >= 10 + 17 + 24
    records = Records.open(url(tmp_path))
    kept = {row.call_id: row for row in records.calls(limit=100_000)}
    owed: dict[str, list[str]] = {}
    for delivery in reversed(records.outbox.deliveries(limit=100_000)):
        owed.setdefault(delivery.call_id, []).append(delivery.target)
    for call_id in acknowledged:
        assert kept[call_id].state is CallState.ENDED
    for call_id, row in kept.items():
        assert owed.get(call_id, []) == ([] if row.state is CallState.LIVE else ["hubspot", "webhook"])

    live = [call_id for call_id, row in kept.items() if row.state is CallState.LIVE]
    recovered = [
        call_id for run in range(3) for call_id in records.recover(f"media-{run}", 3600, ["hubspot", "webhook"])
    ]
    assert sorted(recovered) == sorted(live)
    for call_id in kept:
        view = records.call(call_id)
        assert view is not None
        assert view.row.state is CallState.ENDED
        assert [delivery.target for delivery in view.deliveries] == ["hubspot", "webhook"]
        if call_id in live:
            assert view.row.disposition is Disposition.ABANDONED
    records.close()
