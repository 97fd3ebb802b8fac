"""What all calls hear on a beat, and that none suffers from another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from voicebot.audio import FRAME_SAMPLES, Pcm
from voicebot.runtime.beat import FRAMES_A_BEAT, Beat
from voicebot.runtime.ticker import Ticker


def frame(number: int) -> Pcm:
    return np.full(FRAME_SAMPLES, number, np.int16)


class Numbered:
    """Detection whose probability of a frame is its first sample, and which fails on a negative one."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.following: set[int] = set()
        self._begun = 0

    def begin(self) -> int:
        self._begun += 1
        self.following.add(self._begun)
        return self._begun

    def end(self, voice: int) -> None:
        self.following.remove(voice)

    def probabilities(self, voices: Sequence[int], frames: Sequence[Pcm]) -> list[float]:
        assert set(voices) <= self.following
        self.rounds.append(list(voices))
        if any(pcm[0] < 0 for pcm in frames):
            raise RuntimeError("the network failed")
        return [float(pcm[0]) for pcm in frames]


class Told:
    """A listener that remembers what it was told; `faulty` raises after that."""

    def __init__(self, faulty: bool = False) -> None:
        self.told: list[tuple[str, float, float]] = []
        self.faulty = faulty

    def hear(self, pcm: Pcm, speech: float, at: float) -> None:
        self._note("frame", speech, at)

    def tick(self, now: float) -> None:
        self._note("tick", 0.0, now)

    def unheard(self, error: Exception) -> None:
        self._note("unheard", 0.0, 0.0)

    def _note(self, what: str, speech: float, at: float) -> None:
        self.told.append((what, speech, at))
        if self.faulty:
            raise RuntimeError("ours")


def test_frames_of_all_calls_are_heard_at_once_and_before_the_time() -> None:
    """One question to the network for all calls that have a frame; each frame keeps its time of arrival."""
    detection = Numbered()
    beat = Beat(Ticker(), detection)
    first, second, silent = Told(), Told(), Told()
    one, two, _ = beat.join(first), beat.join(second), beat.join(silent)
    one.put(frame(3), at=1.001)
    two.put(frame(4), at=1.002)
    beat.strike(1.02)
    assert detection.rounds == [[one.voice, two.voice]]
    assert first.told == [("frame", 3.0, 1.001), ("tick", 0.0, 1.02)]
    assert second.told == [("frame", 4.0, 1.002), ("tick", 0.0, 1.02)]
    assert silent.told == [("tick", 0.0, 1.02)]


def test_frames_that_came_together_are_heard_in_order() -> None:
    """Several frames of one call take several rounds; a voice is never asked for twice in one."""
    detection = Numbered()
    beat = Beat(Ticker(), detection)
    listener, other = Told(), Told()
    seat, neighbour = beat.join(listener), beat.join(other)
    for number in (1, 2, 3):
        seat.put(frame(number), at=1.0)
    neighbour.put(frame(9), at=1.0)
    beat.strike(1.02)
    assert [what[1] for what in listener.told] == [1.0, 2.0, 3.0, 0.0]
    assert detection.rounds == [[seat.voice, neighbour.voice], [seat.voice], [seat.voice]]


def test_a_backlog_does_not_take_the_beat_from_the_others() -> None:
    """Only so many frames of a call are heard in one beat; the rest is heard on the next, and none is lost."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    for number in range(FRAMES_A_BEAT + 5):
        seat.put(frame(number), at=1.0)
    beat.strike(1.02)
    assert len(listener.told) == FRAMES_A_BEAT + 1
    beat.strike(1.04)
    assert [what[1] for what in listener.told if what[0] == "frame"] == [*map(float, range(FRAMES_A_BEAT + 5))]


def test_frames_that_had_to_wait_for_us_came_one_after_another() -> None:
    """After a late beat frames read together are told with the times at which they will have come, 20 ms apart."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    beat.strike(1.0)
    for number in range(4):
        seat.put(frame(number), at=1.301)
    seat.put(frame(4), at=1.302)
    beat.strike(1.3)
    assert [at for what, _, at in listener.told if what == "frame"] == pytest.approx(
        [1.222, 1.242, 1.262, 1.282, 1.302]
    )


