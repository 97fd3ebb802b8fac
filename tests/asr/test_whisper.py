"""The real thing: the demo model on recorded utterances, through both ways of decoding."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.asr_throughput.shapes import TOKENS, Shape, make
from tests.asr.support import SENTENCES, utterance
from tests.audio.support import noise
from voicebot.asr import JobKind, Recognizer, Speech, Transcript, build, whisper
from voicebot.asr import manner as manners
from voicebot.asr.engine import Engine, Heard, Piece, hear
from voicebot.asr.guard import doubt
from voicebot.asr.layout import Layout
from voicebot.asr.local import LocalRecognizer
from voicebot.asr.model import DEMO, Checkpoint
from voicebot.audio import Pcm, seconds, silence
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
    return whisper.load(Checkpoint(folder, "copy", "cpu", "int8"), Layout(1, 1, 1), manner=manners.released())


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


def test_batches_side_by_side_hear_what_one_alone_hears() -> None:
    """With the model in memory twice, whichever copy a caller meets gives him his own words."""

    async def play() -> list[str]:
        engine = whisper.load(Checkpoint(DEMO, "demo", "cpu", "int8"), Layout(workers=2, threads=1, alone=2))
        ears = LocalRecognizer(engine, 2, 30, batch=2)
        try:
            speeches = [Speech(utterance(name), JobKind.FINAL) for name in SENTENCES]
            return [heard.text for heard in await asyncio.gather(*map(ears.recognize, speeches))]
        finally:
            await ears.aclose()

    assert asyncio.run(play()) == list(SENTENCES.values())


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
    # With the demo's own feature settings it would be taken for one made by its recipe.
    (tmp_path / "english" / "preprocessor_config.json").write_text('{"feature_size": 80}')
    with pytest.raises(ModelUnavailable, match=r"english does not know the dialog's language, de"):
        build(Settings(asr_model=str(tmp_path / "english"), asr_device="cpu"), language="de")


def test_a_damaged_model_names_its_folder_and_setting(tmp_path: Path) -> None:
    """A model that does not load says which one, where it is, and what to do."""
    for name in ("config.json", "vocabulary.json", "tokenizer.json"):
        shutil.copy(DEMO / name, tmp_path)
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(ModelUnavailable, match=r"VOICEBOT_ASR_MODEL=.*could not be loaded.*fetch or convert"):
        build(Settings(asr_model=str(tmp_path)))


def test_a_batch_hears_what_each_would_hear_alone(stock: Engine) -> None:
    """Nine callers in one decode get the words, and the certainty, they would have got one by one."""
    pieces = [stock.prepare(Speech(utterance(name), JobKind.FINAL))[0] for name in SENTENCES]
    together = stock.decode(pieces)
    for outcome, piece in zip(together, pieces, strict=True):
        (alone,) = stock.decode([piece])
        assert isinstance(outcome, Heard)
        assert isinstance(alone, Heard)
        assert outcome.text == alone.text
        assert outcome.avg_logprob == pytest.approx(alone.avg_logprob, abs=1e-3)
        assert outcome.no_speech == pytest.approx(alone.no_speech, abs=1e-3)


def test_each_word_has_its_time(recognizer: Recognizer) -> None:
    """On request: the words are the text, in order, and those after a pause come after it."""
    first, second = utterance("hours"), utterance("agent")
    pcm = np.concatenate((first, silence(2.0), second))
    transcript = asyncio.run(recognizer.recognize(Speech(pcm, JobKind.FINAL, word_times=True)))
    words = transcript.words
    assert " ".join(word.text for word in words) == transcript.text
    assert transcript.text == f"{SENTENCES['hours']} {SENTENCES['agent']}"
    assert all(word.start <= word.end for word in words)
    assert all(0.0 < word.probability <= 1.0 for word in words)
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    of_first = len(SENTENCES["hours"].split())
    assert words[of_first - 1].end < seconds(first) + 0.5
    assert seconds(first) + 1.5 < words[of_first].start < seconds(first) + 2.0 + 0.7


def test_nobody_pays_for_word_times_unasked(recognizer: Recognizer) -> None:
    """Without a request there are none."""
    assert _hear(recognizer, utterance("hours")).words == ()


@pytest.fixture(scope="module")
def doubting() -> Engine:
    """The demo model, told to doubt all it hears and to try twice more."""
    manner = replace(manners.DEMO, retries=(0.4, 0.8), improbable=0.0, by_phrase=False)
    return whisper.load(Checkpoint(DEMO, "demo", "cpu", "int8"), Layout(1, 1, 1), manner=manner)


def test_what_is_in_doubt_is_tried_again_from_what_the_encoder_made(doubting: Engine) -> None:
    """Other words are tried twice, without encoding the audio again, and the most probable is the answer."""
    (piece,) = doubting.prepare(Speech(utterance("refund"), JobKind.FINAL))
    (second,) = doubting.decode([piece])
    assert isinstance(second, Piece)
    assert isinstance(second.best, Heard)
    assert (second.attempt, second.encoded, second.best.text) == (1, True, SENTENCES["refund"])
    assert len(second.features) == piece.features.shape[1] // 2
    (third,) = doubting.decode([second])
    assert isinstance(third, Piece)
    assert isinstance(third.best, Heard)
    assert third.best.avg_logprob >= second.best.avg_logprob
    (heard,) = doubting.decode([third])
    assert isinstance(heard, Heard)
    assert heard.avg_logprob >= third.best.avg_logprob


def test_another_try_in_a_batch_hears_the_right_utterance(doubting: Engine) -> None:
    """Each of three tried again keeps its own encoder output: at a low temperature it says the same."""
    names = ("refund", "yes", "cancel")
    pieces = [doubting.prepare(Speech(utterance(name), JobKind.FINAL))[0] for name in names]
    again = doubting.decode(pieces)
    assert [one.best.text for one in again if isinstance(one, Piece) and one.best] == [
        SENTENCES[name] for name in names
    ]
    for name, one in zip(names, again, strict=True):
        assert isinstance(one, Piece)
        (alone,) = doubting.decode([replace(one, best=None)])
        assert isinstance(alone, Piece)
        assert alone.best is not None
        assert alone.best.text.split()[0] == SENTENCES[name].split()[0]


def test_silence_is_not_tried_again(doubting: Engine) -> None:
    """That nobody spoke is no doubt, whatever is in the batch beside it."""
    pieces = [doubting.prepare(Speech(pcm, JobKind.FINAL))[0] for pcm in (utterance("yes"), silence(2.0))]
    spoken, silent = doubting.decode(pieces)
    assert isinstance(spoken, Piece)
    assert isinstance(silent, Heard)


def test_a_shorter_context_is_decoded_with_less_padding(tmp_path: Path) -> None:
    """The setting reaches the encoder; the demo model hears the same with 20 s as with 60 s."""
    folder = tmp_path / "whisper"
    shutil.copytree(DEMO, folder)
    checkpoint = Checkpoint(folder, "copy", "cpu", "int8")
    engine = whisper.load(checkpoint, Layout(1, 1, 1), manner=manners.released(20))
    (piece,) = engine.prepare(Speech(utterance("hours"), JobKind.FINAL))
    assert piece.features.shape[1] == 1000
    assert hear(engine, Speech(utterance("hours"), JobKind.FINAL)).text == SENTENCES["hours"]


def _random(folder: Path, mels: int = 80, told: bool = True) -> Engine:
    """A small multilingual Whisper with random weights. told: whether a file says how many mel bands it has."""
    make(Shape("small for tests", 64, 1, 1, 2, mels), folder)
    if not told:
        (folder / "preprocessor_config.json").unlink()
    checkpoint = Checkpoint(folder, "random", "cpu", "int8")
    return whisper.load(checkpoint, Layout(1, 1, 1), "de", manners.Manner(context=5.0, window=29.0))


def test_each_of_a_batch_has_its_own_hints(stock: Engine) -> None:
    """Prompts of as many tokens are decoded together, and each utterance is heard as with its own alone."""
    hints = (Hints("hours"), Hints("order"), Hints("", ("order",)))
    said = [Speech(utterance("hours"), JobKind.FINAL, hints=one) for one in hints]
    pieces = [piece for speech in said for piece in stock.prepare(speech)]
    assert len({piece.shape for piece in pieces}) == 1
    together = [outcome for outcome in stock.decode(pieces) if isinstance(outcome, Heard)]
    for speech, one in zip(said, together, strict=True):
        assert one.avg_logprob == pytest.approx(hear(stock, speech).avg_logprob, abs=1e-3)
    hours, order, same = (one.avg_logprob for one in together)
    assert abs(hours - order) > 2e-3
    assert order == pytest.approx(same, abs=1e-3)


def test_each_of_a_batch_has_its_own_language(tmp_path: Path) -> None:
    """Callers in several languages are decoded together, each told his own."""
    engine = _random(tmp_path)
    said = [Speech(utterance("yes"), JobKind.FINAL, language) for language in ("de", "en", "fr")]
    pieces = [piece for speech in said for piece in engine.prepare(speech)]
    assert len({piece.shape for piece in pieces}) == 1
    assert len({piece.prompt for piece in pieces}) == 3
    assert [len(heard.tokens) for heard in engine.decode(pieces) if isinstance(heard, Heard)] == [TOKENS] * 3


def test_a_prompt_longer_than_the_model_takes_is_shortened(tmp_path: Path) -> None:
    """Hints of a thousand words leave half of the model's 448 positions to the text."""
    engine = _random(tmp_path)
    (piece,) = engine.prepare(Speech(utterance("yes"), JobKind.FINAL, "en", Hints("order number " * 500)))
    assert len(piece.prompt) == 1 + (448 // 2 - 1) + 4
    assert hear(engine, piece.speech).tokens


def test_a_conversion_that_does_not_say_how_many_bands_it_has_is_understood(tmp_path: Path) -> None:
    """Many copies of large-v3 come without preprocessor_config.json; the model itself knows its 128 bands."""
    engine = _random(tmp_path, mels=128, told=False)
    (piece,) = engine.prepare(Speech(utterance("yes"), JobKind.FINAL, "de"))
    assert len(piece.features) == 128
    assert len(hear(engine, piece.speech).tokens) == TOKENS


@pytest.mark.parametrize("samples", [0, 1, 799, 800, 801, 1000])
def test_hardly_any_audio_is_no_trouble(recognizer: Recognizer, samples: int) -> None:
    """A tenth of a second and less, with the loudest samples there are, gives no words."""
    pcm = np.resize(np.array([32767, -32768], np.int16), samples)
    transcript = _hear(recognizer, pcm)
    assert transcript.text == ""
    assert transcript.confidence == 0.0


def test_an_utterance_beyond_the_window_is_cut_and_joined(stock: Engine) -> None:
    """Forty seconds of a released Whisper's way: two pieces that fit its 30 s, in order."""
    pcm = np.concatenate((utterance("order"), silence(30.0), utterance("agent"), silence(5.0)))
    pieces = stock.prepare(Speech(pcm, JobKind.FINAL))
    assert [piece.duration <= 29.0 for piece in pieces] == [True, True]
    assert sum(piece.duration for piece in pieces) == pytest.approx(seconds(pcm), abs=1e-3)
    assert pieces[1].start == pytest.approx(pieces[0].duration)
    outcomes = stock.decode(pieces)
    assert len(outcomes) == 2
