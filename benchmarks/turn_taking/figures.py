"""Rows, listings and goals of what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.report import Goal, Verdict, percentile
from benchmarks.turn_taking.judge import Figures, Outcome, kinds
from benchmarks.turn_taking.line import Recording

SIX_DIGITS, FOUR_DIGITS = 6, 4
GOOD_DECODE = 0.15
"""Seconds a guess may take where the promises about latency hold."""

MEDIAN = Goal("end of speech to reply, p50", "s", 0.35, 0.35)
SLOW = Goal("end of speech to reply, p95", "s", 0.70, 0.70)
CUT = Goal("false cut-offs", "%", 5, 5)
SILENCE = Goal("interruption to silence, p95", "s", 0.30, 0.30)
FIRST = Goal("numbers right at once", "%", 95, 95, at_least=True)
MENDED = Goal("numbers right after one repair", "%", 99, 99, at_least=True)

HEAD = (
    "", "turns", "commit p50", "p95", "reply p50", "p95", "cut %", "missed", "understood %", "silence p50", "p95",
    "stops", "gone on", "strays", "6 digits %", "mended", "ORD %", "mended", "decode p50", "p95",
)  # fmt: skip
BACKGROUND_HEAD = ("background", *HEAD[1:-2])
KIND_HEAD = ("kind", "turns", "commit p50", "p95", "reply p50", "p95", "cut", "missed", "understood")


def row(name: str, figures: Figures, decodes: Sequence[float]) -> tuple[str, ...]:
    """One way of measuring in a line."""
    turns = figures.worded
    return (
        name,
        str(len(turns)),
        *_spread(figures.commits),
        *_spread(figures.replies),
        f"{100 * figures.cut_share:.1f}",
        str(figures.deaf),
        f"{100 * sum(one.understood for one in turns) / max(1, len(turns)):.1f}",
        *_spread(figures.silences),
        str(len(figures.stops)),
        str(sum(stop.resumed is not None for stop in figures.stops)),
        str(len(figures.strays)),
        *(
            f"{100 * figures.right(digits, mended):.0f}"
            for digits in (SIX_DIGITS, FOUR_DIGITS)
            for mended in (False, True)
        ),
        *_spread(decodes),
    )


def background_rows(figures: Figures) -> list[tuple[str, ...]]:
    """The turns of one way by what is behind the caller."""
    rows = []
    for background in dict.fromkeys(one.background for one in figures.outcomes):
        name = "quiet" if background is None else f"babble {background:g} dB"
        rows.append((name, *row("", figures.behind(background), ())[1:-2]))
    return rows


def kind_rows(figures: Figures) -> list[tuple[str, ...]]:
    """The turns of one way by what they try."""
    rows: list[tuple[str, ...]] = []
    for kind, outcomes in kinds(figures.worded).items():
        clean = [one for one in outcomes if not one.cut]
        rows.append(
            (
                kind.value,
                str(len(outcomes)),
                *_spread([one.committed for one in clean if one.committed is not None]),
                *_spread([one.answered for one in clean if one.answered is not None]),
                str(sum(one.cut for one in outcomes)),
                str(sum(one.missed for one in outcomes)),
                str(sum(one.understood for one in outcomes)),
            )
        )
    return rows


def judged(measured: Mapping[str, tuple[Figures, Sequence[float]]]) -> tuple[list[str], int]:
    """The goals of each way they are asked of, the ratio to the other ways, and the exit status."""
    lines: list[str] = []
    missed = False
    for name, (figures, decodes) in measured.items():
        if name != "as shipped" and not name.startswith("scripted"):
            continue
        decode = percentile(decodes, 50)
        lines.append(f"\n{name}, a decode takes {1000 * decode:.0f} ms (median)")
        checks = [(CUT, 100 * figures.cut_share), (SILENCE, percentile(figures.silences, 95))]
        for digits, label in ((SIX_DIGITS, "6 digits"), (FOUR_DIGITS, "ORD")):
            checks.append((_named(FIRST, label), 100 * figures.right(digits)))
            checks.append((_named(MENDED, label), 100 * figures.right(digits, mended=True)))
        if decode <= GOOD_DECODE:
            checks[:0] = [(MEDIAN, percentile(figures.replies, 50)), (SLOW, percentile(figures.replies, 95))]
        else:
            lines.append(f"  the reply's goals are asked where it takes {1000 * GOOD_DECODE:.0f} ms at most")
        missed |= any(goal.judge(value) is Verdict.MISSED for goal, value in checks)
        lines += [goal.line(value) for goal, value in checks]
    lines += _ratios({name: figures for name, (figures, _) in measured.items()})
    return lines, int(missed)


def _named(goal: Goal, label: str) -> Goal:
    return Goal(f"{goal.name}, {label}", goal.unit, goal.goal, goal.floor, goal.at_least)


def _ratios(measured: Mapping[str, Figures]) -> Iterator[str]:
    shipped = measured.get("as shipped")
    if shipped is None:
        return
    yield ""
    for name, figures in measured.items():
        if name != "as shipped" and not name.startswith("scripted"):
            of = [
                f"{percentile(figures.replies, percent) / percentile(shipped.replies, percent):.2f} x (p{percent})"
                for percent in (50, 95)
            ]
            yield f"ratio     {name}: the reply takes {', '.join(of)} as long as shipped"


def shown(number: int, recording: Recording, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A call, turn by turn, for people who want to know why."""
    script = recording.script
    behind = "quiet" if script.background is None else f"babble {script.background:g} dB"
    yield f"call {number}, {script.voice}, {behind}"
    for one in outcomes:
        heard = " | ".join(f'"{entry.text}" {entry.intent}' for entry in one.entries)
        marks = [
            *(["CUT"] if one.cut else []),
            *(["MISSED"] if one.missed else []),
            *(["MISUNDERSTOOD"] if one.turn.worded and not one.understood and not one.missed else []),
            *(["STRAY"] if not one.turn.worded and one.entries else []),
            *([f"NUMBER {one.number or 'none'}"] if one.turn.number and one.number != one.turn.number else []),
        ]
        times = ", ".join(
            f"{label} {value:.2f}"
            for label, value in (("commit", one.committed), ("reply", one.answered), ("silence", one.silent))
            if value is not None
        )
        said = f"  {one.turn.kind.value:12} {one.turn.said!r} -> {heard or '-'}"
        yield f"{said}  {times}  {' '.join(marks)}".rstrip()


