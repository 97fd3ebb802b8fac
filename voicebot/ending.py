"""How a process ends: when it is told to, after its calls, or because it cannot hear any more."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from typing import NoReturn

import structlog

from voicebot import terminal
from voicebot.errors import StoreError
from voicebot.runtime.server import AudioServer
from voicebot.settings import Settings
from voicebot.store.sessions import Sessions
from voicebot.web.switchboard import GATEWAY

log = structlog.get_logger()

PARTING_SECONDS = 30.0
"""How long webhooks stay for calls whose stream is over: what phones ring by default, and a little."""


async def parted(server: AudioServer, sessions: Sessions) -> None:
    """Drain `server` where its webhooks are in this process; returns when jambonz knows of no call any more.

    What comes next is asked for when a stream is over. Unanswered, a caller to whom the bot has said goodbye would
    hear an apology and be put through to a person, and who is being put through would be lost.
    """
    held = await server.drain()
    until = time.monotonic() + PARTING_SECONDS
    while held and time.monotonic() < until:
        await asyncio.sleep(0.1)
        held = await asyncio.to_thread(_under_way, held, sessions)


def _under_way(held: frozenset[str], sessions: Sessions) -> frozenset[str]:
    """Those of the calls whose end jambonz has yet to tell."""
    try:
        found = [sessions.get(call_id) for call_id in held]
    except StoreError as error:
        log.error("sessions.failed", error=str(error))
        return frozenset()
    return frozenset(session.call_id for session in found if session is not None and session.gateway == GATEWAY)


async def until_told(
    drain: Callable[[], Coroutine[None, None, object]] | None = None, deaf: asyncio.Event | None = None
) -> None:
    """Wait for SIGTERM, SIGINT or `deaf`; then for `drain`, which a second signal cuts short."""
    loop = asyncio.get_running_loop()
    first, second = asyncio.Event(), asyncio.Event()

    def told() -> None:
        (second if first.is_set() else first).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    await _first_of(first.wait(), *([deaf.wait()] if deaf is not None else []))
    if drain is not None:
        log.info("process.draining")
        await _first_of(drain(), second.wait())


async def _first_of(*waits: Coroutine[None, None, object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def end_deaf(settings: Settings) -> NoReturn:
    """End with status 1, so that whoever watches over the process starts it anew.

    At once, for a model that hangs in its library could hold up an orderly end for ever.
    """
    terminal.say(
        f"voicebot: nothing could be heard for {settings.asr_give_up:g} s and no call is left; this process ends, "
        "to be started anew (VOICEBOT_ASR_GIVE_UP)",
        err=True,
    )
    os._exit(1)
