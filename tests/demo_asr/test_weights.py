"""Weights read back from the shipped model; only where torch is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="only the making of the demo model needs torch")


def test_the_shipped_model_survives_the_way_to_floats_and_back(tmp_path: Path) -> None:
    """Recovered and converted again, it is the same file byte for byte."""
    from scripts.demo_asr.network import Shape
    from scripts.demo_asr.weights import convert, recover
    from voicebot.asr.model import DEMO

    convert(recover(DEMO), Shape(), DEMO, tmp_path)
    for name in ("model.bin", "vocabulary.json", "tokenizer.json", "preprocessor_config.json"):
        assert (tmp_path / name).read_bytes() == (DEMO / name).read_bytes(), name
