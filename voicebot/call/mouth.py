"""What the bot is saying: asked for, on its way, heard, stopped or stuck."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from voicebot.call.actions import Speak
from voicebot.call.playout import TOLERANCE, PlayClock
from voicebot.call.record import Speaker, TurnEntry
from voicebot.call.rules import Rules
from voicebot.call.transcript import Turn, words_heard
from voicebot.dialog.types import Line

PACE = 0.07
"""Seconds a voice takes for one character, until this call's voice has shown its own (about 14 a second)."""


class Role(Enum):
    """What a speech is for.

    REPLY: a move of the dialog.
    AGAIN: the rest of a reply that noise had stopped; noise does not stop it twice.
    FILLER: bridges a wait of ours.
    """

    REPLY = "reply"
    AGAIN = "again"
    FILLER = "filler"


@dataclass(slots=True)
class Sentence:
    """One `Speak` and how far it has come."""

    utterance: int
    line: Line
    sent: bool = False
    failed: bool = False


@dataclass(slots=True, eq=False)
class Speech:
    """The sentences of one move.

    turn: its place in the transcript; closed with what was heard.
    answers: the caller's turn whose `answered` time is the first audio of this speech.
    """

    role: Role
    sentences: list[Sentence]
    asked: float
    turn: Turn
    answers: Turn | None = None

    @property
    def failed(self) -> bool:
        """Whether any of it could not be spoken."""
        return any(sentence.failed for sentence in self.sentences)


