"""Rules from settings."""

from __future__ import annotations

from voicebot.call.rules import Rules
from voicebot.settings import Settings


def test_the_operator_sets_pauses_threshold_and_length() -> None:
    """Settings reach the rules they are about."""
    settings = Settings(min_pause=0.3, max_pause=2.0, vad_threshold=0.7, max_call_seconds=60, asr_timeout=3.0)
    rules = Rules.of(settings)
    assert (rules.min_pause, rules.max_pause, rules.vad_threshold) == (0.3, 2.0, 0.7)
    assert rules.max_call_seconds == 60.0
    assert rules.hearing_timeout > 3.0


def test_a_turn_that_may_go_on_gets_a_pause_in_between() -> None:
    """Open answers wait longer than complete ones and less long than unfinished ones."""
    rules = Rules(min_pause=0.4, max_pause=1.2)
    assert rules.min_pause < rules.open_pause < rules.max_pause
