"""Calls and deliveries as text for the terminal."""

from __future__ import annotations

from datetime import datetime

from voicebot.call.record import Speaker, Timings, TurnEntry
from voicebot.store.offers import Offer, OfferState
from voicebot.store.views import CallRow, CallView, Delivery, DeliveryState, Target, TargetState


def call_line(row: CallRow) -> str:
    """One call in one line."""
    return (
        f"{row.started_at:%Y-%m-%d %H:%M:%S}  {row.call_id}  {row.caller or '-':16} "
        f"{row.outcome:12} {row.intent or '-':14} {row.summary or ''}"
    )


def call_page(view: CallView) -> str:
    """Everything kept of one call."""
    lines = [call_line(view.row), ""]
    lines += [_turn(turn) for turn in view.turns]
    lines += [_offer(offer) for offer in view.offers]
    lines += [f"  transfer to {t.target}: {t.outcome.value}" for t in view.transfers]
    lines += [f"  trouble at {t.at:.2f} s: {t.part}: {t.error}" for t in view.troubles]
    lines += [f"  delivery {delivery_line(d)}" for d in view.deliveries]
    if view.turns:
        lines += ["", f"Where the time of each turn went: voicebot turns {view.row.call_id}"]
    return "\n".join(lines)


def _offer(offer: Offer) -> str:
    taker = offer.target or offer.agent
    by = f" by {taker}" if taker and offer.state is OfferState.ACCEPTED else ""
    asked = ", ".join(offer.targets)
    return f"  offered to {asked} (rule {offer.rule or '-'}, {offer.reason}): {offer.state.value}{by}"


TARGET_WORDS = {
    TargetState.REFUSED: "refuses our credential",
    TargetState.FAILING: "fails",
    TargetState.THROTTLED: "asked for a pause",
}


def target_line(target: Target, now: datetime) -> str:
    """One CRM that is not well, and when it is tried again."""
    wait = (target.until - now).total_seconds()
    then = f"next try {target.until:%H:%M:%S} UTC" if wait > 0 else "the next note tries it"
    since = f"{target.since:%Y-%m-%d %H:%M} UTC"
    return f"{target.name} {TARGET_WORDS[target.state]} since {since}, {then}: {target.reason}"


def delivery_line(delivery: Delivery) -> str:
    """One delivery in one line."""
    tail = delivery.external_id or delivery.last_error or ""
    if delivery.state is DeliveryState.PENDING and delivery.attempts:
        tail = f"next {delivery.due_at:%Y-%m-%d %H:%M:%S} UTC  {tail}"
    return (
        f"{delivery.id:6} {delivery.target:10} {delivery.state.value:8} "
        f"attempts {delivery.attempts:3}  {delivery.call_id}  {tail}"
    )


def _turn(turn: TurnEntry) -> str:
    who = "caller" if turn.speaker is Speaker.CALLER else "bot"
    text = turn.text + (f" [keys {turn.keys}]" if turn.keys else "")
    text += " --" if turn.interrupted else ""
    text += f" [not answered: {turn.rejected}]" if turn.rejected else ""
    meant = f"  <{turn.intent} {turn.confidence or 0:.2f}>" if turn.intent else ""
    return f"{turn.started:7.2f}  {who:6}  {text}{meant}{_times(turn.timings)}"


def _times(timings: Timings) -> str:
    if timings.last_voice is None or timings.answered is None:
        return ""
    return f"  (answered in {timings.answered - timings.last_voice:.2f} s)"
