"""Scripts of simulated callers."""

from pathlib import Path

import pytest

from voicebot.errors import ConfigError
from voicebot.testing.caller import HangUp, Interrupt, Listen, Play, Press, Say, Wait
from voicebot.testing.caller_script import Script, load_script


def write(folder: Path, text: str) -> Path:
    path = folder / "call.yaml"
    path.write_text(text)
    return path


def test_every_step_is_read(tmp_path: Path) -> None:
    """All kinds of steps, with files beside the script and keys as they stand."""
    path = write(
        tmp_path,
        """
from: "+15551"
to: 15552
steps:
  - say: where is my order
  - wav: hello.wav
  - dtmf: 0123
  - dtmf: "#*"
  - wait: 2
  - listen
  - interrupt: {after: 1.5, say: stop}
  - interrupt: {wav: x.wav}
  - hangup:
""",
    )
    steps = (
        Say("where is my order"),
        Play(tmp_path / "hello.wav"),
        Press("0123"),
        Press("#*"),
        Wait(2.0),
        Listen(),
        Interrupt(1.5, Say("stop")),
        Interrupt(1.0, Play(tmp_path / "x.wav")),
        HangUp(),
    )
    assert load_script(path) == Script(steps, "+15551", "15552")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "mapping"),
        ("- say: x", 1, "mapping"),
        ("steps: []", 1, "list"),
        ("from: x", 1, "steps"),
        ("steps:\n - say: x\nstep: 1", 3, "unknown entry `step`"),
        ("steps:\n - say: x\n - shout: y", 3, "no step `shout`"),
        ("steps:\n - sleep", 2, "one of"),
        ("steps:\n - say: x\n   wav: y", 2, "one of"),
        ("steps:\n - say: ''", 2, "text"),
        ("steps:\n - dtmf: 12x", 2, "keys"),
        ("steps:\n - wait: soon", 2, "seconds"),
        ("steps:\n - wait: -1", 2, "seconds"),
        ("steps:\n - wait: nan", 2, "seconds"),
        ("steps:\n - interrupt: stop", 2, "looks like"),
        ("steps:\n - interrupt: {after: 1}", 2, "either"),
        ("steps:\n - say: [", 2, "YAML"),
        ("steps:\n\t- x", 2, "YAML"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    """A mistake is reported with the file, the line and what belongs there."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=says) as raised:
        load_script(path)
    assert str(raised.value).startswith(f"{path}:{line}: ")


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    """The message names the file that is not there."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_script(tmp_path / "nowhere.yaml")
