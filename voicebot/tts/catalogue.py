"""The list of Piper's voices, as it lies beside them (`voices.json`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import requests

from voicebot.errors import ModelUnavailable
from voicebot.tts.download import TIMEOUTS, Download, fetch


@dataclass(frozen=True, slots=True)
class Offer:
    """A voice that can be had. files: by the name they get here: the `.onnx` and its `.onnx.json`."""

    name: str
    language: str
    speakers: int
    files: Mapping[str, Download]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())


def offers(base_url: str) -> dict[str, Offer]:
    """Every voice below `base_url`, by name. Raises ModelUnavailable when the list cannot be had."""
    url = f"{base_url}/voices.json"
    try:
        response = requests.get(url, timeout=TIMEOUTS)
        response.raise_for_status()
        listed = response.json()
        return {offer.name: offer for offer in _read(listed, base_url)}
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"the list of voices at {url} cannot be read ({type(error).__name__}): check the connection, point "
            "VOICEBOT_VOICES_URL to a copy, or put a voice's .onnx and .onnx.json by hand into `voices` in "
            "VOICEBOT_DATA_DIR"
        ) from error


def get(offer: Offer, folder: Path, progress: Callable[[str, int, int], None]) -> None:
    """Bring the voice into `folder`; the model last, so that a voice which looks complete is.

    progress: called with a file's name, the bytes there by now, and its size. Raises ModelUnavailable.
    """
    for name, wanted in sorted(offer.files.items(), key=lambda item: item[1].size):

        def report(there: int, name: str = name, size: int = wanted.size) -> None:
            progress(name, there, size)

        fetch(wanted, folder / name, report)


def _read(listed: Mapping[str, Any], base_url: str) -> Iterator[Offer]:
    for name, voice in listed.items():
        files = {}
        for path, file in voice["files"].items():
            # Only the last part of a path from elsewhere becomes a name on this disk.
            plain = PurePosixPath(path).name
            if plain in (f"{name}.onnx", f"{name}.onnx.json"):
                files[plain] = Download(f"{base_url}/{path}", int(file["size_bytes"]), str(file["md5_digest"]))
        if len(files) == 2:
            yield Offer(str(name), str(voice["language"]["code"]), int(voice["num_speakers"]), files)
