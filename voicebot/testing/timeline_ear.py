"""What the caller hears of the bot in virtual time: sentences on their way, held, resumed and dropped."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from voicebot.call.events import Sent
from voicebot.call.playout import TOLERANCE

CHUNK = 0.1
"""Seconds of audio sent at once."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bot speech that was heard from `start` to `end`: of `utterance`, from `at` seconds into it."""

    utterance: int
    at: float
    start: float
    end: float


@dataclass(slots=True)
class _Sentence:
    """One sentence on its way: `next` is how far it was sent, `again` whether it begins anew there."""

    utterance: int
    ready: float
    seconds: float
    next: float = 0.0
    again: bool = False

    @property
    def sent(self) -> bool:
        return self.next >= self.seconds - TOLERANCE


@dataclass(slots=True)
class Ear:
    """The far side of the bot's voice. Times are seconds since the call started.

    heard: what was to be heard, in order. playing_until: when all that was sent has been played.
    """

    heard: list[Stretch] = field(default_factory=list)
    playing_until: float = 0.0
    _sentences: deque[_Sentence] = field(default_factory=deque)
    _held: bool = False

    def expect(self, utterance: int, ready: float, seconds: float) -> None:
        """One more sentence, whose audio is there from `ready`."""
        self._sentences.append(_Sentence(utterance, ready, seconds))

    def send(self, now: float, lead: float) -> Sent | None:
        """The next chunk that may leave, at most `lead` ahead of the ear, one sentence after the other."""
        if self._held:
            return None
        while self._sentences and self._sentences[0].sent and self._ends(self._sentences[0]) <= now:
            self._sentences.popleft()
        sentence = next((one for one in self._sentences if not one.sent), None)
        if sentence is None or sentence.ready > now + TOLERANCE or self.playing_until - now >= lead:
            return None
        start, at = max(self.playing_until, now), sentence.next
        seconds = min(CHUNK, sentence.seconds - at)
        sentence.next += seconds
        self.playing_until = start + seconds
        self.heard.append(Stretch(sentence.utterance, at, start, self.playing_until))
        again, sentence.again = sentence.again, False
        return Sent(sentence.utterance, seconds, sentence.sent, at if again else None, sentence.seconds)

    def flush(self, now: float) -> set[int]:
        """Drop everything; whose end will not be heard."""
        self._sentences.clear()
        self._held = False
        return self._silence(now)

    def hold(self, now: float) -> set[int]:
        """Fall silent and keep everything for `resume`; whose end will not be heard until then."""
        self._held = True
        return self._silence(now)

    def resume(self, utterance: int, word: float) -> None:
        """Say `utterance` again from `word` seconds into it, and whatever follows it from its beginning."""
        self._held = False
        self._sentences = deque(one for one in self._sentences if one.utterance >= utterance)
        for sentence in self._sentences:
            sentence.again = True
            sentence.next = min(word, sentence.next) if sentence.utterance == utterance else 0.0

    def _silence(self, now: float) -> set[int]:
        """Nothing that was not heard by now ever will be, unless it is sent again."""
        self.playing_until = min(self.playing_until, now)
        unheard = {one.utterance for one in self.heard if one.end > now}
        self.heard = [replace(one, end=min(one.end, now)) for one in self.heard if one.start < now]
        return unheard

    def _ends(self, sentence: _Sentence) -> float:
        """When the last that was sent of it is heard."""
        return max((one.end for one in self.heard if one.utterance == sentence.utterance), default=0.0)
