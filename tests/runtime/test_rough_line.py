"""Gateways and lines that lose, glue, double and echo: none of it ends or begins a turn, or stops the bot."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.runtime.rough_line import Line, RoughLine
from voicebot.asr import build
from voicebot.asr.port import JobKind, Speech, Transcript
from voicebot.audio import SAMPLE_RATE, Pcm, at_level, seconds, silence
from voicebot.audio.vad import VoiceDetection, detection
from voicebot.call.actions import Flush, Hold, Recognise, Resume
from voicebot.call.record import TurnEnd
from voicebot.dialog import load
from voicebot.dialog.port import Conversation
from voicebot.settings import Settings, Vad
from voicebot.testing.caller_line import telephone, trimmed
from voicebot.testing.conversation import ScriptedConversation, says
from voicebot.testing.utterances import nobody

LONG = "We are open Monday to Friday from nine to six, and Saturday from ten to four. On Sundays we are closed."
TALES = (
    "The train to the coast left early in the morning, and nobody on the platform seemed to mind the rain. "
    "My sister planted tomatoes behind the garage, but the rabbits found them first. "
    "They say the old theatre will open again in spring with a comedy about a baker."
)
QUESTION = "I would like to know where my parcel is."

LINES = {
    "quiet": Line(),
    "late": Line(late=(0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0)),
    "glued": Line(late=tuple(range(9, -1, -1))),
    "lost": Line(lost=(0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1)),
    "silence is not sent": Line(comfort=-75.0, silent=-60.0),
    "doubled": Line(twice=(0, 0, 0, 0, 0, 0, 1)),
    "comfort noise": Line(comfort=-45.0),
    "echo": Line(echo=-20.0),
    "echo at once": Line(echo=-20.0, delay=0.03),
    "late echo": Line(echo=-20.0, delay=0.6),
    "loud echo": Line(echo=-12.0, comfort=-50.0),
    "echo on a bad line": Line(echo=-20.0, late=(0, 2, 0, 0, 4, 0), lost=(0,) * 40 + (1,)),
}


@pytest.fixture(scope="module")
def silero() -> VoiceDetection:
    """The real voice detector."""
    return detection(Vad.SILERO)


_RENDER = """
import ctypes, sys, espeakng_loader
from voicebot.tts.espeak import EspeakSynthesizer
voice, text = sys.argv[1:]
# The library draws a seed of its own when it is first used.
EspeakSynthesizer(voice).render("a")
ctypes.CDLL(espeakng_loader.get_library_path()).espeak_ng_SetRandSeed(ctypes.c_long(2))
ctypes.CDLL(None).srand(2)
sys.stdout.buffer.write(EspeakSynthesizer(voice).render(text).tobytes())
"""


@cache
def read_aloud(voice: str, text: str) -> Pcm:
    """What espeak-ng makes of the text in a process of its own: whatever was spoken before, but for a breathy
    voice's breath, the same."""
    command = [sys.executable, "-c", _RENDER, voice, text]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.int16)


def spoken(text: str, voice: str = "en-us") -> Pcm:
    """A caller's words as they leave his line."""
    return trimmed(telephone(at_level(read_aloud(voice, text))))


def heard(pcm: Pcm) -> Transcript:
    """A recogniser that hears words in all that is loud and lasts."""
    loud = float(np.sqrt((pcm.astype(np.float64) ** 2).mean())) > 300 and seconds(pcm) > 1.0
    return Transcript("words" if loud else "", 0.9 if loud else 0.0)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_line_alone_neither_stops_the_bot_nor_makes_a_turn(line: Line, silero: VoiceDetection) -> None:
    """While the caller listens the bot says all of it, whatever the line adds."""
    conversation = ScriptedConversation(greeting=says(LONG))
    call = RoughLine(conversation, silence(0.0), line, silero, heard).run(10.0)
    assert call.times(Hold, Flush) == []
    assert call.turns == []
    assert [what for what, _ in conversation.heard] == ["open"]


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_sentence_is_one_turn_on_any_line(line: Line, silero: VoiceDetection) -> None:
    """It ends once, after its last word and soon; and nothing else is taken for a turn."""
    conversation = ScriptedConversation(
        greeting=says("Hello."), otherwise=says(LONG), answered=frozenset({"words"})
    )
    said = spoken(QUESTION)
    call = RoughLine(conversation, np.concatenate((silence(2.0), said)), line, silero, heard).run(12.0)
    assert [(turn.text, turn.reason) for turn in call.turns] == [("words", TurnEnd.ANSWERED)]
    committed = call.turns[0].timings.committed
    assert committed is not None
    assert 0.15 < committed - (2.0 + seconds(said)) < 0.75
    assert conversation.heard == [("open", ""), ("hear", "words")]
    assert call.times(Hold, Flush) == []


