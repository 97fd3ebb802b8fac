"""The jambonz audio fork, message by message."""

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import SAMPLE_RATE, Pcm, silence
from voicebot.errors import ProtocolError
from voicebot.gateways import (
    AudioReceived,
    DigitReceived,
    JambonzWire,
    MarkCleared,
    MarkPlayed,
    Message,
    StreamStarted,
)

METADATA = {
    "sampleRate": 8000,
    "mixType": "mono",
    "callSid": "c-1",
    "from": "+15551",
    "to": "+15552",
    "token": "t-1",
}


def started(**changes: object) -> JambonzWire:
    wire = JambonzWire()
    wire.receive(json.dumps(METADATA | changes), 0.0)
    return wire


def heard(wire: JambonzWire, *messages: bytes) -> list[int]:
    samples: list[int] = []
    for message in messages:
        for event in wire.receive(message, 0.0):
            assert isinstance(event, AudioReceived)
            samples.extend(event.pcm.tolist())
    return samples


def tone(seconds: float, pitch: float = 440.0, rate: int = SAMPLE_RATE) -> Pcm:
    times = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * pitch * times)).astype(np.int16)


def binary(messages: object) -> list[bytes]:
    assert isinstance(messages, list)
    return [message for message in messages if isinstance(message, bytes)]


def commands(messages: object) -> list[object]:
    assert isinstance(messages, list)
    return [json.loads(message) for message in messages if isinstance(message, str)]


def samples_of(messages: list[Message]) -> list[int]:
    return [int(sample) for m in messages if isinstance(m, bytes) for sample in np.frombuffer(m, "<i2")]


def test_metadata_starts_the_stream() -> None:
    """The first frame tells call, numbers and token; everything else it holds is context."""
    events = JambonzWire().receive(
        json.dumps(METADATA | {"direction": "inbound", "sipStatus": 200, "sip": {}}), 0.0
    )
    assert events == [
        StreamStarted("c-1", "+15551", "+15552", "t-1", {"direction": "inbound", "sipStatus": "200"}),
    ]


def test_absent_metadata_keys_are_normal() -> None:
    """An empty metadata object starts a mono stream at 8 kHz without any names."""
    wire = JambonzWire()
    assert wire.receive("{}", 0.0) == [StreamStarted("", "", "", "")]
    assert heard(wire, b"\x01\x00\x02\x00") == [1, 2]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sampleRate": 44100}, "8000"),
        ({"sampleRate": 0}, "8000"),
        ({"sampleRate": -8000}, "8000"),
        ({"sampleRate": 8000.5}, "whole number"),
        ({"sampleRate": True}, "whole number"),
        ({"sampleRate": "fast"}, "whole number"),
        ({"sampleRate": 10**30}, "8000"),
        ({"mixType": "mixed"}, "mono"),
        ({"mixType": 3}, "mono"),
        ({"callSid": ["x"]}, "callSid"),
        ({"token": {"a": 1}}, "token"),
        ({"token": "x" * 5000}, "token"),
        ({"type": "mark"}, "metadata"),
        ({"event": "dtmf"}, "metadata"),
    ],
)
def test_absurd_metadata_is_refused(changes: dict[str, object], says: str) -> None:
    """Rates, channels and fields that cannot be right close the socket with a message that names them."""
    with pytest.raises(ProtocolError, match=says):
        started(**changes)


@pytest.mark.parametrize(
    "first", [b"\x00\x00", "[]", "not json", '"metadata"', "[" * 100_000, '{"sampleRate": 1e999}']
)
def test_nothing_but_metadata_comes_first(first: str | bytes) -> None:
    """Audio, broken JSON and JSON that is no object are refused as the first frame."""
    with pytest.raises(ProtocolError):
        JambonzWire().receive(first, 0.0)


def test_malformed_json_later_is_refused() -> None:
    """A text frame that is not JSON is a protocol error at any time."""
    with pytest.raises(ProtocolError):
        started().receive("{", 0.0)


def test_unknown_text_is_ignored() -> None:
    """Text frames of kinds we do not know change nothing."""
    wire = started()
    assert wire.receive('{"type": "playDone", "data": {"id": "x"}}', 0.0) == []
    assert wire.receive('{"hello": 1}', 0.0) == []
    assert wire.receive('{"type": "mark", "data": {"name": "m1", "event": "queued"}}', 0.0) == []


