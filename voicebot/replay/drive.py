"""Tells a recorded call's events to the pure core again, and sees whether it does the same."""

from __future__ import annotations

import difflib
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from voicebot import __version__
from voicebot.call.actions import Action
from voicebot.call.call import Call
from voicebot.call.events import Frame, Started
from voicebot.dialog import FileDialog
from voicebot.dialog.load import compiled
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import Surroundings
from voicebot.errors import RecordingError
from voicebot.replay.codec import action_to_json, event_to_json
from voicebot.replay.header import Header
from voicebot.replay.reading import Recording, Step


@dataclass(frozen=True, slots=True)
class Done:
    """What the call did this time when it was told the event of `step`; `broke` names the exception it raised."""

    step: Step
    actions: Sequence[Action]
    broke: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a replay did what was recorded.

    events, actions: how many there were, up to the difference if there is one. seconds: of the stream.
    whole: as `Recording.whole`. different: the first step with other actions, in words; "" when there is none.
    """

    events: int
    actions: int
    seconds: float
    whole: bool
    different: str = ""


def dialog_of(header: Header) -> FileDialog:
    """The bot as it was when the call was recorded. Raises RecordingError where this version cannot read it."""
    if not header.dialog.text:
        raise RecordingError(
            f"the recording of {header.call_id} holds no dialog file: its bot was made another way"
        )
    return _dialog(Path(header.dialog.path or header.dialog.name), header.dialog.text)


@lru_cache(maxsize=4)
def _dialog(path: Path, text: str) -> FileDialog:
    # A dialog never changes, and a file takes longer to read than a call to replay.
    return FileDialog(compiled(path, text), text)


class TimeOfDay:
    """What the dialog is told when it asks for the time: what it was told then, or what it then was."""

    def __init__(self, began: datetime) -> None:
        self._began = began
        self._first: float | None = None
        self._at = 0.0
        self._told: deque[datetime] = deque()

    def step(self, at: float, told: Sequence[datetime] = ()) -> None:
        """The stream has come to `at`, where the dialog was told these times."""
        self._first = at if self._first is None else self._first
        self._at = at - self._first
        self._told = deque(told)

    def __call__(self) -> datetime:
        return self._told.popleft() if self._told else self._began + timedelta(seconds=self._at)


def conversation_of(header: Header, dialog: FileDialog, now: TimeOfDay) -> Conversation:
    """The dialog's side of the recorded call."""
    around = Surroundings(now if header.timed else None, header.presence, header.customer)
    return dialog.converse(header.caller, header.called, header.earlier, around)


def drive(recording: Recording) -> Iterator[Done]:
    """Tell every recorded event to a new call, under the rules and with the dialog it was recorded with."""
    header = recording.header
    now = TimeOfDay(header.began)
    call = Call(conversation_of(header, dialog_of(header), now), header.rules)
    broke = ""
    for step in recording.steps():
        actions: Sequence[Action] = ()
        # A broken call is told nothing more.
        if not broke:
            now.step(step.at, step.clock)
            try:
                actions = call.on(step.event, step.at)
            except Exception as error:
                broke = type(error).__name__
        yield Done(step, actions, broke)


def verify(recording: Recording) -> Verdict:
    """Replay, and compare every action with the recorded one up to the first difference."""
    events = actions = 0
    first: float | None = None
    last = 0.0
    for done in drive(recording):
        first = done.step.at if first is None else first
        last = done.step.at
        now = [action_to_json(action) for action in done.actions]
        if _text(now) != _text(done.step.actions) or done.broke != done.step.broke:
            different = _difference(recording, done, now, last - first)
            return Verdict(events, actions, last - first, recording.whole, different)
        events += 1
        actions += len(now)
    return Verdict(events, actions, 0.0 if first is None else last - first, recording.whole)


def _text(actions: Sequence[Any]) -> list[str]:
    return [json.dumps(action, sort_keys=True) for action in actions]


def _difference(recording: Recording, done: Done, now: Sequence[Any], at: float) -> str:
    step, header = done.step, recording.header
    before = [shown(action) for action in step.actions] + ([f"broke: {step.broke}"] if step.broke else [])
    after = [shown(action) for action in now] + ([f"broke: {done.broke}"] if done.broke else [])
    name, content = event_to_json(step.event)
    told = name if isinstance(step.event, Frame | Started) else shown({name: content})
    lines = [
        f"{recording.path}:{step.line}: {at:.2f} s into the stream, told {told}, the call does something else",
        *difflib.unified_diff(before, after, "recorded", "replayed", n=len(before), lineterm=""),
    ]
    if header.voicebot != __version__:
        lines.append(f"recorded by voicebot {header.voicebot}, replayed by {__version__}")
    return "\n".join(lines)


def shown(content: Any) -> str:
    """JSON of an event or an action as a person reads it: `Speak(utterance=3, text="Hello.")`."""
    if isinstance(content, dict):
        if len(content) == 1:
            ((name, inner),) = content.items()
            if isinstance(inner, dict) and name[:1].isupper():
                return f"{name}({', '.join(f'{key}={shown(item)}' for key, item in inner.items())})"
        return "{" + ", ".join(f"{key}: {shown(item)}" for key, item in content.items()) + "}"
    if isinstance(content, list):
        return f"[{', '.join(shown(item) for item in content)}]"
    return json.dumps(content, ensure_ascii=False)
