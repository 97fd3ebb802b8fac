"""What is to be different in a rerun: another dialog file, other settings or rules, another recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from voicebot.asr.port import JobKind, Recognizer, Speech, Transcript
from voicebot.call.actions import Recognise
from voicebot.call.events import Frame
from voicebot.call.rules import Rules
from voicebot.errors import RecognizerError, SettingsError
from voicebot.replay.header import Header
from voicebot.settings import PREFIX, Settings


class Anew:
    """Hears the recorded audio again. Times are those the engine takes on this machine, as it reports them."""

    def __init__(self, recognizer: Recognizer, language: str, runner: asyncio.Runner) -> None:
        self._recognizer = recognizer
        self._language = language
        self._runner = runner

    def add(self, frame: Frame) -> None:
        """The audio comes with the question."""

    def hear(self, asked: Recognise) -> tuple[float, Transcript | str]:
        """Seconds the engine worked, and the answer, or the error."""
        speech = Speech(asked.pcm, JobKind.FINAL, self._language, asked.hints)
        try:
            heard = self._runner.run(self._recognizer.recognize(speech))
        except RecognizerError as error:
            return 0.0, str(error)
        return heard.decode_seconds, heard


@dataclass(frozen=True, slots=True)
class Change:
    """Settings and rules by name, as text."""

    settings: dict[str, str]
    rules: dict[str, str]

    @property
    def hears(self) -> bool:
        """Whether the audio has to be heard again."""
        return any(name.startswith("asr") for name in self.settings)


def change(given: Sequence[str], model: str | None) -> Change:
    """What `--settings` (NAME=VALUE, or an env file) and `--asr` ask for. Raises SettingsError."""
    pairs = [pair for one in given for pair in _pairs(one)]
    if model is not None:
        pairs.append(("ASR_MODEL", model, "--asr"))
    settings: dict[str, str] = {}
    rules: dict[str, str] = {}
    named = {each.name for each in fields(Rules)}
    for raw, value, where in pairs:
        name = raw.strip().removeprefix(PREFIX).lower()
        if name in Settings.model_fields and (name.startswith("asr") or name in named):
            settings[name] = value
        elif name in named:
            rules[name] = value
        elif name in Settings.model_fields and where.startswith("--"):
            raise SettingsError(
                f"{where}: {PREFIX}{name.upper()} has no say in a replay; those that have are "
                f"{PREFIX}ASR_* and {', '.join(sorted(named))}"
            )
        elif name not in Settings.model_fields:
            near = get_close_matches(name, sorted(named | set(Settings.model_fields)), 1)
            raise SettingsError(
                f"{where}: there is no setting {raw}" + (f"; did you mean {near[0]}?" if near else "")
            )
    return Change(settings, rules)


def changed_rules(header: Header, wanted: Change) -> Rules:
    """The recorded rules, and what of them the change changes. Raises SettingsError."""
    ruling = {each.name for each in fields(Rules)} | {"asr_timeout"}
    known = {name: value for name, value in header.settings.items() if name in ruling}
    asked = {name: value for name, value in wanted.settings.items() if name in ruling}
    before, after = Rules.of(_alone(known)), Rules.of(_alone({**known, **asked}))
    moved = {
        each.name: getattr(after, each.name)
        for each in fields(Rules)
        if getattr(after, each.name) != getattr(before, each.name)
    }
    rules = replace(header.rules, **moved)
    for name, value in wanted.rules.items():
        kind = type(getattr(rules, name))
        try:
            rules = replace(rules, **{name: kind(value)})
        except ValueError:
            raise SettingsError(f"--settings {name}={value}: wants a number") from None
    return rules


class _Alone(Settings):
    """Settings that do not look at the environment of this process, which is not the recorded one's."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _alone(values: Mapping[str, str]) -> Settings:
    try:
        return _Alone.model_validate(values)
    except ValidationError as error:
        first: Any = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{PREFIX}{name.upper()}: {first['msg'].removeprefix('Value error, ')}") from None


def _pairs(given: str) -> list[tuple[str, str, str]]:
    name, equals, value = given.partition("=")
    if equals:
        return [(name, value, f"--settings {name}")]
    path = Path(given)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"--settings {given}: neither NAME=VALUE nor a file with such lines") from None
    pairs = []
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ")
        name, equals, value = text.partition("=")
        if name.startswith(PREFIX) and equals:
            pairs.append((name, value.strip().strip("\"'"), f"{path}:{number}"))
    return pairs
