"""The first rule that fits and has somebody there names the targets."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.dialog.talk import DEMO
from voicebot.dialog.handing import Opening, Route, TargetSpec
from voicebot.dialog.routing import Case, Choice, Router, targets
from voicebot.dialog.targets import Target, TargetKind
from voicebot.dialog.types import TransferReason

ZONE = ZoneInfo("Europe/Berlin")
OPEN = datetime(2026, 11, 20, 12, tzinfo=ZONE)
CLOSED = datetime(2026, 11, 22, 12, tzinfo=ZONE)
OFFICE = Opening(zone="Europe/Berlin", week={"mon-fri": "09:00-18:00"})
EVENING = Opening(zone="Europe/Berlin", week={"mon-sun": "11:00-22:00"})
TARGETS: dict[str, dict[str, Any]] = {
    "desk": {},
    "anna": {"skills": ["returns", "vip"], "priority": 2},
    "bert": {"skills": ["returns"], "priority": 1, "hours": "office"},
    "carla": {"skills": ["returns"], "languages": ["fr"]},
    "london": {"kind": "phone", "address": "+442071838750"},
}


def _router(*routes: Route, **changed: dict[str, Any]) -> Router:
    file = DEMO._script.file
    specs = {
        name: TargetSpec(**{"kind": "user", "address": name, **TARGETS.get(name, {}), **changed.get(name, {})})
        for name in {**TARGETS, **changed}
    }
    handover = file.handover.model_copy(update={"routing": list(routes), "fallback": "desk"})
    hours = {"office": OFFICE, "evening": EVENING}
    return Router(file.model_copy(update={"targets": specs, "handover": handover, "hours": hours}))


def _rule(**fields: Any) -> Route:
    return Route(**fields)


def _first(router: Router, case: Case, now: datetime | None = OPEN, target: str | None = None) -> Choice:
    return router.choices(case, now, target)[0]


@pytest.mark.parametrize(
    ("intent", "called", "target"),
    [
        ("billing", "+15550100", "anna"),
        ("billing", "+15550199", "bert"),
        ("returns", "+442071838750", "london"),
        ("returns", "+15550100", "desk"),
        (None, "", "desk"),
    ],
)
def test_rules_are_tried_in_order(intent: str | None, called: str, target: str) -> None:
    """Intent and called number must both fit; else the fallback takes the call."""
    router = _router(
        _rule(intent="billing", called="+1 555 0100", target="anna"),
        _rule(intent="billing", target="bert"),
        _rule(called="+4420*", target="london"),
    )
    assert _first(router, Case(intent=intent, called=called)).targets == (target,)


@pytest.mark.parametrize(
    ("rule", "case", "fits"),
    [
        ({"intent": ["returns", "billing"]}, Case(intent="billing"), True),
        ({"intent": ["returns", "billing"]}, Case(intent="order_status"), False),
        ({"caller": ["+4930*", "+1555"]}, Case(caller="+49301234"), True),
        ({"caller": ["+4930*", "+1555"]}, Case(caller="anonymous"), False),
        ({"failures": 3}, Case(failures=3), True),
        ({"failures": 3}, Case(failures=2), False),
        ({"words": ["lawyer", "fed up"]}, Case(said=["i", "am", "fed", "up", "now"]), True),
        ({"words": ["lawyer", "fed up"]}, Case(said=["fed", "the", "cat", "up"]), False),
        ({"customer": {"tier": "gold"}}, Case(customer={"tier": "Gold"}), True),
        ({"customer": {"tier": ["gold", "silver"]}}, Case(customer={"tier": "bronze"}), False),
        ({"customer": {"id": "*"}}, Case(customer={"id": "17"}), True),
        ({"customer": {"id": "*"}}, Case(customer={"id": ""}), False),
        ({"customer": {"id": "*"}}, Case(), False),
        ({"reason": "silent"}, Case(reason=TransferReason.SILENT), True),
        ({"reason": "silent"}, Case(reason=TransferReason.RULE), False),
        ({"when": "x == 1"}, Case(holds=lambda condition: condition == "x == 1"), True),
        ({"when": "x == 1"}, Case(holds=lambda condition: False), False),
        ({"failures": 1, "words": "lawyer"}, Case(said=["lawyer"]), False),
    ],
)
def test_every_condition_of_a_rule_must_hold(rule: dict[str, Any], case: Case, fits: bool) -> None:
    """Numbers, words, misunderstandings, properties of the customer, the reason and values known."""
    choice = _first(_router(_rule(name="it", target="anna", **rule)), case)
    assert (choice.rule == "it") is fits


def test_a_skill_asks_everybody_who_has_it_and_speaks_the_language_by_priority() -> None:
    """Carla speaks French only; Bert comes before Anna."""
    router = _router(_rule(intent="returns", skill="returns", ring="in_turn"))
    assert _first(router, Case(intent="returns")) == Choice("rule_1", ("bert", "anna"), in_turn=True)


def test_whoever_is_closed_is_left_out_and_a_closed_rule_gives_way() -> None:
    """On Sunday Bert is not asked, and a rule that names only him leads to the next that fits."""
    together = _rule(name="both", intent="returns", targets=["bert", "anna"])
    alone = _rule(name="alone", intent="billing", target="bert")
    router = _router(together, alone)
    assert _first(router, Case(intent="returns"), CLOSED) == Choice("both", ("anna",))
    assert _first(router, Case(intent="billing"), CLOSED) == Choice("fallback", ("desk",))
    assert _first(router, Case(intent="billing"), None) == Choice("alone", ("bert",))


def test_nobody_there_means_no_choice_and_the_first_opening_is_known() -> None:
    """The caller is told when the first of those who would take the call is back."""
    router = _router(_rule(intent="billing", target="bert"), desk={"hours": "evening"})
    night = datetime(2026, 11, 20, 23, tzinfo=ZONE)
    assert router.choices(Case(intent="billing"), night) == []
    assert router.opens(Case(intent="billing"), night) == datetime(2026, 11, 21, 11, tzinfo=ZONE)


def test_who_was_asked_for_by_name_comes_before_every_rule() -> None:
    """ "Put me through to London" wins over a rule for the intent, and closed hours lead back to the rules."""
    router = _router(_rule(intent="billing", target="anna"), london={"hours": "office"})
    assert _first(router, Case(intent="billing"), OPEN, "london") == Choice("asked_for_london", ("london",))
    assert _first(router, Case(intent="billing"), CLOSED, "london") == Choice("rule_1", ("anna",))


def test_the_routing_is_explained_rule_by_rule() -> None:
    """Conditions in words, who takes the call, and who is not there now."""
    router = _router(
        _rule(name="angry", words=["lawyer", "fed up"], failures=2, targets=["bert", "anna"], ring="in_turn"),
        _rule(customer={"tier": "gold"}, skill="vip"),
    )
    assert router.explain(CLOSED) == [
        "angry     failures 2, words lawyer or fed up -> bert (closed, opens tomorrow at 9 AM), then anna",
        "rule_2    customer tier gold -> anna",
        "fallback  anything else -> desk",
    ]


def test_targets_carry_every_field_of_the_file() -> None:
    """What the file says of a target is what the gateway gets."""
    spec = TargetSpec(
        kind="phone", address="+15550100", ring_seconds=40, talk_seconds=600, trunk="t", caller_id="+1"
    )
    assert targets({"a": spec})["a"] == Target("a", TargetKind.PHONE, "+15550100", 40, 600, "", "t", "+1")
    queue = TargetSpec(
        kind="queue", address="support", priority=1, wait_seconds=60, say_seconds=20, hours="office"
    )
    assert targets({"q": queue})["q"] == Target(
        "q", TargetKind.QUEUE, "support", priority=1, wait_seconds=60, say_seconds=20
    )
