"""What the bot is saying: asked for, on its way, heard, stopped or stuck."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from voicebot.call.actions import Resume, Speak
from voicebot.call.events import Sent
from voicebot.call.playout import TOLERANCE, PlayClock
from voicebot.call.record import Speaker, TurnEntry
from voicebot.call.rules import Rules
from voicebot.call.transcript import Turn, word_begins, words_heard
from voicebot.dialog.types import Line

PACE = 0.07
"""Seconds a voice takes for one character, until this call's voice has shown its own (about 14 a second)."""


ECHO_DELAY = 0.6
"""Seconds by which our own voice may come back late: both ways through the network and its buffers."""

ASKED = 0.5
"""Share of a question after which callers know what it is and answer."""

REMEMBERED = 4
"""Sentences said lately whose words are known, to tell an echo of them by."""


class Role(Enum):
    """What a speech is for.

    REPLY: a move of the dialog.
    FILLER: bridges a wait of ours.
    """

    REPLY = "reply"
    FILLER = "filler"


@dataclass(slots=True)
class Sentence:
    """One `Speak` and how far it has come.

    sent: all of it left for the gateway. seconds: how long it is, once that is known; 0 until then.
    """

    utterance: int
    line: Line
    sent: bool = False
    failed: bool = False
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Speech:
    """The sentences of one move.

    turn: its place in the transcript; closed with what was heard.
    answers: the caller's turn whose `answered` time is the first audio of this speech.
    holds: how often a noise held it.
    """

    role: Role
    sentences: list[Sentence]
    asked: float
    turn: Turn
    answers: Turn | None = None
    holds: int = 0

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
        self._lately: deque[Sentence] = deque()
        self._held = False

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
    def held(self) -> bool:
        """Whether the rest of what it was saying waits."""
        return self._held

    @property
    def yields_to(self) -> float:
        """Seconds of voice for which it is held; infinity where only words stop it, after noise did too often."""
        holds = max((speech.holds for speech in self._speeches), default=0)
        if holds >= self._rules.most_holds:
            return float("inf")
        return self._rules.hold_voice if holds else self._rules.barge_in_voice

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

    def sent(self, sent: Sent, now: float) -> None:
        """Audio left for the gateway; the first of a speech answers the turn it is for."""
        for speech in self._speeches:
            for sentence in speech.sentences:
                if sentence.utterance == sent.utterance and not sentence.failed:
                    sentence.sent = sentence.sent or sent.last
                    self._clock.sent(sent.utterance, sent.seconds, now, sent.last, sent.at)
                    if sent.last or sent.of is not None:
                        sentence.seconds = sent.of or self._clock.sent_seconds(sent.utterance)
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
        owing = self.busy and not self._held
        if not owing or now < max(self._owed_since, self._clock.ends) + self._rules.voice_timeout:
            return False
        return any(not sentence.sent and not sentence.failed for sentence in self._sentences())

    def give_up(self) -> None:
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

    def hold(self, now: float) -> None:
        """Everything falls silent now, and goes on later: with `resume`, or never, after `flush`."""
        self._clock.flushed(now)
        self._held = True

    def resume(self, now: float) -> Resume | None:
        """Go on in the word in which it was held; None when nothing is left to say."""
        self._held = False
        self._owed_since = now
        for speech in self._speeches:
            speech.holds += 1
        left = [one for one in self._sentences() if not one.failed and not self._over(one, now)]
        for sentence in left:
            sentence.sent = False
        if not left:
            return None
        first = left[0]
        heard = self._clock.heard(first.utterance, now).seconds
        return Resume(first.utterance, heard, word_begins(first.line.text, heard, self._whole(first)))

    def flush(self, now: float) -> None:
        """Everything falls silent now, for good."""
        self._clock.flushed(now)
        self._answers.clear()
        self._held = False
        while self._speeches:
            self._close(self._speeches.popleft(), now, interrupted=True)
        self._quiet_since = now
        self._unconfirmed = None

    def spoken(self, since: float, until: float) -> str:
        """The words the caller may have heard from `since` to `until`, or their echo; "" when there were none."""
        words = []
        for sentence in (*self._lately, *self._sentences()):
            before = self._clock.heard(sentence.utterance, since - ECHO_DELAY).seconds
            after = self._clock.heard(sentence.utterance, until).seconds
            if after > before:
                words.append(_between(sentence.line.text, before, after, self._whole(sentence)))
        return " ".join(words)

    def saying(self, since: float) -> bool:
        """Whether it was speaking at `since` and still has something to say."""
        starts = [self._clock.started(one.utterance) for one in self._sentences()]
        return any(start is not None and start <= since for start in starts)

    def asked(self, at: float) -> bool:
        """Whether at `at` the caller had heard enough of a question to answer it, and nothing of ours since."""
        asked = False
        for sentence in (*self._lately, *self._sentences()):
            heard = self._clock.heard(sentence.utterance, at).seconds
            if heard > 0:
                asked = sentence.line.text.rstrip().endswith("?") and heard >= ASKED * self._whole(sentence)
        return asked

    def _sentences(self) -> Iterator[Sentence]:
        return (sentence for speech in self._speeches for sentence in speech.sentences)

    def _over(self, sentence: Sentence, now: float) -> bool:
        if sentence.failed:
            return now >= self._clock.ends
        return self._clock.over(sentence.utterance, now)

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
        self._lately.extend(speech.sentences)
        while len(self._lately) > REMEMBERED:
            self._clock.forget(self._lately.popleft().utterance)
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
        if sentence.seconds:
            return sentence.seconds
        return max(self._clock.sent_seconds(sentence.utterance) + TOLERANCE, len(sentence.line.text) * self._pace)


def _between(text: str, since: float, until: float, total: float) -> str:
    """The words of `text` said from `since` to `until` of its `total` seconds, with one more on either side."""
    words, place = text.split(), 0
    begin, end = (len(text) * at / total for at in (since, until)) if total > 0 else (0.0, 0.0)
    near = []
    for number, word in enumerate(words):
        place = text.index(word, place)
        if place < end and place + len(word) > begin:
            near.append(number)
        place += len(word)
    return " ".join(words[max(0, near[0] - 1) : near[-1] + 2]) if near else ""
