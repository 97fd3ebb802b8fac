from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tts.listening import hear
from voicebot.audio import seconds
from voicebot.audio.level import speech_dbfs
from voicebot.errors import ModelUnavailable, SynthesizerError
from voicebot.tts.coqui import DEFAULT_MODEL, CoquiSynthesizer

TORCH = """
class cuda:
    @staticmethod
    def is_available():
        return {gpu}

def set_num_threads(count):
    assert count >= 1
"""

API = """
import math
import os
from types import SimpleNamespace

class Samples(list):
    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return list(self)


class Xtts:
    config = SimpleNamespace(supports_cloning=True)
    speaker_manager = SimpleNamespace(speakers={"Ana": {"gpt_cond_latent": 1, "speaker_embedding": 2}})

    def __init__(self):
        self.languages = []
        self.given = 0

    def inference_stream(self, text, language, gpt_cond_latent, speaker_embedding):
        assert (gpt_cond_latent, speaker_embedding) == (1, 2)
        self.languages.append(language)
        for start in range(0, 22050 * 40 if "abble" in text else 22050, 2205):
            self.given += 1
            if "explode" in text and start:
                raise ValueError("cannot say " + text)
            yield Samples(0.2 * math.sin(2 * math.pi * 300 * n / 22050) for n in range(start, start + 2205))


class TTS:
    def __init__(self, model_name="", *, model_path=None, config_path=None, progress_bar=True):
        if "missing" in model_name:
            raise ConnectionError("host unreachable")
        if "licensed" in model_name:
            raise EOFError("EOF when reading a line")
        if "phonemes" in model_name:
            raise FileNotFoundError("[!] No espeak backend found.")
        assert bool(model_name) != bool(model_path)
        assert not progress_bar
        self.asked = []
        self.device = "cpu"
        self.config = SimpleNamespace(phoneme_language="de") if model_path else None
        self.synthesizer = SimpleNamespace(output_sample_rate=22050)
        self.speakers = ["ann", "bob"] if "many" in model_name else None
        self.languages = ["de", "en"] if "many" in model_name or "xtts" in model_name else None
        if "xtts" in model_name:
            self.speakers = ["Ana"]
            self.synthesizer.tts_model = Xtts()
        if "bark" in model_name or (model_path and os.path.isdir(model_path)):
            self.speakers = ["narrator"] if model_path else []
            self.synthesizer.tts_model = SimpleNamespace(config=SimpleNamespace(supports_cloning=True))

    def to(self, device):
        self.device = device
        return self

    def tts(self, text, speaker=None, language=None, split_sentences=True, speaker_wav=None):
        assert not split_sentences
        if speaker_wav:
            assert speaker.startswith("sample-")
            return [0.2 * math.sin(2 * math.pi * 900 * n / 22050) for n in range(1000 * len(text))]
        assert (speaker is None) == (self.speakers is None)
        assert (language is None) == (self.languages is None)
        if "explode" in text:
            raise ValueError("cannot say " + text)
        if "nan" in text:
            return [float("nan")] * 100
        hertz = 300 if speaker != "bob" else 600
        return [0.2 * math.sin(2 * math.pi * hertz * n / 22050) for n in range(1000 * len(text))]
"""


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the module path with packages `torch` and `TTS` that do what the real ones do, with tones."""
    (tmp_path / "TTS").mkdir()
    (tmp_path / "TTS" / "__init__.py").touch()
    (tmp_path / "TTS" / "api.py").write_text(textwrap.dedent(API))
    (tmp_path / "torch.py").write_text(TORCH.format(gpu=False))
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("torch", "TTS", "TTS.api"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield tmp_path
    for name in ("torch", "TTS", "TTS.api"):
        sys.modules.pop(name, None)


def test_float_samples_become_telephone_audio(vendor: Path) -> None:
    """A list of floats at 22050 Hz comes out as int16 at 8 kHz and telephone level, as long as it was."""
    voice = CoquiSynthesizer()
    pcm = asyncio.run(hear(voice.stream("A sentence of sound.")))
    assert seconds(pcm) == pytest.approx(20 * 1000 / 22050, abs=0.03)
    assert speech_dbfs(pcm) == pytest.approx(-20, abs=0.3)
    assert voice.description == f"coqui {DEFAULT_MODEL} on cpu"


def test_sentences_are_spoken_one_by_one(vendor: Path) -> None:
    """The model gets a sentence at a time, so the first is heard before the last is made."""

    async def speak() -> None:
        stream = CoquiSynthesizer().stream("First one. Then this will explode.")
        assert len(await anext(stream))
        with pytest.raises(SynthesizerError):
            await hear(stream)

    asyncio.run(speak())


def test_the_gpu_is_used_when_there_is_one(vendor: Path) -> None:
    """Where torch sees CUDA, the model is moved there."""
    (vendor / "torch.py").write_text(TORCH.format(gpu=True))
    assert CoquiSynthesizer().description.endswith("on cuda")


@pytest.mark.parametrize(("words", "message"), [("explode now", "ValueError"), ("nan", "no numbers")])
def test_a_failing_sentence_is_our_error_without_its_words(vendor: Path, words: str, message: str) -> None:
    """What the model raises becomes SynthesizerError, whose text does not repeat what was to be said."""
    with pytest.raises(SynthesizerError, match=message) as failed:
        asyncio.run(hear(CoquiSynthesizer().stream(words)))
    assert "now" not in str(failed.value)


def test_a_folder_with_a_model_is_loaded_by_path(vendor: Path, tmp_path: Path) -> None:
    """A local model speaks the language its configuration names."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "best_model.pth").touch()
    voice = CoquiSynthesizer(str(folder))
    assert voice.language == "de"
    assert len(asyncio.run(hear(voice.stream("Hallo"))))
    assert len(asyncio.run(hear(CoquiSynthesizer(str(folder / "best_model.pth")).stream("Hallo"))))


