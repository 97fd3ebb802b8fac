"""A server that cannot start says why in one message, which names the setting, and ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import voicebot
from tests.e2e.conftest import quick_dialog
from tests.e2e.server import Installation, free_ports

SECONDS = 90.0
"""Longest a process may take to give up, on a machine that is busy with other tests."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Installation]:
    """Settings that would work."""
    with Installation(tmp_path) as made:
        yield made


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def refusal(server: Installation, **settings: str) -> str:
    """What a process says that gives up."""
    process = server.start(**settings)
    return parting(process.wait(SECONDS), process.output)


def refusal_here(server: Installation, command: str, **settings: str) -> str:
    """What a command says that gives up before there is anything to end: it needs no process of its own."""
    ended = voicebot([command], server.folder, server.environment(**settings))
    return parting(ended.status, ended.stdout + ended.stderr)


def parting(status: int, output: str) -> str:
    """What the operator reads last, of a command that gave up in order."""
    assert status in (1, 2), output
    assert "Traceback" not in output
    _, found, message = output.partition("\nvoicebot: " if "\nvoicebot: " in output else "voicebot: ")
    assert found, output
    assert len(message.strip().splitlines()) <= 3, output
    return message


@pytest.mark.parametrize("setting", ["http_port", "ws_port"])
def test_a_port_in_use_is_named(server: Installation, taken: int, setting: str) -> None:
    """Which of the two ports, and what to do."""
    message = refusal(server, **{setting: str(taken)})
    assert f"VOICEBOT_{setting.upper()}={taken}" in message
    assert "choose another port" in message


def test_a_data_folder_that_cannot_be_written_is_named(server: Installation) -> None:
    """The folder, not the file in it that failed first."""
    (server.folder / "file").write_text("not a folder")
    folder = server.folder / "file" / "data"
    assert f"VOICEBOT_DATA_DIR={folder}" in refusal(server, data_dir=str(folder))


@pytest.mark.parametrize("model", ["missing", "empty"])
def test_a_model_folder_without_a_model_is_named(server: Installation, model: str) -> None:
    """Neither a folder that is not there nor an empty one is taken for a model."""
    (server.folder / "empty").mkdir()
    path = str(server.folder / model)
    message = refusal(server, asr_model=path)
    assert "VOICEBOT_ASR_MODEL" in message
    assert path in message


def test_a_redis_that_is_away_is_named(server: Installation) -> None:
    """Whoever needs sessions says so at once instead of failing in the first call."""
    (port,) = free_ports(1)
    message = refusal_here(server, "web", redis_url=f"redis://:hidden@127.0.0.1:{port}/0")
    assert "VOICEBOT_REDIS_URL" in message
    assert "hidden" not in message


def test_a_redis_address_that_is_none_is_named(server: Installation) -> None:
    """A host without a scheme is a common slip."""
    assert "VOICEBOT_REDIS_URL" in refusal_here(server, "worker", redis_url="localhost:6379")


@pytest.mark.parametrize("url", ["nonsense", "sqlite:///{folder}/file/voicebot.db"])
def test_a_database_that_cannot_be_used_is_named(server: Installation, url: str) -> None:
    """Neither what is no database nor one that cannot be opened fails in the first call only."""
    (server.folder / "file").write_text("not a folder")
    url = url.format(folder=server.folder)
    assert "VOICEBOT_DATABASE_URL" in refusal_here(server, "worker", database_url=url)


def test_a_dialog_with_a_mistake_is_shown_with_its_place(server: Installation) -> None:
    """File, line, and what is wrong."""
    path = quick_dialog(server.folder)
    lines = path.read_text().splitlines()
    wrong = next(number for number, line in enumerate(lines, 1) if line.startswith("  greeting:"))
    lines[wrong - 1] = "  greeting: 'Hello {{ nobody }}'"
    path.write_text("\n".join(lines))
    message = refusal_here(server, "worker", dialog=str(path))
    assert message.startswith(f"{path}:{wrong}:")
    assert "nobody" in message


def test_a_dialog_that_is_missing_is_named(server: Installation) -> None:
    """The setting and the path."""
    message = refusal_here(server, "worker", dialog=str(server.folder / "no.yaml"))
    assert "VOICEBOT_DIALOG" in message


def test_a_voice_that_does_not_exist_is_named(server: Installation) -> None:
    """The setting and the name."""
    message = refusal(server, voice_name="klingon-xx")
    assert "VOICEBOT_VOICE_NAME" in message
    assert "klingon-xx" in message


def test_a_token_that_cannot_be_one_is_not_shown(server: Installation) -> None:
    """The setting is named; the secret stays out of the message."""
    message = refusal_here(server, "worker", crm="hubspot", hubspot_token="two words\nand a line")
    assert "VOICEBOT_HUBSPOT_TOKEN" in message
    assert "two words" not in message
