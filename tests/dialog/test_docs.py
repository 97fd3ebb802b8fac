"""The reference shows a bot that works."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def test_the_hand_over_of_its_page_fits_the_small_bot(tmp_path: Path) -> None:
    """Every example of the page loads, together, on top of the small bot, and routes as it says."""
    bot = yaml.load(small_bot(), Loader=yaml.BaseLoader)
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS.parent / "handover.md").read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        _merge(bot, yaml.load(block, Loader=yaml.BaseLoader))
    bot["look_ups"]["orders"]["gives"].append("tier")
    bot["intents"]["billing"] = {"phrases": ["my bill"], "answer": "Let me see.", "about": "Has a bill."}
    text = yaml.dump(bot)
    # BaseLoader reads every value as text; numbers and flags are written without quotes again.
    (tmp_path / "shop.yaml").write_text(re.sub(r"'(\d+)'", r"\1", text))
    told = load(tmp_path / "shop.yaml").who_takes_what(datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert [line.split()[0] for line in told] == ["angry", "gold", "billing", "stuck", "fallback"]
    assert told[2].endswith("billing (closed, opens tomorrow at 9 AM), then desk")


def small_bot() -> str:
    """The example of the reference, as it is printed."""
    example = re.search(r"## A small bot\n\n```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert example is not None
    return example.group(1)


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def test_the_small_bot_of_the_reference_answers(tmp_path: Path) -> None:
    """The example loads as it is printed, and does what its test says."""
    (tmp_path / "shop.yaml").write_text(small_bot())
    call = load(tmp_path / "shop.yaml").converse("+15550100", "+15550199")
    call.open()
    call.hear("where is my order one two three four", 0.9)
    move = call.looked_up(LookUpResult(True, {"status": "shipped"}))
    assert move.say[0].text == "Order 1 2 3 4 has been shipped."
