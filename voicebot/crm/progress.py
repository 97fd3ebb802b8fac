"""What the attempts at one delivery achieved so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voicebot.crm.port import Attempt
from voicebot.errors import CrmError, CrmUnavailable

SENT = "sent"
"""The state of a write that was begun, with its end unknown."""


class Progress:
    """What earlier attempts achieved, and this one, by name; kept durably at every change.

    A name that was never put is "".
    """

    def __init__(self, attempt: Attempt) -> None:
        self._kept = dict(attempt.progress)
        self._save = attempt.save

    def __getitem__(self, key: str) -> str:
        return self._kept.get(key, "")

    def put(self, **values: str) -> None:
        """Keep these."""
        self._kept.update(values)
        self._save(dict(self._kept))

    @contextmanager
    def begun(self, write: str) -> Iterator[None]:
        """Inside, `write` is `SENT`, and stays so, unless it certainly failed: then it is what it was before."""
        before = self[write]
        self.put(**{write: SENT})
        try:
            yield
        except CrmError as error:
            if not (isinstance(error, CrmUnavailable) and error.ambiguous):
                self.put(**{write: before})
            raise
