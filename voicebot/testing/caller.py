"""A simulated caller who follows a script. Pure: time and audio come in, 20 ms of behaviour go out.

The caller is polite: before speaking or pressing keys they let the bot finish, unless the step is an interruption.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, Pcm
from voicebot.testing.caller_line import Noise, recorded, spoken
from voicebot.testing.phone import Heard, Spoken, audible
from voicebot.tts.port import Synthesizer

GAP = 0.7
"""Seconds of silence after which the bot has finished: longer than a pause between two sentences."""

STOPS = 1.0
"""Seconds after the caller's last word in which a bot that was talking over it stops for it, if it does."""

PATIENCE = 10.0
"""Seconds without a word of the bot after which the caller goes on all the same."""

KEY_SECONDS = 0.25
"""From one key press to the next."""

_OVERLAP = 0.2


@dataclass(frozen=True, slots=True)
class Say:
    """Say a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Play:
    """Play an audio file into the telephone."""

    path: Path


Sound: TypeAlias = Say | Play


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys."""

    keys: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait until the bot has spoken and finished."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Speak into the bot's words, once it has talked for `after` seconds."""

    after: float
    sound: Sound


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up, whatever the bot is doing."""


Step: TypeAlias = Say | Play | Press | Wait | Listen | Interrupt | HangUp


@dataclass(slots=True)
class Turn:
    """One thing the caller said or keyed, and how soon the bot answered.

    ended_at: when its last voiced frame, or last key, was put on the wire; None before.
    replied_at: when the first sound after that arrived from the bot; None if none did.
    overlapped: the bot was talking when the caller ended, so that no reply can be told from the rest.
    """

    said: str
    started_at: float
    ended_at: float | None = None
    replied_at: float | None = None
    overlapped: bool = False

    @property
    def latency(self) -> float | None:
        """Seconds from the end of the caller's speech to the first sound of the reply."""
        if self.overlapped or self.ended_at is None or self.replied_at is None:
            return None
        return self.replied_at - self.ended_at


@dataclass(slots=True)
class _Ear:
    """What the caller notices of the bot, in ticks of what he hears: those that come late still last 20 ms each.

    talked: since the bot began; None while it is silent. quiet: since its last sound.
    over: since the caller ended while the bot talked; None where it did not, or has finished since.
    """

    talked: int | None = None
    quiet: int | None = None
    spoke: bool = False
    over: int | None = None

    def hear(self, heard: Heard) -> None:
        if self.talked is not None:
            self.talked += 1
        if self.over is not None:
            self.over += 1
        if heard.playing or audible(heard.pcm):
            self.talked = self.talked or 0
            self.quiet = 0
            self.spoke = True
        elif self.quiet is not None:
            self.quiet += 1
            if self.quiet == _ticks(GAP):
                self._finish()

    @property
    def finished(self) -> bool:
        return self.quiet is None or self.quiet >= _ticks(GAP)

    def _finish(self) -> None:
        if self.over is not None and self.over <= _ticks(GAP + STOPS):
            # It fell silent for what the caller said: the reply is still to come.
            self.spoke = False
        self.over = self.talked = None


@dataclass(slots=True)
class _Voice:
    """A sound on its way into the telephone."""

    turn: Turn
    left: Pcm
    keys: str = ""
    next_key: float = 0.0
    done: bool = field(default=False)


