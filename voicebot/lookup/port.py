"""The seam to the systems that know the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from voicebot.dialog.types import LookUpResult


class LookUps(Protocol):
    """Answers the dialog's look-ups by name."""

    async def ask(self, name: str, slots: Mapping[str, str]) -> LookUpResult:
        """Ask `name`; not finding anything is an answer. Raises LookUpError when the source fails."""
        ...

    async def aclose(self) -> None: ...
