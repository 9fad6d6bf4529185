"""Every page for everybody: axe-core finds nothing, in light and dark, and all of it is reached and used by keyboard."""

import re
from datetime import UTC, datetime

import pytest
from tests.support.hub import put_user

from latchwork.web.authority import Root
from latchwork.web.pages.places import ROUTERS, VIRTUAL

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WHAT = {"light": {"type": "tag", "values": RULES}, "dark": {"type": "rule", "values": ["color-contrast"]}}
"""What is looked at in which theme: only colours are others."""
NO_PAGES = {
    "/static/{version}/{name:path}",
    "/manifest.webmanifest",
    "/sw.js",
    "/texts.json",
    "/virtual/{virtual_id}/label.svg",
    "/trust/latchwork.crt",
    "/trust/latchwork.mobileconfig",
}
"""What browsers load beside pages."""


@pytest.fixture(scope="session")
def axe():
    return pytest.importorskip("axe_playwright_python.async_playwright", reason="needs latchwork[browser]").Axe()


async def violations(axe, page):
    """What axe says of a page in both themes, in a line for each finding."""
    found = []
    await page.evaluate(axe.axe_script)
    for theme, only in WHAT.items():
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        options = {"runOnly": only, "resultTypes": ["violations"]}
        for each in await page.evaluate("async (options) => (await axe.run(options)).violations", options):
            for node in each["nodes"][:4]:
                why = " ".join(check["message"] for check in node["any"] + node["all"] + node["none"])
                found.append(f"{theme}: {each['id']}: {node['html'][:160]}: {why[:200]}")
    return found


async def populate(house, owner):
    """Something of everything; gives pages that no link leads to."""
    await house.door("Front")
    await house.door("Back")
    spare = await house.device("Spare")
    ada, _ = await house.person("Ada Byron", "739218", ["Front", "Back"])
    left, _ = await house.person("Ben", "481604", ["Front"])
    await put_user(await house.other("Front"), 30, "Stranger", "123987")
    await house.hub.people.move_out(left.id, actor="account:owner")
    await owner.ask(f"/doors/{house.door_id('Front')}/calendars", url="https://example.com/stays.ics", name="Stays")
    rule = {"name": "Phone", "url": "ntfy://example.com/doors", "kinds": ["opened"]}
    await owner.ask("/notification_rules", **rule)
    await owner.ask("/webhooks", url="https://example.com/hook")
    facts = {"pem": b"", "der": b"", "until": datetime(2036, 1, 1, tzinfo=UTC)}
    house.app.state.context.root = Root(name="Latchwork hub", fingerprint=":".join(["0F"] * 32), **facts)
    page = owner.page
    await owner.go(f"/people/{ada.id}/enrol")
    await page.click("main button")
    await page.wait_for_url("**/enrolments/*")
    pages = [owner.path]
    await owner.go("/add-lock")
    await page.fill("[name=setup_code]", spare.qr)
    await page.click("main form button.wide:not([type=button])")
    await page.wait_for_url("**/add-lock/*")
    pages.append(owner.path)
    await page.click("label.chip:has-text('Cellar')")
    await page.click("main form button.wide")
    await page.wait_for_selector(".joined")
    await owner.go(f"/doors/{house.door_id('Back')}/remove")
    await page.fill("[name=confirm]", "Back")
    await page.click("main button.bad")
    await page.wait_for_url("**/jobs/*")
    return ["/", f"/doors/{house.door_id('Front')}", "/offline", "/confirm", "/trust", *pages, owner.path]


class Walk:
    """Through all pages, along their links, looking at one of each kind."""

    def __init__(self, axe, owner, begin):
        self.axe = axe
        self.owner = owner
        self.open = list(begin)
        self.seen = {}
        self.found = {}

    def kind(self, path):
        """The route behind an address, if that is a page."""
        plain = path.partition("?")[0].partition("#")[0]
        return next((route for route, pattern in PATTERNS if pattern.fullmatch(plain)), None)

    async def look(self, name):
        """At the page that is there."""
        if found := await violations(self.axe, self.owner.page):
            self.found[name] = found

    async def go(self):
        """Until nothing is open."""
        while self.open:
            path = self.open.pop(0)
            kind = self.kind(path)
            if kind is None or kind in self.seen:
                continue
            answer = await self.owner.go(path)
            if answer.status >= 400 or self.kind(self.owner.path) != kind:
                self.found[path] = [f"leads to {answer.status} {self.owner.path}"]
            self.seen[kind] = path
            await self.look(kind)
            links = await self.owner.page.eval_on_selector_all("a[href]", "(all) => all.map((each) => each.href)")
            self.open += [each.removeprefix(self.owner.house.url) for each in links]


PATTERNS = [
    (route.path, route.path_regex)
    for router in (*ROUTERS, *VIRTUAL)
    for route in router.routes
    if "GET" in route.methods and route.path not in NO_PAGES
]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
async def test_no_page_of_an_owner_has_a_fault_for_anybody(axe, house, visit):
    owner = await visit()
    await owner.be_owner()
    begin = await populate(house, owner)
    walk = Walk(axe, owner, begin)
    await walk.go()
    check_none(walk.found)
    assert {kind for kind, _ in PATTERNS} - set(walk.seen) - OF_STRANGERS == set()


def check_none(found):
    """Nothing was found, or all of it is told."""
    if found:
        pytest.fail("\n".join(f"{page}\n  " + "\n  ".join(lines) for page, lines in found.items()))


OF_STRANGERS = {"/sign-in", "/sign-in/code", "/setup"}


