"""The simulated caller, in virtual time."""

import itertools
from pathlib import Path

import numpy as np

from tests.testing.bot import tone
from voicebot.audio import FRAME_SAMPLES, Pcm, silence
from voicebot.testing.caller import (
    GAP,
    PATIENCE,
    Caller,
    HangUp,
    Interrupt,
    Listen,
    Play,
    Press,
    Say,
    Sound,
    Step,
    Wait,
)
from voicebot.testing.caller_line import Noise
from voicebot.testing.phone import Heard, Spoken

LINE = Say("where is my order")
OTHER = Say("goodbye")
AUDIO: dict[Sound, Pcm] = {LINE: tone(0.5), OTHER: tone(0.3)}


class Talk:
    """A bot that talks in the given intervals, and a caller who hears it."""

    def __init__(self, caller: Caller, *speech: tuple[float, float]) -> None:
        self.caller = caller
        self.speech = speech
        self.now = 0.0
        self.spoken: list[tuple[float, Spoken]] = []

    def run(self, seconds: float) -> "Talk":
        for _ in range(round(seconds / 0.02)):
            talking = any(start <= self.now < end for start, end in self.speech)
            pcm = tone(0.02) if talking else silence(0.02)
            if talking:
                self.caller.arrived(pcm, self.now)
            self.spoken.append((self.now, self.caller.tick(Heard(pcm, talking), self.now)))
            self.now = round(self.now + 0.02, 2)
        return self

    def voice(self) -> list[float]:
        return [at for at, spoken in self.spoken if spoken.pcm is not None]

    def pressed(self) -> list[tuple[float, str]]:
        return [(at, spoken.keys) for at, spoken in self.spoken if spoken.keys]

    def hung_up(self) -> float | None:
        return next((at for at, spoken in self.spoken if spoken.hang_up), None)


def caller(*steps: Step) -> Caller:
    return Caller(steps, AUDIO)


def test_the_caller_waits_for_the_greeting_to_end() -> None:
    """Nothing is said before the bot has spoken and been silent for a moment."""
    talk = Talk(caller(LINE), (1.0, 3.0)).run(5.0)
    assert abs(talk.voice()[0] - (3.0 + GAP)) < 0.05
    assert len(talk.voice()) == 25


def test_a_pause_between_two_sentences_is_no_end() -> None:
    """The caller does not speak into half a second of silence."""
    talk = Talk(caller(LINE), (0.0, 1.0), (1.5, 2.5)).run(4.0)
    assert talk.voice()[0] >= 2.5 + GAP - 0.03


def test_silence_inside_what_still_plays_is_no_end() -> None:
    """While the gateway has audio to play the bot has not finished, even where that audio is silent."""
    person = caller(LINE)
    for tick in range(200):
        assert person.tick(Heard(silence(0.02), True), tick * 0.02).pcm is None


def test_a_silent_bot_is_not_waited_for_for_ever() -> None:
    """After ten seconds without a word the caller speaks all the same."""
    talk = Talk(caller(LINE)).run(PATIENCE + 1.0)
    assert abs(talk.voice()[0] - PATIENCE) < 0.05


def test_the_turn_is_measured_from_the_last_voiced_frame() -> None:
    """Latency is the time from the last frame of speech to the first sound that arrives."""
    person = caller(LINE)
    talk = Talk(person, (0.0, 1.0), (2.6, 3.0)).run(4.0)
    (turn,) = person.turns
    assert turn.said == "where is my order"
    assert turn.ended_at == talk.voice()[-1]
    assert turn.replied_at == 2.6
    assert turn.latency is not None
    assert abs(turn.latency - (2.6 - talk.voice()[-1])) < 1e-9


def test_no_latency_is_made_up_when_the_bot_was_talking() -> None:
    """A bot that talks over the end of the caller's words has no measurable reply."""
    person = caller(LINE)
    Talk(person, (0.0, 1.0), (1.9, 4.0)).run(5.0)
    assert person.turns[0].overlapped
    assert person.turns[0].latency is None


def test_silence_from_the_bot_is_no_reply() -> None:
    """Zeros that arrive are not counted as the first audio of a reply."""
    person = caller(LINE)
    Talk(person, (0.0, 1.0)).run(3.0)
    person.arrived(silence(0.5), 3.0)
    assert person.turns[0].replied_at is None


def test_the_last_step_is_followed_by_a_hang_up() -> None:
    """A script without `hangup` ends when the bot has answered."""
    talk = Talk(caller(LINE), (0.0, 1.0), (2.5, 3.5)).run(6.0)
    hung_up = talk.hung_up()
    assert hung_up is not None
    assert abs(hung_up - (3.5 + GAP)) < 0.05


