"""What an agent sees of a call: one document, shown as a page or sent as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voicebot.call.record import Speaker, TurnEntry
from voicebot.dialog.types import TransferReason
from voicebot.people import NAME, People
from voicebot.store.offers import Offer
from voicebot.store.sessions import Session
from voicebot.store.views import (
    CallRow,
    CallState,
    CallView,
    Delivery,
    DeliveryState,
    Recording,
    TransferView,
    WrapUp,
)
from voicebot.web.desk.timing import Waterfall, waterfalls

VERSION = 1
NAME_SLOTS = ("name", "caller_name", "customer_name")
DELIVERY_WORDS = {
    DeliveryState.PENDING: "waiting",
    DeliveryState.DONE: "written",
    DeliveryState.DEAD: "given up",
    DeliveryState.DROPPED: "dropped",
}
CRM_NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce", "zendesk": "Zendesk", "webhook": "Webhook"}
WHY = {
    TransferReason.REQUESTED.value: "asked for a person",
    TransferReason.PRESSED_ZERO.value: "pressed 0",
    TransferReason.NOT_UNDERSTOOD.value: "the bot did not understand",
    TransferReason.SILENT.value: "said nothing",
    TransferReason.RULE.value: "a rule of the bot",
    TransferReason.FAILURE.value: "the bot failed",
    "escalated": "handed over without the bot",
    "no_room": "no room for another call",
    "stream_lost": "the audio connection was lost",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One turn as shown. at, until: seconds since the stream started. who: `Caller` or `Bot`."""

    at: float
    until: float
    who: str
    text: str
    keys: str = ""
    interrupted: bool = False
    intent: str | None = None
    confidence: float | None = None

    @property
    def clock(self) -> str:
        """`at` as minutes and seconds."""
        return f"{int(self.at) // 60}:{int(self.at) % 60:02}"


