"""Times of day on the pages, as a browser somewhere shows them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

import voicebot.web
from tests.e2e.chromium import chromium, needs_chromium

pytestmark = [pytest.mark.timeout(120), needs_chromium]

SCRIPT = Path(voicebot.web.__file__).parent / "static" / "times.js"

PAGE = """<body>
<time id="day" datetime="2026-11-20T20:05:31.5+00:00">2026-11-20 20:05 UTC</time>
<time id="moment" datetime="2026-11-20T20:05:31.5+00:00">2026-11-20 20:05:31 UTC</time>
<p><time id="hour" datetime="2026-11-20T20:05:31.5+00:00">20:05:31 UTC</time></p>
<time id="into">0:05</time>
<time id="odd" datetime="soon">later UTC</time>
</body>"""


def test_times_of_day_are_the_readers() -> None:
    """In Tokyo it is nine hours later, and another day; seconds into a call are nobody's clock and stay."""
    asyncio.run(_in_tokyo())


async def _in_tokyo() -> None:
    async with chromium() as browser:
        page = await browser.new_page(timezone_id="Asia/Tokyo", locale="de-DE")
        await page.set_content(PAGE)
        await page.add_script_tag(content=SCRIPT.read_text(), type="module")
        shown = {"day": "2026-11-21 05:05", "moment": "2026-11-21 05:05:31", "hour": "05:05:31", "into": "0:05"}
        for name, text in {**shown, "odd": "later UTC"}.items():
            await expect(page.locator(f"#{name}")).to_have_text(text)
        await expect(page.locator("#day")).to_have_attribute("title", "2026-11-20 20:05 UTC")

        # As live pages do when something has changed: new text in an old element, and a new element.
        await page.evaluate("document.querySelector('#hour').firstChild.nodeValue = '20:05:31 UTC'")
        await expect(page.locator("#hour")).to_have_text("05:05:31")
        new = '<time id="new" datetime="2026-07-01T00:00:00+00:00">00:00 UTC</time>'
        await page.evaluate("html => document.querySelector('p').insertAdjacentHTML('beforeend', html)", new)
        await expect(page.locator("#new")).to_have_text("09:00")
