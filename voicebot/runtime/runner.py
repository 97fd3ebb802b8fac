"""One call meets the world: gateway events become call events, the call's actions are performed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import structlog

from voicebot.asr.port import Speech
from voicebot.audio import SAMPLE_RATE, Pcm
from voicebot.audio.framing import Framer
from voicebot.call.actions import (
    Action,
    AskLookUp,
    End,
    Flush,
    Forget,
    Hold,
    Note,
    Promote,
    Recognise,
    Resume,
    Speak,
)
from voicebot.call.call import Call
from voicebot.call.events import (
    CallerKnown,
    Digit,
    Event,
    Failed,
    Frame,
    HungUp,
    LookedUp,
    Part,
    Played,
    Recognised,
    Started,
    Tick,
    VoiceReady,
)
from voicebot.call.record import Disposition, EndEntry
from voicebot.call.turns import HYSTERESIS
from voicebot.crm.callers import Callers
from voicebot.dialog.types import HangUp, Recollection, Surroundings, Transfer, TransferReason
from voicebot.errors import LookUpError, RecognizerError, SynthesizerError
from voicebot.gateways.port import (
    AudioReceived,
    DigitReceived,
    MarkPlayed,
    StreamStarted,
    StreamStopped,
    Wire,
    WireEvent,
)
from voicebot.runtime.allowance import Allowance
from voicebot.runtime.beat import Seat
from voicebot.runtime.departure import Departure
from voicebot.runtime.metrics import Metrics
from voicebot.runtime.minutes import Minutes
from voicebot.runtime.playback import Playback, mark_number
from voicebot.runtime.services import Services
from voicebot.runtime.socket import Outlet
from voicebot.runtime.who_calls import who_calls
from voicebot.store.database import utc_now
from voicebot.store.sessions import Session

log = structlog.get_logger()

APOLOGY = 1_000_000
"""Number of the apology's utterance: past any a call can reach, so it meets no other."""

KEYS_PER_SECOND, KEYS_AT_ONCE = 12.5, 32.0
"""A key takes at least 40 ms of tone and 40 ms of pause (ITU-T Q.24); whoever sends more is no telephone."""

AUDIO_PER_SECOND, AUDIO_AT_ONCE = 1.05, 15.0
"""Seconds of audio: as much as passes, and what a network that was held up brings late."""

_TICK = Tick()


