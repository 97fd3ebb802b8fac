"""espeak-ng's C interface, called through ctypes: initialise, list voices, synthesise.

The library and its data come from the package `espeakng_loader`. It keeps its state in globals, so one process has
one `Library` and one thread that uses it (see `espeak.py`).
"""

from __future__ import annotations

import atexit
import ctypes
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voicebot.errors import ModelUnavailable, SynthesizerError

MAX_DATA_PATH = 120
"""Bytes of the data folder's path that are safe: espeak-ng 1.52 keeps it in a 160-byte buffer (N_PATH_HOME_DEF)
and cuts off the rest without a word; the lower bound leaves room for the file names it appends."""

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE, _VOLUME = 1, 2
_OK = 0
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_REINSTALL = "run `pip install -r requirements.txt` again"


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


@dataclass(frozen=True, slots=True)
class Language:
    """A voice of the data folder.

    identifier: what the library takes for sure, e.g. gmw/en-US (it does not find "en-gb", a language of gmw/en).
    languages: language tags with their priority, lower first.
    """

    name: str
    identifier: str
    languages: tuple[tuple[str, int], ...]


class Library:
    """The one espeak-ng of this process. Not thread-safe: use it from one thread."""

    def __init__(self, library: Path, data: Path) -> None:
        try:
            self._c = ctypes.CDLL(str(library))
        except OSError as error:
            raise ModelUnavailable(f"espeak-ng cannot be loaded ({error}): {_REINSTALL}") from None
        self._c.espeak_Info.restype = ctypes.c_char_p
        self._c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        folder = _folder_of(data)
        self.rate: int = self._c.espeak_Initialize(_SYNCHRONOUS, 20, os.fsencode(folder), _DONT_EXIT)
        if self.rate <= 0:
            raise ModelUnavailable(f"espeak-ng cannot read its data in {data}: {_REINSTALL}")
        self.version: str = (self._c.espeak_Info(None) or b"?").decode("ascii", "replace").split()[0]
        self.variants = frozenset(path.name for path in (data / "voices" / "!v").glob("*"))
        self.languages = tuple(self._list())
        self._heard: list[bytes] = []
        self._stopped: Callable[[], bool] = _never
        # The library keeps only the address: the callback must live as long as it does.
        self._callback = _CALLBACK(self._on_audio)
        self._c.espeak_SetSynthCallback(self._callback)

    def choose(self, identifier: str, words_per_minute: int) -> None:
        """Speak with this voice (an identifier, `+variant` appended or not) at this speed from now on."""
        if self._c.espeak_SetVoiceByName(identifier.encode()) != _OK:
            raise SynthesizerError(f"espeak-ng refused its voice {identifier}")
        self._c.espeak_SetParameter(_RATE, words_per_minute, 0)
        # At the default of 100 loud vowels are clipped inside the library; loudness is set afterwards.
        self._c.espeak_SetParameter(_VOLUME, 60, 0)

    def synthesise(self, text: str, stopped: Callable[[], bool]) -> npt.NDArray[np.int16]:
        """`text` as int16 mono samples at `rate`; what was made so far when `stopped` says so."""
        encoded = text.replace("\0", " ").encode("utf-8", "replace")
        self._heard, self._stopped = [], stopped
        try:
            code = self._c.espeak_Synth(encoded, ctypes.c_size_t(len(encoded) + 1), 0, 1, 0, _UTF8, None, None)
            if code != _OK:
                raise SynthesizerError(f"espeak-ng failed with code {code}")
            return np.frombuffer(b"".join(self._heard), np.int16)
        finally:
            self._heard, self._stopped = [], _never

    def _on_audio(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        if count > 0:
            self._heard.append(ctypes.string_at(samples, count * 2))
        return 1 if self._stopped() else 0

    def _list(self) -> list[Language]:
        found: list[Language] = []
        entries = self._c.espeak_ListVoices(None)
        index = 0
        while entries[index]:
            entry = entries[index].contents
            found.append(Language(entry.name.decode(), entry.identifier.decode(), tuple(_tags(entry.languages))))
            index += 1
        return found


def _tags(address: int) -> list[tuple[str, int]]:
    """Language tags of a voice: a priority byte and a C string each, until a zero priority (speak_lib.h)."""
    tags: list[tuple[str, int]] = []
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        tags.append((tag.decode("ascii", "replace"), priority))
        address += len(tag) + 2
    return tags


def _folder_of(data: Path) -> Path:
    """A short path to a folder that holds `espeak-ng-data`: a temporary one with a link if `data` is too long."""
    if not (data / "phontab").is_file():
        raise ModelUnavailable(f"espeak-ng's data is not in {data}: {_REINSTALL}")
    if data.name == "espeak-ng-data" and len(os.fsencode(data)) <= MAX_DATA_PATH:
        return data.parent
    for base in (tempfile.gettempdir(), "/tmp", "/dev/shm"):  # noqa: S108
        if len(os.fsencode(base)) <= MAX_DATA_PATH - 40 and os.access(base, os.W_OK):
            folder = tempfile.TemporaryDirectory(prefix="espeak-", dir=base)
            # Not before the end: the library opens files of it as long as the process lives.
            atexit.register(folder.cleanup)
            link = Path(folder.name) / "espeak-ng-data"
            link.symlink_to(data.resolve(), target_is_directory=True)
            return link.parent
    raise ModelUnavailable(
        f"espeak-ng cannot use a data path over {MAX_DATA_PATH} bytes ({data}), and no temporary "
        "folder with a short path can be written: install into a shorter path, or set TMPDIR to such a folder"
    )


def _never() -> bool:
    return False
