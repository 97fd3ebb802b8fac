"""jambonz: the audio fork of a `listen` verb (mod_audio_fork of the jambonz FreeSWITCH modules).

Comes in: one text frame of metadata, then binary 16-bit little-endian PCM of any length, and text frames for key
presses and marks. There is no message for the end: the socket closes.
Goes out: binary PCM at 8 kHz, and JSON commands with a `type`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from voicebot.audio import SAMPLE_RATE, Pcm
from voicebot.audio.downsample import Downsampler
from voicebot.errors import ProtocolError
from voicebot.gateways.frames import (
    printable,
    quoted,
    read_call_id,
    read_key,
    read_number,
    read_object,
    read_part,
    read_text,
)
from voicebot.gateways.port import (
    AudioReceived,
    DigitReceived,
    MarkCleared,
    MarkPlayed,
    Message,
    StreamStarted,
    WireEvent,
)

SUBPROTOCOLS = ("audio.drachtio.org", "audio.jambonz.org")
"""What media servers offer: the module's default, and what jambonz's install recipes set."""

FIRST_SAMPLES = 1280
"""160 ms. The module's pre-buffer lets nothing through before it holds this much, the first time."""

LEAST_SAMPLES = 640
"""80 ms: the threshold for every later message. A shorter one would wait for the next, for ever if none comes."""

TARGET_SAMPLES = 800
"""100 ms: what we wait for between messages, with room above the threshold."""

TAIL_SAMPLES = 960
"""120 ms of zeros close each utterance, so that nothing of it stays behind in a buffer."""

GUARD = 0.06
"""Seconds without audio after a flush: the module applies it at its next 20 ms tick, to all it has by then."""

OVERDUE = 1.0
"""Seconds after its audio's end at which a mark counts as lost."""

_RATES = (8000, 16000, 24000, 32000, 48000)
_MARK_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OWN_FIELDS = frozenset({"sampleRate", "mixType", "callSid", "from", "to", "token"})