@pytest.mark.parametrize("level", [-20.0, -26.0])
def test_a_caller_is_heard_over_the_echo_of_the_bot(level: float, silero: VoiceDetection) -> None:
    """Who speaks while the bot comes back behind him still holds it, within 300 ms."""
    conversation = ScriptedConversation(greeting=says(LONG))
    caller = np.concatenate((silence(2.0), spoken(QUESTION)))
    call = RoughLine(conversation, caller, Line(echo=level), silero, heard).run(9.0)
    (held,) = call.times(Hold)
    assert 2.0 < held < 2.3
    assert ("hear", "words") in conversation.heard


BUSY = {
    "for moments": ((1,) * 6 + (0,) * 8) * 2 + (0,) * 3,
    "now and then": (0,) * 22 + (1,) * 18,
    "half of the time": (1,) * 14 + (0,) * 14,
    "for long": (0,) * 31 + (1,) * 24,
}
"""Ticks in which a process that has too much to do does nothing for the call."""


@pytest.mark.parametrize("line", [LINES["quiet"], LINES["silence is not sent"]], ids=["quiet", "not sent"])
@pytest.mark.parametrize(("since", "decode"), [(2.0, 0.12), (2.2, 0.12), (2.3, 0.12), (2.2, 0.3), (2.4, 0.3)])
def test_our_own_stall_is_no_pause_of_the_callers(
    line: Line, since: float, decode: float, silero: VoiceDetection
) -> None:
    """Who speaks while we are busy is heard whole and answered once, and the bot he cut does not begin again."""
    caller = np.concatenate((silence(since), spoken(QUESTION)))
    longest = []
    for busy in ((0,), *BUSY.values()):
        conversation = ScriptedConversation(
            greeting=says(LONG), otherwise=says("Let me see."), answered=frozenset({"words"})
        )
        call = RoughLine(conversation, caller, line, silero, heard, busy, decode).run(7.0)
        assert conversation.heard == [("open", ""), ("hear", "words")]
        assert [turn.text for turn in call.turns] == ["words"]
        assert call.times(Resume) == []
        longest.append(max(len(action.pcm) for _, action in call.did if isinstance(action, Recognise)))
    assert max(longest) - min(longest) <= 0.1 * SAMPLE_RATE


def test_a_cough_costs_the_bot_no_word(silero: VoiceDetection) -> None:
    """A sound that the detector takes for voice holds it for a moment; no guess is answered."""
    conversation = ScriptedConversation(greeting=says(LONG))
    cough = spoken("ugh", "en-gb+m3")[: round(0.4 * SAMPLE_RATE)]
    call = RoughLine(conversation, np.concatenate((silence(2.0), cough)), Line(), silero, heard).run(11.0)
    assert len(call.times(Recognise)) >= 1
    assert call.times(Flush) == []
    assert [what for what, _ in conversation.heard] == ["open"]


def babble(length: float) -> Pcm:
    """Eight voices at once, each reading on and on, together 16 dB fainter than a caller."""
    random = np.random.default_rng(8)
    voices = ("en-us", "en-gb", "en-us+f3", "en-gb+m4", "en-us+m2", "en-gb+f2", "en-us+f4", "en-gb+m1")
    room = np.zeros(round(length * SAMPLE_RATE))
    for voice in voices:
        read = at_level(read_aloud(voice, f"{TALES} {TALES}")).astype(np.float64)
        start = int(random.integers(0, len(read)))
        room += np.resize(np.roll(read, start), len(room))
    return _at_dbfs(room, -36.0)


def car(length: float) -> Pcm:
    """Rumble up to some hundred hertz and a little wind."""
    random = np.random.default_rng(10)
    spectrum = np.fft.rfft(random.standard_normal(round(length * SAMPLE_RATE)))
    hertz = np.fft.rfftfreq(round(length * SAMPLE_RATE), 1 / SAMPLE_RATE)
    return _at_dbfs(np.fft.irfft(spectrum / (1 + (hertz / 150) ** 2), round(length * SAMPLE_RATE)), -36.0)


SENTENCES = (QUESTION, "No, thank you.", "Four one five nine two six.", "What time do you close?", "Okay.", "Yes.")


