"""Samples out of a body that arrives piece by piece: a WAV file (RIFF), or nothing but 16-bit samples."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from voicebot.errors import SynthesizerError

PCM_RATE = 24000
"""Samples per second of `response_format: pcm` (OpenAI's speech guide: 24 kHz, 16-bit signed, little-endian)."""

_MOST_HEADER = 65536
_PCM, _EXTENSIBLE = 1, 0xFFFE
_SNIFFED = 8
_COMPRESSED = {b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"\x1aE\xdf\xa3": "WebM"}
_MP3_FRAMES = frozenset((0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2))
"""Second byte of an MP3 without tags, after 0xFF (ISO 11172-3): a first sample of -1025 or louder."""

_WRITTEN = frozenset((*range(0x20, 0x7F), *b"\t\r\n"))


class SpeechReader:
    """Finds out which of the two it is by the first bytes; `feed` gives int16 mono samples at `rate`.

    What is plainly neither (compressed audio, a text), whatever its content type says, is refused: played as
    samples it would be the loudest noise a line carries.

    rate: of samples without a header. The lengths in a streamed WAV's header are placeholders and not looked at;
    bytes behind the samples (a LIST chunk) would be heard as a click, so the length is kept to where it is real.
    """

    def __init__(self, rate: int = PCM_RATE) -> None:
        self.rate = rate
        self._channels = 1
        self._bytes = b""
        self._header = True
        self._left: int | None = None
        self._heard = False

    def feed(self, body: bytes) -> npt.NDArray[np.int16]:
        """The samples complete by now. Raises SynthesizerError for what is no PCM of 16 bits."""
        self._bytes += body
        if self._header and not self._started():
            return np.zeros(0, np.int16)
        width = 2 * self._channels
        usable = len(self._bytes) if self._left is None else min(len(self._bytes), self._left)
        usable -= usable % width
        frames = np.frombuffer(self._bytes[:usable], "<i2").reshape(-1, self._channels)
        self._bytes = self._bytes[usable:]
        if self._left is not None:
            self._left -= usable
            self._bytes = self._bytes[: self._left]
        self._heard = self._heard or bool(usable)
        if self._channels == 1:
            return frames[:, 0].astype(np.int16)
        mono: npt.NDArray[np.int16] = frames.mean(axis=1).astype(np.int16)
        return mono

    def finish(self) -> None:
        """Say that the body is over. Raises SynthesizerError when it ended before the samples it announced."""
        if not self._heard:
            # Fewer bytes than it takes to see what they are: four samples at most, which nobody hears.
            raise SynthesizerError("the server's answer has no audio in it")
        if self._left:
            raise SynthesizerError("the server's audio broke off")

    def _started(self) -> bool:
        """Whether the samples begin at the front of what is held."""
        if len(self._bytes) < _SNIFFED:
            return False
        if not self._bytes.startswith(b"RIFF"):
            _refuse_other(self._bytes[:_SNIFFED])
            self._header = False
            return True
        if len(self._bytes) < 12:
            return False
        at = 12
        described = False
        while len(self._bytes) >= at + 8:
            name, size = struct.unpack_from("<4sI", self._bytes, at)
            if name == b"data":
                if not described:
                    raise SynthesizerError("the server's WAV does not say what is in it")
                self._bytes = self._bytes[at + 8 :]
                self._left = None if size == 0 or size >= 0x7FFFF000 else size
                self._header = False
                return True
            if len(self._bytes) < at + 8 + size and len(self._bytes) < _MOST_HEADER:
                return False
            if name == b"fmt ":
                self._describe(self._bytes[at + 8 : at + 8 + size])
                described = True
            at += 8 + size + size % 2
        if len(self._bytes) > _MOST_HEADER:
            raise SynthesizerError("the server's WAV has no samples where they should be")
        return False

    def _describe(self, fmt: bytes) -> None:
        if len(fmt) < 16:
            raise SynthesizerError("the server's WAV header is cut short")
        code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
        if code not in (_PCM, _EXTENSIBLE) or bits != 16 or channels not in (1, 2) or not 8000 <= rate <= 96000:
            raise SynthesizerError(
                f"the server's WAV has {bits} bits, {channels} channels, {rate} Hz (code {code}); "
                "16-bit PCM of one or two channels is needed"
            )
        self.rate, self._channels = rate, channels


def _refuse_other(begin: bytes) -> None:
    """Raise SynthesizerError where the first bytes are those of compressed audio or of a text."""
    known = [kind for magic, kind in _COMPRESSED.items() if begin.startswith(magic)]
    if begin[0] == 0xFF and begin[1] in _MP3_FRAMES:
        known.append("MP3")
    # Four samples far from zero, whose bytes are all letters and signs: no voice begins so, and every text does.
    if all(byte in _WRITTEN for byte in begin):
        known.append("text")
    if known:
        raise SynthesizerError(
            f"the server sent {known[0]} where samples should be: try VOICEBOT_VOICE_FORMAT=wav, or see its log"
        )
