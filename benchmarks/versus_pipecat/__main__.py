"""Command line of the comparison with pipecat."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.report import Goal, Verdict, command, machine, percentile, table
from benchmarks.versus_pipecat import servers
from benchmarks.versus_pipecat.callers import Waits, converse
from benchmarks.versus_pipecat.script import QUICK_ROUNDS, ROUNDS, WARM_UP, Round
from benchmarks.versus_pipecat.strategy import Strategy
from voicebot import logs
from voicebot.errors import ConfigError
from voicebot.testing.call_command import Server

OURS = "voicebot"
AT_ONCE = tuple(one.together for one in ROUNDS)
TWICE = Goal("", "x", 2.0, 2.0, at_least=True)

ABOUT = f"""How long a caller waits, with voicebot and with pipecat, on this machine, one after the other.

The same simulated callers talk to both over the same simulated jambonz: same lines, voices, line noise. Both have
the same faster-whisper model (the demo model, {servers.COMPUTE}), the same dialog rules and the same espeak-ng
voice. voicebot runs with its defaults. pipecat runs the pipeline its own template writes for telephony: Whisper
service, Silero VAD, and once with Smart Turn, its default, once with the plain timeout; jambonz sends it 16 kHz,
and its speech model is loaded once for all calls, which it would not do by itself. Measured at the socket: from
the last voiced frame of the caller sent to the first audible frame of the reply received. A call to warm up is not
counted. A whole run takes about eight minutes; exit status 1 when voicebot is not twice as fast at the median and
at the 95th percentile with every number of calls.

{servers.HOW}
"""

EXPLAINED = """p50, p95, max: seconds from end of speech to reply. talked into: lines the bot spoke into before
they were over, as at the pause inside of two lines in twelve. no reply: lines without a reply within ten seconds.
Neither is in the percentiles."""

HEAD = ("server", "calls", "lines", "p50 s", "p95 s", "max s", "talked into", "no reply")
RATIO_HEAD = ("against", "calls", "p50", "p95")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parse(arguments)
    logs.quiet()
    rounds = QUICK_ROUNDS if options.quick else [one for one in ROUNDS if one.together in options.at_once]
    started: dict[str, Callable[[], AbstractContextManager[Server]]] = {OURS: servers.voicebot}
    software = ""
    if not options.ours:
        try:
            versions = servers.installed(options.pipecat_python)
        except ConfigError as error:
            print(error, file=sys.stderr)
            return 2
        software = ", ".join(f"{name} {version}" for name, version in versions.items())
        for strategy in Strategy:
            started[f"pipecat, {strategy}"] = _starter(options.pipecat_python, strategy)
    print("\n".join(machine()))
    if software:
        print(f"pipecat   {software}")
    print(f"command   {command('benchmarks.versus_pipecat')}\n", flush=True)
    measured = {name: _measure(name, start, rounds) for name, start in started.items()}
    rows = [row(name, waits) for name, all_waits in measured.items() for waits in all_waits]
    print(f"{table(HEAD, rows)}\n\n{EXPLAINED}")
    problems = [
        f"{name}: {each}" for name, all_waits in measured.items() for w in all_waits for each in w.problems
    ]
    print("\n".join(f"problem   {problem}" for problem in problems))
    if options.quick:
        return int(bool(problems) or any(not w.seconds for all_waits in measured.values() for w in all_waits))
    ratios = [
        ratio for name, others in measured.items() if name != OURS for ratio in compared(name, measured, others)
    ]
    if not ratios:
        return int(bool(problems))
    print(f"{table(RATIO_HEAD, [ratio_row(ratio) for ratio in ratios])}\n")
    met = all(TWICE.judge(value) is Verdict.MET for ratio in ratios for value in ratio[2:])
    print(f"at least {TWICE.goal:g} x as fast everywhere: {'met' if met else 'MISSED'}")
    return int(bool(problems) or not met)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.versus_pipecat",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--pipecat-python", type=Path, default=Path(sys.executable), metavar="PATH", help="python with pipecat"
    )
    parser.add_argument(
        "--at-once",
        type=int,
        nargs="+",
        choices=AT_ONCE,
        default=AT_ONCE,
        help=f"calls at the same time {AT_ONCE}",
    )
    parser.add_argument("--ours", action="store_true", help="voicebot alone")
    parser.add_argument("--quick", action="store_true", help="one short call to each: whether it all works")
    return parser.parse_args(arguments)


def _starter(python: Path, strategy: Strategy) -> Callable[[], AbstractContextManager[Server]]:
    return lambda: servers.pipecat(python, strategy)


def _measure(
    name: str, start: Callable[[], AbstractContextManager[Server]], rounds: Sequence[Round]
) -> list[Waits]:
    measured = []
    with start() as server:
        converse(server, WARM_UP)
        for one in rounds:
            began = time.monotonic()
            measured.append(converse(server, one))
            print(f"{name}, {one.together} calls: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return measured


def row(name: str, waits: Waits) -> tuple[str, ...]:
    """One server with one number of calls."""
    return (
        name,
        str(waits.together),
        str(waits.asked),
        *(f"{percentile(waits.seconds, percent):.2f}" for percent in (50, 95, 100)),
        str(waits.over),
        str(waits.unanswered),
    )


Ratio = tuple[str, int, float, float]
"""Against whom, with how many calls, and how much longer its callers wait: median, 95th percentile."""


def compared(name: str, measured: dict[str, list[Waits]], others: Sequence[Waits]) -> list[Ratio]:
    """How much longer the callers of `name` wait, by number of calls."""
    ours = {waits.together: waits for waits in measured[OURS]}
    return [
        (
            name,
            waits.together,
            percentile(waits.seconds, 50) / percentile(ours[waits.together].seconds, 50),
            percentile(waits.seconds, 95) / percentile(ours[waits.together].seconds, 95),
        )
        for waits in others
    ]


def ratio_row(ratio: Ratio) -> tuple[str, ...]:
    """A ratio in words."""
    name, together, median, slow = ratio
    return name, str(together), f"{median:.2f} x", f"{slow:.2f} x"


if __name__ == "__main__":
    sys.exit(main())
