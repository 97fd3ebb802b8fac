"""How examples are chosen, and how the tests are spread over the workers of `scripts/test`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# A push is judged by the same examples each time; at a developer's machine the search goes on. How long an example
# takes says more about what else the machine is doing than about the code.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("developer", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """A test that configures logging, as commands do, does so for itself."""
    yield
    structlog.reset_defaults()


REAL_TIME = {
    "calls": (
        "tests/benchmarks/test_delivery_kill.py",
        "tests/e2e/test_conversations.py",
        "tests/e2e/test_kill.py",
        "tests/e2e/test_processes.py",
    ),
    "hand-overs": (
        "tests/benchmarks/test_live_pages.py",
        "tests/benchmarks/test_media_plane.py",
        "tests/benchmarks/test_turn_latency.py",
        "tests/benchmarks/test_versus_pipecat.py",
        "tests/e2e/test_desk.py",
        "tests/e2e/test_handover.py",
    ),
}
"""Modules that wait for callers who speak in real time, in two lines that take about as long as each other.

One beside the other they leave the processors idle half of the time; three would slow each other down. A third
worker fills that half with the rest, which gives way.
"""

GIVES_WAY = 5
"""How much nicer a worker is that has no line, or is through with it: what keeps real time runs when it wants to,
and the rest still has a quarter of a processor that something else wants, too."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a worker give way from its first test on that keeps no real time: after its line it gets only such.

    Tests that were started nicer stay as they are.
    """
    if hasattr(item.config, "workerinput") and _line(item.nodeid) is None and os.nice(0) == 0:
        os.nice(GIVES_WAY)


def _line(nodeid: str) -> str | None:
    return next((line for line, modules in REAL_TIME.items() if nodeid.startswith(modules)), None)


class TwoLines(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each line of what keeps real time to one worker, and spreads the rest test by test.

    The longest lines are handed out first, so that two workers begin with one each; the rest is for who is free.

    `xdist_group` marks would say the same, but pytest 9.2 made pytest-xdist blind to them (its issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return _line(nodeid) or nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Our spread in place of `--dist loadgroup`; any other `--dist` is left alone."""
    return TwoLines(config, log) if config.getvalue("dist") == "loadgroup" else None
