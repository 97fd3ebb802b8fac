"""Tests of the turn-taking benchmark: its material, what a tape says was said, how calls are judged, a run."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
import soundfile

from benchmarks.turn_taking.__main__ import fixed, main, unguessed
from benchmarks.turn_taking.figures import judged
from benchmarks.turn_taking.judge import Figures
from benchmarks.turn_taking.line import Recording
from benchmarks.turn_taking.person import Performed
from benchmarks.turn_taking.record import wanted
from benchmarks.turn_taking.script import (
    BACKGROUNDS,
    DECOYS,
    FOUR,
    SIX,
    VOICES,
    CallScript,
    Cough,
    Kind,
    Pause,
    Turn,
    Words,
    aloud,
    parts,
    script,
)
from benchmarks.turn_taking.sounds import VOICES as FOLDER
from benchmarks.turn_taking.sounds import Room, Stretch, Take, file_of, recordings, spoken, take
from benchmarks.turn_taking.tape import Tape
from voicebot.audio import FRAME_SAMPLES, rms_dbfs
from voicebot.call.record import Speaker, Timings, TurnEntry
from voicebot.call.rules import Rules
from voicebot.dialog import numbers

QUESTION = Turn("What are your opening hours?", Kind.QUESTION, "opening_hours")
NUMBER = Turn("four five two nine", Kind.NUMBER, "order_status", "4529")
COUGH = Turn("(cough)", Kind.NOISE, over=1.0)
OVER = Turn("Are you a robot?", Kind.INTERRUPTION, "about_bot", over=1.0)


def caller(text: str, committed: float, intent: str | None = "opening_hours") -> TurnEntry:
    """What the bot notes of a turn that was over at `committed`."""
    return TurnEntry(
        0, Speaker.CALLER, text, committed - 1, committed, intent=intent, timings=Timings(committed=committed)
    )


def recording(*performed: Performed, numbers: tuple[str, ...] = ()) -> Recording:
    """A call in which nothing was heard yet."""
    call = CallScript(tuple(one.turn for one in performed), VOICES[0], None)
    return Recording(call, list(performed), numbers=list(numbers) or [""] * len(performed))


def test_there_are_enough_turns_of_every_kind() -> None:
    """At least 150 turns, each kind a dozen times, each voice with each background."""
    calls = script()
    turns = [turn for call in calls for turn in call.turns]
    assert len(turns) >= 150
    assert all(sum(turn.kind is kind for turn in turns) >= 12 for kind in Kind)
    assert {(call.voice, call.background) for call in calls} == set(product(VOICES, BACKGROUNDS))
    for number in (*SIX, *FOUR):
        assert any(turn.number == number for turn in turns)


def test_the_recordings_are_all_there_and_small() -> None:
    """Every text of the script is recorded for the voices that are not made here, mu-law, 3 MB in all."""
    recorded = recordings()
    for voice, texts in wanted().items():
        assert all((voice, text) in recorded for text in texts)
        info = soundfile.info(FOLDER / file_of(voice))
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "ULAW")
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000


def test_nobody_elses_order_is_one_of_the_callers() -> None:
    """The decoys are other numbers, and every number is told once."""
    assert len({*SIX, *FOUR}) == len(SIX) + len(FOUR)
    assert not {*DECOYS} & {*SIX, *FOUR}


@pytest.mark.parametrize("number", [*SIX[:12], *FOUR[:12]])
def test_a_number_read_aloud_can_be_read_back(number: str) -> None:
    """Its words, pauses left out, stand for the number, among other readings."""
    words = " ".join(part.text for part in parts(aloud(number, pieces=2)) if isinstance(part, Words))
    (run,) = numbers.runs(words)
    assert number in run.readings


def test_a_text_is_cut_at_its_pauses_and_coughs() -> None:
    """The marks are taken out, the words stay together."""
    found = list(parts("It is [0.4] two (cough) nine."))
    assert found == [Words("It is"), Pause(0.4), Words("two"), Cough(), Words("nine.")]


def test_a_take_knows_where_its_words_are() -> None:
    """Stretches lie between the pauses and are as long as the words last."""
    said = take(Turn("Hello [0.5] Are you a robot?", Kind.PAUSED), VOICES[0])
    assert [stretch.text for stretch in said.stretches] == ["Hello", "Are you a robot?"]
    first, second = said.stretches
    assert second.start - first.end == 4000
    assert second.end == len(said.pcm)
    assert np.array_equal(said.pcm[second.start : second.end], spoken(VOICES[0], "Are you a robot?"))


def test_a_recorded_voice_says_what_was_recorded_only() -> None:
    """The error names the command that records more."""
    with pytest.raises(LookupError, match=r"benchmarks\.turn_taking\.record"):
        spoken("flite:slt", "Something nobody recorded.")


def test_babble_is_as_far_below_the_voice_as_asked() -> None:
    """A room at 10 dB is 10 dB louder than one at 20 dB, and a quiet line is far below both."""
    quiet = np.zeros(FRAME_SAMPLES, np.int16)

    def level(decibels: float | None) -> float:
        room = Room(decibels, seed=1)
        return rms_dbfs(np.concatenate([room.over(quiet) for _ in range(500)]))

    assert level(10.0) - level(20.0) == pytest.approx(10, abs=1)
    assert level(None) < level(20.0) - 15


def test_a_room_sounds_the_same_whenever_it_begins_anew() -> None:
    """Each part of a call has its own noise, the same every time."""
    quiet = np.zeros(FRAME_SAMPLES, np.int16)
    early, late = Room(20.0, seed=4), Room(20.0, seed=4)
    late.over(quiet)
    first = early.over(quiet)
    for room in (early, late):
        room.restart(1)
    again = early.over(quiet)
    assert np.array_equal(again, late.over(quiet))
    assert not np.array_equal(first, again)


def frames(count: int) -> list[np.ndarray[tuple[int], np.dtype[np.int16]]]:
    """Frames of a line, no two alike."""
    room = Room(None, seed=3)
    return [room.over(np.zeros(FRAME_SAMPLES, np.int16)) for _ in range(count)]


def test_a_tape_tells_the_words_in_a_piece_of_audio() -> None:
    """All words of what is whole, the first ones of what was cut, nothing where nobody spoke."""
    tape = Tape()
    sent = frames(40)
    for frame in sent[:10]:
        tape.add(frame)
    one_two = Stretch(0, 8 * FRAME_SAMPLES, "one two")
    three_six = Stretch(12 * FRAME_SAMPLES, 20 * FRAME_SAMPLES, "three four five six")
    tape.begin(Take(np.zeros(20 * FRAME_SAMPLES, np.int16), (one_two, three_six)))
    for frame in sent[10:]:
        tape.add(frame)
    assert tape.text(np.concatenate(sent[5:35])) == "one two three four five six"
    assert tape.text(np.concatenate(sent[5:26])) == "one two three four"
    assert tape.text(np.concatenate(sent[26:35])) == "five six"
    assert tape.text(np.concatenate(sent[:8])) == ""


def test_times_count_from_the_end_of_speech() -> None:
    """Commit and reply are told from the last voiced frame; the reply is the first audio after the commit."""
    figures = Figures()
    call = recording(Performed(QUESTION, began=5.0, into=False, ended=6.5))
    call.entries = [caller(QUESTION.said, 6.75)]
    call.sent = [1.0, 2.0, 6.8, 6.9]
    (outcome,) = figures.add(call)
    assert outcome.understood
    assert not outcome.cut
    assert figures.commits == [pytest.approx(0.25)]
    assert figures.replies == [pytest.approx(0.3)]


def test_a_turn_ended_before_the_caller_is_cut() -> None:
    """Its times count for nothing; what only fades out is not cut."""
    figures = Figures()
    cut = recording(Performed(QUESTION, began=5.0, into=False, ended=6.5))
    cut.entries = [caller("What are", 6.0, None), caller("your opening hours?", 6.75)]
    (outcome,) = figures.add(cut)
    assert outcome.cut
    assert not outcome.understood
    assert figures.replies == figures.commits == []
    faded = recording(Performed(QUESTION, began=5.0, into=False, ended=6.5))
    faded.entries = [caller(QUESTION.said, 6.45)]
    figures.add(faded)
    assert figures.cut_share == 0.5


def test_an_interruption_is_timed_from_the_first_sound_to_silence() -> None:
    """What the caller hears of the reply afterwards does not count."""
    figures = Figures()
    call = recording(Performed(OVER, began=2.0, into=True, ended=3.0))
    call.entries = [caller(OVER.said, 3.25, "about_bot")]
    call.sent = [3.3]
    call.ear = [tick < 110 or tick > 165 for tick in range(200)]
    figures.add(call)
    assert figures.silences == [pytest.approx(0.2)]


@pytest.mark.parametrize(("sent", "resumed"), [([3.0], 0.5), ([9.0], None)])
def test_a_stop_for_a_cough_is_one_the_bot_should_go_on_after(sent: list[float], resumed: float | None) -> None:
    """It counts as gone on when audio leaves within three seconds."""
    figures = Figures()
    call = recording(Performed(COUGH, began=2.2, into=True, ended=2.4))
    call.stops, call.sent = [2.5], sent
    figures.add(call)
    (stop,) = figures.stops
    assert stop.coughed
    assert stop.resumed == resumed


def test_words_that_stop_the_bot_are_no_false_stop_and_a_cough_with_an_answer_is_a_stray() -> None:
    """What was said to the bot may stop it; what was not said must not be answered."""
    figures = Figures()
    call = recording(
        Performed(OVER, began=2.0, into=True, ended=3.0), Performed(COUGH, began=8.0, into=True, ended=8.3)
    )
    call.stops = [2.2]
    call.entries = [caller(OVER.said, 3.25, "about_bot"), caller("Okay.", 8.7, "affirm")]
    figures.add(call)
    assert figures.stops == []
    assert [stray.text for stray in figures.strays] == ["Okay."]


def test_a_number_counts_at_once_or_after_one_repair() -> None:
    """The repair's own turn is not another number, nor one of the turns."""
    figures = Figures()
    told = Performed(NUMBER, began=1.0, into=False, ended=2.0)
    again = Performed(replace(NUMBER, said="No, …"), began=8.0, into=False, ended=9.0, mended=True)
    figures.add(recording(told, again, numbers=("4528", "4529")))
    figures.add(recording(told, numbers=("4529",)))
    assert figures.right(4) == 0.5
    assert figures.right(4, mended=True) == 1.0
    assert len(figures.worded) == 2


