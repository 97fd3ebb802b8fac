"""The same caller in virtual time, with engines as they were recorded or with others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.replay.support import in_virtual_time
from voicebot.asr.port import Speech, Transcript
from voicebot.call.record import Disposition, Speaker
from voicebot.call.rules import Rules
from voicebot.errors import RecognizerError
from voicebot.replay.change import Anew, change, changed_rules
from voicebot.replay.difference import conversation, unified
from voicebot.replay.drive import dialog_of
from voicebot.replay.heard import Hearing, RecordedHearing
from voicebot.replay.reading import Recording
from voicebot.replay.recorded import Recorded, gather
from voicebot.replay.rerun import Rerun
from voicebot.testing.scripted import Failing, Reply, ScriptedRecognizer
from voicebot.testing.timeline import Timeline


def goodbye(line: Timeline) -> None:
    """Ask, be asked, say goodbye."""
    line.caller_says("where is my order", at=6.0)
    line.caller_says("goodbye", at=14.0, seconds=0.6)


def _recorded(folder: Path, story: Callable[[Timeline], object] = goodbye) -> Recorded:
    path, _ = in_virtual_time(folder, story)
    return gather(Recording.open(path))


def _again(recorded: Recorded, rules: Rules | None = None, hearing: Hearing | None = None) -> Rerun:
    header = recorded.recording.header
    known = hearing or RecordedHearing(recorded.answers.known, header.rules.vad_threshold)
    return Rerun(recorded, dialog_of(header), rules or header.rules, known).play()


def test_without_a_change_the_call_goes_as_it_went(tmp_path: Path) -> None:
    """The simulation of the line and the engines is close enough that nobody would notice."""
    recorded = _recorded(tmp_path)
    again = _again(recorded)
    assert again.doubts == []
    assert (
        unified(conversation(recorded.turns, recorded.end), conversation(again.turns, again.ending), ("", ""))
        == ""
    )


def test_a_recording_that_breaks_off_ends_with_the_caller_gone(tmp_path: Path) -> None:
    """What is not recorded is not invented: the caller hangs up where the file ends."""
    path, _ = in_virtual_time(tmp_path, goodbye)
    content = path.read_text().splitlines(keepends=True)
    path.write_text("".join(content[: len(content) * 2 // 3]))
    recorded = gather(Recording.open(path))
    assert recorded.end is None
    again = _again(recorded)
    assert again.ending is not None
    assert again.ending.reason == "hung_up"


def test_an_empty_recording_is_a_call_nobody_made(tmp_path: Path) -> None:
    """A process killed at its first breath leaves a header; nothing comes of it."""
    path, _ = in_virtual_time(tmp_path, goodbye)
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    again = _again(gather(Recording.open(path)))
    assert again.turns == []
    assert again.ending is not None
    assert again.ending.disposition is Disposition.ABANDONED


def test_beyond_the_recording_the_caller_is_silent_and_that_is_said(tmp_path: Path) -> None:
    """A bot that waits longer meets nobody: the doubt names the time from which on that is so."""
    recorded = _recorded(tmp_path, lambda line: None)
    assert recorded.left
    again = _again(recorded, Rules(silence=9.0))
    assert len(again.doubts) == 1
    assert "from there the caller is silent" in again.doubts[0]


def _with_other_ears(recorded: Recorded, hear: Callable[[Speech], Reply]) -> Rerun:
    with asyncio.Runner() as runner:
        return _again(recorded, hearing=Anew(ScriptedRecognizer(hear), "en", runner))


def test_other_ears_hear_the_recorded_audio(tmp_path: Path) -> None:
    """Every utterance goes to the other recogniser, and its time is the engine's."""
    asked: list[Speech] = []

    def hear(speech: Speech) -> Reply:
        asked.append(speech)
        return Transcript("goodbye", 0.9, decode_seconds=0.5)

    recorded = _recorded(tmp_path)
    again = _with_other_ears(recorded, hear)
    (first,) = [turn for turn in again.turns if turn.speaker is Speaker.CALLER]
    assert first.text == "goodbye"
    assert first.timings.decode_seconds == 0.5
    assert first.timings.recognised == pytest.approx((first.timings.queued or 0.0) + 0.5, abs=0.03)
    assert asked
    assert all(int(speech.pcm.max()) > 0 for speech in asked)


def test_ears_that_fail_are_apologised_for(tmp_path: Path) -> None:
    """A recogniser that raises is a recogniser that failed, as it would be in a call."""
    again = _with_other_ears(_recorded(tmp_path), lambda speech: Failing(RecognizerError("no model")))
    assert [trouble.part for trouble in again.troubles]
    assert {trouble.error for trouble in again.troubles} == {"no model"}


def test_only_what_is_changed_of_the_rules_changes(tmp_path: Path) -> None:
    """Rules that no setting gave stay as they were recorded; a rule without a setting can be named as well."""
    path, _ = in_virtual_time(
        tmp_path, lambda line: line.caller_hangs_up(2.0), rules=Rules(min_pause=0.33, tail=0.1)
    )
    header = Recording.open(path).header
    assert changed_rules(header, change((), None)) == header.rules
    rules = changed_rules(header, change(("VOICEBOT_MAX_PAUSE=0.9", "most_holds=5"), "tiny"))
    assert (rules.min_pause, rules.tail, rules.max_pause, rules.most_holds) == (0.33, 0.1, 0.9, 5)


def test_the_environment_of_this_process_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorded settings count, not those of whoever replays."""
    path, _ = in_virtual_time(tmp_path, lambda line: line.caller_hangs_up(2.0))
    header = Recording.open(path).header
    monkeypatch.setenv("VOICEBOT_MAX_PAUSE", "2.5")
    assert changed_rules(header, change(("min_pause=0.5",), None)).max_pause == header.rules.max_pause


def test_naming_a_model_hears_again() -> None:
    """`--asr` and any setting of the recogniser do; others do not."""
    assert change((), "tiny").hears
    assert change(("VOICEBOT_ASR_MODEL=tiny",), None).hears
    assert not change(("min_pause=0.5",), None).hears
