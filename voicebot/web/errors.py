"""Answers to what went wrong: JSON for machines, a short page for people, and never a stack trace."""

from __future__ import annotations

import structlog
from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from voicebot.errors import StoreError
from voicebot.web.incoming import BadHook

log = structlog.get_logger()

HINTS = {
    403: "Your user lacks the role for this page; `voicebot users` gives roles.",
    404: "There is nothing here. The link may have expired, or the address has a typing error.",
    405: "This address takes another method. Webhooks must be configured as POST.",
    429: "Too many passwords were tried. Please wait a minute and try again.",
    409: "A colleague has opened this call already: the link is for one agent. The desk shows who took it.",
    413: "The request is too large.",
    503: "The records cannot be read at the moment. Please try again shortly.",
}

PAGES = ("/agent", "/ops", "/sign-")
"""Where people go; everything else is for programs."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def install(app: Flask) -> None:
    """Give `app` these answers and the security headers on everything it sends."""

    @app.errorhandler(BadHook)
    def bad_hook(error: BadHook) -> ResponseReturnValue:
        log.warning("http.bad_hook", path=request.path, field=error.field)
        return jsonify(error=str(error), field=error.field), 400

    @app.errorhandler(StoreError)
    def store_failed(error: StoreError) -> ResponseReturnValue:
        log.error("http.store_failed", path=request.path, error=str(error))
        return _answer(503, "Service Unavailable")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        answer = _answer(error.code or 500, error.name, error.description if error.code == 400 else None)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> ResponseReturnValue:
        log.error("http.failed", path=request.path, error=type(error).__name__)
        return _answer(500, "Internal Server Error")

    @app.after_request
    def secure(answer: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            answer.headers.setdefault(name, value)
        if request.endpoint != "static":
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer


def _answer(status: int, name: str, said: str | None = None) -> Response:
    hint = said or HINTS.get(status, "")
    if wants_page():
        answer = Response(render_template("error.html", status=status, name=name, hint=hint), mimetype="text/html")
    else:
        answer = jsonify(error=hint or name)
    answer.status_code = status
    return answer


def wants_page() -> bool:
    """Whether the reader is a person with a browser."""
    if not request.path.startswith(PAGES):
        return False
    if request.args.get("format") == "json":
        return False
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "text/html"
