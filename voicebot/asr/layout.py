"""How a device is shared out: batches at once, and processor threads for each of them."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_THREADS = 4
"""Threads per decode after which more bring next to nothing."""

_MOST_WORKERS = 4
"""Batches at once on a CPU after which they wait for memory and not for cores."""


@dataclass(frozen=True, slots=True)
class Layout:
    """workers: batches at once. threads: of each of several. alone: of one that begins while no other runs.

    A single caller gets all cores for his utterance; many callers get a core each, since two batches side by side
    are done sooner than one after the other on twice the threads. Where `alone` exceeds `threads`, the model is
    in memory twice.
    """

    workers: int
    threads: int
    alone: int


def share(device: str, cores: int, threads: int = 0, workers: int = 0) -> Layout:
    """The layout for a device with so many CPU cores. threads, workers: what the operator says, 0 to choose.

    Whoever says either gets exactly that, and the model once.
    """
    if workers or threads or device != "cpu":
        at_once = workers or (1 if device != "cpu" else max(1, min(_MOST_WORKERS, cores // threads)))
        each = threads or max(1, min(_MOST_THREADS, cores // at_once))
        return Layout(at_once, each, each)
    at_once = min(_MOST_WORKERS, cores)
    return Layout(at_once, max(1, min(_MOST_THREADS, cores // at_once)), min(_MOST_THREADS, cores))
