"""How a slot gets its value: completed piece by piece, tried against what is known, read back, put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from voicebot.dialog import mishearings
from voicebot.dialog.readings import Fit, Piece, Reading
from voicebot.dialog.schema import Slot
from voicebot.dialog.script import Script
from voicebot.dialog.state import Filling, Known, State, Trying
from voicebot.dialog.types import Line, Listen, LookUp, LookUpResult, Move, TransferReason


@dataclass(frozen=True, slots=True)
class Further:
    """The moves that follow once a value is there, or is not to be had.

    line: a sentence of the file; carry_on: the next step of an intent, told whether the intent was heard badly;
    offer_person: the offer, after what is said before it.
    """

    line: Callable[[str, Mapping[str, str] | None], Line]
    carry_on: Callable[[str, bool], Move]
    offer_person: Callable[..., Move]


class Values:
    """Makes the moves of one conversation that concern the value of a slot."""

    def __init__(self, script: Script, state: State, further: Further) -> None:
        self._script = script
        self._state = state
        self._further = further

    def take(self, filling: Filling, reading: Reading) -> Move:
        """What was heard for a slot: use it, ask for the rest of it, or say what is wrong with it."""
        if reading.fit is Fit.VALID:
            return self._weigh(filling, reading)
        kept = filling.kept
        begun = reading.words[: len(kept.words)] == kept.words and len(reading.words) > len(kept.words)
        if reading.value == kept.value and begun:
            # "Double", "b as in": the caller is about to go on.
            self._state.expected = replace(filling, kept=replace(kept, words=reading.words))
            return Move((), Listen())
        guesses = self._guesses(filling, reading.value)
        if guesses and self._source(filling) is not None:
            return self._try(Trying(filling, reading, guesses, guessed=True))
        if guesses and self._slot(filling).checksum is not None:
            return self._read_back(filling, replace(reading, value=guesses[0], others=guesses[1:]))
        return self._not_whole(filling, reading)

    def plain(self, intent: str, slot: str, reading: Reading) -> bool:
        """Whether `reading` needs nothing further before it fills `slot`."""
        spec = self._script.slots[slot].slot
        return (
            reading.fit is Fit.VALID
            and not reading.others
            and spec.look_up is None
            and not spec.mishearings
            and (spec.read_back is None or spec.confirm != "always")
            and not (reading.unsure and self._asks(Filling(slot, intent), reading))
        )

    def tried(self, result: LookUpResult) -> Move:
        """What the source says of the value tried last: take it, try the next, or go by what was heard."""
        trying, self._state.trying = self._state.trying, None
        assert trying is not None
        filling, reading = trying.filling, trying.reading
        self._state.slots.pop(filling.slot, None)
        value = trying.values[0]
        if result.found:
            self._keep(trying, value, result)
            if trying.guessed:
                return self._read_back(filling, replace(reading, value=value, others=()))
            return self._settle(filling, replace(reading, value=value, others=()), vouched=True)
        if len(trying.values) > 1:
            return self._try(replace(trying, values=trying.values[1:]))
        if reading.fit is not Fit.VALID:
            return self._not_whole(filling, reading)
        if not trying.guessed and (guesses := self._guesses(filling, reading.value)):
            return self._try(replace(trying, values=guesses, guessed=True))
        self._keep(trying, reading.value, result)
        intent = self._script.file.intents[filling.intent]
        if self._source(filling) == intent.look_up:
            # The answer of the intent says that there is no such value, and which was understood.
            return self._accept(filling, reading.piece)
        return self._settle(filling, reading, vouched=False)

    def agree(self, filling: Filling) -> Move:
        """The caller said that the value they were told is right."""
        if not self._script.slots[filling.slot].valid(filling.kept.value):
            return self.ask_again(filling)
        return self._accept(filling, filling.kept)

    def deny(self, filling: Filling) -> Move:
        """The caller said that the value they were told is wrong, and no more: ask about the next one, or anew.

        The value stays in mind: a yes that was heard as a no is taken back by the next sentence.
        """
        slot = self._slot(filling)
        if filling.others and slot.read_back is not None and self._state.tries < slot.retries:
            self._fail()
            value, *others = filling.others
            return self._read_back(filling, Reading(value, Fit.VALID, others=tuple(others)))
        return self.ask_again(filling)

    def not_found(self, filling: Filling, line: Line) -> Move:
        """The look-up does not know the value the caller is told by `line`: they say it again or put it right."""
        self._state.expected = filling
        return Move((line,), Listen())

    def ask_again(self, filling: Filling) -> Move:
        """The value was not among what was said."""
        slot = self._slot(filling)
        self._fail()
        if self._state.tries > slot.retries:
            return self._further.offer_person(TransferReason.NOT_UNDERSTOOD)
        self._state.expected = filling
        return Move((self._further.line(slot.reprompt, None),), Listen())

    def without_value(self, filling: Filling) -> Move:
        """The caller does not have the value."""
        line = self._further.line(self._slot(filling).unknown, None)
        return self._further.offer_person(TransferReason.REQUESTED, line)

    def question(self, filling: Filling) -> tuple[Line, ...]:
        """The question that is open about the value."""
        slot, kept = self._slot(filling), filling.kept
        source = slot.read_back if kept.whole else slot.rest if kept.value else slot.prompt
        return (self._further.line(source or slot.reprompt, {"so_far": kept.value, "heard": kept.value}),)

    def _slot(self, filling: Filling) -> Slot:
        return self._script.slots[filling.slot].slot

    def _fail(self) -> None:
        self._state.tries += 1
        self._state.failures += 1

    def _source(self, filling: Filling) -> str | None:
        """The look-up that knows whether there is such a value, by the slot alone."""
        own = self._slot(filling).look_up
        if own is not None:
            return own
        intent, state = self._script.file.intents[filling.intent], self._state
        if intent.look_up is None or self._script.file.look_ups[intent.look_up].needs != {filling.slot}:
            return None
        return intent.look_up if set(intent.slots) - {filling.slot} <= state.slots.keys() else None

    def _request(self, filling: Filling, value: str) -> dict[str, str]:
        """What the source is asked with: for that of the intent, the same that the intent itself would ask."""
        intent = self._script.file.intents[filling.intent]
        if self._source(filling) != intent.look_up:
            return {filling.slot: value}
        return {slot: value if slot == filling.slot else self._state.slots[slot] for slot in intent.slots}

    def _guesses(self, filling: Filling, value: str) -> tuple[str, ...]:
        """What `value` may have been before the recogniser misheard it, if the file lets us guess."""
        reader = self._script.slots[filling.slot]
        if not reader.slot.mishearings or filling.kept.whole:
            return ()
        found = (each for each in mishearings.guesses(value, reader.longest) if reader.valid(each))
        return tuple(dict.fromkeys(found))[: mishearings.MOST_MISHEARINGS]

    def _weigh(self, filling: Filling, reading: Reading) -> Move:
        slot = self._slot(filling)
        if filling.kept.whole and reading.candidates == (filling.kept.value,):
            return self._accept(filling, reading.piece)
        source = self._source(filling)
        if source is not None and (reading.others or slot.look_up is not None or slot.mishearings):
            return self._try(Trying(filling, reading, reading.candidates))
        vouched = source is not None or (slot.checksum is not None and not reading.others)
        return self._settle(filling, reading, vouched)

    def _try(self, trying: Trying) -> Move:
        state, filling = self._state, trying.filling
        state.trying = trying
        state.pending = filling.intent
        state.expected = replace(filling, kept=trying.reading.piece)
        if trying.reading.fit is Fit.VALID:
            # The turn's meaning has what was heard, whatever becomes of it.
            state.slots[filling.slot] = trying.reading.value
        wait = self._further.line(self._script.file.says.filler, None)
        return Move((), LookUp(self._source(filling) or "", self._request(filling, trying.values[0]), wait))

    def _keep(self, trying: Trying, value: str, result: LookUpResult) -> None:
        """Remember the answer, so that the intent need not ask the same again."""
        source = self._source(trying.filling)
        self._state.known = Known(source or "", self._request(trying.filling, value), result)

    def _settle(self, filling: Filling, reading: Reading, vouched: bool) -> Move:
        """Take the value, or ask the caller first whether it is right."""
        always = self._slot(filling).confirm == "always"
        if self._asks(filling, reading) and (always or not vouched):
            return self._read_back(filling, reading)
        return self._accept(filling, reading.piece)

    def _asks(self, filling: Filling, reading: Reading) -> bool:
        slot = self._slot(filling)
        if slot.read_back is None or slot.confirm == "never":
            return False
        if slot.confirm == "always":
            return True
        # An intent that was heard badly and is confirmed itself names its values.
        confirmed = reading.unsure and self._script.file.intents[filling.intent].confirm is not None
        return bool(reading.others) or reading.repaired or (reading.unsure and not confirmed)

    def _read_back(self, filling: Filling, reading: Reading) -> Move:
        slot = self._slot(filling)
        if slot.read_back is None:
            return self._accept(filling, reading.piece)
        told = Piece.told(reading.value, reading.words)
        self._state.expected = replace(filling, kept=told, others=reading.others)
        return Move((self._further.line(slot.read_back, {"heard": reading.value}),), Listen())

    def _accept(self, filling: Filling, heard: Piece) -> Move:
        self._state.slots[filling.slot] = heard.value
        self._state.fresh, self._state.spoken = filling.slot, heard.words
        return self._further.carry_on(filling.intent, filling.unsure)

    def _not_whole(self, filling: Filling, reading: Reading) -> Move:
        """Ask for the rest of the value, or say what is wrong with it."""
        slot, state = self._slot(filling), self._state
        grew = len(reading.value) > len(filling.kept.value) and not filling.kept.whole
        if not grew:
            # A number that grows piece by piece is no failed attempt.
            self._fail()
        if state.tries > slot.retries:
            return self._further.offer_person(TransferReason.NOT_UNDERSTOOD)
        if reading.fit is Fit.SHORT and slot.rest is not None and reading.value != filling.kept.value:
            state.expected = replace(filling, kept=reading.piece, others=())
            return Move((self._further.line(slot.rest, {"so_far": reading.value}),), Listen())
        if grew:
            self._fail()
        if state.tries > slot.retries:
            return self._further.offer_person(TransferReason.NOT_UNDERSTOOD)
        told = len(reading.value) in slot.lengths
        # A value of the right length that cannot be right is wrong in a part of it only.
        state.expected = replace(filling, kept=Piece.told(reading.value) if told else Piece(), others=())
        return Move((self._further.line(slot.invalid, {"heard": reading.value}),), Listen())
