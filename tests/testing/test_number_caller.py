"""Numbers survive a bad line: measured with a caller who says them, listens, and puts them right."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from tests.dialog.number_bot import dialog
from voicebot.dialog.checksums import holds
from voicebot.dialog.types import LookUpResult
from voicebot.testing.number_caller import Confusions, NumberCaller, Told, tell

CALLS = 500
ORDERS = 20_000
SIX: Mapping[str, Any] = {"digits": [6], "retries": 5}
GUESSING: Mapping[str, Any] = {**SIX, "mishearings": True}


def drawn(rng: Random, checksum: bool) -> str:
    """A number of six digits."""
    while True:
        number = "".join(rng.choice("0123456789") for _ in range(6))
        if not checksum or holds("luhn", number):
            return number


def calls(slot: Mapping[str, Any], look_up: bool) -> list[Told]:
    """Five hundred calls, each with a number of its own; the shop has twenty thousand orders."""
    bot, rng = dialog(slot, look_up), Random(20)
    numbers = [drawn(rng, "checksum" in slot) for _ in range(ORDERS)]
    known = frozenset(numbers)

    def found(value: str) -> LookUpResult:
        return LookUpResult(value in known, {"status": "shipped"})

    return [
        tell(
            bot.converse("", ""),
            NumberCaller(number, Confusions(), rng),
            number,
            "code",
            found,
            "where is my parcel",
        )
        for number in numbers[:CALLS]
    ]


def share(told: list[Told], repairs: int) -> float:
    """How many have the number after so many repairs at most."""
    return sum(each.right and each.repairs <= repairs for each in told) / len(told)


@pytest.mark.parametrize(
    ("slot", "look_up", "first", "repaired"),
    [
        (GUESSING, True, 0.97, 0.99),
        ({**GUESSING, "checksum": "luhn"}, False, 0.95, 0.99),
        ({**SIX, "confirm": "always"}, False, 0.88, 0.99),
    ],
)
def test_numbers_survive_a_bad_line(slot: Mapping[str, Any], look_up: bool, first: float, repaired: float) -> None:
    """One number in nine is misheard; a look-up or check digits find most of them, a repair nearly all."""
    told = calls(slot, look_up)
    assert 0.86 < sum(each.heard for each in told) / len(told) < 0.92
    assert share(told, 0) >= first
    assert share(told, 1) >= repaired
    assert all(each.right for each in told)


def test_confusions_leave_a_good_line_alone() -> None:
    """Without mistakes everything is heard as it was said."""
    assert Confusions(0, 0).hear(["five", "five", "nine"], Random(1)) == "five five nine"


def test_confusions_drop_and_swap() -> None:
    """With nothing but mistakes, of two like digits one is left, and nines are fives."""
    assert Confusions(1, 0).hear(["five", "five", "nine"], Random(1)) == "five nine"
    assert Confusions(0, 1).hear(["five", "one", "nine"], Random(1)) == "nine one five"
