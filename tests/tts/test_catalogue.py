from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tts.hub import CONFIG, FOLDER, MODEL, VOICE, Hub, hub
from tests.tts.small_disk import room_for
from voicebot.errors import ModelUnavailable
from voicebot.tts.catalogue import get, offers


@pytest.fixture
def server() -> Iterator[Hub]:
    with hub() as running:
        yield running


def _get(server: Hub, folder: Path) -> list[tuple[str, int, int]]:
    seen: list[tuple[str, int, int]] = []
    get(offers(server.url)[VOICE], folder, lambda name, there, size: seen.append((name, there, size)))
    return seen


def test_a_voice_is_two_files_with_their_sizes(server: Hub) -> None:
    """The list is read as its publisher writes it; the card is not fetched."""
    offer = offers(server.url)[VOICE]
    assert (offer.language, offer.speakers) == ("en_US", 1)
    assert set(offer.files) == {f"{VOICE}.onnx", f"{VOICE}.onnx.json"}
    assert offer.size == len(MODEL) + len(CONFIG)


def test_a_voice_is_fetched_with_progress_and_the_model_last(server: Hub, tmp_path: Path) -> None:
    """Both files arrive whole, nothing else is left, and the last word is 100 %."""
    seen = _get(server, tmp_path / "voices")
    assert (tmp_path / "voices" / f"{VOICE}.onnx").read_bytes() == MODEL
    assert (tmp_path / "voices" / f"{VOICE}.onnx.json").read_bytes() == CONFIG
    assert len(list((tmp_path / "voices").iterdir())) == 2
    assert seen[-1] == (f"{VOICE}.onnx", len(MODEL), len(MODEL))
    assert [there for name, there, _ in seen if name == f"{VOICE}.onnx"] == sorted(
        there for name, there, _ in seen if name == f"{VOICE}.onnx"
    )


def test_what_came_before_a_break_is_not_fetched_again(server: Hub, tmp_path: Path) -> None:
    """A connection that breaks twice goes on from where it was, by ranges, within one command."""
    server.cuts = [100_000, 150_000]
    _get(server, tmp_path)
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL
    asked = [wanted for path, wanted in server.asked if path.endswith(".onnx")]
    assert asked == ["", "bytes=100000-", "bytes=250000-"]


def test_a_second_command_goes_on(server: Hub, tmp_path: Path) -> None:
    """When the connection is gone for good the part stays, and the next command begins there."""
    server.cuts = [100_000, 0]
    with pytest.raises(ModelUnavailable, match="run the command again to go on"):
        _get(server, tmp_path)
    assert (tmp_path / f"{VOICE}.onnx.part").stat().st_size == 100_000
    _get(server, tmp_path)
    assert server.asked[-1][1] == "bytes=100000-"
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL


@pytest.mark.parametrize(("part", "asked"), [(MODEL, 0), (MODEL + b"more", 1), (b"", 1)])
def test_a_part_may_be_whole_or_too_long(server: Hub, tmp_path: Path, part: bytes, asked: int) -> None:
    """One that only lacks its name is not fetched again; one that belongs to another edition is begun anew."""
    (tmp_path / f"{VOICE}.onnx.part").write_bytes(part)
    _get(server, tmp_path)
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL
    assert [wanted for path, wanted in server.asked if path.endswith(".onnx")] == [""] * asked


def test_a_server_that_is_gone_is_told_from_a_disk_that_fails(tmp_path: Path) -> None:
    """Nothing has come yet, so there is nothing to go on from: the connection is what to look at."""
    with hub() as server:
        offer = offers(server.url)[VOICE]
    with pytest.raises(ModelUnavailable, match=r"\(ConnectionError\): check the connection"):
        get(offer, tmp_path, lambda name, there, size: None)


def test_a_server_without_ranges_begins_anew(server: Hub, tmp_path: Path) -> None:
    """An answer that begins at the start is not appended to what is there."""
    server.ranges = False
    server.cuts = [100_000]
    _get(server, tmp_path)
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL


