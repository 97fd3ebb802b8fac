"""One call, from the greeting to the end, as a story.

The caller is heard (`turns`), what was said is decided on (the dialog), the answer is spoken (`mouth`) and
everything is written down (`transcript`). `Call` joins them, and sees to it that nobody waits in silence: every
state it can be in has a time after which it moves on.
"""

from __future__ import annotations

from itertools import count

from voicebot.call.actions import Action, AskLookUp, End, Flush, Forget, Hold, Note
from voicebot.call.ending import hung_up, last_entry, outcome
from voicebot.call.events import (
    CallerKnown,
    Digit,
    Event,
    Failed,
    Frame,
    HungUp,
    LookedUp,
    Part,
    Played,
    Recognised,
    Sent,
    Started,
    Tick,
    VoiceReady,
)
from voicebot.call.hearing import Ear, Hearing
from voicebot.call.interruption import Over, aside
from voicebot.call.keypad import KEYS, Keypad
from voicebot.call.mouth import Mouth, Role
from voicebot.call.record import Disposition, Speaker, Timings, TroubleEntry, TurnEnd, TurnEntry
from voicebot.call.rules import Rules
from voicebot.call.transcript import Turn, TurnLog
from voicebot.call.waiting import Asking, Patience
from voicebot.dialog.types import Completeness, Conversation, HangUp, Line, LookUp, Move, Transfer, Trouble


