"""Rows of a file answer look-ups."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.dialog.types import LookUpResult
from voicebot.errors import DialogError
from voicebot.lookup.file import FileSource


def source(folder: Path, text: str) -> FileSource:
    path = folder / "rows.yaml"
    path.write_text(text)
    return FileSource.read(path, "number", ["status"])


def test_a_row_is_found_by_its_key(tmp_path: Path) -> None:
    """Values are text exactly as they are written."""
    rows = source(tmp_path, "0012: {status: shipped, code: 007, on: 2026-01-02}\n")
    assert rows.find({"number": "0012"}) == LookUpResult(
        True, {"status": "shipped", "code": "007", "on": "2026-01-02"}
    )


def test_keys_are_compared_by_letters_and_digits(tmp_path: Path) -> None:
    """Case and separators of the file do not matter."""
    assert source(tmp_path, "ORD-12: {status: shipped}\n").find({"number": "ord 12"}).found


@pytest.mark.parametrize("slots", [{"number": "99"}, {"number": ""}, {}])
def test_no_row_is_an_answer(tmp_path: Path, slots: dict[str, str]) -> None:
    """Not finding anything is no error."""
    assert source(tmp_path, "1: {status: shipped}\n").find(slots) == LookUpResult(False)


def test_an_empty_file_knows_nothing(tmp_path: Path) -> None:
    """A shop without orders is a shop."""
    assert not source(tmp_path, "").find({"number": "1"}).found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1: {status: a}\n2: {state: b}\n", "rows.yaml:2: the row '2' has no `status`"),
        ("1: {status: a}\n1: {status: b}\n", "rows.yaml:2: the key '1' is given twice"),
        ("1: {status: a}\n2: shipped\n", "rows.yaml:2: a row is"),
        ("1:\n  status: [a]\n", "rows.yaml:2: a value must be a single text"),
        ("- a\n", "rows.yaml:1: must be a mapping"),
        ("1: {status: a\n", "rows.yaml:2: not valid YAML"),
        ("\x00", "rows.yaml:1: not valid YAML"),
        ("'': {status: a}\n", "rows.yaml:1: the key '' is empty"),
    ],
)
def test_a_mistake_is_shown_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """A file that cannot be right is refused when it is read."""
    with pytest.raises(DialogError) as caught:
        source(tmp_path, text)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message says which file, and who wants it."""
    with pytest.raises(DialogError, match=r"orders\.yaml: there is no such file"):
        FileSource.read(tmp_path / "orders.yaml", "number", [])


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are not guessed at."""
    (tmp_path / "rows.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(DialogError, match="cannot be read as UTF-8"):
        FileSource.read(tmp_path / "rows.yaml", "number", [])
