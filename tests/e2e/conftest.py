"""A fake HubSpot with one known customer, and what the processes printed when a test fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Installation, hubspot_settings
from tests.e2e.telephone import CALLER
from voicebot.testing.hubspot import FakeHubSpot


@pytest.fixture(scope="module")
def hubspot() -> Iterator[FakeHubSpot]:
    """A HubSpot that knows the usual caller."""
    with FakeHubSpot() as running:
        running.account.add_contact(firstname="Ada", phone=CALLER)
        yield running


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, hubspot: FakeHubSpot) -> Iterator[Installation]:
    """Settings and data of a server that tells this HubSpot; nothing runs yet."""
    folder = tmp_path_factory.mktemp("voicebot")
    with Installation(folder, dialog=str(quick_dialog(folder)), **hubspot_settings(hubspot.url)) as made:
        yield made


@pytest.fixture(autouse=True)
def output(installation: Installation) -> Iterator[None]:
    """Show what the processes printed where a test fails."""
    yield
    print(installation.output)


def quick_dialog(folder: Path) -> Path:
    """The demo shop, whose people let it ring for five seconds only."""
    config = Path(__file__).parents[2] / "config"
    (folder / "orders.yaml").write_text((config / "orders.yaml").read_text())
    dialog = (config / "dialog.yaml").read_text()
    assert "ring_seconds: 25" in dialog
    path = folder / "dialog.yaml"
    path.write_text(dialog.replace("ring_seconds: 25", "ring_seconds: 5"))
    return path
