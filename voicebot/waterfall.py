"""The turns of a call as a waterfall for the terminal, and as a document for machines: where did the time go?"""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from voicebot.call.record import Speaker, TurnEntry
from voicebot.call.stages import SHORTEST, Leg, Stage, answered_in, legs
from voicebot.store.views import CallView

INDENT = 4
LABEL = max(len(stage.value) for stage in Stage)
TIME = len("99.999 s")
NARROWEST, WIDEST = 6, 72
"""Cells of a bar. On a terminal that has no room for the narrowest, the lines grow longer than it is wide."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def page(view: CallView, width: int, blocks: bool = True) -> str:
    """Every turn with what was said and, for the caller's, a bar for each stage; scaled to `width` columns.

    blocks: whether the terminal can show block characters.
    """
    row = view.row
    lines = [f"{row.call_id}  {row.started_at:%Y-%m-%d %H:%M:%S} UTC  {row.outcome}"]
    for turn in view.turns:
        lines += ["", *_turn(turn, max(width, 20), blocks)]
    lines += ["", *textwrap.wrap(_summary(view.turns), max(width, 20))]
    return "\n".join(lines)


def document(view: CallView) -> dict[str, Any]:
    """The same for machines. All times in seconds since the call's first stream began."""
    return {"call": view.row.call_id, "turns": [_record(turn) for turn in view.turns]}


def bar(leg: Leg, origin: float, seconds: float, cells: int, blocks: bool = True) -> str:
    """`leg` on a line of `cells` cells that stand for `seconds` from `origin`; never empty."""
    eighth = cells * 8 / seconds if seconds > SHORTEST else 0.0
    start = min(round(max(0.0, leg.start - origin) * eighth), cells * 8 - 1)
    end = min(round(max(0.0, leg.end - origin) * eighth), cells * 8)
    first = start // 8
    eighths = max(1, end - first * 8)
    drawn = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip() if blocks else "#" * max(1, eighths // 8)
    return " " * first + drawn


def _turn(turn: TurnEntry, width: int, blocks: bool) -> list[str]:
    said = [f'"{turn.text}"'] if turn.text else []
    said += [f"[keys {turn.keys}]"] if turn.keys else []
    said += ["(interrupted)"] if turn.interrupted else []
    return [
        f"#{turn.number:<3}{turn.speaker.value:6}  {turn.started:.2f} - {turn.ended:.2f} s",
        *_wrapped(" ".join(said), width),
        *(_wrapped("; ".join(_facts(turn)), width) if turn.speaker is Speaker.CALLER else ()),
        *_bars(turn, width, blocks),
    ]


def _facts(turn: TurnEntry) -> list[str]:
    facts = []
    if turn.rejected:
        facts.append(f"not answered: {turn.rejected}")
    elif (waited := answered_in(turn.timings)) is not None:
        facts.append(f"answered in {waited:.2f} s")
    else:
        facts.append("not answered")
    if turn.intent is not None:
        facts.append(f"{turn.intent} {turn.confidence or 0.0:.2f}")
    facts += [f"{name}={value}" for name, value in turn.slots.items()]
    if turn.reason is not None:
        facts.append(f"over: {turn.reason.value}")
    return facts


def _bars(turn: TurnEntry, width: int, blocks: bool) -> list[str]:
    found = legs(turn.timings)
    drawn = [leg for leg in found if leg.stage is not Stage.PLAY]
    if not drawn:
        return []
    cells = min(max(width - INDENT - LABEL - TIME - 2, NARROWEST), WIDEST)
    origin = min(leg.start for leg in drawn)
    seconds = max(leg.end for leg in drawn) - origin
    lines = []
    for leg in found:
        line = "" if leg.stage is Stage.PLAY else bar(leg, origin, seconds, cells, blocks)
        lines.append(f"{'':{INDENT}}{leg.stage.value:{LABEL}} {line:{cells}} {leg.seconds:6.3f} s")
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * INDENT
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)


def _summary(turns: Sequence[TurnEntry]) -> str:
    callers = [turn for turn in turns if turn.speaker is Speaker.CALLER]
    waits = [(wait, turn.number) for turn in callers if (wait := answered_in(turn.timings)) is not None]
    if not waits:
        return f"{_count(len(callers), 'turn')} of the caller, none answered"
    worst, number = max(waits)
    median = statistics.median(wait for wait, _ in waits)
    return (
        f"{_count(len(callers), 'turn')} of the caller, {len(waits)} answered: "
        f"in {median:.2f} s at the median, {worst:.2f} s at the worst (#{number})"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _record(turn: TurnEntry) -> dict[str, Any]:
    return {
        "number": turn.number,
        "speaker": turn.speaker.value,
        "text": turn.text,
        "keys": turn.keys,
        "started": turn.started,
        "ended": turn.ended,
        "interrupted": turn.interrupted,
        "intent": turn.intent,
        "confidence": turn.confidence,
        "slots": dict(turn.slots),
        "rejected": turn.rejected,
        "reason": turn.reason.value if turn.reason is not None else None,
        "answered_in": answered_in(turn.timings),
        "timings": {name: value for name, value in asdict(turn.timings).items() if value is not None},
        "stages": [
            {"stage": leg.stage.value, "start": leg.start, "end": leg.end, "seconds": round(leg.seconds, 6)}
            for leg in legs(turn.timings)
        ],
    }
