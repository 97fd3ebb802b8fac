"""One call's dialog: takes what the caller said or pressed, and answers with the next move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voicebot.dialog import completeness, keypad
from voicebot.dialog.deciding import Decider
from voicebot.dialog.hearing import understand
from voicebot.dialog.readings import Fit, Reading
from voicebot.dialog.script import Script
from voicebot.dialog.state import Filling, Message, State
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
from voicebot.dialog.words import is_hum, is_nod, is_noise


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
        self._decider = Decider(script, self._state, self._steps)

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
        hummed = is_hum(text) and self._state.confirms
        if is_noise(text) and not hummed:
            return self._kept(self._decider.sound(text))
        state = self._state
        state.silences = 0
        state.pending = state.trying = None
        if isinstance(state.expected, Message):
            return self._kept(self._steps.leaving.more_of_message(text))
        fresh, state.fresh = state.fresh, None
        begun, state.begun = state.begun, None
        heard = understand(self._script, text)
        if hummed:
            heard = replace(heard, agreed=True, confidence=self._limits.threshold)
        state.heard += heard.words.tokens
        unsure = confidence < self._limits.confirm_below
        misses = state.misses
        reading = self._decider.reading(text, fresh, begun)
        move, intent = self._decider.respond(heard, reading, text, unsure)
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
        move = self._decider.pressed(pressed)
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
        helped = state.promise is not None or (state.answered and bool(state.facts))
        return helped and (state.at_rest or bool(state.message)) and not open_question

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


def _sure_of(reading: Reading | None, threshold: float) -> float:
    """Confidence that a value was meant: full for one that fits, just enough for a part of one."""
    if reading is None:
        return 0.0
    return 1.0 if reading.fit is Fit.VALID else threshold
