"""The beat of all calls: what the callers said since the last one is heard at once, then every call goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ParamSpec, Protocol

import structlog

from voicebot.audio import FRAME_SECONDS, Pcm
from voicebot.audio.vad import VoiceDetection
from voicebot.runtime.ticker import Ticker

log = structlog.get_logger()

FRAMES_A_BEAT = 25
"""Frames heard of one call in one beat. More come at once only after the network held them up, and then the other
calls are not to wait for all of them."""

LATE = 0.06
"""Seconds after the last beat from which the loop was busy meanwhile, and frames had to wait for it."""


P = ParamSpec("P")


class Listener(Protocol):
    """A call, as far as the beat knows it."""

    def hear(self, pcm: Pcm, speech: float, at: float) -> None:
        """A frame that arrived at `at`, with its speech probability."""
        ...

    def tick(self, now: float) -> None:
        """20 ms are over."""
        ...

    def unheard(self, error: Exception) -> None:
        """The frame could not be heard because voice detection failed."""
        ...


class Seat:
    """One call's place on the beat."""

    __slots__ = ("afterwards", "beat", "listener", "voice", "waiting")

    def __init__(self, beat: Beat, listener: Listener, voice: int) -> None:
        self.beat = beat
        self.listener = listener
        self.voice = voice
        self.waiting: deque[tuple[Pcm, float]] = deque()
        self.afterwards: deque[Callable[[], None]] = deque()

    def put(self, frame: Pcm, at: float) -> None:
        """`frame` arrived at `at`; it is heard on the next beat."""
        self.waiting.append((frame, at))

    def then(self, told: Callable[[], None], now: float) -> None:
        """Call `told`; if the beat is late, only once what the caller said meanwhile was heard."""
        if self.beat.late(now):
            self.afterwards.append(told)
        else:
            told()

    def catch_up(self) -> None:
        """Hear at once what waits, because something that came after it cannot wait."""
        while self.waiting:
            self.beat.hear([self])
        self.go_on()

    def go_on(self) -> None:
        """What had to wait for frames has waited for them."""
        while self.afterwards:
            _tell(self.afterwards.popleft())

    def spread(self, since: float) -> None:
        """What waits came while nobody could read it, from `since` on: frame after frame, and not all at once.

        More than a beat takes is left alone: who is not heard to the end yet has not been silent since.
        """
        if len(self.waiting) > FRAMES_A_BEAT:
            return
        latest = float("inf")
        for place in range(len(self.waiting) - 1, -1, -1):
            frame, at = self.waiting[place]
            latest = min(at, max(since, latest - FRAME_SECONDS))
            self.waiting[place] = frame, latest

    def leave(self) -> None:
        """The call is over."""
        self.beat.leave(self)


class Beat:
    """Beats for all its seats with the ticker. One call's fault does not take the time from the others."""

    def __init__(self, ticker: Ticker, detection: VoiceDetection) -> None:
        self._detection = detection
        self._seats: dict[Seat, None] = {}
        self._struck = float("inf")
        ticker.join(self.strike)

    def join(self, listener: Listener) -> Seat:
        """A place for `listener`, who is told the time from the next beat on."""
        seat = Seat(self, listener, self._detection.begin())
        self._seats[seat] = None
        return seat

    def leave(self, seat: Seat) -> None:
        """Nothing is told to the seat's listener any more."""
        if self._seats.pop(seat, seat) is None:
            seat.waiting.clear()
            seat.afterwards.clear()
            self._detection.end(seat.voice)

    def strike(self, now: float) -> None:
        """One beat: the frames that came, in rounds of one of each call, what waited for them, then the time."""
        if self.late(now):
            for seat in self._seats:
                seat.spread(self._struck)
        self._struck = now
        for _ in range(FRAMES_A_BEAT):
            if not (seats := [seat for seat in self._seats if seat.waiting]):
                break
            self.hear(seats)
        for seat in tuple(self._seats):
            seat.go_on()
            if seat in self._seats:
                _tell(seat.listener.tick, now)

    def late(self, now: float) -> bool:
        """Whether so much time has passed since the last beat that there may be frames nobody has read."""
        return now - self._struck > LATE

    def hear(self, seats: list[Seat]) -> None:
        """The oldest frame that waits on each of `seats`."""
        frames = [seat.waiting.popleft() for seat in seats]
        try:
            heard = self._detection.probabilities([seat.voice for seat in seats], [pcm for pcm, _ in frames])
        except Exception as error:
            for seat in seats:
                _tell(seat.listener.unheard, error)
            return
        for seat, (pcm, at), speech in zip(seats, frames, heard, strict=True):
            _tell(seat.listener.hear, pcm, speech, at)


def _tell(told: Callable[P, None], *args: P.args, **options: P.kwargs) -> None:
    try:
        told(*args, **options)
    except Exception:
        log.exception("beat.call_failed")
