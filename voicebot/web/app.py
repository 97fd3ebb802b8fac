"""The Flask application, put together."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

from voicebot.dialog.port import Dialog
from voicebot.settings import Settings
from voicebot.store.records import Records
from voicebot.store.schema import LARGEST_INTEGER
from voicebot.store.sessions import Sessions
from voicebot.web import errors, health, hooks, ops
from voicebot.web.desk import build as desk
from voicebot.web.gate import Gate
from voicebot.web.health import Readiness
from voicebot.web.switchboard import Switchboard

BODY_LIMIT = 256 * 1024


class _RowId(IntegerConverter):
    """`<int:…>` in the address of a page."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=LARGEST_INTEGER)


def create_app(
    settings: Settings, dialog: Dialog, sessions: Sessions, records: Records, ready: Callable[[], Readiness]
) -> Flask:
    """Webhooks, the pages of people and health, for any WSGI server with threads.

    ready: whether this process or its media nodes can take a call now; asked by `/readyz`.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.url_map.converters["int"] = _RowId
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(hooks.blueprint(Switchboard(settings, dialog, sessions, records), Gate(settings)))
    desk.install(app, settings, sessions, records)
    app.register_blueprint(ops.blueprint(settings, records))
    app.register_blueprint(health.blueprint(ready))
    errors.install(app)
    return app
