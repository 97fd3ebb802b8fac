"""The audio server: takes the gateways' sockets, lets in who has a token, and runs a call on each."""

from __future__ import annotations

import asyncio
import hmac
import http
import time
import uuid
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voicebot.dialog.types import Meaning, Recollection
from voicebot.errors import ProtocolError, StoreError
from voicebot.gateways import GATEWAYS, JAMBONZ_PATH, Gateway, gateway_for, select_subprotocol
from voicebot.gateways.port import StreamStarted, Wire, WireEvent
from voicebot.runtime.departure import Departure
from voicebot.runtime.metrics import CONTENT_TYPE, Metrics
from voicebot.runtime.runner import Runner
from voicebot.runtime.services import Services
from voicebot.runtime.socket import GatewayConnection, Outlet
from voicebot.settings import port_refused
from voicebot.store.records import Records
from voicebot.store.sessions import Session

log = structlog.get_logger()

TOKEN_SECONDS = 5.0
"""A socket that has not shown a valid token by then is closed."""

AT_ONCE = 0.005
"""Seconds within which a message that follows another has not been waited for: they are 20 ms apart on a line."""

WAITING_SOCKETS = 256
"""Sockets that may be on their way to showing a token, beyond the calls held. One more pushes out the one that has
waited longest: a gateway shows its token at once, so strangers who wait keep no call out."""

CODE_REFUSED, CODE_BUSY, CODE_FAILED = 1008, 1013, 1011