def test_a_speaker_is_chosen_by_name_or_is_the_first(vendor: Path) -> None:
    """A model of several speakers and languages needs one of each; another speaker is another sound and key."""
    first, bob = CoquiSynthesizer("many/voices"), CoquiSynthesizer("many/voices#bob")
    assert "ann" in first.description
    assert first.language == "en"
    assert first.key != bob.key
    assert len(asyncio.run(hear(bob.stream("Hello there"))))
    with pytest.raises(ModelUnavailable, match="no speaker eve; its speakers are ann, bob"):
        CoquiSynthesizer("many/voices#eve")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("tts_models/en/missing/x", "folder of a downloaded model"),
        ("tts_models/en/licensed/x", "COQUI_TOS_AGREED=1"),
        ("tts_models/en/phonemes/x", "program espeak-ng"),
        ("./nowhere/model.pth", "no such file"),
        ("/nowhere", "no such file"),
    ],
)
def test_a_model_that_cannot_be_had_says_what_to_do(vendor: Path, name: str, advice: str) -> None:
    """The message names the setting and the way out."""
    with pytest.raises(ModelUnavailable, match="VOICEBOT_VOICE_NAME") as refused:
        CoquiSynthesizer(name)
    assert advice in str(refused.value)


def test_an_incomplete_folder_names_what_is_missing(vendor: Path, tmp_path: Path) -> None:
    """A folder without a model, and a model without its configuration, are told apart."""
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(ModelUnavailable, match=r"no \.pth model"):
        CoquiSynthesizer(str(folder))
    (folder / "model.pth").touch()
    with pytest.raises(ModelUnavailable, match=r"config\.json is missing"):
        CoquiSynthesizer(str(folder))


