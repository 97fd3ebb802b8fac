"""The bot's part in the talk: it does what the dialog decided, and knows how the call is going to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voicebot.call.actions import Action, Flush, Note
from voicebot.call.mouth import Mouth, Role
from voicebot.call.transcript import Turn, TurnLog
from voicebot.call.waiting import Errand
from voicebot.dialog.types import HangUp, Line, LookUp, Move, Transfer


class Bot:
    """Says what is to be said, asks what is to be looked up, and keeps what is planned. Times are of the call."""

    def __init__(self, mouth: Mouth, errand: Errand, log: TurnLog, jobs: Iterator[int]) -> None:
        self._mouth = mouth
        self._errand = errand
        self._log = log
        self._jobs = jobs
        self._unanswered: Turn | None = None
        self._mute = False
        self.plan: Transfer | HangUp | None = None
        """How the call is going to end, once that is decided."""
        self.moved = 0.0
        """When the dialog last decided something."""

    def answer(self, turn: Turn, move: Move, confidence: float | None, now: float) -> list[Action]:
        """`move` answers the caller's `turn`, heard with `confidence`; None for keys."""
        turn.understood(move.meaning, confidence, now)
        self._unanswered = turn
        return self.perform(move, now)

    def perform(self, move: Move, now: float) -> list[Action]:
        """Carry out `move`. What was held is never said."""
        self.moved = now
        actions = self.stop(now) if self._mouth.held else []
        actions += self.say(move.say, Role.REPLY, now)
        match move.then:
            case LookUp() as look_up:
                actions += self._errand.drop()
                actions.append(self._errand.begin(next(self._jobs), look_up, now))
                return actions
            case Transfer() | HangUp():
                actions += self._errand.drop()
                self.plan = move.then
        if self._unanswered is not None:
            self._unanswered.close()
            self._unanswered = None
        return actions

    def say(self, lines: Sequence[Line], role: Role, now: float) -> list[Action]:
        """Say `lines` after everything said before; a reply answers the turn that waits for one."""
        if not lines:
            return []
        speech, speaks = self._mouth.say(lines, role, self._log.begin(), now)
        if role is Role.REPLY:
            speech.answers, self._unanswered = self._unanswered, None
            if speech.answers is not None:
                speech.answers.decided(now)
        return [*speaks]

    def stop(self, now: float) -> list[Action]:
        """Say nothing more of what was to be said."""
        self._mouth.flush(now)
        return [Flush()]

    def resume(self, now: float) -> list[Action]:
        """Go on with what was held: it was no reason to stop."""
        resume = self._mouth.resume(now)
        return [resume] if resume is not None else self.stop(now)

    def played(self, utterance: int, now: float) -> list[Action]:
        """The gateway confirms `utterance`; what is to be noted of the turn it answers."""
        turn = self._mouth.played(utterance)
        entry = turn.confirmed(now) if turn is not None else None
        return [Note(entry)] if entry is not None else []

    def unheard(self, now: float) -> bool:
        """Whether a reply came to its end that nobody could hear: once, until the voice is back."""
        while (speech := self._mouth.heard(now)) is not None:
            if not speech.failed:
                self._mute = False
            elif speech.role is not Role.FILLER and not self._mute and not self.plan and not self._errand.open:
                self._mute = True
                return True
        return False
