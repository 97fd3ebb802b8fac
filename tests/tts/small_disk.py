"""A disk that is full after so many bytes a file."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator


@contextlib.contextmanager
def room_for(most: int) -> Iterator[None]:
    """No file of this process grows beyond `most` bytes in the block: more is an OSError, as on a full disk.

    Python ignores SIGXFSZ, so that the limit is an error and no end.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
