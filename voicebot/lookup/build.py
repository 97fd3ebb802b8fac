"""The look-ups of a dialog file, ready to be asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from voicebot.dialog import LookUpSource
from voicebot.dialog.types import LookUpResult
from voicebot.errors import DialogError, LookUpError
from voicebot.lookup.file import FileSource
from voicebot.lookup.http import HttpSource
from voicebot.lookup.port import LookUps


class Sources:
    """The `LookUps` of one dialog."""

    def __init__(self, sources: Mapping[str, FileSource | HttpSource]) -> None:
        self._sources = dict(sources)

    async def ask(self, name: str, slots: Mapping[str, str]) -> LookUpResult:
        """Ask `name`; HTTP happens in a thread. Raises LookUpError."""
        match self._sources.get(name):
            case FileSource() as source:
                return source.find(slots)
            case HttpSource() as source:
                return await asyncio.to_thread(source.find, dict(slots))
            case _:
                raise LookUpError(f"the dialog file has no look-up `{name}`")

    async def aclose(self) -> None:
        """Give connections back."""
        for source in self._sources.values():
            if isinstance(source, HttpSource):
                source.close()


def build(
    definitions: Mapping[str, LookUpSource], base: Path, environment: Mapping[str, str] | None = None
) -> LookUps:
    """The look-ups of `definitions`; files are relative to `base`, header values come from `environment`.

    Files are read now, so that their mistakes show at the start. Raises DialogError.
    """
    variables = os.environ if environment is None else environment
    return Sources({name: _source(name, spec, base, variables) for name, spec in definitions.items()})


def _source(name: str, spec: LookUpSource, base: Path, environment: Mapping[str, str]) -> FileSource | HttpSource:
    if spec.file is not None:
        return FileSource.read(base / spec.file, spec.key or "", spec.gives)
    headers = {}
    for header, variable in spec.headers.items():
        if not environment.get(variable):
            raise DialogError(f"look_ups.{name}.headers.{header}: set the environment variable {variable}")
        headers[header] = environment[variable]
    return HttpSource(name, spec.url or "", spec.method, spec.timeout_seconds, headers)
