"""Where the time went, on the page of a call."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.web.desk.test_calls import EVIL, look
from tests.web.house import CALL, House
from voicebot.call.record import Speaker, Timings, TurnEnd, TurnEntry
from voicebot.web.desk.timing import ROW, WIDTH, waterfalls

TIMES = Timings(
    last_voice=5.0, vad_end=5.1, queued=5.2, recognised=5.4, committed=5.5, answered=6.0, confirmed=9.0
)


def _turn(words: str = "my order", timings: Timings = TIMES, speaker: Speaker = Speaker.CALLER) -> TurnEntry:
    return TurnEntry(1, speaker, words, 4.0, 5.0, timings=timings, reason=TurnEnd.COMPLETE)


def test_the_page_shows_every_stage_without_a_style_or_a_script(house: House) -> None:
    """Drawn in SVG with plain attributes, which the content security policy allows; words in it are escaped."""
    house.hook("/voice")
    house.bot_spoke()
    house.records.add(CALL, _turn(EVIL))
    page = look(house, f"/agent/calls/{CALL}")
    assert "answered in 1.00 s, complete" in page.text
    assert "decode" in [value for name, value in page.attributes if name == "class"]
    assert "recognised: 0.200 s" in page.text
    assert "img" not in page.tags
    assert "style" not in [name for name, _ in page.attributes]
    assert EVIL in page.text


def test_a_call_without_times_has_no_such_part(house: House) -> None:
    """An empty drawing would look broken."""
    house.hook("/voice")
    house.bot_spoke()
    house.records.add(CALL, _turn(timings=Timings()))
    assert "Where the time went" not in look(house, f"/agent/calls/{CALL}").text


def test_only_turns_of_the_caller_are_drawn() -> None:
    """What the bot says nobody waits for."""
    assert [one.words for one in waterfalls([_turn(), _turn("hello", speaker=Speaker.BOT)])] == ["my order"]


@given(st.builds(Timings, *[st.none() | st.floats(0, 1e4)] * 11))
def test_no_bar_leaves_the_drawing(timings: Timings) -> None:
    """Whatever was kept, every bar can be seen: inside of the drawing, in a row of its own."""
    for drawn in waterfalls([_turn(timings=timings)]):
        assert [bar.y for bar in drawn.bars] == [row * ROW for row in range(len(drawn.bars))]
        for bar in drawn.bars:
            assert 0 <= bar.x < WIDTH
            assert bar.width > 0
            assert bar.x + bar.width <= WIDTH + 4
