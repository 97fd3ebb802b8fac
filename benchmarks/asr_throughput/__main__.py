"""Command line of the recognition throughput benchmark."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.asr_throughput.load import Measured, at_once, conversing
from benchmarks.asr_throughput.sentences import utterances
from benchmarks.asr_throughput.shapes import SHAPES, TOKENS, make
from benchmarks.asr_throughput.ways import Machine, Ours, Rival, rivals, spread
from benchmarks.report import Goal, Verdict, command, machine, table
from voicebot.asr import memory, model
from voicebot.asr.manner import DEMO, Manner, released
from voicebot.audio import Pcm

DEMO_NAME = "demo"
SHORT_CONTEXT = 10.0
MODELS = {"cpu": (DEMO_NAME, "tiny", "base"), "cuda": ("small", "large-v3-turbo")}
CALLERS = {"cpu": (1, 4, 16, 64), "cuda": (1, 16, 64, 100, 256)}
QUICK_CALLERS = (1, 4)
AT_LEAST = 32
TURN_SECONDS = 8.0
PACED_SECONDS = 16.0

ABOUT = f"""N callers at once and one speech model: our recogniser against faster-whisper's own `transcribe`,
called from N threads, and the same behind one lock. The utterances, 1 to 6 s, are spoken by espeak-ng.

Models: `demo`, the built-in one, which we show 20 s where transcribe pads to 60 s of its frames; and models with
random weights in Whisper's shapes ({", ".join(SHAPES)}), built on the spot, which always write
{TOKENS} tokens. Of those we measure the default, 30 s of context as transcribe has, and {SHORT_CONTEXT:g} s
(VOICEBOT_ASR_CONTEXT_SECONDS), whose cost in accuracy is not measured here: random weights hear nothing.

"At once": every caller speaks again as soon as he has his text. "In conversation": every caller has a turn each
{TURN_SECONDS:g} s. Exit status 1 when a floor is missed.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    model: str
    way: str
    callers: int
    measured: Measured


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        "asr_throughput", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=[DEMO_NAME, *SHAPES], help=_by_device(MODELS))
    parser.add_argument("--callers", nargs="+", type=int, help=_by_device(CALLERS))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--compute-type", default="", help="of CTranslate2; int8 on cpu, float16 on cuda")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads per decode; 0 for the default")
    parser.add_argument("--batch", type=int, default=0, help="most utterances together; 0 for the default")
    parser.add_argument("--at-least", type=int, default=AT_LEAST, help="utterances for each measurement")
    parser.add_argument("--repeats", type=int, default=2, help="rounds; the best of each way counts")
    parser.add_argument("--quick", action="store_true", help="a few utterances, to see that it works; no verdict")
    chosen = parser.parse_args(arguments)
    chosen.models = chosen.models or list(MODELS[chosen.device])
    chosen.callers = chosen.callers or list(CALLERS[chosen.device])
    if chosen.quick:
        chosen.callers, chosen.at_least, chosen.repeats = list(QUICK_CALLERS), 4, 1
    where = Machine(
        chosen.device, chosen.compute_type or ("int8" if chosen.device == "cpu" else "float16"), chosen.threads
    )
    print("\n".join(machine()))
    print(f"where     {where.device} {where.compute_type}, command  {command('benchmarks.asr_throughput')}\n")
    once, paced = asyncio.run(_measure(chosen, where))
    print("At once\n" + table(_HEAD, [_cells(row, once) for row in once]))
    print("\nIn conversation\n" + table(_HEAD[:-1], [_cells(row, paced)[:-1] for row in paced]))
    return _judge(once, paced, where, chosen.quick)


def _by_device(defaults: Mapping[str, Sequence[object]]) -> str:
    return "; ".join(f"on {device} {' '.join(map(str, all_of))}" for device, all_of in defaults.items())


async def _measure(chosen: argparse.Namespace, where: Machine) -> tuple[list[Row], list[Row]]:
    said = utterances()
    once: list[Row] = []
    paced: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen.models:
            # The demo model in a folder of its own, as the stock path wants it; random ones are built there.
            folder = Path(temporary) / name
            if name == DEMO_NAME:
                shutil.copytree(model.DEMO, folder, ignore=shutil.ignore_patterns("__pycache__", "README.md"))
            else:
                make(SHAPES[name], folder)
            for callers in chosen.callers:
                work = spread(said, max(callers, chosen.at_least))
                once += await _round(name, folder, where, callers, work, chosen)
            paced += await _paced(name, folder, where, chosen, said)
    return once, paced


