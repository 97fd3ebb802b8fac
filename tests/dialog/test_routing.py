"""The first rule that fits names the target."""

from __future__ import annotations

import pytest

from voicebot.dialog.routing import choose, targets
from voicebot.dialog.schema import Route, TargetSpec
from voicebot.dialog.types import Target, TargetKind

ROUTES = [
    Route(intent="billing", called="+1 555 0100", target="vip"),
    Route(intent="billing", target="money"),
    Route(called="+4420*", target="london"),
]


@pytest.mark.parametrize(
    ("intent", "called", "target"),
    [
        ("billing", "+15550100", "vip"),
        ("billing", "+15550199", "money"),
        ("returns", "+442071838750", "london"),
        ("returns", "+15550100", "desk"),
        (None, "", "desk"),
    ],
)
def test_rules_are_tried_in_order(intent: str | None, called: str, target: str) -> None:
    """Intent and called number must both fit; else the fallback takes the call."""
    assert choose(ROUTES, "desk", intent, called) == target


def test_targets_carry_every_field_of_the_file() -> None:
    """What the file says of a target is what the gateway gets."""
    spec = TargetSpec(
        kind="phone", address="+15550100", ring_seconds=40, talk_seconds=600, trunk="t", caller_id="+1"
    )
    assert targets({"a": spec})["a"] == Target("a", TargetKind.PHONE, "+15550100", 40, 600, "", "t", "+1")
