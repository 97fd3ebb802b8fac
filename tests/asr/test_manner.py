"""How much of its 30 s an encoder is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.manner import LONGEST_SECONDS, STEP_SECONDS, released


@given(st.floats(5, 30), st.floats(0.1, 29))
def test_the_context_holds_the_utterance_and_a_margin(least: float, duration: float) -> None:
    """Never below the setting or the utterance with 2.5 s of padding, never above 30 s, and in whole steps."""
    context = released(least).context_for(duration)
    assert min(LONGEST_SECONDS, max(least, duration + 2.5)) <= context <= LONGEST_SECONDS
    assert context % STEP_SECONDS == 0
    assert context - STEP_SECONDS < max(least, duration + 2.5)


def test_by_default_nothing_is_shortened() -> None:
    """A released checkpoint sees the 30 s it was trained on until somebody chooses otherwise."""
    assert released().context_for(1.0) == LONGEST_SECONDS


@given(st.floats(5, 30), st.floats(0.1, 29), st.sampled_from([80, 128]))
def test_the_encoders_output_is_never_taken_for_features(least: float, duration: float, mels: int) -> None:
    """CTranslate2 tells them apart by their length only, which must not be the number of mel bands."""
    assert released(least).context_for(duration) * 50 != mels
