"""The parts of the package `piper` (piper-tts 1.8) that we use, for where it is not installed.

Letters stand for phonemes.
"""

CONFIG = """
from dataclasses import dataclass, field


@dataclass
class PiperConfig:
    num_speakers: int
    sample_rate: int
    espeak_voice: str
    phoneme_id_map: dict
    speaker_id_map: dict = field(default_factory=dict)
    length_scale: float = 1.0

    @staticmethod
    def from_dict(config):
        return PiperConfig(
            config["num_speakers"],
            config["audio"]["sample_rate"],
            config["espeak"]["voice"],
            config["phoneme_id_map"],
            config.get("speaker_id_map", {}),
        )


@dataclass
class SynthesisConfig:
    speaker_id: int | None = None
"""

VOICE = """
import logging
import types

import numpy as np

from piper.config import SynthesisConfig


class PiperVoice:
    def __init__(self, session, config):
        self.session = session
        self.config = config

    def synthesize(self, text, syn_config=None):
        logging.getLogger("piper.voice").debug("text=%s", text)
        ids = [0]
        for letter in text:
            ids += [*self.config.phoneme_id_map.get(letter, []), 0]
        speaker = syn_config.speaker_id if syn_config.speaker_id is not None else 0
        feeds = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([0.667, self.config.length_scale, 0.8], np.float32),
            "sid": np.array([speaker], np.int64),
        }
        audio = self.session.run(None, feeds)[0].squeeze()
        yield types.SimpleNamespace(audio_float_array=audio.astype(np.float32))
"""
