"""The second factor: codes as RFC 6238 has them, two steps of signing in, and recovery codes; nothing is good twice."""

import base64
import re

import pytest
from tests.web.conftest import PASSWORD
from tests.web.test_pages import HTML, send, token_of

from latchwork.web import totp
from latchwork.web.steps import GOOD_FOR_S, MAX_TRIES, Step, Steps

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("now", "code"),
    # RFC 6238 appendix B, SHA-1.
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(now, code):
    assert totp.code_at(RFC_SECRET, totp.step_at(now), digits=8) == code


@pytest.mark.parametrize(("late", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_step_before_and_after_counts_and_no_more(late, is_right):
    now = 1_800_000_015.0
    code = totp.code_at(RFC_SECRET, totp.step_at(now) + late)
    assert (totp.matching_step(RFC_SECRET, code, now, 0) is not None) is is_right


def test_blanks_in_a_code_do_not_matter_and_anything_else_does():
    now = 1_800_000_000.0
    code = totp.code_at(RFC_SECRET, totp.step_at(now))
    assert totp.matching_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", now, 0) is not None
    for wrong in ("", code[:5], code + "0", "abcdef", "٣" * 6, "\ud800"):
        assert totp.matching_step(RFC_SECRET, wrong, now, 0) is None


def test_the_code_of_a_step_that_was_used_is_not_right():
    now = 1_800_000_000.0
    step = totp.step_at(now)
    assert totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, step), now, step) is None
    assert totp.matching_step(RFC_SECRET, totp.code_at(RFC_SECRET, step + 1), now, step) == step + 1


def test_the_address_for_apps_escapes_names():
    uri = totp.setup_uri(RFC_SECRET, site="Haus: Süd", account="Ana & Bo")
    assert uri.startswith("otpauth://totp/Latchwork%20Haus%20%20S%C3%BCd:Ana%20%26%20Bo?secret=GEZDGNBVGY3TQOJQ")
    assert "&issuer=Latchwork%20Haus%20%20S%C3%BCd&digits=6&period=30" in uri


def test_a_step_is_good_for_a_while_for_its_kind_and_for_some_tries(world):
    steps = Steps(world.clock, world.context.entropy)
    text = steps.begin(Step(kind="second_factor", account_id="a"))
    assert steps.look(text, "passkey_add") is None
    assert steps.look("guessed", "second_factor") is None
    step = steps.look(text, "second_factor")
    step.tries = MAX_TRIES
    assert steps.look(text, "second_factor") is None
    old = steps.begin(Step(kind="second_factor", account_id="a"))
    world.clock.advance(GOOD_FOR_S)
    assert steps.look(old, "second_factor") is None
    assert len(steps._steps) == 0


def test_steps_are_bounded(world):
    steps = Steps(world.clock, world.context.entropy)
    first = steps.begin(Step(kind="passkey_sign_in"))
    for _ in range(2000):
        steps.begin(Step(kind="passkey_sign_in"))
    assert steps.look(first, "passkey_sign_in") is None
    assert len(steps._steps) == 2000


class Phone:
    """An app with the secret of an account."""

    def __init__(self, world, secret):
        self.world = world
        self.secret = base64.b32decode(secret + "=" * (-len(secret) % 8))

    def code(self, later=0):
        return totp.code_at(self.secret, totp.step_at(self.world.clock.utc()) + later)


async def turn_on(world, browser):
    """A phone that has the second factor, and the recovery codes."""
    begun = await browser.post("/api/v1/second_factor")
    assert begun.status == 201, begun
    phone = Phone(world, begun.json["secret"])
    confirmed = await browser.post("/api/v1/second_factor/confirm", {"totp": phone.code()})
    assert confirmed.status == 200, confirmed
    world.clock.advance(60)
    return phone, confirmed.json["recovery_codes"]


async def log_in(browser, code=None, password=PASSWORD):
    body = {"name": "Olive", "password": password}
    return await browser.post("/api/v1/session", body if code is None else body | {"totp": code})


