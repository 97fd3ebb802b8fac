"""Who has the floor while the bot speaks: a voice takes it at once, and what it says decides who keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.call.hearing import Ear, Hearing
from voicebot.call.interruption import Over, aside
from voicebot.call.mouth import Mouth
from voicebot.call.record import TurnEnd
from voicebot.call.rules import Rules
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import Completeness


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the voice that holds the bot turned out to be.

    words: whether the caller keeps the floor. hearing: what was heard, None where no text came in time.
    """

    words: bool
    hearing: Hearing | None


class Floor:
    """Holds the bot for a voice of the caller, and says when it may go on. Times are of the call."""

    def __init__(self, conversation: Conversation, rules: Rules, ear: Ear, mouth: Mouth) -> None:
        self._conversation = conversation
        self._rules = rules
        self._ear = ear
        self._mouth = mouth
        self._voiced = 0.0
        self._din = False

    def endure(self) -> None:
        """The voice that goes on has no words: until it pauses, only words stop the bot."""
        self._din = True

    def taken(self, now: float) -> bool:
        """Whether the bot is held from now on."""
        voicing = self._ear.voicing(now)
        self._din = self._din and voicing
        # Asked on every tick, so first what is mostly no, and cheaper to tell.
        if self._din or not voicing or not self._mouth.stoppable(now):
            return False
        if not self._ear.interrupts(now, self._mouth.yields_to):
            return False
        self._voiced = now
        self._mouth.hold(now)
        return True

    def verdict(self, now: float) -> Verdict | None:
        """What became of the voice that holds the bot; None while that is open."""
        if self._ear.voicing(now):
            self._voiced = now
        elif (guess := self._ear.guessed(now)) is not None:
            reason = self.aside(guess)
            if reason is not None:
                self._ear.dismiss(guess, reason)
            return Verdict(reason is None, guess)
        elif now >= max(self._voiced, self._ear.last_voice) + self._longest():
            self._ear.forgive()
            return Verdict(False, None)
        return None

    def aside(self, hearing: Hearing) -> TurnEnd | None:
        """Why what was heard is nothing to answer, or None where it is."""
        heard, said = hearing.transcript, hearing.utterance
        if heard is None:
            return TurnEnd.NOTHING
        over = Over(
            self._mouth.spoken(said.started, said.last_voice),
            self._mouth.saying(said.started) and not self._mouth.asked(said.last_voice),
            hearing.voiced,
        )
        return aside(self._conversation, heard, hearing.completeness or Completeness.NOTHING, over)

    def _longest(self) -> float:
        """How long the text is waited for: no cough lasts a second, so after such a voice words are likely."""
        wordy = self._ear.voiced >= self._rules.hold_words
        return self._rules.max_pause if wordy else self._rules.hold_wait
