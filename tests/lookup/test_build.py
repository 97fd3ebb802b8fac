"""The look-ups of a dialog file are made ready at the start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lookup.server import shop
from voicebot.dialog import LookUpSource, load
from voicebot.dialog.types import LookUpResult
from voicebot.errors import DialogError, LookUpError
from voicebot.lookup import LookUps, build

CONFIG = Path(__file__).parents[2] / "config"


def ask(lookups: LookUps, name: str, **slots: str) -> LookUpResult:
    async def asked() -> LookUpResult:
        try:
            return await lookups.ask(name, slots)
        finally:
            await lookups.aclose()

    return asyncio.run(asked())


def test_the_demo_finds_its_orders() -> None:
    """The file beside the dialog is found and read."""
    result = ask(build(load(CONFIG / "dialog.yaml").lookups, CONFIG), "orders", order_number="1234")
    assert result.found
    assert result.values["status"] == "shipped"


def test_an_endpoint_is_asked_with_the_secret_of_the_environment(tmp_path: Path) -> None:
    """The file names the variable; the value is nowhere in it."""
    with shop() as server:
        spec = LookUpSource(url=f"{server.url}/{{number}}", headers={"X-Key": "SHOP_KEY"}, gives=["status"])
        found = ask(build({"orders": spec}, tmp_path, {"SHOP_KEY": "abc"}), "orders", number="1")
        assert found == LookUpResult(True, {"status": "shipped"})
        assert server.asked[0][2]["X-Key"] == "abc"


def test_a_missing_secret_is_asked_for_at_the_start(tmp_path: Path) -> None:
    """The message names the variable to set."""
    spec = LookUpSource(url="https://shop.example/", headers={"X-Key": "SHOP_KEY"}, gives=["status"])
    with pytest.raises(
        DialogError, match=r"look_ups\.orders\.headers\.X-Key: set the environment variable SHOP_KEY"
    ):
        build({"orders": spec}, tmp_path, {})


def test_a_broken_file_is_told_at_the_start(tmp_path: Path) -> None:
    """No call is answered with a file that is not there."""
    spec = LookUpSource(file="none.yaml", key="number", gives=["status"])
    with pytest.raises(DialogError, match=r"none\.yaml: there is no such file"):
        build({"orders": spec}, tmp_path)


def test_an_unknown_look_up_is_our_error(tmp_path: Path) -> None:
    """A name nobody defined is said so."""
    with pytest.raises(LookUpError, match="no look-up `weather`"):
        ask(build({}, tmp_path), "weather")