class Caller:
    """Somebody with a script; a `Phone` for the simulated gateway.

    audio: the sound of every `Say` and `Play` of the steps (see `prepare`), int16 at 8 kHz.
    After the last step the caller lets the bot finish and hangs up.
    """

    def __init__(self, steps: Sequence[Step], audio: Mapping[Sound, Pcm], noise: Noise | None = None) -> None:
        closing: list[Step] = [] if steps and isinstance(steps[-1], HangUp) else [Listen(), HangUp()]
        self._steps: list[Step] = [*steps, *closing]
        self._audio = audio
        self._noise = noise
        self._ear = _Ear()
        self._since: float | None = None
        self._voice: _Voice | None = None
        self._last_arrival: float | None = None
        self.turns: list[Turn] = []

    @property
    def unspoken(self) -> list[Step]:
        """Steps not reached in which the caller would have said or keyed something."""
        return [step for step in self._steps if isinstance(step, Say | Play | Press | Interrupt)]

    def tick(self, heard: Heard | None, now: float) -> Spoken:
        """As `Phone.tick`. While no bot is on the line the script waits."""
        if heard is None:
            self._since = None
            self._ear = _Ear()
            return Spoken()
        self._ear.hear(heard)
        if self._since is None:
            self._since = now
        deed = self._speak(heard, now) if self._voice else self._act(heard, now)
        if self._noise is None:
            return deed
        pcm = np.zeros(FRAME_SAMPLES, np.int16) if deed.pcm is None else deed.pcm
        return Spoken(self._noise.over(pcm), deed.keys, deed.hang_up)

    def arrived(self, pcm: Pcm, now: float) -> None:
        """As `Phone.arrived`."""
        if not audible(pcm):
            return
        self._last_arrival = now
        turn = self.turns[-1] if self.turns else None
        if turn and turn.ended_at is not None and turn.replied_at is None:
            turn.replied_at = now

    def _act(self, heard: Heard, now: float) -> Spoken:
        while self._steps:
            step = self._steps[0]
            if not self._ready(step, now):
                return Spoken()
            self._steps.pop(0)
            self._since = now
            match step:
                case HangUp():
                    self._steps.clear()
                    return Spoken(hang_up=True)
                case Say() | Play():
                    return self._begin(_name(step), self._audio[step], "", heard, now)
                case Interrupt(sound=sound):
                    return self._begin(_name(sound), self._audio[sound], "", heard, now)
                case Press(keys):
                    return self._begin(keys, np.zeros(0, np.int16), keys, heard, now)
                case Wait() | Listen():
                    pass
        return Spoken()

    def _ready(self, step: Step, now: float) -> bool:
        waited = now - (now if self._since is None else self._since)
        bot_done = self._ear.spoke and self._ear.finished
        silent = self._ear.finished and waited >= PATIENCE
        match step:
            case HangUp():
                return True
            case Wait(seconds):
                return waited >= seconds
            case Interrupt(after=after):
                talked = self._ear.talked
                return (talked is not None and talked >= _ticks(after)) or bot_done or silent
            case _:
                return bot_done or silent

    def _begin(self, said: str, pcm: Pcm, keys: str, heard: Heard, now: float) -> Spoken:
        turn = Turn(said, now)
        self.turns.append(turn)
        self._voice = _Voice(turn, pcm, keys, now)
        self._ear.spoke = False
        return self._speak(heard, now)

    def _speak(self, heard: Heard, now: float) -> Spoken:
        voice = self._voice
        assert voice is not None
        pcm: Pcm | None = None
        key = ""
        if len(voice.left):
            pcm, voice.left = voice.left[:FRAME_SAMPLES], voice.left[FRAME_SAMPLES:]
            pcm = np.concatenate((pcm, np.zeros(FRAME_SAMPLES - len(pcm), np.int16)))
        elif voice.keys and now >= voice.next_key:
            key, voice.keys = voice.keys[0], voice.keys[1:]
            voice.next_key = now + KEY_SECONDS
        if not len(voice.left) and not voice.keys:
            self._end(voice.turn, heard, now)
        return Spoken(pcm, key)

    def _end(self, turn: Turn, heard: Heard, now: float) -> None:
        recent = self._last_arrival is not None and now - self._last_arrival < _OVERLAP
        turn.ended_at = now
        turn.overlapped = heard.playing or recent
        self._ear.spoke = turn.overlapped
        self._ear.over = 0 if turn.overlapped else None
        self._voice = None
        self._since = now


def _ticks(seconds: float) -> int:
    return round(seconds / FRAME_SECONDS)


def _name(sound: Sound) -> str:
    return sound.text if isinstance(sound, Say) else sound.path.name


async def prepare(steps: Sequence[Step], voice: Synthesizer) -> dict[Sound, Pcm]:
    """The sound of every step that has one, rendered before the call. Raises SynthesizerError, ConfigError."""
    audio: dict[Sound, Pcm] = {}
    for step in steps:
        sound = step.sound if isinstance(step, Interrupt) else step
        if isinstance(sound, Say):
            audio[sound] = await spoken(voice, sound.text)
        elif isinstance(sound, Play):
            audio[sound] = recorded(sound.path)
    return audio
