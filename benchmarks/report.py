"""What every benchmark prints: the machine, the command, a table and the goals."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

PACKAGES = ("voicebot", "numpy", "websockets", "onnxruntime", "ctranslate2")


def machine() -> list[str]:
    """CPU, cores, load, memory and versions, one fact a line."""
    cpuinfo = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    model = named.group(1) if named else platform.processor() or "unknown"
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"machine   {model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        f"load      {load} (1, 5, 15 minutes) before the start; nothing is subtracted for what else ran",
        f"software  Python {platform.python_version()}, {packages}",
    ]


def command(module: str) -> str:
    """How to do the same again."""
    return shlex.join(["python", "-m", module, *sys.argv[1:]])


def percentile(values: Sequence[float] | npt.NDArray[np.float64], percent: float) -> float:
    """The `percent`-th percentile, nan for no values."""
    return float(np.percentile(values, percent)) if len(values) else float("nan")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be, numbers to the right."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


class Verdict(Enum):
    """How a figure stands to its goal."""

    MET = "met"
    ABOVE_FLOOR = "goal missed, floor held"
    MISSED = "MISSED"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked of one figure.

    goal: what we want. floor: what must hold; the same as the goal where there is no room.
    at_least: whether more is better.
    """

    name: str
    unit: str
    goal: float
    floor: float
    at_least: bool = False

    def judge(self, value: float) -> Verdict:
        """Where `value` stands; nan, nothing measured, is missed."""
        if self._holds(value, self.goal):
            return Verdict.MET
        return Verdict.ABOVE_FLOOR if self._holds(value, self.floor) else Verdict.MISSED

    def line(self, value: float) -> str:
        """The figure, what was asked, and the verdict."""
        sign = ">=" if self.at_least else "<="
        floor = "" if self.floor == self.goal else f", floor {sign} {self.floor:g}"
        asked = f"{sign} {self.goal:g}{floor}"
        return f"  {self.name:34} {value:8.4g} {self.unit:6} {asked:24} {self.judge(value).value}"

    def _holds(self, value: float, bound: float) -> bool:
        return value >= bound if self.at_least else value <= bound
