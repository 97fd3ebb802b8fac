"""Signing in and out."""

from __future__ import annotations

import math
import time

import flask_login
import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from voicebot.roles import Role
from voicebot.store.users import User
from voicebot.web.desk import csrf
from voicebot.web.desk.access import SINCE, Doorkeeper, SignedIn, signed_in

log = structlog.get_logger()


def blueprint(keeper: Doorkeeper) -> Blueprint:
    """`/sign-in`, where `/` leads too, and `/sign-out`."""
    pages = Blueprint("signin", __name__)
    pages.before_request(csrf.check)

    @pages.get("/")
    def door() -> ResponseReturnValue:
        return redirect("/sign-in", 303)

    @pages.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        user = signed_in()
        if user is not None:
            return redirect(_next(request.args.get("next", ""), user), 303)
        return _form()

    @pages.post("/sign-in")
    def signing_in() -> ResponseReturnValue:
        address = request.remote_addr or ""
        wait = keeper.wait(address)
        if wait > 0:
            answer = _form("Too many attempts. Please wait a minute and try again.", 429)
            answer.headers["Retry-After"] = str(math.ceil(wait))
            return answer
        user = keeper.check(request.form.get("name", "").strip(), request.form.get("password", ""), address)
        if user is None:
            return _form("That name and password do not match.", 401)
        session.clear()
        session.permanent = True
        session[SINCE] = int(time.time())
        flask_login.login_user(SignedIn(user))
        log.info("sign_in.accepted")
        return redirect(_next(request.form.get("next", ""), user), 303)

    @pages.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        flask_login.logout_user()
        session.clear()
        return redirect("/sign-in", 303)

    return pages


def _form(complaint: str = "", status: int = 200) -> Response:
    fields = request.form if request.method == "POST" else request.args
    page = render_template(
        "desk/sign_in.html", complaint=complaint, name=fields.get("name", ""), next=fields.get("next", "")
    )
    return make_response(page, status)


def _next(wanted: str, user: User) -> str:
    """Where to go after signing in: a page of ours, never another site."""
    if wanted.isprintable() and wanted.startswith("/") and not wanted.startswith(("//", "/\\")):
        return wanted
    return "/agent" if user.may(Role.AGENT) else "/agent/queue" if user.may(Role.SUPERVISOR) else "/ops/deliveries"
