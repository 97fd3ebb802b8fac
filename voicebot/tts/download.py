"""Files fetched over HTTP so that nothing is lost when it breaks off, and nothing wrong is kept."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import requests
import urllib3

from voicebot.errors import ModelUnavailable

Progress = Callable[[int], None]
"""Called with the number of bytes that are there by now."""

TIMEOUTS = (5.0, 30.0)
_CHUNK = 1 << 16
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Download:
    """A file at a URL. size: its bytes. md5: its digest in hexadecimal, as its publisher's list has it."""

    url: str
    size: int
    md5: str


def fetch(wanted: Download, path: Path, progress: Progress) -> None:
    """Bring `wanted` to `path`; what came before a break is kept beside it (`.part`) and not fetched again.

    A connection that breaks is tried again four times in all as long as something comes. Another process that
    brings the same file is waited for. Raises ModelUnavailable; running it again goes on where it stopped, unless
    what came was wrong.
    """
    if _is(wanted, path):
        progress(wanted.size)
        return
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part):
            if _is(wanted, path):
                progress(wanted.size)
                return
            _complete(wanted, part, progress)
            if not _is(wanted, part):
                part.unlink()
                raise ModelUnavailable(f"{wanted.url} is not what its list says (size or checksum): try again")
            os.replace(part, path)
    except OSError as error:
        # Of requests' errors, too: they are OSErrors and name the URL.
        raise ModelUnavailable(
            f"{wanted.url} could not be brought to {path} ({error.strerror or type(error).__name__}): "
            "check the connection and the disk, and run the command again to go on"
        ) from error


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[None]:
    """For the time of the block nobody else writes to `part`; it is not left behind empty."""
    while True:
        with part.open("ab") as file:
            # Some network drives know no locks.
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(part, file):
                # Whoever had it before has made the file of it, or thrown it away.
                continue
            try:
                yield
            finally:
                if _is_at(part, file) and not part.stat().st_size:
                    part.unlink()
            return


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _is(wanted: Download, path: Path) -> bool:
    return path.is_file() and path.stat().st_size == wanted.size and _md5(path) == wanted.md5


def _complete(wanted: Download, part: Path, progress: Progress) -> None:
    for last in (*[False] * (_ATTEMPTS - 1), True):
        begun = part.stat().st_size
        if begun > wanted.size:
            # A part of something else; emptied and not removed, since who waits for it waits for this file.
            os.truncate(part, 0)
            begun = 0
        if begun == wanted.size:
            progress(begun)
            return
        try:
            _append(wanted, part, begun, progress)
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            if last or part.stat().st_size == begun:
                raise requests.ConnectionError(str(type(error).__name__)) from error


def _append(wanted: Download, part: Path, begun: int, progress: Progress) -> None:
    # Compressed on the way, a range would be one of the compressed bytes.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    with requests.get(wanted.url, headers=headers, timeout=TIMEOUTS, stream=True) as response:
        if response.status_code not in (200, 206):
            raise ModelUnavailable(f"{wanted.url}: the server answered {response.status_code}")
        goes_on = response.status_code == 206 and response.headers.get("Content-Range", "").startswith(
            f"bytes {begun}-"
        )
        there = begun if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            progress(there)
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                there += len(chunk)
                if there > wanted.size:
                    raise ModelUnavailable(f"{wanted.url} is longer than its list says: try again")
                file.write(chunk)
                progress(there)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
