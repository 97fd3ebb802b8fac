"""What the pages for people name, held against what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from voicebot.cli import app
from voicebot.settings import Settings
from voicebot.settings.names import ELSEWHERE

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = {f"VOICEBOT_{name.upper()}" for name in Settings.model_fields} | ELSEWHERE

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pages
def test_settings_of_a_page_exist(page: Path) -> None:
    """A name that is not known would keep the server from starting."""
    named = set(re.findall(r"VOICEBOT_[A-Z_]*[A-Z]\b", page.read_text()))
    assert named <= SETTINGS


@pages
def test_commands_of_a_page_exist(page: Path) -> None:
    """Every `voicebot …` in code is a command, and has the options it is shown with."""
    for words in _commands(page.read_text()):
        command: Any = get_command(app)
        path = []
        while words and words[0] in getattr(command, "commands", {}):
            path.append(words.pop(0))
            command = command.commands[path[-1]]
        assert path, f"voicebot {' '.join(words)}"
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        given = {option for word in words for option in re.findall(r"--[a-z][a-z-]*", word)}
        assert given <= options, f"voicebot {' '.join(path)}"


@pages
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    """The file is there, and the heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        assert not heading or heading in _headings(file), target


@pages
def test_files_and_modules_of_a_page_exist(page: Path) -> None:
    """Paths in code are those of the repository, and so is what is run with `python -m`."""
    text = page.read_text()
    for path in re.findall(r"`((?:voicebot|config|scripts|tests|benchmarks|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m ((?:voicebot|benchmarks)(?:\.\w+)+)", text):
        path = ROOT / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), module


def test_every_page_can_be_found() -> None:
    """Each page is linked from another."""
    for page in PAGES[1:]:
        assert any(f"{page.name}" in other.read_text() for other in PAGES if other != page), page.name


def _commands(text: str) -> Iterator[list[str]]:
    """The words behind `voicebot` in code spans, and in lines of code blocks up to a comment."""
    for block in re.findall(r"^ *```(?:sh)?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            found = re.match(
                r"(?:\s|\$ |[A-Z_]+=\S* |docker compose run --rm \w+ |\.venv/bin/)*voicebot ([a-z].*)", line
            )
            if found is not None:
                yield re.split(r"\s#|\s{2,}", found.group(1))[0].split()
    spans = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for span in re.findall(r"`(?:\.venv/bin/)?voicebot ([^`]+)`", spans):
        yield span.split()


def _headings(file: Path) -> set[str]:
    """Anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
