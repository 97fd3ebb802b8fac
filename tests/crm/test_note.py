"""The note as it reads in a CRM."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from voicebot.crm import note as notes
from voicebot.crm.port import CallNote, NoteTurn

NOTE = CallNote(
    call_id="call-1",
    caller="+14155552671",
    called="+14155550100",
    started_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    duration=75.4,
    intent="order_status",
    confidence=0.874,
    summary="The caller asked about order 1234.",
    outcome="completed (goodbye)",
    slots={"order_number": "1234"},
    turns=(NoteTurn("Bot", "How can I help?"), NoteTurn("Caller", "Where is my order?")),
)


class _Reader(HTMLParser):
    """Collects tags and text as a browser would see them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(body: str) -> _Reader:
    reader = _Reader()
    reader.feed(body)
    reader.close()
    assert reader.open == []
    return reader


def test_note_tells_everything_an_agent_needs() -> None:
    """Heading, summary, phone, intent, confidence in percent, outcome, slots, transcript with speakers, marker."""
    assert notes.html(NOTE) == (
        "<p><b>[Voicebot Summary]</b></p><p>The caller asked about order 1234.</p>"
        "<p><b>Phone:</b> +14155552671<br><b>Called:</b> +14155550100<br><b>Started:</b> 2026-11-20 10:00 UTC<br>"
        "<b>Duration:</b> 1:15 min<br><b>Intent:</b> order_status<br><b>Confidence:</b> 87%<br>"
        "<b>Outcome:</b> completed (goodbye)</p><ul><li>order_number: 1234</li></ul>"
        "<p><b>Transcript</b></p><p><b>Bot:</b> How can I help?<br><b>Caller:</b> Where is my order?</p>"
        "<p>Call-ID: call-1</p>"
    )


def test_plain_text_tells_the_same() -> None:
    """The text for a terminal has the same facts in the same order, one a line."""
    assert notes.text(NOTE).splitlines() == [
        "[Voicebot Summary]",
        "The caller asked about order 1234.",
        "",
        "Phone: +14155552671",
        "Called: +14155550100",
        "Started: 2026-11-20 10:00 UTC",
        "Duration: 1:15 min",
        "Intent: order_status",
        "Confidence: 87%",
        "Outcome: completed (goodbye)",
        "  order_number: 1234",
        "",
        "Transcript",
        "Bot: How can I help?",
        "Caller: Where is my order?",
        "",
        "Call-ID: call-1",
    ]


def test_a_call_without_words_says_so() -> None:
    """No turns, no intent and no number are spelled out instead of left blank."""
    silent = replace(NOTE, caller="", intent=None, confidence=0.0, summary="", slots={}, turns=())
    text = read(notes.html(silent)).text
    assert "Phone: unknown" in text
    assert "Intent: none recognised" in text
    assert "Confidence: 0%" in text
    assert "Nothing was said." in text
    assert "Nothing was said." in notes.text(silent)


def test_markup_of_callers_is_shown_not_obeyed() -> None:
    """What a caller, a gateway or a model puts in as HTML is text in the note."""
    evil = '<script>alert("x")</script><a href=javascript:y>&amp;'
    body = notes.html(
        replace(
            NOTE, caller=evil, summary=evil, intent=evil, slots={evil: evil}, turns=(NoteTurn("Caller", evil),)
        )
    )
    reader = read(body)
    assert reader.tags <= {"p", "b", "br", "ul", "li", "i"}
    assert reader.text.count(evil) == 6


def test_long_transcript_loses_its_middle_and_says_how_much() -> None:
    """Beginning and end of a long call stay, the cut is marked with the number of turns left out."""
    turns = tuple(NoteTurn("Caller", f"turn {number} " + "&" * 300) for number in range(200))
    body = notes.html(replace(NOTE, turns=turns))
    text = read(body).text
    assert notes.length(body) <= notes.MAX_CHARACTERS
    assert notes.length(body) > 0.9 * notes.MAX_CHARACTERS
    left_out = re.search(r"… (\d+) turns left out …", text)
    assert left_out is not None
    shown = [int(number) for number in re.findall(r"turn (\d+) ", text)]
    assert shown[0] == 0
    assert shown[-1] == 199
    assert len(shown) + int(left_out[1]) == 200
    assert NOTE.summary in text
    assert notes.is_marked(body, "call-1")


