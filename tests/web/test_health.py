"""Alive, and ready."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from voicebot.errors import StoreError
from voicebot.web import health
from voicebot.web.health import Readiness


def client_of(ready: Callable[[], Readiness]) -> Flask:
    app = Flask(__name__)
    app.register_blueprint(health.blueprint(ready))
    return app


def test_alive_says_nothing_about_readiness() -> None:
    """A process that cannot take calls is alive all the same."""
    client = client_of(lambda: Readiness(ok=False, reasons=("draining",))).test_client()
    assert client.get("/healthz").status_code == 200


def test_ready_tells_what_is_loaded() -> None:
    """200 with the facts."""
    answer = client_of(lambda: Readiness(ok=True, details={"room": 3})).test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "reasons": [], "details": {"room": 3}}


def test_not_ready_tells_why() -> None:
    """503, so that a load balancer looks elsewhere, and words for the operator."""
    answer = client_of(lambda: Readiness(ok=False, reasons=("no model yet",))).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"ready": False, "reasons": ["no model yet"], "details": {}}


def test_a_store_that_cannot_be_asked_is_a_reason() -> None:
    """Not a crash of the question."""

    def ready() -> Readiness:
        raise StoreError("VOICEBOT_REDIS_URL: cannot be reached")

    answer = client_of(ready).test_client().get("/readyz")
    assert answer.status_code == 503
    assert "VOICEBOT_REDIS_URL" in answer.text
