"""Which move the caller's words or keys call for, by what is expected of them."""

from __future__ import annotations

from dataclasses import replace

from voicebot.dialog import keypad
from voicebot.dialog.hearing import Heard
from voicebot.dialog.readings import NOTHING, Fit, Piece, Reading
from voicebot.dialog.script import Script
from voicebot.dialog.state import Asked, Expected, Filling, Free, Question, State
from voicebot.dialog.steps import Steps
from voicebot.dialog.types import Listen, Move, TransferReason
from voicebot.dialog.words import is_nod

_ANOTHER = frozenset({"other", "another", "different", "else"})


class Decider:
    """Decides for one conversation which of its `steps` comes next."""

    def __init__(self, script: Script, state: State, steps: Steps) -> None:
        self._script = script
        self._says = script.file.says
        self._limits = script.file.limits
        self._state = state
        self._steps = steps

    def sound(self, text: str) -> Move:
        """Nothing is answered to a mere sound; but an "oh" may be the zero of a number that is being said."""
        expected = self._state.expected
        if isinstance(expected, Filling):
            reader = self._script.slots[expected.slot]
            reading = reader.read(text, expected.kept)
            if reading is not None and reader.slot.spelt and not reading.repaired:
                if expected.kept.value:
                    return self._steps.values.take(expected, reading)
                self._state.expected = replace(expected, kept=Piece("", reading.words))
        return Move((), Listen())

    def reading(self, text: str, fresh: str | None, begun: Filling | None) -> Reading | None:
        """A value for the slot that is asked for, or else for the one the caller may correct or begin with.

        fresh: the slot filled in the turn before. begun: a value of which a part was said before something else.
        """
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

    def respond(self, heard: Heard, reading: Reading | None, text: str, unsure: bool) -> tuple[Move, str | None]:
        """The move that the words `heard` call for, and the intent that they amounted to.

        reading: the value in them. unsure: the recogniser did not trust them.
        """
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
        if is_nod(text) and self._state.at_rest:
            # "I see" asks for nothing, and there is nothing to ask back.
            return Move((), Listen()), None
        return self._steps.miss(), None

    def pressed(self, pressed: str) -> Move:
        """The move that the keys `pressed` (0-9, *, #) call for."""
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

    def _slot_in_play(self) -> str | None:
        topic = self._state.topic
        if topic is not None and self._script.file.intents[topic].slots:
            return self._script.file.intents[topic].slots[-1]
        bare = self._script.bare_slot
        return bare.name if bare is not None else None

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
