"""The moves a dialog can make: ask for a slot, look up, answer, offer a person, hand over, say goodbye."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.dialog.leaving import Leaving
from voicebot.dialog.readings import Piece
from voicebot.dialog.schema import Answer
from voicebot.dialog.script import Script
from voicebot.dialog.state import Asked, Filling, Free, Question, State
from voicebot.dialog.types import (
    HangUp,
    Line,
    Listen,
    LookUp,
    LookUpResult,
    Move,
    Surroundings,
    TransferReason,
)
from voicebot.dialog.values import Further, Values

MOST_FACTS = 2
"""Sentences about what was asked that a summary has at most."""


class Steps:
    """Makes the moves of one conversation and keeps its state. The meaning is added by who asks.

    leaving: the moves that end the call, or almost do. values: those by which a slot gets its value.
    """

    def __init__(self, script: Script, state: State, caller: str, called: str, around: Surroundings) -> None:
        self._script = script
        self._says = script.file.says
        self._state = state
        self.values = Values(script, state, Further(self.line, self.carry_on, self.offer_person))
        self.leaving = Leaving(script, state, caller, called, around, self.summary, self._known)

    def line(self, source: str, values: Mapping[str, str] | None = None) -> Line:
        """The sentence of a template of the dialog file."""
        return Line(self._script.replies.render(source, values or {}))

    def begin(self, intent: str, unsure: bool) -> Move:
        """Do what `intent` stands for.

        unsure: the recogniser was not sure of the words; what would be costly is asked back.
        """
        state = self._state
        match self._script.act(intent):
            case "transfer":
                state.minor = intent
                if self._script.file.intents[intent].about is not None:
                    state.main = intent
                    self.note(intent)
                if unsure:
                    offer = self.offer_person(TransferReason.REQUESTED)
                    state.expected = Asked(Question.PERSON, intent)
                    return offer
                return self.hand_over(TransferReason.REQUESTED, self._script.file.intents[intent].target)
            case "callback":
                return self.leaving.call_back(intent)
            case "voicemail":
                return self.leaving.take_message(intent)
            case "goodbye":
                state.minor = intent
                confirm = self._script.file.intents[intent].confirm
                if unsure and confirm is not None:
                    state.expected = Asked(Question.INTENT, intent)
                    return Move((self.line(confirm),), Listen())
                return self.goodbye()
            case "thanks":
                state.minor = intent
                if not isinstance(state.expected, Filling):
                    state.expected = Asked(Question.MORE)
                return Move((self.line(self._says.welcome),), Listen())
            case "repeat":
                return self.repeat()
            case _:
                self.turn_to(intent)
                return self.carry_on(intent, unsure)

    def turn_to(self, intent: str) -> None:
        """Make `intent` what the call is about."""
        state, intents = self._state, self._script.file.intents
        state.topic = intent
        state.tries = 0
        state.values = {}
        state.known = None
        state.answered = False
        # Small talk is what a call is about only as long as there is nothing else.
        if state.main is None or intents[intent].about is not None or intents[state.main].about is None:
            state.main = intent
        self.note(intent)

    def carry_on(self, intent: str, unsure: bool = False) -> Move:
        """The next step of `intent`: ask for what is missing, confirm, look up, or answer."""
        spec = self._script.file.intents[intent]
        state = self._state
        if spec.act == "callback":
            return self.leaving.call_back(intent)
        state.topic = intent
        for slot in spec.slots:
            if slot not in state.slots:
                state.expected = Filling(slot, intent, unsure=unsure)
                return Move((self.line(self._script.slots[slot].slot.prompt),), Listen())
        if unsure and spec.confirm is not None:
            state.expected = Asked(Question.INTENT, intent)
            return Move((self.line(spec.confirm, self._known()),), Listen())
        if spec.look_up is not None:
            state.values = {}
            state.expected = Free()
            slots = {slot: state.slots[slot] for slot in spec.slots}
            known, state.known = state.known, None
            if known is not None and (known.look_up, known.slots) == (spec.look_up, slots):
                return self.looked_up(intent, known.result)
            state.pending = intent
            return Move((), LookUp(spec.look_up, slots, self.line(self._says.filler)))
        return self._answer(intent)

    def looked_up(self, intent: str, result: LookUpResult) -> Move:
        """Answer `intent` with what its look-up found, or ask again for the slot it was looked up by."""
        spec = self._script.file.intents[intent]
        state = self._state
        if result.found and spec.look_up is not None:
            gives = self._script.file.look_ups[spec.look_up].gives
            state.values = {name: result.values.get(name, "") for name in gives}
            return self._answer(intent)
        line = self.line(spec.not_found or "", self._known())
        state.tries += 1
        asked_by = self._script.file.look_ups[spec.look_up].needs if spec.look_up is not None else frozenset()
        last = next((slot for slot in reversed(spec.slots) if slot in asked_by), None)
        if last is None or state.tries > self._script.slots[last].slot.retries:
            return self.offer_person(TransferReason.NOT_UNDERSTOOD, line)
        told = Piece.told(state.slots.pop(last), state.spoken if state.fresh == last else ())
        return self.values.not_found(Filling(last, intent, told), line)

    def offer_person(self, reason: TransferReason, *before: Line) -> Move:
        """Ask whether to connect the caller with a person."""
        if reason is TransferReason.NOT_UNDERSTOOD:
            # The offer is the last attempt: the next thing not understood hands over.
            self._state.misses = max(self._state.misses, len(self._says.not_understood) + 1)
        self._state.expected = Asked(Question.PERSON, reason=reason)
        return Move((*before, self.line(self._says.offer_person)), Listen())

    def miss(self) -> Move:
        """Nothing was understood: rephrase, then offer a person, then hand over."""
        state = self._state
        state.misses += 1
        state.failures += 1
        rephrases = self._says.not_understood
        if state.misses <= len(rephrases):
            question = self.open_question()
            return Move((self.line(rephrases[state.misses - 1]), *question), Listen())
        if state.misses == len(rephrases) + 1:
            return self.offer_person(TransferReason.NOT_UNDERSTOOD)
        return self.hand_over(TransferReason.NOT_UNDERSTOOD)

    def silence(self) -> Move:
        """Nothing was said: ask, then offer a person, then hand over; leave a line where nobody waits for us."""
        state = self._state
        state.silences += 1
        asks = self._says.still_there
        if state.silences <= len(asks):
            return Move((self.line(asks[state.silences - 1]), *self.open_question()), Listen())
        answered = isinstance(state.expected, Asked) and state.expected.question is Question.MORE
        if answered or (state.came_back and state.silences > len(asks) + 1):
            return self.goodbye("silent")
        if state.silences == len(asks) + 1:
            return self.offer_person(TransferReason.SILENT)
        return self.hand_over(TransferReason.SILENT)

    def open_question(self) -> tuple[Line, ...]:
        """The question the caller still owes an answer to."""
        match self._state.expected:
            case Filling() as filling:
                return self.values.question(filling)
            case Asked(question=Question.PERSON):
                return (self.line(self._says.offer_person),)
            case Asked(question=Question.INSTEAD):
                return (self.leaving.instead_question(),)
            case Asked(question=Question.NUMBER):
                return (self.leaving.number_question(),)
            case Asked(question=Question.INTENT, intent=str(intent)):
                confirm = self._script.file.intents[intent].confirm
                return (self.line(confirm, self._known()),) if confirm is not None else ()
            case _:
                return ()

    def repeat(self) -> Move:
        """Say the last thing again."""
        return Move(self._state.said, Listen())

    def go_on(self, source: str) -> Move:
        """Say `source` and listen for anything."""
        self._state.expected = Free()
        return Move((self.line(source),), Listen())

    def goodbye(self, reason: str = "goodbye") -> Move:
        """Say goodbye and hang up."""
        return Move((self.line(self._says.goodbye),), HangUp(reason))

    def hand_over(self, reason: TransferReason, target: str | None = None, *before: Line) -> Move:
        """Hand the caller to a person: to `target`, or whom the routing names; `before` is said first."""
        return self.leaving.hand_over(reason, target, before)

    def summary(self) -> str:
        """What the call was about so far, in one to three short sentences."""
        handover = self._script.file.handover
        parts = list(self._state.facts.values())[-MOST_FACTS:]
        if self._state.wants_person:
            wish = self._script.replies.render(handover.wants_person, {})
            # A caller who was put through before said so already.
            parts += [] if any(wish in part for part in parts) else [wish]
        return " ".join(parts) or self._script.replies.render(handover.nothing_yet, {})

    def note(self, intent: str) -> None:
        """Keep in mind what `intent` was about, for the summary."""
        about = self._script.file.intents[intent].about
        if about is None:
            return
        self._state.facts.pop(intent, None)
        self._state.facts[intent] = self._script.replies.render(about, self._known())

    def _answer(self, intent: str) -> Move:
        state = self._state
        self.note(intent)
        known = self._known()
        answer = next(
            each
            for each in self._script.file.intents[intent].answer
            if each.when is None or self._script.replies.holds(each.when, known)
        )
        state.tries = 0
        state.answered = True
        return self._after(answer, self.line(answer.say, known))

    def _after(self, answer: Answer, line: Line) -> Move:
        match answer.then:
            case "offer":
                return self.offer_person(TransferReason.REQUESTED, line)
            case "transfer":
                return self.hand_over(TransferReason.RULE, answer.target, line)
            case "hang_up":
                return Move((line,), HangUp("answered"))
            case _:
                if line.text.endswith("?"):
                    self._state.expected = Free()
                    return Move((line,), Listen())
                self._state.expected = Asked(Question.MORE)
                return Move((line, self.line(self._says.anything_else)), Listen())

    def _known(self) -> dict[str, str]:
        """Every variable of the file, empty where the call has not learnt it."""
        file = self._script.file
        names = [*file.slots, *(name for source in file.look_ups.values() for name in source.gives)]
        return dict.fromkeys(names, "") | self._state.values | self._state.slots
