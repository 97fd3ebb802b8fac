"""Command line of the kill benchmark."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.delivery_kill.storm import LOST_EVERY, Outcome, Plan, storm
from benchmarks.report import command, machine

ABOUT = f"""Whether each call that ended left exactly one note at the CRM.

Real web, media and worker processes meet in a real Redis; simulated callers ring without a pause, one in five
asks for a person. Processes are killed (SIGKILL) at random moments and started again. The CRM, a HubSpot that
follows the documented one, loses every {LOST_EVERY}th answer after the write and is down for a stretch.
Needs redis-server. About five minutes; exit status 1 when a note is missing or written twice.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Let it blow and print what was left; the exit status."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.delivery_kill",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--outage", type=float, default=20.0, help="seconds for which the CRM is down")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    plan = Plan(options.calls, options.kills, outage=options.outage, seed=options.seed)
    print("\n".join(machine()))
    print(f"command   {command('benchmarks.delivery_kill')}\n")
    with tempfile.TemporaryDirectory(prefix="delivery-kill-") as folder:
        outcome = asyncio.run(storm(Path(folder), plan, print))
    print(page(outcome))
    return 0 if outcome.sound else 1


def page(outcome: Outcome) -> str:
    """The counts, one a line."""
    kills = ", ".join(f"{kind} {times}" for kind, times in sorted(outcome.kills.items()))
    lines = [
        ("calls made", outcome.calls),
        ("times nobody answered the first webhook, and the caller rang again", outcome.refused),
        ("of which never reached a media process", outcome.unheard),
        ("calls that ended with us", outcome.recorded),
        (f"kills ({kills})", outcome.kills.total()),
        ("answers the CRM lost", outcome.lost),
        ("delivery attempts", outcome.attempts),
        ("calls with exactly one note", outcome.notes[1]),
        ("calls without a note", outcome.missing),
        ("calls with two notes or more", outcome.doubled),
        ("notes about no such call", outcome.strays),
    ]
    told = "every call that ended left exactly one note" if outcome.sound else "NOTES ARE MISSING OR DOUBLED"
    return "\n".join(
        ["", *(f"{count:6}  {name}" for name, count in lines), "", f"{told}; {outcome.seconds:.0f} s"]
    )


if __name__ == "__main__":
    sys.exit(main())
