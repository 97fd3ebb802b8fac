"""What the bot is saying, on its way to the gateway: queued, paced, and dropped on a flush."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from voicebot.audio import SAMPLE_RATE, Pcm
from voicebot.call.events import Sent
from voicebot.gateways.port import Message, Wire

CHUNK_SAMPLES = SAMPLE_RATE // 10
"""Audio per message: 100 ms, above the smallest message every gateway plays at once (gateways that
buffer hold back less than 80 ms)."""

MARK = re.compile("u[0-9]{1,9}")


@dataclass(slots=True)
class _Utterance:
    number: int
    chunks: deque[Pcm] = field(default_factory=deque)
    complete: bool = False


class Playback:
    """The outgoing side of one call. Pure: told the time, returns what to send.

    Audio is sent at most `wire.lead` seconds ahead of the caller's ear, in the order the utterances were begun.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._queue: deque[_Utterance] = deque()
        self._ends_at = 0.0
        self._not_before = 0.0

    def begin(self, number: int) -> None:
        """Reserve the next place in the order for utterance `number`."""
        self._queue.append(_Utterance(number))

    def add(self, number: int, pcm: Pcm) -> None:
        """More audio of `number`; ignored if a flush dropped it."""
        if (utterance := self._find(number)) is not None:
            utterance.chunks.extend(pcm[at : at + CHUNK_SAMPLES] for at in range(0, len(pcm), CHUNK_SAMPLES))

    def complete(self, number: int) -> None:
        """No more audio of `number` will come."""
        if (utterance := self._find(number)) is not None:
            utterance.complete = True

    def flush(self, now: float) -> list[Message]:
        """Drop everything; the messages that silence the gateway."""
        self._queue.clear()
        messages = list(self._wire.flush(now))
        self._ends_at = now
        self._not_before = self._wire.quiet_until(now)
        return messages

    def remaining(self, now: float) -> float:
        """Seconds of audio sent and not yet played."""
        return max(0.0, self._ends_at - now)

    def pump(self, now: float) -> Iterator[tuple[list[Message], Sent]]:
        """Everything that may leave now: for each piece its messages and the event that reports it."""
        while self._queue and now >= self._not_before:
            utterance = self._queue[0]
            if utterance.chunks:
                if self._ends_at - now >= self._wire.lead:
                    return
                pcm = utterance.chunks.popleft()
                duration = len(pcm) / SAMPLE_RATE
                self._ends_at = max(self._ends_at, now) + duration
                yield list(self._wire.send(pcm, now)), Sent(utterance.number, duration)
            elif utterance.complete:
                self._queue.popleft()
                yield (
                    list(self._wire.finish(f"u{utterance.number}", now)),
                    Sent(utterance.number, 0.0, last=True),
                )
            else:
                return

    def _find(self, number: int) -> _Utterance | None:
        return next((one for one in self._queue if one.number == number), None)


def mark_number(mark: str) -> int | None:
    """The utterance a mark made by `Playback` confirms; None for anything else."""
    return int(mark[1:]) if MARK.fullmatch(mark) else None