async def audit(world, owner, did):
    await world.context.auth.refusals.settle()
    found = (await owner.get("/api/v1/journal", query={"kind": "audit", "search": did})).json["data"]
    return [each for each in found if each["detail"]["did"] == did]


async def test_nothing_is_asked_before_a_code_was_typed(world, owner):
    await owner.post("/api/v1/second_factor")
    assert (await owner.get("/api/v1/second_factor")).json["is_on"] is False
    assert (await log_in(world.browser())).status == 201
    wrong = await owner.post("/api/v1/second_factor/confirm", {"totp": "000000"})
    assert (wrong.status, wrong.json["code"]) == (422, "second_factor_refused")
    assert (await log_in(world.browser())).status == 201


async def test_a_code_is_needed_and_good_once(world, owner):
    phone, recovery = await turn_on(world, owner)
    assert (await owner.get("/api/v1/second_factor")).json["recovery_codes_left"] == len(recovery) == 8
    needed = await log_in(world.browser())
    assert (needed.status, needed.json["code"]) == (401, "second_factor_needed")
    assert "set-cookie" not in needed.headers
    assert (await log_in(world.browser(), phone.code())).status == 201
    replayed = await log_in(world.browser(), phone.code())
    assert (replayed.status, replayed.json["code"]) == (401, "second_factor_refused")
    world.clock.advance(30)
    assert (await log_in(world.browser(), phone.code())).status == 201


async def test_a_right_code_does_not_make_a_wrong_password_right(world, owner):
    phone, _ = await turn_on(world, owner)
    wrong = await log_in(world.browser(), phone.code(), password="something else")
    assert (wrong.status, wrong.json["code"]) == (401, "log_in_refused")
    assert (await log_in(world.browser(), phone.code())).status == 201


async def test_the_code_that_turned_it_on_does_not_sign_in(world, owner):
    begun = await owner.post("/api/v1/second_factor")
    phone = Phone(world, begun.json["secret"])
    code = phone.code()
    await owner.post("/api/v1/second_factor/confirm", {"totp": code})
    assert (await log_in(world.browser(), code)).status == 401


async def test_turning_it_on_ends_other_sessions_and_cannot_be_done_twice(world, owner):
    elsewhere = world.browser()
    await elsewhere.log_in("Olive", PASSWORD)
    await turn_on(world, owner)
    assert (await elsewhere.get("/api/v1/session")).status == 401
    assert (await owner.get("/api/v1/session")).status == 200
    assert (await owner.post("/api/v1/second_factor")).status == 409
    assert (await owner.post("/api/v1/second_factor/confirm", {"totp": "123456"})).status == 409


async def test_recovery_codes_are_good_once_each_however_they_are_typed(world, owner):
    _, recovery = await turn_on(world, owner)
    assert len(set(recovery)) == 8
    assert (await log_in(world.browser(), recovery[0].upper().replace("-", " "))).status == 201
    assert (await log_in(world.browser(), recovery[0])).status == 401
    assert (await log_in(world.browser(), recovery[1])).status == 201
    assert (await owner.get("/api/v1/second_factor")).json["recovery_codes_left"] == 6
    assert [each["detail"]["left"] for each in await audit(world, owner, "recovery_used")] == [6, 7]


async def test_new_recovery_codes_end_the_old_ones(world, owner):
    phone, old = await turn_on(world, owner)
    assert (await owner.post("/api/v1/second_factor/recovery_codes", {"totp": "000000"})).status == 422
    made = await owner.post("/api/v1/second_factor/recovery_codes", {"totp": phone.code()})
    assert made.status == 201
    assert (await log_in(world.browser(), old[0])).status == 401
    assert (await log_in(world.browser(), made.json["recovery_codes"][0])).status == 201


async def test_turning_it_off_takes_the_password_and_a_code(world, owner):
    phone, recovery = await turn_on(world, owner)
    end = "/api/v1/second_factor/end"
    assert (await owner.post(end, {"password": "wrong", "totp": phone.code()})).status == 401
    assert (await owner.post(end, {"password": PASSWORD, "totp": "000000"})).status == 422
    assert (await log_in(world.browser())).status == 401
    assert (await owner.post(end, {"password": PASSWORD, "totp": recovery[0]})).status == 204
    assert (await log_in(world.browser())).status == 201
    assert (await log_in(world.browser(), recovery[1])).status == 201, "a code that is not asked for is passed over"
    assert len(await audit(world, owner, "second_factor_off")) == 1


