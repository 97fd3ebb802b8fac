"""Utterances found in frames, and the end of a turn."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FRAME_SAMPLES, Pcm
from voicebot.call.record import TurnEnd
from voicebot.call.rules import Rules
from voicebot.call.turns import Listener, pause_for, turn_end
from voicebot.dialog.types import Completeness, Patience

RULES = Rules()


def _pcm(value: int) -> Pcm:
    return np.full(FRAME_SAMPLES, value, np.int16)


class _Ears:
    """Feeds a listener frame after frame, each with its number as its samples."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.listener = Listener(rules)
        self.now = 0.0
        self.count = 0

    def hear(self, *speech: float, glued: bool = False) -> None:
        """One frame for each probability; glued ones arrive together at the end of their time."""
        arrival = self.now + 0.02 * len(speech)
        for probability in speech:
            self.now += 0.02
            self.listener.frame(_pcm(self.count), probability, arrival if glued else self.now)
            self.count += 1

    def frames(self, tail: float = 0.0) -> list[int]:
        """Which frames the utterance consists of."""
        assert self.listener.utterance is not None
        return [int(number) for number in self.listener.utterance.audio(tail)[::FRAME_SAMPLES]]


VOICE, QUIET = 0.9, 0.1


def test_a_click_opens_no_utterance() -> None:
    """Less than 60 ms of voice is nothing."""
    ears = _Ears()
    ears.hear(*[QUIET] * 10, VOICE, VOICE, QUIET, VOICE, VOICE, QUIET)
    assert ears.listener.utterance is None
    assert not ears.listener.voicing(ears.now)
    assert ears.listener.pause(ears.now) == 0.0


def test_an_utterance_begins_before_its_voice() -> None:
    """300 ms from before the first voiced frame are kept, no more, so that no consonant is lost."""
    ears = _Ears()
    ears.hear(*[QUIET] * 100, VOICE, VOICE, VOICE)
    assert ears.frames() == list(range(85, 103))
    assert ears.listener.utterance is not None
    assert ears.listener.utterance.started == pytest.approx(2.0)


def test_the_audio_is_the_frames_in_order() -> None:
    """Nothing is lost, doubled or moved, whatever the probabilities."""
    ears = _Ears()
    ears.hear(VOICE, VOICE, VOICE, QUIET, VOICE, *[QUIET] * 4, VOICE)
    assert ears.frames() == list(range(10))


def test_the_recogniser_gets_little_of_the_silence_at_the_end() -> None:
    """Trailing silence is cut to the tail: models invent words for more."""
    ears = _Ears()
    ears.hear(*[VOICE] * 5, *[QUIET] * 50)
    assert ears.frames(tail=0.2) == list(range(15))


def test_voice_ends_lower_than_it_begins() -> None:
    """A voice that fades below the threshold is still a voice; one that begins there is none."""
    ears = _Ears()
    ears.hear(0.5, 0.5, 0.5, 0.5)
    assert ears.listener.utterance is None
    ears.hear(0.65, 0.5, 0.5)
    assert ears.listener.utterance is not None


def test_a_pause_without_frames_is_a_pause() -> None:
    """A gateway that sends nothing while the caller is silent cannot keep a turn open."""
    ears = _Ears()
    ears.hear(*[VOICE] * 10)
    ears.now += 0.5
    assert ears.listener.pause(ears.now) == pytest.approx(0.5)
    assert turn_end(ears.listener, Completeness.COMPLETE, RULES, ears.now) is TurnEnd.COMPLETE


def test_voice_before_a_gap_does_not_count_towards_voice_after_it() -> None:
    """Two clicks with nothing in between are not one sound."""
    ears = _Ears()
    ears.hear(VOICE, VOICE)
    ears.now += 0.2
    ears.hear(VOICE)
    assert ears.listener.utterance is None


def test_late_frames_do_not_tear_a_voice_apart() -> None:
    """On a line that sends silence too, voice before and after a stall is one voice, and nothing of it is lost."""
    ears = _Ears()
    ears.hear(*[QUIET] * 60, VOICE, VOICE)
    ears.now += 0.3
    ears.hear(VOICE)
    assert ears.frames() == list(range(45, 63))
    assert ears.listener.utterance is not None
    assert ears.listener.utterance.voiced == pytest.approx(0.06)


