"""`voicebot call`: a simulated jambonz and a simulated caller against a running server."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

from voicebot.errors import ConfigError
from voicebot.gateways import MULAW_PATH
from voicebot.gateways.frames import KEYS
from voicebot.settings import Settings, load
from voicebot.testing.call_report import Narrator, Reporter, summary
from voicebot.testing.caller import Caller, Play, Press, Say, Step, Turn, prepare
from voicebot.testing.caller_line import Noise
from voicebot.testing.caller_mulaw import MulawCall
from voicebot.testing.caller_script import Script, load_script
from voicebot.testing.jambonz import Account, JambonzCall
from voicebot.testing.jambonz_dial import Agent, Outcome
from voicebot.testing.jambonz_log import CallLog
from voicebot.tts.port import Synthesizer

CALLER = "+15550100"
CALLED = "+15550199"
"""Numbers of the range kept for fiction."""

RECORD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """The server to call.

    http: base of its webhooks. audio_token: when given, the call goes straight to the mu-law JSON path at `audio`.
    secret, basic: as for webhooks of jambonz.
    """

    http: str
    audio: str = ""
    audio_token: str = ""
    secret: str = ""
    basic: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of a call. problems: why it did not go as it should; empty when it did."""

    call_id: str
    log: CallLog
    turns: list[Turn]
    problems: list[str] = field(default_factory=list)


async def run_call(
    server: Server,
    steps: Sequence[Step],
    voice: Synthesizer,
    reporter: Reporter,
    caller: str = CALLER,
    called: str = CALLED,
    agent: Agent | None = None,
    noise: Noise | None = None,
    longest: float = 600.0,
) -> CallResult:
    """Make one call in real time.

    voice: speaks the caller's lines. agent: who answers when the bot hands the caller over. longest: seconds.
    Raises SynthesizerError and ConfigError before the call begins; what goes wrong in it is in the result.
    """
    person = Caller(steps, await prepare(steps, voice), noise)
    phone = Narrator(person, reporter)
    if server.audio_token:
        url = server.audio.rstrip("/") + MULAW_PATH
        direct = MulawCall(url, server.audio_token, phone, caller, called, observer=reporter, longest=longest)
        call_id, log = direct.call_id, await direct.run()
    else:
        base = server.http.rstrip("/")
        account = Account(f"{base}/voice", f"{base}/status", server.secret, server.basic, agent=agent or Agent())
        call = JambonzCall(account, phone, caller, called, observer=reporter, longest=longest)
        call_id, log = call.facts.call_sid, await call.run()
    return CallResult(call_id, log, person.turns, _problems(log, person, phone))


def _problems(log: CallLog, person: Caller, phone: Narrator) -> list[str]:
    problems = list(log.faults)
    if log.ended is None or log.ended.sip_status != 200:
        problems.append("the call was not answered")
    elif not phone.bot_spoke:
        problems.append("the bot never said anything")
    left = len(person.unspoken)
    if left:
        problems.append(
            f"the call was over before the caller could say {left} of {left + len(person.turns)} things"
        )
    return problems


def call(
    say: Annotated[list[str] | None, typer.Option(help="Say this, once the bot has finished. Repeatable.")] = None,
    wav: Annotated[
        list[Path] | None, typer.Option(help="Play this audio file, after all --say. Repeatable.")
    ] = None,
    dtmf: Annotated[str, typer.Option(help="Press these keys, after all --say and --wav.")] = "",
    script: Annotated[
        Path | None, typer.Option(help="A YAML script of steps instead (docs/dialog.md, Testing a bot).")
    ] = None,
    url: Annotated[
        str, typer.Option(help="Base URL of the server's webhooks; from the settings if left out.")
    ] = "",
    audio_url: Annotated[str, typer.Option(help="Base URL of its audio server, for --mulaw.")] = "",
    caller: Annotated[str, typer.Option("--from", help="The caller's number.")] = "",
    called: Annotated[str, typer.Option("--to", help="The number called.")] = "",
    voice: Annotated[str, typer.Option(help="The caller's espeak-ng voice.")] = "en-us+f3",
    noise: Annotated[float | None, typer.Option(help="Background noise in dBFS, such as -45.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write a stereo WAV: left caller, right bot.")] = None,
    secret: Annotated[str, typer.Option(help="Webhook secret; from the settings if left out.")] = "",
    mulaw: Annotated[bool, typer.Option("--mulaw", help="Use the mu-law JSON path, without webhooks.")] = False,
    dial: Annotated[Outcome, typer.Option(help="What the person does whom the bot dials.")] = Outcome.ANSWER,
    show_record: Annotated[bool, typer.Option("--show-record", help="Print what the server kept.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the result.")] = False,
) -> None:
    """Call the running server as jambonz would, with a caller who speaks, and print what happens.

    Exit status 1 when the call was not answered, the bot stayed silent, or jambonz would have refused something.
    """
    from voicebot.tts.espeak import EspeakSynthesizer

    _check(url, audio_url, noise, record)
    settings = load()
    steps = _steps(say or [], wav or [], dtmf, script)
    server = _server(settings, url, audio_url, secret, mulaw)
    reporter = Reporter(_nothing if quiet else typer.echo)
    result = asyncio.run(
        run_call(
            server,
            steps.steps,
            EspeakSynthesizer(voice),
            reporter,
            caller or steps.caller or CALLER,
            called or steps.called or CALLED,
            Agent(dial),
            None if noise is None else Noise(noise),
        )
    )
    if record is not None:
        _save(result.log, record)
    typer.echo("\n".join([f"call {result.call_id}", *summary(result.turns)]))
    if show_record:
        typer.echo(_kept(settings, server, result.call_id))
    for problem in result.problems:
        typer.echo(f"problem: {problem}", err=True)
    sys.exit(1 if result.problems else 0)


