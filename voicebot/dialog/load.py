"""Reading a dialog file: every mistake is reported with file, line and column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from voicebot.dialog.checks import advice, compile_script
from voicebot.dialog.engine import FileDialog
from voicebot.dialog.schema import DialogFile
from voicebot.dialog.script import Script
from voicebot.errors import DialogError

Loc = Sequence[str | int]


class _Loader(yaml.SafeLoader):
    """YAML in which only `true` and `false` are booleans, so that yes, no, on and off stay words."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if not (tag == "tag:yaml.org,2002:bool" and first not in "tTfF")
            and tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load(path: Path) -> FileDialog:
    """The bot that the YAML file `path` describes.

    Raises DialogError with one line per mistake, each beginning with `file:line:column`.
    """
    text = _text(path)
    return FileDialog(compiled(path, text), text)


def read(path: Path) -> Script:
    """The file `path`, checked and compiled. Raises DialogError as `load` does."""
    return compiled(path, _text(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DialogError(f"{path}: there is no such file; VOICEBOT_DIALOG names the dialog file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DialogError(f"{path}: cannot be read as UTF-8 text: {error}") from error


def advise(path: Path) -> list[str]:
    """What is no mistake in the file `path`, yet worth a look, a line each. Raises DialogError as `load` does."""
    root, file = _valid(path, _text(path))
    return [_line(path, root, problem.loc, problem.message) for problem in advice(file)]


def compiled(path: Path, text: str) -> Script:
    """The dialog `text`, checked; `path` is where it stands, for messages. Raises DialogError as `load` does."""
    root, file = _valid(path, text)
    script = compile_script(file)
    if isinstance(script, list):
        raise DialogError("\n".join(_line(path, root, problem.loc, problem.message) for problem in script))
    return script


def _valid(path: Path, text: str) -> tuple[Node, DialogFile]:
    root, content = _parse(path, text)
    if root is None or content is None:
        raise DialogError(
            f"{path}:1:1: the file is empty; a dialog needs at least name, says, intents and targets"
        )
    if not isinstance(content, dict):
        raise DialogError(f"{path}:1:1: a dialog file is a mapping (`name: ...`), not {_kind(root)}")
    try:
        return root, DialogFile.model_validate(content)
    except ValidationError as error:
        raise DialogError(
            "\n".join(_line(path, root, item["loc"], _explain(item)) for item in error.errors())
        ) from None


def _parse(path: Path, text: str) -> tuple[Node | None, Any]:
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None, None
        _refuse_duplicates(path, root, set())
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else f"{path}:1:1"
        raise DialogError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DialogError(f"{path}:1:1: not valid YAML: {' '.join(str(error).split())}") from None


def _refuse_duplicates(path: Path, node: Node, seen: set[int]) -> None:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        for item in node.value:
            _refuse_duplicates(path, item, seen)
    elif isinstance(node, MappingNode):
        keys: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value != "<<":
                if key.value in keys:
                    where, first = _at(path, key.start_mark), keys[key.value]
                    raise DialogError(f"{where}: `{key.value}` is given twice; the first is in line {first}")
                keys[key.value] = key.start_mark.line + 1
            _refuse_duplicates(path, value, seen)


def _line(path: Path, root: Node, loc: Loc, message: str) -> str:
    mark, name = _find(root, loc)
    return f"{_at(path, mark)}: {name}: {message}" if name else f"{_at(path, mark)}: {message}"


def _find(root: Node, loc: Loc) -> tuple[Any, str]:
    """The mark nearest to `loc`, and `loc` in words: `intents.order_status.phrases[2]`.

    A plain value is marked at itself, a nested part at its key.
    """
    node: Node | None = root
    mark, name = root.start_mark, ""
    for part in loc:
        if part == "[key]":
            continue
        name += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if name else part
        key, node = _below(node, part)
        if node is not None:
            mark = node.start_mark if key is None or isinstance(node, ScalarNode) else key.start_mark
    return mark, name


def _below(node: Node | None, part: str | int) -> tuple[Node | None, Node | None]:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(part):
                return key, value
    return None, None


def _at(path: Path, mark: Any) -> str:
    return f"{path}:{mark.line + 1}:{mark.column + 1}"


def _kind(node: Node) -> str:
    return "a list" if isinstance(node, SequenceNode) else "a single text"


_WORDS: dict[str, Callable[[Any], str]] = {
    "extra_forbidden": lambda item: "there is no such key; check the spelling",
    "missing": lambda item: "is missing",
    "string_type": lambda item: (
        f"must be text; put {item['input']!r} in quotes"
        if isinstance(item["input"], (int, float, bool))
        else "must be text"
    ),
    "list_type": lambda item: "must be a list (lines beginning with `- `)",
    "model_type": lambda item: "must be a mapping (`key: value` lines)",
    "dict_type": lambda item: "must be a mapping (`key: value` lines)",
    "string_pattern_mismatch": lambda item: f"{item['input']!r} must look like {item['ctx']['pattern']}",
}


def _explain(item: Any) -> str:
    words = _WORDS.get(item["type"])
    if words is not None:
        return words(item)
    message = str(item["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:] if message[:1].isupper() else message
