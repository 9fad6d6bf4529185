"""Guessing is slow from wherever it comes and by whatever name, and nobody can be locked out by it for good."""

import ast
import re
from pathlib import Path

import pytest
from tests.security.siege import send
from tests.web.conftest import PASSWORD

import latchwork
from latchwork.web.limits import MAX_KNOWN, LogInLimits
from latchwork.web.networks import address_in, is_at_home, network_of
from latchwork.web.problems import Problem

SRC = Path(latchwork.__file__).parent


async def guess(world, address, name="Olive", **headers):
    body = {"name": name, "password": "not this one"}
    return (await world.browser(address=address).post("/api/v1/session", body, **headers)).status


@pytest.fixture
async def owner(world):
    return await world.owner()


async def test_all_of_an_ipv6_network_is_one_guesser(world, owner):
    statuses = [await guess(world, f"2001:db8:1:2::{n:x}") for n in range(1, 9)]
    assert statuses == [401] * 5 + [429] * 3
    assert await guess(world, "2001:db8:1:3::1") == 401, "the neighbour is somebody else"


async def test_an_ipv4_address_in_ipv6s_clothes_is_the_same_guesser(world, owner):
    statuses = [await guess(world, ("198.51.100.7", "::ffff:198.51.100.7")[n % 2]) for n in range(7)]
    assert statuses == [401] * 5 + [429] * 2


async def test_what_a_stranger_forwards_counts_for_nothing(world, owner):
    statuses = [await guess(world, "198.51.100.7", x_forwarded_for=f"203.0.113.{n}") for n in range(7)]
    assert statuses == [401] * 5 + [429] * 2


async def test_behind_a_trusted_proxy_only_the_proxys_own_word_counts(world, owner):
    world.context.auth._settings = world.context.settings = type(world.context.settings)(
        trusted_proxies=frozenset({"10.0.0.1"}), requests_per_minute=100_000
    )
    forged = [await guess(world, "10.0.0.1", x_forwarded_for=f"203.0.113.{n}, 198.51.100.7") for n in range(7)]
    assert forged == [401] * 5 + [429] * 2
    ports = [await guess(world, "10.0.0.1", x_forwarded_for=f"198.51.100.8:{4000 + n}") for n in range(7)]
    assert ports == [401] * 5 + [429] * 2


async def test_a_line_that_the_proxy_adds_below_a_forged_one_is_the_one_that_counts(world, owner):
    world.context.auth._settings = type(world.context.settings)(trusted_proxies=frozenset({"10.0.0.1"}))
    browser = world.browser(address="10.0.0.1")
    scope = browser.scope("GET", "/", {})
    scope["headers"] += [(b"x-forwarded-for", b"203.0.113.1"), (b"x-forwarded-for", b"198.51.100.7")]
    from starlette.requests import Request

    assert world.context.auth.address(Request(scope)) == "198.51.100.7"


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        (" 198.51.100.7:4711 ", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("unknown", "unknown"),
        ("x" * 500, "x" * 64),
        ("", ""),
        ("[", ""),
    ],
)
def test_a_proxys_word_is_read_without_its_port(said, address):
    assert address_in(said) == address


def test_a_network_is_what_one_host_may_choose_from():
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::")
    assert network_of("2001:db8:1:2::") != network_of("2001:db8:1:3::")
    assert network_of("fe80::1%eth0") == network_of("fe80::2%wlan0")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert len(network_of("z" * 5000)) == 64
    assert is_at_home("192.168.1.7")
    assert is_at_home("fd00::1")
    assert is_at_home("::1")
    assert not is_at_home("8.8.8.8")
    assert not is_at_home("somewhere")


async def test_one_name_in_other_letters_is_the_same_account(world, owner):
    names = ["Olive", "OLIVE", "olive", "oLiVe", "OLive", "olivE", "OLIVE"]
    statuses = [await guess(world, "198.51.100.7", name) for name in names]
    assert statuses == [401] * 5 + [429] * 2
    assert await guess(world, "198.51.100.7", "\uff2f\uff2c\uff29\uff36\uff25") == 401, (
        "other characters are another name, and nobody's"
    )
    body = {"name": "\uff2f\uff2c\uff29\uff36\uff25", "password": PASSWORD}
    assert (await world.browser(address="198.51.100.9").post("/api/v1/session", body)).status == 401


async def test_page_and_api_share_one_count(world, owner):
    browser = world.browser(address="198.51.100.7")
    for n in range(5):
        if n % 2:
            assert (await send(browser, "/sign-in", name="Olive", password="wrong")).status == 401
        else:
            assert await guess(world, "198.51.100.7") == 401
    assert (await send(browser, "/sign-in", name="Olive", password=PASSWORD)).status == 429
    assert await guess(world, "198.51.100.7") == 429


