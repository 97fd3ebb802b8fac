"""Cutting utterances where nobody is speaking."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.asr.support import utterance
from tests.audio.support import noise
from voicebot.asr.phrases import Stretch, phrases, windows
from voicebot.audio import SAMPLE_RATE, seconds, silence


@given(st.floats(0, 40), st.floats(1, 12))
def test_pieces_are_the_whole_utterance_and_none_too_long(duration: float, longest: float) -> None:
    """Joined, the pieces are the audio; none is longer than allowed or empty but the only one."""
    pcm = noise(duration, 1000)
    stretches = windows(Stretch(0, pcm), longest)
    pieces = [stretch.pcm for stretch in stretches]
    assert [stretch.start for stretch in stretches] == [sum(map(len, pieces[:n])) for n in range(len(pieces))]
    assert (np.concatenate(pieces) == pcm).all()
    assert all(len(piece) <= longest * SAMPLE_RATE for piece in pieces)
    assert len(pieces) == 1 or all(len(piece) for piece in pieces)


def test_the_cut_lies_in_the_pause() -> None:
    """Eight seconds of speech, a pause, and more speech are cut within the pause."""
    pcm = np.concatenate((noise(8.0, 2000), silence(0.3), noise(4.0, 2000)))
    first, second = (stretch.pcm for stretch in windows(Stretch(0, pcm), 10.0))
    assert 8.0 < len(first) / SAMPLE_RATE < 8.3
    assert len(first) + len(second) == len(pcm)


def test_phrases_are_what_pauses_separate() -> None:
    """Two sentences with a second between them are two phrases, also over a noisy line."""
    said = np.concatenate((silence(0.5), utterance("hours"), silence(1.0), utterance("yes"), silence(0.5)))
    noisy = (said + noise(seconds(said) + 0.1, 60)[: len(said)]).astype(np.int16)
    for pcm in (said, noisy):
        first, second = (stretch.pcm for stretch in phrases(pcm))
        assert all((pcm[start : start + len(part)] == part).all() for start, part in phrases(pcm))
        assert seconds(first) < seconds(utterance("hours")) + 0.3
        assert seconds(second) < seconds(utterance("yes")) + 0.3


def test_a_sentence_is_one_phrase() -> None:
    """The short gaps within a sentence do not divide it."""
    assert len(phrases(utterance("order"))) == 1


def test_clicks_are_no_phrases() -> None:
    """A click before the sentence is left out."""
    click = noise(0.01, 20000)
    said = np.concatenate((silence(0.2), click, silence(1.0), utterance("agent")))
    (only,) = phrases(said)
    assert seconds(only.pcm) < seconds(utterance("agent")) + 0.3


def test_a_click_alone_is_handed_on() -> None:
    """There is always something to hear: what it was is for the model to say."""
    said = np.concatenate((silence(0.5), noise(0.01, 20000), silence(0.5)))
    (whole,) = phrases(said)
    assert (whole.start, len(whole.pcm)) == (0, len(said))


@given(st.integers(0, 20000), st.sampled_from([0, 10, 5000]))
def test_nothing_but_background_is_one_phrase(samples: int, amplitude: int) -> None:
    """Silence and even noise of any length are handed on as they are, or nearly whole."""
    pcm = noise(samples / SAMPLE_RATE, amplitude)
    assert sum(len(stretch.pcm) for stretch in phrases(pcm)) >= 0.9 * len(pcm) - 1600
