"""The load: a process that plays jambonz with many callers, who speak for about two seconds and listen for three.

Frames are encoded once, before the call, so that the callers do not become the bottleneck they should measure.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from array import array
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from benchmarks.media_plane.figures import CALLER_CORE, CallerFigures, Ready
from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE
from voicebot.testing.caller_line import Noise, recorded

FIXTURES = Path(__file__).parents[2] / "tests" / "asr" / "fixtures"
SENTENCES = ("hours", "agent", "refund", "number", "cancel", "return")

LISTEN_SECONDS = 3.0
NOISE_DBFS = -60.0
"""A quiet line: what a telephone sends while nobody speaks."""

SLOTS = 20
"""Callers are spread over so many moments of a frame's 20 ms, as they would be over media servers."""

ARRIVING = 20
"""Streams that are opened at the same time."""


class Sentence:
    """A caller's turn as bytes for the socket: first the voice, then the pause.

    voiced: frames until the voice ends.
    """

    def __init__(self, name: str) -> None:
        voice = recorded(FIXTURES / f"{name}.wav")
        self.voiced = -(-len(voice) // FRAME_SAMPLES)
        samples = self.voiced * FRAME_SAMPLES + round(LISTEN_SECONDS * SAMPLE_RATE)
        audio = Noise(NOISE_DBFS, seed=len(voice)).over(np.pad(voice, (0, samples - len(voice))))
        self.frames = [
            bytes(Frame(Opcode.BINARY, frame.astype("<i2").tobytes()).serialize(mask=True))
            for frame in audio.reshape(-1, FRAME_SAMPLES)
        ]


class Caller:
    """One call: what it sends, what it hears, and when jambonz would have played it."""

    def __init__(self, connection: ClientConnection, sentence: Sentence, start: int) -> None:
        self._connection = connection
        self._sentence = sentence
        self._clock = asyncio.get_running_loop().time
        self._place = start % len(sentence.frames)
        self._ended_at: float | None = None
        self._plays_until = 0.0
        self._mid_reply = False
        self._marks: dict[str, asyncio.TimerHandle] = {}
        self.measuring = False
        self.frames = 0
        self.replies: list[float] = []
        self.unanswered = 0
        self.gaps = 0
        self.lost = False

    def send(self) -> None:
        """The next 20 ms."""
        if self.lost:
            return
        place = self._place
        self._connection.transport.write(self._sentence.frames[place])
        self.frames += 1
        self._place = (place + 1) % len(self._sentence.frames)
        if place == 0:
            self.unanswered += self._ended_at is not None and self.measuring
            self._ended_at = None
        if self._place == self._sentence.voiced:
            now = self._clock()
            # A bot that is still talking cannot be timed by the first sound of its reply.
            self._ended_at = None if self._plays_until > now else now

    async def listen(self) -> None:
        """Hear the bot until the stream is over."""
        try:
            async for message in self._connection:
                if isinstance(message, bytes):
                    self._hear(message)
                else:
                    await self._obey(json.loads(message))
        except ConnectionClosed:
            pass
        self.lost = True

    def _hear(self, message: bytes) -> None:
        now = self._clock()
        if any(message):
            if self._ended_at is not None:
                if self.measuring:
                    self.replies.append(now - self._ended_at)
                self._ended_at = None
            elif self._mid_reply and now > self._plays_until:
                self.gaps += self.measuring
            self._mid_reply = True
        else:
            self._mid_reply = False
        self._plays_until = max(self._plays_until, now) + len(message) / 2 / SAMPLE_RATE

    async def _obey(self, command: dict[str, dict[str, str]]) -> None:
        match command["type"]:
            case "mark":
                loop = asyncio.get_running_loop()
                name = command["data"]["name"]
                self._marks[name] = loop.call_at(self._plays_until, self._report, name, "playout")
            case "killAudio":
                self._plays_until, self._mid_reply = self._clock(), False
                for name, timer in tuple(self._marks.items()):
                    timer.cancel()
                    self._report(name, "cleared")
            case "disconnect":
                await self._connection.close()

    def _report(self, name: str, event: str) -> None:
        self._marks.pop(name, None)
        text = json.dumps({"type": "mark", "data": {"name": name, "event": event}}).encode()
        if not self.lost:
            self._connection.transport.write(Frame(Opcode.TEXT, text).serialize(mask=True))


def run(pipe: Connection, ready: Ready) -> None:
    """Call until told to stop: sends None once all calls stand, then obeys "begin" and "end"."""
    os.sched_setaffinity(0, {CALLER_CORE})
    asyncio.run(_call(pipe, ready))


async def _call(pipe: Connection, ready: Ready) -> None:
    sentences = [Sentence(name) for name in SENTENCES]
    chance = random.Random(1)
    slots: list[list[Caller]] = [[] for _ in range(SLOTS)]
    lateness = array("d")
    async with contextlib.AsyncExitStack() as stack:
        pacing = asyncio.create_task(_pace(slots, lateness))
        gate = asyncio.Semaphore(ARRIVING)
        callers = await asyncio.gather(
            *(
                _arrive(stack, gate, ready.port, call_id, token, sentences[number % len(sentences)], chance)
                for number, (call_id, token) in enumerate(ready.tokens.items())
            )
        )
        listening = [asyncio.create_task(caller.listen()) for caller in callers]
        for number, caller in enumerate(callers):
            slots[number % SLOTS].append(caller)
        pipe.send(None)
        await asyncio.to_thread(pipe.recv)
        del lateness[:]
        for caller in callers:
            caller.measuring = True
        await asyncio.to_thread(pipe.recv)
        pacing.cancel()
        figures = CallerFigures(
            frames=sum(caller.frames for caller in callers),
            replies=array("d", [reply for caller in callers for reply in caller.replies]),
            unanswered=sum(caller.unanswered for caller in callers),
            gaps=sum(caller.gaps for caller in callers),
            lost=sum(caller.lost for caller in callers),
            lateness=lateness,
        )
    await asyncio.gather(*listening)
    pipe.send(figures)


async def _arrive(
    stack: contextlib.AsyncExitStack,
    gate: asyncio.Semaphore,
    port: int,
    call_id: str,
    token: str,
    sentence: Sentence,
    chance: random.Random,
) -> Caller:
    async with gate:
        url = f"ws://127.0.0.1:{port}/audio/jambonz"
        connection = await stack.enter_async_context(connect(url, compression=None, ping_interval=None))
        metadata = {"sampleRate": 8000, "mixType": "mono", "callSid": call_id, "token": token}
        await connection.send(json.dumps(metadata))
        # Anywhere in the pause, so that the callers do not all speak at the same time.
        start = chance.randrange(sentence.voiced, len(sentence.frames))
        return Caller(connection, sentence, start)


async def _pace(slots: list[list[Caller]], lateness: array[float]) -> None:
    """Every caller sends once in 20 ms, each in its own slot; nothing is left out after a delay."""
    clock = asyncio.get_running_loop().time
    due = clock()
    while True:
        for slot in slots:
            due += FRAME_SECONDS / SLOTS
            await asyncio.sleep(max(0.0, due - clock()))
            lateness.append(clock() - due)
            for caller in slot:
                caller.send()
