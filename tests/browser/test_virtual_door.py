"""Standing before a drawn door: a code typed at it opens it, its buttons take as long as those of the lock, and it says what it does."""

import asyncio
import time
from dataclasses import replace

import pytest

from latchwork.devices.lock_model import Reset, SoftReset
from latchwork.devices.models import U400

CODE = "739218"
QUICK = replace(U400, reset=Reset(hold_s=1.5, soft=(SoftReset.SHORT_PRESS,)))
"""A model whose Reset button is held for a short time only."""


async def stand(visitor, side="outside"):
    await visitor.go(f"/virtual/1?side={side}")
    await visitor.page.wait_for_selector("#sound:not([hidden])")  # its script has started


async def turns(visitor, selector):
    return await visitor.page.wait_for_selector(selector)


async def says(visitor, text):
    return await visitor.page.wait_for_selector(f".bubble:has-text('{text}')")


async def until(check):
    for _ in range(200):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_a_code_typed_at_the_drawn_keypad_opens_the_door_and_the_app_knows(house, visit, size, theme):
    await house.door("Front", "u400")
    await house.person("Ada", CODE, ["Front"])
    owner = await visit(size, theme)
    await owner.become_owner()
    other = await visit("phone", storage_state=await owner.context.storage_state())
    await other.go("/")
    await turns(other, ".door.locked:has-text('Front')")
    await owner.page.click("text=Stand before this door")
    await turns(owner, "#scene.bolt-locked.leaf-closed")
    await owner.picture("virtual-locked")
    await until(lambda: CODE in house.codes("Front"))
    for key in CODE:
        await owner.page.click(f".key[value='{key}']")
    await turns(owner, ".typed i:nth-child(6)")
    await owner.page.click("role=button[name='Hash: done typing']")
    await says(owner, "Unlocked.")
    await turns(owner, "#scene.bolt-unlocked")
    await turns(owner, "#in-app .door.open")
    await turns(other, ".door.open:has-text('Front')")
    await owner.page.click("role=button[name='Handle: open the door']")
    await turns(owner, "#scene.leaf-open")
    await turns(other, "text=Door open")
    await turns(owner, "#happened .happening:has-text('Ada')")
    await owner.picture("virtual-open")


async def test_what_it_says_is_in_the_bubble_within_a_blink(house, visit):
    await house.door("Front", "u400")
    owner = await visit()
    await owner.become_owner()
    await stand(owner)
    waits = []
    for _ in range(3):
        await owner.page.evaluate(
            """() => { window.seen = new Promise((done) => new MutationObserver((found) => found.some((each) =>
                [...each.addedNodes].some((node) => node.className === "bubble")) && done(performance.timeOrigin + performance.now()))
                .observe(document.querySelector(".bubbles"), { childList: true })); }"""
        )
        began = time.time()
        house.device_at("Front").handle({"keys": "000000#"})
        seen = await owner.page.evaluate("() => window.seen")
        waits.append(seen / 1000 - began)
        await asyncio.sleep(0.3)
    assert min(waits) < 0.3


async def test_digits_typed_in_haste_arrive_in_their_order(house, visit):
    await house.door("Front", "u400")
    owner = await visit()
    await owner.become_owner()
    await stand(owner)
    typed = []
    device = house.device_at("Front")
    listens = device.keypad._key
    device.keypad._key = lambda key: (typed.append(key), listens(key))
    await owner.page.evaluate(
        "() => { for (const key of '8152637409#') document.querySelector(`.key[value='${key}']`).click(); }"
    )
    await until(lambda: typed[-1:] == ["#"])
    assert "".join(typed) == "8152637409#"


async def test_the_set_button_opens_pairing_and_the_bubble_says_so(house, visit):
    await house.door("Front", "u400")
    owner = await visit("desktop")
    await owner.become_owner()
    await stand(owner)
    await owner.page.click("label:has(#side-inside)")
    await owner.page.click("role=button[name='Set button']")
    await says(owner, "Ready to pair")
    await turns(owner, "#standing:has-text('Ready to pair until')")
    await turns(owner, ".plate.inner.light-pairing")
    assert house.device_at("Front").panel.pairing_left > 500
    await owner.picture("virtual-pairing")


async def test_reset_is_held_as_long_as_the_model_wants_and_shows_how_long(house, visit):
    await house.door("Front", QUICK)
    owner = await visit()
    await owner.become_owner()
    await stand(owner, "inside")
    device, button = house.device_at("Front"), owner.page.locator(".push[data-hold=reset]")
    await button.hover()
    await owner.page.mouse.down()
    await turns(owner, ".push.down")
    await turns(owner, "#holding:has-text('Holding: 1 s')")
    await owner.picture("virtual-reset")
    await owner.page.mouse.up()
    await until(lambda: not device.reset_button.is_down)
    assert device.is_commissioned
    await button.hover()
    await owner.page.mouse.down()
    await turns(owner, "#holding:has-text('Held long enough')")
    await owner.page.mouse.up()
    await says(owner, "as it left the factory")
    assert not device.is_commissioned
    await turns(owner, "#in-app:has-text('does not know this lock')")


