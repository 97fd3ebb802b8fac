"""Doubts about what a recogniser claims to have heard: Whisper models invent text for silence, noise and music.

Each rule knows one way in which invented text gives itself away. The thresholds `NO_SPEECH`, `IMPROBABLE` and
`COMPRESSED` are those of OpenAI's reference decoder; the others leave every sentence a caller may well say alone.
"""

from __future__ import annotations

import re
import zlib

from voicebot.asr.engine import Heard

NO_SPEECH = 0.6
"""Probability of "nobody spoke" above which improbable text is not believed."""

IMPROBABLE = -1.0
"""Average token log-probability under which text counts as improbable."""

HOPELESS = -1.7
"""Average token log-probability (a geometric mean of 18 %) under which text is never believed."""

COMPRESSED = 2.4
"""Ratio of text without its figures to its zlib form above which it repeats itself."""

FASTEST = 7.0
"""Words per second nobody reaches on the telephone; fast speech is 4 to 5."""

_HEAD_START = 4
"""Words allowed on top of `FASTEST`, for contractions written out and a cut-off beginning."""

_WORD = re.compile(r"[\w']+")

_PHANTOMS = re.compile(
    r"""^\W*(
        (thanks|thank\ you)(\ (so|very)\ much)?\ for\ (watching|listening|viewing)(\ (this|the)\ video)?
      | (please\ )?(don't\ forget\ to\ )?(like\ and\ )?subscribe(\ to\ (my|our|the|this)\ channel)?
      | (i'll\ )?see\ you(\ guys)?\ in\ the\ next\ (one|video|episode)
      | (subtitles|subtitled|captions|captioned|transcription|transcribed|translated)\ by\b.*
      | .*\bamara\.org\b.*
      | \[?\(?(music|applause|silence|blank_audio|laughter|inaudible)\)?\]?
      | [♪♫\s]+
    )\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
"""What subtitled videos say at their end or over music, and callers do not."""

_SUSPECTS = frozenset({"you", "thank you", "thanks", "bye", "bye bye", "so", "the", "okay", "oh", "hmm", "yeah"})
"""What models also write for noise, but callers do say: believed only with a clear voice behind it."""

_SUSPECT_NO_SPEECH = 0.35
_SUSPECT_LOGPROB = -0.8


def unvoiced(text: str, voiced: float) -> str:
    """Why `text` is not believed with only `voiced` seconds of voice behind it, or "" where it is.

    The recogniser gets what is around the voice too, and models write whole sentences for the breath in it.
    """
    words = len(_WORD.findall(text))
    return "too little voice" if words > FASTEST * voiced + _HEAD_START / 2 else ""


def doubt(heard: Heard, duration: float, prompt: str = "") -> str:
    """Why `heard` is not believed, in one or two words for the record, or "" where it is.

    duration: seconds of audio. prompt: what the model was given as context; it may have copied that.
    """
    words = _WORD.findall(heard.text.lower())
    # Not "less than": a model whose numbers overflowed has no figure at all, which is less than nothing.
    if not heard.avg_logprob >= HOPELESS or (heard.no_speech > NO_SPEECH and heard.avg_logprob < IMPROBABLE):
        return "no speech" if heard.no_speech > NO_SPEECH else "improbable"
    if _PHANTOMS.match(heard.text):
        return "phantom phrase"
    if " ".join(words) in _SUSPECTS and (
        heard.no_speech > _SUSPECT_NO_SPEECH or heard.avg_logprob < _SUSPECT_LOGPROB
    ):
        return "phantom word"
    if len(words) > FASTEST * duration + _HEAD_START:
        return "too many words"
    if _repeats(words) or _compression(words) > COMPRESSED:
        return "repetition"
    if heard.no_speech > _SUSPECT_NO_SPEECH and words and _echoes(words, prompt):
        return "prompt echo"
    return ""


def _repeats(words: list[str]) -> bool:
    """Whether a phrase of 2 to 6 words comes four times running, or one word eight times; figures may repeat."""
    for size in range(1, 7):
        times = 8 if size == 1 else 4
        for start in range(len(words) - size * times + 1):
            phrase = words[start : start + size]
            if all(map(_is_figure, phrase)):
                continue
            if words[start : start + size * times] == phrase * times:
                return True
    return False


_FIGURES = frozenset(
    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double", "triple"]
)


def _compression(words: list[str]) -> float:
    raw = " ".join(word for word in words if not _is_figure(word)).encode()
    return len(raw) / len(zlib.compress(raw))


def _is_figure(word: str) -> bool:
    return word.isdigit() or word in _FIGURES


def _echoes(words: list[str], prompt: str) -> bool:
    """Whether three or more words in a row are the prompt's own."""
    said = " ".join(words)
    return len(words) >= 3 and f" {said} " in f" {' '.join(_WORD.findall(prompt.lower()))} "
