"""The doors on a page: what happens at them is on it at once, and the control says only what the lock told."""

import asyncio

import pytest


async def door_card(visitor, name, tone):
    return await visitor.page.wait_for_selector(f".door.{tone}:has-text('{name}')")


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_an_owner_unlocks_a_door_from_the_page(house, visit, size):
    owner = await visit(size)
    await owner.become_owner()
    await owner.page.wait_for_selector("text=No doors yet")
    await house.door("Front")
    await door_card(owner, "Front", "locked")
    await owner.picture("doors")
    await owner.page.click("role=button[name='Unlock Front']")
    await door_card(owner, "Front", "open")
    assert house.device_at("Front").state in {"UNLOCKED", "UNLATCHED"}
    await owner.page.click("role=button[name='Lock Front']")
    await door_card(owner, "Front", "locked")


async def test_what_happens_at_the_door_is_on_the_page_without_asking(house, visit):
    owner = await visit(theme="dark")
    await owner.become_owner()
    await house.door("Front")
    await door_card(owner, "Front", "locked")
    house.device_at("Front").handle({"turn": "unlock"})
    await door_card(owner, "Front", "open")
    house.device_at("Front").handle({"door": "open"})
    await owner.page.wait_for_selector("text=Door open")
    await owner.picture("doors-open")


async def test_a_lock_that_does_not_answer_is_said_so_in_words(house, visit):
    owner = await visit()
    await owner.become_owner()
    await house.door("Front")
    await door_card(owner, "Front", "locked")
    house.fault("Front", "out-of-range")
    await owner.page.click("role=button[name='Unlock Front']")
    said = owner.page.locator(".control .said")
    await owner.page.wait_for_selector(".said.failed, .door.away", timeout=40_000)
    assert "not answer" in (await said.inner_text()) or await owner.page.query_selector(".door.away")
    assert house.device_at("Front").state == "LOCKED"
    owner.expected.append("504")
    await owner.picture("doors-away")


async def test_somebody_who_is_signed_out_elsewhere_sees_the_sign_in_page(house, visit):
    owner = await visit()
    await owner.become_owner()
    await house.door("Front")
    await door_card(owner, "Front", "locked")
    await owner.context.clear_cookies()
    house.device_at("Front").handle({"turn": "unlock"})
    await owner.page.wait_for_url("**/sign-in**")
    owner.expected.append("401")


async def test_the_page_works_without_any_script(house, visit):
    owner = await visit()
    await owner.become_owner()
    await house.door("Front")
    state = await owner.context.storage_state()
    plain = await visit(java_script_enabled=False, storage_state=state)
    await plain.go("/")
    await plain.page.click("role=button[name='Unlock Front']")
    await plain.page.wait_for_selector("text=The lock was asked to unlock.")
    for _ in range(100):
        if house.device_at("Front").state != "LOCKED":
            break
        await asyncio.sleep(0.05)
    await plain.go("/")
    await door_card(plain, "Front", "open")