@pytest.mark.parametrize("model", [MODEL[:-1] + b"?", MODEL + b"more"])
def test_a_file_that_is_not_what_the_list_says_is_not_kept(server: Hub, tmp_path: Path, model: bytes) -> None:
    """A wrong checksum or length is an error, and what came is not gone on from when it is wrong."""
    server.model = model
    with pytest.raises(ModelUnavailable, match="list says"):
        _get(server, tmp_path)
    assert not (tmp_path / f"{VOICE}.onnx").exists()
    server.model = MODEL
    _get(server, tmp_path)
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL


def test_a_full_disk_is_named_and_gone_on_from(server: Hub, tmp_path: Path) -> None:
    """What fitted is kept, and with room again only the rest is fetched."""
    with room_for(100_000), pytest.raises(ModelUnavailable, match=r"\(File too large\).*run the command again"):
        _get(server, tmp_path)
    _get(server, tmp_path)
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL
    assert server.asked[-1] == (f"/main/{FOLDER}/{VOICE}.onnx", "bytes=100000-")


def test_two_processes_bring_a_voice_once(server: Hub, tmp_path: Path) -> None:
    """The second waits for the first and finds the voice whole; neither spoils what the other writes."""
    second = threading.Event()
    models: list[str] = []

    def before(path: str) -> None:
        if path.endswith(".onnx"):
            models.append(path)
            if len(models) == 1:
                other.start()
                # The other one would ask for the model, too, if it did not wait.
                second.wait(1.0)
            else:
                second.set()

    other = threading.Thread(target=_get, args=(server, tmp_path))
    server.before = before
    _get(server, tmp_path)
    other.join(20)
    assert not other.is_alive()
    assert len(models) == 1
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL
    assert len(list(tmp_path.iterdir())) == 2


def test_the_second_process_goes_on_where_the_first_broke_off(server: Hub, tmp_path: Path) -> None:
    """A first that fails while another waits leaves it what came."""
    server.cuts = [100_000, 0]
    waiting = threading.Thread(target=_get, args=(server, tmp_path))
    server.before = lambda path: waiting.start() if path.endswith(".onnx") and waiting.ident is None else None
    with pytest.raises(ModelUnavailable, match="run the command again to go on"):
        _get(server, tmp_path)
    waiting.join(20)
    assert not waiting.is_alive()
    assert server.asked[-1][1] == "bytes=100000-"
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL


def test_a_hub_that_cannot_be_reached_leaves_nothing_behind(server: Hub, tmp_path: Path) -> None:
    """No empty part that would look like a voice which is not complete."""
    offer = offers(server.url)[VOICE]
    gone = replace(
        offer, files={name: replace(file, url="http://127.0.0.1:9/x") for name, file in offer.files.items()}
    )
    with pytest.raises(ModelUnavailable, match=r"\(ConnectionError\): check the connection"):
        get(gone, tmp_path, lambda name, there, size: None)
    assert list(tmp_path.iterdir()) == []


def test_a_page_instead_of_a_voice_is_not_kept(server: Hub, tmp_path: Path) -> None:
    """What a hotel's network says instead of the model is refused, and does not stand in the way later."""
    server.model = b"<html>Sign in</html>"
    with pytest.raises(ModelUnavailable, match="not what its list says"):
        _get(server, tmp_path)
    server.model = MODEL
    _get(server, tmp_path)
    assert (tmp_path / f"{VOICE}.onnx").read_bytes() == MODEL


def test_a_whole_voice_is_not_fetched_again(server: Hub, tmp_path: Path) -> None:
    """The second command looks at sizes and checksums and asks only for the list."""
    _get(server, tmp_path)
    before = len(server.asked)
    assert _get(server, tmp_path)[-1] == (f"{VOICE}.onnx", len(MODEL), len(MODEL))
    assert [path for path, _ in server.asked[before:]] == ["/main/voices.json"]


def test_a_list_that_cannot_be_had_says_what_else_to_do(server: Hub) -> None:
    """Without the hub there is a copy, or files by hand."""
    with pytest.raises(ModelUnavailable, match="VOICEBOT_VOICES_URL"):
        offers(f"{server.url}/{FOLDER}")
