"""A real browser before a real hub: Chromium, driven from this very loop. Skipped with a clear word where there is none.

`LATCHWORK_PICTURES` names a folder that screenshots are kept in.
"""

import os
import re
import shutil

import pytest
from tests.support.hub_page import PASSWORD, page_house

CHROMIUM = os.environ.get("LATCHWORK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}


def pytest_collection_modifyitems(items):
    for item in items:
        if "/tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright_api():
    return pytest.importorskip("playwright.async_api", reason="needs playwright: pip install 'latchwork[browser]'")


@pytest.fixture
async def chromium(playwright_api):
    """A browser of its own for each story."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium, or LATCHWORK_CHROMIUM=/path/to/it")
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def house():
    """A hub without anything, served on a free port."""
    async with page_house() as found:
        yield found


class Visitor:
    """Somebody with a browser; what its pages complain about is kept."""

    def __init__(self, page, context, house, name):
        self.page = page
        self.context = context
        self.house = house
        self.name = name
        self.complaints = []
        self.expected = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    async def go(self, path):
        await self.page.goto(self.house.url + path)

    async def become_owner(self, name="Olive"):
        await self.page.goto(self.house.setup_url)
        await self.page.fill("input[name=name]", name)
        await self.page.fill("input[name=password]", PASSWORD)
        await self.page.fill("input[name=again]", PASSWORD)
        await self.page.click("main button")
        await self.page.wait_for_url(self.house.url + "/")

    async def sign_in(self, name="Olive"):
        await self.go("/sign-in")
        await self.page.fill("input[name=name]", name)
        await self.page.fill("input[name=password]", PASSWORD)
        await self.page.click("main button")
        await self.page.wait_for_url(self.house.url + "/")

    async def picture(self, name):
        """Keep what can be seen, if somebody wants to look."""
        folder = os.environ.get("LATCHWORK_PICTURES")
        if folder:
            await self.page.screenshot(path=f"{folder}/{name}-{self.name}.png", full_page=True)

    def check_quiet(self):
        """No script failed and nothing was refused, but for what the story expects."""
        left = [each for each in self.complaints if not any(re.search(wanted, each) for wanted in self.expected)]
        assert left == []


@pytest.fixture
async def visit(chromium, house):
    """Makes visitors of the house; each must have had a quiet browser at the end."""
    visitors = []

    async def make(size="phone", theme="light", **options):
        context = await chromium.new_context(
            viewport=SIZES[size], color_scheme=theme, locale="en-GB", reduced_motion="reduce", **options
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        visitors.append(Visitor(page, context, house, f"{size}-{theme}"))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.check_quiet()
        await visitor.context.close()
