"""The play-out of the simulated media server, tick by tick."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.testing.bot import tone
from voicebot.audio import Pcm
from voicebot.gateways import JambonzWire, Message
from voicebot.testing.jambonz_media import MOST_MARKS, MarkReport, Playback


def data(pcm: Pcm) -> bytes:
    return pcm.astype("<i2").tobytes()


def heard(playback: Playback, ticks: int) -> Pcm:
    return np.concatenate([playback.tick().pcm for _ in range(ticks)])


def marks(playback: Playback, ticks: int) -> list[tuple[int, str, str]]:
    return [(tick, mark.name, mark.event) for tick in range(ticks) for mark in playback.tick().marks]


def level(value: int, samples: int) -> Pcm:
    return np.full(samples, value, np.int16)


def test_the_first_message_needs_160_ms() -> None:
    """Less than 160 ms waits in the pre-buffer, for ever if nothing follows."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1279)))
    assert not heard(playback, 50).any()
    assert playback.held == 1279
    playback.receive(data(level(5, 1)))
    assert playback.held == 0
    assert heard(playback, 8).tolist() == [5] * 1280


def test_later_messages_need_80_ms() -> None:
    """Once something was played the threshold is half of it."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1280)))
    heard(playback, 8)
    playback.receive(data(level(6, 639)))
    assert not heard(playback, 4).any()
    playback.receive(data(level(6, 1)))
    assert heard(playback, 4).tolist() == [6] * 640


def test_odd_bytes_are_carried_over() -> None:
    """Half a sample waits for its other half, even when a flush comes between."""
    playback = Playback(8000)
    sound = data(level(0x0102, 1281))
    playback.receive(sound[:-1])
    playback.kill()
    playback.tick()
    assert playback.receive(sound[-1:] + data(level(3, 2))).tolist() == [0x0102, 3, 3]


def test_a_flush_takes_what_has_arrived_by_the_next_tick() -> None:
    """New audio right behind `killAudio` is lost with the old."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1600)))
    playback.kill()
    playback.receive(data(level(6, 800)))
    assert not heard(playback, 20).any()
    playback.receive(data(level(7, 800)))
    assert heard(playback, 1).tolist() == [7] * 160


def test_a_flush_leaves_the_pre_buffer() -> None:
    """What was too short to be played opens the next sentence."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1280)))
    playback.receive(data(level(6, 100)))
    playback.kill()
    playback.tick()
    playback.receive(data(level(7, 700)))
    assert heard(playback, 1).tolist() == [6] * 100 + [7] * 60


def test_a_mark_fires_when_the_audio_before_it_was_played() -> None:
    """A mark lies before the message that follows it."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1600)))
    playback.mark("m1")
    assert marks(playback, 3) == []
    playback.receive(data(level(0, 960)))
    assert marks(playback, 10) == [(7, "m1", "playout")]


def test_a_mark_on_an_empty_buffer_fires_at_once() -> None:
    """With nothing queued there is nothing to wait for."""
    playback = Playback(8000)
    playback.mark("m1")
    assert playback.tick().marks == (MarkReport("m1", "playout"),)


def test_minus_one_passes_for_a_mark_while_one_is_pending() -> None:
    """A sample -1 fires the pending mark early and is deleted; without one it is a sample."""
    playback = Playback(8000)
    playback.receive(data(level(-1, 1280)))
    assert heard(playback, 8).tolist() == [-1] * 1280
    playback.receive(data(level(5, 640)))
    playback.mark("m1")
    playback.receive(data(np.concatenate((level(5, 5), level(-1, 1), level(5, 700)))))
    playback.mark("m2")
    assert marks(playback, 5) == [(4, "m1", "playout"), (4, "m2", "playout")]