class AudioServer:
    """All audio sockets of this process. Use `start`, then `drain` and `close`.

    token_seconds: how long a new socket may take to show a valid token.
    others: what serves sockets that are no call's, by path.
    """

    def __init__(
        self,
        services: Services,
        token_seconds: float = TOKEN_SECONDS,
        others: Mapping[str, Callable[[ServerConnection], Awaitable[None]]] | None = None,
    ) -> None:
        self._services = services
        self._token_seconds = token_seconds
        self._others = others or {}
        self._metrics = Metrics(
            services.capacity, services.ticker, services.journal, services.voice_stats, services.hearing
        )
        self._live: set[str] = set()
        self._waiting: dict[ServerConnection, None] = {}
        self._sockets = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._server: Server | None = None
        self._ticking: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port listened on; useful where 0 was asked for."""
        assert self._server is not None
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises SettingsError when the address cannot be had."""
        settings = self._services.settings
        try:
            self._server = await serve(
                self._handle,
                settings.host,
                settings.ws_port,
                process_request=self._admit,
                create_connection=GatewayConnection,
                select_subprotocol=_subprotocol,
                compression=None,
                max_size=settings.max_message_bytes,
                open_timeout=3,
                ping_interval=20,
                ping_timeout=20,
                server_header=None,
            )
        except OSError as error:
            raise port_refused(settings, "ws_port", error) from error
        self._ticking = asyncio.create_task(self._services.ticker.run())

    async def drain(self) -> frozenset[str]:
        """Take no more calls; returns when the last stream is over, with the ids of the calls that were held."""
        self._services.capacity.drain()
        held = frozenset(self._live)
        await self._idle.wait()
        return held

    async def close(self) -> None:
        """End every call and stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        if self._ticking is not None:
            self._ticking.cancel()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/healthz":
            return connection.respond(http.HTTPStatus.OK, "alive\n")
        if request.path == "/metrics":
            response = connection.respond(http.HTTPStatus.OK, self._metrics.text())
            del response.headers["Content-Type"]
            response.headers["Content-Type"] = CONTENT_TYPE
            return response
        if request.path in self._others:
            return None
        gateway = gateway_for(request.path)
        if gateway is None:
            return connection.respond(
                http.HTTPStatus.NOT_FOUND, "No gateway speaks here; see /audio/jambonz and /audio.\n"
            )
        if gateway is GATEWAYS[JAMBONZ_PATH] and not self._basic_matches(request):
            response = connection.respond(http.HTTPStatus.UNAUTHORIZED, "Wrong user or password.\n")
            response.headers["WWW-Authenticate"] = 'Basic realm="voicebot"'
            return response
        if self._services.capacity.draining:
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "Not taking calls now.\n")
        return None

    def _basic_matches(self, request: Request) -> bool:
        settings = self._services.settings
        if settings.ws_password is None:
            return True
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        expected = f"{settings.ws_user}:{settings.ws_password.get_secret_value()}".encode()
        try:
            given = b64decode(credential, validate=True)
        except ValueError:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(given, expected)

    async def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        if (other := self._others.get(connection.request.path)) is not None:
            await other(connection)
            return
        gateway = gateway_for(connection.request.path)
        assert gateway is not None
        wire = gateway.wire()
        self._sockets += 1
        self._idle.clear()
        try:
            await self._serve(connection, gateway, wire)
        except ProtocolError as error:
            log.warning("socket.protocol_error", gateway=gateway.name, error=str(error))
            await connection.close(error.close_code, str(error)[:120])
        except ConnectionClosed:
            pass
        finally:
            self._sockets -= 1
            if not self._sockets:
                self._idle.set()

    async def _serve(self, connection: ServerConnection, gateway: Gateway, wire: Wire) -> None:
        if len(self._waiting) >= WAITING_SOCKETS:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.transport.abort()
        self._waiting[connection] = None
        try:
            async with asyncio.timeout(self._token_seconds):
                first = await self._first_events(connection, wire)
                started = first[0]
                assert isinstance(started, StreamStarted)
                session = await self._identify(connection, gateway, started)
        except TimeoutError:
            raise ProtocolError(f"no valid token within {self._token_seconds:g} s", CODE_REFUSED) from None
        except StoreError as error:
            log.error("socket.store_failed", gateway=gateway.name, error=str(error))
            raise ProtocolError("sessions cannot be read now", CODE_FAILED) from error
        finally:
            self._waiting.pop(connection, None)
        if session.call_id in self._live:
            raise ProtocolError("this call has a stream already", CODE_REFUSED)
        if not self._services.capacity.take():
            raise ProtocolError("every place is taken", CODE_BUSY)
        self._live.add(session.call_id)
        try:
            await self._hold(connection, wire, session, first[1:])
        finally:
            self._live.discard(session.call_id)
            self._services.capacity.release()

    async def _hold(
        self, connection: ServerConnection, wire: Wire, session: Session, events: Iterable[WireEvent]
    ) -> None:
        services = self._services
        outlet = Outlet(connection)
        departure = Departure(session, wire, outlet, connection, services.sessions, services.dialog)
        earlier = await asyncio.to_thread(_recollect, services.records, session)
        runner = Runner(session, wire, outlet, departure, services, self._metrics, earlier)
        sending = asyncio.create_task(self._send(outlet, connection, session.call_id))
        log.info("call.started", call=session.call_id, gateway=session.gateway, calls=len(self._live))
        try:
            runner.start()
            runner.take(events)
            async for incoming in self._events(connection, wire):
                runner.take(incoming)
        finally:
            runner.stop()
            sending.cancel()
            await runner.finished()
            await departure.finished()

    async def _send(self, outlet: Outlet, connection: ServerConnection, call_id: str) -> None:
        try:
            await outlet.run()
        except ConnectionClosed:
            pass
        except TimeoutError:
            log.warning("socket.stalled", call=call_id)
            connection.transport.abort()
        except Exception:
            # Nothing more can be said to this caller; the gateway asks what to do when the socket is gone.
            log.exception("socket.send_failed", call=call_id)
            connection.transport.abort()

    async def _first_events(self, connection: ServerConnection, wire: Wire) -> list[WireEvent]:
        async for events in self._events(connection, wire):
            if events:
                return events
        raise ProtocolError("the stream ended before it began")

    async def _events(self, connection: ServerConnection, wire: Wire) -> AsyncIterator[list[WireEvent]]:
        clock = asyncio.get_running_loop().time
        done = 0.0
        async for message in connection:
            now = clock()
            yield list(wire.receive(message, now))
            if now < done + AT_ONCE:
                # It was here already when the one before was dealt with. Other calls are to have their turn.
                await asyncio.sleep(0)
            done = clock()

    async def _identify(self, connection: ServerConnection, gateway: Gateway, started: StreamStarted) -> Session:
        """The session of the call this stream belongs to. Raises ProtocolError without a valid token."""
        sessions = self._services.sessions
        call_id = await asyncio.to_thread(sessions.redeem_token, started.token) if started.token else None
        if call_id is not None:
            session = await asyncio.to_thread(sessions.get, call_id)
            if session is not None:
                return session
        elif gateway is not GATEWAYS[JAMBONZ_PATH] and self._client_token_matches(connection, started.token):
            session = await asyncio.to_thread(sessions.open, _unannounced(started, gateway))
            if session.gateway == gateway.name:
                return session
        raise ProtocolError("the stream's token is missing, used, expired or unknown", CODE_REFUSED)

    def _client_token_matches(self, connection: ServerConnection, token: str) -> bool:
        expected = self._services.settings.audio_token
        assert connection.request is not None
        scheme, _, bearer = connection.request.headers.get("Authorization", "").partition(" ")
        given = (bearer if scheme.lower() == "bearer" else token).encode(errors="replace")
        return expected is not None and hmac.compare_digest(given, expected.get_secret_value().encode())


def _recollect(records: Records, session: Session) -> Recollection | None:
    """What the call's earlier stream was about; None for a first stream, or when it cannot be read."""
    if session.comeback is None:
        return None
    try:
        view = records.call(session.call_id)
    except StoreError as error:
        log.error("call.not_recollected", call=session.call_id, error=str(error))
        return None
    if view is None:
        return None
    row = view.row
    meaning = Meaning(row.intent, row.confidence or 0.0, row.slots)
    return Recollection(meaning, row.summary or "", session.attempts)


def _subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    chosen = select_subprotocol(offered)
    return None if chosen is None else Subprotocol(chosen)


def _unannounced(started: StreamStarted, gateway: Gateway) -> Session:
    """The session of a stream that no webhook announced."""
    return Session(
        call_id=started.call_id or str(uuid.uuid4()),
        caller=started.caller,
        called=started.called,
        started_at=time.time(),
        gateway=gateway.name,
    )
