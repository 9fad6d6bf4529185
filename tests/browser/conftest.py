"""A real browser before a real hub: Chromium, driven from this very loop. Skipped with a clear word where there is none.

`LATCHWORK_PICTURES` names a folder that screenshots are kept in.
"""

import asyncio
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio
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
            # One loop for all stories, so that they share a browser: starting it takes longer than most of them.
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.rep_failed = True
    return report


@pytest.fixture(scope="session")
def playwright_api():
    return pytest.importorskip("playwright.async_api", reason="needs playwright: pip install 'latchwork[browser]'")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(playwright_api):
    """The browser; visitors share nothing in it."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium, or LATCHWORK_CHROMIUM=/path/to/it")
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house():
    """A hub without anything, served on a free port."""
    threads = ThreadPoolExecutor()
    asyncio.get_running_loop().set_default_executor(threads)
    async with page_house() as found:
        yield found
    threads.shutdown()


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
        return await self.page.goto(self.house.url + path)

    @property
    def path(self):
        """Where they are."""
        return self.page.url.removeprefix(self.house.url)

    async def be_owner(self, path="/", name="Olive"):
        """Become the owner without a look at how, and see a page."""
        form = {"token": self.house.setup_url, "name": name, "password": PASSWORD, "again": PASSWORD}
        answer = await self.context.request.post(f"{self.house.url}/setup", form=form)
        assert answer.ok
        await self.go(path)

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

    async def ask(self, path, **body):
        """Send something to the API, as who is signed in."""
        session = await (await self.context.request.get(f"{self.house.url}/api/v1/session")).json()
        headers = {"x-csrf-token": session["csrf_token"]}
        answer = await self.context.request.post(f"{self.house.url}/api/v1{path}", data=body, headers=headers)
        assert answer.ok, await answer.text()
        return await answer.json()

    async def picture(self, name):
        """Keep what can be seen, in both themes, if somebody wants to look."""
        folder = os.environ.get("LATCHWORK_PICTURES")
        if not folder:
            return
        size, theme = self.name.split("-")
        for each in ("light", "dark"):
            await self.page.emulate_media(color_scheme=each)
            await self.page.screenshot(path=f"{folder}/{name}-{size}-{each}.png", full_page=True)
        await self.page.emulate_media(color_scheme=theme)

    def check_quiet(self):
        """No script failed and nothing was refused, but for what the story expects."""
        left = [each for each in self.complaints if not any(re.search(wanted, each) for wanted in self.expected)]
        assert left == []


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chromium, house, request):
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
    if hasattr(request.node, "rep_failed"):
        for number, visitor in enumerate(visitors):
            await visitor.picture(f"failed-{request.node.originalname}-{number}")
    for visitor in visitors:
        visitor.check_quiet()
        await visitor.context.close()
