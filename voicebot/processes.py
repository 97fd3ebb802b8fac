"""The process shapes: everything in one, or web, media and worker apart. Here the parts are put together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import Flask

from voicebot.asr.build import build as build_recognizer
from voicebot.asr.local import LocalRecognizer
from voicebot.audio import Pcm
from voicebot.audio.vad import detection
from voicebot.call.rules import Rules
from voicebot.crm.build import callers, check_plan, crms, reader
from voicebot.crm.worker import DeliveryWorker
from voicebot.dialog import FileDialog
from voicebot.dialog import load as load_dialog
from voicebot.errors import ConfigError, StoreError
from voicebot.lookup.build import build as build_lookups
from voicebot.lookup.registered import with_registered_users
from voicebot.privacy.redact import Redactor
from voicebot.privacy.retention import Swept, sweep_files, sweep_records
from voicebot.replay import shelf
from voicebot.runtime.beat import Beat
from voicebot.runtime.capacity import Capacity
from voicebot.runtime.journal import Journal
from voicebot.runtime.presence import Presence
from voicebot.runtime.recording import Recorder
from voicebot.runtime.server import AudioServer
from voicebot.runtime.services import Services
from voicebot.runtime.taping import Tapes
from voicebot.runtime.ticker import Ticker
from voicebot.settings import Recordings, Settings, need_two_ports, port_refused
from voicebot.store.build import sessions as build_sessions
from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.tts.build import build as build_voice
from voicebot.tts.fallback import Voice
from voicebot.web.app import create_app
from voicebot.web.desk.access import first_user
from voicebot.web.desk.live import LivePages
from voicebot.web.desk.sockets import PATH as PAGES_PATH
from voicebot.web.health import Readiness
from voicebot.web.listener import listen

log = structlog.get_logger()

RETENTION_SECONDS = 3600.0
"""How often is looked for what has been kept long enough."""

STALE_SECONDS = 60.0
"""A media process that has not been heard of for this long has died; its live calls are finished for it."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stores:
    """What web, media and worker share."""

    dialog: FileDialog
    sessions: Sessions
    records: Records


@dataclass(frozen=True, slots=True)
class Engines:
    """Hearing and speaking; `apology` is the dialog's apology as audio."""

    recognizer: LocalRecognizer
    voice: Voice
    apology: Pcm


@contextlib.contextmanager
def open_stores(settings: Settings) -> Iterator[Stores]:
    """The dialog, the sessions and the records, as the settings say. Raises ConfigError, StoreError."""
    dialog = load_dialog(settings.dialog)
    if settings.recordings is not Recordings.OFF and dialog.notice is None:
        raise ConfigError(
            f"VOICEBOT_RECORDINGS={settings.recordings.value}: callers must be told that they are recorded; add "
            f'`notice: "This call is recorded."` under `says:` in {settings.dialog}, or do not record'
        )
    check_plan(settings, dialog.crm)
    records = Records.open(settings.database)
    try:
        sessions = build_sessions(settings)
        sessions.ping()
        yield Stores(dialog, sessions, records)
    finally:
        records.close()


def readiness(stores: Stores) -> Readiness:
    """Whether a call that came now would be answered by the bot."""
    reasons = []
    nodes = 0
    try:
        nodes = sum(node.has_room for node in stores.sessions.nodes())
        if not nodes:
            reasons.append("no media process is ready and has room for a call")
    except StoreError as error:
        reasons.append(str(error))
    try:
        stores.records.ping()
    except StoreError as error:
        reasons.append(str(error))
    return Readiness(ok=not reasons, reasons=tuple(reasons), details={"nodes_with_room": str(nodes)})


def flask_app(settings: Settings, stores: Stores) -> Flask:
    """The webhooks and pages, with a first user for the pages if there is none yet."""
    first_user(settings, stores.records.users)
    return create_app(settings, stores.dialog, stores.sessions, stores.records, lambda: readiness(stores))


def need_ports(settings: Settings, *names: str) -> None:
    """Check before the models are loaded that the ports these settings name differ and can be had.

    Raises SettingsError.
    """
    if len(names) > 1:
        need_two_ports(settings)
    for name in names:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, getattr(settings, name)))
            except OSError as error:
                raise port_refused(settings, name, error) from error


@contextlib.contextmanager
def serving_web(settings: Settings, app: Flask) -> Iterator[None]:
    """Serve `app` in threads. Raises SettingsError when the address cannot be had."""
    try:
        server = listen(app, settings.host, settings.http_port, trusted_proxy=settings.trusted_proxy)
    except OSError as error:
        raise port_refused(settings, "http_port", error) from error
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # Requests under way are answered before the sockets go.
        server.task_dispatcher.shutdown(cancel_pending=True, timeout=2)
        server.close()
        thread.join(2)