def test_audio_from_long_before_is_not_kept() -> None:
    """What was heard before a long gap does not belong to what is said after it."""
    ears = _Ears()
    ears.hear(*[QUIET] * 20)
    ears.now += 5.0
    ears.hear(VOICE, VOICE, VOICE)
    assert ears.frames() == [20, 21, 22]


def test_glued_frames_last_as_long_as_they_last() -> None:
    """Twenty frames at once, ten of them silence, are a pause of ten frames and not of none."""
    ears = _Ears()
    ears.hear(*[VOICE] * 5)
    ears.hear(*[VOICE] * 10, *[QUIET] * 10, glued=True)
    assert ears.listener.pause(ears.now) == pytest.approx(0.2)
    assert ears.frames(tail=0.2) == list(range(25))


def test_silence_that_arrives_late_is_not_counted_twice() -> None:
    """A stall is a pause as long as it lasts; its silent frames, when they come, add nothing to it."""
    ears = _Ears()
    ears.hear(*[VOICE] * 5)
    ears.hear(*[QUIET] * 15, glued=True)
    assert ears.listener.pause(ears.now) == pytest.approx(0.3)


def test_a_click_in_a_pause_does_not_resume_the_utterance() -> None:
    """Once a guess is worth making, only 60 ms of voice is speech again."""
    ears = _Ears()
    ears.hear(*[VOICE] * 10, *[QUIET] * 10, VOICE, QUIET)
    assert ears.listener.utterance is not None
    assert ears.listener.utterance.voiced == pytest.approx(0.2)
    ears.hear(VOICE, VOICE, VOICE)
    assert ears.listener.utterance.voiced == pytest.approx(0.22)
    assert ears.listener.pause(ears.now) == 0.0


def test_a_turn_does_not_end_in_a_sound() -> None:
    """While voice may just be coming back the turn is not over."""
    ears = _Ears()
    ears.hear(*[VOICE] * 10, *[QUIET] * 18, VOICE, VOICE)
    assert ears.listener.wavering(ears.now)
    assert turn_end(ears.listener, Completeness.COMPLETE, RULES, ears.now) is None
    ears.hear(QUIET)
    assert turn_end(ears.listener, Completeness.COMPLETE, RULES, ears.now) is TurnEnd.COMPLETE


@pytest.mark.parametrize(
    ("completeness", "pause", "end"),
    [
        (Completeness.ANSWERED, 0.25, TurnEnd.ANSWERED),
        (Completeness.COMPLETE, 0.4, TurnEnd.COMPLETE),
        (Completeness.OPEN, 0.6, TurnEnd.OPEN),
        (Completeness.UNFINISHED, 1.2, TurnEnd.UNFINISHED),
        (Completeness.NOTHING, 0.4, TurnEnd.NOTHING),
        (None, 1.2, TurnEnd.UNHEARD),
    ],
)
def test_the_pause_that_ends_a_turn_depends_on_what_was_said(
    completeness: Completeness | None, pause: float, end: TurnEnd
) -> None:
    """A complete answer ends soon, an unfinished one late, and one not heard yet no later than that."""
    ears = _Ears()
    ears.hear(*[VOICE] * 10)
    assert turn_end(ears.listener, completeness, RULES, ears.now + pause - 0.02) is None
    assert turn_end(ears.listener, completeness, RULES, ears.now + pause) is end


@pytest.mark.parametrize(
    ("patience", "answered", "unfinished"),
    [(Patience.LOW, 0.1875, 0.9), (Patience.NORMAL, 0.25, 1.2), (Patience.HIGH, 0.375, 1.8)],
)
def test_patience_stretches_every_pause(patience: Patience, answered: float, unfinished: float) -> None:
    """A patient dialog waits half as long again, an eager one three quarters as long."""
    assert pause_for(Completeness.ANSWERED, RULES, patience) == pytest.approx(answered)
    assert pause_for(Completeness.UNFINISHED, RULES, patience) == pytest.approx(unfinished)
    assert pause_for(Completeness.NOTHING, RULES, patience) == RULES.min_pause


def test_the_short_pause_is_never_longer_than_the_others() -> None:
    """Who sets only `min_pause` lower gets it for every complete answer."""
    rules = Rules(min_pause=0.2)
    assert pause_for(Completeness.ANSWERED, rules) == 0.2


