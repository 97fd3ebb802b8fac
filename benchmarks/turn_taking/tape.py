"""Everything a caller sent, so that words can be told from audio again."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.turn_taking.sounds import Take
from voicebot.audio import FRAME_SAMPLES, Pcm

WHOLE = 0.85
"""Part of a stretch from which all its words were there: the ends of words carry little sound."""


@dataclass(frozen=True, slots=True)
class _Said:
    first: int
    frames: int
    text: str


@dataclass(slots=True)
class Tape:
    """Frames as they were sent, and which words are in which. Noise makes every frame unique."""

    length: int = 0
    """Frames so far."""
    _places: dict[bytes, int] = field(default_factory=dict)
    _said: list[_Said] = field(default_factory=list)

    def add(self, frame: Pcm) -> None:
        """The next frame."""
        self._places[frame.tobytes()] = self.length
        self.length += 1

    def begin(self, take: Take) -> None:
        """The frames from here on are those of `take`."""
        for stretch in take.stretches:
            first = self.length + stretch.start // FRAME_SAMPLES
            frames = max(1, (stretch.end - stretch.start) // FRAME_SAMPLES)
            self._said.append(_Said(first, frames, stretch.text))

    def text(self, pcm: Pcm) -> str:
        """The words in `pcm`; of a stretch that is there in part, the words of that part."""
        whole = len(pcm) - len(pcm) % FRAME_SAMPLES
        frames = pcm[:whole].reshape(-1, FRAME_SAMPLES)
        there = {place for frame in frames if (place := self._places.get(frame.tobytes())) is not None}
        return " ".join(filter(None, (_words(said, there) for said in self._said)))


def _words(said: _Said, there: set[int]) -> str:
    covered = [at for at in range(said.frames) if said.first + at in there]
    share = len(covered) / said.frames
    if share >= WHOLE or not covered:
        return said.text if covered else ""
    words = said.text.split()
    count = round(len(words) * share)
    return " ".join(words[:count] if covered[0] <= said.frames - 1 - covered[-1] else words[len(words) - count :])
