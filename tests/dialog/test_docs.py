"""The reference shows a bot that works."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from voicebot.dialog import load
from voicebot.dialog.schema import Slot
from voicebot.dialog.types import LookUpResult

DOCS = Path(__file__).parents[2] / "docs" / "dialog.md"


def test_the_code_of_the_reference_is_a_slot() -> None:
    """The second example is a slot as it is printed."""
    example = re.search(r"always confirmed:\n\n```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert example is not None
    slot = Slot.model_validate(yaml.safe_load(example.group(1))["slots"]["parcel"])
    assert (slot.lengths, slot.spelt) == ([8], True)


def test_every_key_of_a_slot_is_in_the_reference() -> None:
    """A key nobody can read about is of no use."""
    keys = re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", DOCS.read_text(), re.MULTILINE)))
    assert set(Slot.model_fields) <= set(keys)


def test_the_small_bot_of_the_reference_answers(tmp_path: Path) -> None:
    """The example loads as it is printed, and does what its test says."""
    example = re.search(r"## A small bot\n\n```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "shop.yaml").write_text(example.group(1))
    call = load(tmp_path / "shop.yaml").converse("+15550100", "+15550199")
    call.open()
    call.hear("where is my order one two three four", 0.9)
    move = call.looked_up(LookUpResult(True, {"status": "shipped"}))
    assert move.say[0].text == "Order 1 2 3 4 has been shipped."
