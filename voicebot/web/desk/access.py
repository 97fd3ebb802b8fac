"""Who is signed in, and what they may see.

A view says whom it is for with `requires`; browsers sign in at `/sign-in` and are known by a cookie, programs send
HTTP Basic with every request.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import quote

import flask_login
import structlog
from flask import Flask, Request, Response, abort, redirect, request, session
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, TooManyRequests

from voicebot.errors import StoreError
from voicebot.roles import Role
from voicebot.settings import Settings
from voicebot.store.users import User, Users
from voicebot.web.errors import wants_page
from voicebot.web.limiter import FailureLimit

__all__ = ["Role", "install", "requires", "signed_in"]

log = structlog.get_logger()

COOKIE = "voicebot_session"
SINCE = "since"
"""Where a session says when it began, in seconds since the epoch."""

SESSION_SECONDS = 12 * 3600
"""From signing in, however busy the session is: a cookie somebody copied is good for no longer."""

REMEMBERED = 256

AT_ONCE = 8
"""Passwords checked at a time: a quarter of the threads, so that guessing from everywhere delays no webhook."""

P = ParamSpec("P")


class SignedIn:
    """A user as Flask-Login wants one."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        """What the cookie says: name and password, so that a changed password ends every session."""
        return f"{_mark(self.user)} {self.user.name}"


class Doorkeeper:
    """Checks names and passwords, slowly for whoever guesses. Thread-safe.

    Programs send the password with every request; one that was right is remembered, as a keyed hash, for as long
    as it is the user's, because checking it takes 50 ms of a core.
    """

    def __init__(self, users: Users, limit: FailureLimit | None = None) -> None:
        self._users = users
        self._limit = limit or FailureLimit()
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._lock = threading.Lock()
        self._checking = threading.BoundedSemaphore(AT_ONCE)

    def wait(self, address: str) -> float:
        """Seconds until `address` may try again; 0 if it may now."""
        return self._limit.wait(address)

    def check(self, name: str, password: str, address: str) -> User | None:
        """The user, if the password is theirs; otherwise a failure of `address` is counted.

        Raises TooManyRequests while as many are being checked as may be.
        """
        proof = hmac.digest(self._key, password.encode(errors="replace"), "sha256")
        with self._lock:
            known, hashed = self._right.get(name, (b"", ""))
        if hmac.compare_digest(known, proof):
            user = self._users.get(name)
            if user is not None and user.password_hash == hashed:
                return user
        if not self._checking.acquire(blocking=False):
            raise TooManyRequests(retry_after=1)
        try:
            user = self._users.check(name, password)
        finally:
            self._checking.release()
        if user is None:
            self._limit.failed(address)
            log.warning("sign_in.refused", path=request.path)
            return None
        with self._lock:
            self._right[name] = (proof, user.password_hash)
            self._right.move_to_end(name)
            if len(self._right) > REMEMBERED:
                self._right.popitem(last=False)
        return user


def install(app: Flask, settings: Settings, users: Users) -> Doorkeeper:
    """Let `app` know its users; the returned doorkeeper is for the sign-in page."""
    key = settings.session_key
    app.config.update(
        SECRET_KEY=key.get_secret_value() if key else secrets.token_hex(32),
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.http_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=SESSION_SECONDS,
    )
    keeper = Doorkeeper(users)
    manager = flask_login.LoginManager()
    manager.init_app(app, add_context_processor=False)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def from_cookie(identity: str) -> SignedIn | None:
        mark, _, name = identity.partition(" ")
        since = session.get(SINCE)
        if not isinstance(since, int) or time.time() - since > SESSION_SECONDS:
            return None
        user = users.get(name)
        return SignedIn(user) if user and hmac.compare_digest(mark, _mark(user)) else None

    @manager.request_loader  # type: ignore[untyped-decorator]
    def from_basic(incoming: Request) -> SignedIn | None:
        given = incoming.authorization
        if given is None or given.type != "basic":
            return None
        address = incoming.remote_addr or ""
        _not_too_soon(keeper, address)
        user = keeper.check(given.username or "", given.password or "", address)
        return SignedIn(user) if user else None

    return keeper


def signed_in() -> User | None:
    """Who asks, or None."""
    found = flask_login.current_user._get_current_object()
    return found.user if isinstance(found, SignedIn) else None


def known() -> User:
    """Who asks, in a view behind `requires`."""
    user = signed_in()
    if user is None:
        abort(401)
    return user


def requires(
    *roles: Role,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """A view for people with any of `roles`; for everybody who is signed in without any.

    Who is not signed in is sent to the sign-in page (a program gets 401), who lacks the role gets 403.
    """

    def guard(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            user = signed_in()
            if user is None:
                return _stranger()
            if roles and not user.may(*roles):
                abort(403)
            return view(*args, **kwargs)

        return guarded

    return guard


def _stranger() -> ResponseReturnValue:
    if wants_page() and "Authorization" not in request.headers:
        if "HX-Request" in request.headers:
            # A part of a page cannot become the sign-in page; the whole one goes there.
            return Response(status=401, headers={"HX-Redirect": "/sign-in"})
        back = request.full_path.rstrip("?") if request.method == "GET" else "/agent"
        return redirect(f"/sign-in?next={quote(back, safe='')}", 303)
    answer = Response(
        "User name and password, please; `voicebot users` makes them.\n", status=401, mimetype="text/plain"
    )
    if "Sec-Fetch-Mode" not in request.headers:
        # A browser would ask for the password in a window of its own, and never forget it.
        answer.headers["WWW-Authenticate"] = 'Basic realm="voicebot", charset="UTF-8"'
    return answer


def _not_too_soon(keeper: Doorkeeper, address: str) -> None:
    wait = keeper.wait(address)
    if wait > 0:
        raise TooManyRequests(retry_after=math.ceil(wait))


def _mark(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:24]


def first_user(settings: Settings, users: Users) -> None:
    """Make the user the start-up text tells of, if there is none yet. Raises StoreError."""
    if settings.agent_password is not None and users.begin(
        settings.agent_user, settings.agent_password.get_secret_value()
    ):
        log.info("users.first")


PAGES = (
    ("/agent", "Desk", (Role.AGENT,)),
    ("/agent/queue", "Queue", (Role.SUPERVISOR,)),
    ("/agent/calls", "Calls", (Role.AGENT, Role.SUPERVISOR)),
    ("/ops/deliveries", "Deliveries", (Role.OPS,)),
)
"""The pages in the bar at the top: path, name, and who may see them."""


def install_context(app: Flask) -> None:
    """Let templates know `user` and the pages the user may see."""

    def pages_for(user: User) -> list[tuple[str, str, tuple[Role, ...]]]:
        served = {rule.rule for rule in app.url_map.iter_rules()}
        return [page for page in PAGES if user.may(*page[2]) and page[0] in served]

    @app.context_processor
    def context() -> dict[str, Any]:
        return {"user": _reader(), "pages_for": pages_for}


def _reader() -> User | None:
    try:
        return signed_in()
    except (StoreError, HTTPException):
        # The page that says so must not fail for the same reason.
        return None
