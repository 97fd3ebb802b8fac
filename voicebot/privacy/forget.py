"""Forgetting a caller: their calls, recordings, and what CRMs were told about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voicebot.crm.numbers import Number, parse
from voicebot.crm.port import Crm
from voicebot.errors import CrmError
from voicebot.replay.shelf import discard
from voicebot.store.keeping import files
from voicebot.store.records import Records
from voicebot.store.views import CallState, CallView, Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, and what is left to do, one sentence each.

    calls: erased here. notes: deleted at CRMs. files: recordings deleted on this machine's disk.
    """

    calls: int
    notes: int
    files: int
    left: tuple[str, ...]


def forget(
    number: Number | str,
    region: str,
    records: Records,
    crms: Mapping[str, Crm],
    folder: Path,
    inputs: Path,
) -> Forgotten:
    """Erase every call of `number`; what cannot be erased now stays as it is, and is told.

    number: a text is a caller as the gateway gave it: an extension, a SIP address, an impossible number.
    region: country (ISO 3166) of numbers the gateways gave without a country code. folder: of recordings here.
    inputs: folder of what calls were told, for replays.
    Raises StoreError.
    """
    calls = notes = deleted_files = 0
    left: list[str] = []
    for caller in records.keeping.callers():
        if not _is(caller, number, region):
            continue
        for call_id in records.keeping.calls_from(caller):
            view = records.call(call_id)
            if view is None:
                continue
            if (reason := _busy(view)) is not None:
                left.append(f"call {call_id} {reason}")
                continue
            deleted, troubles = _forget_notes(view, crms)
            notes += deleted
            left += troubles
            if troubles:
                continue
            recordings = [one.path for one in records.keeping.recordings_of(call_id)]
            if records.keeping.erase(call_id):
                calls += 1
                deleted_files += sum(_delete(folder, path) for path in recordings)
                deleted_files += discard(inputs, call_id)
            else:
                left.append(f"call {call_id} has just become busy; try again in a minute")
    return Forgotten(calls, notes, deleted_files, tuple(left))


def _is(caller: str, number: Number | str, region: str) -> bool:
    if isinstance(number, str):
        return caller == number
    known = parse(caller, region)
    return known is not None and known.e164 == number.e164


def _busy(view: CallView) -> str | None:
    if view.row.state is CallState.LIVE:
        return "is still going on"
    if any(delivery.state is DeliveryState.PENDING for delivery in view.deliveries):
        return "has a note on its way to a CRM; wait until it is delivered, or `voicebot deliveries drop` it"
    return None


def _forget_notes(view: CallView, crms: Mapping[str, Crm]) -> tuple[int, list[str]]:
    """Delete what CRMs were told; how many notes that were, and what did not work."""
    deleted = 0
    troubles = []
    for delivery in view.deliveries:
        try:
            deleted += _forget_note(delivery, crms)
        except CrmError as error:
            troubles.append(f"call {view.row.call_id}, its note at {delivery.target}: {error}")
    return deleted, troubles


def _forget_note(delivery: Delivery, crms: Mapping[str, Crm]) -> int:
    besides = delivery.progress.get("written", "")
    if delivery.state is DeliveryState.DEAD and not delivery.ambiguous and not besides:
        return 0
    crm = crms.get(delivery.target)
    if crm is None:
        raise CrmError(f"{delivery.target} is not configured any more; add it to VOICEBOT_CRM, or delete it there")
    if delivery.state is DeliveryState.DEAD and not delivery.ambiguous:
        # There is no note, but what was to go with it.
        crm.erase(besides)
        return 0
    if not delivery.external_id:
        raise CrmError(
            f"it may have been written without an answer reaching us; look for {delivery.call_id} there, "
            f"delete it, and `voicebot deliveries drop {delivery.id}`"
        )
    return int(crm.erase(delivery.external_id))


def _delete(folder: Path, path: str) -> int:
    found = files(folder, path)
    for file in found:
        file.unlink()
    return len(found)