def test_goals_ask_for_a_fast_reply_only_where_the_recogniser_is_fast() -> None:
    """With a slow one the figure is not judged, and said so."""
    figures = Figures()
    slow, _ = judged({"as shipped": (figures, [0.4])})
    fast, status = judged({"as shipped": (figures, [0.1])})
    assert not any("end of speech" in line for line in slow)
    assert any("end of speech" in line for line in fast)
    assert status == 1


def test_the_ways_to_compare_with_do_not_know_what_was_said() -> None:
    """One pause for every kind of ending; without a guess the longest."""
    rules = fixed(Rules(), 0.7)
    assert {rules.short_pause, rules.min_pause, rules.max_pause, rules.guess_after} == {0.7}
    assert unguessed(Rules()).guess_after == Rules().max_pause


def test_a_quick_run_is_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    """With a scripted recogniser nothing of this machine is in the figures."""
    printed = []
    for _ in range(2):
        main(["--quick", "--scripted", "--json"])
        printed.append(json.loads(capsys.readouterr().out))
    assert printed[0] == printed[1]
    for way in printed[0].values():
        assert way["turns"] >= 5
        assert way["numbers"]["6"]["first"] == 1.0


def test_a_quick_run_prints_the_machine_and_every_way(capsys: pytest.CaptureFixture[str]) -> None:
    """The real recogniser, the ways it is compared with, and the scripted one each have a row."""
    assert main(["--quick", "--list"]) == 0
    printed = capsys.readouterr().out
    for word in ("machine", "as shipped", "no guess", "pause 0.7 s", "scripted 150 ms", "call 0, "):
        assert word in printed


def test_calls_are_mixed() -> None:
    """No two neighbours have the same voice."""
    assert all(one.voice != other.voice for one, other in pairwise(script()))
