"""A recorded call, told again: by this version, by another dialog, under other rules, with other ears."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.replay.support import MORNING, bot, by_the_server, in_virtual_time, lines, rewritten
from voicebot.call.actions import Hold
from voicebot.call.record import Speaker, TurnEntry
from voicebot.cli import app
from voicebot.dialog.types import Surroundings
from voicebot.errors import RecordingError, SettingsError
from voicebot.replay.drive import verify
from voicebot.replay.reading import Recording
from voicebot.replay.recorded import gather
from voicebot.testing.timeline import Timeline


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of one call by the real server."""
    return by_the_server(tmp_path_factory.mktemp("served"))


def order(line: Timeline) -> None:
    """Ask for an order in two halves, hear the answer, say goodbye."""
    line.caller_says("where is my order", at=6.0)
    line.caller_says("my number is", at=12.0, seconds=1.0)
    line.caller_says("1 2 3 4", at=13.5, seconds=1.0)
    line.caller_says("goodbye", at=24.0, seconds=0.6)


def run(*arguments: str | Path) -> tuple[int, str]:
    """`voicebot replay`: its exit status and what it says."""
    result = CliRunner().invoke(app, ["replay", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_call_of_the_server_is_reproduced(served: Path) -> None:
    """Every action the running server saw is done again, from nothing but the file."""
    verdict = verify(Recording.open(served))
    assert verdict.different == ""
    assert verdict.whole
    assert verdict.actions > 10
    heard = [turn.text for turn in gather(Recording.open(served)).turns if turn.speaker is Speaker.CALLER]
    assert heard[0] == "where is order 1234"
    assert heard[-1] == "goodbye"
    code, said = run(served)
    assert code == 0
    assert "all as recorded" in said


def test_look_ups_are_answered_from_the_file(served: Path) -> None:
    """What only the look-up knew is said again, though nothing is asked."""
    spoken = " ".join(turn.text for turn in gather(Recording.open(served)).turns)
    assert "waiting" in spoken
    _, said = run(served, "--settings", "silence=7")
    assert "no difference" in said
    assert "was not asked" not in said


def test_the_file_is_for_its_owner_alone(served: Path) -> None:
    """It holds what was said: nobody else may read it, nor list the folder."""
    assert stat.S_IMODE(served.stat().st_mode) == 0o600
    assert stat.S_IMODE(served.parent.stat().st_mode) == 0o700


def test_no_secret_is_in_the_file(served: Path) -> None:
    """The header tells the settings that matter, and neither tokens nor keys nor addresses."""
    told = lines(served)[0]["settings"]
    assert told["vad_threshold"] == "0.6"
    assert not any(name.endswith(("key", "token", "secret", "password", "url")) for name in told)


def test_another_dialog_shows_what_the_bot_would_have_said(tmp_path: Path) -> None:
    """Only the changed sentence differs; the turns around it are shown once."""
    path, _ = in_virtual_time(tmp_path, order)
    other = tmp_path / "other.yaml"
    other.write_text(bot(tmp_path).read_text().replace("Thank you for calling {{ name }}. Goodbye.", "So long."))
    code, said = run(path, "--rules", other)
    assert code == 0
    changed = [line for line in said.splitlines() if line[:1] in "+-"]
    assert changed[:2] == ["--- as recorded", f"+++ with --rules {other}"]
    assert [line.split(maxsplit=3)[3] for line in changed[2:]] == [
        '"Thank you for calling Acme Outfitters. Goodbye."',
        '"So long."',
    ]


def test_other_pauses_cut_the_turns_in_another_way(tmp_path: Path) -> None:
    """With hardly any patience the first half of a number is a turn of its own; its text is the recorded guess."""
    path, line = in_virtual_time(tmp_path, order)
    assert ("caller", "my number is 1 2 3 4") in line.transcript
    _, said = run(path, "--settings", "min_pause=0.2", "--settings", "VOICEBOT_MAX_PAUSE=0.3")
    removed = [text for text in said.splitlines() if text.startswith("-")]
    added = [text for text in said.splitlines() if text.startswith("+")]
    assert any('"my number is 1 2 3 4"' in text for text in removed)
    assert any('"my number is"' in text for text in added)


def test_more_patience_joins_two_turns(tmp_path: Path) -> None:
    """What was two turns becomes one, its text put together from what was recorded, and that is said."""

    def story(line: Timeline) -> None:
        line.caller_says("where is my order", at=6.0, seconds=1.0)
        line.caller_says("goodbye", at=8.0, seconds=0.6)

    path, line = in_virtual_time(tmp_path, story)
    assert ("caller", "where is my order") in line.transcript
    _, said = run(
        path, "--settings", "short_pause=1.5", "--settings", "min_pause=1.5", "--settings", "max_pause=2"
    )
    assert '"where is my order goodbye"' in said
    assert "pieced together" in said


def test_a_file_of_settings_is_taken(tmp_path: Path) -> None:
    """An env file may be named instead; what has no say in a conversation is passed over."""
    path, _ = in_virtual_time(tmp_path, order)
    env = tmp_path / "voicebot.env"
    env.write_text("# mine\nVOICEBOT_HTTP_PORT=8080\nexport VOICEBOT_MIN_PAUSE=0.2\nVOICEBOT_MAX_PAUSE=0.3\n")
    _, said = run(path, "--settings", env)
    assert '"my number is"' in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("min_puase=1", "did you mean min_pause"),
        ("VOICEBOT_ASR_MODLE=tiny", "did you mean asr_model"),
        ("VOICEBOT_HTTP_PORT=80", "has no say in a replay"),
        ("min_pause=soon", "VOICEBOT_MIN_PAUSE"),
        ("most_holds=soon", "wants a number"),
        ("nothing.env", "neither NAME=VALUE nor a file"),
    ],
)
def test_a_wrong_change_is_refused_with_the_way_out(tmp_path: Path, given: str, message: str) -> None:
    """Misspelt, idle and malformed settings are named."""
    path, _ = in_virtual_time(tmp_path, lambda line: line.caller_hangs_up(2.0))
    with pytest.raises(SettingsError, match=message):
        run(path, "--settings", given)


