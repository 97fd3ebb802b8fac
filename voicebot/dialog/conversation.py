"""One call's dialog: takes what the caller said or pressed, and decides the next move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voicebot.dialog import completeness, keypad
from voicebot.dialog.hearing import Heard, understand
from voicebot.dialog.readings import NOTHING, Fit, Piece, Reading
from voicebot.dialog.script import Script
from voicebot.dialog.state import Asked, Expected, Filling, Free, Message, Question, State
from voicebot.dialog.steps import Steps
from voicebot.dialog.types import (
    NOWHERE,
    Comeback,
    Completeness,
    Hints,
    KeyState,
    Line,
    Listen,
    LookUpResult,
    Meaning,
    Move,
    Patience,
    Promise,
    Recollection,
    Surroundings,
    TransferReason,
    Trouble,
)
from voicebot.dialog.words import is_nod, is_noise

_ANOTHER = frozenset({"other", "another", "different", "else"})


class FileConversation:
    """The `Conversation` of a dialog file. Pure: every answer follows from the file and what was said before."""

    def __init__(
        self,
        script: Script,
        caller: str,
        called: str,
        earlier: Recollection | None = None,
        around: Surroundings = NOWHERE,
    ) -> None:
        self._script = script
        self._says = script.file.says
        self._limits = script.file.limits
        self._state = State() if earlier is None else State.after(earlier)
        self._steps = Steps(script, self._state, caller, called, around)

    def open(self, comeback: Comeback | None = None) -> Move:
        """The greeting; after a failed transfer, what happened and what can be done instead."""
        if comeback is not None:
            return self._kept(self._steps.leaving.come_back(comeback))
        lines = [self._steps.line(self._says.greeting)]
        if self._says.notice is not None:
            lines.insert(0, replace(self._steps.line(self._says.notice), uninterruptible=True))
        return self._kept(Move(tuple(lines), Listen()))

    def hear(self, text: str, confidence: float) -> Move:
        """The caller said `text`; `confidence` (0..1) is the recogniser's."""
        if is_noise(text):
            return self._sound(text)
        state = self._state
        state.silences = 0
        state.pending = state.trying = None
        if isinstance(state.expected, Message):
            return self._kept(self._steps.leaving.more_of_message(text))
        fresh, state.fresh = state.fresh, None
        begun, state.begun = state.begun, None
        heard = understand(self._script, text)
        state.heard += heard.words.tokens
        unsure = confidence < self._limits.confirm_below
        misses = state.misses
        reading = self._reading(text, fresh, begun)
        move, intent = self._respond(heard, reading, text, unsure)
        understood = state.misses == misses
        if understood and (heard.wanted is not None or reading is not None):
            state.misses = 0
        sure = max(heard.confidence, _sure_of(reading, self._limits.threshold))
        if not understood or intent is None:
            return self._kept(replace(move, meaning=Meaning(None, 0.0, dict(state.slots))))
        state.sure[intent] = max(sure, state.sure.get(intent, 0.0))
        meaning = Meaning(intent, sure, dict(state.slots))
        return self._kept(replace(move, meaning=meaning))

    def keys(self, pressed: str) -> KeyState:
        """Whether `pressed` (0-9, *, #) already is an answer or more keys may come."""
        if isinstance(self._state.expected, Message):
            return KeyState.DONE
        return keypad.judge(self._script, self._state, pressed)

    def press(self, pressed: str) -> Move:
        """The caller pressed these keys."""
        state = self._state
        state.pending = state.trying = None
        if isinstance(state.expected, Message) and pressed != keypad.PERSON:
            return self._kept(self._steps.leaving.end_message())
        state.silences = 0
        before = dict(state.slots)
        move = self._pressed(pressed)
        if state.topic is None or state.slots == before:
            return self._kept(move)
        return self._kept(replace(move, meaning=Meaning(state.topic, 1.0, dict(state.slots))))

    def looked_up(self, result: LookUpResult) -> Move:
        """The answer to the last `LookUp`; one that nobody waits for any more changes nothing."""
        if self._state.leaving is not None:
            return self._kept(self._steps.leaving.present(result))
        intent, self._state.pending = self._state.pending, None
        if intent is None:
            return Move((), Listen())
        if self._state.trying is not None:
            return self._kept(self._steps.values.tried(result))
        return self._kept(self._steps.looked_up(intent, result))

    def know(self, customer: Mapping[str, str]) -> None:
        """Who calls has been found out: properties of the customer. Does not move."""
        self._steps.leaving.know(customer)

    def silent(self) -> Move:
        """The caller said nothing for long."""
        if isinstance(self._state.expected, Message):
            return self._kept(self._steps.leaving.end_message())
        return self._kept(self._steps.silence())

    def trouble(self, what: Trouble) -> Move:
        """Something of ours failed: apologise and hand over."""
        self._state.pending = None
        if what is Trouble.LOOKUP and self._state.leaving is not None:
            return self._kept(self._steps.leaving.present(None))
        self._state.leaving = None
        if what is Trouble.TOO_LONG and self._state.message:
            return self._kept(self._steps.leaving.end_message())
        if what is Trouble.TOO_LONG:
            line = self._steps.line(self._says.too_long)
            if self._limits.too_long == "hang_up":
                return self._kept(self._steps.goodbye("too_long"), line)
            return self._kept(self._steps.hand_over(TransferReason.RULE, None, line))
        return self._kept(self._steps.leaving.rescue(self._steps.line(self._says.apology)))

    def completeness(self, text: str) -> Completeness:
        """How complete `text` is as an answer now. Does not move."""
        if isinstance(self._state.expected, Message):
            return Completeness.NOTHING if is_noise(text) else Completeness.UNFINISHED
        return completeness.judge(self._script, self._state, text)

    def acknowledges(self, text: str) -> bool:
        """Whether `text`, said while we speak, only shows that the caller listens. Does not move."""
        return is_nod(text)

    @property
    def patience(self) -> Patience:
        """How long the caller may pause: the patience of the slot that is asked for, or of the dialog."""
        expected = self._state.expected
        own = self._script.slots[expected.slot].slot.patience if isinstance(expected, Filling) else None
        return Patience(own or self._limits.patience)

    def filler(self) -> Line:
        """What to say when our side takes noticeably long."""
        return self._steps.line(self._says.filler)

    @property
    def hints(self) -> Hints:
        """What the recogniser should expect now."""
        expected = self._state.expected
        texts = (
            self._script.slots[expected.slot].slot.hints
            if isinstance(expected, Filling)
            else self._script.file.hints
        )
        return Hints(texts.prompt, tuple(texts.hotwords))

    @property
    def private(self) -> bool:
        """Whether the value of a private slot is asked for."""
        expected = self._state.expected
        return isinstance(expected, Filling) and self._script.slots[expected.slot].slot.private

    @property
    def meaning(self) -> Meaning:
        """The call's main intent so far, its confidence, and all slots."""
        state = self._state
        intent = state.main or state.minor
        return Meaning(intent, state.sure.get(intent, 0.0) if intent else 0.0, dict(state.slots))

    @property
    def settled(self) -> bool:
        """Whether the caller was helped and nothing is open."""
        state = self._state
        open_question = state.pending is not None or state.wants_person
        at_rest = isinstance(state.expected, Free) or state.expected == Asked(Question.MORE)
        helped = state.promise is not None or (state.answered and bool(state.facts))
        return helped and (at_rest or bool(state.message)) and not open_question

    @property
    def promise(self) -> Promise | None:
        """What the caller was promised instead of a person, if anything."""
        return self._state.promise

    @property
    def summary(self) -> str:
        """One or two sentences about the call so far, for the agent and the CRM."""
        return self._steps.summary()

    def _kept(self, move: Move, *before: Line) -> Move:
        """`move`, remembered as the last thing said."""
        move = replace(move, say=(*before, *move.say))
        if move.say:
            self._state.said = move.say
        return move

    def _sound(self, text: str) -> Move:
        """Nothing is answered to a mere sound; but an "oh" may be the zero of a number that is being said."""
        expected = self._state.expected
        if isinstance(expected, Filling):
            reader = self._script.slots[expected.slot]
            reading = reader.read(text, expected.kept)
            if reading is not None and reader.slot.spelt and not reading.repaired:
                if expected.kept.value:
                    return self._kept(self._steps.values.take(expected, reading))
                self._state.expected = replace(expected, kept=Piece("", reading.words))
        return Move((), Listen())

    def _reading(self, text: str, fresh: str | None, begun: Filling | None) -> Reading | None:
        """A value for the slot that is asked for, or else for the one the caller may correct or begin with."""
        expected = self._state.expected
        if isinstance(expected, Filling):
            reading = self._script.slots[expected.slot].read(text, expected.kept)
        else:
            slot = self._slot_in_play()
            if slot is None:
                return None
            reader = self._script.slots[slot]
            value = self._state.slots.get(slot) if slot == fresh else None
            kept = Piece.told(value, self._state.spoken) if value is not None else NOTHING
            if begun is not None and begun.slot == slot:
                kept = begun.kept
            reading = reader.read(text, kept)
            if reading is not None and reading.repaired and not (reading.cued and reader.corrects(text)):
                return None
        if reading is None or reading.cued:
            return reading
        if isinstance(expected, Filling) and (len(reading.value) > 1 or reading.value == expected.kept.value):
            return reading
        return reading if reading.fit is Fit.VALID and not isinstance(expected, Free) else None

    def _slot_in_play(self) -> str | None:
        topic = self._state.topic
        if topic is not None and self._script.file.intents[topic].slots:
            return self._script.file.intents[topic].slots[-1]
        bare = self._script.bare_slot
        return bare.name if bare is not None else None

    def _respond(self, heard: Heard, reading: Reading | None, text: str, unsure: bool) -> tuple[Move, str | None]:
        """The move, and the intent that the words amounted to."""
        expected, wanted = self._state.expected, heard.wanted
        if wanted is not None and reading is not None and self._script.act(wanted.intent) == "repeat":
            # "What about 5678?" asks for something new.
            wanted = None
        if isinstance(expected, Filling) and wanted is not None and self._script.is_small_talk(wanted.intent):
            if reading is not None and reading.fit is Fit.VALID:
                # "One two three, wait, one two four three" answers.
                wanted = None
            elif expected.kept.value and not expected.kept.whole:
                # "Hang on" in the middle of a number: what was said of it counts when the rest comes.
                self._state.begun = expected
        if wanted is not None and not (isinstance(expected, Filling) and wanted.intent == expected.intent):
            return self._begin(wanted.intent, heard, text, unsure), wanted.intent
        if isinstance(expected, Filling):
            return self._fill(expected, heard, reading, unsure)
        if reading is not None and (reading.fit is Fit.VALID or len(reading.value) > 1):
            move = self._take(reading, unsure)
            return move, self._state.topic
        bare = self._script.bare_slot
        if bare is not None and bare.slot.means is not None and bare.begun(text):
            self._state.sure[bare.slot.means] = self._limits.threshold
            return self._steps.begin(bare.slot.means, unsure), bare.slot.means
        if heard.agreed is not None:
            return self._settle(expected, heard.agreed)
        return self._steps.miss(), None

    def _begin(self, intent: str, heard: Heard, text: str, unsure: bool) -> Move:
        slots = self._script.slots_of(intent)
        if _ANOTHER & set(heard.words.tokens):
            for slot in slots:
                self._state.slots.pop(slot, None)
        doubtful: tuple[str, Reading] | None = None
        for slot in slots:
            reading = self._script.slots[slot].read(text)
            if reading is None:
                continue
            reading = replace(reading, unsure=unsure)
            if self._steps.values.plain(intent, slot, reading):
                self._state.slots[slot] = reading.value
                self._state.fresh, self._state.spoken = slot, reading.words
            elif reading.fit is Fit.VALID:
                self._state.slots.pop(slot, None)
                doubtful = (slot, reading)
            elif reading.cued and len(reading.value) > 1:
                doubtful = (slot, reading)
        move = self._steps.begin(intent, unsure)
        if doubtful is not None and doubtful[0] not in self._state.slots:
            return self._steps.values.take(Filling(doubtful[0], intent, unsure=unsure), doubtful[1])
        return move

    def _fill(
        self, filling: Filling, heard: Heard, reading: Reading | None, unsure: bool
    ) -> tuple[Move, str | None]:
        values = self._steps.values
        if reading is not None:
            return values.take(filling, replace(reading, unsure=unsure)), filling.intent
        if self._script.slots[filling.slot].declined(str(heard.words)):
            return values.without_value(filling), filling.intent
        if filling.kept.whole and heard.agreed is not None:
            return values.agree(filling) if heard.agreed else values.deny(filling), filling.intent
        if heard.agreed is False and heard.wanted is None:
            return values.without_value(filling), filling.intent
        understood = heard.wanted is not None or heard.agreed is not None
        return values.ask_again(filling), filling.intent if understood else None

    def _take(self, reading: Reading, unsure: bool) -> Move:
        """A value that was not asked for: it corrects the one before, or stands for the slot's own intent."""
        slot = self._slot_in_play() or ""
        topic = self._state.topic
        if topic is None or slot not in self._script.file.intents[topic].slots:
            topic = self._script.slots[slot].slot.means or ""
            self._steps.turn_to(topic)
        self._state.slots.pop(slot, None)
        return self._steps.values.take(Filling(slot, topic, unsure=unsure), replace(reading, unsure=unsure))

    def _settle(self, expected: Expected, agreed: bool) -> tuple[Move, str | None]:
        """A yes or no, to what was asked or to nothing."""
        steps = self._steps
        name = next(iter(self._script.named("yes" if agreed else "no")), None)
        match expected:
            case Asked(question=Question.PERSON, intent=wanted, reason=reason):
                if agreed:
                    target = self._script.file.intents[wanted].target if wanted is not None else None
                    return steps.hand_over(reason, target), name
                return steps.go_on(self._says.offer_declined), name
            case Asked(question=Question.NUMBER, intent=str(intent)):
                return steps.leaving.agree(agreed, intent), intent
            case Asked(question=Question.INSTEAD) if agreed:
                return Move((steps.leaving.instead_question(),), Listen()), name
            case Asked(question=Question.INTENT, intent=str(intent)):
                if not agreed:
                    return steps.go_on(self._says.offer_declined), name
                if self._script.act(intent) == "answer":
                    return steps.carry_on(intent), intent
                return steps.begin(intent, unsure=False), intent
            case Asked(question=Question.MORE):
                return (steps.go_on(self._says.go_on) if agreed else steps.goodbye()), name
            case _:
                return steps.go_on(self._says.go_on if agreed else self._says.offer_declined), name

    def _pressed(self, pressed: str) -> Move:
        steps, state = self._steps, self._state
        if pressed == keypad.REPEAT:
            return steps.repeat()
        if isinstance(state.expected, Asked) and state.expected.question is Question.INSTEAD:
            act = keypad.INSTEAD.get(pressed.rstrip(keypad.ENTER))
            chosen = next(iter(sorted(self._script.named(act))), None) if act is not None else None
            if chosen is not None:
                return steps.begin(chosen, unsure=False)
        expected = state.expected
        if isinstance(expected, Filling) and expected.kept.whole and pressed == keypad.ENTER:
            return steps.values.agree(expected)
        if pressed.rstrip(keypad.ENTER) == keypad.PERSON and not keypad.completes(self._script, expected, pressed):
            return steps.hand_over(TransferReason.PRESSED_ZERO)
        reader = keypad.slot_for_keys(self._script, state)
        digits = keypad.number(pressed)
        asked = isinstance(state.expected, Filling)
        if reader is None or not digits or (not asked and len(digits) == 1):
            return Move((steps.line(self._says.wrong_key), *steps.open_question()), Listen())
        if isinstance(state.expected, Filling):
            reading = reader.keyed(digits, state.expected.kept)
            if keypad.ENTER in pressed and reading.fit is Fit.SHORT:
                reading = replace(reading, fit=Fit.WRONG)
            return steps.values.take(state.expected, reading)
        state.slots.pop(reader.name, None)
        intent = reader.slot.means or ""
        self._steps.turn_to(intent)
        state.sure[intent] = 1.0
        return steps.values.take(Filling(reader.name, intent), reader.keyed(digits))


def _sure_of(reading: Reading | None, threshold: float) -> float:
    """Confidence that a value was meant: full for one that fits, just enough for a part of one."""
    if reading is None:
        return 0.0
    return 1.0 if reading.fit is Fit.VALID else threshold
