"""The parts of pages that are pushed while they are open, as HTML; everything from outside is escaped.

The Flask pages contain the same parts, made by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from voicebot.store.desks import Present
from voicebot.store.offers import Offer, OfferState
from voicebot.store.users import User
from voicebot.store.views import WrapUp, WrapUpDisposition
from voicebot.store.wrap_ups import NOTES_LIMIT
from voicebot.web.desk.call_page import CRM_NAMES, DELIVERY_WORDS, CallPage, reason_words

DISPOSITION_WORDS = {
    WrapUpDisposition.RESOLVED: "Resolved",
    WrapUpDisposition.FOLLOW_UP: "Needs a follow-up",
    WrapUpDisposition.CALL_BACK: "Call back promised",
    WrapUpDisposition.PASSED_ON: "Passed on",
    WrapUpDisposition.NOT_REACHED: "Did not get to talk",
    WrapUpDisposition.WRONG_NUMBER: "Wrong number",
}
STATE_WORDS = {
    OfferState.WAITING: "in the queue",
    OfferState.RINGING: "ringing",
    OfferState.ACCEPTED: "answered",
}
LOST_WORDS = {
    OfferState.DECLINED: "The call was declined",
    OfferState.NO_ANSWER: "Nobody answered the phone in time",
    OfferState.BUSY: "The phone was busy",
    OfferState.MACHINE: "An answering machine took the call",
    OfferState.FAILED: "The call could not be put through",
    OfferState.ABANDONED: "The caller is gone",
}
LATEST_TURNS = 6


@dataclass(frozen=True, slots=True)
class Card:
    """An offered call and all that is known of it."""

    offer: Offer
    call: CallPage

    @property
    def title(self) -> str:
        """Who calls, for a heading and a notification."""
        return self.call.name or self.call.phone or "Unknown number"

    @property
    def why(self) -> str:
        """Why the call goes to a person, in a few words."""
        return reason_words(self.offer.reason)

    @property
    def since(self) -> int:
        """When the caller began to wait, seconds since the epoch."""
        return int(self.offer.offered_at.timestamp())

    @property
    def place(self) -> str:
        """Where the call is."""
        if self.offer.state is OfferState.WAITING:
            return f"in the queue for {', '.join(self.offer.targets)}"
        if self.offer.state is OfferState.RINGING:
            return f"ringing at {', '.join(self.offer.targets)}"
        return f"answered at {self.offer.target or ', '.join(self.offer.targets)}"

    @property
    def latest(self) -> Sequence[Any]:
        """The end of what was said."""
        return self.call.transcript[-LATEST_TURNS:]


def paint_card(shown: Card, mine: bool) -> Markup:
    """An offered call as an item of the desk's list. mine: the reader has claimed it."""
    return _paint("card.html", card=shown, mine=mine)


def paint_offers(cards: Sequence[Markup]) -> Markup:
    """The list of offered calls."""
    return _paint("offers.html", cards=cards)


def paint_facts(call: CallPage, offer: Offer | None, over: bool) -> Markup:
    """The head of a call the reader has taken: who, why, and how it stands."""
    return _paint("facts.html", call=call, state=talk_state(offer, over), over=over)


def paint_talk(talk: WrapUp, call: CallPage, offer: Offer | None, over: bool) -> Markup:
    """A call the reader has taken, with its notes."""
    return _paint(
        "talk.html",
        talk=talk,
        title=call.name or call.phone or "an unknown number",
        facts=paint_facts(call, offer, over),
        transcript=paint_transcript(call),
        limit=NOTES_LIMIT,
    )


def paint_transcript(call: CallPage) -> Markup:
    """What was said, with who said it and when."""
    return _paint("transcript.html", call=call)


def paint_call(call: CallPage) -> Markup:
    """A whole call."""
    return _paint("call.html", call=call, delivery_words=DELIVERY_WORDS)


def paint_queue(cards: Sequence[Card], present: Sequence[Present], talking: Mapping[str, int]) -> Markup:
    """Who waits, how long and why, and who is there. talking: by agent, how many calls are not wrapped up."""
    return _paint("queue.html", cards=cards, present=present, talking=talking, state_words=STATE_WORDS)


def talk_state(offer: Offer | None, over: bool) -> tuple[str, str]:
    """How a claimed call stands: a word for its look, and a sentence."""
    if offer is not None and offer.state in LOST_WORDS:
        return "lost", LOST_WORDS[offer.state]
    if over:
        return "over", "The call is over"
    if offer is None or offer.state is OfferState.ACCEPTED:
        return "talking", "You have the caller"
    if offer.state is OfferState.RINGING:
        return "ringing", "Pick up your phone"
    return "ringing", "The caller is being put through"


def visible(offers: Sequence[Offer], user: User) -> list[Offer]:
    """Those of `offers` that concern `user`: for their targets, or claimed by them."""
    return [offer for offer in offers if offer.agent == user.name or user.sees(offer.targets)]


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("voicebot.web", "templates/desk/parts"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    found.filters["spaced"] = lambda text: text.replace("_", " ")
    found.filters["day"] = lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    found.filters["hour"] = lambda moment: moment.strftime("%H:%M:%S UTC")
    found.globals["disposition_words"] = DISPOSITION_WORDS
    found.globals["crm_names"] = CRM_NAMES
    return found


def _paint(name: str, **values: Any) -> Markup:
    return Markup(_environment().get_template(name).render(**values))  # noqa: S704
