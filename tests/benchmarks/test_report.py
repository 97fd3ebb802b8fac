"""Tests of what every benchmark prints."""

from __future__ import annotations

import math

import pytest

from benchmarks.report import Goal, Verdict, machine, percentile, table

CALLS = Goal("calls on one core", "calls", 250, 100, at_least=True)
WAIT = Goal("wait", "s", 0.7, 1.4)


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (CALLS, 250, Verdict.MET),
        (CALLS, 249, Verdict.ABOVE_FLOOR),
        (CALLS, 99, Verdict.MISSED),
        (WAIT, 0.7, Verdict.MET),
        (WAIT, 1.4, Verdict.ABOVE_FLOOR),
        (WAIT, 1.5, Verdict.MISSED),
        (WAIT, math.nan, Verdict.MISSED),
    ],
)
def test_a_figure_is_judged_against_goal_and_floor(goal: Goal, value: float, verdict: Verdict) -> None:
    """On the bound is met; between goal and floor is said as such; nothing measured is missed."""
    assert goal.judge(value) is verdict
    assert verdict.value in goal.line(value)


def test_a_table_is_aligned() -> None:
    """Every line is as long as the others, whatever the cells hold."""
    lines = table(("calls", "CPU"), (("25", "7 %"), ("100000", "100 %"))).splitlines()
    assert {len(line) for line in lines} == {len("100000  100 %")}


def test_percentiles_of_nothing_are_not_a_number() -> None:
    """Nothing measured must not look like a fast answer."""
    assert math.isnan(percentile([], 50))
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0


def test_the_machine_is_described() -> None:
    """CPU, load and versions are named."""
    assert [line.split()[0] for line in machine()] == ["machine", "load", "software"]
