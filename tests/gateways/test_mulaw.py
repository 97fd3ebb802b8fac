"""Mu-law JSON streams, message by message."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import Pcm, g711
from voicebot.errors import ProtocolError
from voicebot.gateways import (
    AudioReceived,
    DigitReceived,
    MarkCleared,
    MarkPlayed,
    MulawJsonWire,
    StreamStarted,
    StreamStopped,
    WireEvent,
)

START = {
    "streamSid": "MZ1",
    "accountSid": "AC1",
    "callSid": "CA1",
    "tracks": ["inbound"],
    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    "customParameters": {"token": "t-1", "from": "+15551", "to": "+15552", "flow": "support"},
}


def frame(event: str, **parts: object) -> str:
    return json.dumps({"event": event, "streamSid": "MZ1", **parts})


def media(data: bytes, **more: object) -> str:
    return frame("media", media={"payload": base64.b64encode(data).decode(), **more})


def started() -> MulawJsonWire:
    wire = MulawJsonWire()
    wire.receive(frame("start", sequenceNumber="1", start=START), 0.0)
    return wire


def audio(events: object) -> Pcm:
    assert isinstance(events, list)
    (event,) = events
    assert isinstance(event, AudioReceived)
    return event.pcm


def test_start_names_the_call_and_its_token() -> None:
    """`connected` says nothing yet; `start` brings ids, token and the parameters of our own webhook."""
    wire = MulawJsonWire()
    assert wire.receive('{"event":"connected","protocol":"Call","version":"1.0.0"}', 0.0) == []
    (event,) = wire.receive(frame("start", start=START), 0.0)
    assert event == StreamStarted(
        "CA1", "+15551", "+15552", "t-1", {"from": "+15551", "to": "+15552", "flow": "support"}
    )


@pytest.mark.parametrize("start", [{"event": "start", "token": "t"}, {"event": "start", "start": {"token": "t"}}])
def test_plain_clients_may_give_the_token_at_the_top(start: dict[str, object]) -> None:
    """A client that is not Twilio need not wrap its token in `customParameters`."""
    assert MulawJsonWire().receive(json.dumps(start), 0.0) == [StreamStarted("", "", "", "t")]


def test_media_is_decoded() -> None:
    """A media payload is base64 of G.711 mu-law."""
    assert audio(started().receive(media(b"\xff\x00\x80"), 0.0)).tolist() == [0, -32124, 32124]


@pytest.mark.parametrize(
    ("first", "second"), [(media(b"\xff"), AudioReceived), (frame("dtmf", dtmf={"digit": "1"}), DigitReceived)]
)
def test_a_missing_start_is_made_up(first: str, second: type[WireEvent]) -> None:
    """A client that begins with audio or a key has a call without names."""
    events = MulawJsonWire().receive(first, 0.0)
    assert events[0] == StreamStarted("", "", "", "")
    assert isinstance(events[1], second)


def test_numbers_may_be_strings() -> None:
    """Twilio writes numbers as strings; either form is the same rate."""
    wire = MulawJsonWire()
    start = {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": "8000", "channels": "1"}}
    assert wire.receive(frame("start", start=start), 0.0)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"\x00\x01", "/audio/jambonz"),
        ("{", "JSON"),
        ("[]", "object"),
        ("{}", "event"),
        ('{"event": 5}', "event"),
        ('{"sampleRate":8000,"callSid":"x"}', "/audio/jambonz"),
        (frame("media"), "payload"),
        (frame("media", media={"payload": 5}), "payload"),
        (frame("media", media={"payload": "@@@@"}), "base64"),
        (frame("media", media={"payload": "YQ"}), "base64"),
        (frame("media", media={"payload": "é"}), "base64"),
        (frame("media", media=["x"]), "media"),
        (frame("start", start={"mediaFormat": {"encoding": "audio/opus"}}), "audio/x-mulaw"),
        (frame("start", start={"mediaFormat": {"sampleRate": 16000}}), "8000"),
        (frame("start", start={"mediaFormat": {"channels": 2}}), "channels"),
        (frame("start", start={"customParameters": {"token": {}}}), "token"),
    ],
)
def test_broken_messages_are_refused(bad: str | bytes, says: str) -> None:
    """What cannot be right closes the socket with a message that says what to send instead."""
    with pytest.raises(ProtocolError, match=says):
        MulawJsonWire().receive(bad, 0.0)


def test_a_second_start_is_refused() -> None:
    """One socket is one stream."""
    with pytest.raises(ProtocolError, match="second"):
        started().receive(frame("start", start=START), 0.0)


def test_other_frames_are_ignored() -> None:
    """Unknown events, the bot's own track and keys that no telephone has change nothing."""
    wire = started()
    assert wire.receive(frame("weather"), 0.0) == []
    assert wire.receive(media(b"\x00", track="outbound"), 0.0) == []
    assert wire.receive(frame("dtmf", dtmf={"digit": "??"}), 0.0) == []


def test_stop_ends_the_stream() -> None:
    """After `stop` nothing more is taken."""
    wire = started()
    assert wire.receive(frame("stop", stop={"callSid": "CA1"}), 0.0) == [StreamStopped()]
    assert wire.receive(media(b"\x00"), 0.0) == []


