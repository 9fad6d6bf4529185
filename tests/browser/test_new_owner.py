"""The whole story of a new owner: from the first start of the hub to a guest's code used at the door, and gone again. By pages alone."""

import re

import pytest

from latchwork.matter.onboarding import manual_code, parse


async def type_at_door(page, code):
    """Somebody stands before the drawn door and types."""
    for key in [*code, "#"]:
        await page.click(f"button.key[value='{key}']")


async def add_the_lock(owner, digits):
    """Along the guided path, each step seen."""
    page = owner.page
    await page.click("main a:has-text('Add a lock') >> nth=-1")
    await page.fill("input[name=setup_code]", digits)
    await page.click("text=Continue")
    await page.click(".chip:has-text('Front door')")
    await owner.picture("owner-2-door")
    await page.click("main button:has-text('Add the lock')")
    await page.wait_for_selector("text=Front door is on the hub.")
    took = await page.locator(".step.done .took").all_inner_texts()
    assert len(took) >= 12
    assert all(re.fullmatch(r"\d+\.\d s", each) for each in took)
    await owner.picture("owner-3-joined")


async def give_themselves_a_code(owner, name):
    """On the same path; gives the code, which is shown this once."""
    page = owner.page
    await page.click("text=Next: who may use it")
    await page.fill("input[name=name]", name)
    await page.click("text=Give access")
    code = await page.inner_text(".new-code")
    await page.click("text=try it at the door")
    await page.wait_for_selector(".badge.good")
    assert code not in await page.content()
    return code


async def guest_in_three_taps(owner, name):
    """Who, until when, make it: there is one door, which is chosen already. Gives the code and the link."""
    page = owner.page
    await owner.go("/people")
    await page.click("main a:has-text('Guest code')")
    await page.fill("input[name=name]", name)
    await page.click(".chip:has-text('Today')")
    await page.click("text=Make the code")
    code = await page.inner_text(".big-code")
    message = await page.input_value("#message")
    assert code in message
    await owner.picture("owner-6-guest-code")
    return code, re.search(r"http\S+", message)[0]


async def move_out(owner, name):
    """Confirmed by name, with everything gone."""
    page = owner.page
    await page.click("text=Details")
    go = page.locator("[data-needs-name]")
    await page.fill("[name=confirm]", name[:-1])
    assert await go.is_disabled()
    await page.fill("[name=confirm]", name)
    await owner.picture("owner-9-move-out")
    await go.click()
    await page.wait_for_selector(".badge.good:has-text('Gone from every lock')")
    await owner.picture("owner-10-gone")


@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_from_the_first_start_to_a_guest_who_came_and_went(house, visit, size, theme):
    device = await house.device("lock")
    owner = await visit(size, theme)
    page = owner.page

    await owner.become_owner("Olive Green")
    await page.wait_for_selector("text=No doors yet")
    await owner.picture("owner-1-empty")
    await add_the_lock(owner, manual_code(parse(device.qr)))
    code = await give_themselves_a_code(owner, "Olive Green")

    await owner.go("/virtual")
    await page.click("main li a:has-text('Front door')")
    await owner.picture("owner-4-at-the-door")
    await type_at_door(page, code)
    await page.wait_for_selector(".badge.open:has-text('Unlocked'), .bolt-unlocked, .badge:has-text('Open')")
    await owner.go("/activity")
    await page.wait_for_selector(".happening:has-text('Olive Green'):has-text('keypad')")
    await owner.picture("owner-5-activity")

    guest_code, link = await guest_in_three_taps(owner, "Plumber")
    guest = await visit("phone", theme)
    await guest.page.goto(link)
    assert re.sub(r"\D", "", await guest.page.inner_text(".guest-code")) == guest_code
    await guest.page.wait_for_selector("text=Front door")
    await guest.picture("owner-7-guest-page")

    await page.click("a[aria-label='Plumber']")
    await page.wait_for_selector(".badge.good")
    there = await owner.context.new_page()
    await there.goto(f"{house.url}/virtual/1")
    await type_at_door(there, guest_code)
    await page.wait_for_selector(".badge.good:has-text('Used')")
    await page.wait_for_selector("#recent-title")
    await owner.picture("owner-8-guest-used")
    await there.close()

    await move_out(owner, "Plumber")
    assert guest_code not in house.codes("lock")
    assert house.codes("lock") == {code}
    gone = await guest.page.reload()
    assert gone.status == 404
    guest.expected.append("404")
    assert guest_code not in await guest.page.content()
    await guest.picture("owner-11-guest-page-gone")
    await owner.go("/")
    await page.wait_for_selector(".door:has-text('Front door')")
    await owner.picture("owner-12-doors")
