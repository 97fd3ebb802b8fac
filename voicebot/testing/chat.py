"""`voicebot chat`: talk to a bot in text, without audio, models or a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from voicebot.dialog import FileDialog
from voicebot.dialog.port import Conversation
from voicebot.dialog.types import NOWHERE, HangUp, LookUp, Move, Surroundings, Transfer, Trouble
from voicebot.errors import LookUpError
from voicebot.lookup.build import build as build_lookups
from voicebot.lookup.port import LookUps

CALLER, CALLED = "+15550100", "+15550199"

Say = Callable[[str], None]


def chat(dialog: FileDialog, folder: Path, lines: Iterable[str], say: Say, around: Surroundings = NOWHERE) -> None:
    """Feed `lines` to a new conversation until it or they end.

    A line of keys after a slash, such as `/1234`, is pressed; an empty line is a caller who stays silent.
    folder: where the dialog's look-up files are.
    """
    conversation = dialog.converse(CALLER, CALLED, around=around)
    look_ups = build_lookups(dialog.lookups, folder)
    if _perform(conversation.open(), conversation, look_ups, say):
        return
    for line in lines:
        if _perform(_hear(conversation, line.strip()), conversation, look_ups, say):
            return


def _hear(conversation: Conversation, line: str) -> Move:
    if not line:
        return conversation.silent()
    if line.startswith("/"):
        return conversation.press(line[1:])
    return conversation.hear(line, 1.0)


def _perform(move: Move, conversation: Conversation, look_ups: LookUps, say: Say) -> bool:
    """Say and do one move; whether the conversation is over."""
    if move.meaning is not None and move.meaning.intent is not None:
        filled = "".join(f", {slot} {value}" for slot, value in move.meaning.slots.items())
        say(f"      [{move.meaning.intent} {move.meaning.confidence:.2f}{filled}]")
    for line in move.say:
        say(f"bot   {line.text}")
    match move.then:
        case LookUp(name, slots):
            try:
                result = asyncio.run(look_ups.ask(name, slots))
            except LookUpError as error:
                say(f"      [look-up {name} failed: {error}]")
                return _perform(conversation.trouble(Trouble.LOOKUP), conversation, look_ups, say)
            return _perform(conversation.looked_up(result), conversation, look_ups, say)
        case Transfer(reason=reason, whisper=whisper, rule=rule) as transfer:
            targets = (", then " if transfer.in_turn else " and ").join(transfer.targets)
            say(f"      [transfer to {targets}, {reason.value}, rule {rule}; the agent hears: {whisper}]")
            return True
        case HangUp(why):
            say(f"      [hang up: {why}]")
            return True
    return False