def test_audio_leaves_with_the_stream_id() -> None:
    """Media frames carry the id that `start` gave; a client that gave none gets none."""
    pcm = np.array([0, 1000, -1000], np.int16)
    payload = base64.b64encode(g711.encode(pcm)).decode()
    (message,) = started().send(pcm, 0.0)
    assert json.loads(message) == {"event": "media", "streamSid": "MZ1", "media": {"payload": payload}}
    (bare,) = MulawJsonWire().send(pcm, 0.0)
    assert json.loads(bare) == {"event": "media", "media": {"payload": payload}}
    assert started().send(np.zeros(0, np.int16), 0.0) == []


def test_marks_come_back_played() -> None:
    """A mark is sent behind the audio and comes back once, when it was heard."""
    wire = started()
    (message,) = wire.finish("m1", 0.0)
    assert json.loads(message) == {"event": "mark", "streamSid": "MZ1", "mark": {"name": "m1"}}
    assert wire.receive(frame("mark", mark={"name": "m1"}), 1.0) == [MarkPlayed("m1")]
    assert wire.receive(frame("mark", mark={"name": "m1"}), 1.0) == []
    assert wire.finish("", 1.0) == []


def test_a_mark_behind_a_clear_was_not_heard() -> None:
    """`clear` makes pending marks come back: they count as cleared. Audio may follow at once."""
    wire = started()
    wire.finish("m1", 0.0)
    assert [json.loads(message)["event"] for message in wire.flush(0.5)] == ["clear"]
    assert wire.quiet_until(0.5) == 0.5
    wire.finish("m2", 0.6)
    assert wire.receive(frame("mark", mark={"name": "m1"}), 0.6) == [MarkCleared("m1")]
    assert wire.receive(frame("mark", mark={"name": "m2"}), 0.9) == [MarkPlayed("m2")]


def test_marks_that_never_come_back_are_forgotten() -> None:
    """A client that ignores marks does not make us remember all of them."""
    wire = started()
    for number in range(1000):
        wire.finish(f"m{number}", 0.0)
    assert wire.receive(frame("mark", mark={"name": "m0"}), 0.0) == []
    assert wire.receive(frame("mark", mark={"name": "m999"}), 0.0) == [MarkPlayed("m999")]


def test_end_is_the_close_of_the_socket() -> None:
    """There is no message that ends the stream."""
    assert started().end() == []


@given(st.lists(st.binary(max_size=100), max_size=8))
def test_any_splitting_gives_the_same_samples(pieces: list[bytes]) -> None:
    """Payloads of any size, none included, carry the same audio as one."""
    wire = started()
    heard = [sample for piece in pieces for sample in audio(wire.receive(media(piece), 0.0)).tolist()]
    assert heard == g711.decode(b"".join(pieces)).tolist()


@given(st.lists(st.lists(st.integers(-32768, 32767), max_size=50), max_size=8))
def test_any_chunking_sends_the_same_samples(pieces: list[list[int]]) -> None:
    """What is sent does not depend on how it was cut."""
    wire = started()
    sent = b"".join(
        base64.b64decode(json.loads(message)["media"]["payload"])
        for piece in pieces
        for message in wire.send(np.array(piece, np.int16), 0.0)
    )
    assert sent == g711.encode(np.array([sample for piece in pieces for sample in piece], np.int16))


NAMES = [
    "event",
    "media",
    "payload",
    "start",
    "dtmf",
    "digit",
    "mark",
    "name",
    "mediaFormat",
    "sampleRate",
    "streamSid",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["start", "media"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=8,
)


@given(st.lists(st.binary(max_size=50) | st.text(max_size=50) | JSON.map(json.dumps), max_size=6))
def test_whatever_comes_only_protocol_errors_leave(messages: list[str | bytes]) -> None:
    """No message of any content raises anything but ProtocolError, and the first event is always the start."""
    wire = MulawJsonWire()
    events: list[object] = []
    try:
        for message in messages:
            events.extend(wire.receive(message, 0.0))
    except ProtocolError:
        pass
    assert not events or isinstance(events[0], StreamStarted)


@pytest.mark.parametrize("call_id", ["../../etc", "a b", "<script>", "a\u00e9", "x" * 129])
def test_an_id_that_is_no_id_is_refused(call_id: str) -> None:
    """A call's id ends up in addresses, keys and logs, so a client may not make it anything it likes."""
    with pytest.raises(ProtocolError, match="callSid"):
        MulawJsonWire().receive(json.dumps({"event": "start", "start": {"callSid": call_id}}), 0.0)


def test_an_error_shows_no_more_than_a_glance_of_what_came() -> None:
    """A stranger cannot write pages into the log through the message of an error."""
    media = {"encoding": "y" * 1000}
    with pytest.raises(ProtocolError) as refused:
        MulawJsonWire().receive(json.dumps({"event": "start", "start": {"mediaFormat": media}}), 0.0)
    assert len(str(refused.value)) < 150
