"""`voicebot replay`: does this version do as was recorded, and what would have been under other rules?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from voicebot.call.rules import Rules
from voicebot.dialog import FileDialog
from voicebot.dialog import load as load_dialog
from voicebot.replay.change import Anew, Change, change, changed_rules
from voicebot.replay.difference import Said, alike, conversation, unified
from voicebot.replay.drive import dialog_of, verify
from voicebot.replay.heard import Hearing, RecordedHearing
from voicebot.replay.reading import Recording
from voicebot.replay.recorded import Recorded, gather
from voicebot.replay.rerun import Rerun
from voicebot.settings import load

Say = Callable[[str], None]


def replay(
    file: Annotated[Path, typer.Argument(help="A recording, from the folder `inputs` of the data folder.")],
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Another dialog file: show how the call would have gone.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--settings", help="NAME=VALUE, or a file of such lines; may be given more than once."),
    ] = None,
    asr: Annotated[
        str | None, typer.Option("--asr", help="Another model: hear the recorded audio again with it.")
    ] = None,
) -> None:
    """Tell a recorded call's inputs to the bot again. Without options: does it do the same? Exit status 1 if not.

    With options: how the conversation would have gone, as a difference, turn by turn. See docs/debugging.md.
    """
    recording = Recording.open(file)
    if rules is None and not settings and asr is None:
        sys.exit(0 if _same(recording, typer.echo) else 1)
    _different(recording, rules, change(settings or (), asr), typer.echo)


def _same(recording: Recording, say: Say) -> bool:
    verdict = verify(recording)
    if verdict.different:
        say(verdict.different)
        return False
    say(
        f"{recording.header.call_id}: {verdict.seconds:.1f} s, {verdict.events} events, "
        f"{verdict.actions} actions, all as recorded"
    )
    if not verdict.whole:
        say("the recording breaks off there: the call went on, or its process was killed or its disk full")
    return True


def _different(recording: Recording, rules: Path | None, wanted: Change, say: Say) -> None:
    verdict = verify(recording)
    if verdict.different:
        say("This version no longer does as was recorded; compared is what it does with what it would do:")
        say(verdict.different + "\n")
    recorded = gather(recording)
    header = recording.header
    dialog = dialog_of(header)
    before, _ = _rerun(recorded, dialog, header.rules, _as_recorded(recorded))
    as_it_was = conversation(recorded.turns, recorded.end)
    with ExitStack() as stack:
        other = dialog if rules is None else load_dialog(rules)
        hearing = _anew(wanted, other.language, say, stack) if wanted.hears else _as_recorded(recorded)
        after, doubts = _rerun(recorded, other, changed_rules(header, wanted), hearing)
    simulated = not alike(before, as_it_was)
    left = "as recorded" + (", played again in virtual time" if simulated else "")
    found = unified(before, after, (left, _named(rules, wanted)))
    say(found or f"no difference: all {len(after)} turns as recorded")
    if simulated:
        say(
            "\nThe recorded call itself went a little differently, for its line and engines are approximated here:"
        )
        say(unified(as_it_was, before, ("recorded", left)))
    if doubts:
        say("\nNot known from the recording:")
        for doubt in dict.fromkeys(doubts):
            say(f"  {doubt}")


def _rerun(recorded: Recorded, dialog: FileDialog, rules: Rules, hearing: Hearing) -> tuple[list[Said], list[str]]:
    again = Rerun(recorded, dialog, rules, hearing).play()
    doubts = list(again.doubts)
    if isinstance(hearing, RecordedHearing):
        doubts += [f'"{text}": pieced together, --asr hears it again' for text in hearing.unsure]
    return conversation(again.turns, again.ending), doubts


def _as_recorded(recorded: Recorded) -> RecordedHearing:
    return RecordedHearing(recorded.answers.known, recorded.recording.header.rules.vad_threshold)


def _anew(wanted: Change, language: str, say: Say, stack: ExitStack) -> Anew:
    from voicebot.asr.build import build

    overrides = {name: value for name, value in wanted.settings.items() if name.startswith("asr")}
    recognizer = build(load(**overrides), language)
    runner = stack.enter_context(asyncio.Runner())
    stack.callback(lambda: runner.run(recognizer.aclose()))
    say(f"hearing with {recognizer.description}\n")
    return Anew(recognizer, language, runner)


def _named(rules: Path | None, wanted: Change) -> str:
    parts = [f"--rules {rules}"] if rules is not None else []
    parts += [f"--settings {name}={value}" for name, value in _shown({**wanted.settings, **wanted.rules})]
    return "with " + " ".join(parts)


def _shown(values: dict[str, str]) -> Sequence[tuple[str, str]]:
    return [(name, "(set)" if name.endswith("_key") else value) for name, value in values.items()]