class Mouth:
    """Everything the bot has begun to say and the caller has not yet heard to its end. Times are of the call."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._clock = PlayClock()
        self._speeches: deque[Speech] = deque()
        self._utterances = 0
        self._pace = PACE
        self._owed_since = 0.0
        self._quiet_since = 0.0
        self._unconfirmed: int | None = None
        self._answers: dict[int, tuple[Speech, Turn]] = {}

    @property
    def busy(self) -> bool:
        """Whether something asked for has not been heard to its end."""
        return bool(self._speeches)

    @property
    def quiet_since(self) -> float:
        """When the last word so far was heard."""
        return self._quiet_since

    @property
    def began(self) -> float:
        """When the speech that is heard or waited for was asked for; infinity when there is none."""
        return self._speeches[0].asked if self._speeches else float("inf")

    @property
    def hardened(self) -> bool:
        """Whether mere voice, not understood, must not stop it."""
        return any(speech.role is Role.AGAIN for speech in self._speeches)

    def stoppable(self, now: float) -> bool:
        """Whether something is left to hear, and all of it may be stopped."""
        return self.busy and not any(
            sentence.line.uninterruptible for sentence in self._sentences() if not self._over(sentence, now)
        )

    def say(self, lines: Sequence[Line], role: Role, turn: Turn, now: float) -> tuple[Speech, list[Speak]]:
        """Begin a speech after everything said before."""
        if not self.busy:
            self._owed_since = now
        sentences = [Sentence(self._utterances + place, line) for place, line in enumerate(lines, 1)]
        self._utterances += len(sentences)
        speech = Speech(role, sentences, now, turn)
        self._speeches.append(speech)
        return speech, [Speak(one.utterance, one.line.text) for one in sentences]

    def ready(self, utterance: int, now: float) -> None:
        """The voice has the first audio of `utterance`."""
        for speech in self._speeches:
            if speech.answers is not None and any(one.utterance == utterance for one in speech.sentences):
                speech.answers.ready(now)

    def sent(self, utterance: int, seconds: float, last: bool, now: float) -> None:
        """Audio of `utterance` left for the gateway; the first of a speech answers the turn it is for."""
        for speech in self._speeches:
            for sentence in speech.sentences:
                if sentence.utterance == utterance and not sentence.failed:
                    sentence.sent = sentence.sent or last
                    self._clock.sent(utterance, seconds, now, last)
                    self._owed_since = now
                    if speech.answers is not None:
                        speech.answers.answered(now)
                        self._answers[speech.sentences[-1].utterance] = (speech, speech.answers)
                        speech.answers = None

    def played(self, utterance: int) -> Turn | None:
        """The gateway confirms `utterance`; the turn which is thereby answered in full, if there is one."""
        self._clock.confirmed(utterance)
        if self._unconfirmed == utterance:
            self._unconfirmed = None
        speech, turn = self._answers.pop(utterance, (None, None))
        return None if speech is None or speech.failed else turn

    def failed(self, utterance: int, now: float) -> bool:
        """`utterance` cannot be spoken; whether anybody was waiting for it."""
        for sentence in self._sentences():
            if sentence.utterance == utterance and not sentence.sent and not sentence.failed:
                sentence.failed = True
                self._owed_since = now
                return True
        return False

    def stuck(self, now: float) -> bool:
        """Whether the voice owes audio for too long."""
        if not self._speeches or not any(
            not sentence.sent and not sentence.failed for sentence in self._sentences()
        ):
            return False
        return now >= max(self._owed_since, self._clock.ends) + self._rules.voice_timeout

    def give_up(self, now: float) -> None:
        """Whatever the voice still owes counts as failed."""
        for sentence in self._sentences():
            sentence.failed = sentence.failed or not sentence.sent

    def heard(self, now: float) -> Speech | None:
        """The next speech that has come to its end, its turn closed; None when there is none."""
        if not self._speeches or not all(self._over(one, now) for one in self._speeches[0].sentences):
            return None
        speech = self._speeches.popleft()
        last = speech.sentences[-1].utterance
        self._unconfirmed = None if self._clock.is_confirmed(last) or speech.failed else last
        self._quiet_since = self._close(speech, now, interrupted=False)
        return speech

    def finished(self, now: float) -> bool:
        """Whether everything was heard, and confirmed where a confirmation may still be on its way."""
        if self.busy:
            return False
        return self._unconfirmed is None or now >= self._quiet_since + self._rules.mark_margin

    def flush(self, now: float) -> tuple[Line, ...]:
        """Everything falls silent now; the lines of replies that were not heard to their end."""
        unheard = tuple(
            sentence.line
            for speech in self._speeches
            if speech.role is not Role.FILLER
            for sentence in speech.sentences
            if not self._over(sentence, now)
        )
        self._clock.flushed(now)
        self._answers.clear()
        while self._speeches:
            self._close(self._speeches.popleft(), now, interrupted=True)
        self._quiet_since = now
        self._unconfirmed = None
        return unheard

    def _sentences(self) -> Iterator[Sentence]:
        return (sentence for speech in self._speeches for sentence in speech.sentences)

    def _over(self, sentence: Sentence, now: float) -> bool:
        if sentence.failed:
            return now >= self._clock.ends
        return self._clock.heard(sentence.utterance, now).complete

    def _close(self, speech: Speech, now: float, interrupted: bool) -> float:
        """Write down what was heard of `speech`; when its last word was heard."""
        heard = [self._words(sentence, now) for sentence in speech.sentences]
        starts = [self._clock.started(one.utterance) for one in speech.sentences]
        started = next((start for start in starts if start is not None), now)
        ends = [self._clock.ended(one.utterance) for one in speech.sentences]
        ended = min(now, max((end for end in ends if end is not None), default=now))
        whole = all(self._over(one, now) for one in speech.sentences)
        if text := " ".join(words for words in heard if words):
            speech.turn.entry = TurnEntry(
                0, Speaker.BOT, text, started, ended, interrupted=interrupted and not whole
            )
        speech.turn.close()
        if speech.answers is not None:
            speech.answers.close()
        for sentence in speech.sentences:
            self._clock.forget(sentence.utterance)
        return ended

    def _words(self, sentence: Sentence, now: float) -> str:
        heard = self._clock.heard(sentence.utterance, now)
        text = sentence.line.text
        if heard.complete:
            self._pace = heard.seconds / max(1, len(text))
            return text
        return words_heard(text, heard.seconds, self._whole(sentence))

    def _whole(self, sentence: Sentence) -> float:
        """Seconds all of `sentence` takes: known once all was sent, reckoned from its length until then."""
        if sentence.sent:
            return self._clock.sent_seconds(sentence.utterance)
        return max(self._clock.sent_seconds(sentence.utterance) + TOLERANCE, len(sentence.line.text) * self._pace)
