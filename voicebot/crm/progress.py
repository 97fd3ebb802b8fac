"""What the attempts at one delivery achieved so far."""

from __future__ import annotations

from voicebot.crm.port import Attempt
from voicebot.errors import CrmError, CrmUnavailable


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


def ambiguous(error: CrmError) -> bool:
    """Whether what failed may have been carried out all the same."""
    return isinstance(error, CrmUnavailable) and error.ambiguous
