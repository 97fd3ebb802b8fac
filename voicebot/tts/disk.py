"""Sentences already spoken, kept in files, so that a process that starts need not make them again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import structlog

from voicebot.audio import Pcm

_log = structlog.get_logger()

_MAGIC = b"VBPCM8K1"
_DIGEST = 32
_SUFFIX = ".speech"
_UNFINISHED = ".part"
_RECOUNT = 16
_UNFINISHED_SECONDS = 3600.0


class DiskCache:
    """A folder of sentences, the least recently used removed first. Blocking; several processes may share it.

    megabytes: bound of all files (1 MB is a minute). salt: part of every name, for what changes the sound besides.
    Files are named by a digest and readable by their owner alone. A file that is not whole is removed and counts
    as not there; a disk that fails is logged and does without.
    """

    def __init__(self, folder: Path, megabytes: float, salt: str = "") -> None:
        self._folder = folder
        self._limit = int(megabytes * 1_000_000)
        self._salt = salt
        self._size = 0
        self._writes = 0

    def has(self, name: tuple[str, ...]) -> bool:
        """Whether there is a file for `name`."""
        return self._path(name).exists()

    def touch(self, name: tuple[str, ...]) -> None:
        """Note that what is kept under `name` was used just now."""
        with contextlib.suppress(OSError):
            os.utime(self._path(name))

    def get(self, name: tuple[str, ...]) -> Pcm | None:
        """The audio kept under `name`, read-only, now the most recently used; or None."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("voice.disk_failed", error=error.strerror or type(error).__name__)
            return None
        samples = content[len(_MAGIC) + _DIGEST :]
        if content[: len(_MAGIC) + _DIGEST] != _MAGIC + hashlib.sha256(samples).digest() or len(samples) % 2:
            _log.warning("voice.disk_corrupt", file=path.name)
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return np.frombuffer(samples, "<i2").astype(np.int16, copy=False)

    def put(self, name: tuple[str, ...], pcm: Pcm) -> None:
        """Keep `pcm` under `name`; what is too large for the folder is not kept."""
        samples = pcm.astype("<i2", copy=False).tobytes()
        content = _MAGIC + hashlib.sha256(samples).digest() + samples
        if len(content) > self._limit:
            return
        try:
            self._write(self._path(name), content)
            # Others write here, too: from time to time the folder itself is counted.
            self._size = self._size + len(content) if self._writes % _RECOUNT else self._measure()
            self._writes += 1
            if self._size > self._limit:
                self._make_room()
        except OSError as error:
            _log.warning("voice.disk_failed", error=error.strerror or type(error).__name__)

    def _path(self, name: tuple[str, ...]) -> Path:
        # A caller's words must not be readable in a file's name.
        return self._folder / (hashlib.sha256("\0".join((self._salt, *name)).encode()).hexdigest()[:40] + _SUFFIX)

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes files of mode 0600.
        handle, unfinished = tempfile.mkstemp(_UNFINISHED, dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(unfinished, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)
            raise

    def _measure(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _make_room(self) -> None:
        """Remove the oldest until a tenth is free, so that this is not done for every sentence."""
        files = sorted(self._files())
        self._size = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._size <= 0.9 * self._limit:
                return
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            self._size -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """Time of last use, size and path of every sentence; what a process that died left behind is removed."""
        found = []
        for entry in os.scandir(self._folder):
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if entry.name.endswith(_SUFFIX):
                    found.append((status.st_mtime, status.st_size, Path(entry.path)))
                elif entry.name.endswith(_UNFINISHED) and time.time() - status.st_mtime > _UNFINISHED_SECONDS:
                    os.unlink(entry.path)
        return found
