"""The command line: `voicebot serve` and its relatives. Each command imports the heavy parts it needs itself."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from voicebot import __version__, logs, terminal
from voicebot.crm_commands import crm_app, deliveries_app
from voicebot.errors import ConfigError, VoicebotError
from voicebot.settings import Settings, load
from voicebot.testing.call_command import call
from voicebot.tts.commands import say, voices_app
from voicebot.users_commands import users_app

app = typer.Typer(
    help="A self-hosted phone voicebot: answers a jambonz number, understands, helps, or hands over to a person.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
calls_app = typer.Typer(help="Look at the calls that were kept.", no_args_is_help=True)
app.add_typer(calls_app, name="calls")
app.add_typer(voices_app, name="voices")
app.add_typer(users_app, name="users")
app.add_typer(deliveries_app, name="deliveries")
app.add_typer(crm_app, name="crm")

CALL_HELP = "The call's id, as `calls list` shows it, or its beginning, if no other begins so."


def main() -> None:
    """Entry point: errors of the operator become one message and exit status 2."""
    logs.quiet()
    try:
        app()
    except ConfigError as error:
        terminal.say(f"voicebot: {error}", err=True)
        sys.exit(2)
    except VoicebotError as error:
        terminal.say(f"voicebot: {error}", err=True)
        sys.exit(1)


@app.command()
def serve() -> None:
    """Start everything in this one process: webhooks, audio, deliveries. The way to try it."""
    asyncio.run(_serve(_settings()))


@app.command()
def web() -> None:
    """Start only the webhooks and pages. Needs VOICEBOT_REDIS_URL to meet the media processes."""
    asyncio.run(_web(_settings(shared=True)))


@app.command()
def media() -> None:
    """Start only the audio server with its speech engines. Needs VOICEBOT_REDIS_URL."""
    asyncio.run(_media(_settings(shared=True)))


@app.command()
def worker() -> None:
    """Start only the delivery worker, which tells the CRM about calls."""
    asyncio.run(_worker(_settings()))


@app.command()
def doctor() -> None:
    """Check settings, models, stores, CRM, ports and URLs, and make one canned call."""
    from voicebot.doctor import examine

    sys.exit(0 if asyncio.run(examine(typer.echo)) else 1)


# Here, for the help lists commands as they come: first what starts a server, then what tries it.
app.command("call")(call)
app.command("say")(say)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A dialog file; the configured one if left out.")] = None,
) -> None:
    """Check a dialog file and its look-up files; every mistake is shown with file, line and column.

    What is no mistake and yet worth a look, such as a card number that is not marked private, is listed too.
    """
    from voicebot.dialog import advise
    from voicebot.dialog import load as load_dialog
    from voicebot.lookup.build import build as build_lookups

    path = file or load().dialog
    dialog = load_dialog(path)
    build_lookups(dialog.lookups, path.parent)
    typer.echo(f"{path}: {dialog.name} is in order")
    if worth_a_look := advise(path):
        typer.echo("\nWorth a look:")
        for line in worth_a_look:
            typer.echo(f"  {line}")
    now = datetime.now(UTC)
    typer.echo(f"\nWho takes a call that is handed over, as of {now:%Y-%m-%d %H:%M} UTC:")
    for line in dialog.who_takes_what(now):
        typer.echo(f"  {line}")


@app.command()
def chat(
    file: Annotated[Path | None, typer.Argument(help="A dialog file; the configured one if left out.")] = None,
) -> None:
    """Talk to the bot in text: type what the caller says, /1234 for keys, an empty line for silence."""
    from voicebot.dialog import load as load_dialog
    from voicebot.dialog.types import Surroundings
    from voicebot.testing.chat import chat as run

    path = file or load().dialog
    run(load_dialog(path), path.parent, _typed(), terminal.say, Surroundings(lambda: datetime.now(UTC)))


@app.command("asr-eval")
def asr_eval(
    folder: Annotated[
        Path | None, typer.Argument(help="Recordings with a manifest.tsv; spoken by espeak-ng if left out.")
    ] = None,
    noise_minutes: Annotated[
        float, typer.Option(min=0.0, help="Minutes of line noise in which nobody speaks.")
    ] = 2.0,
    wrong: Annotated[bool, typer.Option(help="List the sentences that were misheard.")] = False,
) -> None:
    """How well the configured recogniser hears: words, sentences and numbers right, by voice, noise and class."""
    from voicebot.asr import build
    from voicebot.testing import scorecard, utterances

    settings = load()

    async def judge() -> scorecard.Card:
        recognizer = await asyncio.to_thread(build, settings)
        try:
            typer.echo(f"{recognizer.description}\n")
            said = utterances.read(folder) if folder else utterances.spoken()
            quiet = utterances.nobody(noise_minutes) if noise_minutes else ()
            return await scorecard.judge(recognizer, said, quiet)
        finally:
            await recognizer.aclose()

    typer.echo(scorecard.page(asyncio.run(judge()), wrong))


@app.command("asr-serve")
def asr_serve(
    host: Annotated[str, typer.Option(help="Address it listens on; VOICEBOT_HOST if not given.")] = "",
    port: Annotated[int, typer.Option(help="Port of POST /v1/audio/transcriptions.")] = 8000,
    replicas: Annotated[int, typer.Option(help="Models loaded at first.")] = 1,
    most: Annotated[int, typer.Option(help="Models loaded at most, when there is much to do.")] = 1,
    gpus: Annotated[float, typer.Option(help="Share of a GPU each takes; 0 runs on the CPU.")] = 0.0,
) -> None:
    """Hear for other machines, with Ray Serve; they set VOICEBOT_ASR=ray and VOICEBOT_ASR_URL."""
    from voicebot.asr import ray_serve
    from voicebot.dialog import load as load_dialog

    settings = load()
    logs.configure(settings)
    host = host or settings.host
    typer.echo(f"  try       {ray_serve.example(host, port, settings.asr_api_key is not None)}")
    ray_serve.serve(settings, load_dialog(settings.dialog).language, host, port, replicas, most, gpus)


@app.command()
def settings() -> None:
    """List every setting with its present value; secrets are not shown."""
    for name, value, description in _settings().table():
        typer.echo(f"{name:38} {value}\n    {description}")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def forget(
    number: Annotated[str, typer.Argument(help="The caller's number, best with + and country code.")],
) -> None:
    """Erase every call of a number: record, recordings, and what CRMs were told; docs/privacy.md."""
    from voicebot.crm.build import crms
    from voicebot.crm.numbers import parse
    from voicebot.privacy.forget import forget as erase

    settings = _settings()
    wanted = parse(number, settings.default_region)
    with _stores() as records:
        # Withheld numbers are empty, and those of many people.
        if wanted is None and (not number or number not in records.keeping.callers()):
            hint = "write it like +14155550142, or as `voicebot calls list` shows it"
            raise typer.BadParameter(f"{number} is no telephone number, and nobody called from it; {hint}")
        done = erase(
            wanted or number,
            settings.default_region,
            records,
            crms(settings),
            settings.recordings_dir,
            settings.inputs_dir,
        )
    typer.echo(f"erased: {done.calls} calls, {done.notes} notes at CRMs, {done.files} files of recordings here")
    for reason in done.left:
        terminal.say(f"left: {reason}", err=True)
    if done.left:
        raise typer.Exit(1)


@calls_app.command("list")
def calls_list(
    limit: Annotated[int, typer.Option(min=1, max=terminal.MOST_LINES, help="How many, newest first.")] = 20,
) -> None:
    """The newest calls, one line each."""
    from voicebot.show import call_line

    with _stores() as records:
        for row in records.calls(limit):
            terminal.say(call_line(row))


@calls_app.command("show")
def calls_show(call_id: Annotated[str, typer.Argument(help=CALL_HELP)]) -> None:
    """Everything kept of one call: turns, times, transfers, deliveries, and the note."""
    from voicebot.call_ids import kept
    from voicebot.replay.shelf import tapes_of
    from voicebot.show import call_page

    with _stores() as records:
        view = kept(records, call_id)
    terminal.say(call_page(view))
    for path in tapes_of(load().inputs_dir, view.row.call_id):
        typer.echo(f"What it was told is recorded: voicebot replay {path}")


@app.command()
def replay(
    recorded: Annotated[
        str,
        typer.Argument(
            metavar="FILE|CALL_ID",
            help="A recording, from the folder `inputs` of the data folder, or the id of a call recorded there "
            "(or its beginning, if no other begins so).",
        ),
    ],
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Another dialog file: show how the call would have gone.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--settings", help="NAME=VALUE, or a file of such lines; may be given more than once."),
    ] = None,
    asr: Annotated[
        str | None, typer.Option("--asr", help="Another model: hear the recorded audio again with it.")
    ] = None,
) -> None:
    """Tell a recorded call's inputs to the bot again: does it still do the same? If not, exit status 1.

    With options: how the conversation would have gone, as a difference, turn by turn. See docs/debugging.md.
    """
    from voicebot.call_ids import recording as recording_of
    from voicebot.replay import report
    from voicebot.replay.change import change
    from voicebot.replay.reading import Recording

    recording = Recording.open(recording_of(recorded, lambda: load().inputs_dir))
    if rules is None and not settings and asr is None:
        sys.exit(0 if report.same(recording, terminal.say) else 1)
    report.different(recording, rules, change(settings or (), asr), terminal.say)


@app.command()
def turns(
    call_id: Annotated[str, typer.Argument(help=CALL_HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="For machines: turns, times and stages.")] = False,
) -> None:
    """Where the time of each turn of a call went, stage by stage; docs/debugging.md explains the stages."""
    import json
    import shutil

    from voicebot import waterfall
    from voicebot.call_ids import kept

    with _stores() as records:
        view = kept(records, call_id)
    if as_json:
        typer.echo(json.dumps(waterfall.document(view), indent=2, ensure_ascii=False))
    else:
        blocks = (sys.stdout.encoding or "").lower().startswith("utf")
        terminal.say(waterfall.page(view, shutil.get_terminal_size().columns, blocks))


def _typed() -> Iterator[str]:
    while True:
        try:
            yield input("you   " if sys.stdin.isatty() else "")
        except EOFError:
            return


def _settings(shared: bool = False) -> Settings:
    from voicebot.runtime.secrets import complete

    settings = complete(load())
    if shared and not settings.redis_url:
        raise ConfigError(
            "VOICEBOT_REDIS_URL is not set: web and media processes meet there (or use `voicebot serve`)"
        )
    logs.configure(settings)
    return settings


@contextlib.contextmanager
def _stores() -> Iterator["Records"]:  # type: ignore[name-defined] # noqa: F821, UP037
    from voicebot.store.records import Records

    records = Records.open(load().database)
    try:
        yield records
    finally:
        records.close()


async def _serve(settings: Settings) -> None:
    from voicebot import banner, ending, processes

    processes.need_ports(settings, "http_port", "ws_port")
    typer.echo(banner.starting(settings))
    with processes.open_stores(settings) as stores:
        async with (
            processes.loading(settings, stores.dialog, typer.echo) as engines,
            processes.serving_media(settings, stores, engines) as server,
        ):
            with (
                processes.serving_web(settings, processes.flask_app(settings, stores)),
                processes.delivering(settings, stores),
            ):
                typer.echo(banner.serving(settings))
                await ending.until_told(lambda: ending.parted(server, stores.sessions))


async def _web(settings: Settings) -> None:
    from voicebot import ending, processes

    with (
        processes.open_stores(settings) as stores,
        processes.serving_web(settings, processes.flask_app(settings, stores)),
    ):
        typer.echo(f"webhooks on {settings.host}:{settings.http_port}")
        await ending.until_told()


async def _media(settings: Settings) -> None:
    from voicebot import ending, processes

    deaf = asyncio.Event()
    processes.need_ports(settings, "ws_port")
    with processes.open_stores(settings) as stores:
        async with (
            processes.loading(settings, stores.dialog, typer.echo) as engines,
            processes.serving_media(settings, stores, engines, deaf) as server,
        ):
            typer.echo(f"audio on {settings.host}:{server.port}")
            await ending.until_told(server.drain, deaf)
    if deaf.is_set():
        ending.end_deaf(settings)


async def _worker(settings: Settings) -> None:
    from voicebot import ending, processes

    with processes.open_stores(settings) as stores, processes.delivering(settings, stores):
        typer.echo(f"delivering to {', '.join(settings.delivery_targets) or 'nobody (VOICEBOT_CRM=none)'}")
        await ending.until_told()
