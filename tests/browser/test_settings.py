"""The settings in a browser: a second factor and a passkey from adding to signing in, and everything without any script."""

import base64

import pytest
from tests.support.hub_page import PASSWORD

from latchwork.web.totp import code_at, step_at

PAGES = (
    *("", "/you", "/second-factor", "/site", "/accounts", "/accounts/add", "/tokens", "/tokens/add", "/calendars"),
    *("/calendars/add", "/notifications", "/notifications/add", "/webhooks", "/webhooks/add", "/backup", "/import"),
    "/health",
)


def by_name(house):
    """The same house under a name: browsers have no passkeys at a number."""
    house.url = house.url.replace("127.0.0.1", "localhost")


async def with_authenticator(visitor):
    """A device that knows its owner's finger."""
    devices = await visitor.context.new_cdp_session(visitor.page)
    await devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devices, made["authenticatorId"]


async def sign_out(visitor):
    await visitor.go("/settings")
    await visitor.page.click("text=Sign out")
    await visitor.page.wait_for_url("**/sign-in*")


@pytest.mark.parametrize(("size", "theme"), [("phone", "light"), ("desktop", "dark")])
async def test_a_passkey_is_added_and_signs_in(house, visit, size, theme):
    by_name(house)
    owner = await visit(size, theme)
    page = owner.page
    await owner.become_owner()
    await with_authenticator(owner)
    await owner.go("/settings/you")
    await page.fill("form[data-passkey] [name=name]", "My phone")
    await page.click("text=Add a passkey")
    await page.wait_for_selector("text=My phone signs you in from now on")
    await owner.picture("settings-you")
    await sign_out(owner)
    await owner.picture("sign-in")
    await page.click("text=Sign in with a passkey")
    await page.wait_for_url(house.url + "/")
    await owner.go("/settings/you")
    await page.click("[aria-label='Remove My phone']")
    await page.wait_for_selector("text=It signs nobody in any more")
    await sign_out(owner)
    await page.click("text=Sign in with a passkey")
    await page.wait_for_selector("text=This passkey was not taken")
    owner.expected.append("401")


async def test_a_device_that_says_no_leaves_the_page_as_it_is(house, visit):
    by_name(house)
    owner = await visit()
    await owner.become_owner()
    devices, device = await with_authenticator(owner)
    await devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    await owner.go("/settings/you")
    await owner.page.click("text=Add a passkey")
    await owner.page.wait_for_selector("text=No passkey was used")


async def test_at_an_address_of_numbers_it_is_said_why_there_are_no_passkeys(house, visit):
    owner = await visit()
    await owner.become_owner()
    await owner.go("/settings/you")
    await owner.page.wait_for_selector("text=only where the hub is reached by HTTPS and by a name")
    assert await owner.page.query_selector("text=Add a passkey") is None


@pytest.mark.parametrize(("size", "theme"), [("phone", "dark"), ("desktop", "light")])
async def test_a_second_factor_is_turned_on_and_asked_for(house, visit, size, theme):
    owner = await visit(size, theme)
    page = owner.page
    await owner.become_owner()
    await owner.go("/settings/you")
    await page.click("text=Second factor")
    await page.click("text=Begin")
    await page.wait_for_selector(".qr svg")
    await owner.picture("settings-factor")
    await page.click("text=It cannot be scanned?")
    key = (await page.inner_text("p.key")).replace(" ", "")
    secret = base64.b32decode(key + "=" * (-len(key) % 8))

    await page.fill("input[name=code]", code_at(secret, step_at(house.hub.desk.now())))
    await page.click("text=Turn it on")
    await page.wait_for_selector(".recovery")
    await owner.picture("settings-recovery")
    recovery = await page.inner_text(".recovery li:first-child")
    await page.click("text=I have kept them")
    await page.wait_for_selector(".badge.good:has-text('On')")
    await sign_out(owner)
    await page.fill("input[name=name]", "Olive")
    await page.fill("input[name=password]", PASSWORD)
    await page.click("main button >> nth=0")
    await page.fill("input[name=code]", "000000")
    await page.click("main button")
    await page.wait_for_selector("text=This code is not right")
    await owner.picture("sign-in-code")
    await page.fill("input[name=code]", recovery)
    await page.click("main button")
    await page.wait_for_url(house.url + "/")
    await page.wait_for_selector("text=7 are left")
    owner.expected.append("401")


async def test_every_page_works_without_script(house, visit):
    owner = await visit()
    await owner.become_owner()
    await house.door("Front")
    state = await owner.context.storage_state()
    plain = await visit("desktop", java_script_enabled=False, storage_state=state)
    page = plain.page
    for path in PAGES:
        await plain.go(f"/settings{path}")
        assert await page.query_selector("h1") is not None, path
    await plain.go("/settings/site")
    await page.fill("input[name=name]", "Mill")
    await page.select_option("select[name=time_zone]", "Europe/Paris")
    await page.click("main .button:has-text('Save')")
    await page.wait_for_selector("text=All rules move to the new time zone")
    await plain.go("/settings/tokens/add")
    await page.fill("input[name=name]", "Display")
    await page.check("input[value='site:read']")
    await page.click("text=Make it")
    await page.wait_for_selector("text=latchwork_")
    await plain.go("/settings/you")
    await page.check("input[name=theme][value=dark]", force=True)
    await page.click("main .button:has-text('Save')")
    await page.wait_for_selector("html[data-theme=dark]")


async def test_an_account_is_removed_by_its_name_and_by_no_other(house, visit):
    owner = await visit()
    page = owner.page
    await owner.become_owner()
    await owner.go("/settings/accounts/add")
    await page.fill("input[name=name]", "Max")
    await page.fill("input[name=password]", PASSWORD)
    await page.check("input[name=role][value=manager]")
    await page.click("main .button:has-text('Add')")
    await page.wait_for_selector("text=Max can sign in now")
    await owner.picture("settings-accounts")
    await page.click(".list a:has-text('Max')")
    await page.fill("[data-confirm-name]", "Moritz")
    assert await page.is_disabled("[data-needs-name]")
    await page.fill("[data-confirm-name]", "max")
    await page.click("[data-needs-name]")
    await page.wait_for_selector("text=Max cannot sign in any more")


async def test_the_appearance_changes_at_once(house, visit):
    owner = await visit("phone", "light")
    await owner.become_owner()
    await owner.go("/settings/you")
    await owner.page.click(".chip:has-text('Dark')")
    await owner.page.wait_for_selector("html[data-theme=dark]")


async def test_the_pages_of_the_settings_have_nothing_that_axe_finds(house, visit):
    axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="needs axe-playwright-python")
    owner = await visit()
    await owner.become_owner()
    await house.door("Front")
    await house.person("Ada", "739218", ["Front"])
    for scheme in ("light", "dark"):
        await owner.page.emulate_media(color_scheme=scheme)
        for path in PAGES:
            await owner.go(f"/settings{path}")
            found = await axe.Axe().run(owner.page)
            named = [
                (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found.response["violations"]
            ]
            assert named == [], path
            await owner.picture(f"settings{path.replace('/', '-')}-{scheme}")