def test_a_flush_clears_marks_and_swallows_the_next() -> None:
    """Marks in the dropped audio come back as cleared, and as many later ones come back under the name before."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1280)))
    playback.mark("m1")
    playback.receive(data(level(5, 800)))
    playback.kill()
    assert marks(playback, 1) == [(0, "m1", "cleared")]
    for name in ("m2", "m3"):
        playback.receive(data(level(5, 800)))
        playback.mark(name)
        playback.receive(data(level(0, 800)))
    assert [name for _, name, _ in marks(playback, 40)] == ["m2"]


def test_clear_marks_tells_nobody() -> None:
    """`clearMarks` forgets names without a report."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1280)))
    playback.mark("m1")
    playback.clear_marks()
    playback.receive(data(level(5, 800)))
    assert marks(playback, 30) == []


def test_marks_beyond_thirty_are_dropped() -> None:
    """Only so many marks can be outstanding."""
    playback = Playback(8000)
    playback.receive(data(level(5, 1280)))
    for number in range(MOST_MARKS + 5):
        playback.mark(f"m{number}")
    playback.receive(data(level(5, 800)))
    assert len(marks(playback, 30)) == MOST_MARKS


def test_without_the_inner_rate_nothing_is_heard() -> None:
    """Audio is taken and never played when full duplex was not asked for completely."""
    playback = Playback(0)
    assert len(playback.receive(data(level(5, 4000)))) == 4000
    assert not heard(playback, 50).any()
    assert playback.ahead == 0


def test_another_rate_is_played_but_loses_its_marks() -> None:
    """At 16 kHz inside an 8 kHz call the audio is resampled, and a mark in it is never recognised."""
    playback = Playback(16000)
    playback.receive(data(level(1000, 2559)))
    assert playback.held == 2559
    playback.receive(data(level(1000, 1)))
    assert abs(int(heard(playback, 4)[-1]) - 1000) < 10
    playback.mark("m1")
    playback.receive(data(level(1000, 2560)))
    assert marks(playback, 40) == []


@given(st.lists(st.lists(st.integers(-32768, 32767), max_size=900), max_size=6))
def test_what_the_codec_sends_is_what_the_caller_hears(pieces: list[list[int]]) -> None:
    """However an utterance is cut, the caller hears all of it at once, and its mark behind its last sample."""
    wire, playback = JambonzWire(), Playback(8000)
    wire.receive("{}", 0.0)
    for piece in pieces:
        deliver(playback, wire.send(np.array(piece, np.int16), 0.0))
    deliver(playback, wire.finish("m1", 0.0))
    assert playback.held == 0
    said = [0 if sample == -1 else sample for piece in pieces for sample in piece]
    got: list[int] = []
    at = -1
    while playback.ahead:
        frame = playback.tick()
        got.extend(frame.pcm.tolist())
        at = len(got) if frame.marks else at
    assert got[: len(said)] == said
    assert at >= len(said)


def test_the_codec_recovers_its_marks_after_a_flush() -> None:
    """The mark a flush makes the module swallow is missed once; the next one comes back under its own name."""
    wire, playback = JambonzWire(), Playback(8000)
    wire.receive("{}", 0.0)
    now = 0.0
    came: list[str] = []

    def run(seconds: float) -> None:
        nonlocal now
        for _ in range(round(seconds / 0.02)):
            now += 0.02
            for mark in playback.tick().marks:
                report = {"type": "mark", "data": {"name": mark.name, "event": mark.event}}
                wire.receive(json.dumps(report), now)
                came.append(f"{mark.name} {mark.event}")

    def say(name: str) -> None:
        deliver(playback, wire.send(tone(0.5), now))
        deliver(playback, wire.finish(name, now))

    say("m1")
    run(0.2)
    deliver(playback, wire.flush(now))
    run(wire.quiet_until(now) - now)
    say("m2")
    run(3.0)
    say("m3")
    run(1.0)
    assert came == ["m1 cleared", "m3 playout"]


def deliver(playback: Playback, messages: object) -> None:
    assert isinstance(messages, list)
    message: Message
    for message in messages:
        if isinstance(message, bytes):
            playback.receive(message)
            continue
        command = json.loads(message)
        match command["type"]:
            case "mark":
                playback.mark(command["data"]["name"])
            case "killAudio":
                playback.kill()
            case "clearMarks":
                playback.clear_marks()
