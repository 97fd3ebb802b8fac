from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.tts.small_disk import room_for
from voicebot.audio import Pcm
from voicebot.tts.disk import DiskCache

SOUND: Pcm = np.arange(-4000, 4000, dtype=np.int16)


def _only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_a_sentence_outlives_its_process(tmp_path: Path) -> None:
    """What one cache wrote another reads, sample by sample, under the same name only."""
    folder = tmp_path / "data" / "cache"
    DiskCache(folder, 1).put(("voice", "Hello."), SOUND)
    other = DiskCache(folder, 1)
    kept = other.get(("voice", "Hello."))
    assert kept is not None
    assert kept.dtype == np.int16
    assert np.array_equal(kept, SOUND)
    assert other.get(("other voice", "Hello.")) is None


def test_files_are_the_owners_alone_and_named_by_nothing_said(tmp_path: Path) -> None:
    """Mode 0600 in a folder of mode 0700; the sentence is not in the name."""
    DiskCache(tmp_path / "cache", 1).put(("voice", "secret"), SOUND)
    path = _only_file(tmp_path / "cache")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "secret" not in path.name


@settings(deadline=None, max_examples=60)
@given(at=st.integers(min_value=0, max_value=2 * len(SOUND) + 39), change=st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_noticed(tmp_path_factory: pytest.TempPathFactory, at: int, change: int) -> None:
    """A corrupt file is removed, and the sentence counts as not there."""
    folder = tmp_path_factory.mktemp("cache")
    cache = DiskCache(folder, 1)
    cache.put(("voice", "Hello."), SOUND)
    path = _only_file(folder)
    content = bytearray(path.read_bytes())
    content[at] ^= change
    path.write_bytes(content)
    assert cache.get(("voice", "Hello.")) is None
    assert not path.exists()


@pytest.mark.parametrize("length", [0, 7, 39, 40, 41, 1000])
def test_a_file_cut_short_is_noticed(tmp_path: Path, length: int) -> None:
    """As after a full disk or a crash of the machine."""
    cache = DiskCache(tmp_path, 1)
    cache.put(("voice", "Hello."), SOUND)
    path = _only_file(tmp_path)
    os.truncate(path, length)
    assert cache.get(("voice", "Hello.")) is None
    assert not path.exists()


def test_the_folder_is_bounded_and_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    """Of five sentences in room for four, the one not used for longest is gone; a read counts as use."""
    cache = DiskCache(tmp_path, 4.5 * (2 * len(SOUND) + 40) / 1e6)
    for number in range(4):
        cache.put(("voice", str(number)), SOUND)
    for age, path in enumerate(sorted(tmp_path.iterdir())):
        os.utime(path, (1000 + age, 1000 + age))
    oldest = min(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime)
    number = next(n for n in range(4) if cache._path(("voice", str(n))) == oldest)
    assert cache.get(("voice", str(number))) is not None
    cache.put(("voice", "4"), SOUND)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4.5 * (2 * len(SOUND) + 40)
    assert cache.get(("voice", str(number))) is not None
    assert cache.get(("voice", "4")) is not None


def test_two_processes_together_keep_to_the_bound(tmp_path: Path) -> None:
    """What the other wrote is counted, if not at every write: each may be 15 sentences late."""
    size = 2 * len(SOUND) + 40
    caches = [DiskCache(tmp_path, 40 * size / 1e6) for _ in range(2)]
    for number in range(200):
        caches[number % 2].put(("voice", str(number)), SOUND)
        assert len(list(tmp_path.iterdir())) <= 40 + 15


def test_another_salt_is_another_sound(tmp_path: Path) -> None:
    """Audio made by other code is not taken for this code's."""
    DiskCache(tmp_path, 1, "before").put(("voice", "Hello."), SOUND)
    assert DiskCache(tmp_path, 1, "after").get(("voice", "Hello.")) is None
    assert not DiskCache(tmp_path, 1, "after").has(("voice", "Hello."))
    assert DiskCache(tmp_path, 1, "before").has(("voice", "Hello."))


def test_a_sentence_larger_than_the_folder_is_not_kept(tmp_path: Path) -> None:
    """It would push out all others and then itself."""
    cache = DiskCache(tmp_path, 0.01)
    cache.put(("voice", "Hello."), SOUND)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    """Unfinished files of an hour ago go; those of now are being written, and other files are somebody else's."""
    old, new, foreign = tmp_path / "old.part", tmp_path / "new.part", tmp_path / "notes.txt"
    for path in (old, new, foreign):
        path.touch()
    for path in (old, foreign):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    DiskCache(tmp_path, 1).put(("voice", "Hello."), SOUND)
    assert not old.exists()
    assert new.exists()
    assert foreign.exists()


def test_a_disk_that_fails_does_not_fail_the_voice(tmp_path: Path) -> None:
    """A folder that cannot be made, or read, is as if there were no cache."""
    (tmp_path / "file").touch()
    cache = DiskCache(tmp_path / "file" / "cache", 1)
    with capture_logs() as logs:
        cache.put(("voice", "Hello."), SOUND)
    cache.touch(("voice", "Hello."))
    assert cache.get(("voice", "Hello.")) is None
    assert [(each["event"], each["error"]) for each in logs] == [("voice.disk_failed", "Not a directory")]


def test_a_full_disk_keeps_no_half_of_a_sentence(tmp_path: Path) -> None:
    """It is logged with its reason and leaves nothing behind; with room again the sentence is kept."""
    cache = DiskCache(tmp_path, 1)
    with capture_logs() as logs, room_for(100):
        cache.put(("voice", "Hello."), SOUND)
    assert [(each["event"], each["error"]) for each in logs] == [("voice.disk_failed", "File too large")]
    assert list(tmp_path.iterdir()) == []
    cache.put(("voice", "Hello."), SOUND)
    assert cache.has(("voice", "Hello."))
