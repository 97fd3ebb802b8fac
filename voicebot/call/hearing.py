"""The caller's turns on their way to text: guessed in a pause, cut when too long, given up or taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from voicebot.asr import guard
from voicebot.asr.port import JobKind, Transcript
from voicebot.audio import Pcm
from voicebot.call.actions import Action, Forget, Promote, Recognise
from voicebot.call.interruption import senseless
from voicebot.call.record import Speaker, Timings, TurnEnd, TurnEntry
from voicebot.call.rules import Rules
from voicebot.call.transcript import Turn, TurnLog
from voicebot.call.turns import Listener, Utterance, turn_end
from voicebot.call.waiting import Patience
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import Completeness

IGNORED = {
    TurnEnd.NOTHING: "nothing to answer",
    TurnEnd.ECHO: "echo of the bot",
    TurnEnd.NOD: "only listening",
}
"""Why words such as "mhm" were not answered."""


CERTAIN = 0.8
"""Confidence (0..1) from which the words of a voice that stands out least count: what the demo model made of two
minutes of babble had up to 0.75."""


@dataclass(slots=True, eq=False)
class Hearing:
    """An utterance on its way to text, first as a guess, then as the turn.

    voiced: how much voice its audio had when it was sent; the text covers no more than that.
    vad_end: when the silence after it was perceived; None where it was cut in the middle of speech.
    transcript, completeness, recognised: the text, what the dialog thinks of it, and when it was there.
    patience: begins when the turn is over and only the text is missing; `turn` is then its place.
    reason: why the turn is over; None as long as it is not.
    """

    job: int
    utterance: Utterance
    voiced: float
    queued: float
    transcript: Transcript | None = None
    completeness: Completeness | None = None
    vad_end: float | None = None
    recognised: float | None = None
    failed: bool = False
    patience: Patience | None = None
    turn: Turn | None = None
    reason: TurnEnd | None = None

    def entry(self, committed: float | None) -> TurnEntry | None:
        """The caller's turn as far as hearing knows it; None when there is no text."""
        if (heard := self.transcript) is None or not (text := heard.text or heard.doubted):
            return None
        return TurnEntry(
            0,
            Speaker.CALLER,
            text,
            self.utterance.started,
            self.utterance.last_voice,
            confidence=heard.confidence,
            rejected=self._rejected(heard),
            timings=Timings(
                last_voice=self.utterance.last_voice,
                vad_end=self.vad_end,
                queued=self.queued,
                decoding=self._decoding(heard),
                recognised=self.recognised,
                committed=self.patience.since if self.patience is not None else committed,
                decode_seconds=heard.decode_seconds,
            ),
            reason=self.reason or TurnEnd.HUNG_UP,
        )

    @property
    def awaited(self) -> bool:
        """Whether nothing but the text is missing."""
        return self.patience is not None and self.transcript is None

    def _decoding(self, heard: Transcript) -> float | None:
        """When the engine began; what it cannot tell it has not waited for."""
        if self.recognised is None or not heard.decode_seconds:
            return None
        return min(self.queued + heard.wait_seconds, self.recognised)

    def _rejected(self, heard: Transcript) -> str:
        if heard.rejected or self.completeness is Completeness.NOTHING:
            return heard.rejected or IGNORED[TurnEnd.NOTHING]
        return IGNORED.get(self.reason, "") if self.reason is not None else ""