def _manners(name: str) -> dict[str, Manner]:
    if name == DEMO_NAME:
        return {"voicebot": replace(DEMO, by_phrase=False)}
    return {
        "voicebot": replace(released(), retries=()),
        f"voicebot, {SHORT_CONTEXT:g} s context": replace(released(SHORT_CONTEXT), retries=()),
    }


async def _round(
    name: str, folder: Path, where: Machine, callers: int, work: list[Pcm], chosen: argparse.Namespace
) -> list[Row]:
    """Every way in turn, and again, so that what else runs on the machine meets all alike; the best of each."""
    best: dict[str, Measured] = {}
    ours = {way: Ours(folder, where, manner, chosen.batch) for way, manner in _manners(name).items()}
    with rivals(folder, where, callers) as others:
        hears = {rival.value: hear for rival, hear in others.items()} | {
            way: one.hear for way, one in ours.items()
        }
        for _ in range(chosen.repeats):
            for way, hear in hears.items():
                # The engine has set the allocator for the whole process; plain programs have it as it is.
                memory.keep() if way in ours else memory.give_back()
                measured = await at_once(hear, callers, work)
                if way not in best or measured.rate > best[way].rate:
                    best[way] = measured
                print(f"{name}, {way}, {callers}: {measured.rate:.1f}", file=sys.stderr, flush=True)
    for one in ours.values():
        await one.aclose()
    return [Row(name, way, callers, measured) for way, measured in best.items()]


async def _paced(
    name: str, folder: Path, where: Machine, chosen: argparse.Namespace, said: list[Pcm]
) -> list[Row]:
    rows = []
    for way, manner in _manners(name).items():
        ours = Ours(folder, where, manner, chosen.batch)
        for callers in chosen.callers:
            duration = 1.0 if chosen.quick else PACED_SECONDS
            measured = await conversing(ours.hear, callers, said, TURN_SECONDS, duration)
            rows.append(Row(name, way, callers, measured))
        await ours.aclose()
    return rows


_HEAD = ("model", "way", "callers", "audio s/s", "p50 ms", "p95 ms", "ratio")


def _cells(row: Row, rows: Sequence[Row]) -> tuple[str, ...]:
    return (
        row.model,
        row.way,
        str(row.callers),
        f"{row.measured.rate:.1f}",
        f"{1000 * row.measured.wait(50):.0f}",
        f"{1000 * row.measured.wait(95):.0f}",
        f"{_ratio(row, rows):.2f}",
    )


def _ratio(row: Row, rows: Sequence[Row]) -> float:
    """Throughput against transcribe in as many threads."""
    stock = [
        other.measured.rate
        for other in rows
        if (other.model, other.callers, other.way) == (row.model, row.callers, Rival.THREADS.value)
    ]
    return row.measured.rate / stock[0] if stock else float("nan")


def _judge(once: Sequence[Row], paced: Sequence[Row], where: Machine, partial: bool) -> int:
    if partial:
        print("\nno verdict: too little was measured")
        return 0
    print()
    verdicts = []
    for row in once:
        if not row.way.startswith("voicebot") or row.callers not in (1, 16):
            continue
        asked = (1.0, 0.9) if row.callers == 1 else ((1.5, 1.0) if where.device == "cpu" else (3.0, 1.5))
        goal = Goal(f"{row.model}, {row.way}, {row.callers}", "x", *asked, at_least=True)
        value = _ratio(row, once)
        verdicts.append(goal.judge(value))
        print(goal.line(value))
    for row in paced:
        if where.device == "cuda" and row.model == "small" and row.callers == 100 and row.way == "voicebot":
            late = Goal("small, 100 callers, p95", "ms", 250, 500)
            value = 1000 * row.measured.wait(95)
            verdicts.append(late.judge(value))
            print(late.line(value))
    return int(Verdict.MISSED in verdicts)


if __name__ == "__main__":
    sys.exit(main())