@dataclass(frozen=True, slots=True)
class CallPage:
    """A call for the eyes of an agent.

    phone: "" when the caller hides it. name: as the caller said it, else as the CRMs have it.
    people: who that is, as the CRMs know them. why: the reason of the transfer or of the end, in a few words.
    whisper: what the agent is told before the caller is put through.
    live: the bot is talking with the caller, so the page will change.
    """

    call_id: str
    phone: str
    called: str
    name: str
    gateway: str
    started_at: datetime
    ended_at: datetime | None
    live: bool
    outcome: str
    why: str
    whisper: str
    intent: str | None
    confidence: float
    slots: Mapping[str, str]
    summary: str
    transcript: tuple[Said, ...] = ()
    transfers: tuple[TransferView, ...] = ()
    offers: tuple[Offer, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    wrap_ups: tuple[WrapUp, ...] = ()
    troubles: tuple[str, ...] = field(default=())
    waterfalls: tuple[Waterfall, ...] = ()
    recordings: tuple[Recording, ...] = ()
    people: People = field(default_factory=People)

    @property
    def confidence_percent(self) -> int:
        return round(self.confidence * 100)

    def document(self) -> dict[str, Any]:
        """The JSON form; times of day are ISO 8601 in UTC, `t` is seconds since the stream started."""
        return {
            "version": VERSION,
            "call_id": self.call_id,
            "live": self.live,
            "from": self.phone,
            "to": self.called,
            "name": self.name,
            "gateway": self.gateway,
            "started_at": _iso(self.started_at),
            "ended_at": _iso(self.ended_at),
            "outcome": self.outcome,
            "reason": self.why,
            "whisper": self.whisper,
            "intent": self.intent,
            "confidence": self.confidence,
            "slots": dict(self.slots),
            "summary": self.summary,
            "transcript": [
                {
                    "t": said.at,
                    "until": said.until,
                    "who": said.who.lower(),
                    "text": said.text,
                    "keys": said.keys,
                    "interrupted": said.interrupted,
                    "intent": said.intent,
                    "confidence": said.confidence,
                }
                for said in self.transcript
            ],
            "transfers": [
                {
                    "target": transfer.target,
                    "outcome": transfer.outcome.value,
                    "sip_status": transfer.sip_status,
                    "at": _iso(transfer.at),
                }
                for transfer in self.transfers
            ],
            "offers": [
                {
                    "targets": list(offer.targets),
                    "rule": offer.rule,
                    "reason": offer.reason,
                    "state": offer.state.value,
                    "target": offer.target,
                    "at": _iso(offer.offered_at),
                }
                for offer in self.offers
            ],
            "deliveries": [
                {
                    "target": delivery.target,
                    "state": delivery.state.value,
                    "attempts": delivery.attempts,
                    "id": delivery.external_id,
                    "wrap_up": bool(delivery.wrap_up),
                    "error": delivery.last_error,
                }
                for delivery in self.deliveries
            ],
            "wrap_ups": [
                {
                    "agent": written.agent,
                    "notes": written.notes,
                    "disposition": written.disposition.value if written.disposition else None,
                    "finished_at": _iso(written.finished_at),
                }
                for written in self.wrap_ups
            ],
            "recordings": [
                {"id": one.id, "seconds": one.seconds, "made_at": _iso(one.made_at)} for one in self.recordings
            ],
            "troubles": list(self.troubles),
            "crm": self.people.document(),
        }


def page(view: CallView, session: Session | None) -> CallPage:
    """The page of a recorded call; `session` adds what is only known while it is under way."""
    row = view.row
    live = row.state is CallState.LIVE
    intent, confidence, slots = _meaning(view) if live else (row.intent, row.confidence, row.slots)
    plan = session.transfer if session else None
    people = view.people or People()
    return CallPage(
        call_id=row.call_id,
        phone=row.caller,
        called=row.called,
        name=_name(slots) or people.customer().get(NAME, ""),
        gateway=row.gateway,
        started_at=row.started_at,
        ended_at=row.ended_at,
        live=live,
        outcome=row.outcome,
        why=reason_words(plan.reason.value if plan else row.reason),
        whisper=plan.whisper if plan else "",
        intent=intent,
        confidence=confidence,
        slots=slots,
        summary=row.summary,
        transcript=tuple(_said(turn) for turn in view.turns if turn.text or turn.keys),
        transfers=view.transfers,
        offers=view.offers,
        deliveries=view.deliveries,
        wrap_ups=tuple(written for written in view.wrap_ups if not written.empty),
        troubles=tuple(f"{trouble.part}: {trouble.error}" for trouble in view.troubles),
        waterfalls=waterfalls(view.turns),
        people=people,
        recordings=() if live else tuple(one for one in view.recordings if one.seconds),
    )


def page_of_session(session: Session) -> CallPage:
    """The page of a call of which nothing is recorded yet."""
    plan = session.transfer
    return CallPage(
        call_id=session.call_id,
        phone=session.caller,
        called=session.called,
        name="",
        gateway=session.gateway,
        started_at=datetime.fromtimestamp(session.started_at, UTC),
        ended_at=None,
        live=True,
        outcome="live",
        why=reason_words(plan.reason.value) if plan else "",
        whisper=plan.whisper if plan else "",
        intent=None,
        confidence=0.0,
        slots={},
        summary="",
    )


def listed(row: CallRow) -> dict[str, Any]:
    """A call in the JSON list."""
    return {
        "call_id": row.call_id,
        "from": row.caller,
        "to": row.called,
        "started_at": _iso(row.started_at),
        "ended_at": _iso(row.ended_at),
        "outcome": row.outcome,
        "intent": row.intent,
        "confidence": row.confidence,
        "summary": row.summary,
    }


def _meaning(view: CallView) -> tuple[str | None, float, Mapping[str, str]]:
    """Intent, confidence and slots so far, from the caller's turns; later ones count more."""
    intent, confidence = view.row.intent, view.row.confidence
    slots = dict(view.row.slots)
    for turn in view.turns:
        slots.update(turn.slots)
        if turn.intent is not None:
            intent, confidence = turn.intent, turn.confidence or 0.0
    return intent, confidence, slots


def _said(turn: TurnEntry) -> Said:
    caller = turn.speaker is Speaker.CALLER
    return Said(
        at=turn.started,
        until=turn.ended,
        who="Caller" if caller else "Bot",
        text=turn.text,
        keys=turn.keys,
        interrupted=turn.interrupted,
        intent=turn.intent,
        confidence=turn.confidence,
    )


def _name(slots: Mapping[str, str]) -> str:
    return next((slots[slot] for slot in NAME_SLOTS if slots.get(slot)), "")


def reason_words(reason: str) -> str:
    """The reason of a transfer or of an end, in a few words."""
    return WHY.get(reason, reason.replace("_", " "))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
