"""Large blocks that were freed are used again instead of being asked for anew."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

_COUNT = """
import ctypes, resource, sys
from voicebot.asr import memory
getattr(memory, sys.argv[1])()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.memset.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def use():
    block = libc.malloc(54 << 20)
    libc.memset(block, 1, 54 << 20)
    libc.free(block)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(choice: str, **more: str) -> int:
    """Pages the kernel had to give while 54 MB were taken and freed ten times."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, choice],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs glibc")
def test_what_was_freed_is_used_again() -> None:
    """A block as large as one layer's attention costs page faults once, and not in every decode."""
    assert faults("keep") * 10 < faults("give_back")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs glibc")
def test_what_the_environment_says_holds() -> None:
    """Who sets glibc's own variable has decided."""
    assert faults("keep", MALLOC_MMAP_THRESHOLD_="1000000") * 2 > faults("give_back")
