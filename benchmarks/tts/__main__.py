"""Command line of the voice benchmark."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Goal, Verdict, command, machine, percentile, table
from benchmarks.tts.measure import Measured, at_hand, measure
from voicebot import logs
from voicebot.settings import Voice, load
from voicebot.tts.build import Speaker

KNOWN = Goal("known reply, p50", "ms", 5, 5)
KNOWN_DISK = Goal("known reply from disk, p50", "ms", 5, 5)
NEW = Goal("new sentence with espeak-ng, p50", "ms", 150, 150)
STOP = Goal("stop of espeak-ng, p50", "ms", 20, 20)

ABOUT = """How long a caller waits for the voice's first audio, engine by engine, through the cache as in a call:
a sentence nobody said before, the same again out of memory, and in a fresh cache out of its files. The real-time
factor is work divided by sound for new sentences, 0.1 being ten times faster than speech. Engines that are not
installed are named and left out. Exit status 1 when a goal is missed."""

HEAD = ("engine", "new p50 ms", "p95 ms", "memory p50 ms", "disk p50 ms", "new/memory", "stop p50 ms", "real time")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parse(arguments)
    logs.quiet()
    print("\n".join(machine()))
    print(f"command   {command('benchmarks.tts')}\n", flush=True)
    speakers, missing = at_hand(load(), options.engine)
    results = asyncio.run(_all(speakers, options.rounds))
    print(table(HEAD, [_row(result) for result in results]))
    print(f"\nmedians of {options.rounds} rounds of five sentences; real time: work / sound")
    for line in missing:
        print(f"left out  {line}")
    print()
    return _judge(results)


async def _all(speakers: Sequence[Speaker], rounds: int) -> list[Measured]:
    results = []
    for speaker in speakers:
        with tempfile.TemporaryDirectory() as folder:
            results.append(await measure(speaker, Path(folder), rounds))
        await speaker.aclose()
    return results


def _row(result: Measured) -> tuple[str, ...]:
    new, memory, disk, stop = (_ms(values) for values in (result.new, result.memory, result.disk, result.stop))
    return (
        result.engine,
        f"{new:.1f}",
        f"{1000 * percentile(result.new, 95):.1f}",
        f"{memory:.2f}",
        f"{disk:.2f}",
        f"{new / memory:.0f}x",
        f"{stop:.2f}",
        f"{result.made / result.audio:.4f}",
    )


def _judge(results: Sequence[Measured]) -> int:
    espeak = [result for result in results if result.engine.startswith("espeak-ng")]
    judged = [(KNOWN, max((_ms(r.memory) for r in results), default=float("nan")))]
    judged.append((KNOWN_DISK, max((_ms(r.disk) for r in results), default=float("nan"))))
    judged += [(NEW, _ms(result.new)) for result in espeak] + [(STOP, _ms(result.stop)) for result in espeak]
    for goal, value in judged:
        print(goal.line(value))
    return int(any(goal.judge(value) is Verdict.MISSED for goal, value in judged))


def _ms(values: Sequence[float]) -> float:
    return 1000 * percentile(values, 50)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks.tts", description=ABOUT)
    parser.add_argument("--rounds", type=int, default=10, help="times five sentences (10)")
    parser.add_argument(
        "--engine",
        type=Voice,
        action="append",
        choices=list(Voice),
        metavar="ENGINE",
        help=f"only this one ({', '.join(engine.value for engine in Voice)}); may be repeated",
    )
    options = parser.parse_args(arguments)
    options.engine = options.engine or list(Voice)
    return options


if __name__ == "__main__":
    sys.exit(main())
