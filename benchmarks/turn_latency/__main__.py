"""Command line of the turn latency benchmark."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.report import Goal, Verdict, command, machine, percentile, table
from benchmarks.turn_latency.bot import serving
from benchmarks.turn_latency.calls import Round, converse, hasty, polite
from benchmarks.turn_latency.script import QUICK_SCRIPT, SCRIPT
from voicebot import logs

AT_ONCE = (1, 2, 4)
FIXED_PAUSE = {"SHORT_PAUSE": "0.7", "MIN_PAUSE": "0.7", "MAX_PAUSE": "0.7"}

MEDIAN = Goal("p50 at the ear", "s", 0.70, 0.70)
SLOW = Goal("p95 at the ear", "s", 1.4, 1.4)
CUT = Goal("false cut-offs", "%", 5, 5)
PROMISE = "not promised yet: p50 <= 0.35 s, p95 <= 0.70 s; min_pause alone is 0.4 s"

ABOUT = """How long a caller waits: from the last voiced frame on the wire to the first sound of the reply.

Everything is real: `voicebot serve` in a process of its own with the demo recogniser, espeak-ng and silero, and
simulated jambonz callers with espeak-ng voices over a quiet telephone line, who go through ten things to say and
let the bot finish. The record of each call splits the wait by stage, and says how the turn was understood. The
recogniser was trained on these voices: what it understands here says nothing about people.

Compared in the same run: the same server with the pause fixed at 700 ms, as bots without a guess have it. A
whole run takes about fifteen minutes; `--calls 2` about seven. Exit status 1 when a goal is missed or
a call went wrong.
"""

EXPLAINED = """p50, p95, max: what the caller waits. Then medians of its parts: the pause before the guess is made;
the recogniser, queue included, and the engine time in it; the rest of the pause by the rules; from the end of the
turn to the first audio out; and outside: the voice detector's tail, the socket and the callers' 20 ms.
understood: one turn, with the intent it should have. cut: taken for several turns. no time: no reply, or the bot
was talking."""

STAGES = ("pause before guess", "recogniser", "of it decoding", "rest of the pause", "reply", "outside")
HEAD = ("server", "at once", "turns", "p50 s", "p95 s", "max s", *STAGES, "understood", "cut", "no time")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parse(arguments)
    logs.quiet()
    print("\n".join(machine()))
    print(f"command   {command('benchmarks.turn_latency')}\n", flush=True)
    if options.quick:
        rounds = {"as shipped": _run({}, (1,), 1, quick=True)}
    else:
        rounds = {
            "as shipped": _run({}, options.at_once, options.calls),
            "pause 0.7 s": _run(FIXED_PAUSE, options.at_once[:1], options.calls),
        }
    rows = [_row(name, one) for name, some in rounds.items() for one in some]
    print(f"{table(HEAD, rows)}\n\n{EXPLAINED}\n")
    every = [(name, one) for name, some in rounds.items() for one in some]
    for name, one in every:
        for turn in one.turns:
            if not turn.understood and not options.quick:
                wrong = ", ".join(str(entry.intent) for entry in turn.entries) or "nothing noted"
                print(f'misheard  {name}, {one.at_once}: "{turn.line.said}" as "{turn.heard}" ({wrong})')
        for problem in one.problems:
            print(f"problem   {name}, {one.at_once} at once: {problem}")
    if options.quick:
        return int(any(one.problems or not _latencies(one) for _, one in every))
    status = _judge(rounds)
    return 1 if any(one.problems for _, one in every) else status


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.turn_latency",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="one call with one turn: whether it all works")
    parser.add_argument("--calls", type=int, default=4, metavar="N", help="calls of each row, at least (4)")
    parser.add_argument(
        "--at-once", type=int, nargs="+", default=AT_ONCE, metavar="N", help=f"calls at the same time {AT_ONCE}"
    )
    return parser.parse_args(arguments)


def _run(settings: dict[str, str], at_once: Sequence[int], calls: int, quick: bool = False) -> list[Round]:
    lines = QUICK_SCRIPT if quick else SCRIPT
    steps = hasty(lines) if quick else polite(lines)
    with serving(settings) as bot:
        rounds = []
        for together in at_once:
            rounds.append(converse(bot, lines, steps, calls, together))
            print(f"{together} at once: {len(rounds[-1].turns)} turns", file=sys.stderr, flush=True)
    return rounds


def _latencies(one: Round) -> list[float]:
    return [turn.latency for turn in one.turns if turn.latency is not None]


def _row(name: str, one: Round) -> tuple[str, ...]:
    waits = _latencies(one)
    stages = [parts for turn in one.turns if (parts := turn.stages) is not None]
    return (
        name,
        str(one.at_once),
        str(len(one.turns)),
        *(f"{percentile(waits, percent):.2f}" for percent in (50, 95, 100)),
        *(f"{percentile([parts[stage] for parts in stages], 50):.2f}" for stage in STAGES),
        f"{sum(turn.understood for turn in one.turns)}",
        f"{sum(turn.cut for turn in one.turns)}",
        f"{len(one.turns) - len(waits)}",
    )


def _judge(rounds: dict[str, list[Round]]) -> int:
    shipped, fixed = rounds["as shipped"], rounds["pause 0.7 s"]
    one, other = _latencies(shipped[0]), _latencies(fixed[0])
    for percent in (50, 95):
        ratio = percentile(other, percent) / percentile(one, percent)
        print(f"ratio     p{percent} with the pause fixed at 700 ms: {ratio:.2f} x as shipped")
    turns = [turn for some in shipped for turn in some.turns]
    figures = (
        (MEDIAN, percentile(one, 50)),
        (SLOW, percentile(one, 95)),
        (CUT, 100 * sum(turn.cut for turn in turns) / max(1, len(turns))),
    )
    print("\n" + "\n".join(goal.line(value) for goal, value in figures))
    print(f"  {PROMISE}")
    return int(any(goal.judge(value) is Verdict.MISSED for goal, value in figures))


if __name__ == "__main__":
    sys.exit(main())
