"""The way from the bot to a person, and what is offered where there is none: a call back, or leaving a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from voicebot.dialog.hours import in_words
from voicebot.dialog.routing import Case, Choice
from voicebot.dialog.script import CUSTOMER_NAME, RESERVED, Script
from voicebot.dialog.state import CALLBACK, MESSAGE, Asked, Filling, Leave, Message, Question, State
from voicebot.dialog.types import (
    PRESENCE,
    Comeback,
    HangUp,
    Line,
    Listen,
    LookUp,
    LookUpResult,
    Move,
    Promise,
    Surroundings,
    Transfer,
    TransferReason,
)
from voicebot.people import NAME

MOST_ATTEMPTS = 3
"""Transfers after which another is not offered: nobody is sent in circles."""

MOST_REFUSALS = 2
"""Times a caller who does not say what they want is told that nobody is there; then the bot says goodbye."""

MESSAGE_LETTERS = 4000
"""A message that is longer is ended: two screens are what a note takes and a colleague reads."""

_CALLABLE = re.compile(r"\+?[0-9]{5,20}")
_UNASKED = (TransferReason.NOT_UNDERSTOOD, TransferReason.SILENT)

Values = Mapping[str, str]


class Leaving:
    """Makes the moves of one conversation that end it, or almost do.

    summary, known: of the conversation, for the agent's ear and for conditions.
    """

    def __init__(
        self,
        script: Script,
        state: State,
        caller: str,
        called: str,
        around: Surroundings,
        summary: Callable[[], str],
        known: Callable[[], dict[str, str]],
    ) -> None:
        self._script = script
        self._handover = script.file.handover
        self._says = script.file.says
        self._state = state
        self._caller = caller
        self._called = called
        self._around = around
        self._customer = around.customer
        self._summary = summary
        self._known = known

    def know(self, customer: Mapping[str, str]) -> None:
        """Who calls has been found out; what was known beforehand was said of this very call, and stays."""
        self._customer = {**customer, **self._around.customer}

    def hand_over(self, reason: TransferReason, target: str | None, before: tuple[Line, ...]) -> Move:
        """Hand the caller to a person: to `target`, or whom the routing names. Where nobody is there, say so."""
        state = self._state
        if reason in (TransferReason.REQUESTED, TransferReason.PRESSED_ZERO):
            state.wants_person = True
        if state.attempts >= MOST_ATTEMPTS:
            return self._nobody(self._says.comeback.no_answer, {}, reason, before)
        case, now = self._case(reason), self._now()
        choices = self._script.router.choices(case, now, target)
        if not choices:
            assert now is not None
            opens = in_words(self._script.router.opens(case, now, target), now)
            closed = self._handover.closed or self._says.comeback.no_answer
            return self._nobody(closed, {"opens": opens}, reason, before)
        users = self._users(choices)
        if not self._around.presence or not users:
            return self._transfer(choices[0], reason, before)
        state.leaving = Leave(tuple(choices), reason)
        return Move(before, LookUp(PRESENCE, users, self._line(self._says.filler)))

    def present(self, result: LookUpResult | None) -> Move:
        """Who is at their phone, as asked by `hand_over`; None where it cannot be told."""
        leave, self._state.leaving = self._state.leaving, None
        assert leave is not None
        if result is None or not result.found:
            return self._transfer(leave.choices[0], leave.reason, ())
        for choice in leave.choices:
            there = tuple(name for name in choice.targets if result.values.get(name) != "no")
            if there:
                return self._transfer(Choice(choice.rule, there, choice.in_turn), leave.reason, ())
        return self._nobody(self._handover.absent or self._says.comeback.no_answer, {}, leave.reason, ())

    def rescue(self, line: Line) -> Move:
        """Something of ours failed: say `line` and hand over to the fallback, at any hour."""
        whisper = self._whisper(TransferReason.FAILURE)
        transfer = Transfer(self._handover.fallback, TransferReason.FAILURE, whisper, rule="rescue")
        return Move((line,), transfer)

    def come_back(self, comeback: Comeback) -> Move:
        """The caller is back, for nobody took the call: say so, and ask what to do instead."""
        self._state.came_back = True
        texts = self._says.comeback
        said = self._line(getattr(texts, comeback.value) or texts.no_answer)
        if self._handover.instead is not None:
            return self._instead(TransferReason.REQUESTED, (said,))
        if self._state.attempts >= MOST_ATTEMPTS:
            return Move((said, self._line(self._says.goodbye)), HangUp("nobody_there"))
        self._state.expected = Asked(Question.PERSON)
        return Move((said, self._line(self._says.try_again)), Listen())

    def call_back(self, intent: str) -> Move:
        """The caller wants to be called: agree on the number first."""
        state, spec = self._state, self._handover.callback
        assert spec is not None
        state.minor = intent
        number = state.slots.get(spec.slot) or ("" if state.number_refused else self._own_number())
        if not number:
            state.expected = Filling(spec.slot, intent)
            return Move((self._line(self._script.slots[spec.slot].slot.prompt),), Listen())
        state.expected = Asked(Question.NUMBER, intent)
        return Move((self._line(spec.confirm, {"number": _spoken(number)}),), Listen())

    def number_question(self) -> Line:
        """The question whether the number is right, once more."""
        spec = self._handover.callback
        assert spec is not None
        number = self._state.slots.get(spec.slot) or self._own_number()
        return self._line(spec.confirm, {"number": _spoken(number)})

    def agree(self, agreed: bool, intent: str) -> Move:
        """Whether the number is the one to call."""
        state, spec = self._state, self._handover.callback
        assert spec is not None
        if not agreed:
            state.number_refused = True
            state.slots.pop(spec.slot, None)
            return self.call_back(intent)
        number = state.slots.setdefault(spec.slot, self._own_number())
        state.promise = Promise.CALLBACK
        state.wants_person = False
        self._note(CALLBACK, spec.about, {"number": number})
        state.expected = Asked(Question.MORE)
        done = self._line(spec.done, {"number": _spoken(number)})
        return Move((done, self._line(self._says.anything_else)), Listen())

    def take_message(self, intent: str) -> Move:
        """The caller wants to leave a message: from now on everything said is part of it."""
        spec = self._handover.voicemail
        assert spec is not None
        self._state.minor = intent
        self._state.expected = Message()
        return Move((self._line(spec.prompt),), Listen())

    def more_of_message(self, text: str) -> Move:
        """Some words of the message; nothing is answered until the caller has come to an end."""
        state, spec = self._state, self._handover.voicemail
        assert spec is not None
        state.message.append(text.strip())
        state.promise = Promise.VOICEMAIL
        state.wants_person = False
        self._note(MESSAGE, spec.about, {"message": " ".join(state.message)})
        if sum(map(len, state.message)) > MESSAGE_LETTERS:
            return self.end_message()
        return Move((), Listen())

    def end_message(self) -> Move:
        """The caller pressed a key, or has been silent: thank for the message, or ask for it once more."""
        state, spec = self._state, self._handover.voicemail
        assert spec is not None
        if state.message:
            return Move((self._line(spec.done), self._line(self._says.goodbye)), HangUp(Promise.VOICEMAIL.value))
        state.silences += 1
        if state.silences > 1:
            return Move((self._line(self._says.goodbye),), HangUp("silent"))
        return Move((self._line(spec.prompt),), Listen())

    def instead_question(self) -> Line:
        """What is offered instead of a person."""
        return self._line(self._handover.instead or self._says.anything_else)

    def _nobody(self, said: str, values: Values, reason: TransferReason, before: tuple[Line, ...]) -> Move:
        state = self._state
        lines = (*before, self._line(said, values))
        state.refusals += 1
        if reason in _UNASKED and state.refusals >= MOST_REFUSALS:
            return Move((*lines, self._line(self._says.goodbye)), HangUp("nobody_there"))
        return self._instead(reason, lines)

    def _instead(self, reason: TransferReason, lines: tuple[Line, ...]) -> Move:
        offered = self._handover.instead is not None
        self._state.expected = Asked(Question.INSTEAD if offered else Question.MORE, reason=reason)
        return Move((*lines, self.instead_question()), Listen())

    def _transfer(self, choice: Choice, reason: TransferReason, before: tuple[Line, ...]) -> Move:
        first, *others = choice.targets
        transfer = Transfer(first, reason, self._whisper(reason), choice.rule, tuple(others), choice.in_turn)
        return Move((*before, self._line(self._says.transferring)), transfer)

    def _users(self, choices: list[Choice]) -> dict[str, str]:
        """Addresses of the registered users among those who may be asked."""
        specs = self._script.file.targets
        names = {name for choice in choices for name in choice.targets if specs[name].kind == "user"}
        return {name: specs[name].address for name in sorted(names)}

    def _case(self, reason: TransferReason) -> Case:
        known = self._known()
        values = {**known, "caller": self._caller, "called": self._called}
        return Case(
            intent=self._state.main,
            caller=self._caller,
            called=self._called,
            reason=reason,
            failures=self._state.failures,
            said=self._state.heard,
            customer=self._customer,
            holds=lambda condition: self._script.replies.holds(condition, values),
        )

    def _now(self) -> datetime | None:
        return self._around.now() if self._around.now is not None else None

    def _own_number(self) -> str:
        return self._caller if _CALLABLE.fullmatch(self._caller) else ""

    def _note(self, key: str, about: str, values: Values) -> None:
        self._state.facts.pop(key, None)
        self._state.facts[key] = self._script.replies.render(about, values)

    def _whisper(self, reason: TransferReason) -> str:
        values = dict.fromkeys(RESERVED, "") | {CUSTOMER_NAME: self._customer.get(NAME, "")} | self._known()
        values |= {
            "caller": self._caller,
            "called": self._called,
            "summary": self._summary(),
            "intent": self._state.main or "",
            "reason": reason.value,
        }
        return self._script.replies.render(self._handover.whisper, values)

    def _line(self, source: str, values: Values | None = None) -> Line:
        return Line(self._script.replies.render(source, values or {}))


def _spoken(number: str) -> str:
    return "".join(character for character in number if character.isdigit())