def test_control_characters_do_not_reach_the_call() -> None:
    """Line breaks, NULs and lone surrogates in the metadata are dropped, so that any store can take the text."""
    wire = JambonzWire()
    (event,) = wire.receive('{"callSid": "a\\u0000b\\ud800c\\r\\nd"}', 0.0)
    assert event == StreamStarted("abcd", "", "", "")


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_any_splitting_gives_the_same_samples(data: bytes, cuts: list[int]) -> None:
    """Glued, odd and empty binary frames carry the same audio as one frame."""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    expected = np.frombuffer(data[: len(data) // 2 * 2], "<i2").tolist()
    assert heard(started(), *pieces) == expected


@given(
    st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=8), st.sampled_from([16000, 24000, 48000])
)
def test_any_splitting_gives_the_same_samples_when_down_sampled(data: bytes, cuts: list[int], rate: int) -> None:
    """Down-sampling carries its state from frame to frame, to the last bit."""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert heard(started(sampleRate=rate), *pieces) == heard(started(sampleRate=rate), data)


def test_stereo_brings_the_left_channel() -> None:
    """In a stereo stream the caller is the left channel; a frame may end anywhere inside a pair."""
    wire = started(mixType="stereo")
    data = np.array([1, 101, 2, 102, 3, 103], "<i2").tobytes()
    assert heard(wire, data[:3], data[3:6], data[6:]) == [1, 2, 3]


def test_16_khz_comes_down_to_8() -> None:
    """A wide-band stream keeps what a telephone carries, and loses what would fold back into it."""
    wide = started(sampleRate=16000)
    kept = np.array(heard(wide, tone(0.5, 1000, 16000).astype("<i2").tobytes()))
    assert len(kept) == 4000
    spectrum = np.abs(np.fft.rfft(kept[200:3800]))
    assert abs(np.argmax(spectrum) * SAMPLE_RATE / 3600 - 1000) < 5
    assert 7800 < np.abs(kept[200:]).max() < 8200
    alias = np.array(heard(started(sampleRate="16000"), tone(0.5, 6000, 16000).astype("<i2").tobytes()))
    assert np.abs(alias[200:]).max() < 80


def test_key_presses() -> None:
    """A dtmf frame is a key press; what is not a telephone key is ignored."""
    wire = started()
    assert wire.receive('{"event":"dtmf","dtmf":"5","duration":"1600"}', 0.0) == [DigitReceived("5")]
    assert wire.receive('{"event":"dtmf","dtmf":"#"}', 0.0) == [DigitReceived("#")]
    assert wire.receive('{"event":"dtmf","dtmf":"a"}', 0.0) == [DigitReceived("A")]
    assert wire.receive('{"event":"dtmf","dtmf":0}', 0.0) == [DigitReceived("0")]
    for odd in ('"12"', '""', '"x"', "null", "{}", "[1]", "1.0"):
        assert wire.receive(f'{{"event":"dtmf","dtmf":{odd}}}', 0.0) == []


def test_marks_come_back_played_or_cleared() -> None:
    """`playout` is a mark that was reached, `cleared` one that a flush dropped."""
    wire = started()
    assert wire.receive('{"type":"mark","data":{"name":"m1","event":"playout"}}', 0.0) == [MarkPlayed("m1")]
    assert wire.receive('{"type":"mark","data":{"name":"m2","event":"cleared"}}', 0.0) == [MarkCleared("m2")]


def test_first_message_holds_160_ms_and_later_ones_100() -> None:
    """Less than the module's pre-buffer lets through is held back for the next piece."""
    wire = started()
    assert wire.send(tone(0.159), 0.0) == []
    (first,) = wire.send(tone(0.001), 0.0)
    assert len(first) == 2 * 1280
    assert wire.send(tone(0.099), 0.1) == []
    (later,) = wire.send(tone(0.001), 0.1)
    assert len(later) == 2 * 800


def test_finish_pads_and_closes_with_a_mark_and_zeros() -> None:
    """The rest is padded to what the module takes; the mark lies between it and 120 ms of zeros of their own."""
    wire = started()
    wire.send(tone(0.2), 0.0)
    wire.send(tone(0.02), 0.1)
    rest, mark, tail = wire.finish("m-1", 0.1)
    assert isinstance(rest, bytes)
    assert len(rest) == 2 * 640
    assert not np.frombuffer(rest, "<i2")[160:].any()
    assert json.loads(mark) == {"type": "mark", "data": {"name": "m-1"}}
    assert tail == bytes(2 * 960)


def test_finish_of_a_short_first_utterance_pads_to_160_ms() -> None:
    """A first utterance shorter than the pre-buffer is heard at once all the same."""
    wire = started()
    assert wire.send(tone(0.05), 0.0) == []
    assert [len(message) for message in wire.finish("", 0.0)] == [2560, 1920]


def test_finish_without_audio_asks_only_for_the_mark() -> None:
    """An utterance without a sound sends nothing, unless a mark has to come back."""
    wire = started()
    assert wire.finish("", 0.0) == []
    messages = list(wire.finish("m1", 0.0))
    assert commands(messages) == [{"type": "mark", "data": {"name": "m1"}}]
    assert binary(messages) == [bytes(2560)]


def test_one_mark_is_outstanding_at_most() -> None:
    """While a mark is on its way no second one is asked for; once it is back the next one is."""
    wire = started()
    wire.send(tone(0.5), 0.0)
    assert commands(list(wire.finish("m1", 0.0)))
    wire.send(tone(0.5), 0.5)
    assert commands(list(wire.finish("m2", 0.5))) == []
    wire.receive('{"type":"mark","data":{"name":"m1","event":"playout"}}', 0.6)
    wire.send(tone(0.5), 0.7)
    assert commands(list(wire.finish("m3", 0.7))) == [{"type": "mark", "data": {"name": "m3"}}]


def test_a_lost_mark_is_forgotten_on_both_sides() -> None:
    """A mark long overdue is given up: all names are cleared, so that no later one is taken for it."""
    wire = started()
    wire.send(tone(0.5), 0.0)
    wire.finish("m1", 0.0)
    wire.send(tone(0.5), 3.0)
    assert commands(list(wire.finish("m2", 3.0))) == [
        {"type": "clearMarks"},
        {"type": "mark", "data": {"name": "m2"}},
    ]


@pytest.mark.parametrize("name", ['say "hi"', "a b", "m\n", "é", "x" * 65])
def test_mark_names_the_module_would_garble_are_refused(name: str) -> None:
    """A mark's name is echoed unescaped, so only letters, digits, - and _ are safe."""
    with pytest.raises(ValueError, match="letters, digits"):
        started().finish(name, 0.0)


def test_minus_one_is_scrubbed() -> None:
    """The sample -1 is the module's marker: it leaves as 0."""
    wire = started()
    pcm = np.tile(np.array([-2, -1, 0, 1], np.int16), 400)
    (message,) = wire.send(pcm, 0.0)
    assert isinstance(message, bytes)
    assert np.frombuffer(message, "<i2")[:4].tolist() == [-2, 0, 0, 1]
    assert pcm[1] == -1


def test_flush_drops_what_is_held_and_guards() -> None:
    """A flush sends only `killAudio`; nothing of the old sentence follows, and new audio waits at least 40 ms."""
    wire = started()
    wire.send(tone(0.2), 0.0)
    wire.send(tone(0.05), 0.1)
    assert [json.loads(message) for message in wire.flush(1.0)] == [{"type": "killAudio"}]
    assert wire.quiet_until(1.0) >= 1.04
    assert wire.quiet_until(2.0) == 2.0
    assert wire.finish("", 1.1) == []


def test_after_a_flush_messages_still_empty_the_pre_buffer() -> None:
    """The pre-buffer was empty when the flush came, so the next message needs the later threshold only."""
    wire = started()
    wire.send(tone(0.2), 0.0)
    wire.flush(0.1)
    assert wire.send(tone(0.09), 0.2) == []
    assert len(binary(list(wire.send(tone(0.01), 0.2)))[0]) == 1600


def test_end_leaves_the_call_to_the_next_verb() -> None:
    """`disconnect` ends the listen verb without hanging up."""
    assert [json.loads(message) for message in started().end()] == [{"type": "disconnect"}]


PIECES = st.lists(st.lists(st.integers(-32768, 32767), max_size=500), max_size=12)


@given(PIECES)
def test_any_chunking_sends_the_same_samples(pieces: list[list[int]]) -> None:
    """What is sent does not depend on how it was cut; every message is long enough to pass the pre-buffer."""
    wire = started()
    messages: list[Message] = []
    for number, piece in enumerate(pieces):
        messages.extend(wire.send(np.array(piece, np.int16), number * 0.02))
    messages.extend(wire.finish("", len(pieces) * 0.02))
    said = [0 if sample == -1 else sample for piece in pieces for sample in piece]
    sent = samples_of(messages)
    assert sent[: len(said)] == said
    assert not any(sent[len(said) :])
    lengths = [len(message) // 2 for message in messages if isinstance(message, bytes)]
    assert all(length >= (640 if number else 1280) for number, length in enumerate(lengths))
    assert len(lengths) == 0 or lengths[-1] == 960


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "event", "dtmf", "data", "name", "sampleRate", "mixType", "callSid", "from", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)


@given(st.lists(st.binary(max_size=50) | st.text(max_size=50) | JSON.map(json.dumps), max_size=6))
def test_whatever_comes_only_protocol_errors_leave(messages: list[str | bytes]) -> None:
    """No message of any content raises anything but ProtocolError, and the first event is always the start."""
    wire = JambonzWire()
    events: list[object] = []
    try:
        for message in messages:
            events.extend(wire.receive(message, 0.0))
    except ProtocolError:
        pass
    assert not events or isinstance(events[0], StreamStarted)


def test_silence_is_audio() -> None:
    """Zeros are sent like any other audio."""
    assert len(started().send(silence(0.2), 0.0)) == 1


@pytest.mark.parametrize("wrong", [{"mixType": "y" * 1000}, {"sampleRate": 10**300}, {"callSid": "a/b"}])
def test_metadata_that_is_wrong_is_refused_in_few_words(wrong: dict[str, Any]) -> None:
    """What a stranger sends before he has shown a token fills no log."""
    with pytest.raises(ProtocolError) as refused:
        JambonzWire().receive(json.dumps({"sampleRate": 8000, "mixType": "mono", **wrong}), 0.0)
    assert len(str(refused.value)) < 150
