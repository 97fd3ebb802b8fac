"""What the fake vendors have in common: requests kept, answers lost, refused or late on request."""

from __future__ import annotations

import argparse
import json
import socket
import struct
import threading
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from voicebot.testing.loopback import LoopbackServer, Serving

_HANG_SECONDS = 60.0


class Fault(Enum):
    """How a request fails. Those before `DROPPED` are carried out all the same."""

    LOST = "lost"  # the connection closes without an answer
    HANG = "hang"  # no answer
    BAD_GATEWAY = "bad_gateway"  # 502 from something in between
    GARBAGE = "garbage"  # 200 with something that is not JSON
    NO_ID = "no_id"  # 200 with a JSON object that says nothing
    DROPPED = "dropped"  # the connection closes, nothing is done
    RESET = "reset"  # the connection is reset, nothing is done
    STALL = "stall"  # no answer, and nothing is done
    BROKEN = "broken"  # 500
    AWAY = "away"  # 503, with Retry-After if one is given
    HTML = "html"  # 403 with a page, as a firewall sends it
    REDIRECT = "redirect"  # 302
    UNAUTHORIZED = "unauthorized"  # 401
    FORBIDDEN = "forbidden"  # 403
    THROTTLED = "throttled"  # 429
    TEN_SECONDLY_ROLLING = "ten_secondly_rolling"  # 429 by HubSpot's other limit
    SPENT = "spent"  # the allowance of a day
    INVALID = "invalid"  # 400 or 422, as the vendor says it
    GONE = "gone"  # 404
    CONFLICT = "conflict"  # 409
    TOO_LARGE = "too_large"  # 413
    LOCKED = "locked"  # 423
    MIGRATING = "migrating"  # 477


CARRIED_OUT = (Fault.LOST, Fault.HANG, Fault.BAD_GATEWAY, Fault.GARBAGE, Fault.NO_ID)
_SILENT = (Fault.LOST, Fault.HANG, Fault.DROPPED, Fault.RESET, Fault.STALL)
_WORDLESS = (*CARRIED_OUT, *_SILENT, Fault.HTML, Fault.REDIRECT)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. body: JSON, or the fields of a form; raw: its bytes."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. body: JSON; None for none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Ends a request with `reply`."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(slots=True)
class _Scripted:
    fault: Fault
    part: str
    times: int
    retry_after: str


class FakeVendor(LoopbackServer):
    """Base of a fake vendor; a context manager.

    requests: everything that came but what went `aside`, in order. written: set when something was kept.
    """

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.written = threading.Event()
        self._script: list[_Scripted] = []
        self._lock = threading.Lock()
        super().__init__(_Handler, port)

    @property
    def url(self) -> str:
        """Its base URL."""
        return self.base

    @abstractmethod
    def carry_out(self, request: Request) -> Reply:
        """Do what is asked; may raise Refused. Called by one thread at a time."""

    @abstractmethod
    def refusal(self, fault: Fault) -> Reply:
        """The vendor's own words for a fault that has some. Raises KeyError for one it does not have."""

    def aside(self, request: Request) -> Reply | None:
        """The answer to a request that is not kept and never fails; None for others. Called by many threads."""
        return None

    def meant(self, request: Request, part: str) -> bool:
        """Whether `part` means this request: its method and path contain it, such as `POST /tickets`."""
        return part in f"{request.method} {request.path}"

    def fail(self, fault: Fault, part: str = "", times: int = 1, retry_after: str = "") -> None:
        """Fail the next `times` requests that `part` means. retry_after: that header."""
        if fault not in _WORDLESS:
            self.refusal(fault)
        with self._lock:
            self._script.append(_Scripted(fault, part, times, retry_after))

    def heal(self) -> None:
        """Fail no more."""
        with self._lock:
            self._script.clear()

    def asked(self, part: str) -> list[Request]:
        """The requests that `part` means, oldest first."""
        return [request for request in self.requests if self.meant(request, part)]

    def answer(self, handler: _Handler, request: Request) -> None:
        """Carry out one request, or fail as scripted."""
        if (beside := self.aside(request)) is not None:
            handler.reply(beside)
            return
        with self._lock:
            self.requests.append(request)
            scripted = self._scripted(request)
            reply = Reply(0)
            if scripted is None or scripted.fault in CARRIED_OUT:
                try:
                    reply = self.carry_out(request)
                except Refused as refused:
                    reply = refused.reply
        if scripted is None:
            handler.reply(reply)
        else:
            self._fail(handler, scripted)

    def _scripted(self, request: Request) -> _Scripted | None:
        for scripted in self._script:
            if self.meant(request, scripted.part):
                scripted.times -= 1
                if scripted.times <= 0:
                    self._script.remove(scripted)
                return scripted
        return None

    def _fail(self, handler: _Handler, scripted: _Scripted) -> None:
        fault = scripted.fault
        headers = {"Retry-After": scripted.retry_after} if scripted.retry_after else {}
        if fault in (Fault.HANG, Fault.STALL):
            self.released.wait(_HANG_SECONDS)
        if fault is Fault.RESET:
            # With a linger of zero, closing sends RST instead of FIN.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault in _SILENT:
            handler.close_connection = True
        elif fault in (Fault.HTML, Fault.BAD_GATEWAY):
            handler.send(403 if fault is Fault.HTML else 502, "text/html", b"<h1>Sorry</h1>", headers)
        elif fault is Fault.REDIRECT:
            handler.send(302, "text/html", b"", {"Location": f"{self.base}/elsewhere"})
        elif fault is Fault.GARBAGE:
            handler.send(200, "application/json", b'{"id": "7', headers)
        elif fault is Fault.NO_ID:
            handler.reply(Reply(200, {"status": "ok"}))
        else:
            reply = self.refusal(fault)
            handler.reply(Reply(reply.status, reply.body, {**reply.headers, **headers}))


def command(module: str, description: str) -> argparse.ArgumentParser:
    """The command line of a fake vendor that runs as a process: `python -m module`."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    return parser


def run(vendor: FakeVendor) -> None:
    """Serve until the process is killed; prints the base URL."""
    with vendor:
        print(vendor.url, flush=True)  # noqa: T201
        threading.Event().wait()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: two would wait for each other's acknowledgement
    server: Serving[FakeVendor]

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        if "urlencoded" in self.headers.get("Content-Type", ""):
            body: Any = dict(parse_qsl(raw.decode()))
        else:
            try:
                body = json.loads(raw or b"{}")
            except ValueError:
                body = None
        query = dict(parse_qsl(parts.query))
        request = Request(self.command, parts.path, query, dict(self.headers.items()), body, raw)
        self.server.fake.answer(self, request)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

    def reply(self, reply: Reply) -> None:
        content = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send(reply.status, "application/json", content, reply.headers)

    def send(self, status: int, kind: str, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the requests are kept."""
