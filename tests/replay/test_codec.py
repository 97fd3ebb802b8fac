"""Events survive being written down."""

from __future__ import annotations

import json
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.port import JobKind, Transcript, Word
from voicebot.audio import FRAME_SAMPLES
from voicebot.call.actions import End, Note, Recognise
from voicebot.call.events import (
    CallerKnown,
    Digit,
    Event,
    Failed,
    Frame,
    HungUp,
    LookedUp,
    Part,
    Played,
    Recognised,
    Sent,
    Started,
    Tick,
    VoiceReady,
)
from voicebot.call.record import Speaker, TurnEntry
from voicebot.dialog.types import Comeback, LookUpResult, Transfer, TransferReason
from voicebot.replay.codec import Unreadable, action_to_json, event_from_json, event_to_json

words = st.text(max_size=20)
numbers = st.integers(0, 10**6)
seconds = st.floats(0, 1e6, allow_nan=False)
shares = st.floats(0, 1)
names = st.dictionaries(words, words, max_size=3)
events = st.one_of(
    st.builds(Started, words, words, words, st.none() | st.sampled_from(Comeback), seconds, names),
    st.builds(Digit, words),
    st.builds(
        Recognised,
        numbers,
        st.builds(
            Transcript,
            words,
            shares,
            shares,
            words,
            seconds,
            seconds,
            st.lists(st.builds(Word, words, seconds, seconds, shares), max_size=3).map(tuple),
        ),
    ),
    st.builds(LookedUp, numbers, st.builds(LookUpResult, st.booleans(), names)),
    st.builds(CallerKnown, names),
    st.builds(VoiceReady, numbers),
    st.builds(Sent, numbers, seconds, st.booleans()),
    st.builds(Played, numbers),
    st.builds(Failed, st.sampled_from(Part), words, numbers),
    st.just(Tick()),
    st.just(HungUp()),
)


def _there_and_back(event: Event) -> Event:
    name, content = json.loads(json.dumps(event_to_json(event)))
    return event_from_json(name, content)


@given(events)
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    """Numbers to the last bit, texts to the last character."""
    assert _there_and_back(event) == event


@given(st.binary(min_size=FRAME_SAMPLES * 2, max_size=FRAME_SAMPLES * 2), st.floats(0, 1))
def test_audio_comes_back_sample_by_sample(samples: bytes, speech: float) -> None:
    """A frame is the same 160 samples and the same probability."""
    pcm = np.frombuffer(samples, "<i2").astype(np.int16)
    back = _there_and_back(Frame(pcm, speech))
    assert isinstance(back, Frame)
    assert np.array_equal(back.pcm, pcm)
    assert back.speech == speech


def test_no_event_is_forgotten() -> None:
    """The strategies above know every event there is, but for the frame, which has a test of its own."""
    made = {Started, Digit, Recognised, LookedUp, CallerKnown, VoiceReady, Sent, Played, Failed, Tick, HungUp}
    assert {*made, Frame} == set(get_args(Event))


@pytest.mark.parametrize(("name", "content"), [("Sneeze", {}), ("Played", {"utterance": "x"}), ("Frame", 3)])
def test_what_is_no_event_is_refused(name: str, content: Any) -> None:
    """An unknown name, a wrong value and a broken frame each say what is wrong."""
    with pytest.raises(Unreadable, match=name):
        event_from_json(name, content)


def test_actions_are_told_with_a_digest_of_their_audio() -> None:
    """Two actions differ in what is written exactly when they differ."""
    quiet = np.zeros(320, np.int16)
    first = action_to_json(Recognise(1, quiet, JobKind.GUESS))
    assert first["Recognise"]["kind"] == "guess"
    assert first["Recognise"]["pcm"].startswith("320 samples, sha256 ")
    assert action_to_json(Recognise(1, quiet.copy(), JobKind.GUESS)) == first
    assert action_to_json(Recognise(1, quiet + np.int16(1), JobKind.GUESS)) != first


def test_entries_and_plans_are_told_by_name() -> None:
    """What is inside an action is named too, so that a difference can be read."""
    note = action_to_json(Note(TurnEntry(0, Speaker.BOT, "Hello.", 0.0, 1.0)))
    assert note["Note"]["entry"]["TurnEntry"]["speaker"] == "bot"
    end = action_to_json(End(Transfer("desk", TransferReason.REQUESTED, "Order 1234.")))
    assert end["End"]["plan"]["Transfer"]["reason"] == "requested"
    json.dumps([note, end])