@pytest.mark.parametrize("below", [20.0, 10.0])
@pytest.mark.parametrize("caller", [-12.0, -22.0, -35.0])
@pytest.mark.parametrize("sound", [babble, car])
def test_no_caller_goes_unheard_in_noise(
    sound: Callable[[float], Pcm], caller: float, below: float, silero: VoiceDetection
) -> None:
    """In a pub or a car 10 dB fainter than them, loud and quiet callers are heard, however long there was nothing
    but noise before, and although nothing they say is understood."""
    patient = ScriptedConversation(
        greeting=says("Hello."),
        otherwise=says("Yes?"),
        silences=(says("Hm?"),),
        open_ended=frozenset({"words"}),
    )
    mixed, at = _gained(sound(60.0), caller - below), 8.0
    begins = []
    for text in SENTENCES:
        said = _gained(spoken(text), caller)
        place = round(at * SAMPLE_RATE)
        mixed[place : place + len(said)] = np.clip(
            mixed[place : place + len(said)] + said.astype(int), -32768, 32767
        )
        begins.append(at)
        at += seconds(said) + 7.0
    call = RoughLine(patient, mixed, Line(), silero, lambda _: Transcript("words", 0.85)).run(60.0)
    taken = [turn for turn in call.turns if not turn.rejected]
    missed = [
        text
        for text, begin in zip(SENTENCES, begins, strict=True)
        if not any(turn.started < begin + 1.0 and turn.ended > begin + 0.2 for turn in taken)
    ]
    # Twelve decibels is where babble begins to mask single words, and espeak-ng never says them twice the same.
    assert len(missed) <= (1 if sound is babble and below < 12 else 0), missed


def _gained(pcm: Pcm, level: float) -> Pcm:
    wave = pcm.astype(np.float64)
    frames = np.sqrt((wave[: len(wave) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1))
    loud = float(np.sqrt((frames[frames > frames.max() / 30] ** 2).mean()))
    gained: Pcm = np.clip(np.rint(wave * 32768 * 10 ** (level / 20) / loud), -32768, 32767).astype(np.int16)
    return gained


def music(length: float) -> Pcm:
    """A melody over slow chords, with overtones and a beat."""
    random = np.random.default_rng(9)
    time = np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE
    tune = np.zeros(len(time))
    scale = 220 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
    for notes, beat, loud in ((1, 0.3, 1.0), (3, 2.4, 0.5)):
        for number in range(int(length / beat)):
            since = time[round(number * beat * SAMPLE_RATE) : round((number + 1) * beat * SAMPLE_RATE)]
            for hertz in random.choice(scale, notes):
                sound = sum(np.sin(2 * np.pi * hertz * tone * since) / tone for tone in (1, 2, 3, 5))
                place = round(number * beat * SAMPLE_RATE)
                tune[place : place + len(since)] += loud * sound * np.exp(-3 * (since - since[0]) / beat)
    return _at_dbfs(tune, -16.0)


def line_noise(length: float) -> Pcm:
    """Hiss, rumble, hum and clicks, one after the other and at several levels."""
    return np.resize(np.concatenate(list(nobody(length / 60))), round(length * SAMPLE_RATE))


def _at_dbfs(wave: np.typing.NDArray[np.float64], level: float) -> Pcm:
    wave = wave * (32768 * 10 ** (level / 20) / np.sqrt((wave**2).mean()))
    return telephone(np.clip(np.rint(wave), -32768, 32767).astype(np.int16))


@pytest.fixture(scope="module")
def demo() -> Iterator[Callable[[Pcm], Transcript]]:
    """The recogniser that ships, asked for one utterance at a time."""
    recognizer = build(Settings(asr_model="demo", asr_device="cpu"))
    with asyncio.Runner() as runner:
        yield lambda pcm: runner.run(recognizer.recognize(Speech(pcm, JobKind.GUESS)))
        runner.run(recognizer.aclose())


@pytest.mark.parametrize("sound", [babble, music, line_noise])
def test_two_minutes_of_noise_ask_for_nothing(
    sound: Callable[[float], Pcm], silero: VoiceDetection, demo: Callable[[Pcm], Transcript]
) -> None:
    """A telephone left in a pub, on hold or on a bad line: no word of it is taken for a wish."""
    # The call would end by itself before the two minutes are over.
    patient = ScriptedConversation(silences=(says("Are you still there?"),))
    RoughLine(patient, sound(120.0), Line(), silero, demo).run(120.0)
    dialog = load(Path(__file__).parents[2] / "config" / "dialog.yaml").converse("+15550100", "+15550199")
    dialog.open()
    wishes = [text for what, text in patient.heard if what == "hear" and _wish(dialog, text)]
    assert wishes == []


def _wish(dialog: Conversation, text: str) -> bool:
    meaning = dialog.hear(text, 0.5).meaning
    return meaning is not None and meaning.intent is not None