async def test_no_page_of_a_stranger_has_a_fault_for_anybody(axe, house, visit):
    stranger, owner = await visit(), await visit()
    page, found = stranger.page, {}

    async def look(name):
        if lines := await violations(axe, page):
            found[name] = lines

    await stranger.go("/setup")
    await look("setup")
    await owner.be_owner()
    await house.door("Front")
    await stranger.go("/sign-in")
    await look("sign-in")
    await page.fill("[name=name]", "Olive")
    await page.fill("[name=password]", "not this one at all")
    await page.click("main form button:not([type=button])")
    await page.wait_for_selector("[role=alert]")
    await look("sign-in, refused")
    stranger.expected.append("401")
    await stranger.go("/guest/nothing")
    await look("guest page that is gone")
    stranger.expected.append("404")
    await stranger.page.goto(await guest_link(owner))
    await look("guest page")
    await stranger.go("/offline")
    await look("offline")
    await owner.go("/nothing/here")
    page = owner.page
    owner.expected.append("404")
    await look("nothing there")
    check_none(found)


async def guest_link(owner):
    """A link that a guest is sent."""
    await owner.go("/guest")
    await owner.page.fill("input[name=name]", "Plumber")
    await owner.page.click("text=Make the code")
    return re.search(r"http\S+", await owner.page.input_value("#message"))[0]


async def test_pages_that_show_a_code_have_no_fault_for_anybody(axe, house, visit):
    owner = await visit()
    await owner.be_owner()
    await house.door("Front")
    found = {}
    await guest_link(owner)
    if lines := await violations(axe, owner.page):
        found["guest code"] = lines
    await owner.go("/people/add")
    await owner.page.fill("[name=name]", "Ada")
    await owner.page.click("main form .button:has-text('Add')")
    await owner.page.wait_for_selector(".big-code")
    if lines := await violations(axe, owner.page):
        found["code of a person"] = lines
    check_none(found)


# By keyboard

STOPS = """() => {
    const groups = new Set();
    return [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter((each) => {
        if (each.disabled || each.type === "hidden" || !each.checkVisibility({ visibilityProperty: true })) return false;
        if (each.type !== "radio") return true;
        const isFirst = !groups.has(each.name);
        groups.add(each.name);
        return isFirst;
    }).length;
}"""
STOP = """() => {
    const each = document.activeElement;
    if (each === document.body) return null;
    each.dataset.stopped ??= Math.random();
    const style = (of) => of && getComputedStyle(of).outlineStyle !== "none" && parseFloat(getComputedStyle(of).outlineWidth) >= 2;
    const box = each.getBoundingClientRect();
    return {
        id: each.dataset.stopped, what: each.outerHTML.slice(0, 120),
        isShown: Boolean(style(each) || style(each.closest(".chip, .choice, .line, label"))),
        isInView: box.bottom > 0 && box.top < innerHeight,
    };
}"""


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(house, visit):
    owner = await visit("desktop")
    await owner.be_owner()
    await house.door("Front")
    ada, _ = await house.person("Ada Byron", "739218", ["Front"])
    for path in ("/", "/people", f"/people/{ada.id}", f"/people/{ada.id}/access", "/guest", "/activity", "/offline"):
        await owner.go(path)
        await owner.page.evaluate("document.activeElement.blur()")
        wanted = await owner.page.evaluate(STOPS)
        seen = {}
        for _ in range(wanted + 25):
            await owner.page.keyboard.press("Tab")
            stop = await owner.page.evaluate(STOP)
            if stop is None or stop["id"] in seen:
                break
            seen[stop["id"]] = stop
            assert stop["isShown"], f"{path}: nobody sees that this has the focus: {stop['what']}"
            assert stop["isInView"], f"{path}: out of view: {stop['what']}"
        assert len(seen) >= wanted, f"{path}: {len(seen)} of {wanted} are reached"


async def test_the_first_stop_leads_past_the_places_to_the_content(house, visit):
    owner = await visit("desktop")
    await owner.be_owner()
    await owner.page.keyboard.press("Tab")
    assert await owner.page.evaluate("document.activeElement.className") == "skip"
    assert await owner.page.locator(".skip").is_visible()
    await owner.page.keyboard.press("Enter")
    await owner.page.keyboard.press("Tab")
    assert await owner.page.evaluate("document.activeElement.closest('main') !== null")


async def test_a_door_is_unlocked_and_a_filter_chosen_by_keyboard_alone(house, visit):
    owner = await visit("desktop")
    await owner.be_owner()
    await house.door("Front")
    page = owner.page
    await page.wait_for_selector(".door.locked")
    await page.focus("role=button[name='Unlock Front']")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".door.open")
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "Lock Front"
    await owner.go("/activity")
    await page.focus("summary:has-text('Filter')")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    assert await page.input_value("select[name=door]") == house.door_id("Front")
    await page.keyboard.press("Escape")
    assert not await page.is_visible("select[name=door]")
    assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"


async def test_what_a_finger_presses_is_large_enough(house, visit):
    owner = await visit()
    await owner.be_owner()
    await house.door("Front")
    ada, _ = await house.person("Ada Byron", "739218", ["Front"])
    small = []
    for path in ("/", "/people", f"/people/{ada.id}", f"/people/{ada.id}/access", "/guest", "/people/add", "/activity"):
        await owner.go(path)
        small += await owner.page.evaluate(
            """() => [...document.querySelectorAll("main button, main .button, main summary, main .chip, main select, nav a")]
                .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 43.5)
                .map((each) => `${location.pathname}: ${each.outerHTML.slice(0, 100)} ${each.getBoundingClientRect().height}`)"""
        )
    assert small == []
