"""`voicebot crm connect`: an account is connected in a browser, and its tokens are kept encrypted."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from voicebot.crm.hubspot_oauth import App, Tokens, Wish
from voicebot.errors import ConfigError

PATH = "/oauth/hubspot"
PATIENCE_SECONDS = 600.0
"""How long a person may take; a state older than ten minutes is not believed."""

_PAGE = b"<!doctype html><title>voicebot</title><p>%s You can close this window.</p>"


def connect(app: App, port: int, say: Callable[[str], None], ask: Callable[[], str] | None = None) -> Tokens:
    """Send the person to HubSpot and take what comes back.

    port: of the listener on this machine, which the app's redirect URL names. ask: instead of listening, asks for
    the address the browser was sent to, where the browser is on another machine.

    Raises ConfigError when nothing, or something wrong, comes back; CrmError.
    """
    wish = app.wish(f"http://localhost:{port}{PATH}")
    say(f"Open this address, choose the account, and allow it:\n\n  {wish.url}\n")
    if ask is None:
        came = _listen(port, lambda: say(f"Waiting for the browser to come back to {wish.redirect} …"))
    else:
        came = ask()
    return app.exchange(wish, code_of(wish, came))


def code_of(wish: Wish, address: str) -> str:
    """The code in the address a browser was sent back to. Raises ConfigError for anybody else's."""
    given = {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
    if not hmac.compare_digest(given.get("state", "").encode(), wish.state.encode()):
        raise ConfigError("that address does not belong to this attempt: begin again")
    if "code" not in given:
        raise ConfigError(f"HubSpot did not allow it ({given.get('error', 'no reason given')[:60]}): begin again")
    return given["code"]


class _Listener(HTTPServer):
    came = ""
    timeout = PATIENCE_SECONDS

    def handle_timeout(self) -> None:
        raise ConfigError("nobody came back within ten minutes: begin again")


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        known = urlsplit(self.path).path == PATH
        if known:
            self.server.came = self.path
        content = _PAGE % (b"voicebot has the answer." if known else b"There is nothing here.")
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address holds a code."""


def _listen(port: int, ready: Callable[[], None]) -> str:
    """The address that comes; `ready` is called when somebody is there to take it."""
    try:
        listener = _Listener(("127.0.0.1", port), _Handler)
    except OSError as error:
        raise ConfigError(f"--port {port}: {error.strerror}; choose another, or --paste") from None
    with listener:
        ready()
        while not listener.came:
            listener.handle_request()
    return listener.came