@pytest.mark.parametrize("broken", ["torch", "TTS.api"])
def test_a_missing_package_says_what_to_install(
    vendor: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Without the extra's packages the message is the command that installs them."""
    monkeypatch.setitem(sys.modules, broken, None)
    with pytest.raises(ModelUnavailable, match=r"pip install -r requirements-coqui\.txt"):
        CoquiSynthesizer()


def test_packages_that_do_not_fit_each_other_are_told_like_missing_ones(vendor: Path) -> None:
    """torchaudio refuses a torch of another CUDA version with RuntimeError: that is explained, not a traceback."""
    (vendor / "TTS" / "api.py").write_text("raise RuntimeError('different CUDA versions')")
    with pytest.raises(ModelUnavailable, match="different CUDA versions"):
        CoquiSynthesizer()


def test_xtts_is_heard_while_it_speaks(vendor: Path) -> None:
    """A streaming model gives audio before the sentence is made; a listener who leaves stops it soon."""

    async def speak() -> None:
        voice = CoquiSynthesizer("tts_models/multilingual/multi-dataset/xtts_v2#Ana@de")
        pcm = await hear(voice.stream("Guten Tag"))
        assert seconds(pcm) == pytest.approx(1.0, abs=0.05)
        assert speech_dbfs(pcm) == pytest.approx(-20, abs=0.5)
        model = voice._model.tts.synthesizer.tts_model
        assert (voice.language, model.languages[-1]) == ("de", "de")
        stream = voice.stream("Babble babble")
        assert len(await anext(stream))
        await stream.aclose()
        assert len(await hear(voice.stream("Guten Tag")))
        assert model.given < 10 + 100 + 10

    asyncio.run(speak())


def test_a_stream_that_babbles_or_breaks_is_ended(vendor: Path) -> None:
    """40 s for two words are cut off; what the model raises is our error without the words."""
    voice = CoquiSynthesizer("tts_models/multilingual/multi-dataset/xtts_v2")
    assert seconds(asyncio.run(hear(voice.stream("babble on")))) < 3 + 0.5 * len("babble on") + 0.1
    with pytest.raises(SynthesizerError, match="ValueError") as failed:
        asyncio.run(hear(voice.stream("explode now")))
    assert "now" not in str(failed.value)


def test_a_cloning_model_speaks_like_a_recording(vendor: Path, tmp_path: Path) -> None:
    """A WAV file in the place of the speaker; another recording is another sound and key."""
    keys = []
    for content in b"one", b"two":
        (tmp_path / "me.wav").write_bytes(content)
        voice = CoquiSynthesizer(f"tts_models/multilingual/multi-dataset/bark#{tmp_path / 'me.wav'}")
        keys.append(voice.key)
    assert keys[0] != keys[1]
    assert voice.language == "en"
    assert len(asyncio.run(hear(voice.stream("Hello"))))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("tts_models/multilingual/multi-dataset/bark", "somebody else in every sentence"),
        ("tts_models/multilingual/multi-dataset/bark#/nowhere/me.wav", "no recording"),
        ("tts_models/en/ljspeech/vits#{here}", "cannot speak like a recording"),
        ("many/voices#ann@fr", "does not speak fr; it speaks de, en"),
        ("tts_models/en/ljspeech/vits#@fr", "it speaks one language"),
    ],
)
def test_a_choice_the_model_does_not_have_is_refused(vendor: Path, tmp_path: Path, name: str, advice: str) -> None:
    """Speakers, recordings and languages are checked at the start, not in the first call."""
    (tmp_path / "me.wav").touch()
    with pytest.raises(ModelUnavailable, match=advice):
        CoquiSynthesizer(name.format(here=tmp_path / "me.wav"))


def test_bark_is_given_by_its_folder(vendor: Path, tmp_path: Path) -> None:
    """Its model is several files, so the folder itself is handed on."""
    folder = tmp_path / "bark"
    folder.mkdir()
    for name in ("config.json", "text_2.pt", "tokenizer.pth"):
        (folder / name).touch()
    assert "narrator" in CoquiSynthesizer(str(folder)).description
