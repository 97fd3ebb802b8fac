"""The command line as a person meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tests.command import Ended, voicebot
from tests.database import empty
from voicebot import __version__
from voicebot.call.record import Speaker, Timings, TurnEntry
from voicebot.cli import app
from voicebot.store import Records

ROOT = Path(__file__).parents[1]


def _commands() -> list[list[str]]:
    group = get_command(app)
    found: list[list[str]] = [[]]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        found.append([name])
        found += [[name, inner] for inner in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    """`--help` works everywhere and says more than the name."""
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert len(result.output.splitlines()) > 4


def test_the_version_is_printed() -> None:
    """`voicebot version` prints what is installed."""
    assert CliRunner().invoke(app, ["version"]).output.strip() == __version__


def test_the_demo_dialog_is_in_order() -> None:
    """`voicebot check` passes the bot that ships."""
    result = CliRunner().invoke(app, ["check", str(ROOT / "config" / "dialog.yaml")])
    assert result.exit_code == 0
    assert "is in order" in result.output


def test_a_bot_can_be_talked_to_in_text() -> None:
    """`voicebot chat` runs look-ups and shows intent, slots and what happens in the end."""
    lines = "where is my order\n/1234\nspeak to an agent\n"
    result = CliRunner().invoke(app, ["chat", str(ROOT / "config" / "dialog.yaml")], input=lines)
    assert "order_status" in result.output
    assert "has been shipped" in result.output
    assert "transfer to desk, requested, rule fallback" in result.output


def test_a_check_tells_who_takes_which_call() -> None:
    """Every rule in a line, the fallback last."""
    result = CliRunner().invoke(app, ["check", str(ROOT / "config" / "dialog.yaml")])
    told = [line.strip() for line in result.output.splitlines()]
    assert any(line.startswith("billing   intent billing -> billing") for line in told)
    assert told[-1] == "fallback  anything else -> desk"


def _run(arguments: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voicebot", *arguments],
        cwd=folder,
        env=_environment(folder) | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _here(arguments: list[str], folder: Path, **environment: str) -> Ended:
    """As `_run`, for what does not depend on a process of its own."""
    return voicebot(arguments, folder, _environment(folder) | environment)


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "VOICEBOT_DATA_DIR": str(folder / "data")}


def test_a_wrong_setting_ends_with_one_message(tmp_path: Path) -> None:
    """The operator sees the setting and the fix, no traceback; the exit status is 2."""
    result = _run(["settings"], tmp_path, VOICEBOT_HTTP_PORT="web")
    assert result.returncode == 2
    assert result.stderr.startswith("voicebot: VOICEBOT_HTTP_PORT")
    assert "Traceback" not in result.stderr


def test_one_port_for_two_servers_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Both settings are named, and no model was loaded for it."""
    result = _run(["serve"], tmp_path, VOICEBOT_HTTP_PORT="4000", VOICEBOT_WS_PORT="4000")
    assert result.returncode == 2
    assert result.stderr.startswith("voicebot: VOICEBOT_HTTP_PORT and VOICEBOT_WS_PORT are both 4000")
    assert "hearing" not in result.stdout


def test_a_dialog_mistake_is_shown_with_its_place(tmp_path: Path) -> None:
    """`voicebot check` names file, line and column."""
    bot = tmp_path / "bot.yaml"
    bot.write_text("name: Shop\nlanguage: en\ngreetings: hello\n")
    result = _run(["check", str(bot)], tmp_path)
    assert result.returncode == 2
    assert f"{bot}:3:" in result.stderr


def test_a_card_number_that_would_be_kept_is_pointed_out(tmp_path: Path) -> None:
    """`voicebot check` finds the file in order, and still says what to write."""
    slot = 'card: {digits: [16], prompt: "Your card?", reprompt: "?", rest: "?", invalid: "?", unknown: "?"}'
    bot = tmp_path / "dialog.yaml"
    text = (ROOT / "config" / "dialog.yaml").read_text().replace("\nslots:\n", f"\nslots:\n  {slot}\n", 1)
    bot.write_text(text)
    (tmp_path / "orders.yaml").write_text((ROOT / "config" / "orders.yaml").read_text())
    result = CliRunner().invoke(app, ["check", str(bot)])
    assert result.exit_code == 0
    assert "is in order" in result.output
    assert f"{bot}:{text.splitlines().index(f'  {slot}') + 1}:3: slots.card: this looks like" in result.output
    assert "write `private: true`" in result.output


