"""Many machines hear: our recogniser as a deployment of Ray Serve, which spreads requests over replicas and GPUs.

Each replica batches what it is given, as the recogniser of a media process does; Ray chooses the replica that has
least to do, starts new ones where one died, and adds some when all have much to do. Clients reach it by HTTP.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
from typing import Any

from voicebot.asr import service
from voicebot.asr.build import build
from voicebot.errors import ConfigError
from voicebot.settings import PREFIX, Asr, Settings
from voicebot.settings.addresses import is_loopback, reachable

NAME = "voicebot-asr"

_UNDER_WAY = 64
"""Requests a replica is given before Ray looks for another: two full batches of a GPU."""

_SCALE_AT = 16
"""Requests under way per replica from which Ray adds one."""

_HOPELESS = 60.0
"""Expected wait in seconds from which a replica is replaced; infinite where its model cannot be loaded again."""


class Replica:
    """One loaded model and its queue, inside one of Ray's processes."""

    def __init__(self, settings: Settings, language: str) -> None:
        self._recognizer = build(settings.model_copy(update={"asr": Asr.LOCAL}), language)
        self._key = settings.asr_api_key
        self._language = language

    async def __call__(self, request: Any) -> Any:
        """Answer a Starlette request with a Starlette response."""
        # It comes with Ray; nothing else here needs it.
        reply = importlib.import_module("starlette.responses").JSONResponse
        if request.method == "GET" and request.url.path == "/health":
            return reply({"recognizer": self._recognizer.description, "load": min(self._recognizer.load, 1e9)})
        if request.method != "POST" or request.url.path != service.PATH:
            return reply({"error": {"message": f"there is only POST {service.PATH}"}}, 404)
        answer = await service.transcribe(
            self._recognizer,
            request.headers.get("content-type", ""),
            request.headers.get("authorization", ""),
            await service.gathered(request.stream()),
            self._key,
            self._language,
        )
        return reply(answer.body, answer.status)

    async def check_health(self) -> None:
        """Ray asks now and then, and replaces a replica that raises."""
        if self._recognizer.load > _HOPELESS:
            raise RuntimeError("the recogniser does not hear any more")


def serve(settings: Settings, language: str, host: str, port: int, replicas: int, most: int, gpus: float) -> None:
    """Start, or join, Ray on this machine and serve until interrupted or terminated.

    host, port: where it listens. replicas, most: at first, and at most. gpus: share of a GPU each takes, 0 for
    none. Raises ConfigError.
    """
    if settings.asr_api_key is None and not is_loopback(host):
        raise ConfigError(
            f"--host {host} is reachable from outside: set {PREFIX}ASR_API_KEY, here and where {PREFIX}ASR=ray "
            "asks, or anybody could have this machine hear for him"
        )
    try:
        import ray
        from ray import serve as ray_serve
    except ImportError:
        raise ConfigError("`voicebot asr-serve` needs Ray: run `pip install -r requirements-scale.txt`") from None
    ray.init(address=None, ignore_reinit_error=True, log_to_driver=True)
    # Ray would die of it with a stack trace.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ray_serve.start(http_options={"host": host, "port": port})
    deployment = ray_serve.deployment(Replica).options(
        name=NAME,
        max_ongoing_requests=_UNDER_WAY,
        autoscaling_config={
            "min_replicas": replicas,
            "max_replicas": max(replicas, most),
            "target_ongoing_requests": _SCALE_AT,
        },
        ray_actor_options={"num_gpus": gpus},
        health_check_period_s=5,
    )
    with contextlib.suppress(KeyboardInterrupt):
        ray_serve.run(deployment.bind(settings, language), name=NAME, route_prefix="/", blocking=True)
    ray_serve.delete(NAME)


def example(host: str, port: int, with_key: bool) -> str:
    """How to try the server from a shell on its own machine, as one line. with_key: whether it wants its key."""
    key = f'-H "Authorization: Bearer ${PREFIX}ASR_API_KEY" ' if with_key else ""
    url = f"http://{reachable(host)}:{port}{service.PATH}"
    return f"curl {key}-F file=@utterance.wav -F model={json.dumps(NAME)} {url}"
