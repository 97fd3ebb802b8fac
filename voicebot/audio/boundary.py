"""Where a word begins: the quietest place nearby."""

from __future__ import annotations

import numpy as np

from voicebot.audio.pcm import SAMPLE_RATE, Pcm

_WINDOW = SAMPLE_RATE // 50
"""20 ms: shorter than the closure before a plosive, longer than a period of any voice."""

_STEP = SAMPLE_RATE // 200


def quietest(pcm: Pcm, since: int, until: int) -> int:
    """The sample from `since` to `until` around which 20 ms of `pcm` have the least energy; the latest of equals.

    Voices run words together, but between them they are fainter than within, and to go on in a faint place is not
    heard as a click.
    """
    since, until = max(0, since), min(until, len(pcm))
    if until - since < _STEP:
        return max(0, min(since, until))
    wave = pcm[max(0, since - _WINDOW) : until + _WINDOW].astype(np.float64)
    offset = max(0, since - _WINDOW)
    energy = np.concatenate(([0.0], np.cumsum(wave * wave)))
    places = np.arange(since, until + 1, _STEP)
    begins = np.clip(places - _WINDOW // 2 - offset, 0, len(wave))
    ends = np.clip(places + _WINDOW // 2 - offset, 0, len(wave))
    means = (energy[ends] - energy[begins]) / np.maximum(1, ends - begins)
    return int(places[len(means) - 1 - int(np.argmin(means[::-1]))])
