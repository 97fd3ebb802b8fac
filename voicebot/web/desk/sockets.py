"""Pages that stay live: where their connection goes, and what the browser is told to allow for it."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Response, make_response, render_template, request

from voicebot.errors import StoreError
from voicebot.settings import Settings, is_loopback
from voicebot.store.sessions import Sessions
from voicebot.web.errors import SECURITY_HEADERS

log = structlog.get_logger()


PATH = "/desk"
"""Path of the live connection on every audio server."""


def live_page(template: str, view: str, settings: Settings, sessions: Sessions, **values: Any) -> Response:
    """A page whose parts are pushed. view: which, as the live connection knows them."""
    sockets = addresses(settings, sessions)
    page = make_response(render_template(template, view=view, sockets=sockets, **values))
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    page.headers["Content-Security-Policy"] = f"{policy}; connect-src 'self' {' '.join(sockets)}"
    return page


def addresses(settings: Settings, sessions: Sessions) -> list[str]:
    """Where pages may connect: every audio server there is, in no order, or the configured address."""
    try:
        known = {f"{node.url or settings.ws_url}" for node in sessions.nodes()}
    except StoreError as error:
        # The pages work without sessions; the configured address serves as well.
        log.error("desk.nodes_unknown", error=str(error))
        known = set()
    found = [_from_outside(url) for url in sorted(known or {settings.ws_url})]
    random.shuffle(found)
    return found


def _from_outside(url: str) -> str:
    """`url` as the reader's browser reaches it: a server that says it is on this machine is on the page's host."""
    parts = urlsplit(url)
    host = urlsplit(f"//{request.host}").hostname or ""
    if parts.hostname and is_loopback(parts.hostname) and host:
        shown = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{shown}:{parts.port}{PATH}"
    return url + PATH
