"""The desk, put together for the Flask application."""

from __future__ import annotations

from flask import Flask

from voicebot.crm.build import zendesk_pop
from voicebot.settings import Settings
from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.web.desk import access, calls, csrf, pages, signin
from voicebot.web.desk.painter import Painter


def install(app: Flask, settings: Settings, sessions: Sessions, records: Records) -> None:
    """Give `app` its users, the sign-in pages and everything under `/agent`."""
    keeper = access.install(app, settings, records.users)
    access.install_context(app)
    csrf.install(app)
    app.register_blueprint(signin.blueprint(keeper))
    app.register_blueprint(calls.blueprint(settings, sessions, records))
    pop = zendesk_pop(settings, records)
    app.register_blueprint(pages.blueprint(settings, sessions, records, Painter(sessions, records), pop))