def test_a_look_up_nobody_asked_then_fails_and_is_named(tmp_path: Path) -> None:
    """The recording cannot know what another question would have been answered."""
    path, _ = in_virtual_time(tmp_path, order)
    other = tmp_path / "other.yaml"
    other.write_text(
        bot(tmp_path)
        .read_text()
        .replace("look_up: orders", "look_up: parcels")
        .replace("look_ups:\n  orders:", "look_ups:\n  parcels:")
    )
    _, said = run(path, "--rules", other)
    assert "look-up parcels (order_number 1234) was not asked in the recording" in said


def test_the_first_difference_is_shown(tmp_path: Path) -> None:
    """A recording that says otherwise ends the replay: exit status 1, the line, what was told, both actions."""
    path, _ = in_virtual_time(tmp_path, order)
    content = lines(path)
    place = next(at for at, line in enumerate(content) if "Started" in line)
    content[place]["a"][0] = {"Speak": {"utterance": 1, "text": "Something else."}}
    code, said = run(rewritten(path, content))
    assert code == 1
    assert f"{path}:{place + 1}: " in said
    assert '-Speak(utterance=1, text="Something else.")' in said
    assert '+Speak(utterance=1, text="Hello, this is the automated assistant' in said
    assert "recorded by voicebot 0.0.0" in said