@contextlib.contextmanager
def delivering(settings: Settings, stores: Stores) -> Iterator[None]:
    """Deliver notes, with a thread for each CRM, and finish calls whose process died."""
    stop = threading.Event()
    owner = f"{socket.gethostname()}:{os.getpid()}"
    configured = crms(settings)
    plans = {stores.dialog.name: stores.dialog.crm}

    def working(name: str, only: tuple[str, ...] | None, skip: tuple[str, ...] = ()) -> threading.Thread:
        worker = DeliveryWorker(
            stores.records,
            configured,
            f"{owner}:{name}",
            plans=plans,
            only=only,
            skip=skip,
            pause=settings.crm_pause,
            read=reader(settings, stores.records, stores.dialog.private_slots),
        )
        return threading.Thread(target=worker.run, args=(stop,), name=f"deliveries-{name}", daemon=True)

    threads = [
        *(working(name, (name,)) for name in configured),
        # Notes owed to a CRM that is switched off are nobody's else.
        working("others", None, tuple(configured)),
        threading.Thread(target=_sweep, args=(settings, stores, stop), name="sweeper", daemon=True),
        _repeating("retention", stop, lambda: _let_go(settings, stores)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        # All of them together: a CRM that hangs must not hold up the end for long.
        until = time.monotonic() + 5
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _sweep(settings: Settings, stores: Stores, stop: threading.Event) -> None:
    told = stores.dialog.crm.chosen(settings.delivery_targets)
    while not stop.wait(STALE_SECONDS / 4):
        try:
            found = stores.records.recover(None, STALE_SECONDS, told)
        except StoreError as error:
            log.error("sweeper.failed", error=str(error))
        else:
            if found:
                log.warning("calls.recovered", count=len(found))


def _repeating(name: str, stop: threading.Event, work: Callable[[], None]) -> threading.Thread:
    """A thread that does `work` at once and every hour, until `stop`. What fails is done the next time."""

    def run() -> None:
        while True:
            try:
                work()
            except (StoreError, OSError) as error:
                log.error(f"{name}.failed", error=str(error))
            if stop.wait(RETENTION_SECONDS):
                return

    return threading.Thread(target=run, name=name, daemon=True)


def _let_go(settings: Settings, stores: Stores) -> None:
    swept = sweep_records(stores.records, settings)
    if swept != Swept():
        log.info("records.let_go", recordings=swept.recordings, calls=swept.calls)


def _delete_files(settings: Settings, stores: Stores) -> None:
    if gone := sweep_files(stores.records, settings.recordings_dir):
        log.info("recordings.deleted", files=gone)
    known = stores.records.call
    keep = timedelta(days=settings.keep_recordings_days)
    if gone := shelf.sweep(settings.inputs_dir, lambda call_id: known(call_id) is not None, keep):
        log.info("inputs.deleted", files=gone)


@contextlib.asynccontextmanager
async def loading(settings: Settings, dialog: FileDialog, say: Say) -> AsyncIterator[Engines]:
    """Load the models and say which. Raises ModelUnavailable."""
    recognizer = await asyncio.to_thread(build_recognizer, settings, dialog.language)
    try:
        say(f"  hearing   {recognizer.description}")
        voice = await asyncio.to_thread(build_voice, settings, dialog.language)
        try:
            say(f"  voice     {voice.description}")
            yield Engines(recognizer, voice, await asyncio.to_thread(voice.apology_pcm, dialog.apology))
        finally:
            await voice.aclose()
    finally:
        await recognizer.aclose()


@contextlib.asynccontextmanager
async def serving_media(
    settings: Settings, stores: Stores, engines: Engines, deaf: asyncio.Event | None = None
) -> AsyncIterator[AudioServer]:
    """Hold calls, and announce this process to the webhooks. deaf: set when it will not hear again by itself."""
    told = stores.dialog.crm.chosen(settings.delivery_targets)
    recovered = stores.records.recover(settings.node, 0.0, told)
    if recovered:
        log.warning("calls.recovered", count=len(recovered))
    journal = Journal()
    ticker = Ticker()
    rules = Rules.of(settings)
    services = Services(
        settings=settings,
        dialog=stores.dialog,
        rules=rules,
        recognizer=engines.recognizer,
        synthesizer=engines.voice,
        apology=engines.apology,
        lookups=with_registered_users(build_lookups(stores.dialog.lookups, settings.dialog.parent), settings),
        sessions=stores.sessions,
        records=stores.records,
        journal=journal,
        capacity=Capacity(settings.max_calls),
        ticker=ticker,
        beat=Beat(ticker, detection(settings.vad)),
        redactor=Redactor(settings.redact, stores.dialog.private_slots),
        voice_stats=lambda: engines.voice.stats,
        hearing=engines.recognizer.metrics,
        recorder=(
            None
            if settings.recordings is Recordings.OFF
            else Recorder(settings.recordings_dir, settings.recordings)
        ),
        tapes=Tapes(settings, stores.dialog, rules) if settings.record_inputs else None,
        callers=callers(settings, stores.records, stores.dialog.crm),
    )
    # What is loaded by now stays; the garbage collector would stop all calls to look at it again and again.
    gc.freeze()
    pages = LivePages(
        stores.sessions, stores.records, settings.node, float(settings.wrap_up_seconds), services.callers
    )
    server = AudioServer(services, others={PAGES_PATH: pages.serve})
    await server.start()
    warming = asyncio.create_task(engines.voice.warm(stores.dialog.fixed_lines()))
    presence = Presence(settings, stores.sessions, stores.records, services.capacity, engines.recognizer, deaf)
    announcing = asyncio.create_task(presence.run())
    showing = asyncio.create_task(pages.run())
    stop = threading.Event()
    deleting = _repeating("recordings", stop, lambda: _delete_files(settings, stores))
    deleting.start()
    try:
        yield server
    finally:
        stop.set()
        for task in (warming, announcing, showing):
            task.cancel()
        await server.close()
        await presence.leave()
        await asyncio.to_thread(deleting.join, 5.0)
        if services.recorder is not None and not await asyncio.to_thread(services.recorder.close, 10.0):
            log.error("recordings.unfinished")
        if not await asyncio.to_thread(journal.close, 10.0):
            log.error("journal.unfinished", backlog=journal.backlog)
        if services.callers is not None:
            services.callers.close()
        if services.tapes is not None and not await asyncio.to_thread(services.tapes.close, 5.0):
            log.error("inputs.unfinished")
        await services.lookups.aclose()