class Call:
    """The bot's part of one call. Pure: told what happened and when, answers with what to do.

    `now` may count from anywhere, in seconds; everything noted counts from the first stream.
    """

    def __init__(self, conversation: Conversation, rules: Rules) -> None:
        self._conversation = conversation
        self._rules = rules
        self._mouth = Mouth(rules)
        self._keypad = Keypad(rules)
        self._log = TurnLog()
        self._jobs = count(1)
        self._ear = Ear(conversation, rules, self._log, self._jobs)
        self._actions: list[Action] = []
        self._origin: float | None = None
        self._now = 0.0
        self._moved = 0.0
        self._asking: Asking | None = None
        self._plan: Transfer | HangUp | None = None
        self._voice_held = 0.0
        self._unanswered: Turn | None = None
        self._mute = False
        self._gone: float | None = None
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the call has ended; nothing it is told matters any more."""
        return self._over

    @property
    def plan(self) -> Transfer | HangUp | None:
        """How the call is going to end, once that is decided."""
        return self._plan

    def on(self, event: Event, now: float) -> list[Action]:
        """`event` happened at `now`; what to do about it, in order."""
        if self._over:
            return []
        if self._origin is None:
            if not isinstance(event, Started | HungUp):
                return []
            self._origin = now
            if isinstance(event, Started):
                self._origin = now - event.after
                self._now = event.after
                self._perform(self._conversation.open(event.comeback))
        self._now = max(self._now, round(now - self._origin, 6))
        self._take_in(event)
        if isinstance(event, Frame):
            # What follows from it is looked at on the `Tick` that comes at least every 20 ms, not twice.
            return []
        if self._gone is not None:
            self._wait_for_last_words(self._gone)
        elif not self._over:
            self._go_on()
        actions, self._actions = self._actions, []
        return actions

    def _take_in(self, event: Event) -> None:
        match event:
            case _ if self._gone is not None and not isinstance(event, Recognised | Failed):
                pass
            case Frame(pcm, speech):
                if not self._keypad.pressed:
                    self._ear.frame(pcm, speech, self._now)
            case Tick() | Started():
                pass
            case Sent():
                self._mouth.sent(event, self._now)
            case VoiceReady(utterance):
                self._mouth.ready(utterance, self._now)
            case Played(utterance):
                self._played(utterance)
            case Recognised(job, transcript):
                self._ear.recognised(job, transcript, self._now)
            case LookedUp(job, result):
                if self._asking is not None and self._asking.job == job:
                    self._asking.result = result
            case CallerKnown(customer):
                self._conversation.know(customer)
            case Digit(key):
                self._press(key)
            case Failed(part, error, job):
                self._failed(part, error, job)
            case HungUp():
                self._hung_up()

    def _go_on(self) -> None:
        """Whatever is due now, in the order in which it matters to the caller."""
        self._unstick_voice()
        self._hear_out()
        if self._plan is None and self._now >= self._rules.max_call_seconds:
            self._run_out()
        if self._plan is None:
            self._let_interrupt()
        self._hear_caller()
        if self._plan is None:
            self._read_keys()
            self._answer_look_up()
            self._fill_the_wait()
            self._break_silence()
        if self._plan is not None and self._mouth.finished(self._now):
            self._end(self._plan)
        self._actions.extend(Note(entry) for entry in self._log.take())

    # The bot's own voice

    def _say(self, lines: tuple[Line, ...], role: Role) -> None:
        if not lines:
            return
        speech, actions = self._mouth.say(lines, role, self._log.begin(), self._now)
        self._actions.extend(actions)
        if role is Role.REPLY:
            speech.answers, self._unanswered = self._unanswered, None
            if speech.answers is not None:
                speech.answers.decided(self._now)

    def _played(self, utterance: int) -> None:
        turn = self._mouth.played(utterance)
        if turn is not None and (entry := turn.confirmed(self._now)) is not None:
            self._actions.append(Note(entry))

    def _stop(self) -> None:
        self._actions.append(Flush())
        self._mouth.flush(self._now)

    def _resume(self) -> None:
        """Go on with what was held: it was no reason to stop."""
        resume = self._mouth.resume(self._now)
        if resume is not None:
            self._actions.append(resume)
        else:
            self._stop()

    def _hear_out(self) -> None:
        """Speeches that came to their end. A reply nobody could hear is trouble, once until the voice is back."""
        while (speech := self._mouth.heard(self._now)) is not None:
            if not speech.failed:
                self._mute = False
            elif speech.role is not Role.FILLER and not self._mute and not self._plan and not self._asking:
                self._mute = True
                self._perform(self._conversation.trouble(Trouble.INTERNAL))

    def _unstick_voice(self) -> None:
        if self._mouth.stuck(self._now):
            self._note_trouble(Part.SYNTHESIZER, "no audio in time")
            self._mouth.give_up(self._now)
            self._actions.append(Flush())

    # The caller's voice

    def _let_interrupt(self) -> None:
        """Voice holds the bot at once; what is said, or that nothing is, decides whether it goes on."""
        if self._mouth.held:
            self._weigh_interruption()
        elif self._mouth.stoppable(self._now) and self._ear.interrupts(self._now, self._mouth.yields_to):
            self._voice_held = self._now
            self._mouth.hold(self._now)
            self._actions.append(Hold())

    def _weigh_interruption(self) -> None:
        if self._ear.voicing(self._now):
            self._voice_held = self._now
        elif (guess := self._ear.guessed(self._now)) is not None:
            reason = self._aside(guess)
            if reason is not None:
                self._ear.dismiss(guess, reason)
                self._dismiss(guess)
            elif self._asking is not None:
                # Nothing is answered before the look-up is, so the end of the turn would be waited for in silence.
                self._stop()
        elif self._now >= self._voice_held + self._longest_hold():
            self._ear.forgive()
            self._resume()

    def _longest_hold(self) -> float:
        """How long the text is waited for: no cough lasts a second, so after such a voice words are likely."""
        wordy = self._ear.voiced >= self._rules.hold_words
        return self._rules.max_pause if wordy else self._rules.hold_wait

    def _aside(self, hearing: Hearing) -> TurnEnd | None:
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

    def _hear_caller(self) -> None:
        self._actions += self._ear.listen(self._now)
        if self._asking is None and (hearing := self._ear.turn(self._now)) is not None:
            self._commit(hearing)

    def _commit(self, hearing: Hearing) -> None:
        """The turn is over and its text is there."""
        reason = self._aside(hearing)
        if reason is not None or hearing.transcript is None:
            hearing.reason = reason or hearing.reason
            self._dismiss(hearing)
            return
        turn = hearing.turn or self._log.begin()
        turn.entry = hearing.entry(self._now)
        if self._plan is not None:
            turn.close()
            return
        late = hearing.utterance.last_voice > self._mouth.began and self._mouth.stoppable(self._now)
        if self._mouth.held or late:
            self._stop()
        heard = hearing.transcript
        self._answer(turn, self._conversation.hear(heard.text, heard.confidence), heard.confidence)

    def _dismiss(self, hearing: Hearing) -> None:
        """A cough, a nod, or somebody else: not a turn. Whatever it held goes on."""
        turn = hearing.turn or self._log.begin()
        turn.entry = hearing.entry(self._now)
        turn.close()
        if self._mouth.held:
            self._resume()

    # The caller's keys

    def _press(self, key: str) -> None:
        if key not in KEYS:
            return
        if not self._keypad.pressed:
            free = self._plan is None and self._asking is None
            self._actions += self._ear.set_aside(self._now) if free else self._ear.drop()
        if self._plan is None and (self._mouth.held or self._mouth.stoppable(self._now)):
            self._stop()
        self._keypad.press(key, self._now)
        if self._plan is None:
            self._keypad.weigh(self._conversation.keys(self._keypad.pressed))

    def _hear_beginning(self) -> None:
        """Half a number counts that was said just before the rest of it is keyed; the keys cut the reply to it."""
        hearing = self._ear.begun
        if hearing is None:
            return
        if hearing.transcript is not None and hearing.completeness is Completeness.UNFINISHED:
            self._ear.dismiss(hearing, TurnEnd.KEYS)
            self._commit(hearing)
            if self._plan is None and self._keypad.pressed:
                if self._mouth.stoppable(self._now):
                    self._stop()
                self._keypad.weigh(self._conversation.keys(self._keypad.pressed))
        elif hearing.transcript is not None or hearing.failed or self._now >= self._keypad.last + self._rules.slow:
            self._actions += self._ear.lose(hearing)

    def _read_keys(self) -> None:
        self._hear_beginning()
        if self._asking is None and self._ear.begun is None and self._keypad.finished(self._now):
            turn = self._note_keys()
            pressed = turn.entry.keys if turn.entry is not None else ""
            self._answer(turn, self._conversation.press(pressed), None)

    def _note_keys(self) -> Turn:
        started, ended = self._keypad.started, self._keypad.last
        turn = self._log.begin()
        timings = Timings(committed=self._now)
        keys = self._keypad.take()
        turn.entry = TurnEntry(
            0, Speaker.CALLER, "", started, ended, keys=keys, timings=timings, reason=TurnEnd.KEYS
        )
        return turn

    # The dialog

    def _answer(self, turn: Turn, move: Move, confidence: float | None) -> None:
        """`move` answers the caller's `turn`, heard with `confidence`."""
        turn.understood(move.meaning, confidence, self._now)
        self._unanswered = turn
        self._perform(move)

    def _perform(self, move: Move) -> None:
        self._moved = self._now
        if self._mouth.held:
            self._stop()
        self._say(move.say, Role.REPLY)
        match move.then:
            case LookUp(name, slots, wait):
                self._forget_look_up()
                self._asking = Asking(next(self._jobs), wait, Patience(self._now))
                self._actions.append(AskLookUp(self._asking.job, name, slots))
                return
            case Transfer() | HangUp():
                self._forget_look_up()
                self._plan = move.then
        if self._unanswered is not None:
            self._unanswered.close()
            self._unanswered = None

    def _answer_look_up(self) -> None:
        """The answer is spoken when the caller is not speaking."""
        asking = self._asking
        if self._mouth.held or self._ear.voicing(self._now):
            return
        if asking is not None and asking.result is not None:
            self._asking = None
            self._perform(self._conversation.looked_up(asking.result))

    # Nobody waits in silence

    def _fill_the_wait(self) -> None:
        for hearing in self._ear.awaited:
            assert hearing.patience is not None
            if self._now >= hearing.queued + self._rules.hearing_timeout:
                self._lose(hearing, "no answer in time")
            else:
                self._ask_for_patience(hearing.patience, None)
        asking = self._asking
        if asking is not None and asking.result is None:
            if self._now >= asking.patience.since + self._rules.lookup_timeout:
                self._actions.append(Forget(asking.job))
                self._lose_look_up("no answer in time")
            else:
                self._ask_for_patience(asking.patience, asking.wait)

    def _ask_for_patience(self, patience: Patience, wait: Line | None) -> None:
        if self._ear.voicing(self._now) or not patience.ends(self._mouth, self._rules, self._now):
            return
        line = wait if wait is not None and not patience.told else self._conversation.filler()
        patience.told = True
        self._say((line,), Role.FILLER)

    def _break_silence(self) -> None:
        waiting = self._asking or self._keypad.pressed or self._plan
        if waiting or self._mouth.busy or not self._ear.idle:
            return
        if self._now >= max(self._mouth.quiet_since, self._moved) + self._rules.silence:
            self._perform(self._conversation.silent())

    def _run_out(self) -> None:
        """The longest call is over, whatever is going on."""
        self._actions += self._ear.drop()
        if self._mouth.busy:
            self._stop()
        self._perform(self._conversation.trouble(Trouble.TOO_LONG))
        if self._plan is None:
            self._forget_look_up()
            self._plan = HangUp("too_long")

    # Something of ours failed

    def _failed(self, part: Part, error: str, job: int | None) -> None:
        match part:
            case Part.RECOGNIZER if job is not None:
                self._failed_hearing(job, error)
            case Part.SYNTHESIZER if job is not None:
                if self._mouth.failed(job, self._now):
                    self._note_trouble(part, error)
            case Part.LOOKUP if job is not None:
                if self._asking is not None and self._asking.job == job and self._asking.result is None:
                    self._lose_look_up(error)
            case _:
                self._note_trouble(part, error)

    def _failed_hearing(self, job: int, error: str) -> None:
        """A guess is made again when the turn is over; a turn is lost."""
        hearing = self._ear.failed(job)
        if hearing is None:
            return
        if hearing.patience is not None:
            self._lose(hearing, error)
        else:
            self._note_trouble(Part.RECOGNIZER, error)

    def _lose(self, hearing: Hearing, error: str) -> None:
        self._actions += self._ear.lose(hearing)
        self._note_trouble(Part.RECOGNIZER, error)
        if self._plan is None:
            self._perform(self._conversation.trouble(Trouble.HEARING))

    def _lose_look_up(self, error: str) -> None:
        self._asking = None
        self._note_trouble(Part.LOOKUP, error)
        self._perform(self._conversation.trouble(Trouble.LOOKUP))

    def _note_trouble(self, part: Part, error: str) -> None:
        self._actions.append(Note(TroubleEntry(self._now, part.value, error)))

    # The end

    def _hung_up(self) -> None:
        """The caller is gone. What was said last is still worth knowing, so its text is waited for."""
        if self._plan is not None:
            self._close(*outcome(self._plan, self._conversation))
            return
        self._gone = self._now
        self._mouth.flush(self._now)
        self._forget_look_up()
        self._actions += self._ear.last_words(self._now)

    def _wait_for_last_words(self, since: float) -> None:
        if self._over or (self._ear.owing and self._now < since + self._rules.last_words):
            return
        for hearing in self._ear.leftover():
            self._understand(hearing)
        self._close(*hung_up(self._conversation))

    def _understand(self, hearing: Hearing) -> None:
        """Note words that came too late to be answered, and what they meant."""
        turn = hearing.turn or self._log.begin()
        turn.entry = hearing.entry(None)
        heard = hearing.transcript
        if heard is not None and hearing.completeness is not Completeness.NOTHING:
            meaning = self._conversation.hear(heard.text, heard.confidence).meaning
            turn.understood(meaning, heard.confidence, self._now)

    def _end(self, plan: Transfer | HangUp) -> None:
        self._close(*outcome(plan, self._conversation))
        self._actions.append(End(plan))

    def _close(self, disposition: Disposition, reason: str) -> None:
        """Write down what was not yet written, and let go of everything."""
        self._over = True
        self._mouth.flush(self._now)
        for hearing in self._ear.leftover():
            turn = hearing.turn or self._log.begin()
            turn.entry = hearing.entry(None)
        self._actions += self._ear.drop()
        if self._keypad.pressed:
            self._note_keys()
        self._forget_look_up()
        self._log.close()
        self._actions.extend(Note(entry) for entry in self._log.take())
        ended = self._now if self._gone is None else self._gone
        self._actions.append(Note(last_entry(ended, disposition, reason, self._conversation)))

    def _forget_look_up(self) -> None:
        if self._asking is not None and self._asking.result is None:
            self._actions.append(Forget(self._asking.job))
        self._asking = None
