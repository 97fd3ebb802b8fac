"""Forms that only our own pages can send: each carries a token that is bound to the session."""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, abort, request, session

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
KEY = "csrf"


def token() -> str:
    """The session's token, for a hidden field `csrf_token` or the header `X-CSRF-Token`."""
    if KEY not in session:
        session[KEY] = secrets.token_urlsafe(24)
    return str(session[KEY])


def check() -> None:
    """Refuse a request that changes something and lacks the token (400); a blueprint's `before_request`."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    kept = str(session.get(KEY, ""))
    if not kept or not hmac.compare_digest(kept.encode(), given.encode(errors="replace")):
        abort(400, "This page is too old to be sent. Load it again and repeat what you did.")


def install(app: Flask) -> None:
    """Let templates write `csrf_token()`."""
    app.jinja_env.globals["csrf_token"] = token
