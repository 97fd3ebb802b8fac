"""`voicebot doctor`: proves, one line a part, that this machine can answer calls."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from voicebot import processes
from voicebot.asr.port import JobKind, Speech
from voicebot.crm.build import check_plan
from voicebot.crm.build import crms as build_crms
from voicebot.dialog import FileDialog
from voicebot.dialog import load as load_dialog
from voicebot.dialog.port import Dialog
from voicebot.dialog.targets import TargetKind
from voicebot.errors import ConfigError, CrmError, SettingsError, VoicebotError
from voicebot.lookup.registered import RegisteredUsers
from voicebot.runtime.secrets import complete
from voicebot.settings import Settings, is_loopback, load, need_two_ports
from voicebot.store.build import sessions as build_sessions
from voicebot.store.records import Records
from voicebot.store.views import DeliveryState, TargetState
from voicebot.testing.call_command import Server, run_call
from voicebot.testing.call_report import Reporter
from voicebot.testing.caller import Say as CallerSays
from voicebot.tts import Voice
from voicebot.tts.espeak import EspeakSynthesizer
from voicebot.tts.fallback import PATIENCE

SENTENCE = "What are your opening hours?"
NEVER_SAID = ("Nobody has said this sentence before.", "And this is another sentence, said by nobody so far.")
SPEAK_SECONDS = 60.0
REACH_SECONDS = 5.0

Say = Callable[[str], None]


class Unwell(Exception):
    """A check failed; the message says what to do."""


@dataclass(slots=True)
class Report:
    """Prints each check's outcome and remembers whether all were well."""

    say: Say
    well: bool = True

    async def check(self, name: str, look: Callable[[], Awaitable[str]]) -> None:
        """One line: what was found, or what is wrong and how to mend it."""
        try:
            found = await look()
        except (VoicebotError, Unwell) as error:
            self.well = False
            self.say(f"FAIL  {name:11} {error}")
        else:
            self.say(f"ok    {name:11} {found}")


async def examine(say: Say) -> bool:
    """Check everything a call needs; whether all is well. Only settings that cannot be read end it early."""
    report = Report(say)
    try:
        settings = complete(load())
        dialog = load_dialog(settings.dialog)
    except ConfigError as error:
        say(f"FAIL  settings    {error}")
        return False
    say(f"ok    settings    data in {settings.data_dir}")
    say(f"ok    dialog      {settings.dialog}: {dialog.name}, speaks {dialog.language}")
    await report.check("database", lambda: asyncio.to_thread(_database, settings))
    await report.check("sessions", lambda: asyncio.to_thread(_sessions, settings))
    await report.check("CRM", lambda: asyncio.to_thread(_crm, settings, dialog))
    await report.check("deliveries", lambda: asyncio.to_thread(_deliveries, settings))
    await report.check("webhooks", lambda: asyncio.to_thread(_webhooks, settings))
    await report.check("agents", lambda: asyncio.to_thread(agents, settings, dialog))
    await report.check("http port", lambda: asyncio.to_thread(_port, settings, "http_port"))
    await report.check("audio port", lambda: asyncio.to_thread(_port, settings, "ws_port"))
    await report.check("public http", lambda: asyncio.to_thread(_public, settings.public_http_url, "HTTP"))
    await report.check("public ws", lambda: asyncio.to_thread(_public, settings.public_ws_url, "WS"))
    try:
        async with processes.loading(settings, dialog, _nothing) as engines:
            await report.check("hearing", lambda: _hearing(engines, dialog))
            await report.check("voice", lambda: speaks(engines.voice))
            await report.check("a call", lambda: _call(settings, engines))
    except ConfigError as error:
        report.well = False
        say(f"FAIL  models      {error}")
    say("All is well." if report.well else "Something is not well; see the lines marked FAIL.")
    return report.well


def _nothing(_: str) -> None:
    return None


def _database(settings: Settings) -> str:
    records = Records.open(settings.database)
    try:
        records.ping()
    finally:
        records.close()
    return settings.database.rsplit("@", 1)[-1]


def _sessions(settings: Settings) -> str:
    build_sessions(settings).ping()
    return "Redis answers" if settings.redis_url else "in memory (one process; set VOICEBOT_REDIS_URL for several)"


def agents(settings: Settings, dialog: Dialog) -> str:
    """Which of the users who can be rung are registered. Raises Unwell when jambonz does not tell."""
    key = settings.jambonz_api_key
    users = {name: each.address for name, each in dialog.targets.items() if each.kind is TargetKind.USER}
    if key is None:
        return "rung without knowing who is there (VOICEBOT_JAMBONZ_API_KEY would tell)"
    asked = RegisteredUsers(settings.jambonz_api_url, settings.jambonz_account_sid, key.get_secret_value())
    found = asked.find(users)
    if not found.found:
        raise Unwell(
            "jambonz does not say who is registered: see whether VOICEBOT_JAMBONZ_API_URL, "
            "VOICEBOT_JAMBONZ_ACCOUNT_SID and VOICEBOT_JAMBONZ_API_KEY are right"
        )
    there = sorted(name for name, answer in found.values.items() if answer == "yes")
    return f"{len(there)} of {len(users)} users registered{': ' if there else ''}{', '.join(there)}"


def _crm(settings: Settings, dialog: FileDialog) -> str:
    check_plan(settings, dialog.crm)
    configured = build_crms(settings)
    if not configured:
        return "none: notes are kept here only"
    found, wrong = [], []
    for name, crm in configured.items():
        try:
            found.append(f"{name}: {crm.check()}")
        except CrmError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise Unwell("; ".join(wrong + found))
    return "; ".join(found)


