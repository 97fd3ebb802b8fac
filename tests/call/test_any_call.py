"""Whatever happens, in whatever order: what holds for every call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicebot.asr.port import Transcript
from voicebot.audio import FRAME_SAMPLES
from voicebot.call.actions import Action, AskLookUp, End, Flush, Hold, Note, Recognise, Resume, Speak
from voicebot.call.call import Call
from voicebot.call.events import (
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
)
from voicebot.call.record import EndEntry, TurnEntry
from voicebot.call.rules import Rules
from voicebot.dialog.types import Comeback, Line, Listen, LookUp, LookUpResult, Move
from voicebot.testing.conversation import GOODBYE, ScriptedConversation, says
from voicebot.testing.timeline import Answer, Timeline, Voice
from voicebot.testing.timeline_caller import Network

LONGEST_QUIET = 10.0
TEXTS = ("order", "hours", "my order is", "mhm", "legal", "bye", "anything")
FRAME = np.zeros(FRAME_SAMPLES, np.int16)
Speeches: TypeAlias = list[tuple[str, float, float, float | None, str]]
"""What the caller says: text, pause before it, seconds, the recogniser's delay and error."""


def conversation() -> ScriptedConversation:
    """One of everything a dialog can do."""
    legal = Line("This may be recorded.", uninterruptible=True)
    return ScriptedConversation(
        greeting=says("Hello, this is the automated assistant.", "How can I help?"),
        replies={
            "order": Move((), LookUp("orders", {}, Line("I am looking it up."))),
            "hours": says("We are open from nine to five.", "What else?"),
            "legal": Move((legal, Line("All right?")), Listen()),
            "bye": GOODBYE,
        },
        presses={"0": ScriptedConversation().apology},
        long_entries=frozenset({"1", "2", "12"}),
        unfinished=frozenset({"my order is"}),
        open_ended=frozenset({"anything"}),
        nothing=frozenset({"mhm"}),
    )


def check(actions: Iterable[Action]) -> None:
    """What holds for the actions of every call."""
    utterances: list[int] = []
    jobs: list[int] = []
    numbers: list[int] = []
    ends = 0
    left = held = False
    for action in actions:
        assert not left, f"{action} after the end"
        assert ends == 0 or isinstance(action, End), f"{action} after the last entry"
        match action:
            case Speak(utterance):
                utterances.append(utterance)
            case Hold():
                assert not held, "held twice"
                held = True
            case Resume(utterance, heard, word):
                assert held, "resumed without a hold"
                assert utterance in utterances
                assert 0 <= word <= heard + 1e-6
                held = False
            case Flush():
                held = False
            case Recognise(job) | AskLookUp(job):
                jobs.append(job)
            case Note(TurnEntry() as turn):
                assert turn.started <= turn.ended + 1e-6
                assert turn.text or turn.keys
                numbers.append(turn.number)
            case Note(EndEntry()):
                ends += 1
            case End():
                left = True
    assert ends <= 1
    assert utterances == list(range(1, len(utterances) + 1))
    assert jobs == sorted(set(jobs))
    assert numbers == list(range(len(numbers)))


numbers = st.integers(1, 6)
transcripts = st.builds(
    Transcript,
    text=st.sampled_from((*TEXTS, "")),
    confidence=st.floats(0, 1),
    rejected=st.sampled_from(("", "", "", "loop")),
)
events = st.one_of(
    st.builds(Frame, st.just(FRAME), st.sampled_from((0.0, 0.5, 0.95))),
    st.builds(Digit, st.sampled_from("0123456789*#A")),
    st.builds(Recognised, numbers, transcripts),
    st.builds(LookedUp, numbers, st.builds(LookUpResult, st.booleans())),
    st.builds(Sent, numbers, st.floats(0, 3), st.booleans()),
    st.builds(Played, numbers),
    st.builds(Failed, st.sampled_from(Part), st.just("broken"), numbers),
    st.just(Tick()),
    st.builds(Started, st.just("call"), st.just(""), st.just(""), st.none() | st.sampled_from(Comeback)),
)
steps = st.tuples(events, st.sampled_from((0.0, 0.0, 0.02, 0.02, 0.3, 2.0, -0.1)), st.integers(1, 12))


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=60), st.booleans())
def test_any_order_of_events_leaves_a_sound_record(script: list[tuple[Event, float, int]], hangs_up: bool) -> None:
    """Events in any order, at any time, repeated and for jobs that never were: nothing raises."""
    call = Call(conversation(), Rules())
    now = 50.0
    actions = call.on(Started("call", "", ""), now)
    for event, passed, times in script:
        for _ in range(times):
            now += passed
            actions += call.on(event, now)
    if hangs_up:
        actions += call.on(HungUp(), now)
        actions += call.on(Tick(), now + Rules().last_words + 60.0)
        assert call.over
        assert sum(isinstance(one, Note) and isinstance(one.entry, EndEntry) for one in actions) == 1
        assert call.on(Tick(), now + 90.0) == []
    check(actions)


