"""The app in a browser: how soon a page is seen, how soon what happened at a door is on it, and what a page weighs.

    python benchmarks/pages.py [--times 20] [--chromium /usr/bin/chromium]

Needs the extra [browser] and Chromium. Hub, lock and browser share this machine; the browser asks over the loopback. First content is the
browser's own measure (First Contentful Paint), once for somebody who was never here and once for who comes back. From the door to the page
is from the thumb turn being moved to the page having changed, with the lock's own time, the virtual radio and the hub's in it. Weight is
what came over the wire.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.async_api import Browser, async_playwright
from tests.support.hub_page import PASSWORD, PageWorld, page_house

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]
_FIRST_CONTENT = """() => new Promise((done) => new PerformanceObserver((list) => {
    for (const each of list.getEntriesByName("first-contentful-paint")) done(each.startTime);
}).observe({ type: "paint", buffered: true }))"""
_WATCH = """() => {
    const isOpen = () => document.querySelector(".door.open") !== null;
    const was = isOpen();
    window.changed = new Promise((done) => {
        const look = new MutationObserver(() => {
            if (isOpen() === was) return;
            look.disconnect();
            done(Date.now());
        });
        look.observe(document.getElementById("doors"), { subtree: true, childList: true, attributes: true });
    });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="how often each is measured")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    options = parser.parse_args()
    found = asyncio.run(_measured(options.times, options.chromium))
    print(json.dumps({name: round(value, 1) for name, value in found.items()}, indent=1))


async def _measured(times: int, chromium: str) -> dict[str, float]:
    async with page_house() as house, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        for name in ("Front", "Back", "Cellar"):
            await house.door(name)
        for number in range(10):
            await house.person(f"Person {number}", f"73{number:04}", ["Front", "Back"])
        owner = await _owner(browser, house)
        found = {}
        for name, path in (("doors", "/"), ("people", "/people"), ("activity", "/activity")):
            found |= await _first_content(browser, house, owner, name, path, times)
        found |= await _from_the_door(browser, house, owner, times)
        await browser.close()
        return found


async def _owner(browser: Browser, house: PageWorld) -> dict[str, Any]:
    """Become the owner; gives what a browser has then."""
    context = await browser.new_context()
    form = {"token": house.setup_url, "name": "Olive", "password": PASSWORD, "again": PASSWORD}
    await context.request.post(f"{house.url}/setup", form=form)
    state: dict[str, Any] = await context.storage_state()
    await context.close()
    return state


async def _first_content(
    browser: Browser, house: PageWorld, owner: dict[str, Any], name: str, path: str, times: int
) -> dict[str, float]:
    first, again, weights = [], [], []
    for _ in range(times):
        context = await browser.new_context(storage_state=owner, viewport={"width": 390, "height": 844})
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        sizes: list[float] = []
        session.on("Network.loadingFinished", lambda told, sizes=sizes: sizes.append(told["encodedDataLength"]))
        await page.goto(house.url + path)
        first.append(await page.evaluate(_FIRST_CONTENT))
        await page.wait_for_timeout(100)
        weights.append(sum(sizes) / 1000)
        await page.goto(house.url + path)
        again.append(await page.evaluate(_FIRST_CONTENT))
        await context.close()
    return {
        f"{name}: first content ms": statistics.median(first),
        f"{name}: first content p90 ms": sorted(first)[int(len(first) * 0.9)],
        f"{name}: first content, again ms": statistics.median(again),
        f"{name}: weight kB": statistics.median(weights),
    }


async def _from_the_door(browser: Browser, house: PageWorld, owner: dict[str, Any], times: int) -> dict[str, float]:
    context = await browser.new_context(storage_state=owner, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(house.url)
    await page.wait_for_selector(".door.locked")
    took = []
    for number in range(times):
        await asyncio.sleep(0.5)
        await page.evaluate(_WATCH)
        began = time.time()
        house.device_at("Front").handle({"turn": "lock" if number % 2 else "unlock"})
        took.append(await page.evaluate("window.changed") - began * 1000)
    await context.close()
    return {"door to page ms": statistics.median(took), "door to page p90 ms": sorted(took)[int(len(took) * 0.9)]}


if __name__ == "__main__":
    main()
