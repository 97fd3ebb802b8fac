"""The real thing: the demo model on recorded utterances, through both ways of decoding."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.asr.support import SENTENCES, utterance
from tests.audio.support import noise
from voicebot.asr import JobKind, Recognizer, Speech, Transcript, build, whisper
from voicebot.asr.engine import Engine, hear
from voicebot.asr.guard import doubt
from voicebot.asr.model import DEMO, Checkpoint
from voicebot.audio import Pcm, silence
from voicebot.dialog.types import Hints
from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    """The demo model, loaded once for this module, as the server would."""
    built = build(Settings(asr_model="demo", asr_threads=1))
    yield built
    asyncio.run(built.aclose())


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The same model as an ordinary folder, which goes the way of every other Whisper."""
    folder = tmp_path_factory.mktemp("models") / "whisper"
    shutil.copytree(DEMO, folder)
    return whisper.load(Checkpoint(folder, "copy", "cpu", "int8"), threads=1, workers=1)


def _hear(recognizer: Recognizer, pcm: Pcm) -> Transcript:
    return asyncio.run(recognizer.recognize(Speech(pcm, JobKind.FINAL)))


@pytest.mark.parametrize("name", SENTENCES)
def test_the_demo_model_hears_the_demo_callers(recognizer: Recognizer, name: str) -> None:
    """Every recorded sentence is written exactly, with high confidence and no doubt."""
    transcript = _hear(recognizer, utterance(name))
    assert transcript.text == SENTENCES[name]
    assert transcript.confidence > 0.85
    assert transcript.no_speech < 0.1
    assert transcript.rejected == ""
    assert transcript.decode_seconds > 0


@pytest.mark.parametrize("gain", [0.1, 0.5])
def test_quiet_callers_are_heard_as_well(recognizer: Recognizer, gain: float) -> None:
    """Loudness does not matter, down to 20 dB less."""
    quiet = np.rint(utterance("hours") * gain).astype(np.int16)
    assert _hear(recognizer, quiet).text == SENTENCES["hours"]


@pytest.mark.parametrize(
    "pcm",
    [silence(2.0), noise(2.0, 10), noise(2.0, 100), noise(2.0, 1000)],
    ids=["silence", "a quiet line", "line noise", "loud noise"],
)
def test_nobody_speaking_is_no_text(recognizer: Recognizer, pcm: Pcm) -> None:
    """Silence and noise give no words, and the model is sure that nobody spoke."""
    transcript = _hear(recognizer, pcm)
    assert (transcript.text, transcript.confidence) == ("", 0.0)
    assert transcript.no_speech > 0.6


def test_long_utterances_are_heard_in_pieces(recognizer: Recognizer) -> None:
    """Fourteen seconds, beyond the demo model's window, with a long silence within, lose nothing."""
    said = [utterance("order"), silence(8.0), utterance("agent"), utterance("yes")]
    text = _hear(recognizer, np.concatenate(said)).text
    assert text == " ".join(SENTENCES[name] for name in ("order", "agent", "yes"))


def test_a_number_said_in_parts_is_one_number(recognizer: Recognizer) -> None:
    """A pause within a number leaves no full stop in it."""
    pcm = utterance("number")
    last_two = len(pcm) - int(0.95 * 8000)
    parted = np.concatenate((pcm[:last_two], silence(0.8), pcm[last_two:]))
    assert re.fullmatch(r"My order number is [0-9]+ [0-9]+\.", _hear(recognizer, parted).text)


def test_many_callers_at_once_each_get_their_own_words(recognizer: Recognizer) -> None:
    """Nine utterances asked for together come back in nobody else's name."""

    async def together() -> list[Transcript]:
        speeches = [Speech(utterance(name), JobKind.FINAL) for name in SENTENCES]
        return list(await asyncio.gather(*map(recognizer.recognize, speeches)))

    assert [transcript.text for transcript in asyncio.run(together())] == list(SENTENCES.values())


def test_the_description_says_what_it_is(recognizer: Recognizer) -> None:
    """Operators read the model, the device, and that it is not for real callers."""
    assert recognizer.description == ("faster-whisper, demo model, cpu int8 (hears synthetic English voices only)")


@pytest.mark.parametrize("name", ["order", "refund"])
def test_the_stock_way_hears_the_same(stock: Engine, name: str) -> None:
    """WhisperModel.transcribe with our settings writes the same sentence, as surely."""
    heard = hear(stock, Speech(utterance(name), JobKind.FINAL))
    assert heard.text == SENTENCES[name]
    assert heard.avg_logprob > -0.2
    assert heard.no_speech < 0.1


def test_the_stock_way_takes_hints(stock: Engine) -> None:
    """A prompt and hot words go to the model as context and change how sure it is, not what was said."""
    pcm = utterance("hours")
    plain = hear(stock, Speech(pcm, JobKind.FINAL))
    hinted = hear(stock, Speech(pcm, JobKind.FINAL, hints=Hints("When are you open?", ("opening hours",))))
    assert hinted.text == plain.text == SENTENCES["hours"]
    assert hinted.avg_logprob != plain.avg_logprob


def test_the_stock_way_is_silent_about_silence(stock: Engine) -> None:
    """Either there is no text, or so little of it and so improbable that the guard does not believe it."""
    heard = hear(stock, Speech(silence(1.0), JobKind.FINAL))
    assert heard.no_speech > 0.9
    assert heard.text == "" or doubt(heard, 1.0) == "no speech"


def test_a_model_that_does_not_know_the_language_is_refused(tmp_path: Path) -> None:
    """An English model under a German dialog is an error at the start, not nonsense in every call."""
    shutil.copytree(DEMO, tmp_path / "english")
    with pytest.raises(ModelUnavailable, match=r"english does not know the dialog's language, de"):
        build(Settings(asr_model=str(tmp_path / "english"), asr_device="cpu"), language="de")


def test_a_damaged_model_names_its_folder_and_setting(tmp_path: Path) -> None:
    """A model that does not load says which one, where it is, and what to do."""
    for name in ("config.json", "vocabulary.json", "tokenizer.json"):
        shutil.copy(DEMO / name, tmp_path)
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(ModelUnavailable, match=r"VOICEBOT_ASR_MODEL=.*could not be loaded.*fetch or convert"):
        build(Settings(asr_model=str(tmp_path)))
