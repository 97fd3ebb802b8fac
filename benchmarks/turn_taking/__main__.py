"""Command line of the turn-taking benchmark."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from benchmarks.report import command, machine, table
from benchmarks.turn_taking.ears import Ears, RealEars, ScriptedEars
from benchmarks.turn_taking.figures import (
    BACKGROUND_HEAD,
    HEAD,
    KIND_HEAD,
    as_json,
    background_rows,
    judged,
    kind_rows,
    row,
    shown,
)
from benchmarks.turn_taking.judge import Figures
from benchmarks.turn_taking.line import House, Line, Voice
from benchmarks.turn_taking.script import DECOYS, FOUR, SIX, CallScript, quick_script, script
from voicebot import logs
from voicebot.asr import build
from voicebot.audio.vad import detection
from voicebot.call.rules import Rules
from voicebot.dialog import FileDialog, load
from voicebot.lookup.file import FileSource
from voicebot.settings import REPOSITORY, Settings
from voicebot.tts.espeak import EspeakSynthesizer

FIXED_PAUSE = 0.7
SCRIPTED = (0.15, 0.10)
"""Seconds a decode takes in the scripted rows; the first is the most the promises about latency allow."""

SPOKEN = 0.01
"""Seconds a new sentence of the bot takes in the scripted rows, a little more than espeak-ng needs."""

ABOUT = """Whether the bot answers when the turn is over, stops when it should, and hears numbers.

More than 200 turns of simulated callers, nine synthetic voices at 8 kHz mu-law, with pauses inside sentences and
numbers, coughs, "mhm", interruptions, and the babble of a dozen people 20 or 10 dB behind many of them. The call
machine, the demo dialog, voice detection, playback and the gateway's codec are the product's, the media server is
a model of jambonz; time is virtual, and the recogniser's measured time is added to it, so nothing else on the
machine shows except in that. Rows with a scripted recogniser hear every word and say how long it takes: what is
left is turn-taking alone.

Compared in the same run: the same bot without a guess in the pause, and with a fixed pause of 700 ms. The
demo recogniser was trained on seven of the nine voices: what it understands says nothing about people.
Exit status 1 when a goal is missed.
"""

EXPLAINED = """commit, reply: seconds from the end of speech (its last voiced frame on the wire) to the end of
the turn and to the first audio frame of the reply leaving. cut: turns ended before the caller had. missed: turns
nothing came of. silence: from the first voiced frame of an interruption to silence in the caller's ear. stops:
times the bot fell silent for a cough, "mhm" or the voices behind the caller, and how many of them it went on
after. strays: turns answered though nobody spoke to the bot. 6 digits, ORD: order numbers right at once, and after
at most one repair. decode: median and 95th percentile of what the recogniser took."""


@dataclass(frozen=True, slots=True)
class Way:
    """One row: who hears and speaks, and by which rules turns end."""

    name: str
    ears: Ears
    voice: Voice
    rules: Rules


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    options = _parse(arguments)
    logs.quiet()
    if not options.json:
        print("\n".join(machine()))
        print(f"command   {command('benchmarks.turn_taking')}\n", flush=True)
    calls = quick_script() if options.quick else script()
    began = time.monotonic()
    dialog = load(REPOSITORY / "config" / "dialog.yaml")
    house = _house(dialog)
    measured: dict[str, tuple[Figures, Ears]] = {}
    with _ways(options, dialog) as ways:
        for way in ways:
            listing = options.list and way is ways[0]
            measured[way.name] = _measure(house, way, calls, listing), way.ears
            print(f"{way.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if options.json:
        print(
            json.dumps(
                {name: as_json(figures, ears.decodes) for name, (figures, ears) in measured.items()}, indent=1
            )
        )
    else:
        rows = [row(name, figures, ears.decodes) for name, (figures, ears) in measured.items()]
        print(f"{table(HEAD, rows)}\n\n{EXPLAINED}\n")
        name, (first, _) = next(iter(measured.items()))
        print(f"by kind of turn, {name}\n{table(KIND_HEAD, kind_rows(first))}\n")
        print(f"by background, {name}\n{table(BACKGROUND_HEAD, background_rows(first))}\n")
    if options.quick:
        return int(any(not figures.replies for figures, _ in measured.values()))
    lines, status = judged({name: (figures, ears.decodes) for name, (figures, ears) in measured.items()})
    print("\n".join(lines), file=sys.stderr if options.json else sys.stdout)
    return status


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.turn_taking", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="four calls: whether it all works")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--scripted", action="store_true", help="only rows with a scripted recogniser")
    only.add_argument("--shipped", action="store_true", help="only the bot as shipped, with the real recogniser")
    parser.add_argument("--model", default="demo", help="as VOICEBOT_ASR_MODEL names them (demo)")
    parser.add_argument("--device", default="cpu", help="as VOICEBOT_ASR_DEVICE (cpu)")
    parser.add_argument("--list", action="store_true", help="every turn of the first row with what came of it")
    parser.add_argument("--json", action="store_true", help="the figures for machines")
    return parser.parse_args(arguments)


@contextmanager
def _ways(options: argparse.Namespace, dialog: FileDialog) -> Iterator[list[Way]]:
    settings = Settings(asr_model=options.model, asr_device=options.device)
    shipped = Rules.of(settings)
    scripted = [
        Way(f"scripted {1000 * seconds:.0f} ms", ScriptedEars(seconds), _voice(dialog, SPOKEN), shipped)
        for seconds in (SCRIPTED if options.scripted else SCRIPTED[:1])
    ]
    if options.scripted:
        yield scripted
        return
    ears = RealEars(build(settings))
    try:
        first = Way("as shipped", ears, _voice(dialog), shipped)
        others = [
            Way("no guess", ears, _voice(dialog), unguessed(shipped)),
            Way(f"pause {FIXED_PAUSE:g} s", ears, _voice(dialog), fixed(shipped, FIXED_PAUSE)),
            *scripted,
        ]
        yield [first] if options.shipped else [first, *others]
    finally:
        ears.close()


def _voice(dialog: FileDialog, stated: float | None = None) -> Voice:
    return Voice(EspeakSynthesizer(), dialog.fixed_lines(), stated)


def unguessed(rules: Rules) -> Rules:
    """Recognised only once the pause is over; what was said cannot shorten it, so it is the longest."""
    return replace(rules, guess_after=rules.max_pause)


def fixed(rules: Rules, pause: float) -> Rules:
    """The same pause whatever was said, and recognised after it."""
    return replace(rules, guess_after=pause, short_pause=pause, min_pause=pause, max_pause=pause)


def _house(dialog: FileDialog) -> House:
    order = {"status": "shipped", "items": "a tent", "arrives": "on Friday"}
    orders = FileSource(dict.fromkeys((*SIX, *FOUR, *DECOYS), order), "order_number")
    return House(dialog, detection(Settings().vad), {"orders": orders})


def _measure(house: House, way: Way, calls: Sequence[CallScript], listing: bool) -> Figures:
    figures = Figures()
    for seed, call in enumerate(calls):
        recording = Line(house, way.ears, way.voice, way.rules, call, seed).run()
        outcomes = figures.add(recording)
        if listing:
            print("\n".join(shown(seed, recording, outcomes)), flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
