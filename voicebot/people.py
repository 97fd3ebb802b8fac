"""Who a caller may be: the people of CRMs who have the number that calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KNOWN, NAME = "known", "name"
"""Properties of a customer that no CRM has to be told to give: `yes` or `no`, and the name."""


@dataclass(frozen=True, slots=True)
class Match:
    """A person of a CRM who has the caller's number.

    crm: the CRM's name in the settings. url: their page there, or "" where that is not known.
    properties: what the dialog file asks for, under its names; never empty values. id: the person's at the CRM.
    """

    crm: str
    name: str
    url: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    id: str = ""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError("a link of another kind could run in the agent's browser")


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who may be calling.

    matches: the first of them, by CRM, those changed last first. total: how many there are.
    complete: every CRM answered, so that nobody found means that nobody has the number.
    """

    matches: tuple[Match, ...] = ()
    total: int = 0
    complete: bool = True

    def customer(self) -> dict[str, str]:
        """What the caller is for certain, by property: where several have the number, what they have in common."""
        known = {KNOWN: "yes"} if self.matches else {KNOWN: "no"} if self.complete else {}
        names = {match.name for match in self.matches}
        if len(names) == 1 and self.total == len(self.matches):
            known[NAME] = names.pop()
        for name in dict.fromkeys(name for match in self.matches for name in match.properties):
            values = {value for match in self.matches if (value := match.properties.get(name))}
            if len(values) == 1:
                known[name] = values.pop()
        return known

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "total": self.total,
            "complete": self.complete,
            "matches": [
                {
                    "crm": each.crm,
                    "id": each.id,
                    "name": each.name,
                    "url": each.url,
                    "properties": dict(each.properties),
                }
                for each in self.matches
            ],
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> People:
        """What `document` gave, as it was."""
        matches = tuple(Match(**each) for each in document["matches"])
        return cls(matches, int(document["total"]), bool(document["complete"]))
