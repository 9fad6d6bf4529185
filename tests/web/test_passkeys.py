"""Passkeys: made where the browser is the owner's, used once for each challenge, and good for this hub's name alone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.authenticator import PRESENT, Authenticator, octets, text
from tests.web.conftest import PASSWORD
from tests.web.test_pages import HTML, send, token_of
from tests.web.test_totp import audit, turn_on

from latchwork.web import passkeys
from latchwork.web.factor_rows import Passkey
from latchwork.web.passkeys import Place, place_at
from latchwork.web.problems import Problem

HOST = {"host": "localhost:8126"}
ORIGIN = "http://localhost:8126"


async def add(owner, device, name="Phone", **headers):
    options = await owner.post("/api/v1/passkeys/options", **HOST)
    assert options.status == 200, options
    body = {"name": name, "credential": device.create(options.json)}
    return await owner.post("/api/v1/passkeys", body, **(HOST | headers))


async def use(browser, device, *, change=lambda answer: answer):
    options = await browser.post("/api/v1/session/passkey/options", **HOST)
    assert options.status == 200, options
    body = {"credential": change(device.get(options.json))}
    return await browser.post("/api/v1/session/passkey", body, **HOST)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://hub.home.arpa", Place("https://hub.home.arpa", "hub.home.arpa")),
        ("https://Hub.Home.arpa:8443/below", Place("https://hub.home.arpa:8443", "hub.home.arpa")),
        ("http://localhost:8126", Place("http://localhost:8126", "localhost")),
        ("http://latchwork.localhost", Place("http://latchwork.localhost", "latchwork.localhost")),
        ("http://hub.home.arpa", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::7]:8443", None),
        ("http://127.0.0.1:8126", None),
        ("https://", None),
    ],
)
def test_passkeys_need_https_and_a_name(address, place):
    assert place_at(address) == place


async def test_a_passkey_signs_in_without_name_and_password(world, owner):
    device = Authenticator()
    added = await add(owner, device)
    assert added.status == 201, added
    assert added.json["host"] == "localhost"
    browser = world.browser()
    answer = await use(browser, device)
    assert answer.status == 201, answer
    assert answer.json["name"] == "Olive"
    browser.csrf = answer.json["csrf_token"]
    listed = (await browser.get("/api/v1/passkeys")).json["data"]
    assert [(each["name"], each["used_at"] is not None) for each in listed] == [("Phone", True)]
    assert (await browser.post("/api/v1/tokens", {"name": "x", "scopes": ["site:read"]})).status == 201, "it is fresh"


async def test_no_code_is_asked_for_beside_a_passkey(world, owner):
    device = Authenticator()
    await add(owner, device)
    await turn_on(world, owner)
    assert (await use(world.browser(), device)).status == 201


async def test_what_a_passkey_is_asked_for(world, owner):
    options = (await owner.post("/api/v1/passkeys/options", **HOST)).json
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["attestation"] == "none"
    assert len(octets(options["challenge"])) == 32
    assert "Olive" not in octets(options["user"]["id"]).decode()
    device = Authenticator()
    await add(owner, device)
    again = (await owner.post("/api/v1/passkeys/options", **HOST)).json
    assert again["excludeCredentials"] == [{"type": "public-key", "id": text(device.id)}]
    using = (await world.browser().post("/api/v1/session/passkey/options", **HOST)).json
    assert using["userVerification"] == "required"
    assert "allowCredentials" not in using, "nobody learns whose passkeys there are"


async def test_a_challenge_is_good_once_for_five_minutes_and_for_this_browser(world, owner):
    device = Authenticator(counts=False)
    await add(owner, device)
    browser = world.browser()
    options = (await browser.post("/api/v1/session/passkey/options", **HOST)).json
    held, body = dict(browser.cookies), {"credential": device.get(options)}
    assert (await world.browser().post("/api/v1/session/passkey", body, **HOST)).status == 401
    assert (await browser.post("/api/v1/session/passkey", body, **HOST)).status == 201
    again = world.browser()
    again.cookies = held
    assert (await again.post("/api/v1/session/passkey", body, **HOST)).status == 401
    late = world.browser()
    options = (await late.post("/api/v1/session/passkey/options", **HOST)).json
    world.clock.advance(301)
    assert (await late.post("/api/v1/session/passkey", {"credential": device.get(options)}, **HOST)).status == 401


async def test_a_challenge_for_signing_in_adds_no_passkey_and_the_other_way_round(world, owner):
    device = Authenticator()
    options = (await owner.post("/api/v1/session/passkey/options", **HOST)).json
    body = {"name": "x", "credential": device.create(options | {"user": {"id": text(b"account")}})}
    assert (await owner.post("/api/v1/passkeys", body, **HOST)).status == 409
    await add(owner, device)
    options = (await owner.post("/api/v1/passkeys/options", **HOST)).json
    assert (await owner.post("/api/v1/session/passkey", {"credential": device.get(options)}, **HOST)).status == 401


@pytest.mark.parametrize(
    "device",
    [
        Authenticator(origin="https://evil.example"),
        Authenticator(host="evil.example"),
        Authenticator(flags=PRESENT),
        Authenticator(origin="http://localhost:9999"),
    ],
)
async def test_a_passkey_of_another_place_or_of_an_unknown_hand_is_not_added(world, owner, device):
    answer = await add(owner, device)
    assert (answer.status, answer.json["code"]) == (422, "passkey_refused")
    assert (await owner.get("/api/v1/passkeys")).json["data"] == []


def other_key(device):
    stranger = Authenticator()
    stranger.id, stranger.user = device.id, device.user
    return stranger


def other_user(device):
    device.user = b"account_of_somebody_else"
    return device


def not_verified(device):
    device.flags = PRESENT
    return device


def elsewhere(device):
    device.origin = "https://evil.example"
    return device


def other_host(device):
    device.host = "evil.example"
    return device


def cloned(device):
    device.uses = 0
    return device


@pytest.mark.parametrize("lie", [other_key, other_user, not_verified, elsewhere, other_host, cloned])
async def test_what_is_not_the_passkey_itself_signs_nobody_in(world, owner, lie):
    device = Authenticator()
    await add(owner, device)
    assert (await use(world.browser(), device)).status == 201
    browser = world.browser()
    answer = await use(browser, lie(device))
    assert (answer.status, answer.json["code"]) == (401, "passkey_refused")
    assert "latchwork" not in browser.cookies
    assert [each["detail"]["by"] for each in await audit(world, owner, "log_in_refused")] == ["passkey"]


async def test_a_passkey_is_good_under_the_name_alone_for_which_it_was_made(world, owner):
    device = Authenticator()
    await add(owner, device)
    device.origin, device.host = "http://other.localhost:8126", "other.localhost"
    browser = world.browser()
    there = {"host": "other.localhost:8126"}
    options = (await browser.post("/api/v1/session/passkey/options", **there)).json
    answer = await browser.post("/api/v1/session/passkey", {"credential": device.get(options)}, **there)
    assert answer.status == 401


async def test_without_https_there_are_none_and_the_page_says_why(world, owner):
    refused = await owner.post("/api/v1/passkeys/options")
    assert (refused.status, refused.json["code"]) == (422, "no_passkeys_here")
    assert (await world.browser().post("/api/v1/session/passkey/options")).status == 422
    page = (await owner.get("/settings/you", **HTML)).text
    assert "only where the hub is reached by HTTPS" in page
    assert "data-passkey" not in page
    assert "data-passkey" not in (await world.browser().get("/sign-in", **HTML)).text
    assert "data-passkey" in (await world.browser().get("/sign-in", **HTML, **HOST)).text


async def test_https_by_a_proxy_counts_when_the_proxy_is_trusted(make_trusting):
    world = await make_trusting(trusted_proxies=frozenset({"192.0.2.7"}))
    owner = await world.owner()
    by_proxy = {"x_forwarded_proto": "https", "x_forwarded_host": "hub.home.arpa"}
    options = await owner.post("/api/v1/passkeys/options", **by_proxy)
    device = Authenticator(origin="https://hub.home.arpa", host="hub.home.arpa")
    body = {"name": "Phone", "credential": device.create(options.json)}
    assert (await owner.post("/api/v1/passkeys", body, **by_proxy)).status == 201
    stranger = world.browser(address="198.51.100.9")
    assert (await stranger.post("/api/v1/session/passkey/options", **by_proxy)).status == 422


async def test_a_removed_passkey_and_one_of_a_disabled_account_sign_nobody_in(world, owner):
    manager = await world.account(owner, "Max", "manager")
    account_id = (await manager.get("/api/v1/session")).json["account_id"]
    one, two = Authenticator(), Authenticator()
    first = (await add(manager, one)).json
    await add(manager, two)
    assert (await owner.delete(f"/api/v1/passkeys/{first['id']}")).status == 404, "somebody else's"
    assert (await manager.delete(f"/api/v1/passkeys/{first['id']}")).status == 204
    assert (await use(world.browser(), one)).status == 401
    await owner.patch(f"/api/v1/accounts/{account_id}", {"is_enabled": False})
    assert (await use(world.browser(), two)).status == 401
    await owner.patch(f"/api/v1/accounts/{account_id}", {"is_enabled": True})
    assert (await use(world.browser(), two)).status == 201
    assert (await owner.delete(f"/api/v1/accounts/{account_id}/passkeys")).status == 204
    assert (await use(world.browser(), two)).status == 401


async def test_a_passkey_is_one_accounts_and_there_are_not_too_many(world, owner):
    manager = await world.account(owner, "Max", "manager")
    device = Authenticator()
    assert (await add(owner, device)).status == 201
    assert (await add(manager, device)).status == 409
    for limiter in (world.context.limits["sign_in"],):
        limiter.__init__(limiter.name, 1000, 1.0)
    for _ in range(19):
        assert (await add(owner, Authenticator())).status == 201
    assert (await add(owner, Authenticator())).status == 409


async def test_adding_one_takes_a_fresh_password_and_no_token(world, owner):
    program = await world.token(owner, "site:read")
    assert (await program.post("/api/v1/passkeys/options", **HOST)).status == 403
    world.clock.advance(3600)
    assert (await owner.post("/api/v1/passkeys/options", **HOST)).json["code"] == "confirmation_needed"


async def test_signing_in_with_a_passkey_ends_what_somebody_planted(world, owner):
    device = Authenticator()
    await add(owner, device)
    attacker, victim = world.browser(), world.browser()
    await attacker.log_in("Olive", PASSWORD)
    victim.cookies["latchwork"] = attacker.cookies["latchwork"]
    assert (await use(victim, device)).status == 201
    assert victim.cookies["latchwork"] != attacker.cookies["latchwork"]
    assert (await attacker.get("/api/v1/session")).status == 401


async def test_another_sites_page_neither_begins_nor_ends_it(world, owner):
    device = Authenticator()
    await add(owner, device)
    evil = {"origin": "https://evil.example"} | HOST
    assert (await world.browser().post("/api/v1/session/passkey/options", **evil)).status == 403
    browser = world.browser()
    options = (await browser.post("/api/v1/session/passkey/options", **HOST)).json
    body = {"credential": device.get(options)}
    assert (await browser.post("/api/v1/session/passkey", body, **evil)).status == 403


async def test_trying_passkeys_is_slowed_down(world, owner):
    device = Authenticator()
    await add(owner, device)
    limiter = world.context.limits["sign_in"]
    limiter.__init__(limiter.name, 1000, 1.0)
    stranger = other_key(device)
    statuses = [(await use(world.browser(), stranger)).status for _ in range(32)]
    assert statuses == [401] * 30 + [429] * 2


async def test_the_page_adds_uses_and_removes_one(world, owner):
    device = Authenticator()
    page = await owner.get("/settings/you", **HTML, **HOST)
    token = token_of(page.text)
    own = {"origin": ORIGIN, "accept": "application/json", "host": "localhost:8126"}
    options = await owner.ask("POST", "/settings/passkeys/options", **own | {"x_csrf_token": token})
    assert options.status == 200, options

    async def form(browser, path, **fields):
        from urllib.parse import urlencode

        headers = {"content_type": "application/x-www-form-urlencoded", "origin": ORIGIN, "x_csrf_token": None}
        return await browser.ask("POST", path, body=urlencode(fields).encode(), **headers, **HTML, **HOST)

    answer = json.dumps(device.create(options.json))
    added = await form(owner, "/settings/passkeys", credential=answer, name="My key", csrf_token=token)
    assert (added.status, added.headers["location"]) == (303, "/settings/you")
    listed = (await owner.get("/settings/you", **HTML, **HOST)).text
    assert "My key signs you in from now on" in listed
    browser = world.browser()
    options = await browser.ask("POST", "/sign-in/passkey/options", **own)
    signed = await form(browser, "/sign-in/passkey", credential=json.dumps(device.get(options.json)), next="/people")
    assert (signed.status, signed.headers["location"]) == (303, "/people")
    assert set(browser.cookies) == {"latchwork"}
    junk = await form(world.browser(), "/sign-in/passkey", credential="[" * 5000, next="/")
    assert junk.status in {401, 422}
    passkey_id = (await owner.get("/api/v1/passkeys")).json["data"][0]["id"]
    assert (await send(owner, f"/settings/passkeys/{passkey_id}/remove", csrf_token=token)).status == 303
    assert (await owner.get("/api/v1/passkeys")).json["data"] == []


async def test_an_options_request_without_the_forms_token_is_refused(world, owner):
    own = {"origin": ORIGIN, "accept": "application/json", "host": "localhost:8126"}
    assert (await owner.ask("POST", "/settings/passkeys/options", **own | {"x_csrf_token": "x"})).status == 403


BASE = Authenticator()
CHALLENGE = {"challenge": text(bytes(32))}
CREATED = BASE.create({"user": {"id": text(b"account_a")}} | CHALLENGE)
USED = BASE.get(CHALLENGE)
PLACE = Place(ORIGIN, "localhost")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inside: st.lists(inside, max_size=3)
)


@st.composite
def spoilt(draw, right):
    """A right answer with something of it changed."""
    answer = json.loads(json.dumps(right))
    where = draw(st.sampled_from(["id", "rawId", "type", "response", *right["response"]]))
    if where not in right["response"] or draw(st.booleans()):
        holder = answer["response"] if where in right["response"] else answer
        holder[where] = draw(JSON)
        return answer
    raw = bytearray(octets(answer["response"][where]))
    for _ in range(draw(st.integers(1, 4))):
        raw[draw(st.integers(0, len(raw) - 1))] ^= draw(st.integers(1, 255))
    answer["response"][where] = text(bytes(raw[: draw(st.integers(0, len(raw)))]))
    return answer


@given(answer=spoilt(CREATED))
@settings(max_examples=200, deadline=None)
def test_an_answer_that_is_spoilt_adds_a_passkey_or_is_refused_and_nothing_else(answer):
    try:
        found = passkeys._judged(lambda: passkeys._registered(answer, bytes(32), PLACE))
    except Problem as problem:
        code = problem.code
    else:
        code = "passkey_refused" if found.user_verified else "taken"
    assert code == "passkey_refused"


@given(answer=spoilt(USED))
@settings(max_examples=200, deadline=None)
def test_an_answer_that_is_spoilt_signs_nobody_in(answer):
    cose = passkeys._judged(lambda: passkeys._registered(CREATED, bytes(32), PLACE)).credential_public_key
    known = Passkey(id="p", account_id="account_a", name="", credential=BASE.id, public_key=cose, host="localhost")
    try:
        passkeys._judged(lambda: passkeys._used(known, answer, bytes(32), PLACE))
    except Problem:
        return
    # Whose passkey it is, is looked at elsewhere; the rest is what the authenticator signed.
    signed = {name: text for name, text in answer["response"].items() if name != "userHandle"}
    assert signed.items() <= USED["response"].items()