def _line(*levels: tuple[float, int]) -> list[Pcm]:
    """Noise of these amplitudes, for so many frames each."""
    random = np.random.default_rng(1)
    return [
        np.rint(random.standard_normal(FRAME_SAMPLES) * level).astype(np.int16)
        for level, frames in levels
        for _ in range(frames)
    ]


@pytest.mark.parametrize("line", [5.0, 300.0])
def test_the_end_of_voice_is_told_by_its_level(line: float) -> None:
    """The detector follows the end of speech late; the line falling back to what it was before is the end."""
    listener = Listener(RULES)
    frames = _line((line, 50), (3000.0, 20), (line, 10))
    for place, pcm in enumerate(frames, 1):
        listener.frame(pcm, VOICE if 50 < place <= 76 else QUIET, place * 0.02)
    assert listener.pause(80 * 0.02) == pytest.approx(0.2)


def test_the_beginning_of_a_voice_is_not_the_level_of_the_line() -> None:
    """Where no silence is sent, the detector's first doubts are about him; softer words are voice too."""
    listener = Listener(RULES)
    frames = _line((600.0, 5), (6000.0, 15), (700.0, 10), (6000.0, 5))
    for place, pcm in enumerate(frames, 1):
        listener.frame(pcm, VOICE if place > 5 else QUIET, place * 0.02)
        assert listener.pause(place * 0.02) == 0.0
    assert listener.utterance is not None
    assert listener.utterance.voiced == pytest.approx(0.6)


def test_a_soft_word_in_a_loud_sentence_is_voice() -> None:
    """25 dB below the loudest is still speech."""
    listener = Listener(RULES)
    frames = _line((5.0, 50), (3000.0, 20), (170.0, 10))
    for place, pcm in enumerate(frames, 1):
        listener.frame(pcm, VOICE if place > 50 else QUIET, place * 0.02)
    assert listener.pause(80 * 0.02) == 0.0


def test_a_short_vowel_and_what_hisses_after_it_resume_an_utterance() -> None:
    """Most of "six" is faint; together with the vowel it is a voice, which the pause does not outlast."""
    listener = Listener(RULES)
    frames = _line((5.0, 50), (3000.0, 20), (5.0, 20), (3000.0, 2), (50.0, 4), (200.0, 2))
    for place, pcm in enumerate(frames, 1):
        listener.frame(pcm, VOICE if 50 < place <= 70 or place > 90 else QUIET, place * 0.02)
    assert listener.pause(len(frames) * 0.02) == 0.0
    assert listener.utterance is not None
    assert listener.utterance.voiced == pytest.approx(0.44)


@pytest.mark.parametrize("frames", [3, 10])
@pytest.mark.parametrize(("voice", "background"), [(600.0, True), (780.0, True), (1200.0, False)])
def test_a_voice_of_the_room_is_told_from_the_caller(voice: float, background: bool, frames: int) -> None:
    """On a line that murmurs all the time, who speaks into the telephone stands out by 9.5 dB, however briefly."""
    listener = Listener(RULES)
    for place, pcm in enumerate(_line((300.0, 100), (voice, frames)), 1):
        listener.frame(pcm, VOICE if place > 100 else QUIET, place * 0.02)
    assert listener.utterance is not None
    assert listener.utterance.background is background


def test_a_turn_has_a_longest_length() -> None:
    """Somebody who never pauses is cut."""
    ears = _Ears(Rules(max_utterance=1.0))
    ears.hear(*[VOICE] * 49)
    assert turn_end(ears.listener, None, Rules(max_utterance=1.0), ears.now) is None
    ears.hear(VOICE)
    assert turn_end(ears.listener, None, Rules(max_utterance=1.0), ears.now) is TurnEnd.TOO_LONG


def test_nothing_said_is_no_turn() -> None:
    """Without an utterance there is nothing to end."""
    assert turn_end(Listener(RULES), Completeness.COMPLETE, RULES, 100.0) is None


def test_a_taken_utterance_leaves_nothing_behind() -> None:
    """The next utterance begins with its own voice."""
    ears = _Ears()
    ears.hear(*[VOICE] * 10)
    ears.listener.take()
    ears.hear(VOICE, VOICE)
    assert ears.listener.utterance is None
    ears.hear(VOICE)
    assert ears.frames() == [10, 11, 12]
