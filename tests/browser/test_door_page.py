"""A door's page as an owner meets it: alive, its lock set up from it, shared and taken back, and what others left there reviewed."""

import re

import pytest
from tests.support.hub import put_user


async def settled(house, name="Front"):
    house.hub.locks.wake(house.lock_id(name))
    await house.hub.keepers.get(house.lock_id(name)).settle()


async def owner_at(house, visit, size="phone", theme="light", model="u200"):
    owner = await visit(size, theme)
    await owner.become_owner()
    await house.door("Front", model)
    return owner, f"/doors/{house.door_id('Front')}"


@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_the_door_is_operated_from_its_page_and_what_happens_is_on_it(house, visit, size, theme):
    owner, door = await owner_at(house, visit, size, theme)
    page = owner.page
    await house.person("Ada", "739218", ["Front"])
    await owner.go("/")
    await page.click("text=Front")
    await page.wait_for_url(f"**{door}")
    await page.wait_for_selector(".door.locked")
    await page.wait_for_selector(".badge.good:has-text('Proved'), .badge.good:has-text('On the lock')")
    await page.click("role=button[name='Unlock Front']")
    await page.wait_for_selector(".door.open")
    await page.click("role=button[name='Lock Front']")
    await page.wait_for_selector(".door.locked")
    await house.enter("Front", "739218")
    await page.wait_for_selector("#recent >> text=Ada")
    await page.wait_for_selector(".badge.good:has-text('Used')")
    house.device_at("Front").handle({"battery": 41})
    await page.wait_for_selector("#trend-battery .badge:has-text('41 %')")
    assert "does not say how good its link is" not in await page.inner_text("#trend-link"), "nobody has asked it yet"
    await owner.picture("door")


async def test_a_setting_is_on_the_lock_when_the_page_says_so(house, visit):
    owner, door = await owner_at(house, visit)
    page = owner.page
    await owner.go(f"{door}/settings")
    await page.fill("#field-auto_relock_time", "45")
    await page.click("role=button[name='Save Lock by itself after']")
    await page.wait_for_selector("text=the lock has it now")
    assert await page.input_value("#field-auto_relock_time") == "45"
    await page.select_option("#field-sound_volume", "silent")
    await page.click("role=button[name='Save Sound']")
    await page.wait_for_selector(".notice:has-text('Sound')")
    assert await page.input_value("#field-sound_volume") == "silent"
    # Privacy is for a door that is locked: the lock says no, and the page says why at the setting.
    house.device_at("Front").handle({"turn": "unlock"})
    await page.select_option("#field-operating_mode", "privacy")
    await page.click("role=button[name='Save Mode']")
    await page.wait_for_selector("#setting-operating_mode .notice.bad >> text=Lock the door first.")
    assert await page.input_value("#field-operating_mode") == "normal"
    owner.expected.append("502")
    await owner.picture("door-settings")


async def test_a_lock_is_shared_and_the_newcomer_appears_and_goes_by_name(house, visit):
    owner, door = await owner_at(house, visit)
    page = owner.page
    await owner.go(f"{door}/sharing")
    await page.click(".chip:has-text('Google Home')")
    await owner.picture("door-share")
    await page.click("text=Show the code")
    code = await page.inner_text(".big-code")
    assert re.fullmatch(r"\d{4}-\d{3}-\d{4}", code)
    await page.wait_for_selector(".countdown:has-text('14:')")
    assert await page.evaluate("document.querySelector('.share-qr').naturalWidth > 0")
    await owner.picture("door-share-code")
    theirs = await house.world.controller("theirs", require_attestation=False)
    await theirs.commission(code)
    await page.wait_for_selector("text=Joined:")
    await page.wait_for_selector("#fabric-2")
    await page.click("#fabric-2 >> text=Remove")
    button = page.locator("[data-needs-name]")
    await page.fill("[data-confirm-name]", "Somebody else")
    assert await button.is_disabled()
    await page.fill("[data-confirm-name]", await page.get_attribute("[data-confirm-name]", "data-confirm-name"))
    await owner.picture("door-fabric")
    await button.click()
    await page.wait_for_selector("text=is off the lock")
    assert await page.locator("#fabric-2").count() == 0


async def test_what_others_left_is_reviewed_one_by_one(house, visit):
    owner, door = await owner_at(house, visit, "desktop")
    page = owner.page
    ada, _ = await house.person("Ada", None, ["Front"])
    theirs = await house.other("Front")
    await put_user(theirs, 7, "Cleaners", "826419", 7)
    await put_user(house.peer("Front"), 9, "Uncle", "553311", 9)
    await settled(house)
    await owner.go(door)
    await page.click("text=Not put there by this hub")
    await page.wait_for_selector("#foreign-user-7")
    await owner.picture("door-foreign")
    await page.click("#foreign-user-7 a")
    await page.wait_for_selector("text=lets only whoever made this change it")
    await page.fill("[data-confirm-name]", "Cleaners")
    await owner.picture("door-foreign-one")
    await page.click("text=Clear Cleaners")
    await page.wait_for_selector("text=Cleaners is off the lock")
    assert "826419" not in house.codes("Front")
    assert "553311" in house.codes("Front")
    await page.click("#foreign-user-9 a")
    await page.select_option("select[name=person_id]", label="Ada")
    await page.click("text=Take over Uncle")
    await page.wait_for_selector("text=Uncle is Ada from now on")
    await page.wait_for_selector("text=Nothing of others")
    assert house.hub.repository.credentials(ada.id)


async def test_a_door_gets_another_lock_and_everybody_comes_along(house, visit):
    owner, door = await owner_at(house, visit)
    page = owner.page
    await house.person("Ada", "739218", ["Front"])
    await settled(house)
    other = await house.device("Other", "u400")
    await owner.go(f"{door}/replace")
    await page.fill("input[name=setup_code]", other.qr)
    await page.click("main button:has-text('Replace')")
    await page.wait_for_selector(".step.done")
    await owner.picture("door-replace-job")
    await page.click("text=To the door", timeout=30_000)
    await page.wait_for_selector(".badge.good:has-text('Proved'), .badge.good:has-text('On the lock')")
    assert house.codes("Other") == {"739218"}


async def test_the_reset_guide_and_leaving_a_lock_that_is_gone(house, visit):
    owner, door = await owner_at(house, visit)
    page = owner.page
    await house.person("Ada", "739218", ["Front"])
    await settled(house)
    await owner.go(f"{door}/reset")
    assert not await page.is_visible("text=Hold it for")
    await page.click("text=Show the steps")
    await page.wait_for_selector("text=Hold it for 10 seconds.")
    await owner.picture("door-reset")
    await owner.go(f"{door}/remove")
    await page.fill("[data-confirm-name]", "front")
    await owner.picture("door-remove")
    await page.click("main button:has-text('Remove the lock')")
    await page.wait_for_selector("text=Done.")
    assert house.codes("Front") == set()
    await owner.go(door)
    await page.wait_for_selector("text=No lock on this door")
