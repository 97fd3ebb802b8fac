"""Who takes a transfer: the first routing rule that fits, else the fallback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voicebot.dialog.schema import Route, TargetSpec
from voicebot.dialog.types import Target, TargetKind


def targets(specs: Mapping[str, TargetSpec]) -> dict[str, Target]:
    """The targets of the dialog file by name."""
    return {
        name: Target(name=name, kind=TargetKind(spec.kind), **spec.model_dump(exclude={"kind"}))
        for name, spec in specs.items()
    }


def choose(routes: Sequence[Route], fallback: str, intent: str | None, called: str) -> str:
    """Name of the target for a caller whose main intent is `intent` and who called `called`.

    A rule's number is compared digit by digit; a `*` at its end stands for any further digits.
    """
    for route in routes:
        if route.intent is not None and route.intent != intent:
            continue
        if route.called is not None and not _same_number(route.called, called):
            continue
        return route.target
    return fallback


def _same_number(rule: str, called: str) -> bool:
    wanted, dialled = _digits(rule), _digits(called)
    return dialled.startswith(wanted) if rule.endswith("*") else dialled == wanted


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())
