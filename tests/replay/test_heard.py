"""Texts for audio that was cut in another way than it was recorded."""

from __future__ import annotations

import numpy as np

from voicebot.asr.port import JobKind, Transcript
from voicebot.audio import FRAME_SAMPLES, Pcm
from voicebot.call.actions import Recognise
from voicebot.call.events import Failed, Frame, Part, Recognised
from voicebot.replay.heard import Answers, RecordedHearing, Track

VOICED = (5, 25), (40, 60)
"""Frames with voice in them, from and to: two stretches with a pause."""


def _frames() -> list[Frame]:
    """Two seconds with two stretches of voice, no two frames of which are alike; the rest is digital silence."""
    frames = []
    for at in range(100):
        voiced = any(start <= at < stop for start, stop in VOICED)
        pcm = np.full(FRAME_SAMPLES, at if voiced else 0, np.int16)
        frames.append(Frame(pcm, 0.9 if voiced else 0.1))
    return frames


def _cut(start: int, stop: int) -> Pcm:
    return np.concatenate([frame.pcm for frame in _frames()[start:stop]])


def _hearing(*jobs: tuple[int, int, str]) -> RecordedHearing:
    """A recording in which the frames from and to were heard as these texts, in 0.3 s each."""
    answers = Answers(Track(0.5))
    for frame in _frames():
        answers.track.add(frame)
    for number, (start, stop, text) in enumerate(jobs):
        answers.asked(Recognise(number, _cut(start, stop), JobKind.GUESS), 1.0)
        answers.told(Recognised(number, Transcript(text, 0.8)), 1.3)
    hearing = RecordedHearing(answers.known, 0.5)
    for frame in _frames():
        hearing.add(frame)
    return hearing


def _hear(hearing: RecordedHearing, start: int, stop: int) -> str:
    _, heard = hearing.hear(Recognise(9, _cut(start, stop), JobKind.FINAL))
    assert isinstance(heard, Transcript)
    return heard.text


def test_the_same_voice_has_the_same_text() -> None:
    """Silence before and after does not matter: with more or less of it, it is still what was said."""
    hearing = _hearing((3, 30, "my order"), (38, 65, "please"))
    assert _hear(hearing, 4, 34) == "my order"
    assert _hear(hearing, 36, 70) == "please"
    assert hearing.doubts == []


def test_the_time_it_took_is_the_recorded_one() -> None:
    """A text comes as late as it came."""
    wait, _ = _hearing((3, 30, "my order")).hear(Recognise(9, _cut(4, 31), JobKind.FINAL))
    assert round(wait, 6) == 0.3


def test_two_turns_in_one_are_put_together() -> None:
    """What was heard apart is joined in the order of speaking, and marked as such."""
    hearing = _hearing((38, 65, "please"), (3, 30, "my order"))
    assert _hear(hearing, 3, 65) == "my order please"
    assert hearing.doubts == ['"my order please" is pieced together']


def test_a_little_more_or_less_of_the_voice_is_taken_for_the_same() -> None:
    """A first syllable cut off does not make it another sentence; but that is said."""
    hearing = _hearing((3, 30, "my order"))
    assert _hear(hearing, 7, 30) == "my order"
    assert hearing.doubts == ['"my order" is pieced together']


def test_the_end_of_a_sentence_is_what_its_beginning_leaves() -> None:
    """A guess in the pause tells which words are not in the second half."""
    hearing = _hearing((3, 30, "my number is"), (3, 65, "my number is 1 2"))
    assert _hear(hearing, 36, 65) == "1 2"
    assert hearing.doubts == ['"1 2" is pieced together']


def test_voice_nobody_ever_heard_is_nothing() -> None:
    """The beginning of a sentence that was only heard whole has no text here, and that is said."""
    hearing = _hearing((3, 65, "my order please"))
    assert _hear(hearing, 3, 30) == ""
    assert hearing.doubts == ["what the caller said 0.1 s into the audio was never heard by itself"]


def test_silence_is_no_doubt() -> None:
    """Where nobody spoke there is nothing to be unsure of."""
    hearing = _hearing((3, 30, "my order"))
    assert _hear(hearing, 70, 95) == ""
    assert hearing.doubts == []


def test_a_failure_is_repeated() -> None:
    """Where the recogniser failed it fails again; a look-up's failure with the same number is another matter."""
    answers = Answers(Track(0.5))
    for frame in _frames():
        answers.track.add(frame)
    answers.asked(Recognise(1, _cut(3, 30), JobKind.FINAL), 1.0)
    answers.told(Failed(Part.LOOKUP, "away", 1), 1.1)
    assert answers.known == []
    answers.told(Failed(Part.RECOGNIZER, "broken", 1), 1.5)
    hearing = RecordedHearing(answers.known, 0.5)
    for frame in _frames():
        hearing.add(frame)
    assert hearing.hear(Recognise(9, _cut(3, 30), JobKind.FINAL)) == (0.5, "broken")


def test_a_recording_without_any_text_hears_nothing() -> None:
    """There is no text to take, and no time to learn from."""
    assert _hear(_hearing(), 3, 30) == ""
