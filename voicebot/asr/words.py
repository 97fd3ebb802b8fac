"""When each word was spoken, from the attention the decoder paid to the audio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ctranslate2 import StorageView
from ctranslate2.models import Whisper
from faster_whisper.tokenizer import Tokenizer

from voicebot.asr.port import Word


def word_times(
    model: Whisper,
    audio: StorageView,
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    frames: int,
    seconds_per_position: float,
    start: float,
) -> tuple[Word, ...]:
    """The words of one decoded piece.

    audio: its features or encoder output, batch of one. tokens: its text. frames: feature frames without padding.
    seconds_per_position: of the encoder's output. start: seconds of the utterance before the piece.
    """
    words, word_tokens = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    if len(words) < 2:
        return ()
    (result,) = model.align(audio, list(tokenizer.sot_sequence), [list(tokens)], frames)
    text, position = np.array(result.alignments).T
    first = np.flatnonzero(np.diff(text, prepend=-1))
    begins = position[first] * seconds_per_position + start
    ends = np.cumsum([len(part) for part in word_tokens])
    found: list[Word] = []
    for index, word in enumerate(words[:-1]):
        since, until = (int(ends[index - 1]) if index else 0), int(ends[index])
        probability = float(np.mean(result.text_token_probs[since:until]))
        if found and not any(letter.isalnum() for letter in word):
            last = found[-1]
            found[-1] = Word(last.text + word.strip(), last.start, last.end, last.probability)
        else:
            found.append(Word(word.strip(), float(begins[since]), float(begins[until]), probability))
    return tuple(found)