def _deliveries(settings: Settings) -> str:
    records = Records.open(settings.database)
    try:
        stopped = [target for target in records.outbox.targets.all() if target.state is TargetState.REFUSED]
        backlog = records.outbox.backlog()
    finally:
        records.close()
    waiting = sum(each.count for each in backlog if each.state is DeliveryState.PENDING)
    dead = sum(each.count for each in backlog if each.state is DeliveryState.DEAD)
    problems = [f"{target.name} is stopped: {target.reason}" for target in stopped]
    if dead:
        problems.append(f"{dead} notes were given up; look at `voicebot deliveries list --state dead`")
    if problems:
        raise Unwell("; ".join(problems))
    return f"{waiting} wait, none was given up"


def _webhooks(settings: Settings) -> str:
    if settings.jambonz_webhook_secret is not None:
        return "signatures are checked"
    if is_loopback(settings.host):
        return "unsigned, and open to this machine only; set VOICEBOT_JAMBONZ_WEBHOOK_SECRET before going live"
    raise Unwell("unsigned and open to the network; set VOICEBOT_JAMBONZ_WEBHOOK_SECRET")


def _port(settings: Settings, name: str) -> str:
    where = f"{settings.host}:{getattr(settings, name)}"
    if not settings.redis_url:
        # One process serves both; with Redis each may be alone on its machine.
        need_two_ports(settings)
    try:
        processes.need_ports(settings, name)
    except SettingsError:
        if _alive(f"http://{where}"):
            return f"{where}: a voicebot answers there"
        raise
    return f"{where} is free"


def _public(url: str, name: str) -> str:
    if not url:
        return f"not set; jambonz on another machine needs VOICEBOT_PUBLIC_{name}_URL"
    if not _alive(url.replace("ws", "http", 1) if name == "WS" else url):
        raise Unwell(f"{url}/healthz does not answer; is the server running, and the proxy pointed at it?")
    return f"{url} answers"


def _alive(base: str) -> bool:
    try:
        return requests.get(f"{base}/healthz", timeout=REACH_SECONDS, allow_redirects=False).status_code == 200
    except requests.RequestException:
        return False


async def _hearing(engines: processes.Engines, dialog: FileDialog) -> str:
    voice = EspeakSynthesizer("" if dialog.language == "en" else dialog.language)
    pcm = await asyncio.to_thread(voice.render, SENTENCE)
    await voice.aclose()
    started = time.perf_counter()
    heard = await engines.recognizer.recognize(Speech(pcm, JobKind.FINAL, dialog.language))
    took = time.perf_counter() - started
    if not heard.text:
        raise Unwell(f"{engines.recognizer.description} heard nothing in a clear sentence; choose another model")
    return f'{engines.recognizer.description}; "{SENTENCE}" was heard as "{heard.text}" in {took:.2f} s'


async def speaks(voice: Voice) -> str:
    """How soon the engine itself is heard, once it is warm.

    Asked without the reserve: that would speak for an engine that cannot, and this would be no proof.
    Raises SynthesizerError, and Unwell for an engine that calls would not hear.
    """
    for sentence in NEVER_SAID:
        started = time.perf_counter()
        async with contextlib.aclosing(voice.unaided(sentence)) as audio:
            try:
                first = await asyncio.wait_for(anext(audio, None), SPEAK_SECONDS)
            except TimeoutError:
                raise Unwell(f"{voice.description} gave no audio within {SPEAK_SECONDS:g} s") from None
        if first is None:
            raise Unwell(f"{voice.description} made silence of a sentence; try it with `voicebot say`")
        took = time.perf_counter() - started
    found = f"{voice.description}; first audio after {1000 * took:.0f} ms"
    if took > PATIENCE:
        raise Unwell(
            f"{found}: after {PATIENCE:g} s calls hear espeak-ng instead; "
            "give it more cores or a GPU, or choose another voice"
        )
    return found


async def _call(settings: Settings, engines: processes.Engines) -> str:
    """A canned call through webhooks, sockets and models, on ports and records of its own."""
    with tempfile.TemporaryDirectory() as folder:
        own = settings.model_copy(
            update={
                "host": "127.0.0.1",
                "http_port": _free_port(),
                "ws_port": _free_port(),
                "public_http_url": "",
                "public_ws_url": "",
                "data_dir": Path(folder),
                "database_url": "",
                "redis_url": "",
                "crm": (),
            }
        )
        with processes.open_stores(own) as stores:
            async with processes.serving_media(own, stores, engines):
                with processes.serving_web(own, processes.flask_app(own, stores)):
                    return await _make_call(own)


async def _make_call(settings: Settings) -> str:
    secret = settings.jambonz_webhook_secret
    password = settings.webhook_password
    voice = EspeakSynthesizer("en-us+f3")
    try:
        result = await run_call(
            Server(
                http=settings.http_url,
                secret=secret.get_secret_value() if secret else "",
                basic=(settings.webhook_user, password.get_secret_value()) if password else None,
            ),
            [CallerSays(SENTENCE)],
            voice,
            Reporter(_nothing),
            longest=60.0,
        )
    finally:
        await voice.aclose()
    if result.problems:
        raise Unwell("; ".join(result.problems))
    latency = next((turn.latency for turn in result.turns if turn.latency is not None), None)
    if latency is None:
        raise Unwell("the bot greeted, but did not answer the caller")
    return f"greeted, understood and answered {latency:.2f} s after the caller's last word"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
