"""People on pages, as an owner meets them: added once, on the lock, and on the screen without asking."""

import asyncio
import re

import pytest


@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_a_person_is_added_and_the_page_tells_when_the_lock_has_the_code(house, visit, size, theme):
    owner = await visit(size, theme)
    page = owner.page
    await owner.become_owner()
    await house.door("Front")
    await owner.go("/people")
    await page.click("text=Add a person" if size == "desktop" else "[aria-label='Add a person']")
    await page.fill("input[name=name]", "Ada Byron")
    await page.click("main form .button:has-text('Add')")
    code = await page.inner_text(".big-code")
    await page.click("text=Done")
    await page.wait_for_selector(".badge.good:has-text('On the lock')")
    await owner.picture("person")
    assert house.codes("Front") == {code}
    await house.enter("Front", code)
    await page.wait_for_selector(".badge.good:has-text('Used')")


async def test_a_guest_code_takes_three_taps(house, visit):
    owner = await visit()
    page = owner.page
    await owner.become_owner()
    await house.door("Front")
    await owner.go("/guest")
    await page.fill("input[name=name]", "Plumber")
    await page.click(".chip:has-text('One opening')")
    await owner.picture("guest")
    await page.click("text=Make the code")
    code = await page.inner_text(".big-code")
    await owner.picture("guest-code")
    message = await page.input_value("#message")
    assert code in message
    link = re.search(r"http\S+", message)[0]
    guest = await visit()
    await guest.page.goto(link)
    await guest.page.wait_for_selector(f"text={code}")
    await guest.picture("guest-page")


async def test_fields_of_a_rule_appear_when_it_is_chosen(house, visit):
    owner = await visit()
    page = owner.page
    await owner.become_owner()
    await house.door("Front")
    person, _ = await house.person("Cleaner", "604183")
    await owner.go(f"/people/{person.id}/access")
    assert not await page.is_visible("input[name=from_0]")
    await page.click(".chip:has-text('Every week')")
    await page.fill("input[name=from_0]", "09:00")
    await owner.picture("access-weekly")
    await page.click("main .button:has-text('Save')")
    await page.wait_for_selector("text=Mon\N{EN DASH}Fri 09:00\N{EN DASH}17:00")


async def test_two_who_change_the_same_person_do_not_undo_each_other(house, visit):
    first, second = await visit(), await visit("desktop")
    await first.become_owner()
    person, _ = await house.person("Ada")
    await second.sign_in()
    await first.go(f"/people/{person.id}/edit")
    await second.go(f"/people/{person.id}/edit")
    await first.page.fill("input[name=name]", "Ada Byron")
    await first.page.click("text=Save")
    await first.page.wait_for_selector("h1:has-text('Ada Byron')")
    await second.page.fill("input[name=name]", "Ada Lovelace")
    await second.page.click("text=Save")
    await second.page.wait_for_selector("text=changed")
    second.expected.append("412")
    assert house.hub.repository.person(person.id).name == "Ada Byron"


async def test_a_finger_is_taken_at_the_door_while_the_page_says_what_to_do(house, visit):
    owner = await visit()
    page = owner.page
    await owner.become_owner()
    await house.door("Front")
    person, _ = await house.person("Ada", "739218", ["Front"])
    await owner.go(f"/people/{person.id}")
    await page.wait_for_selector(".badge.good")
    await page.click("text=Finger, card or face")
    await page.click("text=Finger at Front")
    await page.click("text=Begin")
    await page.wait_for_selector("text=Waiting for the lock")
    await owner.picture("enrolment")
    steps = await page.inner_text("ol.steps")
    user = re.search(r"Enter (\d+) and #", steps)[1]
    lock = house.device_at("Front")
    lock.handle({"press": "set"})
    await asyncio.sleep(0.2)
    lock.handle({"release": "set"})
    await asyncio.sleep(0.2)
    lock.handle({"keys": f"1{user}#2"})
    while True:
        await asyncio.sleep(0.4)
        if not lock.fingerprints.is_enrolling:
            break
        lock.handle({"finger": "thumb"})
    await page.wait_for_selector("text=Done: it is on the lock")
    await page.click("text=To Ada")
    await page.wait_for_selector("text=Fingerprint")
