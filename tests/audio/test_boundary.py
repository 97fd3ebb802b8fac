"""The faint place between two words."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.support import noise
from voicebot.audio import SAMPLE_RATE, at_level, silence
from voicebot.audio.boundary import quietest
from voicebot.tts.espeak import EspeakSynthesizer


def test_the_gap_between_two_sounds_is_found() -> None:
    """It lies within the gap, to 10 ms."""
    pcm = np.concatenate((noise(0.3, 3000), silence(0.04), noise(0.3, 3000)))
    place = quietest(pcm, 1000, 4600) / SAMPLE_RATE
    assert 0.3 < place < 0.34


def test_a_spoken_word_begins_in_a_faint_place() -> None:
    """Within 150 ms of anywhere in a sentence there is a place far below its level."""
    pcm = at_level(EspeakSynthesizer("en-gb").render("We are open from nine to five on every working day."))
    loud = np.sqrt((pcm.astype(np.float64) ** 2).mean())
    for middle in range(2400, len(pcm) - 2400, 800):
        place = quietest(pcm, middle - 1200, middle + 1200)
        around = pcm[place - 80 : place + 80].astype(np.float64)
        assert np.sqrt((around**2).mean()) < 0.6 * loud


@given(st.integers(0, 3000), st.integers(-500, 3500), st.integers(-500, 3500))
def test_the_place_lies_where_it_is_looked_for(length: int, since: int, until: int) -> None:
    """Whatever is asked, it is a place in the audio, and not past where it may be."""
    place = quietest(noise(length / SAMPLE_RATE, 1000), since, until)
    assert 0 <= place <= length
    assert place <= max(0, until)