def test_one_endless_turn_is_cut_between_characters() -> None:
    """A turn too long for a note ends in an ellipsis, never in half an entity."""
    body = notes.html(replace(NOTE, turns=(NoteTurn("Caller", "<&>" * 50_000), NoteTurn("Bot", "Goodbye."))))
    assert set(re.findall(r"&\w*;?", body)) == {"&lt;", "&amp;", "&gt;"}
    text = read(body).text
    assert "…" in text
    assert "Bot: Goodbye." in text


def test_remarks_are_shown() -> None:
    """Remarks of ours stand in the note."""
    assert "2 contacts have this number" in read(notes.html(NOTE, ["2 contacts have this number."])).text


def test_marker_is_found_in_rewritten_html() -> None:
    """The marker is recognised by its text, however the CRM has rewritten the HTML around it."""
    body = '<div dir="auto"><p style="margin:0">Call-ID:&nbsp;<strong>call-1</strong></p></div>'
    assert notes.is_marked(body, "call-1")


def test_marker_of_another_call_is_not_ours() -> None:
    """A call id that begins with ours is another call."""
    assert not notes.is_marked(notes.html(replace(NOTE, call_id="call-12")), "call-1")
    assert not notes.is_marked(notes.html(replace(NOTE, call_id="call-1 b")), "call-1")


def test_caller_cannot_speak_the_marker() -> None:
    """A caller who says another call's marker does not make this note pass for that call's."""
    spoken = replace(NOTE, turns=(NoteTurn("Caller", "Call-ID: call-2"), NoteTurn("Caller", "x\nCall-ID: call-2")))
    assert not notes.is_marked(notes.html(spoken), "call-2")


any_text = st.text(st.one_of(st.characters(), st.sampled_from("<>&\"'\n\x00\u2028\ud800😀")), max_size=300)


@st.composite
def any_note(draw: st.DrawFn) -> CallNote:
    """Calls with anything in them, sometimes far too long."""
    grown = draw(st.sampled_from((1, 1, 40, 1000)))
    turns = draw(st.lists(st.builds(NoteTurn, st.sampled_from(("Caller", "Bot")), any_text), max_size=8))
    return replace(
        NOTE,
        call_id=draw(any_text),
        caller=draw(any_text),
        called=draw(any_text) * grown,
        intent=draw(st.none() | any_text),
        confidence=draw(st.floats(-1, 2)),
        summary=draw(any_text) * grown,
        outcome=draw(any_text) * grown,
        slots=draw(st.dictionaries(any_text, any_text, max_size=30)),
        turns=tuple(turns) * min(grown, 100),
    )


@given(any_note(), st.lists(any_text, max_size=8))
def test_any_note_is_short_enough_escaped_and_marked(note: CallNote, remarks: list[str]) -> None:
    """Whatever was said: at most 65,536 characters, our tags only, balanced, whole entities, marker found."""
    body = notes.html(note, remarks)
    assert notes.length(body) <= 65_536
    assert len(body.encode("utf-16-le")) // 2 == notes.length(body)
    reader = read(body)
    assert reader.tags <= {"p", "b", "br", "ul", "li", "i"}
    assert reader.attributes == []
    assert all(entity in ("&lt;", "&gt;", "&amp;") for entity in re.findall(r"&[^;]{0,5};?", body))
    assert notes.is_marked(body, note.call_id)
    assert unescape(body).count(notes.HEADING) >= 1


@given(any_note())
def test_any_note_is_printable(note: CallNote) -> None:
    """The plain text has no control characters a terminal would obey, and one line a turn."""
    text = notes.text(note)
    assert all(character == "\n" or ord(character) >= 32 for character in text)
    assert text.encode()
    assert sum(line.startswith(("Caller:", "Bot:")) for line in text.split("\n")) >= len(note.turns)
