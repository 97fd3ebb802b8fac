"""The caller: polite unless told to interrupt, and patient; says a number once more when it was taken wrongly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.turn_taking.script import Turn, repair
from benchmarks.turn_taking.sounds import Room, Take
from benchmarks.turn_taking.tape import Tape
from voicebot.audio import FRAME_SAMPLES, Pcm
from voicebot.call.playout import TOLERANCE
from voicebot.testing.jambonz_media import PlayedFrame
from voicebot.testing.phone import audible

GAP = 0.5
"""Seconds of silence after which the bot has finished, as a caller thinks."""

BREATH = 0.4
"""Seconds from the decision to speak to the first word. What is behind the caller begins anew with it, so that a
turn sounds the same whenever it is taken, from before the audio a recogniser is given."""

PATIENCE = 9.0
"""Seconds without a word of the bot after which the caller goes on all the same: it has asked by then."""

FAREWELL = 0.5
"""Seconds of the last answer the caller still listens to."""


@dataclass(slots=True)
class Performed:
    """A turn as it was taken.

    began, ended: when its first and its last voiced frame were on the wire, seconds of the call; ended is None
    while the caller speaks. into: whether the bot was talking when it began.
    """

    turn: Turn
    began: float
    into: bool
    mended: bool = False
    ended: float | None = None


class Person:
    """Somebody with a script. Pure: told what the earpiece plays, gives 20 ms of voice.

    sound: how a turn sounds. heard_as: the order number the bot has now, as its words tell the caller.
    """

    def __init__(
        self, turns: Sequence[Turn], sound: Callable[[Turn], Take], room: Room, heard_as: Callable[[], str]
    ) -> None:
        self._turns = list(turns)
        self._sound = sound
        self._room = room
        self._heard_as = heard_as
        self._left: Pcm = np.zeros(0, np.int16)
        self._talking_since: float | None = None
        self._last_sound: float | None = None
        self._spoke = False
        self._idle_since = 0.0
        self._coming: tuple[float, Turn, bool] | None = None
        self.tape = Tape()
        self.performed: list[Performed] = []
        self.done = False
        """Whether everything is said and the last answer was heard to begin."""

    def tick(self, played: PlayedFrame, now: float) -> Pcm:
        """20 ms pass."""
        self._hear(played, now)
        if not len(self._left):
            self._act(now)
        pcm, self._left = self._left[:FRAME_SAMPLES], self._left[FRAME_SAMPLES:]
        frame = self._room.over(np.concatenate((pcm, np.zeros(FRAME_SAMPLES - len(pcm), np.int16))))
        self.tape.add(frame)
        if len(pcm) and not len(self._left):
            self.performed[-1].ended = now
            self._idle_since = now
            self._spoke = False
        return frame

    def _act(self, now: float) -> None:
        if self._coming is None:
            self._decide(now)
        if self._coming is not None and now >= self._coming[0]:
            _, turn, mended = self._coming
            self._coming = None
            self._begin(turn, now, mended)

    def _decide(self, now: float) -> None:
        following = self._turns[0] if self._turns else None
        talking = self._talking_since
        if following is not None and following.over is not None and talking is not None:
            if now - talking >= following.over - BREATH:
                self._breathe(self._turns.pop(0), now)
            return
        wrong = self._wrong()
        if following is None and wrong is None and self._heard_enough(now):
            self.done = True
        elif self._may_speak(now):
            if wrong is not None:
                self._breathe(repair(wrong), now, mended=True)
            elif following is not None:
                self._breathe(self._turns.pop(0), now)
            else:
                self.done = True

    def _breathe(self, turn: Turn, now: float, mended: bool = False) -> None:
        self._coming = now + BREATH - TOLERANCE, turn, mended
        self._room.restart(len(self.performed) + 1)

    def _begin(self, turn: Turn, now: float, mended: bool) -> None:
        take = self._sound(turn)
        self.tape.begin(take)
        self._left = take.pcm
        self.performed.append(Performed(turn, now, self._talking_since is not None, mended))

    def _wrong(self) -> str | None:
        """The number just told, when the bot has another or none."""
        last = self.performed[-1] if self.performed else None
        if last is None or last.mended or not last.turn.number or self._heard_as() == last.turn.number:
            return None
        return last.turn.number

    def _may_speak(self, now: float) -> bool:
        return (self._spoke and self._finished(now)) or (
            self._finished(now) and now - self._idle_since >= PATIENCE
        )

    def _heard_enough(self, now: float) -> bool:
        last = self.performed[-1] if self.performed else None
        if last is None or not last.turn.worded:
            return False
        return self._talking_since is not None and now - max(self._talking_since, self._idle_since) >= FAREWELL

    def _hear(self, played: PlayedFrame, now: float) -> None:
        if audible(played.pcm):
            if self._talking_since is None:
                self._talking_since = now
            self._last_sound = now
            self._spoke = True
        elif self._finished(now):
            self._talking_since = None

    def _finished(self, now: float) -> bool:
        return self._last_sound is None or now - self._last_sound >= GAP