speeches = st.lists(
    st.tuples(
        st.sampled_from((*TEXTS, "")),
        st.floats(0.1, 4.0),
        st.floats(0.06, 3.0),
        st.sampled_from((0.0, 0.1, 0.4, 2.5, None)),
        st.sampled_from(("", "", "", "", "no memory")),
    ),
    max_size=6,
)
key_presses = st.lists(st.tuples(st.sampled_from("012#*"), st.floats(0.1, 20)), max_size=3)
networks = st.builds(
    Network,
    loss=st.sampled_from(((0,), (0, 0, 0, 1), (0,) * 30 + (1,) * 10)),
    delay=st.sampled_from(((0,), (0, 3, 0, 0, 7), (5,))),
    mute=st.booleans(),
)
voices = st.builds(
    Voice,
    delay=st.sampled_from((0.0, 0.3, 1.0)),
    lead=st.sampled_from((0.2, 0.5, 30.0)),
    marks=st.sampled_from((None, 0.05, 0.2)),
    broken=st.sampled_from((frozenset[str](), frozenset({"How can I help?"}), frozenset({"What else?"}))),
)
answers = st.builds(
    Answer,
    result=st.sampled_from((LookUpResult(True), LookUpResult(False), None)),
    delay=st.sampled_from((0.0, 0.5, 3.0, None)),
)


def timeline(
    said: Speeches,
    network: Network,
    voice: Voice | None = None,
    answer: Answer | None = None,
    clock: float = 1000.0,
) -> Timeline:
    """A call in which the caller says all of this, one after the other."""
    line = Timeline(
        conversation(),
        network=network,
        voice=voice or Voice(),
        answers={"orders": answer or Answer()},
        clock=clock,
    )
    at = 1.0
    for text, pause, seconds, delay, error in said:
        at = line.caller_says(text, at + pause, seconds, delay=delay, error=error)
    return line


@settings(max_examples=40, deadline=None)
@given(speeches, key_presses, networks, voices, answers)
def test_every_call_comes_to_an_end_and_nobody_waits_in_silence(
    said: Speeches, keys: list[tuple[str, float]], network: Network, voice: Voice, answer: Answer
) -> None:
    """Any caller on any line with any engines: the call ends by itself once he is silent, and no quiet is long."""
    line = timeline(said, network, voice, answer)
    for key, at in keys:
        line.caller_presses(key, at=at)
    line.run(until=180.0)
    assert line.call.over
    assert line.plan is not None
    check(did.action for did in line.did)
    assert max(end - start for start, end in line.quiet()) <= LONGEST_QUIET


@settings(max_examples=15, deadline=None)
@given(speeches, networks, voices)
def test_a_hold_is_short_and_what_was_held_is_heard_or_dropped(
    said: Speeches, network: Network, voice: Voice
) -> None:
    """After a noise the bot goes on soon, in the same word, and no sentence has a hole in it."""
    line = timeline(said, network, voice).run(until=180.0)
    rules = Rules()
    for held, released in _holds(line):
        quiet_from = max([held, *(end for start, end in line.voiced if start < released and end > held)])
        late = (
            (rules.max_utterance + rules.max_pause) if network.delay != (0,) or network.mute else rules.max_pause
        )
        assert released - min(quiet_from, released) <= late + rules.hold_wait + 0.6
    for number, text in enumerate(line.spoken, 1):
        stretches = [one for one in line.heard if one.utterance == number]
        reached = 0.0
        for one in stretches:
            assert one.at <= reached + 1e-6, "a stretch of it was never heard"
            assert one.at >= reached - voice.seconds(_longest_word(text)) - 0.06, (
                "more than a word was heard again"
            )
            reached = max(reached, one.at + one.end - one.start)


