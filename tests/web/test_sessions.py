"""Logging in and out: cookies, CSRF, fixation, throttling, expiry, and the first owner's link."""

import pytest
from tests.web.conftest import PASSWORD, make_world

from latchwork.web import keys
from latchwork.web.passwords import PasswordRefused, check_password
from latchwork.web.settings import WebSettings

DAY = 86_400


def cookie_of(answer):
    return next(value.decode() for name, value in answer.raw_headers if name == b"set-cookie")


async def test_the_first_owner_link_is_good_once(world):
    browser = world.browser()
    assert (await browser.get("/api/v1/setup")).json == {"is_owned": False}
    link = world.context.owner_link.renew()
    body = {"token": link, "name": "Olive", "password": PASSWORD}
    assert (await browser.post("/api/v1/setup", body | {"token": "guessed"})).status == 403
    assert (await browser.post("/api/v1/setup", body)).status == 201
    assert (await world.browser().post("/api/v1/setup", body | {"name": "Mallory"})).status == 403
    world.context.owner_link.renew()
    assert (await world.browser().post("/api/v1/setup", body)).status == 403
    assert (await browser.get("/api/v1/setup")).json == {"is_owned": True}


async def test_the_link_lasts_a_day_and_a_new_one_replaces_it(world):
    body = {"name": "Olive", "password": PASSWORD}
    first, second = world.context.owner_link.renew(), world.context.owner_link.renew()
    assert (await world.browser().post("/api/v1/setup", body | {"token": first})).status == 403
    world.clock.advance(DAY)
    assert (await world.browser().post("/api/v1/setup", body | {"token": second})).status == 403


async def test_a_weak_password_makes_no_owner_and_leaves_the_link(world):
    link = world.context.owner_link.renew()
    weak = await world.browser().post("/api/v1/setup", {"token": link, "name": "Olive", "password": "1234567890"})
    assert weak.status == 422
    assert "1234567890" not in weak.text
    good = await world.browser().post("/api/v1/setup", {"token": link, "name": "Olive", "password": PASSWORD})
    assert good.status == 201


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaa", "0123456789", "abcdefghijkl", "OliveOlive123", "x" * 257]
)
def test_passwords_that_are_guessed_first_are_refused(password):
    with pytest.raises(PasswordRefused):
        check_password(password, "olive")


async def test_the_cookie_is_for_this_site_and_no_script(world, owner):
    answer = await world.browser().log_in("olive", PASSWORD)
    cookie = cookie_of(answer)
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert "cache-control" in answer.headers


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host():
    world = await make_world(WebSettings(is_secure=True))
    try:
        owner = await world.owner()
        answer = await world.browser().log_in("Olive", PASSWORD)
        assert cookie_of(answer).startswith("__Host-latchwork=")
        assert "Secure" in cookie_of(answer)
        assert "max-age=31536000" in (await owner.get("/api/v1/site")).headers["strict-transport-security"]
    finally:
        await world.context.close()
        await world.house.repository.database.close()


async def test_a_planted_session_is_not_taken_over(world, owner):
    victim = world.browser()
    victim.cookies["latchwork"] = "planted-by-somebody-else"
    assert (await victim.log_in("Olive", PASSWORD)).status == 201
    assert victim.cookies["latchwork"] != "planted-by-somebody-else"
    attacker = world.browser()
    attacker.cookies["latchwork"] = "planted-by-somebody-else"
    assert (await attacker.get("/api/v1/session")).status == 401


async def test_logging_in_again_ends_the_browsers_session_before(world, owner):
    before = dict(owner.cookies)
    assert (await owner.log_in("Olive", PASSWORD)).status == 201
    old = world.browser()
    old.cookies = before
    assert (await old.get("/api/v1/session")).status == 401


async def test_a_change_needs_the_csrf_token_of_this_very_session(world, owner):
    other = world.browser()
    await other.log_in("Olive", PASSWORD)
    for sent in (None, "", "wrong", other.csrf, "ä"):
        owner_csrf, owner.csrf = owner.csrf, None
        answer = await owner.post("/api/v1/people", {"name": "Ana"}, **({} if sent is None else {"x_csrf_token": sent}))
        owner.csrf = owner_csrf
        assert (answer.status, answer.json["code"]) == (403, "csrf_token_missing"), sent
    assert (await owner.post("/api/v1/people", {"name": "Ana"})).status == 201


async def test_reading_needs_no_csrf_token(world, owner):
    owner.csrf = None
    assert (await owner.get("/api/v1/people")).status == 200


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.test"}, {"sec_fetch_site": "cross-site"}, {"origin": "null"}]
)
async def test_another_sites_page_can_neither_change_nor_log_in(world, owner, headers):
    assert (await owner.post("/api/v1/people", {"name": "Ana"}, **headers)).status == 403
    body = {"name": "Olive", "password": PASSWORD}
    assert (await world.browser().post("/api/v1/session", body, **headers)).status == 403
    assert (await owner.post("/api/v1/people", {"name": "Ana"}, origin="http://hub.test")).status == 201


async def test_a_bearer_token_needs_no_csrf_token_and_beats_the_cookie(world, owner):
    program = await world.token(owner, "site:read")
    owner.token, owner.csrf = program.token, None
    assert (await owner.post("/api/v1/people", {"name": "Ana"})).status == 403
    owner.token = "latchwork_unknown"
    assert (await owner.get("/api/v1/site")).status == 401, "a bad token is not passed over for a cookie"


async def test_which_of_name_and_password_was_wrong_is_not_said(world, owner):
    answers = [
        await world.browser().post("/api/v1/session", {"name": name, "password": password})
        for name, password in (("Olive", "wrong words these are"), ("Nobody", PASSWORD))
    ]
    assert [each.status for each in answers] == [401, 401]
    assert len({each.json["detail"] + each.json["title"] for each in answers}) == 1


