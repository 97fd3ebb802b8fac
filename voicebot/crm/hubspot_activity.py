"""What HubSpot keeps of a call: a note, a call, or both. How each is written, and found again by its marker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.crm import note as notes
from voicebot.crm.hubspot_http import Api
from voicebot.crm.port import CallNote
from voicebot.errors import CrmUnavailable

_BATCH = 100
_TITLE = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of activity.

    name: as in paths. body: the property that holds the note. to_contact: HubSpot's association type id.
    writing, wrote: names in a delivery's progress, of the state of the write and of the id that came of it.
    """

    name: str
    body: str
    to_contact: int
    writing: str
    wrote: str


NOTE = Kind("notes", "hs_note_body", 202, "writing", "wrote_note")
CALL = Kind("calls", "hs_call_body", 194, "writing_call", "wrote_call")

KINDS: Mapping[str, Sequence[Kind]] = {"note": (NOTE,), "call": (CALL,), "both": (NOTE, CALL)}
"""By the setting VOICEBOT_HUBSPOT_ACTIVITY."""


def properties(
    kind: Kind, note: CallNote, remarks: Sequence[str], optional: bool = True, attached: Sequence[str] = ()
) -> dict[str, str]:
    """The properties of the activity.

    optional: with those that the dialog file maps, of calls the numbers, and the files `attached`, by id.
    """
    told = {"hs_timestamp": str(_milliseconds(note)), kind.body: notes.html(note, remarks)}
    if kind is CALL:
        told |= {
            "hs_call_title": f"Voicebot: {(note.intent or 'call').replace('_', ' ')}"[:_TITLE],
            "hs_call_direction": "INBOUND",
            "hs_call_duration": str(round(note.duration * 1000)),
            "hs_call_status": "COMPLETED",
        }
        if optional:
            ends = {"hs_call_from_number": note.caller, "hs_call_to_number": note.called}
            told |= {name: number for name, number in ends.items() if number}
    if optional and attached:
        told["hs_attachment_ids"] = ";".join(attached)
    return {**told, **note.fields} if optional else told


def association(kind: Kind, contact: str) -> dict[str, Any]:
    """With whom the activity is written."""
    label = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind.to_contact}
    return {"to": {"id": contact}, "types": [label]}


def written(api: Api, kind: Kind, note: CallNote, contact: str | None, searched: bool) -> str | None:
    """The id of this call's activity, if HubSpot has one already.

    contact: whose lists are read; they are current. searched: whether to ask the search too, which lags.
    """
    if contact is not None:
        for chunk in _associated(api, kind, contact):
            if (found := _marked(kind, note, _bodies(api, kind, chunk))) is not None:
                return found
    return _marked(kind, note, _searched(api, kind, note)) if searched else None


def _marked(kind: Kind, note: CallNote, candidates: list[dict[str, Any]]) -> str | None:
    for item in candidates:
        found = item.get("properties")
        body = found.get(kind.body) if isinstance(found, dict) else None
        if notes.is_marked(str(body or ""), note.call_id):
            return str(item.get("id"))
    return None


def _associated(api: Api, kind: Kind, contact: str) -> Iterator[list[str]]:
    """Ids of the contact's activities, newest first, in batches."""
    found: set[str] = set()
    query = {"limit": "500"}
    while True:
        answer = api.read(f"contacts/{contact}/associations/{kind.name}", query)
        for item in items(answer):
            # The dated and v4 paths say `toObjectId`, v3 says `id`.
            found.add(str(item.get("toObjectId") or item.get("id")))
        after = _after(answer)
        if not after:
            break
        query = {"limit": "500", "after": after}
    ordered = sorted((identity for identity in found if identity.isdecimal()), key=int, reverse=True)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]


def _bodies(api: Api, kind: Kind, identities: list[str]) -> list[dict[str, Any]]:
    question = {"properties": [kind.body], "inputs": [{"id": identity} for identity in identities]}
    return items(api.ask(f"{kind.name}/batch/read", question))


def _searched(api: Api, kind: Kind, note: CallNote) -> list[dict[str, Any]]:
    """Those that may be this call's: by the call id as HubSpot's search splits it, or by its exact time."""
    filters = [
        {"propertyName": kind.body, "operator": "CONTAINS_TOKEN", "value": note.call_id},
        {"propertyName": "hs_timestamp", "operator": "EQ", "value": str(_milliseconds(note))},
    ]
    question = {
        "filterGroups": [{"filters": [each]} for each in filters],
        "properties": [kind.body],
        "limit": 100,
    }
    return items(api.ask(f"{kind.name}/search", question))


def items(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of a list. Raises CrmUnavailable if it is none."""
    results = answer.get("results")
    if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
        raise CrmUnavailable("HubSpot answered a list without results")
    return results


def _after(answer: Mapping[str, Any]) -> str:
    paging = answer.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    return str(following.get("after") or "") if isinstance(following, dict) else ""


def _milliseconds(note: CallNote) -> int:
    return round(note.started_at.timestamp() * 1000)
