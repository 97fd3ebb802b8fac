"""What `voicebot replay` says: is it still as recorded, and how would it have been under other rules?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from voicebot.call.rules import Rules
from voicebot.dialog import FileDialog
from voicebot.dialog import load as load_dialog
from voicebot.replay.change import Anew, Change, changed_rules
from voicebot.replay.difference import Said, alike, conversation, unified
from voicebot.replay.drive import dialog_of, verify
from voicebot.replay.heard import Hearing, RecordedHearing
from voicebot.replay.reading import Recording
from voicebot.replay.recorded import Recorded, gather
from voicebot.replay.rerun import Rerun
from voicebot.settings import load

Say = Callable[[str], None]


def same(recording: Recording, say: Say) -> bool:
    """Say whether this version does as was recorded, and whether it does. Raises RecordingError."""
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


def different(recording: Recording, rules: Path | None, wanted: Change, say: Say) -> None:
    """Say how the conversation would have gone with the dialog file `rules` and the change `wanted`.

    Raises RecordingError, DialogError, SettingsError, ModelUnavailable.
    """
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
    say(found or "no difference: the conversation goes as recorded")
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
        doubts += [f"{doubt}; --asr hears it again" for doubt in hearing.doubts]
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
    for name, value in {**wanted.settings, **wanted.rules}.items():
        shown = "(set)" if name.endswith("_key") else value
        parts.append(f"--asr {shown}" if name == "asr_model" else f"--settings {name}={shown}")
    return "with " + " ".join(parts)