async def test_strangers_without_number_do_not_lock_an_owner_out_who_was_there_before(world, owner):
    at_work = world.browser(address="81.2.69.200")
    assert (await at_work.log_in("Olive", PASSWORD)).status == 201
    for n in range(130):
        await guess(world, f"2a01:{n:x}::1")
    assert await guess(world, "2a01:ffff::1") == 429, "strangers have used up what strangers have"
    assert (await world.browser(address="81.2.69.200").log_in("Olive", PASSWORD)).status == 201
    assert (await world.browser(address="192.168.1.20").log_in("Olive", PASSWORD)).status == 201, "at home"
    world.clock.advance(3600)
    assert (await world.browser(address="81.2.69.77").log_in("Olive", PASSWORD)).status == 201, "it passes"


def test_whoever_was_there_before_guesses_no_faster():
    limits = LogInLimits()
    limits.check("olive", "198.51.100.7", 0.0)
    limits.was_right("olive", "198.51.100.7")
    for _ in range(5):
        limits.check("olive", "198.51.100.7", 0.0)
    with pytest.raises(Problem):
        limits.check("olive", "198.51.100.7", 0.0)


def test_names_and_networks_that_are_made_up_fill_no_memory():
    limits = LogInLimits()
    for n in range(25_000):
        address = f"2001:db8:{n:x}::1"
        limits.check(f"name {n}", address, 0.0)
        limits.was_right(f"name {n}", address)
    assert len(limits._known) == MAX_KNOWN
    for limiter in (limits._pair, limits._address, limits._account):
        assert len(limiter._until) <= 20_000


@pytest.mark.parametrize("name", ["Olive", "Nobody", "Off"])
async def test_a_name_that_is_nobodys_costs_the_same_as_one_that_is_somebodys(world, owner, name, monkeypatch):
    body = {"name": "Off", "password": PASSWORD, "role": "resident"}
    account = (await owner.post("/api/v1/accounts", body)).json
    assert (await owner.patch(f"/api/v1/accounts/{account['id']}", {"is_enabled": False})).status == 200
    passwords, seen = world.context.auth.passwords, []
    kept = type(passwords._hasher).verify
    monkeypatch.setattr(
        type(passwords._hasher),
        "verify",
        lambda self, hashed, typed: seen.append(hashed[:30]) or kept(self, hashed, typed),
    )
    answer = await world.browser().post("/api/v1/session", {"name": name, "password": PASSWORD + "x"})
    assert (answer.status, answer.json["code"]) == (401, "log_in_refused")
    assert len(seen) == 1, "one hash is made, whoever it is"
    assert seen[0].startswith("$argon2id$v=19$m=8,t=1,p=1")


async def test_a_password_of_a_megabyte_costs_no_more_than_another(world, owner):
    answer = await world.browser().post("/api/v1/session", {"name": "Olive", "password": "x" * 5000})
    assert answer.status == 422
    answer = await world.browser().post("/api/v1/session", {"name": "x" * 5000, "password": "x"})
    assert answer.status == 422
    assert (await send(world.browser(), "/sign-in", name="Olive", password="x" * 20_000)).status == 401
    assert (await send(world.browser(), "/sign-in", name="Olive", password="x" * 40_000)).status == 413


async def test_what_guests_may_ask_is_counted_by_network_too(world):
    statuses = [
        (await world.browser(address=f"2001:db8:1:2::{n:x}").get("/api/v1/guest/none-such")).status
        for n in range(1, 40)
    ]
    assert statuses.count(404) == 30
    assert statuses[-1] == 429


# Secrets are compared in a time that tells nothing

_SECRET = re.compile(
    r"(secret|token|csrf|digest|mac|tag|signature|passphrase|password|challenge|proof|fingerprint|hmac)"
)
KNOWN = {
    # What the journal's chain and its kept heads say, which is public.
    "hub/journal/journal.py: digest != head.hash",
    "hub/journal/journal.py: digest != row[-1]",
    "hub/journal/journal.py: known.get(seq, digest) != digest",
    # Of a public key.
    "hub/people/removal_report.py: report.get('fingerprint') != fingerprint(public)",
    # Of a file of ours.
    "store/schema.py: known[number].digest != digest",
    # One's own sessions, which were looked up by their digest.
    "web/api/session.py: each.digest == this",
    "web/pages/routes/security.py: each.digest == this",
    # A name, not the token.
    "web/keys.py: token.id == token_id",
    # Both were typed by the same hand.
    "web/pages/routes/sign_in.py: password != again",
}
"""What looks like the comparison of a secret, and is none."""


def _named(node):
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _named(node.value)
    if isinstance(node, ast.Call):
        return _named(node.func)
    return ""


def suspicious():
    """Comparisons by == or != of two things, one of which is called like a secret."""
    for folder in ("web", "hub", "store"):
        for file in sorted((SRC / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                    continue
                sides = [node.left, *node.comparators]
                if any(isinstance(each, ast.Constant) for each in sides):
                    continue
                if any(_SECRET.search(_named(each).lower()) for each in sides):
                    yield f"{file.relative_to(SRC)}: {ast.unparse(node)}"


def test_no_secret_is_compared_by_equals():
    found = set(suspicious())
    assert found <= KNOWN, "compare it with hmac.compare_digest, or say here why it is no secret"