class JambonzWire:
    """One audio fork. Every binary message we send leaves the far side's pre-buffer empty.

    That invariant is what makes a flush complete: the module's `killAudio` does not empty the pre-buffer.
    """

    def __init__(self) -> None:
        self._started = False
        self._channels = 1
        self._downsampler: Downsampler | None = None
        self._rest = b""
        self._held: list[Pcm] = []
        self._held_samples = 0
        self._first = True
        self._open = False
        self._plays_until = 0.0
        self._quiet_until = 0.0
        self._mark = ""
        self._mark_due = 0.0

    @property
    def lead(self) -> float:
        """0.6 s: the module takes any amount, but what it has taken blurs what the caller heard."""
        return 0.6

    def receive(self, message: Message, now: float) -> Sequence[WireEvent]:
        if isinstance(message, bytes):
            return self._audio(message)
        frame = read_object(message)
        if not self._started:
            return [self._metadata(frame)]
        if frame.get("event") == "dtmf":
            key = read_key(frame.get("dtmf"))
            return [] if key is None else [DigitReceived(key)]
        if frame.get("type") == "mark":
            return self._marked(read_part(frame, "data"))
        return []

    def send(self, pcm: Pcm, now: float) -> Sequence[Message]:
        self._hold(_scrub(pcm))
        enough = FIRST_SAMPLES if self._first else TARGET_SAMPLES
        return [self._emit(now)] if self._held_samples >= enough else []

    def finish(self, mark: str, now: float) -> Sequence[Message]:
        """As `Wire.finish`. The mark is left out while another is outstanding: names come back shifted otherwise.

        mark: letters, digits, `-` and `_`, because the module echoes it unescaped; "" for none.
        """
        if mark and not _MARK_NAME.fullmatch(mark):
            raise ValueError(f"a mark is named with letters, digits, - and _, not {mark!r}")
        messages: list[Message] = []
        if self._held_samples:
            self._pad(FIRST_SAMPLES if self._first else LEAST_SAMPLES)
            messages.append(self._emit(now))
        if not self._open and not mark:
            return messages
        # The module puts a mark before the binary message that follows it: between the last audio and the zeros it
        # comes back when the audio has been played.
        messages.extend(self._ask_for(mark, now))
        self._hold(np.zeros(FIRST_SAMPLES if self._first else TAIL_SAMPLES, np.int16))
        messages.append(self._emit(now))
        self._open = False
        return messages

    def flush(self, now: float) -> Sequence[Message]:
        self._held.clear()
        self._held_samples = 0
        self._open = False
        self._plays_until = now
        self._quiet_until = now + GUARD
        self._mark_due = now + OVERDUE
        return [_command("killAudio")]

    def quiet_until(self, now: float) -> float:
        return max(now, self._quiet_until)

    def end(self) -> Sequence[Message]:
        return [_command("disconnect")]

    def _metadata(self, frame: Mapping[str, Any]) -> StreamStarted:
        if "type" in frame or "event" in frame:
            raise ProtocolError("the first frame must be the metadata of a jambonz listen verb")
        rate = read_number(frame, "sampleRate", SAMPLE_RATE)
        if rate not in _RATES:
            raise ProtocolError(
                f'sampleRate {quoted(str(rate))} is not supported: set "sampleRate": 8000 on the listen verb'
            )
        mix = read_text(frame, "mixType") or "mono"
        if mix not in ("mono", "stereo"):
            raise ProtocolError(f'mixType {quoted(mix)} would let the bot hear itself: set "mixType": "mono"')
        self._channels = 2 if mix == "stereo" else 1
        self._downsampler = None if rate == SAMPLE_RATE else Downsampler(rate)
        started = StreamStarted(
            call_id=read_call_id(frame, "callSid"),
            caller=read_text(frame, "from"),
            called=read_text(frame, "to"),
            token=read_text(frame, "token"),
            context={
                name: text
                for key, value in frame.items()
                if key not in _OWN_FIELDS and (text := printable(value)) and (name := printable(key))
            },
        )
        self._started = True
        return started

    def _audio(self, message: bytes) -> Sequence[WireEvent]:
        if not self._started:
            raise ProtocolError("audio came before the metadata of the jambonz listen verb")
        data = self._rest + message if self._rest else message
        whole = len(data) - len(data) % (2 * self._channels)
        self._rest = data[whole:]
        # Stereo is interleaved, and the caller is its left channel.
        pcm = np.frombuffer(data, "<i2", whole // 2).astype(np.int16, copy=False)[:: self._channels]
        if self._downsampler is not None:
            pcm = self._downsampler.push(pcm)
        return [AudioReceived(pcm)] if len(pcm) else []

    def _marked(self, data: Mapping[str, Any]) -> Sequence[WireEvent]:
        name = read_text(data, "name")
        event = data.get("event")
        if event not in ("playout", "cleared"):
            return []
        if name == self._mark:
            self._mark = ""
        return [MarkPlayed(name) if event == "playout" else MarkCleared(name)]

    def _ask_for(self, mark: str, now: float) -> Sequence[Message]:
        if not mark or (self._mark and now < self._mark_due):
            return []
        # After a flush with a mark on its way the module swallows the next one but keeps its name, and every later
        # mark would come back under the name before: forgetting all names brings both sides into step again.
        lost = [_command("clearMarks")] if self._mark else []
        self._mark = mark
        self._mark_due = max(now, self._plays_until) + OVERDUE
        return [*lost, _command("mark", name=mark)]

    def _hold(self, pcm: Pcm) -> None:
        self._held.append(pcm)
        self._held_samples += len(pcm)

    def _pad(self, least: int) -> None:
        if self._held_samples < least:
            self._hold(np.zeros(least - self._held_samples, np.int16))

    def _emit(self, now: float) -> bytes:
        pcm = np.concatenate(self._held)
        self._held = []
        self._held_samples = 0
        self._first = False
        self._open = True
        self._plays_until = max(now, self._plays_until) + len(pcm) / SAMPLE_RATE
        return pcm.astype("<i2").tobytes()


def _scrub(pcm: Pcm) -> Pcm:
    # The module marks a place in the audio by the sample -1 and takes every other -1 for one.
    scrubbed: Pcm = pcm + (pcm == -1)
    return scrubbed


def _command(kind: str, **data: str) -> str:
    return json.dumps({"type": kind, "data": data} if data else {"type": kind})
