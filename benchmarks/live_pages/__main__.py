"""Command line of the live pages benchmark."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.live_pages.measure import Figures, measure
from benchmarks.report import Goal, Verdict, command, machine, table

ABOUT = """What open pages cost the webhooks, and how soon they show what happens.

One process serves webhooks, pages and pushes, as `voicebot serve` does, on SQLite. Fifty times a second `/voice`
is asked, while nine turns a second are written into twenty calls that agents have taken, and every second a new
call is offered to all desks, at which five wait. First without a page, then with 200. Takes a minute. Exit
status 1 when a floor is missed.
"""

EXPLAINED = """voice: from when the request was due to its whole answer. shown: from a turn being written to a page
having it; changes are looked for every 0.4 s. late: how late a 20 ms beat on the server's loop came, which calls
in the same process would feel. pushes: messages the pages got. CPU: of the whole server, in cores."""

HEAD = (
    "pages", "voice p50 ms", "p99", "max", "shown p50 ms", "p99", "late p99 ms", "pushes", "CPU cores",
)  # fmt: skip

VOICE = Goal("/voice p99 with the pages open", "ms", 50, 50)
SHOWN = Goal("a turn is on the page, p99", "ms", 1000, 2000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parse(arguments)
    print("\n".join(machine()))
    print(f"command   {command('benchmarks.live_pages')}\n")
    with tempfile.TemporaryDirectory() as folder:
        results = [
            asyncio.run(measure(Path(folder) / f"pages-{pages}", pages, options.rate, options.seconds, 10.0))
            for pages in (0, options.pages)
        ]
    print(table(HEAD, [_row(each) for each in results]))
    print(f"\n{EXPLAINED}\n")
    alone, beside = results
    print(f"  /voice p99 beside {beside.pages} pages is {beside.voice_p99 / alone.voice_p99:.2f} × that without\n")
    figures = ((VOICE, 1000 * beside.voice_p99), (SHOWN, 1000 * beside.shown_p99))
    for goal, value in figures:
        print(goal.line(value))
    return int(any(goal.judge(value) is Verdict.MISSED for goal, value in figures))


def _row(figures: Figures) -> tuple[str, ...]:
    seconds = (figures.voice_p50, figures.voice_p99, figures.voice_most, figures.shown_p50, figures.shown_p99)
    return (
        str(figures.pages),
        *(f"{1000 * each:.1f}" for each in (*seconds, figures.late_p99)),
        str(figures.pushes),
        f"{figures.cpu:.2f}",
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.live_pages",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pages", type=int, default=200, help="open pages (200)")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second (50)")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of asking for each row (20)")
    parser.add_argument("--quick", action="store_true", help="5 pages for 2 seconds: does it work?")
    options = parser.parse_args(arguments)
    if options.quick:
        options.pages, options.seconds = 5, 2.0
    return options


if __name__ == "__main__":
    raise SystemExit(main())
