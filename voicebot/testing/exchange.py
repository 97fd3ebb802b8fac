"""Both directions of a simulated audio stream, 20 ms at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from voicebot.audio import FRAME_SECONDS, Pcm
from voicebot.testing.jambonz_clock import Clock
from voicebot.testing.jambonz_log import CallLog, KeyPressed, StreamClosed
from voicebot.testing.jambonz_media import PlayedFrame
from voicebot.testing.phone import Heard, Phone


class Side(Enum):
    """Who ended a stream: the bot by its command, the server by closing the socket, the caller, or the gateway."""

    BOT = "bot"
    SERVER = "server"
    CALLER = "caller"
    GATEWAY = "gateway"


class Stream(Protocol):
    """An audio stream to the bot while it lasts."""

    @property
    def ended_by(self) -> Side | None:
        """None while it lasts."""
        ...

    @property
    def close_code(self) -> int | None: ...

    async def tick(self) -> PlayedFrame:
        """20 ms of the bot for the caller's ear."""
        ...

    async def send(self, caller: Pcm | None, heard: Pcm) -> None:
        """20 ms of the caller for the bot; None while the caller is silent."""
        ...

    async def press(self, key: str) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a stream ended. key: the key that ended it; "" when none did."""

    by: Side
    key: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a stream from the gateway's side.

    seconds: the stream's longest duration. patience: when, on the call's clock, the caller gives up.
    """

    seconds: float
    patience: float
    finish_on_key: str = ""


async def exchange(
    stream: Stream,
    phone: Phone,
    log: CallLog,
    clock: Clock,
    limits: Limits,
    stopped: Callable[[], bool] = lambda: False,
) -> Ended:
    """Carry audio and keys until one side ends it, close the stream, and write down how it ended."""
    try:
        ended = await _carry(stream, phone, log, clock, limits, stopped)
    finally:
        await stream.close()
    log.write(StreamClosed(clock.now(), ended.by.value, stream.close_code))
    return ended


async def _carry(
    stream: Stream, phone: Phone, log: CallLog, clock: Clock, limits: Limits, stopped: Callable[[], bool]
) -> Ended:
    began = due = clock.now()
    while stream.ended_by is None:
        await clock.until(due)
        now = clock.now()
        if now - began >= limits.seconds or stopped():
            return Ended(Side.GATEWAY)
        played = await stream.tick()
        spoken = phone.tick(Heard(played.pcm, played.playing), now)
        log.hear(spoken.pcm, played.pcm)
        await stream.send(spoken.pcm, played.pcm)
        for key in spoken.keys:
            log.write(KeyPressed(now, key))
            await stream.press(key)
            if key == limits.finish_on_key:
                return Ended(Side.GATEWAY, key)
        if spoken.hang_up or now > limits.patience:
            return Ended(Side.CALLER)
        due += FRAME_SECONDS
    return Ended(stream.ended_by)
