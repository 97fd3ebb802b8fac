"""Ways to let many callers share one model."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import numpy as np
from faster_whisper import WhisperModel

from voicebot.asr import whisper
from voicebot.asr.build import most_together
from voicebot.asr.layout import share
from voicebot.asr.local import LocalRecognizer
from voicebot.asr.manner import Manner
from voicebot.asr.model import Checkpoint, cores
from voicebot.asr.port import JobKind, Speech
from voicebot.audio import SAMPLE_RATE, Pcm, resample

Hear: TypeAlias = Callable[[Pcm], Awaitable[object]]

_RATE = 16000
_BEAM = 5
_MOST_THREADS = 4
_TIMEOUT = 600.0


class Rival(Enum):
    """How people use faster-whisper from several threads."""

    THREADS = "transcribe in threads"
    LOCK = "transcribe, one lock"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the model runs. threads: for each decode, 0 for our default."""

    device: str
    compute_type: str
    threads: int


@contextlib.contextmanager
def rivals(folder: Path, machine: Machine, callers: int) -> Iterator[dict[Rival, Hear]]:
    """The stock pipeline with our beam and without its fall-backs, which would only slow it down.

    The lock is the widespread advice; without it CTranslate2 still has one queue and one worker.
    """
    model = WhisperModel(
        str(folder),
        device=machine.device,
        compute_type=machine.compute_type,
        cpu_threads=machine.threads or max(1, min(_MOST_THREADS, cores())),
        local_files_only=True,
    )
    lock = threading.Lock()

    def transcribe(pcm: Pcm) -> str:
        waveform = resample(pcm, SAMPLE_RATE, _RATE).astype(np.float32) / np.float32(32768)
        segments, _ = model.transcribe(
            waveform,
            language="en",
            beam_size=_BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=False,
            no_speech_threshold=None,
            log_prob_threshold=None,
            compression_ratio_threshold=None,
        )
        return " ".join(segment.text for segment in segments)

    def locked(pcm: Pcm) -> str:
        with lock:
            return transcribe(pcm)

    with ThreadPoolExecutor(callers) as pool:

        def ways(work: Callable[[Pcm], str]) -> Hear:
            return lambda pcm: asyncio.get_running_loop().run_in_executor(pool, work, pcm)

        yield {Rival.THREADS: ways(transcribe), Rival.LOCK: ways(locked)}
    model.model.unload_model()


class Ours:
    """The product's recogniser; its doubts do not ask for second tries, which random text would always need."""

    def __init__(self, folder: Path, machine: Machine, manner: Manner, batch: int = 0) -> None:
        checkpoint = Checkpoint(folder, folder.name, machine.device, machine.compute_type)
        shared = share(machine.device, cores(), machine.threads)
        engine = whisper.load(checkpoint, shared, manner=manner)
        together = batch or most_together(machine.device, manner.context)
        self._recognizer = LocalRecognizer(engine, shared.workers, _TIMEOUT, together)

    async def hear(self, pcm: Pcm) -> object:
        """One utterance of a turn."""
        return await self._recognizer.recognize(Speech(pcm, JobKind.FINAL))

    async def aclose(self) -> None:
        """Give the model back."""
        await self._recognizer.aclose()


def spread(utterances: Sequence[Pcm], count: int) -> list[Pcm]:
    """`count` utterances, each sentence as often as the others."""
    return [utterances[index % len(utterances)] for index in range(count)]
