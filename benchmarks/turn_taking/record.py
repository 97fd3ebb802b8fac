"""Has flite and festival say what the script needs of them: `python -m benchmarks.turn_taking.record`.

Needs both programs, and festival's `kal_diphone`. Writes one mu-law WAV a voice and an index beside this file.
"""

from __future__ import annotations

import csv

import numpy as np
import soundfile

from benchmarks.turn_taking.script import Turn, Words, parts, repair, script
from benchmarks.turn_taking.sounds import COLUMNS, INDEX, VOICES, file_of
from scripts.demo_asr.voices import Voice, say
from voicebot.audio import SAMPLE_RATE, Pcm, at_level
from voicebot.testing.caller_line import telephone, trimmed


def wanted() -> dict[str, list[str]]:
    """Every text each recorded voice has to say, in the order of the script."""
    texts: dict[str, dict[str, None]] = {}
    for call in script():
        if not call.voice.startswith("espeak:"):
            said = texts.setdefault(call.voice, {})
            for turn in call.turns:
                said.update(dict.fromkeys(_words(turn)))
                if turn.number:
                    said.update(dict.fromkeys(_words(repair(turn.number))))
    return {voice: list(said) for voice, said in sorted(texts.items())}


def _words(turn: Turn) -> list[str]:
    return [part.text for part in parts(turn.said) if isinstance(part, Words)]


def main() -> None:
    """Record everything anew."""
    VOICES.mkdir(exist_ok=True)
    with (VOICES / INDEX).open("w", encoding="utf-8", newline="") as file:
        index = csv.writer(file, delimiter="\t", lineterminator="\n")
        index.writerow(COLUMNS)
        for voice, texts in wanted().items():
            pieces: list[Pcm] = []
            start = 0
            for text in texts:
                clip = say(Voice.parse(voice), text)
                if clip is None:
                    raise RuntimeError(f"{voice} made no sound of {text!r}")
                pcm = trimmed(telephone(at_level(clip)))
                index.writerow([voice, start, len(pcm), text])
                pieces.append(pcm)
                start += len(pcm)
            soundfile.write(VOICES / file_of(voice), np.concatenate(pieces), SAMPLE_RATE, subtype="ULAW")
            print(f"{voice}: {len(texts)} texts, {start / SAMPLE_RATE:.0f} s")


if __name__ == "__main__":
    main()
