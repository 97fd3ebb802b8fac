"""Sentences with variables: sandboxed templates, compiled and checked when the dialog file is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from voicebot.errors import DialogError

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

SAMPLES = ("", "1234")
"""Values every variable is given when a template is tried at load."""


def spell(value: object) -> str:
    """`value` one character at a time, as numbers are read back: `1 2 3 4`."""
    return " ".join(str(value).replace(" ", ""))


def groups(value: object) -> str:
    """`value` one character at a time with a pause after every few, as people read out a number: `1 2 3, 4 5 6`.

    Letters and digits part; up to four stay together, eight fall in halves, others into threes with a last group
    of two to four.
    """
    runs = re.findall(r"[0-9]+|[^\W\d_]+", str(value))
    return ", ".join(" ".join(group) for run in runs for group in _grouped(run))


def _grouped(run: str) -> list[str]:
    if len(run) <= 4:
        return [run]
    if len(run) == 8:
        return [run[:4], run[4:]]
    head = len(run) - 4 if len(run) % 3 == 1 else len(run) - len(run) % 3
    return [run[at : at + 3] for at in range(0, head, 3)] + ([run[head:]] if run[head:] else [])


class Replies:
    """Every template of a dialog file, by its source text."""

    def __init__(self, constants: Mapping[str, str]) -> None:
        self._environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        self._environment.filters |= {"spell": spell, "groups": groups}
        self._constants = dict(constants)
        self._templates: dict[str, Template] = {}

    def add(self, source: str, variables: Iterable[str], private: Collection[str] = ()) -> None:
        """Compile `source`, which may use `variables` besides the constants. ValueError says what is wrong.

        private: those of them that this template must do without.
        """
        known = {*variables, *self._constants}.difference(private)
        try:
            used = meta.find_undeclared_variables(self._environment.parse(source))
            if untold := sorted(used.intersection(private)):
                raise ValueError(f"`{untold[0]}` is private, and this is told to people and kept: leave it out")
            unknown = sorted(used - known)
            if unknown:
                can = ", ".join(sorted(known))
                raise ValueError(f"there is no variable `{unknown[0]}` here; there is: {can}")
            template = self._environment.from_string(source)
            for sample in SAMPLES:
                template.render(dict.fromkeys(known, sample) | self._constants)
        except TemplateError as error:
            raise ValueError(f"not a valid template: {error.message}") from error
        except (TypeError, ArithmeticError, AttributeError, LookupError) as error:
            raise ValueError(f"the template does not work with text values: {error}") from error
        self._templates[source] = template

    def add_condition(self, source: str, variables: Iterable[str]) -> None:
        """Compile the expression `source` of a `when`. ValueError says what is wrong."""
        self.add(_condition(source), variables)

    def render(self, source: str, values: Mapping[str, str]) -> str:
        """The sentence `source`, which was added before, with `values`; white space is folded.

        Raises DialogError when the template fails on these values.
        """
        try:
            said = self._templates[source].render(dict(values) | self._constants)
        except (TemplateError, TypeError, ArithmeticError, ValueError, AttributeError, LookupError) as error:
            raise DialogError(f"the template {source!r} failed: {error}") from error
        return " ".join(said.split())

    def holds(self, source: str, values: Mapping[str, str]) -> bool:
        """Whether the condition `source`, which was added before, is true of `values`."""
        return bool(self.render(_condition(source), values))

    def fixed(self, source: str) -> list[str]:
        """What `source` always says: all of it, or those of its sentences that do not depend on the call."""
        if self._constant(source):
            return [self.render(source, {})]
        if "{%" in source:
            return []
        return [" ".join(piece.split()) for piece in SENTENCE_END.split(source) if "{" not in piece]

    def _constant(self, source: str) -> bool:
        return meta.find_undeclared_variables(self._environment.parse(source)) <= set(self._constants)


def _condition(source: str) -> str:
    return f"{{% if {source} %}}1{{% endif %}}"
