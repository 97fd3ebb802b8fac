"""What the caller is saying, and when the turn is over."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from voicebot.audio import FRAME_SECONDS, Pcm, seconds
from voicebot.call.playout import TOLERANCE
from voicebot.call.record import TurnEnd
from voicebot.call.rules import Rules
from voicebot.dialog.types import Completeness, Patience

HYSTERESIS = 0.15
"""How far below the threshold voice may fall and still be voice (the distance Silero's own iterator uses)."""

FADED = 10 ** (-35 / 20)
"""Of an utterance's loudest frame: what is fainter is no voice any more, whatever the detector says.

Silero follows the end of speech by 0.12 s, measured on telephone speech; with this it is 0.01 s. The faintest
consonants of that speech are 30 dB below its loudest vowels."""

FLOOR = 1.4
"""Times the level of the line when nobody speaks: no voice either. Hiss is told from speech by this."""

CLEAR = 8.0
"""How far above the line an utterance must be for its end to be told by level (18 dB)."""

FAINTEST = 100.0
"""Amplitude (-50 dBFS) an utterance must reach for its end to be told by level."""

STANDS_OUT = 3.0
"""Times the mean level of the line which who speaks into the telephone exceeds (9.5 dB).

Measured with voices of speech synthesis in babble, a car, a street and hiss: of a caller 10 dB above it the
loudest frame is 3.5 times as loud or more, of one 5 dB above it 2.4 times; a voice of the babble itself up to
three times."""

BURIED = 2.4
"""Times the mean level of the line below which a voice is most likely one of many (7.6 dB)."""

HALT = 0.1
"""Seconds for which a voice may be too faint to count and still be the same: a stop and what hisses after it."""

_MURMURS = 0.005
"""Share of each frame in the mean level of the line: some seconds, so that a voice noticed late hardly counts."""

_RISES, _FALLS = 0.02, 0.2
"""Share of each new frame in the level of the line: what the detector misses of a voice must hardly count."""

STALL = 0.3
"""Seconds for which the next frame may be late on a line that sends silence too, and still be on its way.

A pause is counted in audio there, not in waiting."""

STEADY = 1.0
"""Seconds of silence a line has to send before it counts as such."""

GAP = 0.06
"""Seconds without a frame that are silence, not jitter: gateways send none while the caller is mute or muted."""


@dataclass(slots=True)
class Utterance:
    """What the caller has said since voice began.

    frames: the audio in the order it came, pre-roll first; nothing stands for frames that never came.
    started, last_voice: when the voice began and when it last was there, as reckoned from arrivals and audio.
    voiced: seconds of voice; unchanged as long as nothing was said. After a halt the first 40 ms are lost,
        until it is known for voice again; whatever is compared with it was measured so.
    length: seconds of audio.
    forgiven: how much of `voiced` has held the bot already and turned out to be no reason.
    loudest: amplitude (RMS) of its loudest frame; line: that of the line before it.
    silent: when the first audio without voice came after the last voice; None while there is none.
    """

    frames: list[Pcm]
    started: float
    last_voice: float
    voiced: float
    length: float
    forgiven: float = 0.0
    loudest: float = 0.0
    line: float = 0.0
    silent: float | None = None
    _tail: float = 0.0
    _voice_ends: int = 0

    @property
    def background(self) -> bool:
        """Whether it hardly stands out from what is on the line all the time: one voice of many in a room, or a
        caller who can hardly be heard."""
        return self.line >= FAINTEST and self.loudest < STANDS_OUT * self.line

    @property
    def buried(self) -> bool:
        """Whether it stands out even less than a caller 5 dB above what is behind him."""
        return self.line >= FAINTEST and self.loudest < BURIED * self.line

    def add(self, pcm: Pcm, now: float) -> None:
        """Audio without voice in it, or with too little to count."""
        self.frames.append(pcm)
        self.length += seconds(pcm)
        self._tail += seconds(pcm)
        self.silent = now if self.silent is None else self.silent
        # Frames that came late and together still last as long as they last.
        self.last_voice = min(self.last_voice, now - self._tail)

    def add_voice(self, pcm: Pcm, now: float, voiced: float) -> None:
        """Audio with voice in it; `voiced` seconds of it and what came before are now known to be voice."""
        self.frames.append(pcm)
        self.length += seconds(pcm)
        self.voiced += voiced
        self.last_voice = now
        self.silent = None
        self._tail = 0.0
        self._voice_ends = len(self.frames)

    def audio(self, tail: float) -> Pcm:
        """Everything up to the last voice and at most `tail` seconds more."""
        return np.concatenate(self.frames[: self._voice_ends + round(tail / FRAME_SECONDS)])


class Listener:
    """Finds utterances in the frames of one call."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._recent: deque[Pcm] = deque(maxlen=round((rules.pre_roll + rules.start_voice) / FRAME_SECONDS))
        self._run = 0.0
        self._faint = 0.0
        self._last_frame = 0.0
        self._utterance: Utterance | None = None
        self._floor: float | None = None
        self._silence_sent = 0.0
        self._loudest = 0.0
        self._line = 0.0
        self._murmured = 0

    @property
    def utterance(self) -> Utterance | None:
        """The open utterance."""
        return self._utterance

    def frame(self, pcm: Pcm, speech: float, now: float) -> None:
        """20 ms of audio that arrived at `now`; `speech` is its speech probability."""
        now = max(now, self._last_frame)
        unsent = now - self._last_frame - self._late(now)
        if unsent > GAP + TOLERANCE:
            self._run = 0.0
        if unsent > self._rules.pre_roll:
            self._recent.clear()
        if now - self._last_frame > STALL + GAP:
            self._silence_sent = 0.0
        self._last_frame = now
        threshold = self._rules.vad_threshold - (HYSTERESIS if self._run else 0.0)
        voice = speech >= threshold
        if not voice:
            self._silence_sent += seconds(pcm)
        sounding = self._sounding(pcm, voice)
        self._faint = 0.0 if sounding else self._faint + seconds(pcm)
        if sounding:
            self._run += seconds(pcm)
        elif not voice or self._faint > HALT + TOLERANCE:
            self._run = 0.0
        if self._utterance is None:
            self._wait_for_voice(pcm, now)
        elif sounding and self._counts(self._utterance, now):
            self._utterance.add_voice(pcm, now, seconds(pcm))
        else:
            self._utterance.add(pcm, now)

    def voicing(self, now: float) -> bool:
        """Whether the caller is speaking: within an utterance and not in a pause worth a guess."""
        return self._utterance is not None and self.pause(now) < self._rules.guess_after - TOLERANCE

    def wavering(self, now: float) -> bool:
        """Whether voice may just be coming back, too short yet to count."""
        return self._run > 0 and not self._faint and now - self._last_frame - self._late(now) <= GAP

    def pause(self, now: float) -> float:
        """Seconds since the last voice of the open utterance."""
        if self._utterance is None:
            return 0.0
        return now - self._utterance.last_voice - self._late(now)

    def _late(self, now: float) -> float:
        """Seconds for which the next frame is on its way, as far as it may be late."""
        return min(max(0.0, now - self._last_frame - GAP), STALL) if self._steady else 0.0

    @property
    def _steady(self) -> bool:
        """Whether the line sends silence too, so that frames that lack are late, and its level is known."""
        return self._silence_sent >= STEADY

    def take(self) -> None:
        """The utterance is over or not wanted; the next voice opens another."""
        self._utterance = None
        self._recent.clear()
        self._run = 0.0
        self._loudest = 0.0

    def _sounding(self, pcm: Pcm, voice: bool) -> bool:
        """Whether a frame that the detector took for voice, or not, is loud enough to be some."""
        if not voice and self._utterance is not None:
            return False
        wave = pcm.astype(np.float32)
        level = math.sqrt(float(wave @ wave) / len(wave))
        if not voice:
            self._murmured += 1
            self._line += max(_MURMURS, 1 / self._murmured) * (level - self._line)
            floor = level if self._floor is None else self._floor
            self._floor = floor + (_RISES if level > floor else _FALLS) * (level - floor)
            self._loudest = 0.0
            return False
        self._loudest = max(self._loudest, level)
        if self._utterance is not None:
            self._utterance.loudest = self._loudest
        # Where silence is not sent, all that was heard without voice is how the caller began.
        floor = self._floor if self._floor is not None and self._steady else 0.0
        if self._utterance is None or self._loudest < max(FAINTEST, CLEAR * floor):
            return True
        return level >= max(FADED * self._loudest, FLOOR * floor)

    def _wait_for_voice(self, pcm: Pcm, now: float) -> None:
        self._recent.append(pcm)
        if self._run < self._rules.start_voice - TOLERANCE:
            return
        frames = list(self._recent)
        last = frames.pop()
        length = sum(seconds(frame) for frame in frames)
        self._utterance = Utterance(frames, now - self._run, now, 0.0, length)
        self._utterance.loudest = self._loudest
        self._utterance.line = self._line if self._steady else 0.0
        self._utterance.add_voice(last, now, self._run)
        self._recent.clear()

    def _counts(self, utterance: Utterance, now: float) -> bool:
        """After a guess was made a click must not cost it; before, every voiced frame counts."""
        return (
            now - utterance.last_voice < self._rules.guess_after
            or self._run >= self._rules.start_voice - TOLERANCE
        )


_ENDS = {
    Completeness.ANSWERED: TurnEnd.ANSWERED,
    Completeness.COMPLETE: TurnEnd.COMPLETE,
    Completeness.OPEN: TurnEnd.OPEN,
    Completeness.UNFINISHED: TurnEnd.UNFINISHED,
    Completeness.NOTHING: TurnEnd.NOTHING,
    None: TurnEnd.UNHEARD,
}

STRETCH = {Patience.LOW: 0.75, Patience.NORMAL: 1.0, Patience.HIGH: 1.5}
"""How much longer pauses are with the dialog's patience."""


def turn_end(
    listener: Listener,
    completeness: Completeness | None,
    rules: Rules,
    now: float,
    patience: Patience = Patience.NORMAL,
) -> TurnEnd | None:
    """Why the open utterance is over at `now`, or None while it is not.

    completeness: of the text as guessed so far; None while there is none, which then is waited for
    no longer than for an unfinished sentence.
    """
    utterance = listener.utterance
    if utterance is None:
        return None
    if utterance.length >= rules.max_utterance - TOLERANCE:
        return TurnEnd.TOO_LONG
    if listener.wavering(now) or listener.pause(now) < pause_for(completeness, rules, patience) - TOLERANCE:
        return None
    return _ENDS[completeness]


def pause_for(completeness: Completeness | None, rules: Rules, patience: Patience = Patience.NORMAL) -> float:
    """Seconds of silence that end a turn with such a text."""
    match completeness:
        case Completeness.NOTHING:
            return rules.min_pause
        case Completeness.ANSWERED:
            pause = min(rules.short_pause, rules.min_pause)
        case Completeness.COMPLETE:
            pause = rules.min_pause
        case Completeness.OPEN:
            pause = rules.open_pause
        case _:
            pause = rules.max_pause
    return pause * STRETCH[patience]
