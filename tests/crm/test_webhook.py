"""Signed events: believed by whoever has the secret, and sent nowhere they must not go."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.crm.support import Clock, Ledger
from tests.crm.test_note import NOTE
from voicebot.crm.port import NoteTurn, NoteWrapUp
from voicebot.crm.webhook import Webhook, event, event_id, sign
from voicebot.crm.webhook_target import Target, session
from voicebot.errors import CrmRejected, CrmThrottled, CrmUnauthorized, CrmUnavailable, SettingsError
from voicebot.testing.vendor import Fault
from voicebot.testing.webhook import SECRET, FakeReceiver

OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes......").decode()


def connect(receiver: FakeReceiver, clock: Clock, secret: str = SECRET, transcript: bool = False) -> Webhook:
    return Webhook(Target.of(receiver.url + "/in"), SecretStr(secret), transcript, (1.0, 0.3), clock)


def test_signature_is_the_specifications() -> None:
    """The example of the Standard Webhooks specification's reference implementation."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_event_reaches_the_receiver() -> None:
    """Type, time and data; the transcript only where it is wanted."""
    clock = Clock()
    with FakeReceiver(clock=clock) as receiver:
        note = replace(NOTE, fields={"mood": "good"})
        identity = connect(receiver, clock).deliver(note, Ledger().attempt())
        got = receiver.events[identity]
        assert (got["type"], got["timestamp"]) == ("call.completed", "2026-11-20T10:01:15Z")
        assert got["data"]["call_id"] == "call-1"
        assert got["data"]["slots"] == {"order_number": "1234"}
        assert got["data"]["fields"] == {"mood": "good"}
        assert "transcript" not in got["data"]
        connect(receiver, clock, transcript=True).deliver(replace(note, call_id="call-2"), Ledger().attempt())
        told = receiver.events[event_id("call-2")]["data"]["transcript"]
        assert told[1] == {"who": "caller", "text": "Where is my order?"}


def test_late_wrap_up_is_an_event_of_its_own() -> None:
    """With an id of its own and what the agent wrote."""
    late = replace(NOTE, call_id="call-1-wrap-up-2", late=True, wrap_ups=(NoteWrapUp("ada", "resolved", "Done."),))
    told = event(late, transcript=True)
    assert told["type"] == "call.wrapped_up"
    assert told["data"]["wrap_ups"] == [{"agent": "ada", "disposition": "resolved", "text": "Done."}]
    assert event_id(late.call_id) != event_id(NOTE.call_id)


def test_every_attempt_has_the_same_id_and_its_own_time() -> None:
    """The receiver knows a repeat by the id; the time is of the attempt, so that an old one is not believed."""
    clock = Clock()
    with FakeReceiver(clock=clock) as receiver:
        crm = connect(receiver, clock)
        receiver.fail(Fault.LOST)
        with pytest.raises(CrmUnavailable):
            crm.deliver(NOTE, Ledger().attempt())
        clock.now += 3600
        crm.deliver(NOTE, Ledger(repeat=True).attempt())
        ids = {request.headers["webhook-id"] for request in receiver.requests}
        stamps = {request.headers["webhook-timestamp"] for request in receiver.requests}
        assert (len(ids), len(stamps), len(receiver.events)) == (1, 2, 1)


@pytest.mark.parametrize("secrets", [f"{OTHER} {SECRET}", f"{SECRET},{OTHER}"])
def test_while_secrets_change_both_sign(secrets: str) -> None:
    """A receiver that knows either believes it."""
    clock = Clock()
    with FakeReceiver(clock=clock) as receiver:
        connect(receiver, clock, secrets).deliver(NOTE, Ledger().attempt())
        assert len(receiver.events) == 1


def test_wrong_secret_is_refused() -> None:
    """401: the target stops until it is mended."""
    clock = Clock()
    with (
        FakeReceiver(clock=clock) as receiver,
        pytest.raises(CrmUnauthorized, match="VOICEBOT_CRM_WEBHOOK_SECRET"),
    ):
        connect(receiver, clock, OTHER).deliver(NOTE, Ledger().attempt())


