"""Recordings on the disk."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from structlog.testing import capture_logs

from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm
from voicebot.runtime.recording import Recorder
from voicebot.settings import Recordings
from voicebot.store.keeping import files

CLOCK = 1000.0

KILLED = """
import os, sys, time
from pathlib import Path

import numpy as np

from voicebot.runtime.recording import Recorder
from voicebot.settings import Recordings

folder = Path(sys.argv[1])
recording = Recorder(folder, Recordings.FLAC).record("call-1", lambda _: None)
recording.tick(0.0)
for second in range(1, 8):
    recording.caller(np.full(8000, 7, np.int16), float(second))
    recording.tick(float(second))
while not any(path.stat().st_size > 4 * 8000 * 4 for path in folder.rglob("*.wav")):
    time.sleep(0.01)
os._exit(9)
"""


def tone(seconds: float, value: int) -> Pcm:
    return np.full(round(seconds * SAMPLE_RATE), value, np.int16)


def recorded(folder: Path, kind: Recordings = Recordings.FLAC) -> tuple[Path, float]:
    """Five seconds: the caller speaks all the time, the bot from 1 s to 2 s and is cut short at 3.5 s."""
    done: list[float] = []
    recorder = Recorder(folder, kind)
    recording = recorder.record("call-1", done.append)
    recording.tick(CLOCK)
    for frame in range(1, round(5 / FRAME_SECONDS) + 1):
        now = CLOCK + frame * FRAME_SECONDS
        recording.caller(tone(FRAME_SECONDS, 100), now)
        if frame == 50:
            recording.bot(tone(1.0, 200), now, now)
        if frame == 150:
            recording.bot(tone(1.0, 300), now, now)
        if frame == 175:
            recording.cut(now)
        recording.tick(now)
    recording.close(CLOCK + 5)
    assert recorder.close(5)
    (path,) = files(folder, recording.path)
    return path, done[0]


@pytest.mark.parametrize(("kind", "suffix"), [(Recordings.FLAC, ".flac"), (Recordings.WAV, ".wav")])
def test_both_sides_are_on_the_disk(tmp_path: Path, kind: Recordings, suffix: str) -> None:
    """The caller is left, the bot right, at the time it was heard and only as far."""
    path, seconds = recorded(tmp_path, kind)
    assert path.suffix == suffix
    assert seconds == pytest.approx(5.0)
    samples, rate = soundfile.read(path, dtype="int16")
    assert (rate, samples.shape) == (SAMPLE_RATE, (5 * SAMPLE_RATE, 2))
    assert (samples[:, 0] == 100).all()
    heard = np.flatnonzero(samples[:, 1]) / SAMPLE_RATE
    assert heard[0] == pytest.approx(1.0)
    assert samples[round(1.5 * SAMPLE_RATE), 1] == 200
    assert not samples[round(2.1 * SAMPLE_RATE) : round(2.9 * SAMPLE_RATE), 1].any()
    assert heard[-1] == pytest.approx(3.5, abs=0.001)


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """A recording is for the user of the server only, packed or not, and nothing is left beside it."""
    path, _ = recorded(tmp_path / "recordings")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path.parent.parent)} == {0o700}
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_private_is_silence(tmp_path: Path) -> None:
    """While a card number is asked for neither side is recorded; the length stays."""
    done: list[float] = []
    recorder = Recorder(tmp_path, Recordings.WAV)
    recording = recorder.record("call-1", done.append)
    recording.tick(CLOCK)
    for frame in range(1, 151):
        now = CLOCK + frame * FRAME_SECONDS
        recording.private = 50 < frame <= 100
        recording.caller(tone(FRAME_SECONDS, frame), now)
        recording.bot(tone(FRAME_SECONDS, frame), now, now)
    recording.close(CLOCK + 3)
    assert recorder.close(5)
    (path,) = tmp_path.rglob("*.wav")
    samples, _ = soundfile.read(path, dtype="int16")
    assert len(samples) == 3 * SAMPLE_RATE
    assert not ((samples > 50) & (samples <= 100)).any()
    assert (samples[: 50 * FRAME_SAMPLES, 0] > 0).all()
    assert (samples[100 * FRAME_SAMPLES :, 0] > 100).all()


def test_a_recording_of_a_killed_process_can_be_played(tmp_path: Path) -> None:
    """What was written up to then has a right header."""
    process = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert process.returncode == 9
    (path,) = tmp_path.rglob("*.wav")
    samples, _ = soundfile.read(path, dtype="int16")
    assert len(samples) >= 4 * SAMPLE_RATE
    assert (samples[:, 0] == 7).all()


def test_a_full_disk_ends_the_recording_only(tmp_path: Path) -> None:
    """A folder that cannot be written is logged once, with the call's id; the call is told nothing."""
    (tmp_path / "file").write_text("")
    done: list[float] = []
    with capture_logs() as logs:
        recorder = Recorder(tmp_path / "file", Recordings.FLAC)
        recording = recorder.record("call-1", done.append)
        recording.tick(CLOCK)
        for second in range(1, 8):
            recording.caller(tone(1.0, 7), CLOCK + second)
            recording.tick(CLOCK + second)
        recording.close(CLOCK + 8)
        assert recorder.close(5)
    assert done == []
    assert [one["event"] for one in logs] == ["recording.stopped"]


def test_a_call_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    """Ids come from outside."""
    recorder = Recorder(tmp_path, Recordings.WAV)
    recording = recorder.record("../../etc/passwd", lambda _: None)
    recording.tick(CLOCK)
    recording.caller(tone(1.0, 1), CLOCK + 1)
    recording.close(CLOCK + 1)
    assert recorder.close(5)
    (path,) = files(tmp_path, recording.path)
    assert tmp_path.resolve() in path.resolve().parents


def test_two_streams_of_a_call_leave_two_recordings(tmp_path: Path) -> None:
    """A caller who comes back after a transfer does not overwrite what was said before."""
    recorder = Recorder(tmp_path, Recordings.WAV)
    for _ in range(2):
        recording = recorder.record("call-1", lambda _: None)
        recording.tick(CLOCK)
        recording.caller(tone(1.0, 1), CLOCK + 1)
        recording.close(CLOCK + 1)
    assert recorder.close(5)
    assert len(list(tmp_path.rglob("*.wav"))) == 2
