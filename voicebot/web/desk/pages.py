"""The desk and the queue: their pages, and what an agent does there."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from voicebot.crm.zendesk_pop import ZendeskPop
from voicebot.privacy.redact import OUR_WORDS, Redactor
from voicebot.roles import Role
from voicebot.settings import Settings
from voicebot.store.records import Records
from voicebot.store.schema import LARGEST_INTEGER
from voicebot.store.sessions import Sessions
from voicebot.store.views import WrapUp, WrapUpDisposition
from voicebot.store.wrap_ups import NOTES_LIMIT
from voicebot.web.desk import csrf
from voicebot.web.desk.access import known, requires
from voicebot.web.desk.painter import Painter
from voicebot.web.desk.sockets import addresses, live_page

log = structlog.get_logger()


def blueprint(
    settings: Settings, sessions: Sessions, records: Records, painter: Painter, pop: ZendeskPop | None = None
) -> Blueprint:
    """`/agent`, `/agent/queue`, and the actions behind their buttons.

    pop: shows callers where agents work, besides the desk.
    """
    # An agent may well note a number or an address to write to; what nobody should keep is taken out.
    redactor = Redactor(OUR_WORDS.intersection(settings.redact))
    pages = Blueprint("desk", __name__)
    pages.before_request(csrf.check)
    hold = float(settings.wrap_up_seconds)

    def talk(written: WrapUp) -> Markup:
        return painter.talk(written)

    @pages.get("/agent")
    @requires(Role.AGENT)
    def desk() -> ResponseReturnValue:
        user = known()
        floor = records.floors.look([user.name])
        painter.refresh([offer.call_id for offer in floor.offers])
        shown = painter.offers(floor, user)
        talks = [talk(written) for written in floor.talks.get(user.name, ())]
        return live_page("desk/desk.html", "desk", settings, sessions, offers=shown, talks=talks)

    @pages.get("/agent/queue")
    @requires(Role.SUPERVISOR)
    def queue() -> ResponseReturnValue:
        present = records.desk.present()
        floor = records.floors.look([person.name for person in present])
        painter.refresh([offer.call_id for offer in floor.offers])
        return live_page("desk/queue.html", "queue", settings, sessions, queue=painter.queue(floor, present))

    @pages.post("/agent/token")
    @requires(Role.AGENT, Role.SUPERVISOR)
    def token() -> ResponseReturnValue:
        return jsonify(token=records.desk.issue_token(known().name), url=addresses(settings, sessions)[0])

    @pages.post("/agent/offers/<int:offer_id>/accept")
    @requires(Role.AGENT)
    def accept(offer_id: int) -> ResponseReturnValue:
        user = known()
        offer = records.offers.get(offer_id)
        if offer is None or not user.sees(offer.targets):
            abort(404)
        if not records.offers.claim(offer_id, user.name):
            latest = records.offers.get(offer_id)
            other = latest.agent if latest else None
            return _said(f"{other} was faster." if other else "The caller is gone.", 409)
        log.info("desk.accepted", call=offer.call_id, offer=offer_id)
        if pop is not None:
            pop.show(user.name, offer.call_id)
        return talk(records.wrap_ups.begin(offer.call_id, user.name, hold))

    @pages.post("/agent/offers/<int:offer_id>/release")
    @requires(Role.AGENT)
    def release(offer_id: int) -> ResponseReturnValue:
        user = known()
        offer = records.offers.get(offer_id)
        if offer is None or not records.offers.release(offer_id, user.name):
            return _said("The call cannot be given back any more.", 409)
        records.wrap_ups.drop(offer.call_id, user.name)
        log.info("desk.released", call=offer.call_id, offer=offer_id)
        return Response(status=204)

    @pages.get("/agent/talks/<int:wrap_up>")
    @requires(Role.AGENT)
    def shown(wrap_up: int) -> ResponseReturnValue:
        return talk(_own(records, wrap_up))

    @pages.post("/agent/talks/<int:wrap_up>")
    @requires(Role.AGENT)
    def write(wrap_up: int) -> ResponseReturnValue:
        written = _own(records, wrap_up)
        typed = _typed(request.get_json(silent=True))
        if typed is None:
            abort(400, f"version, notes (at most {NOTES_LIMIT} characters), disposition and done are expected")
        version, notes, disposition, done = typed
        notes = redactor.text(notes)
        kept = records.wrap_ups.save(
            written.call_id, written.agent, version, notes, disposition, hold, finish=done
        )
        if not kept:
            return _state(_own(records, wrap_up), 409)
        if done:
            log.info("desk.wrapped_up", call=written.call_id)
        return _state(_own(records, wrap_up), 200)

    return pages


def _own(records: Records, wrap_up: int) -> WrapUp:
    found = records.wrap_ups.find(wrap_up, known().name)
    if found is None:
        abort(404)
    return found


def _typed(body: Any) -> tuple[int, str, WrapUpDisposition | None, bool] | None:
    """What the page sends, or None if it is something else."""
    if not isinstance(body, dict):
        return None
    version, notes, ended = body.get("version"), body.get("notes"), body.get("disposition") or None
    if isinstance(version, bool) or not isinstance(version, int) or not isinstance(notes, str):
        return None
    if not 0 <= version <= LARGEST_INTEGER:
        return None
    if len(notes) > NOTES_LIMIT or (ended is not None and ended not in [each.value for each in WrapUpDisposition]):
        return None
    return version, notes, WrapUpDisposition(ended) if ended else None, body.get("done") is True


def _state(written: WrapUp, status: int) -> ResponseReturnValue:
    body = {
        "version": written.version,
        "notes": written.notes,
        "disposition": written.disposition.value if written.disposition else "",
        "finished": written.finished_at is not None,
    }
    return jsonify(body), status


def _said(sentence: str, status: int) -> ResponseReturnValue:
    return Response(sentence, status=status, mimetype="text/plain")
