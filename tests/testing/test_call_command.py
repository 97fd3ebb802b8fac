"""`voicebot call`: options, the printed call, and what makes it fail."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from typer.testing import CliRunner
from websockets.asyncio.server import ServerConnection

from tests.testing.bot import Bot, Handler, running, tone
from voicebot.audio import Pcm
from voicebot.cli import app
from voicebot.errors import ConfigError
from voicebot.gateways import AudioReceived, JambonzWire, MulawJsonWire, Wire
from voicebot.settings import load
from voicebot.testing.call_command import CallResult, Server, _read_secret, _server, _steps, run_call
from voicebot.testing.call_report import Reporter
from voicebot.testing.caller import HangUp, Listen, Play, Press, Say, Step, Wait
from voicebot.testing.caller_script import Script


class Tones:
    """Says everything as a short tone."""

    description = "tones"
    key = "tones"

    async def stream(self, text: str) -> AsyncGenerator[Pcm, None]:
        yield tone(0.1)

    async def aclose(self) -> None: ...


def answering(wire: Wire) -> Handler:
    """Greets at once, answers the caller's first words with one more tone, then leaves the call."""

    async def handler(connection: ServerConnection) -> None:
        await say(connection, wire)
        heard = False
        async for message in connection:
            audio = [event.pcm for event in wire.receive(message, 0.0) if isinstance(event, AudioReceived)]
            if not heard and any(pcm.any() for pcm in audio):
                heard = True
                await asyncio.sleep(0.3)
                await say(connection, wire)

    return handler


async def say(connection: ServerConnection, wire: Wire) -> None:
    for message in (*wire.send(tone(0.2), 0.0), *wire.finish("m", 0.0)):
        await connection.send(message)


def place(
    handler: Handler, steps: list[Step], listen: bool = True, token: str = ""
) -> tuple[CallResult, list[str]]:
    lines: list[str] = []

    def prepare(bot: Bot) -> Server:
        bot.on("/voice", [bot.listen()] if listen else [])
        bot.on("/next", [{"verb": "hangup"}])
        bot.on("/status", [])
        return Server(bot.http, bot.audio, token, secret="s")

    async def run() -> CallResult:
        async with running(handler) as bot, asyncio.timeout(20):
            return await run_call(prepare(bot), steps, Tones(), Reporter(lines.append), longest=10.0)

    return asyncio.run(run()), lines


@pytest.mark.parametrize(("wire", "token"), [(JambonzWire, ""), (MulawJsonWire, "t")])
def test_a_call_is_made_told_and_measured(wire: type[Wire], token: str) -> None:
    """In real time, over either path: who speaks when is printed, and the reply is timed."""
    result, lines = place(answering(wire()), [Say("where is my order"), Wait(0.6), HangUp()], token=token)
    assert result.problems == []
    (turn,) = result.turns
    assert turn.latency is not None
    # The bot answers 0.3 s after the first of 0.1 s of speech.
    assert 0.15 < turn.latency < 0.35
    text = "\n".join(lines)
    for piece in ('"where is my order"', "begins to speak", "falls silent after 0.2 s", "reply after", "hangs up"):
        assert piece in text
    assert ("POST /voice" in text) is (not token)
    assert ("listen ws://" in text) is (not token)


def test_a_refused_call_is_a_problem() -> None:
    """A server that answers no verbs has not answered the call, and the caller could not speak."""
    result, lines = place(answering(JambonzWire()), [Say("hello")], listen=False)
    assert any("not answered" in problem for problem in result.problems)
    assert any("1 of 1" in problem for problem in result.problems)
    assert "refused (480)" in lines[-1]


def test_a_bot_that_says_nothing_is_a_problem() -> None:
    """An answered call without a sound has failed."""

    async def silent(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps({"type": "disconnect"}))

    result, _ = place(silent, [Listen()])
    assert result.problems == ["the bot never said anything"]


def test_options_become_steps(tmp_path: Path) -> None:
    """Spoken lines come first, then files, then keys; a script stands for all of them."""
    assert _steps(["a", "b"], [Path("c.wav")], "12#", None).steps == (
        Say("a"),
        Say("b"),
        Play(Path("c.wav")),
        Press("12#"),
    )
    script = tmp_path / "s.yaml"
    script.write_text("steps: [{say: a}]")
    assert _steps([], [], "", script) == Script((Say("a"),))
    with pytest.raises(ConfigError, match="either --script"):
        _steps(["a"], [], "", script)
    with pytest.raises(ConfigError, match="--dtmf 1x"):
        _steps([], [], "1x", None)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--url", "127.0.0.1:3000"], "--url 127.0.0.1:3000: write it like http://"),
        (["--audio-url", "http://x"], "--audio-url http://x: write it like ws://"),
        (["--noise", "45"], "--noise 45: decibels below full scale"),
        (["--noise", "nan"], "--noise nan: decibels below full scale"),
        (["--record", "/nowhere/a.wav"], "--record /nowhere/a.wav: name a file in a folder that exists"),
        (["--record", "."], "--record .: name a file"),
    ],
)
def test_what_would_fail_after_the_call_is_refused_before_it(arguments: list[str], told: str) -> None:
    """Nobody waits for a call that cannot be recorded in the end."""
    result = CliRunner().invoke(app, ["call", "--say", "hello", *arguments])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith(told)


def test_the_server_is_found_in_the_settings() -> None:
    """Without options the call goes where the settings say, with their secret; options win."""
    settings = load(http_port=4000, ws_port=4001, jambonz_webhook_secret="s", audio_token="t")
    assert _server(settings, "", "", "", False) == Server(
        "http://127.0.0.1:4000", "ws://127.0.0.1:4001", "", "s", None
    )
    assert _server(settings, "http://x", "ws://x", "z", True) == Server("http://x", "ws://x", "t", "z", None)


def test_a_missing_secret_names_the_setting(tmp_path: Path) -> None:
    """A token that cannot be read says which setting stands for it."""
    with pytest.raises(ConfigError, match="VOICEBOT_AUDIO_TOKEN"):
        _read_secret(tmp_path / "audio-token", "VOICEBOT_AUDIO_TOKEN")


def test_a_server_that_is_not_there_is_named() -> None:
    """Who calls before the server runs is told where nobody answered, and how to start one."""

    async def run(address: str) -> CallResult:
        return await run_call(Server(address, "", ""), [Say("hello")], Tones(), Reporter(print), longest=5.0)

    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        problems = asyncio.run(run(f"http://{where}")).problems
    assert f"no server answers at {where}; start one with scripts/run" in problems[0]
