"""The agent's pages: who is calling, why, and what was said, before the first hello.

Server-rendered, without a script: a page that shows a live call asks the browser to load it again.
"""

from __future__ import annotations

import math

import structlog
from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from voicebot.settings import Settings
from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.web.agent_view import (
    CRM_NAMES,
    DELIVERY_WORDS,
    CallPage,
    listed,
    outcome_words,
    page,
    page_of_session,
)
from voicebot.web.errors import wants_page
from voicebot.web.gate import matches
from voicebot.web.limiter import FailureLimit

log = structlog.get_logger()

LIST_LIMIT = 50
REFRESH_SECONDS = 3


def blueprint(settings: Settings, sessions: Sessions, records: Records) -> Blueprint:
    """`/agent/calls` and `/agent/calls/<id>`, behind HTTP Basic; JSON for whoever asks for it."""
    pages = Blueprint("agent", __name__)
    limit = FailureLimit()

    @pages.before_request
    def check() -> ResponseReturnValue | None:
        return _refusal(settings, limit)

    @pages.get("/agent/calls")
    def calls() -> ResponseReturnValue:
        rows = records.calls(LIST_LIMIT)
        if wants_page():
            return render_template("calls.html", calls=rows, outcome=outcome_words, refresh=None)
        return jsonify(calls=[listed(row) for row in rows])

    @pages.get("/agent/calls/<identity>")
    def call(identity: str) -> ResponseReturnValue:
        found = _find(identity, sessions, records)
        if found is None:
            abort(404)
        if wants_page():
            refresh = REFRESH_SECONDS if found.live else None
            words = {"delivery_words": DELIVERY_WORDS, "crm_names": CRM_NAMES}
            return render_template("call.html", call=found, refresh=refresh, **words)
        return jsonify(found.document())

    return pages


def _find(identity: str, sessions: Sessions, records: Records) -> CallPage | None:
    """The call behind an agent context, or with this very id."""
    call_id = sessions.resolve_context(identity) or identity
    session = sessions.get(call_id)
    view = records.call(call_id)
    if view is not None:
        return page(view, session)
    return page_of_session(session) if session else None


def _refusal(settings: Settings, limit: FailureLimit) -> Response | None:
    if settings.agent_password is None:
        return _plain(503, "These pages are closed: set VOICEBOT_AGENT_PASSWORD and start the server again.\n")
    address = request.remote_addr or ""
    wait = limit.wait(address)
    if wait > 0:
        answer = _plain(429, "Too many wrong passwords. Please wait a minute.\n")
        answer.headers["Retry-After"] = str(math.ceil(wait))
        return answer
    if matches(request, settings.agent_user, settings.agent_password.get_secret_value()):
        return None
    if "Authorization" in request.headers:
        # A browser's first request comes without a password; that is no guess.
        limit.failed(address)
        log.warning("agent.refused", path="/agent")
    answer = _plain(401, "User name and password, please: VOICEBOT_AGENT_USER and VOICEBOT_AGENT_PASSWORD.\n")
    answer.headers["WWW-Authenticate"] = 'Basic realm="voicebot calls", charset="UTF-8"'
    return answer


def _plain(status: int, text: str) -> Response:
    return Response(text, status=status, mimetype="text/plain")
