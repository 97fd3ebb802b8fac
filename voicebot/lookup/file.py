"""Answers from a YAML file of rows: `key: {name: value, ...}`. Read once, when the server starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from voicebot.dialog.types import LookUpResult
from voicebot.errors import DialogError


class FileSource:
    """The rows of one file, by the value of one slot.

    Keys are compared without regard to case and to anything but letters and digits.
    """

    def __init__(self, rows: Mapping[str, Mapping[str, str]], key: str) -> None:
        self._rows = rows
        self._key = key

    @classmethod
    def read(cls, path: Path, key: str, gives: Sequence[str]) -> FileSource:
        """The rows of `path`; each must have the values `gives`. Raises DialogError with file and line."""
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except FileNotFoundError:
            raise DialogError(
                f"{path}: there is no such file; a look-up of the dialog file names it, and means one beside it "
                "(who copies the demo's copies config/orders.yaml too)"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise DialogError(f"{path}: cannot be read as UTF-8 text: {error}") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 1
            raise DialogError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from None
        except yaml.YAMLError as error:
            raise DialogError(f"{path}:1: not valid YAML: {' '.join(str(error).split())}") from None
        return cls(_rows(path, root, gives), key)

    def find(self, slots: Mapping[str, str]) -> LookUpResult:
        """The row for `slots`."""
        row = self._rows.get(_normal(slots.get(self._key, "")))
        return LookUpResult(False) if row is None else LookUpResult(True, row)


def _rows(path: Path, root: Node | None, gives: Sequence[str]) -> dict[str, dict[str, str]]:
    if root is None:
        return {}
    if not isinstance(root, MappingNode):
        raise DialogError(f"{path}:1: must be a mapping of rows: `key: {{name: value}}`")
    rows: dict[str, dict[str, str]] = {}
    for key, value in root.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode) or not isinstance(value, MappingNode):
            raise DialogError(f"{path}:{line}: a row is `key: {{name: value}}`")
        name = _normal(key.value)
        if not name or name in rows:
            raise DialogError(f"{path}:{line}: the key {key.value!r} is {'given twice' if name else 'empty'}")
        rows[name] = _row(path, value)
        missing = [wanted for wanted in gives if wanted not in rows[name]]
        if missing:
            raise DialogError(
                f"{path}:{line}: the row {key.value!r} has no `{missing[0]}`, which the dialog needs"
            )
    return rows


def _row(path: Path, node: MappingNode) -> dict[str, str]:
    """The scalars as they are written: 007 stays 007."""
    row = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or not isinstance(value, ScalarNode):
            raise DialogError(f"{path}:{value.start_mark.line + 1}: a value must be a single text or number")
        row[key.value] = value.value
    return row


def _normal(key: str) -> str:
    return "".join(character for character in key.lower() if character.isalnum())