class Ear:
    """Hears one caller: at most one turn that is open, and one before it that was cut and waits for its text.

    What was said before the caller took to the keys waits for its text apart from both.
    """

    def __init__(self, conversation: Conversation, rules: Rules, log: TurnLog, jobs: Iterator[int]) -> None:
        self._conversation = conversation
        self._rules = rules
        self._log = log
        self._jobs = jobs
        self._listener = Listener(rules)
        self._guess: Hearing | None = None
        self._cut: Hearing | None = None
        self._begun: Hearing | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing was said that is not dealt with."""
        return self._listener.utterance is None and self._cut is None

    @property
    def awaited(self) -> list[Hearing]:
        """The turns of which nothing but the text is missing."""
        return [one for one in self._hearings if one.awaited]

    def voicing(self, now: float) -> bool:
        """Whether the caller is speaking."""
        return self._listener.voicing(now)

    def interrupts(self, now: float, least: float) -> bool:
        """Whether the caller is speaking, and has for at least `least` seconds, less what was forgiven."""
        utterance = self._listener.utterance
        if utterance is None or utterance.background or not self.voicing(now):
            return False
        return utterance.voiced - utterance.forgiven >= least

    @property
    def voiced(self) -> float:
        """Seconds of voice in what the caller is saying."""
        return self._listener.utterance.voiced if self._listener.utterance is not None else 0.0

    @property
    def last_voice(self) -> float:
        """When voice last was in what the caller is saying; 0 where he says nothing."""
        return self._listener.utterance.last_voice if self._listener.utterance is not None else 0.0

    def forgive(self) -> None:
        """What was said so far interrupts no more; what follows may."""
        if self._listener.utterance is not None:
            self._listener.utterance.forgiven = self._listener.utterance.voiced

    def guessed(self, now: float) -> Hearing | None:
        """What the caller said before the pause he is in, if its text is there; it may go on."""
        guess, utterance = self._guess, self._listener.utterance
        if guess is None or utterance is None or guess.transcript is None or guess.voiced != utterance.voiced:
            return None
        return None if self.voicing(now) or self._listener.wavering(now) else guess

    @property
    def begun(self) -> Hearing | None:
        """What was said before the first key; it may still lack its text."""
        return self._begun

    def dismiss(self, hearing: Hearing, reason: TurnEnd) -> None:
        """`hearing` is no turn, for this reason, however long the pause."""
        hearing.reason = reason
        self._let_go(hearing)

    def frame(self, pcm: Pcm, speech: float, now: float) -> None:
        """20 ms of caller audio with its speech probability."""
        self._listener.frame(pcm, speech, now)

    def recognised(self, job: int, transcript: Transcript, now: float) -> None:
        """The text of `job`."""
        if (hearing := self._find(job)) is not None:
            reason = transcript.rejected or guard.unvoiced(transcript.text, hearing.voiced)
            completeness = self._weigh(transcript.text, reason)
            if not reason and _bystander(hearing.utterance, transcript, completeness):
                reason, completeness = "background", Completeness.NOTHING
            hearing.transcript = replace(transcript, rejected=reason)
            hearing.recognised = now
            hearing.completeness = completeness

    def failed(self, job: int) -> Hearing | None:
        """`job` has no text; the turn if it mattered. What was only guessed is asked for again in earnest."""
        hearing = self._find(job)
        if hearing is None or hearing.failed or hearing.transcript is not None:
            return None
        hearing.failed = True
        return hearing

    def listen(self, now: float) -> list[Action]:
        """Guess in a pause, drop the guess when the caller speaks on, and see whether the turn is over."""
        utterance = self._listener.utterance
        if utterance is None:
            return []
        actions: list[Action] = []
        if self._guess is not None and self._guess.voiced != utterance.voiced:
            actions += self._forget(self._guess)
            self._guess = None
        end = self._end(now)
        if end is None:
            if self._guess is None and not self.voicing(now) and not self._listener.wavering(now):
                actions.append(self._recognise(utterance, JobKind.GUESS, now))
        elif end is not TurnEnd.TOO_LONG or self._cut is None:
            if self._guess is None or self._guess.failed:
                actions.append(self._recognise(utterance, JobKind.FINAL, now))
            elif self._guess.transcript is None and self._guess.patience is None:
                actions.append(Promote(self._guess.job))
            self._await(now, end)
            if end is TurnEnd.TOO_LONG:
                self._cut, self._guess = self._guess, None
                self._listener.take()
        return actions

    def turn(self, now: float) -> Hearing | None:
        """The next turn that is over and has its text; it is the caller's no more."""
        hearing = self._cut if self._cut is not None else self._guess
        if hearing is None or hearing.transcript is None:
            return None
        if hearing is not self._cut and self._end(now) is None:
            return None
        hearing.reason = hearing.reason or self._end(now)
        self._let_go(hearing)
        return hearing

    def lose(self, hearing: Hearing) -> list[Action]:
        """Give up a turn; what the caller says next opens another."""
        self._let_go(hearing)
        return self._forget(hearing)

    def drop(self) -> list[Action]:
        """Nothing of what the caller is saying is wanted any more."""
        actions = [action for one in self._hearings for action in self._forget(one)]
        self._cut = self._guess = self._begun = None
        self._listener.take()
        return actions

    def set_aside(self, now: float) -> list[Action]:
        """Keys follow what was said: its text is asked for if it is not coming, unless it was a mere sound."""
        cut = self._forget(self._cut) if self._cut is not None else []
        self._cut = None
        actions = self.last_words(now)
        self._begun, self._guess = self._guess, None
        self._listener.take()
        return cut + actions

    def last_words(self, now: float) -> list[Action]:
        """The caller is gone: ask for the text of what was said last, unless it is coming or was a mere sound."""
        utterance = self._listener.utterance
        if utterance is None or utterance.voiced < self._rules.barge_in_voice:
            return self.drop() if self._cut is None else []
        guess = self._guess
        if guess is not None and guess.voiced == utterance.voiced and not guess.failed:
            return [Promote(guess.job)] if guess.transcript is None else []
        forgotten = self._forget(guess) if guess is not None else []
        return [*forgotten, self._recognise(utterance, JobKind.FINAL, now)]

    @property
    def owing(self) -> bool:
        """Whether a text is still to come."""
        return any(one.transcript is None and not one.failed for one in self._hearings)

    def leftover(self) -> list[Hearing]:
        """At the end of the call: what has a text and was not answered."""
        heard = [one for one in self._hearings if one.transcript is not None]
        for hearing in heard:
            self._let_go(hearing)
        return heard

    @property
    def _hearings(self) -> list[Hearing]:
        return [one for one in (self._begun, self._cut, self._guess) if one is not None]

    def _end(self, now: float) -> TurnEnd | None:
        completeness = self._guess.completeness if self._guess is not None else None
        return turn_end(self._listener, completeness, self._rules, now, self._conversation.patience)

    def _recognise(self, utterance: Utterance, kind: JobKind, now: float) -> Recognise:
        """The audio so far covers all that was said so far: its text is the turn's unless more is said."""
        silent = utterance.silent
        if silent is None and not self._listener.voicing(now):
            # Gateways that send nothing while the caller is mute leave only the pause to go by.
            silent = now
        self._guess = Hearing(next(self._jobs), utterance, utterance.voiced, now, vad_end=silent)
        pcm = utterance.audio(self._rules.tail)
        return Recognise(self._guess.job, pcm, kind, self._conversation.hints)

    def _await(self, now: float, end: TurnEnd) -> None:
        """The turn is over. Without its text it waits in its place, and goes on if the caller does."""
        if self._guess is not None and self._guess.transcript is None and self._guess.patience is None:
            self._guess.patience = Patience(now)
            self._guess.turn = self._log.begin()
        if self._guess is not None and self._guess.reason is None:
            self._guess.reason = end

    def _let_go(self, hearing: Hearing) -> None:
        if hearing is self._begun:
            self._begun = None
        elif hearing is self._cut:
            self._cut = None
        else:
            self._guess = None
            self._listener.take()

    def _forget(self, hearing: Hearing) -> list[Action]:
        if hearing.turn is not None:
            hearing.turn.discard()
        return [Forget(hearing.job)] if hearing.transcript is None and not hearing.failed else []

    def _find(self, job: int) -> Hearing | None:
        return next((one for one in self._hearings if one.job == job), None)

    def _weigh(self, text: str, rejected: str) -> Completeness:
        return Completeness.NOTHING if rejected or not text else self._conversation.completeness(text)


def _bystander(utterance: Utterance, heard: Transcript, completeness: Completeness) -> bool:
    """Whether a voice that hardly stands out is nobody's who speaks to us.

    A deaf bot is worse than one that sometimes answers a bystander: level alone decides nothing.
    """
    if utterance.buried and heard.confidence < CERTAIN:
        return bool(heard.text)
    return utterance.background and senseless(heard.text, completeness, heard.confidence)