def test_frames_do_not_come_before_the_beat_before_them() -> None:
    """More audio than time has passed since the last beat was late before: all of it came after that beat."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    beat.strike(1.0)
    for number in range(10):
        seat.put(frame(number), at=1.1)
    beat.strike(1.1)
    times = [at for what, _, at in listener.told if what == "frame"]
    assert min(times) == 1.0
    assert times[-5:] == pytest.approx([1.02, 1.04, 1.06, 1.08, 1.1])


def test_frames_that_the_network_held_up_keep_their_time() -> None:
    """While the beat is in time it knows when frames came, be they many at once."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    beat.strike(1.0)
    for number in range(10):
        seat.put(frame(number), at=1.01)
    beat.strike(1.02)
    assert {at for what, _, at in listener.told if what == "frame"} == {1.01}


def test_a_backlog_longer_than_a_beat_is_no_silence_before_the_beat() -> None:
    """As long as frames wait to be heard, those heard before them are the latest there is."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    beat.strike(1.0)
    for number in range(FRAMES_A_BEAT + 1):
        seat.put(frame(number), at=2.0)
    beat.strike(2.0)
    assert {at for what, _, at in listener.told if what == "frame"} == {2.0}


def test_what_comes_of_earlier_audio_waits_for_frames_that_had_to_wait() -> None:
    """A text that is there after a late beat is told once the frames of that time are, and before the time."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    beat.strike(1.0)
    seat.then(lambda: listener.told.append(("text", 0.0, 1.01)), 1.01)
    seat.then(lambda: listener.told.append(("text", 0.0, 1.3)), 1.3)
    seat.put(frame(1), at=1.3)
    beat.strike(1.3)
    assert listener.told == [
        ("tick", 0.0, 1.0),
        ("text", 0.0, 1.01),
        ("frame", 1.0, 1.3),
        ("text", 0.0, 1.3),
        ("tick", 0.0, 1.3),
    ]


def test_what_waits_for_frames_is_told_when_they_are_caught_up_with() -> None:
    """Nothing that was there before the end of the call is lost by it."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    beat.strike(1.0)
    seat.put(frame(1), at=1.3)
    seat.then(lambda: listener.told.append(("text", 0.0, 1.3)), 1.3)
    seat.catch_up()
    assert [what for what, _, _ in listener.told] == ["tick", "frame", "text"]


def test_catching_up_hears_what_waits_at_once() -> None:
    """Before a call is told something that came after its audio, it hears that audio."""
    beat = Beat(Ticker(), Numbered())
    listener, other = Told(), Told()
    seat, neighbour = beat.join(listener), beat.join(other)
    seat.put(frame(1), at=1.0)
    seat.put(frame(2), at=1.0)
    neighbour.put(frame(3), at=1.0)
    seat.catch_up()
    assert [what[1] for what in listener.told] == [1.0, 2.0]
    assert other.told == []


def test_a_call_that_left_is_told_nothing_and_its_voice_is_let_go() -> None:
    """Leaving twice is as leaving once, and what waited is dropped."""
    detection = Numbered()
    beat = Beat(Ticker(), detection)
    listener = Told()
    seat = beat.join(listener)
    seat.put(frame(1), at=1.0)
    seat.leave()
    seat.leave()
    beat.strike(1.02)
    assert listener.told == []
    assert detection.following == set()


def test_a_call_that_leaves_for_what_waited_is_told_no_time() -> None:
    """What had to wait for frames may end the call: nothing follows that, not even on the same beat."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    seat = beat.join(listener)
    beat.strike(1.0)
    seat.then(seat.leave, 1.3)
    seat.then(lambda: listener.told.append(("text", 0.0, 1.3)), 1.3)
    beat.strike(1.3)
    assert listener.told == [("tick", 0.0, 1.0)]


def test_one_faulty_call_leaves_the_others_their_audio_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    """A call that raises on every event does not keep the others from theirs."""
    beat = Beat(Ticker(), Numbered())
    faulty, sound = Told(faulty=True), Told()
    for listener in (faulty, sound):
        beat.join(listener).put(frame(1), at=1.0)
    beat.strike(1.02)
    assert [what[0] for what in sound.told] == ["frame", "tick"]
    assert "beat.call_failed" in capsys.readouterr().out


def test_calls_are_told_when_voice_detection_fails() -> None:
    """A call that cannot hear must not go on as if its caller were silent; time goes on."""
    beat = Beat(Ticker(), Numbered())
    listener = Told()
    beat.join(listener).put(frame(-1), at=1.0)
    beat.strike(1.02)
    assert [what[0] for what in listener.told] == ["unheard", "tick"]
