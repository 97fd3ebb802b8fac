from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web import house as houses
from tests.web.house import House


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Builds a web application with the settings given."""
    built: list[House] = []

    def make(**settings: Any) -> House:
        built.append(houses.build(tmp_path, **settings))
        return built[-1]

    yield make
    for item in built:
        item.records.close()


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A web application with a media node that has room."""
    made = build()
    made.has_room()
    return made
