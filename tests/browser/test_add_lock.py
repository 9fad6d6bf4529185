"""A lock comes into the house, as an owner meets it: scanned or typed, joined before their eyes, and tried at the door."""

import asyncio
import re

import pytest
import segno

from latchwork.matter.onboarding import manual_code, parse


async def waiting_lock(house, name="new", number=1100, model="u200"):
    """A lock that waits to be added, and the digits on its label."""
    device = await house.device(name, model, discriminator=number, passcode=30_000_000 + number)
    return device, manual_code(parse(device.qr))


async def name_the_door(page, name):
    await page.click(f".chip:has-text('{name}')")
    await page.click("main button:has-text('Add the lock')")


@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_an_owner_types_the_code_and_follows_the_lock_to_its_door(house, visit, size, theme):
    _, digits = await waiting_lock(house)
    owner = await visit(size, theme)
    page = owner.page
    await owner.become_owner()
    await page.click("main a:has-text('Add a lock') >> nth=-1")
    await owner.picture("add-lock-code")
    await page.type("input[name=setup_code]", digits[:4])
    await page.wait_for_selector(".code-said[data-state=typing]:has-text('7 digits are missing')")
    await page.fill("input[name=setup_code]", f"{digits[:4]}-{digits[4:7]}-{digits[7:]}")
    await page.wait_for_selector(".code-said[data-state=right]")
    await page.click("text=Continue")
    await owner.picture("add-lock-door")
    await name_the_door(page, "Back door")
    await page.wait_for_selector("text=Back door is on the hub.")
    assert await page.locator(".step.done").count() >= 12
    assert digits not in page.url
    await owner.picture("add-lock-joined")
    await page.click("text=Next: who may use it")
    await page.fill("input[name=name]", "Olive Green")
    await owner.picture("add-lock-people")
    await page.click("text=Give access")
    code = await page.inner_text(".new-code")
    await page.click("text=try it at the door")
    await page.wait_for_selector(".badge.good")
    await page.click("role=button[name='Unlock Back door']")
    await page.wait_for_selector("#test-unlocked.passed")
    await page.click("role=button[name='Lock Back door']")
    await page.wait_for_selector("#test-locked.passed")
    await owner.picture("add-lock-test")
    await house.enter("new", code)
    await page.wait_for_selector(".type-now.passed:has-text('Olive Green · at the keypad')")
    await owner.picture("add-lock-tested")
    await page.click("text=Finish")
    await owner.picture("add-lock-done")
    await page.click("main .button:has-text('All doors')")
    await page.wait_for_selector(".door:has-text('Back door')")


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_a_photo_of_the_code_is_enough(house, visit, size, tmp_path):
    device, _ = await waiting_lock(house)
    segno.make_qr(device.qr, error="m").save(str(tmp_path / "photo.png"), scale=60, border=6)
    owner = await visit(size)
    page = owner.page
    await owner.become_owner()
    await owner.go("/add-lock")
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    await page.set_input_files("input[name=photo]", tmp_path / "photo.png")
    await page.wait_for_selector("text=Which door?")
    # It was made small first: no photograph of several megabytes went over the air.
    assert (await sent[0].sizes())["requestBodySize"] < 600_000
    await name_the_door(page, "Garage")
    await page.wait_for_selector("text=Garage is on the hub.")
    await owner.go("/")
    await page.wait_for_selector(".door.locked:has-text('Garage')")


async def test_wrong_codes_are_named_while_they_are_typed_and_in_a_photo(house, visit, tmp_path):
    _, digits = await waiting_lock(house)
    owner = await visit()
    page = owner.page
    await owner.become_owner()
    await owner.go("/add-lock")
    for typed, said in (
        ("123-45-678", "HomeKit"),
        (digits[:-1] + str((int(digits[-1]) + 1) % 10), "check digit"),
        ("G$M:SomeMaker$A:0123456789ABCDEF", "Zigbee"),
    ):
        await page.fill("input[name=setup_code]", typed)
        await page.wait_for_selector(f".code-said[data-state=wrong]:has-text('{said}')")
    await owner.picture("add-lock-wrong")
    await page.fill("input[name=setup_code]", "")
    segno.make_qr("X-HM://0023ISYWYAAAA").save(str(tmp_path / "photo.png"), scale=8)
    await page.set_input_files("input[name=photo]", tmp_path / "photo.png")
    await page.wait_for_selector(".notice.bad:has-text('HomeKit')")
    owner.expected.append("422")


async def test_a_lock_that_is_off_is_told_so_and_added_with_nothing_typed_again(house, visit):
    _, digits = await waiting_lock(house)
    house.fault("new", "out-of-range")
    owner = await visit()
    page = owner.page
    await owner.become_owner()
    await owner.go("/add-lock")
    await page.fill("input[name=setup_code]", digits)
    await page.click("text=Continue")
    await name_the_door(page, "Front door")
    await page.wait_for_selector(".step.running")
    await owner.picture("add-lock-running")
    await page.wait_for_selector("text=The lock did not join.", timeout=60_000)
    text = await page.inner_text("#joining")
    for said in ("What failed", "What was seen", "Next:", "Nothing was changed."):
        assert said in text
    assert "reset" not in text.lower()
    assert not re.search(digits, await page.content())
    await owner.picture("add-lock-failed")
    house.device_at("new").take_fault("out-of-range")
    await page.click("main button:has-text('Try again')")
    await page.wait_for_selector("text=Front door is on the hub.", timeout=30_000)


async def test_the_path_works_without_any_script(house, visit):
    _, digits = await waiting_lock(house)
    first = await visit()
    await first.become_owner()
    plain = await visit(java_script_enabled=False, storage_state=await first.context.storage_state())
    page = plain.page
    await plain.go("/add-lock")
    await page.fill("input[name=setup_code]", digits)
    await page.click("text=Continue")
    await name_the_door(page, "Cellar")
    for _ in range(100):
        if await page.query_selector("text=Cellar is on the hub."):
            break
        await asyncio.sleep(0.1)
        await page.reload()
    await page.click("text=Next: who may use it")
    await page.fill("input[name=name]", "Ada")
    await page.click("text=Give access")
    code = await page.inner_text(".new-code")
    await page.click("text=try it at the door")
    for _ in range(100):
        if code in house.codes("new"):
            break
        await asyncio.sleep(0.1)
    await house.enter("new", code)
    await page.reload()
    await page.wait_for_selector(".type-now.passed:has-text('Ada')")
    await page.click("text=Finish")
    await page.wait_for_selector("text=Share it")