async def test_guessing_is_stopped_for_one_address_and_the_owner_is_not_locked_out(world, owner):
    guesser = world.browser(address="198.51.100.9")
    statuses = [(await guesser.log_in("Olive", f"wrong words number {count}")).status for count in range(6)]
    assert statuses == [401] * 5 + [429]
    refused = await guesser.log_in("OLIVE", PASSWORD)
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) > 60
    assert (await world.browser(address="192.0.2.50").log_in("Olive", PASSWORD)).status == 201
    world.clock.advance(15 * 60)
    assert (await guesser.log_in("Olive", PASSWORD)).status == 201


async def test_right_passwords_do_not_count_as_guesses(world, owner):
    for _ in range(12):
        assert (await world.browser().log_in("Olive", PASSWORD)).status == 201


async def test_one_address_cannot_try_many_names(world, owner):
    guesser = world.browser(address="198.51.100.9")
    statuses = [(await guesser.log_in(f"name {count}", PASSWORD)).status for count in range(35)]
    assert statuses.count(401) == 30


async def test_a_session_ends_when_it_is_not_used_and_at_the_latest_after_a_month(world, owner):
    world.clock.advance(6 * DAY)
    assert (await owner.get("/api/v1/session")).status == 200
    world.clock.advance(7 * DAY)
    assert (await owner.get("/api/v1/session")).status == 401
    used = world.browser()
    await used.log_in("Olive", PASSWORD)
    for _ in range(5):
        world.clock.advance(6 * DAY)
        status = (await used.get("/api/v1/session")).status
    assert status == 401


async def test_logging_out_ends_the_session_on_the_server(world, owner):
    before = dict(owner.cookies)
    assert (await owner.delete("/api/v1/session")).status == 204
    assert owner.cookies == {}
    owner.cookies = before
    assert (await owner.get("/api/v1/session")).status == 401


async def test_another_password_ends_the_other_sessions(world, owner):
    other = world.browser()
    await other.log_in("Olive", PASSWORD)
    body = {"password": PASSWORD, "new_password": "other plain words there"}
    assert (await owner.ask("PUT", "/api/v1/session/password", body)).status == 204
    assert (await other.get("/api/v1/session")).status == 401
    assert (await owner.get("/api/v1/session")).status == 200
    assert (await world.browser().log_in("Olive", PASSWORD)).status == 401
    assert (await world.browser().log_in("Olive", "other plain words there")).status == 201


async def test_one_can_see_and_end_ones_other_sessions(world, owner):
    other = world.browser()
    await other.log_in("Olive", PASSWORD)
    found = (await owner.get("/api/v1/sessions")).json["data"]
    assert sorted(each["is_this"] for each in found) == [False, True]
    target = next(each["id"] for each in found if not each["is_this"])
    assert (await owner.delete(f"/api/v1/sessions/{target}")).status == 204
    assert (await other.get("/api/v1/session")).status == 401
    assert (await owner.delete(f"/api/v1/sessions/{target}")).status == 404


async def test_sessions_tokens_and_passwords_are_kept_as_hashes(world, owner):
    program = await world.token(owner, "site:read")
    dump = "\n".join(world.house.repository.database.read(lambda connection: list(connection.iterdump())))
    for text in (owner.cookies["latchwork"], program.token, PASSWORD):
        assert text not in dump
        assert text.encode().hex().upper() not in dump.upper()
    assert keys.digest_of(program.token).hex() in dump.lower()
    assert "$argon2id$" in dump


async def test_the_last_owner_stays(world, owner):
    account_id = (await owner.get("/api/v1/session")).json["account_id"]
    for answer in (
        await owner.delete(f"/api/v1/accounts/{account_id}"),
        await owner.patch(f"/api/v1/accounts/{account_id}", {"role": "guest"}),
        await owner.patch(f"/api/v1/accounts/{account_id}", {"is_enabled": False}),
    ):
        assert answer.status == 422
        assert "owner" in answer.json["detail"]


async def test_two_accounts_have_two_names(world, owner):
    body = {"name": "OLIVE", "password": PASSWORD, "role": "manager"}
    assert (await owner.post("/api/v1/accounts", body)).status == 422


async def test_an_account_that_is_switched_off_ends_everywhere(world, owner):
    manager = await world.account(owner, "Max", "manager")
    account_id = (await manager.get("/api/v1/session")).json["account_id"]
    assert (await owner.patch(f"/api/v1/accounts/{account_id}", {"is_enabled": False})).status == 200
    assert (await manager.get("/api/v1/session")).status == 401
    assert (await world.browser().log_in("Max", PASSWORD)).status == 401
    assert (await owner.delete(f"/api/v1/accounts/{account_id}")).status == 204
    assert (await owner.get(f"/api/v1/accounts/{account_id}")).status == 404


async def test_a_trusted_proxy_says_who_asks_and_nobody_else_does():
    world = await make_world(WebSettings(trusted_proxies=frozenset({"192.0.2.1"})))
    try:
        await world.owner()
        proxy = world.browser(address="192.0.2.1")
        body = {"name": "Olive", "password": "wrong words these are"}
        for count in range(6):
            answer = await proxy.post("/api/v1/session", body, x_forwarded_for=f"1.1.1.1, 198.51.100.{count}")
            assert answer.status == 401
        liar = world.browser(address="203.0.113.5")
        statuses = [
            (await liar.post("/api/v1/session", body, x_forwarded_for=f"198.51.100.{count}")).status
            for count in range(6)
        ]
        assert statuses[-1] == 429
    finally:
        await world.context.close()
        await world.house.repository.database.close()