def test_an_unknown_call_is_said_to_be_unknown(tmp_path: Path) -> None:
    """`voicebot calls show` of a mistyped id says so."""
    result = _here(["calls", "show", "nothing"], tmp_path)
    assert result.status == 1
    assert "there is no call nothing" in result.stderr


@pytest.mark.parametrize("limit", ["0", "-5", "99999999999999999999"])
def test_a_list_has_a_number_of_lines(tmp_path: Path, limit: str) -> None:
    """Of which no database is asked that would be too much for it."""
    result = _here(["calls", "list", "--limit", limit], tmp_path)
    assert result.status == 2
    assert "'--limit'" in result.stderr


def test_the_turns_of_an_unknown_call_are_not_made_up(tmp_path: Path) -> None:
    """`voicebot turns` of a mistyped id says so and where ids are listed, for people and for machines."""
    for arguments in (["turns", "nothing"], ["turns", "nothing", "--json"]):
        result = _here(arguments, tmp_path)
        assert result.status == 1
        assert "there is no call nothing; see `voicebot calls list`" in result.stderr


def test_the_turns_of_a_call_are_shown(tmp_path: Path) -> None:
    """A page for the terminal as wide as it is, JSON for machines; `calls show` tells of it."""
    records = Records.open(empty(tmp_path / "data" / "voicebot.db"))
    records.start("call-1", "+14155550100", "+14155550199", "jambonz", "shop", "media-1")
    times = Timings(last_voice=2.0, vad_end=2.1, queued=2.2, recognised=2.3, committed=2.4, answered=2.5)
    records.add("call-1", TurnEntry(0, Speaker.CALLER, "where is my order", 1.0, 2.0, timings=times))
    records.close()
    page = _here(["turns", "call-1"], tmp_path, COLUMNS="50")
    assert page.status == 0
    assert "answered in 0.50 s" in page.stdout
    assert max(len(line) for line in page.stdout.splitlines()) == 50
    told = json.loads(_here(["turns", "call-1", "--json"], tmp_path).stdout)
    assert told["turns"][0]["timings"]["queued"] == 2.2
    assert "voicebot turns call-1" in _here(["calls", "show", "call-1"], tmp_path).stdout


def test_the_beginning_of_an_id_is_enough_while_it_is_no_other_calls(tmp_path: Path) -> None:
    """Several calls that begin so are listed, and nothing is guessed."""
    records = Records.open(empty(tmp_path / "data" / "voicebot.db"))
    for call_id in ("7f3c-1", "7f3d-2"):
        records.start(call_id, "+14155550100", "+14155550199", "jambonz", "shop", "media-1")
    records.close()
    assert "7f3c-1" in _here(["calls", "show", "7f3c"], tmp_path).stdout
    assert json.loads(_here(["turns", "7f3d", "--json"], tmp_path).stdout)["call"] == "7f3d-2"
    unclear = _here(["turns", "7f3"], tmp_path)
    assert unclear.status == 1
    assert "several calls have an id that begins with 7f3" in unclear.stderr
    assert "7f3c-1" in unclear.stderr
    assert "7f3d-2" in unclear.stderr


def test_an_empty_number_is_nobodys_to_forget(tmp_path: Path) -> None:
    """Callers who withhold theirs are many people; a script whose variable is empty erases none of them."""
    records = Records.open(empty(tmp_path / "data" / "voicebot.db"))
    records.start("call-1", "", "+14155550199", "jambonz", "shop", "media-1")
    records.completed("call-1", [])
    result = _here(["forget", ""], tmp_path)
    assert result.status == 2
    assert "is no telephone number" in result.stderr
    assert [row.call_id for row in records.calls()] == ["call-1"]
    records.close()


def test_a_recording_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    """`voicebot replay` tells a file that cannot be replayed (2) from a call that went another way (1)."""
    result = _here(["replay", "nothing.jsonl"], tmp_path)
    assert result.status == 2
    assert "nothing.jsonl: there is no such file" in result.stderr


def test_separate_processes_need_somewhere_to_meet(tmp_path: Path) -> None:
    """`voicebot web` without Redis is refused with the way out."""
    result = _run(["web"], tmp_path)
    assert result.returncode == 2
    assert "VOICEBOT_REDIS_URL" in result.stderr
