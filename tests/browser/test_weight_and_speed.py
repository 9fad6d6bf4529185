"""What a page weighs: all of it, as it comes over the wire, with nothing from elsewhere."""

import pytest

LIMIT = 150_000
"""Octets of everything that a page loads, for somebody who was never here."""


class Traffic:
    """What a browser was sent."""

    def __init__(self, session):
        self.octets = 0
        self.addresses = []
        session.on("Network.requestWillBeSent", lambda told: self.addresses.append(told["request"]["url"]))
        session.on("Network.loadingFinished", self._finished)

    def _finished(self, told):
        self.octets += told["encodedDataLength"]


async def traffic_of(visitor, path):
    session = await visitor.context.new_cdp_session(visitor.page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    traffic = Traffic(session)
    await visitor.go(path)
    await visitor.page.wait_for_timeout(150)
    await session.detach()
    return traffic


async def test_no_page_weighs_much_and_nothing_comes_from_elsewhere(house, visit):
    owner = await visit(service_workers="block")
    await owner.be_owner()
    for name in ("Front", "Back", "Cellar"):
        await house.door(name)
    people = [await house.person(f"Person {number}", f"73{number:04}", ["Front", "Back"]) for number in range(12)]
    pages = ["/", "/people", "/people/matrix", "/activity", "/guest", "/settings", "/add-lock", "/virtual/1"]
    pages += [f"/people/{people[0][0].id}", f"/doors/{house.door_id('Front')}", "/offline"]
    for path in pages:
        traffic = await traffic_of(owner, path)
        assert 3_000 < traffic.octets < LIMIT, path
        assert [
            each for each in traffic.addresses if each.startswith("http") and not each.startswith(f"{house.url}/")
        ] == [], path


async def test_what_was_loaded_once_is_not_loaded_again(house, visit):
    owner = await visit(service_workers="block")
    await owner.be_owner("/people")
    house.between.asked.clear()
    await owner.go("/people/add")
    # The picture on the tab the browser gets whenever it likes.
    static = [each for each in house.between.asked if "/static/" in each and "/img/" not in each]
    assert static == []


@pytest.mark.parametrize("path", ["/", "/people"])
async def test_a_page_is_seen_before_any_script_has_run(house, visit, path):
    owner = await visit()
    await owner.be_owner()
    await house.door("Front")
    await owner.page.route("**/*.js", lambda route: route.abort())
    owner.expected.append("ERR_FAILED")
    await owner.go(path)
    assert await owner.page.locator("h1").is_visible()
    assert await owner.page.locator("main a, main button").count()