class Runner:
    """Performs one call on one socket, from its `StreamStarted` to the socket's end.

    The gateway's events go in through `take`. Time comes from the shared beat, and so does the caller's audio once
    voice detection has heard it.
    earlier: what is remembered of a caller who is back.
    """

    def __init__(
        self,
        session: Session,
        wire: Wire,
        outlet: Outlet,
        departure: Departure,
        services: Services,
        metrics: Metrics,
        earlier: Recollection | None = None,
    ) -> None:
        self._session = session
        self._wire = wire
        self._outlet = outlet
        self._departure = departure
        self._services = services
        self._clock = asyncio.get_running_loop().time
        self._log = log.bind(call=session.call_id)
        knows = services.settings.jambonz_api_key is not None
        around = Surroundings(utc_now, presence=knows, customer=session.customer)
        self._minutes = Minutes(session, services, metrics, departure.hold, self._clock())
        around = self._minutes.taped(wire.lead, earlier, around)
        self._conversation = services.dialog.converse(session.caller, session.called, earlier, around)
        self._call = Call(self._conversation, services.rules)
        self._framer = Framer()
        self._seat: Seat | None = None
        self._playback = Playback(wire, self._minutes.recording)
        self._jobs: dict[int, asyncio.Task[None]] = {}
        self._speeches: dict[int, Speech] = {}
        self._speaking: dict[int, asyncio.Task[None]] = {}
        self._audio = Allowance(AUDIO_PER_SECOND, AUDIO_AT_ONCE)
        self._keys = Allowance(KEYS_PER_SECOND, KEYS_AT_ONCE)
        self._gone = False
        self._over = False
        self._broken = False
        self._ended = asyncio.Event()
        self._who: asyncio.Task[None] | None = None
        self._flooded = False

    def start(self) -> None:
        """Begin the conversation and follow the beat."""
        session = self._session
        after = max(0.0, time.time() - session.started_at) if session.comeback is not None else 0.0
        self._minutes.begin(self._clock() - after)
        self._seat = self._services.beat.join(self)
        self._tell(
            Started(
                session.call_id,
                session.caller,
                session.called,
                session.comeback,
                after,
                dict(session.env),
            )
        )
        if self._services.callers is not None:
            self._who = asyncio.create_task(self._find_out_who(self._services.callers))

    def take(self, events: Iterable[WireEvent]) -> None:
        """What the gateway said."""
        for event in events:
            match event:
                case AudioReceived(pcm) if self._fits(self._audio, len(pcm) / SAMPLE_RATE):
                    self._queue(pcm)
                case DigitReceived(key) if self._fits(self._keys, 1):
                    self._in_turn(partial(self._tell, Digit(key)))
                case MarkPlayed(mark):
                    if (number := mark_number(mark)) is not None and number != APOLOGY:
                        self._in_turn(partial(self._tell, Played(number)))
                case StreamStopped():
                    self.stop()
                case StreamStarted():
                    self._log.warning("stream.started_twice")
                case _:
                    pass

    def stop(self) -> None:
        """The socket is gone: the call hears of it. The text of what was said last may still be on its way."""
        if self._gone:
            return
        if self._seat is not None:
            self._seat.catch_up()
        self._gone = True
        self._tell(HungUp())
        self._end_if_over()

    async def finished(self) -> None:
        """Returns when the call is over and nothing is under way for it."""
        await self._ended.wait()

    def _end_if_over(self) -> None:
        if not self._gone or self._over or not (self._call.over or self._broken):
            return
        self._over = True
        if self._seat is not None:
            self._seat.leave()
            self._seat = None
        for task in (*self._jobs.values(), *self._speaking.values()):
            task.cancel()
        if self._who is not None:
            self._who.cancel()
        self._minutes.close(self._clock())
        self._ended.set()

    def _fits(self, allowance: Allowance, amount: float) -> bool:
        """Whether a telephone could have sent this; what it could not is not heard."""
        if allowance.take(amount, self._clock()):
            return True
        if not self._flooded:
            self._flooded = True
            self._log.warning("call.flooded")
        return False

    def _queue(self, pcm: Pcm) -> None:
        if self._seat is not None:
            now = self._clock()
            for frame in self._framer.feed(pcm):
                self._seat.put(frame, now)

    def hear(self, pcm: Pcm, speech: float, at: float) -> None:
        """As `Listener.hear`. The bot's own voice, come back from the line, is nobody's."""
        self._minutes.caller(pcm, at)
        if self._playback.echoed(pcm, at, speech >= self._services.rules.vad_threshold - HYSTERESIS):
            speech = 0.0
        self._tell(Frame(pcm, speech), at)

    def unheard(self, error: Exception) -> None:
        """As `Listener.unheard`."""
        if not self._over and not self._broken:
            self._log.error("call.unheard", exc_info=error)
            self._break(error)
            self._end_if_over()

    def tick(self, now: float) -> None:
        """As `Listener.tick`."""
        self._minutes.tick(self._conversation.private, now)
        self._tell(_TICK, now)
        try:
            self._pump()
        except Exception:
            # The way to the caller's ear is broken, so not even an apology would be heard.
            self._log.exception("call.cannot_speak")
            self.stop()
            self._departure.begin(self._rescue())

    def _tell(self, event: Event, at: float | None = None) -> None:
        if self._over or self._broken:
            return
        try:
            for action in self._minutes.through(self._call.on, event, self._clock() if at is None else at):
                self._perform(action)
        except Exception as error:
            self._log.exception("call.broken", told=type(event).__name__)
            self._break(error)
        self._end_if_over()

    def _perform(self, action: Action) -> None:
        match action:
            case Speak(utterance, text):
                self._playback.begin(utterance)
                self._speaking[utterance] = self._spawn(self._speak(utterance, text))
            case Flush():
                self._silence()
            case Hold():
                self._outlet.drop()
                self._outlet.put(self._playback.hold(self._clock()))
            case Resume(utterance, heard, word):
                self._playback.resume(utterance, heard, word)
            case Recognise(job, pcm, kind, hints):
                speech = Speech(pcm, kind, self._services.dialog.language, hints)
                self._speeches[job] = speech
                self._jobs[job] = self._spawn(self._recognise(job, speech))
            case Promote(job):
                if (waiting := self._speeches.get(job)) is not None:
                    self._services.recognizer.promote(waiting)
            case AskLookUp():
                self._jobs[action.job] = self._spawn(self._look_up(action))
            case Forget(job):
                self._speeches.pop(job, None)
                if (task := self._jobs.pop(job, None)) is not None:
                    task.cancel()
            case Note(entry):
                self._minutes.keep(entry)
            case End(plan):
                self._departure.begin(plan)

    async def _speak(self, utterance: int, text: str) -> None:
        try:
            if text == self._services.dialog.apology:
                self._playback.add(utterance, self._services.apology)
            else:
                ready = False
                async for pcm in self._services.synthesizer.stream(text):
                    self._playback.add(utterance, pcm)
                    if not ready:
                        ready = True
                        self._in_turn(partial(self._tell, VoiceReady(utterance)))
                    self._in_turn(self._pump)
        except SynthesizerError as error:
            self._log.error("synthesizer.failed", error=str(error))
            self._in_turn(partial(self._tell, Failed(Part.SYNTHESIZER, str(error), utterance)))
        finally:
            self._speaking.pop(utterance, None)
            self._playback.complete(utterance)
        self._in_turn(self._pump)

    async def _recognise(self, job: int, speech: Speech) -> None:
        try:
            transcript = await self._services.recognizer.recognize(speech)
        except RecognizerError as error:
            self._log.error("recognizer.failed", job=job, error=str(error))
            self._answer(job, Failed(Part.RECOGNIZER, str(error), job))
        else:
            self._answer(job, Recognised(job, transcript))
        finally:
            self._speeches.pop(job, None)

    async def _look_up(self, action: AskLookUp) -> None:
        try:
            result = await self._services.lookups.ask(action.name, action.slots)
        except LookUpError as error:
            self._log.error("lookup.failed", lookup=action.name, error=str(error))
            self._answer(action.job, Failed(Part.LOOKUP, str(error), action.job))
        else:
            self._answer(action.job, LookedUp(action.job, result))

    async def _find_out_who(self, callers: Callers) -> None:
        services = self._services
        kept, journal = services.records.callers, services.journal
        if customer := await who_calls(self._session, callers, kept, journal):
            self._in_turn(partial(self._tell, CallerKnown(customer)))

    def _answer(self, job: int, event: Event) -> None:
        self._jobs.pop(job, None)
        self._in_turn(partial(self._tell, event))

    def _in_turn(self, told: Callable[[], None]) -> None:
        """Do what tells the call something, but not before it heard what the caller said while we were busy."""
        if self._seat is not None:
            self._seat.then(told, self._clock())

    def _pump(self) -> None:
        for messages, sent in self._playback.pump(self._clock()):
            self._outlet.put(messages)
            if sent.utterance != APOLOGY:
                self._tell(sent)
            elif sent.last:
                wait = self._playback.remaining(self._clock())
                asyncio.get_running_loop().call_later(wait, self._departure.begin, self._rescue())

    def _silence(self) -> None:
        for task in tuple(self._speaking.values()):
            task.cancel()
        self._outlet.drop()
        self._outlet.put(self._playback.flush(self._clock()))

    def _break(self, error: Exception) -> None:
        """The conversation itself failed: apologise and hand over, without it."""
        self._broken = True
        for task in self._jobs.values():
            task.cancel()
        self._silence()
        self._minutes.keep(
            EndEntry(
                at=self._minutes.since_begun(self._clock()),
                disposition=Disposition.FAILED,
                reason=f"internal:{type(error).__name__}",
                intent=None,
                confidence=0.0,
                slots={},
                summary="The bot failed; the caller was handed over.",
            )
        )
        self._playback.begin(APOLOGY)
        self._speaking[APOLOGY] = self._spawn(self._speak(APOLOGY, self._services.dialog.apology))

    def _rescue(self) -> Transfer | HangUp:
        return Transfer(
            self._services.dialog.fallback.name,
            TransferReason.FAILURE,
            "The bot failed in the middle of this call.",
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        # One that is cancelled before it began has not touched `work`.
        task.add_done_callback(lambda _: work.close())
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self._log.exception("call.task_broken")
            if not self._broken and not self._over:
                self._break(error)
