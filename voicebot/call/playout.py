"""What the caller has actually heard, reckoned from what we sent and when."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

TOLERANCE = 1e-6
"""Seconds by which sums of frame times may miss each other."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How far into an utterance playback has come.

    seconds: audio time heard so far; never more than was sent.
    complete: whether all of the utterance was sent and its last sample has been played.
    """

    seconds: float
    complete: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of an utterance: played from `start` to `end`, and `at` seconds into it where it begins."""

    start: float
    end: float
    at: float


@dataclass(slots=True)
class _Utterance:
    pieces: list[_Piece] = field(default_factory=list)
    next: float = 0.0
    sent: float = 0.0
    whole: bool = False
    confirmed: bool = False

    @property
    def ends(self) -> float:
        return self.pieces[-1].end

    def over(self, now: float) -> bool:
        return self.whole and now >= self.ends - TOLERANCE

    def heard(self, now: float) -> float:
        return max((one.at + min(one.end, now) - one.start for one in self.pieces if now > one.start), default=0.0)


class PlayClock:
    """Follows playback on the far side of a gateway that buffers what we send.

    The gateway plays at real time from the moment the first chunk arrives, in the order of sending, and keeps
    silent while its buffer is empty. Its marks only confirm: some come early, some never. All times are `now`,
    seconds on one clock.
    """

    def __init__(self) -> None:
        self._utterances: dict[int, _Utterance] = {}
        self._ends = 0.0

    @property
    def ends(self) -> float:
        """When everything sent so far has been played."""
        return self._ends

    def sent(
        self, utterance: int, seconds: float, now: float, last: bool = False, at: float | None = None
    ) -> None:
        """`seconds` more of `utterance` left for the gateway; `last` when that was all of it.

        at: where in the utterance they begin, if not where what was sent before ended: after a pause in playing.
        """
        playing = self._utterances.setdefault(utterance, _Utterance())
        if at is not None:
            playing.next = at
            playing.confirmed = False
        start = max(self._ends, now) if seconds or not playing.pieces else playing.ends
        piece = _Piece(start, start + seconds, playing.next)
        self._ends = max(self._ends, piece.end)
        playing.next += seconds
        playing.sent = max(playing.sent, playing.next)
        playing.whole = playing.whole or last
        if playing.pieces and at is None and start - playing.ends < TOLERANCE:
            piece = replace(playing.pieces.pop(), end=piece.end)
        playing.pieces.append(piece)

    def confirmed(self, utterance: int) -> None:
        """The gateway says that `utterance` was played to its end."""
        if (playing := self._utterances.get(utterance)) is not None:
            playing.confirmed = True

    def is_confirmed(self, utterance: int) -> bool:
        """Whether the gateway said that `utterance` was played."""
        playing = self._utterances.get(utterance)
        return playing is not None and playing.confirmed

    def heard(self, utterance: int, now: float) -> Heard:
        """How much of `utterance` was heard by `now`."""
        playing = self._utterances.get(utterance)
        if playing is None:
            return Heard(0.0, False)
        return Heard(playing.heard(now), playing.over(now))

    def over(self, utterance: int, now: float) -> bool:
        """Whether all of `utterance` was heard by `now`."""
        playing = self._utterances.get(utterance)
        return playing is not None and playing.over(now)

    def started(self, utterance: int) -> float | None:
        """When the first sample of `utterance` is played; None when none was sent."""
        playing = self._utterances.get(utterance)
        return playing.pieces[0].start if playing is not None else None

    def ended(self, utterance: int) -> float | None:
        """When the last sample sent of `utterance` is played; None when none was sent."""
        playing = self._utterances.get(utterance)
        return playing.ends if playing is not None else None

    def sent_seconds(self, utterance: int) -> float:
        """How far into `utterance` has been sent."""
        playing = self._utterances.get(utterance)
        return playing.sent if playing is not None else 0.0

    def flushed(self, now: float) -> None:
        """The gateway's buffer was emptied: what was not heard by now never will be."""
        for playing in self._utterances.values():
            cut = any(one.end > now for one in playing.pieces)
            playing.whole = playing.whole and not cut
            playing.next = playing.heard(now)
            playing.pieces = [replace(one, end=min(one.end, now)) for one in playing.pieces if one.start < now]
        self._utterances = {number: one for number, one in self._utterances.items() if one.pieces}
        self._ends = min(self._ends, now)

    def forget(self, utterance: int) -> None:
        """`utterance` is not asked about any more."""
        self._utterances.pop(utterance, None)
