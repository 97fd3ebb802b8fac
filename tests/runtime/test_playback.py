"""What the bot says, on its way to the gateway."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from voicebot.audio import Pcm, g711
from voicebot.gateways import Message, MulawJsonWire
from voicebot.gateways.port import Wire
from voicebot.runtime.playback import Playback, mark_number


def tone(seconds: float, level: int = 4000) -> Pcm:
    """A steady level is enough to tell pieces apart."""
    return np.full(int(seconds * 8000), level, np.int16)


def started_wire() -> Wire:
    wire = MulawJsonWire()
    wire.receive(json.dumps({"event": "start", "streamSid": "MZ1", "start": {"callSid": "CA1"}}), 0.0)
    return wire


def seconds_of(messages: list[Message]) -> float:
    samples = 0
    for message in messages:
        event = json.loads(message)
        if event["event"] == "media":
            samples += len(g711.decode(base64.b64decode(event["media"]["payload"])))
    return samples / 8000


def pump(playback: Playback, now: float) -> tuple[float, list[int]]:
    """Seconds of audio that left, and the utterances reported complete."""
    out, complete = 0.0, []
    for messages, sent in playback.pump(now):
        out += seconds_of(messages)
        if sent.last:
            complete.append(sent.utterance)
    return out, complete


def test_audio_leaves_no_further_ahead_than_the_gateway_allows() -> None:
    """A long sentence is sent up to the lead, and then as it is played."""
    wire = started_wire()
    playback = Playback(wire)
    playback.begin(0)
    playback.add(0, tone(5.0))
    first, _ = pump(playback, 10.0)
    assert wire.lead <= first <= wire.lead + 0.1
    later = sum(pump(playback, 10.0 + 0.02 * tick)[0] for tick in range(1, 51))
    assert later == pytest.approx(1.0, abs=0.11)


def test_utterances_leave_in_the_order_they_were_begun() -> None:
    """The second sentence waits for the first even when its audio is there earlier."""
    playback = Playback(started_wire())
    playback.begin(0)
    playback.begin(1)
    playback.add(1, tone(0.2))
    playback.complete(1)
    assert pump(playback, 0.0) == (0.0, [])
    playback.add(0, tone(0.1))
    playback.complete(0)
    out, complete = pump(playback, 0.1)
    assert complete == [0, 1]
    assert out >= 0.3


def test_a_flush_drops_everything_and_silences_the_gateway() -> None:
    """After a flush nothing of the old sentence leaves, and new speech does."""
    playback = Playback(started_wire())
    playback.begin(0)
    playback.add(0, tone(2.0))
    pump(playback, 0.0)
    messages = playback.flush(0.2)
    assert any(json.loads(message)["event"] == "clear" for message in messages)
    playback.add(0, tone(1.0))
    assert pump(playback, 1.0) == (0.0, [])
    playback.begin(1)
    playback.add(1, tone(0.1))
    playback.complete(1)
    assert pump(playback, 2.0)[1] == [1]


def test_an_utterance_without_audio_still_ends() -> None:
    """A sentence the voice could not say does not block the next one."""
    playback = Playback(started_wire())
    playback.begin(0)
    playback.complete(0)
    assert pump(playback, 0.0)[1] == [0]


@pytest.mark.parametrize(("mark", "number"), [("u7", 7), ("x7", None), ("u", None), ("", None), ("u7x", None)])
def test_only_our_own_marks_name_an_utterance(mark: str, number: int | None) -> None:
    """A mark somebody else set confirms nothing."""
    assert mark_number(mark) == number


@pytest.mark.parametrize("mark", ["u\u00b2", "u\u0663", "u", "u-1", "u" + "9" * 900, "x1", "U1", "u1 "])
def test_a_mark_that_is_not_ours_confirms_nothing(mark: str) -> None:
    """Names a gateway made up, digits of other scripts among them, are no utterance and no error."""
    assert mark_number(mark) is None
