"""What the bot is saying, on its way to the gateway: queued, paced, held and gone on with, or dropped."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from voicebot.audio import SAMPLE_RATE, Pcm
from voicebot.audio.boundary import quietest
from voicebot.audio.echo import EchoGuard
from voicebot.call.events import Sent
from voicebot.gateways.port import Message, Wire
from voicebot.runtime.recording import Recording

CHUNK_SAMPLES = SAMPLE_RATE // 10
"""Audio per message: 100 ms, above the smallest message every gateway plays at once (gateways that
buffer hold back less than 80 ms)."""

NEARBY = 0.15
"""Seconds around where a word is reckoned to begin in which it really does."""

MARK = re.compile("u[0-9]{1,9}")


@dataclass(slots=True)
class _Utterance:
    """What the voice made of one utterance so far. All of it is kept until it was heard: it may have to be resent.

    next: sample that leaves next; again: it was sent before, so that its place must be told. ended: its mark was
    asked for; heard_at: when the last sample sent is played.
    """

    number: int
    pieces: list[Pcm] = field(default_factory=list)
    length: int = 0
    complete: bool = False
    next: int = 0
    again: bool = False
    ended: bool = False
    heard_at: float = 0.0

    @property
    def pcm(self) -> Pcm:
        if len(self.pieces) != 1:
            self.pieces = [np.concatenate((np.zeros(0, np.int16), *self.pieces))]
        return self.pieces[0]


class Playback:
    """The outgoing side of one call. Pure: told the time, returns what to send.

    Audio is sent at most `wire.lead` seconds ahead of the caller's ear, in the order the utterances were begun.
    recording: gets to know what the caller hears.
    """

    def __init__(self, wire: Wire, recording: Recording | None = None) -> None:
        self._wire = wire
        self._recording = recording
        self._queue: deque[_Utterance] = deque()
        self._ends_at = 0.0
        self._not_before = 0.0
        self._held = False
        self._guard = EchoGuard()

    def begin(self, number: int) -> None:
        """Reserve the next place in the order for utterance `number`."""
        self._queue.append(_Utterance(number))

    def add(self, number: int, pcm: Pcm) -> None:
        """More audio of `number`; ignored if a flush dropped it."""
        if (utterance := self._find(number)) is not None and len(pcm):
            utterance.pieces.append(pcm)
            utterance.length += len(pcm)

    def complete(self, number: int) -> None:
        """No more audio of `number` will come."""
        if (utterance := self._find(number)) is not None:
            utterance.complete = True

    def hold(self, now: float) -> list[Message]:
        """Send nothing more and keep everything; the messages that silence the gateway."""
        self._held = True
        return self._silence(now)

    def resume(self, number: int, heard: float, word: float) -> None:
        """Go on in utterance `number`, of which `heard` seconds were heard, and with those after it.

        word: seconds at which the word is reckoned to begin in which it was held; the faint place nearest before
        what was not heard decides.
        """
        self._held = False
        while self._queue and self._queue[0].number < number:
            self._queue.popleft()
        for utterance in self._queue:
            utterance.again = utterance.again or utterance.next > 0
            utterance.ended = False
            if utterance.number == number:
                latest = min(round(heard * SAMPLE_RATE), utterance.next)
                reckoned = round(word * SAMPLE_RATE)
                near = round(NEARBY * SAMPLE_RATE)
                until = min(latest, reckoned + near)
                utterance.next = quietest(utterance.pcm, min(reckoned - near, until), until) if word > 0 else 0
            else:
                utterance.next = 0

    def flush(self, now: float) -> list[Message]:
        """Drop everything; the messages that silence the gateway, if it is not silent because of a hold."""
        self._queue.clear()
        held, self._held = self._held, False
        return [] if held else self._silence(now)

    def echoed(self, frame: Pcm, now: float, voice: bool) -> bool:
        """Whether the caller's `frame`, which arrived at `now`, is but what was sent, come back.

        voice: whether it is taken for voice; other frames do not matter. Every frame has to be shown.
        """
        return self._guard.hear(frame, now, voice)

    def remaining(self, now: float) -> float:
        """Seconds of audio sent and not yet played."""
        return max(0.0, self._ends_at - now)

    def pump(self, now: float) -> Iterator[tuple[list[Message], Sent]]:
        """Everything that may leave now: for each piece its messages and the event that reports it."""
        while self._queue and self._queue[0].ended and self._queue[0].heard_at <= now and not self._held:
            self._queue.popleft()
        # What the events lead to may drop or hold everything, so it is looked at anew each time.
        while not self._held and now >= self._not_before:
            utterance = next((one for one in self._queue if not one.ended), None)
            if utterance is None:
                return
            if utterance.next < utterance.length:
                if self._ends_at - now >= self._wire.lead:
                    return
                yield self._send(utterance, now)
            elif utterance.complete:
                utterance.ended = True
                utterance.heard_at = max(self._ends_at, now)
                yield (
                    list(self._wire.finish(f"u{utterance.number}", now)),
                    Sent(utterance.number, 0.0, last=True, of=utterance.length / SAMPLE_RATE),
                )
            else:
                return

    def _send(self, utterance: _Utterance, now: float) -> tuple[list[Message], Sent]:
        start = utterance.next
        pcm = utterance.pcm[start : start + CHUNK_SAMPLES]
        utterance.next += len(pcm)
        again, utterance.again = utterance.again, False
        duration = len(pcm) / SAMPLE_RATE
        plays_at = max(self._ends_at, now)
        self._guard.played(pcm, plays_at)
        if self._recording is not None:
            self._recording.bot(pcm, plays_at, now)
        self._ends_at = plays_at + duration
        at = start / SAMPLE_RATE if again else None
        of = utterance.length / SAMPLE_RATE if utterance.complete else None
        return list(self._wire.send(pcm, now)), Sent(utterance.number, duration, at=at, of=of)

    def _silence(self, now: float) -> list[Message]:
        messages = list(self._wire.flush(now))
        self._guard.silenced(now)
        if self._recording is not None:
            self._recording.cut(now)
        self._ends_at = now
        self._not_before = self._wire.quiet_until(now)
        return messages

    def _find(self, number: int) -> _Utterance | None:
        return next((one for one in self._queue if one.number == number), None)


def mark_number(mark: str) -> int | None:
    """The utterance a mark made by `Playback` confirms; None for anything else."""
    return int(mark[1:]) if MARK.fullmatch(mark) else None
