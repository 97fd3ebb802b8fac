"""Tests of the turn latency benchmark: how turns are matched with records, and a smoke test."""

from __future__ import annotations

import pytest

from benchmarks.turn_latency.__main__ import main
from benchmarks.turn_latency.script import Line
from benchmarks.turn_latency.turns import matched
from voicebot.call.record import Speaker, Timings, TurnEntry
from voicebot.testing.caller import Turn

HOURS = Line("What are your opening hours?", "opening_hours")
NO = Line("No.", "deny")
TIMES = Timings(last_voice=2.0, queued=2.15, recognised=2.25, committed=2.40, answered=2.41, decode_seconds=0.08)


def caller(text: str, started: float, intent: str | None, rejected: str = "") -> TurnEntry:
    """What a server notes of a caller's turn."""
    return TurnEntry(
        0, Speaker.CALLER, text, started, started + 1, intent=intent, rejected=rejected, timings=TIMES
    )


def test_a_turn_is_split_by_stage() -> None:
    """The stages of an answered turn add up to the latency at the caller's ear."""
    turn = Turn(HOURS.said, started_at=6.0, ended_at=7.05, replied_at=7.50)
    (measured,) = matched([HOURS], [turn], [caller(HOURS.said, 1.0, "opening_hours")], offset=5.0)
    assert measured.understood
    assert not measured.cut
    stages = measured.stages
    assert stages is not None
    assert stages.pop("of it decoding") == TIMES.decode_seconds
    assert sum(stages.values()) == pytest.approx(0.45)


def test_a_sentence_cut_in_two_is_counted() -> None:
    """Two entries with words in one turn are a false cut-off; a cough and the bot's own turn are not."""
    turns = [Turn(HOURS.said, 6.0, 8.0, 8.5), Turn(NO.said, 20.0, 20.4, 20.9)]
    entries = [
        caller("What are", 1.0, None),
        caller("opening hours?", 2.0, "opening_hours"),
        TurnEntry(1, Speaker.BOT, "We are open.", 3.0, 9.0),
        caller("", 15.1, None),
        caller("No.", 15.0, "deny"),
    ]
    first, second = matched([HOURS, NO], turns, entries, offset=5.0)
    assert first.cut
    assert not first.understood
    assert first.stages is None
    assert second.understood
    assert not second.cut


def test_another_intent_is_not_understood() -> None:
    """One turn with the wrong intent counts as answered, not as understood."""
    turn = Turn(NO.said, 6.0, 6.5, 7.0)
    (measured,) = matched([NO], [turn], [caller("No.", 1.0, "help")], offset=5.0)
    assert not measured.understood
    assert measured.heard == "No."


@pytest.mark.timeout(240)
def test_a_quick_run_calls_a_real_server(capsys: pytest.CaptureFixture[str]) -> None:
    """One caller asks one thing of a server of its own; the wait is measured and printed."""
    assert main(["--quick"]) == 0
    printed = capsys.readouterr().out
    assert "machine" in printed
    assert "as shipped" in printed
    assert "problem" not in printed
