"""Calls as text for the terminal."""

from __future__ import annotations

from pathlib import Path

from tests.database import empty
from voicebot.show import call_page
from voicebot.store import OfferState, Records


def test_a_call_shows_to_whom_it_was_offered_and_by_which_rule(tmp_path: Path) -> None:
    """Who was asked, why, what became of it, and who took it."""
    records = Records.open(empty(tmp_path / "calls.db"))
    records.start("call-1", "+15550100", "+15550199", "jambonz", "shop", "media-1")
    first = records.offers.offer("call-1", ("anna", "bert"), "angry", "requested")
    records.offers.settle(first.id, OfferState.NO_ANSWER)
    second = records.offers.offer("call-1", ("desk",), "", "silent")
    records.offers.settle(second.id, OfferState.ACCEPTED, "desk")
    view = records.call("call-1")
    records.close()
    assert view is not None
    lines = call_page(view).splitlines()
    assert "  offered to anna, bert (rule angry, requested): no_answer" in lines
    assert "  offered to desk (rule -, silent): accepted by desk" in lines
