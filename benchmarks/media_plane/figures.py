"""What server and callers tell each other and report."""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from voicebot.settings import Vad

SERVER_CORE, CALLER_CORE = 0, 1
"""Cores the two processes are pinned to."""


class Hearing(Enum):
    """How frames go through voice detection: those of all calls at once, or each by itself, the alternative."""

    TOGETHER = "together"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement.

    seconds: the measured stretch. settle: from the last arrival to its beginning, for greetings to end.
    """

    vad: Vad
    hearing: Hearing
    calls: int
    seconds: float
    settle: float


@dataclass(frozen=True, slots=True)
class Ready:
    """The server listens on `port`; `tokens` open one stream each, by call id."""

    port: int
    tokens: dict[str, str]


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """The server's side of the measured stretch. Times in seconds.

    cpu: CPU time of the whole process over `wall` seconds. others: time the same core worked for anybody else.
    lateness: of every 20 ms beat, beats that were left out because of an earlier one included.
    lags: how much later than a steady stream each frame reached its call.
    collecting: longest pause for the garbage collector. memory: resident bytes at the end.
    """

    cpu: float
    wall: float
    others: float
    lateness: array[float]
    lags: array[float]
    collecting: float
    memory: int


@dataclass(frozen=True, slots=True)
class ServerTotals:
    """Over the whole life of the server. complaints: log events of level warning and above."""

    frames: int
    complaints: int


@dataclass(frozen=True, slots=True)
class CallerFigures:
    """The callers' side. frames: sent over the whole life; everything else is of the measured stretch.

    replies: seconds from the caller's last voiced frame to the first sound of the answer.
    unanswered: turns nobody answered before the next. gaps: holes heard inside of a reply.
    lost: streams that ended before the callers ended them. lateness: of the callers' own 1 ms beat.
    """

    frames: int
    replies: array[float]
    unanswered: int
    gaps: int
    lost: int
    lateness: array[float]


def core_busy(core: int) -> float:
    """Seconds this core has worked for anybody since the machine started, hypervisor's theft included."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, irq, softirq, steal = (int(tick) for tick in ticks[:8])
            return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    raise ValueError(f"there is no core {core} here; the benchmark needs Linux and two cores")