def test_hanging_up_does_not_wait() -> None:
    """After a wait of one second the caller hangs up into the bot's words."""
    talk = Talk(caller(Wait(1.0), HangUp()), (0.0, 9.0)).run(3.0)
    assert talk.hung_up() == 1.0


def test_keys_are_pressed_one_by_one() -> None:
    """Keys come a quarter of a second apart, once the bot has finished."""
    talk = Talk(caller(Press("12#")), (0.0, 1.0)).run(4.0)
    times = [at for at, _ in talk.pressed()]
    assert [key for _, key in talk.pressed()] == ["1", "2", "#"]
    assert all(0.24 < later - earlier < 0.28 for earlier, later in itertools.pairwise(times))
    assert times[0] >= 1.0 + GAP - 0.03


def test_an_interruption_comes_into_the_bots_words() -> None:
    """The caller speaks after the bot has talked for the given time, and waits for the answer to that."""
    person = caller(Interrupt(1.0, LINE), OTHER)
    talk = Talk(person, (0.5, 1.7), (3.0, 4.0)).run(6.0)
    assert abs(talk.voice()[0] - 1.5) < 0.05
    assert [turn.said for turn in person.turns] == ["where is my order", "goodbye"]
    assert person.turns[0].replied_at == 3.0
    assert person.turns[1].started_at >= 4.0 + GAP - 0.03


def test_a_bot_that_stops_late_has_not_answered_yet() -> None:
    """A bot that falls silent only after the caller's last word is still to reply to it."""
    person = caller(Interrupt(1.0, LINE), OTHER)
    Talk(person, (0.0, 2.0), (3.5, 4.5)).run(7.0)
    assert [turn.overlapped for turn in person.turns] == [True, False]
    assert person.turns[1].started_at >= 4.5 + GAP - 0.03


def test_a_bot_that_does_not_stop_is_heard_out() -> None:
    """A bot that talks on for long was not stopped, or has answered at once: the caller goes on when it ends."""
    person = caller(Interrupt(1.0, LINE), OTHER)
    Talk(person, (0.0, 4.0)).run(7.0)
    assert abs(person.turns[1].started_at - (4.0 + GAP)) < 0.05


def test_pauses_are_as_long_as_what_is_heard() -> None:
    """A gateway that was held up plays what it owes at once; that time was no silence of the bot's."""
    person = caller(LINE)
    for tick in range(50):
        person.tick(Heard(tone(0.02), True), tick * 0.02)
    for tick in range(30):
        assert person.tick(Heard(silence(0.02), False), 2.0 + tick * 0.001).pcm is None
    for tick in range(50):
        assert person.tick(Heard(tone(0.02), True), 2.03 + tick * 0.02).pcm is None


def test_a_bot_that_is_brief_cannot_be_interrupted() -> None:
    """When the bot ends sooner than the interruption would come, the caller speaks then."""
    talk = Talk(caller(Interrupt(5.0, LINE)), (0.0, 1.0)).run(3.0)
    assert abs(talk.voice()[0] - (1.0 + GAP)) < 0.05


def test_the_script_waits_while_no_bot_is_on_the_line() -> None:
    """While the call rings elsewhere nothing is said, and the bot is listened to anew afterwards."""
    person = caller(Listen(), LINE)
    Talk(person, (0.0, 1.0)).run(1.2)
    assert all(person.tick(None, 2.0 + tick * 0.02) == Spoken() for tick in range(1000))
    assert person.unspoken == [LINE]


def test_unreached_steps_are_known() -> None:
    """What the caller could not say is there to be reported."""
    person = caller(LINE, OTHER, Press("1"), HangUp())
    Talk(person, (0.0, 1.0)).run(3.0)
    assert person.unspoken == [OTHER, Press("1")]


def test_noise_never_stops() -> None:
    """With a noisy background there is a frame in every tick, also between the words."""
    person = Caller([LINE], AUDIO, Noise(-40.0))
    talk = Talk(person, (0.0, 1.0)).run(4.0)
    frames: list[Pcm] = [spoken.pcm for _, spoken in talk.spoken if spoken.pcm is not None]
    assert len(frames) == len(talk.spoken)
    quiet = frames[0].astype(float)
    assert len(quiet) == FRAME_SAMPLES
    assert 200 < np.sqrt((quiet**2).mean()) < 500


def test_a_file_is_named_by_its_name() -> None:
    """A turn from a file shows the file's name."""
    play = Play(Path("folder/hello.wav"))
    person = Caller([play], {play: tone(0.2)})
    Talk(person, (0.0, 0.5)).run(2.0)
    assert [turn.said for turn in person.turns] == ["hello.wav"]
