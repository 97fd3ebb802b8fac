"""The list of calls and the page of one call."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, render_template, send_file
from flask.typing import ResponseReturnValue

from voicebot.roles import Role
from voicebot.settings import Settings
from voicebot.store.keeping import files
from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.store.users import User
from voicebot.web.desk.access import known, requires
from voicebot.web.desk.call_page import CallPage, listed, page, page_of_session
from voicebot.web.desk.fragments import paint_call
from voicebot.web.desk.sockets import live_page
from voicebot.web.errors import wants_page

LIST_LIMIT = 50


def blueprint(settings: Settings, sessions: Sessions, records: Records) -> Blueprint:
    """`/agent/calls` and `/agent/calls/<id>`; JSON for whoever asks for it.

    Supervisors see every call, agents those they took or are offered. The opaque id that came with a call to an
    agent's phone shows that call to the first agent who opens it, until it expires. Who sees a call may listen to
    its recordings, if they are on this machine's disk.
    """
    pages = Blueprint("calls", __name__)

    @pages.get("/agent/calls")
    @requires(Role.AGENT, Role.SUPERVISOR)
    def calls() -> ResponseReturnValue:
        user = known()
        all_of_them = user.may(Role.SUPERVISOR)
        rows = records.calls(LIST_LIMIT) if all_of_them else records.desk.calls_of(user.name, LIST_LIMIT)
        if wants_page():
            return render_template("desk/calls.html", calls=rows, all=all_of_them)
        return jsonify(calls=[listed(row) for row in rows])

    @pages.get("/agent/calls/<identity>")
    @requires(Role.AGENT, Role.SUPERVISOR)
    def call(identity: str) -> ResponseReturnValue:
        found = _find(identity, known(), sessions, records)
        if found is None:
            abort(404)
        if not wants_page():
            return jsonify(found.document())
        title = found.name or found.phone or "Unknown caller"
        return live_page(
            "desk/call.html", f"call:{identity}", settings, sessions, title=title, call=paint_call(found)
        )

    @pages.get("/agent/calls/<identity>/recordings/<int:number>")
    @requires(Role.AGENT, Role.SUPERVISOR)
    def recording(identity: str, number: int) -> ResponseReturnValue:
        call_id = call_for(identity, known(), sessions, records)
        kept = records.keeping.recordings_of(call_id) if call_id is not None else []
        path = next((one.path for one in kept if one.id == number), None)
        found = files(settings.recordings_dir, path) if path is not None else []
        if not found:
            abort(404)
        return send_file(found[0].resolve(), conditional=True, max_age=0)

    return pages


def _find(identity: str, user: User, sessions: Sessions, records: Records) -> CallPage | None:
    call_id = call_for(identity, user, sessions, records)
    if call_id is None:
        return None
    session = sessions.get(call_id)
    view = records.call(call_id)
    if view is not None:
        return page(view, session)
    return page_of_session(session) if session else None


def call_for(identity: str, user: User, sessions: Sessions, records: Records) -> str | None:
    """The call behind an agent context, or with this very id; None for one that `user` may not see.

    A context that another agent opened is answered with 409.
    """
    in_context = (
        sessions.resolve_context(identity)
        if user.may(Role.SUPERVISOR)
        else sessions.claim_context(identity, user.name)
    )
    if in_context is not None:
        return in_context
    if sessions.resolve_context(identity) is not None:
        abort(409)
    return identity if may_see(identity, user, records) else None


def may_see(call_id: str, user: User, records: Records) -> bool:
    """Whether `user` may see the call by its own id: supervisors all, agents what they took or are offered."""
    if user.may(Role.SUPERVISOR):
        return True
    offered = (
        offer for offer in records.offers.offers_of(call_id) if offer.state.open and user.sees(offer.targets)
    )
    return any(offered) or records.desk.took(user.name, call_id)
