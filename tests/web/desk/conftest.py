"""A house that has its first user, and browsers to sign in with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.web.house import House
from voicebot.web.desk.access import first_user


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A web application with room for calls, whose first user is `agent`, password `open sesame`."""
    made = build()
    made.has_room()
    first_user(made.settings, made.records.users)
    return made