@settings(max_examples=15, deadline=None)
@given(speeches, networks, voices)
@example(
    said=[
        ("order", 2.4375, 2.78125, 2.5, ""),
        ("order", 1.9375, 2.9375, 0.0, ""),
        ("my order is", 3.5625, 1.0, 0.0, ""),
    ],
    network=Network(loss=(0,) * 30 + (1,) * 10),
    voice=Voice(delay=0.3, lead=0.2, marks=None),
)
def test_the_record_of_the_bot_is_what_was_heard(said: Speeches, network: Network, voice: Voice) -> None:
    """To a word, the bot's turns are the sentences as far as their audio reached the caller's ear."""
    line = timeline(said, network, voice).run(until=180.0)
    heard = []
    for number, text in enumerate(line.spoken, 1):
        reached = max((one.at + one.end - one.start for one in line.heard if one.utterance == number), default=0.0)
        heard.append(text[: round(len(text) * min(1.0, (reached + 0.03) / voice.seconds(text)))])
    noted = " ".join(turn.text for turn in line.turns if turn.speaker.value == "bot").split()
    # A first word may belong to either of two sentences that begin alike: every reading is followed.
    readings = {0}
    for place, text in enumerate(heard):
        words = text.split()
        lengths = {len(words), max(0, len(words) - 1)}
        readings = {at + n for at in readings for n in lengths if noted[at : at + n] == words[:n]}
        assert readings, f"sentence {place} was heard up to {text!r}"
    assert len(noted) in readings


def _holds(line: Timeline) -> list[tuple[float, float]]:
    """When the bot was held, and when that was over."""
    spans, since = [], None
    for did in line.did:
        if isinstance(did.action, Hold):
            since = did.at
        elif since is not None and isinstance(did.action, Resume | Flush | End):
            spans.append((since, did.at))
            since = None
    return spans if since is None else [*spans, (since, line.now)]


def _longest_word(text: str) -> str:
    return max(text.split(), key=len) + " "


@settings(max_examples=25, deadline=None)
@given(speeches, networks, voices, answers, st.floats(0.0, 30.0))
def test_hanging_up_at_any_moment_leaves_a_whole_record(
    said: Speeches, network: Network, voice: Voice, answer: Answer, at: float
) -> None:
    """The caller may go whenever he likes: the end is noted once, with every turn the dialog heard before it."""
    line = timeline(said, network, voice, answer)
    line.caller_hangs_up(at)
    line.run(until=60.0)
    assert line.call.over
    check(did.action for did in line.did)
    assert isinstance(line.conversation, ScriptedConversation)
    heard = [text for what, text in line.conversation.heard if what == "hear"]
    noted = [turn.text for turn in line.turns if turn.speaker.value == "caller" and not turn.rejected]
    assert noted[: len(heard)] == heard


@settings(max_examples=15, deadline=None)
@given(speeches, networks)
def test_the_same_inputs_lead_to_the_same_actions(said: Speeches, network: Network) -> None:
    """A call told the same again, on another clock, does the same: recordings can be replayed."""
    first = timeline(said, network).run()
    again = timeline(said, network, clock=5.0).run()
    assert [(did.at, type(did.action)) for did in first.did] == [(did.at, type(did.action)) for did in again.did]
    assert first.transcript == again.transcript


def test_a_television_in_the_background_cannot_keep_a_call_open() -> None:
    """Voice without end and without words holds the bot, but not for ever."""
    line = Timeline(conversation(), rules=Rules(max_call_seconds=60.0))
    line.caller_says("", at=0.5, seconds=100.0)
    line.run(120.0)
    assert line.of(Hold)
    assert line.plan is not None
