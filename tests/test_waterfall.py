"""The waterfall as a person and as a machine read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.call.record import Disposition, Speaker, Timings, TurnEntry
from voicebot.call.stages import Leg, Stage
from voicebot.store.views import CallRow, CallState, CallView
from voicebot.waterfall import bar, document, page

TIMES = Timings(
    last_voice=5.0,
    vad_end=5.1,
    queued=5.2,
    decoding=5.2,
    recognised=5.4,
    committed=5.4,
    understood=5.4,
    ready=5.6,
    answered=5.8,
    confirmed=9.0,
)
ASKED = TurnEntry(
    1,
    Speaker.CALLER,
    "where is my order, please, I have been waiting for it for two weeks",
    4.0,
    5.0,
    intent="order_status",
    confidence=0.9,
    slots={"number": "1234"},
    timings=TIMES,
)
TURNS = (
    TurnEntry(0, Speaker.BOT, "Hello.", 0.0, 1.5, interrupted=True),
    ASKED,
    TurnEntry(2, Speaker.BOT, "It comes tomorrow.", 5.8, 8.9),
    TurnEntry(3, Speaker.CALLER, "mhm", 9.5, 9.7, rejected="nothing to answer"),
    TurnEntry(4, Speaker.CALLER, "", 11.0, 12.0, keys="12#", timings=Timings(committed=12.0, answered=12.2)),
)


def _view(*turns: TurnEntry) -> CallView:
    row = CallRow(
        call_id="call-7",
        caller="+14155550100",
        called="+14155550199",
        gateway="jambonz",
        dialog="shop",
        node="media-1",
        state=CallState.ENDED,
        started_at=datetime(2030, 1, 1, 12, tzinfo=UTC),
        ended_at=datetime(2030, 1, 1, 12, 1, tzinfo=UTC),
        disposition=Disposition.COMPLETED,
        reason="goodbye",
        intent=None,
        confidence=0.0,
        summary="",
        slots={},
    )
    return CallView(row, turns, (), (), ())


def test_the_bars_stand_where_the_time_went() -> None:
    """Eight tenths of a second over 72 cells: each stage begins where the one before it ended."""
    lines = page(_view(ASKED), width=200).splitlines()
    drawn = {
        line.split()[0]: line[11:83] for line in lines if line[4:].split(" ")[0] in {one.value for one in Stage}
    }
    assert drawn["notice"].rstrip() == "█" * 9
    assert drawn["guess"].rstrip() == " " * 9 + "█" * 9
    assert drawn["decode"].rstrip() == " " * 18 + "█" * 18
    assert drawn["pause"].rstrip() == " " * 9 + "█" * 27
    assert drawn["decide"].rstrip() == " " * 36 + "▏"
    assert drawn["voice"].rstrip() == " " * 36 + "█" * 18
    assert drawn["send"].rstrip() == " " * 54 + "█" * 18


def test_the_end_of_playing_has_a_time_and_no_bar() -> None:
    """A reply of seconds would leave no room for the milliseconds before it."""
    (line,) = [line for line in page(_view(ASKED), 80).splitlines() if line.strip().startswith("play")]
    assert line.split() == ["play", "3.200", "s"]


def test_every_turn_says_what_was_said_and_what_became_of_it() -> None:
    """Words, keys, interruptions, reasons not to answer, and the wait for the reply are all there."""
    text = page(_view(*TURNS), 100)
    assert "call-7  2030-01-01 12:00:00 UTC  completed" in text
    assert '"Hello." (interrupted)' in text
    assert "answered in 0.80 s; order_status 0.90; number=1234" in text
    assert "not answered: nothing to answer" in text
    assert "[keys 12#]" in text
    assert "3 turns of the caller, 2 answered: in 0.50 s at the median, 0.80 s at the worst (#1)" in text


def test_a_call_in_which_nobody_spoke_has_no_waterfall() -> None:
    """Without turns the page says so."""
    assert page(_view(), 80).endswith("0 turns of the caller, none answered")


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Bars shrink and words wrap; only the call's own first line has its length."""
    lines = page(_view(*TURNS), width).splitlines()[1:]
    assert max(len(line) for line in lines) <= width


def test_a_terminal_without_block_characters_gets_hashes() -> None:
    """Nothing but ASCII is drawn where the encoding has no blocks."""
    bars = [
        line[11:] for line in page(_view(ASKED), 80, blocks=False).splitlines() if line.startswith("    notice")
    ]
    assert bars[0].split()[0].strip("#") == ""
    bars[0].encode("ascii")


def test_machines_get_times_and_stages() -> None:
    """The document survives JSON and names every stage with its beginning and its end."""
    record = json.loads(json.dumps(document(_view(*TURNS))))
    assert record["call"] == "call-7"
    turn = record["turns"][1]
    assert (turn["speaker"], turn["answered_in"], turn["slots"]) == (
        "caller",
        pytest.approx(0.8),
        {"number": "1234"},
    )
    assert turn["timings"]["ready"] == 5.6
    assert turn["stages"][0] == {"stage": "notice", "start": 5.0, "end": 5.1, "seconds": pytest.approx(0.1)}
    assert "decode_seconds" not in turn["timings"]
    assert record["turns"][0]["stages"] == []


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 100), st.integers(6, 72), st.booleans())
def test_a_bar_is_never_empty_and_never_leaves_its_line(
    start: float, seconds: float, total: float, cells: int, blocks: bool
) -> None:
    """However short a stage and wherever it lies, it can be seen."""
    drawn = bar(Leg(Stage.DECODE, start, start + seconds), 0.0, total, cells, blocks)
    assert drawn.strip()
    assert len(drawn) <= cells


def test_a_turn_of_the_bot_has_no_bars() -> None:
    """Only what the caller waited for is drawn."""
    assert not any(stage.value in page(_view(TURNS[2]), 80) for stage in Stage if stage is not Stage.PLAY)
