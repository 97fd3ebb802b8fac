"""What logs may not say."""

from __future__ import annotations

import pytest

from voicebot.logs import redact_numbers


@pytest.mark.parametrize("number", ["+15551234567", "555-123-4567", "(555) 123 4567", "4111 1111 1111 1111"])
def test_numbers_of_people_are_redacted(number: str) -> None:
    """A telephone or card number that slips into an error text does not reach the log."""
    event = redact_numbers(None, "", {"event": "x.failed", "error": f"cannot reach {number} now"})
    assert event["error"] == "cannot reach [number] now"


def test_ids_and_times_stay_readable() -> None:
    """The call's id and the event's time are what a log is searched by."""
    event = {
        "event": "call.ended",
        "call": "11111111-2222-3333-4444-555555555555",
        "timestamp": "2026-11-20 10:00",
    }
    assert redact_numbers(None, "", dict(event)) == event


def test_numbers_that_are_figures_stay() -> None:
    """Measurements are no telephone numbers."""
    assert redact_numbers(None, "", {"event": "x", "seconds": 12.5, "text": "port 3000"})["text"] == "port 3000"
