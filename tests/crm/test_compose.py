"""From the record of a call to what a CRM is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from voicebot.call.record import Disposition, Speaker, TransferOutcome, TurnEntry
from voicebot.crm import NoteTurn, compose
from voicebot.crm import note as notes
from voicebot.crm.insight import Insight
from voicebot.crm.port import NoteWrapUp
from voicebot.dialog.crm_plan import CALL_FIELDS
from voicebot.store.views import CallRow, CallState, CallView, TransferView, WrapUp, WrapUpDisposition

BEGUN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def view(*turns: TurnEntry, transfers: tuple[TransferView, ...] = (), live: bool = False) -> CallView:
    row = CallRow(
        call_id="call-1",
        caller="+14155552671",
        called="+14155550100",
        gateway="jambonz",
        dialog="shop",
        node="node-1",
        state=CallState.LIVE if live else CallState.ENDED,
        started_at=BEGUN,
        ended_at=None if live else BEGUN + timedelta(seconds=75),
        disposition=None if live else Disposition.TRANSFERRED,
        reason="" if live else "requested",
        intent="transfer",
        confidence=0.9,
        summary="Wants a person.",
        slots={"order": "1234"},
    )
    return CallView(row=row, turns=turns, troubles=(), transfers=transfers, deliveries=())


def test_mapped_values_become_properties() -> None:
    """Slots and fields of the call go where the dialog file says; what is not known is left out."""
    mapped = {
        "contact": {"order_c": "order", "company": "company"},
        "call": {"intent_c": "call.intent", "length": "call.seconds", "sure": "call.confidence"},
    }
    note = compose(view(), mapped)
    assert note.contact == {"order_c": "1234"}
    assert note.fields == {"intent_c": "transfer", "length": "75", "sure": "0.90"}


def test_every_field_a_dialog_may_name_has_a_value() -> None:
    """The names the dialog file is checked against are those that can be filled."""
    insight = Insight("Late.", "resolved", "neutral", ("Call back", "Refund"))
    note = compose(view(), {"call": {name: f"call.{name}" for name in CALL_FIELDS}}, insight=insight)
    assert (note.summary, note.fields["action_items"]) == ("Late.", "Call back; Refund")
    assert set(note.fields) == set(CALL_FIELDS)


def test_note_has_the_facts_of_the_call() -> None:
    """Numbers, times, understanding and summary are taken over."""
    note = compose(view())
    assert (note.call_id, note.caller, note.called, note.started_at) == (
        "call-1",
        "+14155552671",
        "+14155550100",
        BEGUN,
    )
    assert (note.duration, note.intent, note.confidence) == (75.0, "transfer", 0.9)
    assert (note.summary, dict(note.slots)) == ("Wants a person.", {"order": "1234"})


def test_turns_name_their_speakers_and_how_they_came_about() -> None:
    """Keys pressed and interruptions are shown; invented and empty turns are not."""
    note = compose(
        view(
            TurnEntry(0, Speaker.BOT, "Which order?", 0.0, 1.0, interrupted=True),
            TurnEntry(1, Speaker.CALLER, "", 1.0, 2.0, keys="1234"),
            TurnEntry(2, Speaker.CALLER, "Thanks for watching.", 3.0, 4.0, rejected="invented"),
            TurnEntry(3, Speaker.CALLER, "", 5.0, 6.0),
        )
    )
    assert note.turns == (
        NoteTurn("Bot", "Which order? [interrupted]"),
        NoteTurn("Caller", "[keys 1234]"),
    )


def test_outcome_tells_every_transfer() -> None:
    """The way the call ended, and what became of each attempt to hand it over."""
    transfers = (
        TransferView("billing", TransferOutcome.NO_ANSWER, 480, BEGUN),
        TransferView("front desk", TransferOutcome.ACCEPTED, 200, BEGUN),
    )
    assert compose(view(transfers=transfers)).outcome == (
        "transferred (requested); transfer to billing: no answer; transfer to front desk: answered"
    )


def test_every_transfer_outcome_has_words() -> None:
    """No outcome a gateway may report is missing."""
    for outcome in TransferOutcome:
        assert "transfer to x: " in compose(view(transfers=(TransferView("x", outcome, None, BEGUN),))).outcome


def test_live_call_can_be_told_too() -> None:
    """A call in progress reads as such, for who looks at it before it ends."""
    note = compose(view(live=True))
    assert (note.outcome, note.duration) == ("live", 0.0)


def wrote(number: int, notes: str, disposition: WrapUpDisposition | None = None) -> WrapUp:
    return WrapUp(number, "call-1", "ada", notes, disposition, 1, BEGUN, BEGUN, BEGUN, BEGUN)


def test_what_agents_wrote_is_part_of_the_note() -> None:
    """In order; a wrap-up in which nothing was written is not."""
    wrap_ups = (wrote(1, " "), wrote(2, "Sent a new one.", WrapUpDisposition.CALL_BACK))
    note = compose(replace(view(), wrap_ups=wrap_ups))
    assert note.wrap_ups == (NoteWrapUp("ada", "call back", "Sent a new one."),)
    assert "<b>Agent ada (call back)</b><br>Sent a new one." in notes.html(note)
    assert "Agent ada (call back)\nSent a new one." in notes.plain(note, 32_000)


def test_late_wrap_up_is_a_note_of_its_own() -> None:
    """With a marker of its own, so that it is neither taken for the call's note nor written twice."""
    wrap_ups = (wrote(1, "First."), wrote(2, "Second."))
    note = compose(replace(view(TurnEntry(0, Speaker.BOT, "Hello.", 0.0, 1.0)), wrap_ups=wrap_ups), wrap_up=2)
    assert (note.call_id, note.about) == ("call-1-wrap-up-2", "call-1")
    assert note.late
    for body in (notes.html(note), notes.plain(note, 32_000), notes.text(note)):
        assert "Second." in body
        assert "First." not in body
        assert "Hello." not in body
        assert "Transcript" not in body
