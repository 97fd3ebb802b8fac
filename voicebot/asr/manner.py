"""How a Whisper checkpoint wants to be used: what it is shown, and what is tried when it stammers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voicebot.asr import guard

STEP_SECONDS = 5.0
"""Context comes in multiples of this, so that utterances of nearly the same length can be decoded together."""

LONGEST_SECONDS = 30.0
"""Context of the encoder of every released Whisper."""

_MARGIN_SECONDS = 2.5
"""Padding after the last word when the context is shortened; with less, released models are known to loop."""

_BEAM = 5
"""Hypotheses kept; the reference decoder's figure."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What differs between checkpoints.

    context: seconds of audio, padding included, the encoder is shown at least. window: seconds after which an
    utterance is cut. by_phrase: whether it is cut at pauses as well.
    hints: whether a prompt helps. all_symbols: whether it may write every symbol.
    retries: sampling temperatures tried in turn when the most probable text is not to be believed.
    improbable: mean log-probability of the tokens under which it is not.
    beam: hypotheses kept. patience: the search ends when so many times that number are complete.
    """

    context: float
    window: float
    by_phrase: bool = False
    hints: bool = True
    all_symbols: bool = False
    retries: tuple[float, ...] = ()
    improbable: float = guard.IMPROBABLE
    beam: int = _BEAM
    patience: float = 1.0

    def context_for(self, duration: float) -> float:
        """Seconds the encoder is shown of a piece of `duration` seconds: the least that leaves a margin."""
        needed = math.ceil((duration + _MARGIN_SECONDS) / STEP_SECONDS) * STEP_SECONDS
        return max(self.context, min(LONGEST_SECONDS, needed))


def released(context: float = LONGEST_SECONDS) -> Manner:
    """Any released or fine-tuned Whisper. context: least seconds shown; 30 as it was trained, less for speed."""
    return Manner(
        context=min(LONGEST_SECONDS, math.ceil(context / STEP_SECONDS) * STEP_SECONDS),
        # A little under the 30 s after which nothing fits.
        window=29.0,
        retries=(0.4, 0.8),
    )


DEMO = Manner(
    # 20 s of it are padding or pause, by which it finds the end. Of 140 sentences 137 come out right, against 136
    # with the 60 s of the stock path, in an eighth of the time; with 10 s it writes digits twice.
    context=20.0,
    # Its positions less the silence at both ends.
    window=9.8,
    # It was trained on single sentences: of two at once it hears neither.
    by_phrase=True,
    # With a prompt in front it hears worse.
    hints=False,
    # The usual list of symbols holds the colon, and with it every time of day.
    all_symbols=True,
    # Texts that lack one of two like digits are complete sooner. Of 240 sentences it hears 214 right, and 205 with
    # the usual patience of 1, in the same time.
    patience=2.0,
)
"""The built-in model."""
