"""Days on which not everything works: the page says so, and never shows what is not so."""

import asyncio
import json

import pytest
from tests.support.hub_page import PASSWORD


async def wait_until(condition):
    """Until something is so at the lock or in the hub."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)


async def signed_in_at(visit, path="/", **options):
    owner = await visit(**options)
    await owner.be_owner(path)
    return owner


def sheds_no_light(owner):
    """What a browser writes of a hub that is gone."""
    owner.expected += ["ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET"]


# The connection


async def test_a_lost_hub_is_said_with_the_time_and_what_was_is_not_shown_as_what_is(house, visit):
    owner = await signed_in_at(visit)
    sheds_no_light(owner)
    await house.door("Front")
    page = owner.page
    await page.wait_for_selector(".door.locked")
    before = await page.evaluate("getComputedStyle(document.querySelector('.bolt')).backgroundColor")
    await house.stop_serving()
    await page.wait_for_selector("#connection:has-text('No connection to the hub since ')")
    said = await page.inner_text("#connection")
    clock = await page.evaluate("new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })")
    assert clock[:2] in said
    assert await page.evaluate("getComputedStyle(document.querySelector('.bolt')).backgroundColor") != before
    await owner.picture("lost")
    house.device_at("Front").handle({"turn": "unlock"})
    await wait_until(lambda: house.hub.locks.status(house.lock_id("Front")).lock_state != "locked")
    await house.serve_again()
    await page.wait_for_selector(".door.open")
    await page.wait_for_selector("#connection", state="hidden")
    assert await page.evaluate("document.documentElement.dataset.connection") is None


async def test_what_is_asked_of_a_lost_hub_is_not_said_to_be_done(house, visit):
    owner = await signed_in_at(visit)
    sheds_no_light(owner)
    await house.door("Front")
    await owner.page.wait_for_selector(".door.locked")
    await house.stop_serving()
    await owner.page.click("role=button[name='Unlock Front']")
    await owner.page.wait_for_selector(".said.failed:has-text('The hub does not answer')")
    assert house.device_at("Front").state == "LOCKED"
    await house.serve_again()
    await owner.page.wait_for_selector("#connection", state="hidden")


async def test_a_hub_that_restarts_is_followed_again_and_everything_is_read_again(house, visit):
    owner = await signed_in_at(visit)
    sheds_no_light(owner)
    await house.door("Front")
    await owner.page.wait_for_selector(".door.locked")
    era = house.app.state.context.era
    await house.stop_serving()
    house.device_at("Front").handle({"turn": "unlock"})
    await house.serve_again()
    assert house.app.state.context.era != era
    await owner.page.wait_for_selector(".door.open")
    house.device_at("Front").handle({"turn": "lock"})
    await owner.page.wait_for_selector(".door.locked")


async def test_without_the_hub_the_app_says_so_and_comes_back_by_itself(house, visit):
    owner = await signed_in_at(visit)
    sheds_no_light(owner)
    page = owner.page
    await page.evaluate("navigator.serviceWorker.ready")
    await house.stop_serving()
    await owner.go("/people")
    await page.wait_for_selector("h1:has-text('The hub does not answer')")
    assert await page.evaluate("getComputedStyle(document.querySelector('.button')).borderRadius") != "0px"
    await owner.picture("offline")
    await house.serve_again()
    await page.wait_for_selector("h1:has-text('People')")


# A slow hub


async def test_a_hub_that_takes_long_is_said_to_take_long(house, visit):
    owner = await signed_in_at(visit)
    await house.door("Front")
    await owner.page.wait_for_selector(".door.locked")
    house.between.slow["GET /"] = 2.5
    house.device_at("Front").handle({"turn": "unlock"})
    await owner.page.wait_for_selector("#connection:has-text('takes long')")
    await owner.page.wait_for_selector(".door.open")
    await owner.page.wait_for_selector("#connection", state="hidden")


async def test_while_the_lock_is_asked_the_page_says_asking_and_a_second_click_asks_nothing(house, visit):
    owner = await signed_in_at(visit)
    await house.door("Front")
    operate = f"POST /doors/{house.door_id('Front')}/operate"
    house.between.slow[operate] = 0.6
    page = owner.page
    await page.wait_for_selector(".door.locked")
    await page.click("role=button[name='Unlock Front']")
    await page.wait_for_selector(".asking .said:has-text('Asking the lock')")
    assert await page.is_visible(".door.locked")
    await page.click("role=button[name='Unlock Front']")
    await page.wait_for_selector(".door.open")
    assert house.between.asked.count(operate) == 1


async def test_a_double_click_on_a_quick_lock_opens_it_and_leaves_it_open(house, visit):
    owner = await signed_in_at(visit)
    await house.door("Front")
    await owner.page.wait_for_selector(".door.locked")
    await owner.page.dblclick("role=button[name='Unlock Front']", delay=60)
    await owner.page.wait_for_selector(".door.open")
    await owner.page.wait_for_timeout(300)
    assert house.device_at("Front").state != "LOCKED"


async def test_a_form_that_is_sent_by_a_double_click_is_sent_once(house, visit):
    owner = await signed_in_at(visit, "/people/add")
    await owner.page.fill("[name=name]", "Ada")
    await owner.page.dblclick("main form .button:has-text('Add')")
    await owner.page.wait_for_selector(".big-code")
    assert [each.name for each in house.hub.repository.persons()] == ["Ada"]


# A lock that is asleep


async def test_a_code_for_a_lock_that_sleeps_is_not_there_before_it_is_there(house, visit):
    owner = await signed_in_at(visit)
    page = owner.page
    await house.door("Front")
    house.fault("Front", "asleep")
    ada, _ = await house.person("Ada", "739218", ["Front"])
    await owner.go(f"/people/{ada.id}")
    await page.wait_for_selector(".badge:has-text('Front'), .why:has-text('Front')")
    await page.click(".why summary")
    assert await page.locator(".badge.good").count() == 0
    assert (await page.inner_text(".why .hint")).strip()
    await owner.picture("asleep")
    assert house.codes("Front") == set()
    house.device_at("Front").handle({"touch": True})
    await page.wait_for_selector(".badge.good", timeout=30_000)
    assert house.codes("Front") == {"739218"}


# Two at the same thing


async def test_two_who_change_the_same_access_do_not_undo_each_other(house, visit):
    first, second = await visit(), await visit("desktop")
    await first.be_owner()
    await house.door("Front")
    person, _ = await house.person("Ada", "739218", ["Front"])
    access = house.hub.repository.accesses(person_id=person.id)[0]
    await second.sign_in()
    for each in (first, second):
        await each.go(f"/accesses/{access.id}")
        await each.page.click("summary:has-text('More')")
    await first.page.fill("[name=note]", "the first")
    await first.page.click("main .button:has-text('Save')")
    await first.page.wait_for_url("**/people/*")
    await second.page.fill("[name=note]", "the second")
    await second.page.click("main .button:has-text('Save')")
    await second.page.wait_for_selector("[role=alert]:has-text('changed')")
    second.expected.append("412")
    assert house.hub.repository.access(access.id).note == "the first"
    assert await second.page.input_value("[name=note]") == "the second"


# Sessions that end


async def test_who_is_signed_out_in_the_middle_of_a_form_finds_what_was_typed(house, visit):
    owner = await signed_in_at(visit)
    page = owner.page
    await house.door("Front")
    person, _ = await house.person("Ada")
    await owner.go(f"/people/{person.id}/access")
    await page.click(".chip:has-text('Every week')")
    await page.fill("[name=from_0]", "10:30")
    await page.click("summary:has-text('More')")
    await page.fill("[name=note]", "the long way round")
    await owner.context.clear_cookies()
    await page.click("main .button:has-text('Save')")
    await page.wait_for_url("**/sign-in**")
    await sign_in_there(owner)
    await page.wait_for_url(f"**/people/{person.id}/access")
    await page.wait_for_selector("text=What you typed is back")
    assert await page.input_value("[name=note]") == "the long way round"
    assert await page.input_value("[name=from_0]") == "10:30"
    assert await page.is_checked("[name=rule][value=weekly]")
    await owner.picture("typed-again")
    await page.click("main .button:has-text('Save')")
    await page.wait_for_selector("h1:has-text('Ada')")
    assert house.hub.repository.accesses(person_id=person.id)[0].note == "the long way round"
    await owner.go(f"/people/{person.id}/access")
    assert await page.input_value("[name=note]") == ""


async def sign_in_there(owner):
    """On the page that is there."""
    await owner.page.fill("input[name=name]", "Olive")
    await owner.page.fill("input[name=password]", PASSWORD)
    await owner.page.click("main form button:not([type=button])")


async def test_neither_codes_nor_passwords_are_kept_by_the_browser(house, visit):
    owner = await signed_in_at(visit, "/people/add")
    page = owner.page
    await page.fill("[name=name]", "Ada")
    await page.click("text=A code of my choice")
    await page.fill("[name=code]", "739218")
    await owner.context.clear_cookies()
    await page.click("main form .button:has-text('Add')")
    await page.wait_for_url("**/sign-in**")
    kept = await page.evaluate("JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage })")
    assert "Ada" in kept
    assert "739218" not in kept
    await sign_in_there(owner)
    await page.wait_for_selector("text=What you typed is back")
    assert await page.input_value("[name=name]") == "Ada"
    assert await page.input_value("[name=code]") == ""


# From the browser's memory


async def test_a_page_from_the_browsers_memory_is_made_true_at_once(house, visit):
    owner = await signed_in_at(visit)
    await house.door("Front")
    page = owner.page
    await page.wait_for_selector(".door.locked")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    house.device_at("Front").handle({"turn": "unlock"})
    await wait_until(lambda: house.hub.locks.status(house.lock_id("Front")).lock_state != "locked")
    await page.wait_for_timeout(200)
    assert await page.is_visible(".door.locked")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    await page.wait_for_selector(".door.open")
    house.device_at("Front").handle({"turn": "lock"})
    await page.wait_for_selector(".door.locked")


async def test_going_back_shows_how_it_is_and_not_how_it_was(house, visit):
    owner = await signed_in_at(visit)
    await house.door("Front")
    await owner.page.wait_for_selector(".door.locked")
    await owner.go("/people")
    house.device_at("Front").handle({"turn": "unlock"})
    await wait_until(lambda: house.hub.locks.status(house.lock_id("Front")).lock_state != "locked")
    await owner.page.go_back()
    await owner.page.wait_for_selector(".door.open")


# On the home screen, and without scripts


async def test_the_app_can_be_installed(house, visit):
    owner = await signed_in_at(visit)
    session = await owner.context.new_cdp_session(owner.page)
    told = await session.send("Page.getAppManifest")
    assert told["errors"] == []
    manifest = json.loads(told["data"])
    assert {"name", "short_name", "start_url", "scope", "display", "icons", "id"} <= manifest.keys()
    for icon in manifest["icons"]:
        answer = await owner.context.request.get(owner.house.url + icon["src"])
        assert answer.headers["content-type"] == icon["type"]
    await owner.page.evaluate("navigator.serviceWorker.ready")
    said = await session.send("Page.getInstallabilityErrors")
    assert [each["errorId"] for each in said["installabilityErrors"] if each["errorId"] != "in-incognito"] == []


@pytest.mark.parametrize("size", ["phone"])
async def test_people_guests_and_accesses_work_without_any_script(house, visit, size):
    owner = await visit(size, java_script_enabled=False)
    await owner.be_owner()
    await house.door("Front")
    page = owner.page
    await owner.go("/people/add")
    await page.fill("[name=name]", "Ada")
    await page.click("main form .button:has-text('Add')")
    code = await page.inner_text(".big-code")
    await page.click("text=Done")
    await page.click("a:has-text('Change')")
    await page.click("label:has-text('Every week')")
    await page.click("main .button:has-text('Save')")
    await page.wait_for_selector("text=09:00\N{EN DASH}17:00")
    await wait_until(lambda: house.codes("Front") == {code})
    await owner.go("/guest")
    await page.fill("[name=name]", "Plumber")
    await page.click("text=Make the code")
    assert await page.inner_text(".big-code") in await page.input_value("#message")
    await owner.go("/people")
    await page.click("text=Ada")
    await page.click("text=Details")
    await page.fill("[name=confirm]", "ada")
    await page.click("text=Take everything away")
    await page.wait_for_selector("text=Ada has moved out")
    await wait_until(lambda: code not in house.codes("Front"))