@pytest.mark.parametrize(
    "secret", ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", SECRET.removeprefix("whsec_")]
)
def test_secret_that_is_none_is_told_at_start(secret: str) -> None:
    """With how to make one, and without its text."""
    with pytest.raises(SettingsError, match="VOICEBOT_CRM_WEBHOOK_SECRET") as caught:
        Webhook(Target.of("https://hooks.example"), SecretStr(secret))
    assert len(secret) < 8 or secret not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.GONE, CrmUnauthorized),
        (Fault.TOO_LARGE, CrmRejected),
        (Fault.THROTTLED, CrmThrottled),
        (Fault.BAD_GATEWAY, CrmThrottled),
        (Fault.INVALID, CrmUnavailable),
        (Fault.BROKEN, CrmUnavailable),
    ],
)
def test_status_decides(fault: Fault, kind: type[Exception]) -> None:
    """410 ends it, 429 and 502 slow it down, whatever else is not 2xx is tried again."""
    clock = Clock()
    with FakeReceiver(clock=clock) as receiver:
        receiver.fail(fault)
        with pytest.raises(kind) as caught:
            connect(receiver, clock).deliver(NOTE, Ledger().attempt())
        assert type(caught.value) is kind


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/in",
        "ftp://hooks.example/in",
        "https://me:secret@hooks.example/in",
        "https://hooks.example/in#part",
        "https:///in",
        "https://hooks.example:99999/in",
        "hooks.example",
    ],
)
def test_address_that_cannot_be_trusted_is_told_at_start(url: str) -> None:
    """Plain http beyond this machine, credentials in the URL, and what is no URL at all."""
    with pytest.raises(SettingsError, match="VOICEBOT_CRM_WEBHOOK_URL"):
        Target.of(url)


def test_plain_http_is_allowed_when_it_is_said() -> None:
    """And on this very machine anyway."""
    assert Target.of("http://workflow.internal/in", private=True).port == 80
    assert Target.of("http://127.0.0.1:5678/in").port == 5678


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "192.168.1.1",
    "172.16.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:a00:1::",
    "224.0.0.1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_name_that_points_inside_is_not_talked_to(address: str) -> None:
    """Loopback, private, link-local, metadata and carrier addresses, however they are written."""
    target = Target.of("https://hooks.example/in")
    for found in ([address], ["93.184.215.14", address]):
        with pytest.raises(CrmUnavailable, match="VOICEBOT_CRM_WEBHOOK_PRIVATE"):
            target.address(lambda host, port, found=found: found)  # type: ignore[misc]
    allowed = Target.of("https://hooks.example/in", private=True)
    assert allowed.address(lambda host, port: [address]) == address


def test_check_says_when_the_address_is_not_to_be_talked_to() -> None:
    """An operator hears of it before the first event is lost on it."""
    target = Target.of("https://hooks.example/in")
    webhook = Webhook(target, SecretStr(SECRET), look_up=lambda host, port: ["10.0.0.1"])
    with pytest.raises(CrmUnavailable, match="VOICEBOT_CRM_WEBHOOK_PRIVATE"):
        webhook.check()


def test_public_address_is_connected_to_as_it_was_checked() -> None:
    """The name is not resolved a second time; it stays in the Host header and the certificate's check."""
    target = Target.of("https://hooks.example:8443/in?x=1")
    assert target.at(target.address(lambda host, port: ["93.184.215.14"])) == "https://93.184.215.14:8443/in?x=1"
    assert target.at("2606:2800:21f::1") == "https://[2606:2800:21f::1]:8443/in?x=1"
    assert target.named == "hooks.example:8443"


def test_host_that_is_not_found_is_tried_again() -> None:
    """A name server that is away costs no event."""
    clock = Clock()

    def nothing(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    crm = Webhook(Target.of("https://hooks.example/in"), SecretStr(SECRET), clock=clock, look_up=nothing)
    with pytest.raises(CrmUnavailable, match="cannot be resolved") as caught:
        crm.deliver(NOTE, Ledger().attempt())
    assert not caught.value.ambiguous


@given(call_id=st.text(max_size=300), text=st.text(max_size=300))
def test_every_call_has_an_event(call_id: str, text: str) -> None:
    """Whatever a gateway calls a call and a recogniser hears: an id without a full stop, a body that is JSON."""
    note = replace(NOTE, call_id=call_id, summary=text, turns=(NoteTurn("Caller", text),))
    assert "." not in event_id(call_id)
    body = json.dumps(event(note, transcript=True), ensure_ascii=False).encode("utf-8", "replace")
    assert json.loads(body)["type"] == "call.completed"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A TLS server on loopback whose certificate is for hooks.example: its port, and whom to trust."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "server.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    trusted = folder / "trusted.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.send_header("X-Host", self.headers["Host"])
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1], trusted
    server.shutdown()
    server.server_close()
    thread.join()


def test_certificate_is_asked_for_the_name(secure: tuple[int, Path]) -> None:
    """Connected by address, the certificate must still be the name's, and so is the Host header."""
    port, trusted = secure
    target = Target.of(f"https://hooks.example:{port}/in")
    with session(target) as connections:
        connections.verify = str(trusted)
        answer = connections.get(target.at("127.0.0.1"), headers={"Host": target.named}, timeout=5)
        assert (answer.status_code, answer.headers["X-Host"]) == (204, f"hooks.example:{port}")


def test_certificate_of_somebody_else_is_refused(secure: tuple[int, Path]) -> None:
    """Whoever sits at the address without the name's certificate gets nothing."""
    port, trusted = secure
    target = Target.of(f"https://other.example:{port}/in")
    with session(target) as connections:
        connections.verify = str(trusted)
        with pytest.raises(requests.exceptions.SSLError):
            connections.get(target.at("127.0.0.1"), timeout=5)