def test_a_truncated_recording_is_replayed_to_its_end(tmp_path: Path) -> None:
    """A process that is killed leaves half a line; everything before it counts."""
    path, _ = in_virtual_time(tmp_path, order)
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    verdict = verify(Recording.open(path))
    assert (verdict.different, verdict.whole) == ("", False)
    code, said = run(path)
    assert code == 0
    assert "breaks off" in said


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_wherever_a_recording_is_cut_it_can_be_replayed(
    tmp_path_factory: pytest.TempPathFactory, served: Path, share: float
) -> None:
    """Whatever was written when the process died: the replay does the same up to there."""
    content = served.read_bytes()
    head = content.index(b"\n") + 1
    cut = tmp_path_factory.mktemp("cut") / "call.jsonl"
    cut.write_bytes(content[: head + round((len(content) - head) * share)])
    assert verify(Recording.open(cut)).different == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not a line of a recording"),
        ("[]", "it is no object"),
        ('{"t": 1.0}', "it wants a time and one event"),
        ('{"t": "now", "Tick": {}}', "it wants a time and one event"),
        ('{"t": 1.0, "Sneeze": {}}', "there is no event 'Sneeze'"),
        ('{"t": 1.0, "Digit": {}}', "Digit.key: Field required"),
        ('{"t": 1.0, "Frame": ["AAAAAA==", 0.5]}', "Frame: 2 samples instead of 160"),
        ('{"t": 1.0, "Frame": ["!", 0.5]}', "Frame: "),
        ('{"t": 1.0, "Tick": {}, "now": ["noon"]}', "noon"),
        ('{"lines": 3}', "3 lines were written before this one, and 6 are there"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    """The number of the line and what is wrong with it."""
    path, _ = in_virtual_time(tmp_path, lambda line: line.caller_hangs_up(2.0))
    content = path.read_text().splitlines()
    content[6] = line
    path.write_text("\n".join(content) + "\n")
    with pytest.raises(RecordingError, match=":7: ") as refused:
        verify(Recording.open(path))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("voicebot_inputs", 99, "recorded in format 99; this voicebot reads format 1"),
        ("rules", None, "the header is damaged"),
        ("caller", 5, "caller: Input should be a valid string"),
        ("dialog", {"name": "x", "path": "x", "text": "x", "sha256": "y"}, "the file was changed"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(tmp_path: Path, key: str, value: object, message: str) -> None:
    """Another format, a damaged header, and a dialog that is not the recorded one each say so."""
    path, _ = in_virtual_time(tmp_path, lambda line: line.caller_hangs_up(2.0))
    content = lines(path)
    content[0][key] = value
    with pytest.raises(RecordingError) as refused:
        Recording.open(rewritten(path, content))
    assert message in str(refused.value)


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    """A missing file, and any other one."""
    with pytest.raises(RecordingError, match="there is no such file"):
        Recording.open(tmp_path / "nothing")
    other = tmp_path / "notes.txt"
    other.write_text("hello\n")
    with pytest.raises(RecordingError, match="this is no recording of a call"):
        Recording.open(other)


def test_interruptions_and_keys_are_reproduced(tmp_path: Path) -> None:
    """Holding, going on, keys and hanging up in the middle of a word are told again as they were."""

    def story(line: Timeline) -> None:
        line.caller_coughs(at=1.0)
        line.caller_says("where is my order", at=6.0)
        line.caller_presses("1234#", at=12.0)
        line.caller_says("I also want to", at=20.0, seconds=3.0)
        line.caller_hangs_up(at=22.0)

    path, line = in_virtual_time(tmp_path, story)
    assert line.of(Hold)
    verdict = verify(Recording.open(path))
    assert (verdict.different, verdict.whole) == ("", True)
    _, said = run(path, "--settings", "silence=7")
    assert "no difference" in said


def test_the_time_of_day_is_what_it_was(tmp_path: Path) -> None:
    """A dialog that minds opening hours is told the recorded time, not the present one."""
    path, line = in_virtual_time(
        tmp_path,
        lambda line: line.caller_says("I have a question about my bill, give me a person", at=6.0),
        around=Surroundings(now=lambda: MORNING),
    )
    assert any("now" in recorded for recorded in lines(path))
    assert any(isinstance(entry, TurnEntry) for entry in line.entries)
    assert verify(Recording.open(path)).different == ""


def test_a_call_that_broke_breaks_again(tmp_path: Path) -> None:
    """An exception in the core is part of the recording; a version that does not raise it is different."""
    path, _ = in_virtual_time(tmp_path, lambda line: line.caller_hangs_up(2.0))
    content = lines(path)
    content[5]["broke"] = "ZeroDivisionError"
    code, said = run(rewritten(path, content))
    assert code == 1
    assert "-broke: ZeroDivisionError" in said
