"""What the bot says, on its way to the gateway."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.audio import Pcm, g711
from voicebot.call.events import Sent
from voicebot.call.playout import PlayClock
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


class BareWire(MulawJsonWire):
    """A gateway without a message for silence: it plays what it gets at once, and stopping is the flush."""

    @property
    def lead(self) -> float:
        return 0.06

    def flush(self, now: float) -> list[Message]:
        return []


def play(playback: Playback, start: float, seconds: float) -> list[tuple[float, Sent]]:
    """What left and when, with the time passing in steps of 20 ms."""
    return [
        (start + step * 0.02, sent)
        for step in range(round(seconds / 0.02))
        for _, sent in playback.pump(start + step * 0.02)
    ]


@pytest.mark.parametrize("wire", [started_wire(), BareWire()], ids=["flushes", "stops"])
def test_what_was_held_goes_on_where_it_was_held(wire: Wire) -> None:
    """Nothing leaves during a hold; then everything from the word on does, on gateways of either kind."""
    playback = Playback(wire)
    for number in (1, 2):
        playback.begin(number)
        playback.add(number, tone(1.0))
        playback.complete(number)
    before = play(playback, 0.0, 0.5)
    messages = playback.hold(0.5)
    assert bool(messages) is not isinstance(wire, BareWire)
    assert play(playback, 0.5, 1.0) == []
    assert playback.remaining(0.5) == 0.0
    playback.resume(1, heard=0.5, word=0.3)
    after = play(playback, 1.5, 3.0)
    first = after[0][1]
    assert first.at is not None
    assert 0.15 <= first.at <= 0.45
    said = sum(sent.seconds for _, sent in after if sent.utterance == 1)
    assert said == pytest.approx(1.0 - first.at)
    assert [sent.utterance for _, sent in after if sent.last] == [1, 2]
    assert sum(sent.seconds for _, sent in after if sent.utterance == 2) == pytest.approx(1.0)
    assert all(sent.at is None for _, sent in after[1:] if sent.utterance == 1)
    assert sum(sent.seconds for _, sent in before) >= 0.5


def test_a_sentence_that_was_sent_to_its_end_can_go_on() -> None:
    """What a gateway has in its buffer is dropped by the hold, so all of it that was not heard leaves again."""
    playback = Playback(started_wire())
    playback.begin(1)
    playback.add(1, tone(0.5))
    playback.complete(1)
    assert play(playback, 0.0, 0.02)[-1][1].last
    playback.hold(0.2)
    playback.resume(1, heard=0.2, word=0.0)
    after = play(playback, 0.4, 0.2)
    assert after[0][1].at == 0.0
    assert sum(sent.seconds for _, sent in after) == pytest.approx(0.5)
    assert after[-1][1].last


def test_speech_that_is_still_made_during_a_hold_is_kept() -> None:
    """The voice goes on with the sentence while the bot is held, and nothing of it is lost."""
    playback = Playback(started_wire())
    playback.begin(1)
    playback.add(1, tone(0.3))
    play(playback, 0.0, 0.2)
    playback.hold(0.2)
    playback.add(1, tone(0.7))
    playback.complete(1)
    playback.begin(2)
    playback.resume(1, heard=0.2, word=0.0)
    after = play(playback, 0.5, 2.0)
    assert sum(sent.seconds for _, sent in after) == pytest.approx(1.0)
    assert after[-1][1] == Sent(1, 0.0, last=True, of=1.0)


def test_a_flush_ends_a_hold_without_another_silencing() -> None:
    """The gateway is silent already; the answer need not wait for it to be silenced again."""
    playback = Playback(started_wire())
    playback.begin(1)
    playback.add(1, tone(1.0))
    play(playback, 0.0, 0.2)
    playback.hold(0.2)
    assert playback.flush(0.6) == []
    playback.begin(2)
    playback.add(2, tone(0.1))
    assert play(playback, 0.6, 0.02)[0][1].utterance == 2


def test_the_word_begins_in_the_faintest_place_nearby() -> None:
    """The reckoning by the text is put right by the audio."""
    playback = Playback(started_wire())
    playback.begin(1)
    playback.add(1, np.concatenate((tone(0.4), tone(0.04, 3), tone(0.56))))
    play(playback, 0.0, 0.7)
    playback.hold(0.7)
    playback.resume(1, heard=0.7, word=0.5)
    at = play(playback, 1.0, 0.02)[0][1].at
    assert at == pytest.approx(0.42, abs=0.02)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.05, 1.5), min_size=1, max_size=4),
    st.lists(st.tuples(st.floats(0.02, 1.2), st.floats(0.0, 0.5)), max_size=4),
    st.sampled_from((0.06, 0.6, 30.0)),
)
def test_holding_loses_nothing_and_repeats_a_word_at_most(
    sentences: list[float], holds: list[tuple[float, float]], lead: float
) -> None:
    """However often it is held, the caller hears everything, and again only what follows the word's beginning."""

    class Wire(BareWire):
        @property
        def lead(self) -> float:
            return lead

    playback, clock = Playback(Wire()), PlayClock()
    for number, seconds in enumerate(sentences, 1):
        playback.begin(number)
        playback.add(number, tone(seconds))
        playback.complete(number)
    now = 0.0

    def listen(until: float) -> None:
        nonlocal now
        while now < until:
            for _, sent in playback.pump(now):
                heard = clock.heard(sent.utterance, now).seconds
                if sent.at is not None:
                    assert heard - 0.5 - 0.15 - 1e-6 <= sent.at <= heard + 1e-3
                clock.sent(sent.utterance, sent.seconds, now, sent.last, sent.at)
            now += 0.02

    for after, word in holds:
        listen(now + after)
        current = next(
            (number for number in range(1, len(sentences) + 1) if not clock.heard(number, now).complete), None
        )
        if current is None:
            break
        clock.flushed(now)
        playback.hold(now)
        now += 0.3
        heard = clock.heard(current, now).seconds
        playback.resume(current, heard, max(0.0, heard - word))
    listen(now + 10.0)
    for number, seconds in enumerate(sentences, 1):
        outcome = clock.heard(number, now)
        assert outcome.complete
        assert outcome.seconds == pytest.approx(int(seconds * 8000) / 8000, abs=1e-3)


@pytest.mark.parametrize(("mark", "number"), [("u7", 7), ("x7", None), ("u", None), ("", None), ("u7x", None)])
def test_only_our_own_marks_name_an_utterance(mark: str, number: int | None) -> None:
    """A mark somebody else set confirms nothing."""
    assert mark_number(mark) == number


@pytest.mark.parametrize("mark", ["u\u00b2", "u\u0663", "u", "u-1", "u" + "9" * 900, "x1", "U1", "u1 "])
def test_a_mark_that_is_not_ours_confirms_nothing(mark: str) -> None:
    """Names a gateway made up, digits of other scripts among them, are no utterance and no error."""
    assert mark_number(mark) is None