async def test_an_owner_resets_somebody_elses_and_nobody_their_own_so(world, owner):
    manager = await world.account(owner, "Max", "manager")
    await turn_on(world, manager)
    account_id = (await manager.get("/api/v1/session")).json["account_id"]
    own_id = (await owner.get("/api/v1/session")).json["account_id"]
    assert (await manager.delete(f"/api/v1/accounts/{account_id}/second_factor")).status == 403
    assert (await owner.delete(f"/api/v1/accounts/{own_id}/second_factor")).status == 403
    assert (await owner.delete("/api/v1/accounts/nobody/second_factor")).status == 404
    assert (await owner.delete(f"/api/v1/accounts/{account_id}/second_factor")).status == 204
    assert (await world.browser().log_in("Max", PASSWORD)).status == 201
    assert len(await audit(world, owner, "second_factor_reset")) == 1


async def test_it_takes_a_fresh_password_and_a_browser(world, owner):
    program = await world.token(owner, "site:read")
    assert (await program.post("/api/v1/second_factor")).status == 403
    world.clock.advance(3600)
    stale = await owner.post("/api/v1/second_factor")
    assert (stale.status, stale.json["code"]) == (403, "confirmation_needed")


async def test_guessing_codes_is_slowed_down_for_whoever_has_the_password(world, owner):
    phone, _ = await turn_on(world, owner)
    statuses = [(await log_in(world.browser(), f"{n:06}")).status for n in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    elsewhere = [(await log_in(world.browser(address=f"198.51.100.{n}"), "000000")).status for n in range(20)]
    assert elsewhere.count(401) == 15, "twenty in an hour, from wherever"
    assert (await log_in(world.browser(address="203.0.113.9"), phone.code())).status == 429
    world.clock.advance(3600)
    assert (await log_in(world.browser(address="203.0.113.9"), phone.code())).status == 201


async def test_the_secret_is_sealed_and_recovery_codes_are_hashes(world, owner, caplog):
    begun = (await owner.post("/api/v1/second_factor")).json
    phone = Phone(world, begun["secret"])
    confirmed = await owner.post("/api/v1/second_factor/confirm", {"totp": phone.code()})
    dump = "\n".join(world.house.repository.database.read(lambda connection: list(connection.iterdump()))).lower()
    assert phone.secret.hex() not in dump
    assert begun["secret"].lower() not in dump
    for code in confirmed.json["recovery_codes"]:
        assert code not in dump
        assert code.replace("-", "") not in dump
    assert begun["secret"] not in caplog.text


async def test_whoever_is_refused_is_in_the_journal_once_in_ten_minutes(world, owner):
    for n in range(3):
        await log_in(world.browser(), password=f"guess {n}")
    for n in range(3):
        await world.browser().post("/api/v1/session", {"name": f"hunter{n}", "password": "oops, typed here"})
    found = await audit(world, owner, "log_in_refused")
    assert sorted(each["detail"].get("name", "") for each in found) == ["", "Olive"]
    assert {each["detail"]["address"] for each in found} == {"192.0.2.7"}
    assert {each["actor"] for each in found} == {"somebody"}
    world.clock.advance(601)
    await log_in(world.browser(), password="guess 9")
    await log_in(world.browser(address="198.51.100.1"), password="guess 9")
    assert len(await audit(world, owner, "log_in_refused")) == 4
    export = (await owner.get("/api/v1/journal/export", query={"format": "jsonl"})).text
    assert "guess" not in export
    assert "hunter" not in export
    assert "oops" not in export


async def test_many_addresses_do_not_fill_the_journal(world, owner):
    for n in range(100):
        await log_in(world.browser(address=f"198.51.100.{n}"), password="guess")
    assert len(await audit(world, owner, "log_in_refused")) <= 60


async def test_whoever_is_refused_is_told_on_the_page_of_what_happened(world, owner):
    await log_in(world.browser(), password="guess")
    await world.browser().post("/api/v1/session", {"name": "nobody", "password": "guess"})
    await world.context.auth.refusals.settle()
    page = (await owner.get("/activity?show=audit", **HTML)).text
    assert "Signing in as Olive was refused (wrong password), from 192.0.2.7" in page
    assert "Signing in with an unknown name was refused, from 192.0.2.7" in page


# The same in two steps, in a browser.


async def first_step(world, referer="/sign-in"):
    browser = world.browser()
    answer = await send(browser, "/sign-in", name="Olive", password=PASSWORD, next="/people", referer=referer)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in/code?next=%2Fpeople")
    return browser, answer


async def test_a_browser_signs_in_in_two_steps(world, owner):
    phone, _ = await turn_on(world, owner)
    browser, first = await first_step(world)
    assert set(browser.cookies) == {"latchwork-step"}
    cookie = next(value.decode() for name, value in first.raw_headers if name == b"set-cookie")
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=300"} <= {part.strip() for part in cookie.split(";")}
    page = await browser.get("/sign-in/code?next=/people", **HTML)
    assert page.status == 200
    token = token_of(page.text)
    wrong = await send(browser, "/sign-in/code", code="000000", next="/people", csrf_token=token)
    assert wrong.status == 401
    assert "not right" in wrong.text
    right = await send(browser, "/sign-in/code", code=phone.code(), next="/people", csrf_token=token_of(wrong.text))
    assert (right.status, right.headers["location"]) == (303, "/people")
    assert set(browser.cookies) == {"latchwork"}
    assert (await browser.get("/people", **HTML)).status == 200


async def test_the_first_step_alone_opens_nothing(world, owner):
    await turn_on(world, owner)
    browser, _ = await first_step(world)
    assert (await browser.get("/people", **HTML)).status == 303
    assert (await browser.get("/api/v1/session")).status == 401
    browser.cookies["latchwork"] = browser.cookies["latchwork-step"]
    assert (await browser.get("/api/v1/session")).status == 401
    assert (await browser.get("/settings/you", **HTML)).status == 303


async def test_the_second_step_belongs_to_the_browser_of_the_first(world, owner):
    phone, _ = await turn_on(world, owner)
    browser, _ = await first_step(world)
    token = token_of((await browser.get("/sign-in/code", **HTML)).text)
    other = world.browser()
    answer = await send(other, "/sign-in/code", code=phone.code(), csrf_token=token)
    assert answer.headers["location"].startswith("/sign-in?")
    assert other.cookies == {}
    other.cookies["latchwork-step"] = "planted"
    assert (await other.get("/sign-in/code", **HTML)).headers["location"].startswith("/sign-in?")


async def test_the_second_step_needs_its_forms_token_and_our_own_page(world, owner):
    phone, _ = await turn_on(world, owner)
    browser, _ = await first_step(world)
    token = token_of((await browser.get("/sign-in/code", **HTML)).text)
    assert (await send(browser, "/sign-in/code", code=phone.code(), csrf_token="")).status == 403
    evil = await browser.ask(
        "POST",
        "/sign-in/code",
        body=f"code={phone.code()}&csrf_token={token}".encode(),
        content_type="application/x-www-form-urlencoded",
        origin="https://evil.example",
        **HTML,
    )
    assert evil.status == 403
    assert "latchwork" not in browser.cookies
    assert (await send(browser, "/sign-in/code", code=phone.code(), csrf_token=token)).status == 303


async def test_the_second_step_ends_after_five_tries_and_five_minutes(world, owner):
    phone, _ = await turn_on(world, owner)
    browser, _ = await first_step(world)
    page = await browser.get("/sign-in/code", **HTML)
    for _ in range(5):
        page = await send(browser, "/sign-in/code", code="000000", csrf_token=token_of(page.text))
    over = await send(browser, "/sign-in/code", code=phone.code(), csrf_token=token_of(page.text))
    assert over.headers["location"].startswith("/sign-in?")
    world.clock.advance(3600)
    browser, _ = await first_step(world)
    token = token_of((await browser.get("/sign-in/code", **HTML)).text)
    world.clock.advance(301)
    late = await send(browser, "/sign-in/code", code=phone.code(), csrf_token=token)
    assert late.headers["location"].startswith("/sign-in?")


async def test_a_changed_or_disabled_account_ends_the_second_step(world, owner):
    manager = await world.account(owner, "Max", "manager")
    account_id = (await manager.get("/api/v1/session")).json["account_id"]
    phone, _ = await turn_on(world, manager)
    browser = world.browser()
    await send(browser, "/sign-in", name="Max", password=PASSWORD)
    token = token_of((await browser.get("/sign-in/code", **HTML)).text)
    assert (await owner.patch(f"/api/v1/accounts/{account_id}", {"password": "another good phrase"})).status == 200
    answer = await send(browser, "/sign-in/code", code=phone.code(), csrf_token=token)
    assert answer.headers["location"].startswith("/sign-in?")


async def test_signing_in_in_two_steps_ends_what_somebody_planted(world, owner):
    phone, _ = await turn_on(world, owner)
    attacker = world.browser()
    assert (await log_in(attacker, phone.code())).status == 201
    world.clock.advance(30)
    victim, _ = await first_step(world)
    victim.cookies["latchwork"] = attacker.cookies["latchwork"]
    token = token_of((await victim.get("/sign-in/code", **HTML)).text)
    assert (await send(victim, "/sign-in/code", code=phone.code(), csrf_token=token)).status == 303
    assert victim.cookies["latchwork"] != attacker.cookies["latchwork"]
    assert (await attacker.get("/api/v1/session")).status == 401


async def test_a_recovery_code_on_the_page_says_how_many_are_left(world, owner):
    _, recovery = await turn_on(world, owner)
    browser, _ = await first_step(world)
    token = token_of((await browser.get("/sign-in/code", **HTML)).text)
    assert (await send(browser, "/sign-in/code", code=recovery[3], csrf_token=token)).status == 303
    assert "7 are left" in (await browser.get("/people", **HTML)).text


async def test_it_is_turned_on_and_off_on_its_page(world, owner):
    page = await owner.get("/settings/second-factor", **HTML)
    assert "otpauth" not in page.text
    begun = await send(owner, "/settings/second-factor", csrf_token=token_of(page.text))
    assert begun.headers["location"] == "/settings/second-factor"
    page = await owner.get("/settings/second-factor", accept_encoding="gzip", **HTML)
    assert "content-encoding" not in page.headers, "what is secret is not compressed"
    assert "<svg" in page.text
    secret = re.search(r"secret=([A-Z2-7]+)", page.text)[1]
    phone = Phone(world, secret)
    wrong = await send(owner, "/settings/second-factor/confirm", code="000000", csrf_token=token_of(page.text))
    assert wrong.status == 422
    assert secret in wrong.text, "the same code can still be scanned"
    shown = await send(owner, "/settings/second-factor/confirm", code=phone.code(), csrf_token=token_of(wrong.text))
    codes = re.findall(r'<li class="code">([^<]+)</li>', shown.text)
    assert len(codes) == 8
    page = await owner.get("/settings/second-factor", **HTML)
    assert secret not in page.text
    assert not any(code in page.text for code in codes)
    token = token_of(page.text)
    wrong = await send(owner, "/settings/second-factor/end", password="no", code=codes[0], csrf_token=token)
    assert wrong.status == 422
    new = await send(owner, "/settings/second-factor/recovery", code=codes[0], csrf_token=token)
    fresh = re.findall(r'<li class="code">([^<]+)</li>', new.text)
    assert not set(fresh) & set(codes)
    ended = await send(owner, "/settings/second-factor/end", password=PASSWORD, code=fresh[0], csrf_token=token)
    assert ended.headers["location"] == "/settings/you"
    assert (await log_in(world.browser())).status == 201


async def test_the_page_of_the_second_factor_asks_for_the_password_first(world, owner):
    world.clock.advance(3600)
    answer = await owner.get("/settings/second-factor", **HTML)
    assert answer.headers["location"] == "/confirm?next=%2Fsettings%2Fsecond-factor"
