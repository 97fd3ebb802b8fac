"""The servers that are compared, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import process
from benchmarks.turn_latency.bot import serving
from benchmarks.versus_pipecat.strategy import Strategy
from voicebot.asr.model import DEMO
from voicebot.errors import ConfigError
from voicebot.settings import REPOSITORY
from voicebot.testing.call_command import Server

DIALOG = Path(__file__).parent / "dialog.yaml"
COMPUTE = "int8"
"""Of the speech model, on both sides."""

HOW = """pipecat needs an environment of its own (about 1 GB), since its pins are not ours:

    python -m venv /tmp/pipecat && /tmp/pipecat/bin/pip install -r requirements-versus.txt
    python -m benchmarks.versus_pipecat --pipecat-python /tmp/pipecat/bin/python"""

_ASK = """
import json
from importlib.metadata import version
import fastapi, uvicorn, faster_whisper, pipecat
names = ("pipecat-ai", "faster-whisper", "ctranslate2", "onnxruntime")
print(json.dumps({name: version(name) for name in names}))
"""


@contextmanager
def voicebot() -> Iterator[Server]:
    """`voicebot serve` with its defaults, on this dialog."""
    with serving({"DIALOG": str(DIALOG), "ASR_COMPUTE_TYPE": COMPUTE}) as bot:
        yield bot.server


def installed(python: Path) -> dict[str, str]:
    """Versions of what matters there. Raises ConfigError when pipecat or a part of it is missing."""
    try:
        done = subprocess.run([str(python), "-c", _ASK], capture_output=True, text=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"{python} cannot run pipecat ({type(error).__name__}).\n{HOW}") from None
    versions: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return versions


@contextmanager
def pipecat(python: Path, strategy: Strategy) -> Iterator[Server]:
    """The bot of `bot.py` with this strategy."""
    (port,) = process.free_ports(1)
    base = f"http://127.0.0.1:{port}"
    command = [str(python), "-m", "benchmarks.versus_pipecat.bot", "--port", str(port)]
    command += ["--dialog", str(DIALOG), "--model", str(DEMO), "--compute-type", COMPUTE]
    command += ["--strategy", str(strategy)]
    environment = {"PYTHONPATH": str(REPOSITORY)}
    with (
        tempfile.TemporaryDirectory(prefix="versus-") as folder,
        process.serving("pipecat", command, environment, Path(folder), base),
    ):
        yield Server(base)
