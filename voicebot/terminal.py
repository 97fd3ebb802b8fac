"""Text for the terminal of an operator, whoever wrote it.

Callers, gateways, CRMs and models write parts of what our commands show; none of them is to colour the terminal,
move its cursor, or turn a line around.
"""

from __future__ import annotations

import typer

__all__ = ["MOST_LINES", "clean", "say"]

MOST_LINES = 100_000
"""What a list shows at most."""


def say(text: str, err: bool = False) -> None:
    """Print `text` and a line's end, on standard error if `err`."""
    typer.echo(clean(text), err=err)


def clean(text: str) -> str:
    """`text` with U+FFFD for what a terminal obeys instead of showing it: controls, marks of direction.

    Line feeds stay; any other blank is a space.
    """
    return "".join(each if each.isprintable() or each == "\n" else _instead(each) for each in text)


def _instead(letter: str) -> str:
    return " " if letter.isspace() else "\ufffd"
