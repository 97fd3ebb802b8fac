"""One call, from the greeting to the end, as a story.

The caller is heard (`hearing`), what was said is decided on (the dialog), the decision is carried out (`bot`) and
spoken (`mouth`), who speaks over whom is settled (`floor`) and everything is written down (`transcript`). `Call`
joins them, and sees to it that nobody waits in silence: every state it can be in has a time after which it ends.
"""

from __future__ import annotations

from itertools import count

from voicebot.call.actions import Action, End, Flush, Hold, Note
from voicebot.call.bot import Bot
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
from voicebot.call.floor import Floor
from voicebot.call.hearing import Ear, Hearing
from voicebot.call.keypad import KEYS, Keypad
from voicebot.call.mouth import Mouth, Role
from voicebot.call.record import Disposition, TroubleEntry, TurnEnd
from voicebot.call.rules import Rules
from voicebot.call.transcript import Turn, TurnLog
from voicebot.call.waiting import Errand, Patience
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import Completeness, HangUp, Line, Move, Transfer, Trouble


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
        self._floor = Floor(conversation, rules, self._ear, self._mouth)
        self._actions: list[Action] = []
        self._origin: float | None = None
        self._now = 0.0
        self._errand = Errand(rules)
        self._bot = Bot(self._mouth, self._errand, self._log, self._jobs)
        self._gone: float | None = None
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the call has ended; nothing it is told matters any more."""
        return self._over

    @property
    def plan(self) -> Transfer | HangUp | None:
        """How the call is going to end, once that is decided."""
        return self._bot.plan

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
        at = round(now - self._origin, 6)
        self._now = max(self._now, at)
        if isinstance(event, Frame):
            # What follows from it is looked at on the `Tick` that comes at least every 20 ms, not twice.
            if self._gone is None and not self._keypad.pressed:
                # It may have come before something of ours that was told first.
                self._ear.frame(event.pcm, event.speech, at)
            return []
        self._take_in(event)
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
            case Tick() | Started():
                pass
            case Sent():
                self._mouth.sent(event, self._now)
            case VoiceReady(utterance):
                self._mouth.ready(utterance, self._now)
            case Played(utterance):
                self._actions += self._bot.played(utterance, self._now)
            case Recognised(job, transcript):
                self._ear.recognised(job, transcript, self._now)
            case LookedUp(job, result):
                self._errand.answered(job, result)
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
        self._follow_voice()
        if self.plan is None and self._now >= self._rules.max_call_seconds:
            self._run_out()
        if self.plan is None:
            self._let_interrupt()
        self._hear_caller()
        if self.plan is None:
            self._read_keys()
            self._answer_look_up()
            self._fill_the_wait()
            self._break_silence()
        if self.plan is not None and self._mouth.finished(self._now):
            self._end(self.plan)
        self._actions.extend(Note(entry) for entry in self._log.take())

    # The bot's own voice

    def _perform(self, move: Move) -> None:
        self._actions += self._bot.perform(move, self._now)

    def _answer(self, turn: Turn, move: Move, confidence: float | None) -> None:
        self._actions += self._bot.answer(turn, move, confidence, self._now)

    def _stop(self) -> None:
        self._actions += self._bot.stop(self._now)

    def _follow_voice(self) -> None:
        """A voice that is stuck is given up, and a reply that nobody could hear is trouble."""
        if self._mouth.stuck(self._now):
            self._note_trouble(Part.SYNTHESIZER, "no audio in time")
            self._mouth.give_up()
            self._actions.append(Flush())
        while self._bot.unheard(self._now):
            self._perform(self._conversation.trouble(Trouble.INTERNAL))

    # The caller's voice

    def _let_interrupt(self) -> None:
        """Voice holds the bot at once; what is said, or that nothing is, decides whether it goes on."""
        if not self._mouth.held:
            if self._floor.taken(self._now):
                self._actions.append(Hold())
        elif (verdict := self._floor.verdict(self._now)) is not None:
            if verdict.words:
                if self._errand.open:
                    # Nothing is answered before the look-up is, so the turn's end would be waited for in silence.
                    self._stop()
            elif verdict.hearing is not None:
                self._dismiss(verdict.hearing)
            else:
                self._actions += self._bot.resume(self._now)

    def _hear_caller(self) -> None:
        self._actions += self._ear.listen(self._now)
        if not self._errand.open and (hearing := self._ear.turn(self._now)) is not None:
            self._commit(hearing)

    def _commit(self, hearing: Hearing) -> None:
        """The turn is over and its text is there."""
        reason = self._floor.aside(hearing)
        if reason is not None or hearing.transcript is None:
            cut = hearing.reason is TurnEnd.TOO_LONG
            hearing.reason = reason or hearing.reason
            self._dismiss(hearing)
            if cut:
                self._talk_over_noise()
            return
        turn = self._noted(hearing, self._now)
        if self.plan is not None:
            turn.close()
            return
        late = hearing.utterance.last_voice > self._mouth.began and self._mouth.stoppable(self._now)
        if self._mouth.held or late:
            self._stop()
        heard = hearing.transcript
        self._answer(turn, self._conversation.hear(heard.text, heard.confidence), heard.confidence)

    def _talk_over_noise(self) -> None:
        """Noise without end leaves no quiet in which to ask whether anybody is there."""
        self._floor.endure()
        if not (self._mouth.busy or self.plan or self._keypad.pressed) and self._unasked:
            self._perform(self._conversation.silent())

    def _dismiss(self, hearing: Hearing) -> None:
        """A cough, a nod, or somebody else: not a turn. Whatever it held goes on."""
        self._noted(hearing, self._now).close()
        if self._mouth.held:
            self._actions += self._bot.resume(self._now)

    def _noted(self, hearing: Hearing, committed: float | None) -> Turn:
        turn = hearing.turn or self._log.begin()
        turn.entry = hearing.entry(committed)
        return turn

    # The caller's keys

    def _press(self, key: str) -> None:
        if key not in KEYS:
            return
        if not self._keypad.pressed:
            free = self.plan is None and not self._errand.open
            self._actions += self._ear.set_aside(self._now) if free else self._ear.drop()
        if self.plan is None and (self._mouth.held or self._mouth.stoppable(self._now)):
            self._stop()
        self._keypad.press(key, self._now)
        if self.plan is None:
            self._keypad.weigh(self._conversation.keys(self._keypad.pressed))

    def _hear_beginning(self) -> None:
        """Half a number counts that was said just before the rest of it is keyed; the keys cut the reply to it."""
        hearing = self._ear.begun
        if hearing is None:
            return
        if hearing.transcript is not None and hearing.completeness is Completeness.UNFINISHED:
            self._ear.dismiss(hearing, TurnEnd.KEYS)
            self._commit(hearing)
            if self.plan is None and self._keypad.pressed:
                if self._mouth.stoppable(self._now):
                    self._stop()
                self._keypad.weigh(self._conversation.keys(self._keypad.pressed))
        elif hearing.transcript is not None or hearing.failed or self._now >= self._keypad.last + self._rules.slow:
            self._actions += self._ear.lose(hearing)

    def _read_keys(self) -> None:
        self._hear_beginning()
        if not self._errand.open and self._ear.begun is None and self._keypad.finished(self._now):
            turn = self._note_keys()
            pressed = turn.entry.keys if turn.entry is not None else ""
            self._answer(turn, self._conversation.press(pressed), None)

    def _note_keys(self) -> Turn:
        turn = self._log.begin()
        turn.entry = self._keypad.entry(self._now)
        return turn

    def _answer_look_up(self) -> None:
        """The answer is spoken when the caller is not speaking."""
        if not self._errand.open or self._mouth.held or self._ear.voicing(self._now):
            return
        if (result := self._errand.take()) is not None:
            self._perform(self._conversation.looked_up(result))

    # Nobody waits in silence

    def _fill_the_wait(self) -> None:
        for hearing in self._ear.awaited:
            assert hearing.patience is not None
            if self._now >= hearing.queued + self._rules.hearing_timeout:
                self._lose(hearing, "no answer in time")
            else:
                self._ask_for_patience(hearing.patience, None)
        if self._errand.late(self._now):
            self._lose_look_up("no answer in time")
        elif self._errand.awaited:
            self._ask_for_patience(self._errand.patience, self._errand.line)

    def _ask_for_patience(self, patience: Patience, wait: Line | None) -> None:
        if self._ear.voicing(self._now) or not patience.ends(self._mouth, self._rules, self._now):
            return
        patience.told = True
        self._actions += self._bot.say((wait or self._conversation.filler(),), Role.FILLER, self._now)

    def _break_silence(self) -> None:
        waiting = self._errand.open or self._keypad.pressed or self.plan
        if not waiting and not self._mouth.busy and self._ear.idle and self._unasked:
            self._perform(self._conversation.silent())

    @property
    def _unasked(self) -> bool:
        """Whether we have been quiet for as long as a caller may say nothing."""
        return self._now >= max(self._mouth.quiet_since, self._bot.moved) + self._rules.silence

    def _run_out(self) -> None:
        """The longest call is over, whatever is going on."""
        self._actions += self._ear.drop()
        if self._mouth.busy:
            self._stop()
        self._perform(self._conversation.trouble(Trouble.TOO_LONG))
        if self.plan is None:
            self._actions += self._errand.drop()
            self._bot.plan = HangUp("too_long")

    # Something of ours failed

    def _failed(self, part: Part, error: str, job: int) -> None:
        match part:
            case Part.RECOGNIZER:
                self._failed_hearing(job, error)
            case Part.SYNTHESIZER:
                if self._mouth.failed(job, self._now):
                    self._note_trouble(part, error)
            case Part.LOOKUP:
                if self._errand.lost(job):
                    self._lose_look_up(error)

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
        if self.plan is None:
            self._perform(self._conversation.trouble(Trouble.HEARING))

    def _lose_look_up(self, error: str) -> None:
        self._actions += self._errand.drop()
        self._note_trouble(Part.LOOKUP, error)
        self._perform(self._conversation.trouble(Trouble.LOOKUP))

    def _note_trouble(self, part: Part, error: str) -> None:
        self._actions.append(Note(TroubleEntry(self._now, part.value, error)))

    # The end

    def _hung_up(self) -> None:
        """The caller is gone. What was said last is still worth knowing, so its text is waited for."""
        if self.plan is not None:
            self._close(*outcome(self.plan, self._conversation))
            return
        self._gone = self._now
        self._mouth.flush(self._now)
        self._actions += self._errand.drop()
        self._actions += self._ear.last_words(self._now)

    def _wait_for_last_words(self, since: float) -> None:
        if self._over or (self._ear.owing and self._now < since + self._rules.last_words):
            return
        for hearing in self._ear.leftover():
            self._understand(hearing)
        self._close(*hung_up(self._conversation))

    def _understand(self, hearing: Hearing) -> None:
        """Note words that came too late to be answered, and what they meant."""
        turn = self._noted(hearing, None)
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
            self._noted(hearing, None)
        self._actions += self._ear.drop()
        if self._keypad.pressed:
            self._note_keys()
        self._actions += self._errand.drop()
        self._log.close()
        self._actions.extend(Note(entry) for entry in self._log.take())
        ended = self._now if self._gone is None else self._gone
        self._actions.append(Note(last_entry(ended, disposition, reason, self._conversation)))