async def test_a_fault_at_the_door_is_said_by_the_app(house, visit):
    await house.door("Front", "u400")
    owner = await visit("desktop", "dark")
    await owner.become_owner()
    await stand(owner)
    await owner.page.click("#faults summary")
    await owner.page.click("role=switch[name='A flat battery']")
    await turns(owner, "#fault-flat-battery.is-on")
    await turns(owner, "#in-app .facts .bad:has-text('nearly empty')")
    assert await owner.page.locator("#faults").get_attribute("open") is not None
    await owner.page.fill("#fault-slow input[name=value]", "1.5")
    await owner.page.click("role=switch[name='A slow motor']")
    await turns(owner, "#faults-on:has-text('2 on')")
    assert house.device_at("Front").faults["slow"].value == "1.5"
    await owner.picture("virtual-faults")
    await owner.page.click("role=switch[name='A flat battery']")
    await turns(owner, "#faults-on:has-text('1 on')")


async def test_what_makes_no_sense_is_said_below_the_door(house, visit):
    await house.door("Front", "u400")
    owner = await visit()
    await owner.become_owner()
    await stand(owner)
    await owner.page.click("#faults summary")
    await owner.page.fill("#fault-slow input[name=value]", "soon")
    await owner.page.click("role=switch[name='A slow motor']")
    await turns(owner, "#holding.bad:has-text('seconds')")
    owner.expected.append("4[0-9][0-9]")


async def test_the_battery_slider_and_the_power(house, visit):
    await house.door("Front", "u400")
    owner = await visit()
    await owner.become_owner()
    await stand(owner)
    slider = owner.page.locator("#battery")
    await slider.focus()
    for _ in range(10):
        await owner.page.keyboard.press("ArrowLeft")
    await until(lambda: house.device_at("Front").battery.percent() == 90)
    await owner.page.click("text=New batteries")
    device = house.device_at("Front")
    await until(lambda: device.battery.percent() == 100 and device.has_power)
    await owner.page.click("text=Take the power out")
    await turns(owner, "#scene.powerless")
    await owner.page.click("text=Put the power back")
    await turns(owner, "#scene:not(.powerless)")


async def test_all_of_it_works_with_a_keyboard_alone(house, visit):
    await house.door("Front", "u400")
    await house.person("Ada", CODE, ["Front"])
    owner = await visit("desktop")
    await owner.become_owner()
    await stand(owner)
    await until(lambda: CODE in house.codes("Front"))
    keyboard = owner.page.keyboard
    for _ in range(60):
        await keyboard.press("Tab")
        if await owner.page.evaluate("() => document.activeElement.matches('.key')"):
            break
    await keyboard.type(f"99{'*'}{CODE}#")
    await turns(owner, "#scene.bolt-unlocked")
    await owner.page.focus(".handle")
    await keyboard.press("Enter")
    await turns(owner, "#scene.leaf-open")
    await owner.page.focus("#do-close")
    await keyboard.press("Enter")
    await turns(owner, "#scene.leaf-closed")
    await owner.page.focus("#side-outside")
    await keyboard.press("ArrowRight")
    await owner.page.focus(".turn")
    await keyboard.press("Space")
    await turns(owner, "#scene.bolt-locked")
    await owner.page.focus(".push[data-hold=set]")
    await keyboard.down("Space")
    await until(lambda: house.device_at("Front").set_button.is_down)
    await keyboard.up("Space")
    await until(lambda: not house.device_at("Front").set_button.is_down)
    await says(owner, "Ready to pair")


async def test_it_works_without_any_script(house, visit):
    await house.door("Front", "u400")
    await house.person("Ada", CODE, ["Front"])
    owner = await visit()
    await owner.become_owner()
    plain = await visit(java_script_enabled=False, storage_state=await owner.context.storage_state())
    await until(lambda: CODE in house.codes("Front"))
    await plain.go("/virtual/1")
    for key in CODE + "#":
        await plain.page.click(f".key[value='{key}']")
    await turns(plain, "#scene.bolt-unlocked")
    await plain.page.click("label:has(#side-inside)")
    await plain.page.click(".push[data-hold=set]")
    await turns(plain, "#side-inside:checked")
    await until(lambda: house.device_at("Front").panel.pairing_left > 500)


async def test_whoever_wants_no_motion_sees_none(house, visit):
    await house.door("Front", "u400")
    owner = await visit()
    await owner.become_owner()
    await stand(owner)
    house.device_at("Front").handle({"keys": "000000#"})
    await says(owner, "does not open")
    house.device_at("Front").handle({"open": True})
    house.device_at("Front").handle({"turn": "unlock"})
    await turns(owner, "#scene.bolt-unlocked")
    assert await owner.page.evaluate("() => document.getAnimations().length") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_axe_has_no_complaint(house, visit, size, theme):
    axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="needs axe-playwright-python").Axe()
    for model in ("u400", "u300", "generic"):
        await house.door(f"Door {model}", model)
    owner = await visit(size, theme)
    await owner.become_owner()
    device = house.device_at("Door u400")
    device.handle({"press": "set"})
    device.handle({"release": "set"})
    device.handle({"fault": "slow", "on": True})
    for path in (
        "/virtual",
        "/virtual/1",
        "/virtual/1?side=inside",
        "/virtual/2",
        "/virtual/3",
        "/virtual/3?side=inside",
    ):
        await owner.go(path)
        for summary in await owner.page.locator("main summary").all():
            await summary.click()
        found = (await axe.run(owner.page)).response["violations"]
        assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found] == []
        await owner.picture(f"axe{path.replace('/', '-').replace('?', '-')}")
