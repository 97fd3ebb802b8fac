"""The seam through which a desk asks who a caller is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Match:
    """A person of a CRM who has the caller's number.

    crm: the CRM's name as shown. url: their page, or "" where that is not known.
    """

    crm: str
    name: str
    url: str = ""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError("a link of another kind could run in the agent's browser")


class Matches(Protocol):
    """Looks callers up. Used from a thread of its own; may take seconds."""

    def find(self, phone: str) -> Sequence[Match]:
        """Everybody with this number. Raises CrmError."""
        ...
