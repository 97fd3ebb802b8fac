"""The C library's memory, kept from one decode to the next.

glibc asks the kernel for every large block anew and gives it back when it is free, and the kernel clears each page
of it again. With 30 s of context one layer of the smallest Whisper takes 54 MB: two fifths of an encoder's time.
"""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
"""Parameters of mallopt(3): free bytes at the end of the heap that are given back, and the size from which a block
is a mapping of its own."""

_ALL = 1 << 30

_USUAL = 32 << 20
"""What glibc goes up to by itself on 64 bits."""


def keep() -> None:
    """Let the process keep what it has freed, for all of its libraries.

    Without effect where the C library has no such choice, and where the environment has made it.
    """
    if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        _choose(_ALL, _ALL)


def give_back() -> None:
    """As glibc does it when nobody says anything and large blocks have been freed before."""
    _choose(_USUAL, 2 * _USUAL)


def _choose(mapped: int, trimmed: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, mapped)
        mallopt(_TRIM_THRESHOLD, trimmed)