def _check(url: str, audio_url: str, noise: float | None, record: Path | None) -> None:
    """Refuse what the call would fail over only when somebody has waited for its end."""
    if url and not url.startswith(("http://", "https://")):
        raise ConfigError(f"--url {url}: write it like http://127.0.0.1:3000")
    if audio_url and not audio_url.startswith(("ws://", "wss://")):
        raise ConfigError(f"--audio-url {audio_url}: write it like ws://127.0.0.1:3001")
    if noise is not None and not noise <= 0:
        raise ConfigError(f"--noise {noise:g}: decibels below full scale, such as -45")
    if record is not None and (record.is_dir() or not os.access(record.parent, os.W_OK)):
        raise ConfigError(f"--record {record}: name a file in a folder that exists and may be written to")


def _nothing(line: str) -> None:
    """Print nothing."""


def _steps(say: Sequence[str], wav: Sequence[Path], dtmf: str, script: Path | None) -> Script:
    if script is not None:
        if say or wav or dtmf:
            raise ConfigError("use either --script, or --say, --wav and --dtmf")
        return load_script(script)
    if not set(dtmf) <= KEYS:
        raise ConfigError(f"--dtmf {dtmf}: keys are 0-9, *, # and A-D")
    keys: list[Step] = [Press(dtmf)] if dtmf else []
    return Script((*(Say(text) for text in say), *(Play(path) for path in wav), *keys))


def _server(settings: Settings, url: str, audio_url: str, secret: str, mulaw: bool) -> Server:
    known = settings.jambonz_webhook_secret
    password = settings.webhook_password
    return Server(
        http=url or settings.http_url,
        audio=audio_url or settings.ws_url,
        audio_token=_audio_token(settings) if mulaw else "",
        secret=secret or (known.get_secret_value() if known else ""),
        basic=(settings.webhook_user, password.get_secret_value()) if password else None,
    )


def _audio_token(settings: Settings) -> str:
    from voicebot.runtime.secrets import AUDIO_TOKEN_FILE

    if settings.audio_token is not None:
        return settings.audio_token.get_secret_value()
    return _read_secret(settings.data_dir / AUDIO_TOKEN_FILE, "VOICEBOT_AUDIO_TOKEN")


def _read_secret(path: Path, name: str) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): set {name} as the server has it, "
            "or run this where the server runs, with its VOICEBOT_DATA_DIR"
        ) from None


def _save(log: CallLog, path: Path) -> None:
    try:
        log.save(path)
    except OSError as error:
        raise ConfigError(f"--record {path}: cannot be written ({error.strerror})") from None


def _kept(settings: Settings, server: Server, call_id: str) -> str:
    """The server's record of the call, once it is complete or after some seconds."""
    from voicebot.runtime.secrets import AGENT_PASSWORD_FILE

    password = (
        settings.agent_password.get_secret_value()
        if settings.agent_password
        else _read_secret(settings.data_dir / AGENT_PASSWORD_FILE, "VOICEBOT_AGENT_PASSWORD")
    )
    address = f"{server.http.rstrip('/')}/agent/calls/{call_id}"
    until = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            response = requests.get(
                address,
                auth=(settings.agent_user, password),
                headers={"Accept": "application/json"},
                timeout=RECORD_SECONDS,
            )
        except requests.RequestException as error:
            return f"record: {address} does not answer ({type(error).__name__})"
        if response.status_code == 200 and (not response.json()["live"] or time.monotonic() > until):
            return _record_text(response.json())
        if response.status_code not in (200, 404) or time.monotonic() > until:
            return f"record: {address} answers HTTP {response.status_code}"
        time.sleep(0.2)


def _record_text(record: dict[str, Any]) -> str:
    lines = [f"record: {record['outcome']}, {record['summary']}"]
    lines += [
        f"  {said['t']:7.2f}  {said['who']:7} {said['text'] or said['keys']}" for said in record["transcript"]
    ]
    lines += [f"  trouble  {trouble}" for trouble in record["troubles"]]
    return "\n".join(lines)
