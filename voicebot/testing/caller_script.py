"""Scripts of simulated callers, in YAML.

```yaml
from: "+15550100"        # optional, as is `to`
steps:
  - say: where is my order one two three four
  - dtmf: 1234
  - wav: caller.wav      # beside the script
  - wait: 2
  - listen               # until the bot has finished
  - interrupt: {after: 1.0, say: "no, I meant something else"}
  - hangup
```
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from voicebot.errors import ConfigError
from voicebot.gateways.frames import KEYS
from voicebot.testing.caller import HangUp, Interrupt, Listen, Play, Press, Say, Sound, Step, Wait

_STEPS = "say, wav, dtmf, wait, listen, interrupt, hangup"


@dataclass(frozen=True, slots=True)
class Script:
    """A caller's script. caller, called: numbers; "" when the script names none."""

    steps: tuple[Step, ...]
    caller: str = ""
    called: str = ""


def load_script(path: Path) -> Script:
    """The script in a YAML file. Raises ConfigError, whose message begins with `file:line:`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the script cannot be read: {error}") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: this is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}:1: this is not YAML: {error}") from error
    return _Reader(path).script(root)


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path

    def script(self, root: Node | None) -> Script:
        if not isinstance(root, MappingNode):
            raise ConfigError(f"{self._path}:1: a script is a mapping with `steps:`")
        parts = self._mapping(root, ("steps", "from", "to"))
        steps = parts.get("steps")
        if not isinstance(steps, SequenceNode) or not steps.value:
            raise self._error(steps or root, f"`steps:` must be a list of {_STEPS}")
        numbers = {name: self._text(parts[name]) for name in ("from", "to") if name in parts}
        return Script(
            tuple(self._step(node) for node in steps.value), numbers.get("from", ""), numbers.get("to", "")
        )

    def _step(self, node: Node) -> Step:
        if isinstance(node, ScalarNode) and node.value in ("listen", "hangup"):
            return Listen() if node.value == "listen" else HangUp()
        if not isinstance(node, MappingNode) or len(node.value) != 1:
            raise self._error(node, f"a step is one of {_STEPS}")
        ((key, value),) = node.value
        match key.value:
            case "say" | "wav":
                return self._sound(key.value, value)
            case "dtmf":
                return self._press(value)
            case "wait":
                return Wait(self._seconds(value))
            case "listen":
                return Listen()
            case "hangup":
                return HangUp()
            case "interrupt":
                return self._interrupt(value)
        raise self._error(key, f"there is no step `{key.value}`; use one of {_STEPS}")

    def _interrupt(self, node: Node) -> Interrupt:
        if not isinstance(node, MappingNode):
            raise self._error(node, "`interrupt` looks like {after: 1.0, say: a text}")
        parts = self._mapping(node, ("after", "say", "wav"))
        sounds = [self._sound(name, parts[name]) for name in ("say", "wav") if name in parts]
        if len(sounds) != 1:
            raise self._error(node, "`interrupt` needs either `say` or `wav`")
        return Interrupt(self._seconds(parts["after"]) if "after" in parts else 1.0, sounds[0])

    def _sound(self, kind: str, node: Node) -> Sound:
        text = self._text(node)
        return Say(text) if kind == "say" else Play(self._path.parent / text)

    def _press(self, node: Node) -> Press:
        keys = self._text(node)
        if not set(keys) <= KEYS:
            raise self._error(node, "`dtmf` takes the keys 0-9, *, # and A-D; put # in quotes")
        return Press(keys)

    def _seconds(self, node: Node) -> float:
        try:
            value = float(self._text(node))
        except ValueError:
            value = -1.0
        if not 0 <= value <= 3600:
            raise self._error(node, "must be seconds, from 0 to 3600")
        return value

    def _text(self, node: Node) -> str:
        if not isinstance(node, ScalarNode) or not node.value.strip():
            raise self._error(node, "must be a text")
        return str(node.value)

    def _mapping(self, node: MappingNode, known: tuple[str, ...]) -> dict[str, Node]:
        parts: dict[str, Node] = {}
        for key, value in node.value:
            if key.value not in known:
                raise self._error(key, f"unknown entry `{key.value}`; known are {', '.join(known)}")
            parts[key.value] = value
        return parts

    def _error(self, node: Node, text: str) -> ConfigError:
        return ConfigError(f"{self._path}:{node.start_mark.line + 1}: {text}")