def as_json(figures: Figures, decodes: Sequence[float]) -> dict[str, Any]:
    """Everything about one way, turns included."""
    return {
        "turns": len(figures.worded),
        "commit": _both(figures.commits),
        "reply": _both(figures.replies),
        "cut_share": figures.cut_share,
        "missed": figures.deaf,
        "understood": sum(one.understood for one in figures.worded),
        "silence": _both(figures.silences),
        "stops": len(figures.stops),
        "gone_on": sum(stop.resumed is not None for stop in figures.stops),
        "strays": [one.text for one in figures.strays],
        "numbers": {
            str(digits): {"first": figures.right(digits), "mended": figures.right(digits, mended=True)}
            for digits in (SIX_DIGITS, FOUR_DIGITS)
        },
        "decode": _both(decodes),
        "each": [
            {
                "voice": one.voice,
                "background": one.background,
                "kind": one.turn.kind.value,
                "said": one.turn.said,
                "heard": [entry.text for entry in one.entries],
                "intents": [entry.intent for entry in one.entries],
                "cut": one.cut,
                "commit": one.committed,
                "reply": one.answered,
                "silence": one.silent,
                "number": one.number,
            }
            for one in figures.outcomes
        ],
    }


def _spread(values: Sequence[float]) -> tuple[str, str]:
    return f"{percentile(values, 50):.2f}", f"{percentile(values, 95):.2f}"


def _both(values: Sequence[float]) -> dict[str, float]:
    return {"p50": percentile(values, 50), "p95": percentile(values, 95)}
