"""The system's Chromium, driven by playwright; tests skip where there is none."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(
    BINARY is None, reason="there is no chromium on PATH: apt-get install chromium"
)

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 400, "height": 860}


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser that is closed at the end. As root it runs without its sandbox, which it refuses to have there."""
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=BINARY, args=options)
        try:
            yield browser
        finally:
            await browser.close()


class Pictures:
    """Pictures of pages, kept in the folder VOICEBOT_TEST_PICTURES names; none without it."""

    def __init__(self, prefix: str) -> None:
        folder = os.environ.get("VOICEBOT_TEST_PICTURES")
        self._folder = Path(folder) if folder else None
        self._prefix = prefix

    async def take(self, page: Page, name: str) -> None:
        """The page wide, dark and narrow."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        before = page.viewport_size
        for look, size, colours in (("wide", WIDE, "light"), ("dark", WIDE, "dark"), ("narrow", NARROW, "light")):
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            await page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
            await page.screenshot(path=self._folder / f"{self._prefix}-{name}-{look}.png", full_page=True)
        if before is not None:
            await page.set_viewport_size(before)
        await page.emulate_media(color_scheme="light")
