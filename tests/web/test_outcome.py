"""What jambonz's words for a dial mean."""

from __future__ import annotations

import pytest

from voicebot.call.record import TransferOutcome
from voicebot.web.incoming import Hook
from voicebot.web.outcome import COMEBACKS, outcome


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("completed", 200, TransferOutcome.ACCEPTED),
        ("busy", 486, TransferOutcome.BUSY),
        ("busy", None, TransferOutcome.BUSY),
        ("failed", 600, TransferOutcome.BUSY),
        ("failed", 603, TransferOutcome.DECLINED),
        ("in-progress", 200, TransferOutcome.DECLINED),
        ("completed", None, TransferOutcome.DECLINED),
        ("no-answer", 487, TransferOutcome.NO_ANSWER),
        ("no-answer", None, TransferOutcome.NO_ANSWER),
        ("failed", 408, TransferOutcome.NO_ANSWER),
        ("failed", 480, TransferOutcome.NO_ANSWER),
        ("ringing", 180, TransferOutcome.NO_ANSWER),
        ("early-media", 183, TransferOutcome.NO_ANSWER),
        ("trying", 100, TransferOutcome.NO_ANSWER),
        ("failed", 404, TransferOutcome.FAILED),
        ("failed", 503, TransferOutcome.FAILED),
        ("", None, TransferOutcome.FAILED),
        ("something new", None, TransferOutcome.FAILED),
    ],
)
def test_status_and_code(status: str, code: int | None, expected: TransferOutcome) -> None:
    """Only `completed` with 200 is a success; a final code says more than the status, a provisional one less."""
    assert outcome(Hook("a", status="in-progress", dial_status=status, dial_sip_status=code)) is expected


def test_a_caller_who_left_while_it_rang_abandoned_the_transfer() -> None:
    """Nobody declined: there was nobody left to take."""
    assert outcome(Hook("a", status="completed", dial_status="no-answer", dial_sip_status=487)) is (
        TransferOutcome.ABANDONED
    )


def test_a_finished_conversation_counts_as_accepted_though_the_caller_is_gone() -> None:
    """Who hung up first does not matter once they have talked."""
    assert outcome(Hook("a", status="completed", dial_status="completed", dial_sip_status=200)) is (
        TransferOutcome.ACCEPTED
    )


def test_every_failure_brings_the_caller_back_for_a_reason() -> None:
    """Each outcome after which the caller is still there has its word for the bot."""
    gone = {TransferOutcome.ACCEPTED, TransferOutcome.ABANDONED}
    assert set(COMEBACKS) == set(TransferOutcome) - gone
