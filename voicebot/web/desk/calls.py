"""The list of calls and the page of one call."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, render_template
from flask.typing import ResponseReturnValue

from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.store.users import Role, User
from voicebot.web.desk.access import known, requires
from voicebot.web.desk.call_page import (
    CRM_NAMES,
    DELIVERY_WORDS,
    CallPage,
    listed,
    outcome_words,
    page,
    page_of_session,
)
from voicebot.web.errors import wants_page

LIST_LIMIT = 50


def blueprint(sessions: Sessions, records: Records) -> Blueprint:
    """`/agent/calls` and `/agent/calls/<id>`; JSON for whoever asks for it.

    Supervisors see every call, agents those they took or are offered. The opaque id that came with a call to an
    agent's phone shows that call to every agent.
    """
    pages = Blueprint("calls", __name__)

    @pages.get("/agent/calls")
    @requires(Role.AGENT, Role.SUPERVISOR)
    def calls() -> ResponseReturnValue:
        user = known()
        rows = (
            records.calls(LIST_LIMIT)
            if user.may(Role.SUPERVISOR)
            else records.desk.calls_of(user.name, LIST_LIMIT)
        )
        if wants_page():
            return render_template("desk/calls.html", calls=rows, outcome=outcome_words)
        return jsonify(calls=[listed(row) for row in rows])

    @pages.get("/agent/calls/<identity>")
    @requires(Role.AGENT, Role.SUPERVISOR)
    def call(identity: str) -> ResponseReturnValue:
        found = _find(identity, known(), sessions, records)
        if found is None:
            abort(404)
        if wants_page():
            return render_template(
                "desk/call.html", call=found, delivery_words=DELIVERY_WORDS, crm_names=CRM_NAMES
            )
        return jsonify(found.document())

    return pages


def _find(identity: str, user: User, sessions: Sessions, records: Records) -> CallPage | None:
    """The call behind an agent context, or with this very id, if `user` may see it."""
    in_context = sessions.resolve_context(identity)
    call_id = in_context or identity
    if in_context is None and not may_see(call_id, user, records):
        return None
    session = sessions.get(call_id)
    view = records.call(call_id)
    if view is not None:
        return page(view, session)
    return page_of_session(session) if session else None


def may_see(call_id: str, user: User, records: Records) -> bool:
    """Whether `user` may see the call by its own id: supervisors all, agents what they took or are offered."""
    if user.may(Role.SUPERVISOR):
        return True
    offered = (
        offer for offer in records.offers.offers_of(call_id) if offer.state.open and user.sees(offer.targets)
    )
    return any(offered) or records.desk.took(user.name, call_id)
