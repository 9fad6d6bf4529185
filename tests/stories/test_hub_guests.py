"""Guests: a code made from afar in one call, the page that tells how far it is, and what stands in its way."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from tests.support.hub import OWNER, tell
from tests.support.world import dice
from tests.web.browser import Browser

from latchwork.base.errors import Misuse
from latchwork.hub.codes import NoCommonLength, weakness
from latchwork.hub.guests.preconditions import Obstacle
from latchwork.hub.guests.texts import Readiness
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window
from latchwork.hub.journal.entries import Kind
from latchwork.hub.people.removal_report import check
from latchwork.node.icd import IcdConfig, Trigger
from latchwork.web import keys
from latchwork.web.accounts import Account, put_account
from latchwork.web.app import create_app
from latchwork.web.roles import Role, Scope
from latchwork.web.settings import WebSettings

HOUR, DAY = 3600.0, 86_400.0
NEW_YEAR_2026 = 1_767_225_600.0
"""A Thursday, midnight in UTC."""
LONG = IcdConfig(
    idle_s=1800,
    active_ms=1000,
    threshold_ms=5000,
    slow_poll_ms=600_000,
    is_long_idle=True,
    trigger=Trigger.ACTUATE_SENSOR,
)


async def asleep(house, name):
    for _ in range(600):
        if not house.device_at(name).node.sleep.is_active:
            return
        await asyncio.sleep(1)
    raise AssertionError("it never sleeps")


@asynccontextmanager
async def face_of(house):
    """An owner's program and a stranger at the hub's own web application, in this very loop."""
    app = create_app(
        house.hub, clock=house.world.clock, entropy=dice("web"), settings=WebSettings(requests_per_minute=10_000)
    )
    text, now = keys.new_text(dice("token")), house.world.clock.utc()
    token = keys.Token(
        id="token_1",
        digest=keys.digest_of(text),
        account_id="account_1",
        name="a program",
        scopes=frozenset(Scope),
        created_at=now,
    )

    def write(to):
        put_account(to, Account(id="account_1", name="Olive", role=Role.OWNER, created_at=now))
        keys.put_token(to, token)

    await house.hub.repository.database.write(write)
    try:
        yield Browser(app, token=text), Browser(app)
    finally:
        await app.state.context.close()


async def invited(house, name="Ana", doors=("Front",), rule=None, **rest):
    rule = rule or Window(NEW_YEAR_2026, NEW_YEAR_2026 + 2 * DAY)
    return await house.hub.guests.invite(name, [house.door_id(each) for each in doors], rule, actor=OWNER, **rest)


def code_of(invitation):
    return bytes(invitation.code).decode()


async def page_of(house, invitation):
    return await house.hub.guests.page(bytes(invitation.link.token).decode())


def readiness(view):
    return {each.name: each.readiness for each in view.doors}


def test_one_call_makes_a_guest_whose_code_opens_all_the_doors_in_its_time_and_not_after():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u200")
        await house.door("Garden gate", "generic")
        await house.settle()
        made = await invited(house, doors=("Front", "Garden gate"))
        assert made.warnings == ()
        assert len(made.code) == 6
        assert weakness(code_of(made)) is None
        text = house.hub.guests.message(made, "https://hub.test/guest/xyz")
        assert text.startswith("Hello Ana,")
        for part in (code_of(made), "Front and Garden gate", "Thursday, 1 January 2026, 01:00", "Berlin time", "/xyz"):
            assert part in text
        await house.settle()
        view = await page_of(house, made)
        assert readiness(view) == {"Front": Readiness.WORKS_NOW, "Garden gate": Readiness.WORKS_NOW}
        assert bytes(view.code).decode() == code_of(made)
        assert view.is_valid
        assert "Valid now, until Saturday, 3 January 2026, 01:00" in view.validity
        await house.enter("Garden gate", code_of(made))
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert opened.person_name == "Ana"
        await house.settle(3 * DAY)
        assert await page_of(house, made) is None
        house.device_at("Front").handle({"turn": "lock"})
        await house.enter("Front", code_of(made))
        assert house.device_at("Front").state == "LOCKED"

    tell(play)


def test_the_page_says_that_the_code_arrives_when_the_lock_wakes_and_then_that_it_works():
    async def play(house):
        await house.door("Front")
        await house.door("Garden", "u400", icd=LONG)
        await asleep(house, "Garden")
        made = await invited(house, doors=("Front", "Garden"))
        assert [(each.code, each.is_blocking) for each in made.warnings] == [(Obstacle.ASLEEP, False)]
        await house.settle(20)
        view = await page_of(house, made)
        assert readiness(view) == {"Front": Readiness.WORKS_NOW, "Garden": Readiness.WHEN_AWAKE}
        assert {each.name: each.text for each in view.doors}["Garden"].startswith(
            "The code arrives when the lock wakes"
        )
        (found,) = house.hub.guests.preconditions(house.door_id("Garden"))
        assert found.code is Obstacle.ASLEEP
        assert found.is_blocking
        await house.enter("Garden", "000000")
        await house.settle(60)
        assert readiness(await page_of(house, made))["Garden"] is Readiness.WORKS_NOW
        assert code_of(made) in house.codes("Garden")

    tell(play)


def test_a_longer_stay_is_not_called_valid_before_the_sleeping_lock_has_its_new_hours():
    async def play(house):
        await house.door("Garden", "u400", icd=LONG)
        await house.settle()
        begin = house.world.clock.utc()
        made = await invited(house, doors=("Garden",), rule=Window(begin, begin + DAY))
        await house.settle(1900)
        await asleep(house, "Garden")
        assert readiness(await page_of(house, made)) == {"Garden": Readiness.WORKS_NOW}
        longer = replace(made.access, rule=Window(begin, begin + 2 * DAY))
        await house.hub.people.change_access(longer, actor=OWNER)
        await house.settle(5)
        assert readiness(await page_of(house, made)) == {"Garden": Readiness.WHEN_AWAKE}
        await house.settle(1900)
        assert readiness(await page_of(house, made)) == {"Garden": Readiness.WORKS_NOW}

    tell(play)


def test_a_lock_out_of_reach_is_named_with_since_when_and_the_code_arrives_later():
    async def play(house):
        await house.door("Front")
        await house.settle()
        house.fault("Front", "out-of-range")
        await house.settle(1200)
        (found,) = house.hub.guests.preconditions(house.door_id("Front"))
        assert found.code is Obstacle.UNREACHABLE
        assert found.is_blocking
        assert NEW_YEAR_2026 < found.since < NEW_YEAR_2026 + 1300
        assert "has not answered since Thursday, 1 January 2026" in found.message
        made = await invited(house)
        assert [each.code for each in made.warnings] == [Obstacle.UNREACHABLE]
        await house.settle(60)
        assert readiness(await page_of(house, made)) == {"Front": Readiness.WHEN_REACHED}
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(1200)
        assert readiness(await page_of(house, made)) == {"Front": Readiness.WORKS_NOW}

    tell(play)


def test_a_code_for_next_week_is_said_to_come_and_is_then_on_the_lock_before_its_time():
    async def play(house):
        await house.door("Front")
        await house.settle()
        start = NEW_YEAR_2026 + 7 * DAY
        made = await invited(house, rule=Window(start, start + DAY))
        await house.settle(60)
        view = await page_of(house, made)
        assert readiness(view) == {"Front": Readiness.LATER}
        assert not view.is_valid
        assert view.validity == "Valid from Thursday, 8 January 2026, 00:00."
        await house.settle(5 * DAY)
        assert readiness(await page_of(house, made)) == {"Front": Readiness.ON_LOCK}
        await house.enter("Front", code_of(made))
        assert house.device_at("Front").state == "LOCKED"
        await house.settle(2 * DAY + HOUR)
        assert readiness(await page_of(house, made)) == {"Front": Readiness.WORKS_NOW}

    tell(play)


def test_what_needs_the_hub_and_what_has_no_common_length_is_told_at_once():
    async def play(house):
        await house.door("Front")
        await house.door("Depot", "u100")
        await house.settle()
        made = await invited(house, rule=FirstUse(90))
        assert [(each.code, each.is_blocking) for each in made.warnings] == [(Obstacle.NEEDS_HUB, False)]
        assert "Front: The hub keeps the times of Ana" in made.warnings[0].message
        with pytest.raises(NoCommonLength) as caught:
            await invited(house, "Bob", doors=("Front", "Depot"), code_length=10)
        assert "Front" in str(caught.value)
        assert caught.value.clashes == ("Front",)
        assert [each.name for each in house.hub.repository.persons()] == ["Ana"], "all of it, or nothing"
        with pytest.raises(Misuse, match="over already"):
            await invited(house, rule=Window(1.0, 2.0))

    tell(play)


def test_a_code_for_one_opening_is_shown_until_it_is_used():
    async def play(house):
        await house.door("Front")
        await house.settle()
        made = await invited(house, rule=Once())
        await house.settle()
        view = await page_of(house, made)
        assert view.times == "for one opening"
        assert readiness(view) == {"Front": Readiness.WORKS_NOW}
        await house.enter("Front", code_of(made))
        await house.settle()
        view = await page_of(house, made)
        assert view.code is None
        assert readiness(view) == {"Front": Readiness.OVER}
        assert "was used" in view.validity

    tell(play)


def test_the_page_of_a_cleaner_names_the_next_morning():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.settle()
        mornings = Weekly((Hours(frozenset({1, 3}), 9 * 60, 12 * 60),), except_on=("2026-01-06",))
        made = await invited(house, rule=mornings)
        await house.settle()
        view = await page_of(house, made)
        assert view.times == "on Tuesdays and Thursdays from 09:00 to 12:00, not on 6 January 2026"
        assert view.validity == "Valid from Thursday, 1 January 2026, 09:00."
        assert readiness(view) == {"Front": Readiness.ON_LOCK}
        await house.settle(9 * HOUR)
        assert (await page_of(house, made)).validity == "Valid now, until Thursday, 1 January 2026, 12:00."
        await house.settle(4 * HOUR)
        assert (await page_of(house, made)).validity == "Valid from Thursday, 8 January 2026, 09:00."

    tell(play)


# Links


def test_a_link_ends_with_its_access_by_hand_and_when_a_new_one_is_made():
    async def play(house):
        await house.door("Front")
        await house.settle()
        guests = house.hub.guests
        made = await invited(house, rule=Window(NEW_YEAR_2026, NEW_YEAR_2026 + DAY))
        assert made.link.ends_at == NEW_YEAR_2026 + DAY
        later = await guests.make_link(made.access.id, NEW_YEAR_2026 + 9 * DAY, actor=OWNER)
        assert later.ends_at == NEW_YEAR_2026 + DAY
        assert await page_of(house, made) is None, "the one before ended"
        assert await guests.page(bytes(later.token).decode()) is not None
        await guests.end_link(made.access.id, actor=OWNER)
        await guests.end_link(made.access.id, actor=OWNER)
        assert guests.link(made.access.id) is None
        assert await guests.page(bytes(later.token).decode()) is None
        third = await guests.make_link(made.access.id, None, actor=OWNER)
        await house.hub.people.revoke(made.access.id, actor=OWNER)
        assert await guests.page(bytes(third.token).decode()) is None
        fourth = await invited(house, "Bo", rule=Always())
        assert fourth.link.ends_at == pytest.approx(house.world.clock.utc() + 30 * DAY)
        await house.hub.people.move_out(fourth.person.id, actor=OWNER)
        assert await page_of(house, fourth) is None

    tell(play)


def test_the_opening_of_a_page_is_in_the_journal_once_an_hour():
    async def play(house):
        await house.door("Front")
        await house.settle()
        made = await invited(house)
        for _ in range(5):
            await page_of(house, made)
            await asyncio.sleep(60)
        await house.settle(HOUR)
        await page_of(house, made)
        audits = await house.journal(kinds=frozenset({Kind.AUDIT}))
        opened = [each for each in audits if each.detail["did"] == "guest_page_opened"]
        assert [(each.actor, each.person_name) for each in opened] == [("guest", "Ana")] * 2
        token = bytes(made.link.token).decode()
        for each in audits:
            assert token not in repr(each)
            assert code_of(made) not in repr(each)
        assert house.hub.guests.link(made.access.id).opened_at == opened[-1].at

    tell(play)


def test_nothing_in_the_database_opens_a_page():
    async def play(house):
        await house.door("Front")
        await house.settle()
        made = await invited(house)
        token = bytes(made.link.token).decode()
        assert len(base64.urlsafe_b64decode(token)) == 24
        text = "\n".join(house.hub.repository.database.read(lambda connection: list(connection.iterdump())))
        assert token not in text
        assert code_of(made) not in text
        for wrong in ("", "x", token[:-1], token + "A", token.swapcase(), "\ud800", "é" * 40):
            assert await house.hub.guests.page(wrong) is None

    tell(play)


# Over the web, with a real hub behind it


def test_an_owner_invites_a_guest_over_the_web_and_the_guest_opens_the_page_without_an_account():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front")
        await house.settle()
        async with face_of(house) as (owner, guest):
            body = {
                "name": "Ana <b>",
                "door_ids": [house.door_id("Front")],
                "rule": {"kind": "window", "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
            }
            made = await owner.post("/api/v1/guests", body)
            assert made.status == 201, made.text
            made = made.json
            assert made["link"]["url"].startswith("http://hub.test/guest/")
            assert made["code"] in made["message"]
            assert made["link"]["url"] in made["message"]
            await house.settle()
            path = made["link"]["url"].removeprefix("http://hub.test")
            page = await guest.get(path)
            assert page.status == 200
            assert made["code"] in page.text
            assert "Works now." in page.text
            assert "Ana &lt;b&gt;" in page.text
            assert "<script" not in page.text
            assert "style=" not in page.text
            for name, value in {
                "cache-control": "no-store",
                "referrer-policy": "no-referrer",
                "x-robots-tag": "noindex, nofollow",
            }.items():
                assert page.headers[name] == value
            told = (await guest.get(f"/api/v1{path}")).json
            assert told["doors"] == [{"name": "Front", "readiness": "works_now", "text": "Works now."}]
            state = (await owner.get(f"/api/v1/accesses/{made['access']['id']}/link")).json
            assert state["is_open"]
            assert "url" not in state
            await owner.delete(f"/api/v1/accesses/{made['access']['id']}/link")
            ended, never = await guest.get(path), await guest.get("/guest/" + "A" * 32)
            assert ended.status == never.status == 404
            assert ended.text == never.text
            other = {name for name in ended.headers if ended.headers[name] != never.headers[name]}
            assert other <= {"x-request-id", "ratelimit"}

    tell(play)


def test_the_signed_report_of_a_room_mate_is_genuine_and_one_that_was_touched_is_not():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front")
        await house.door("Cellar", "generic")
        mate, _ = await house.person("Mate", "604183", ["Front", "Cellar"])
        await house.settle()
        house.fault("Cellar", "out-of-range")
        await house.settle(1)
        await house.hub.people.move_out(mate.id, actor=OWNER)
        await house.settle(120)
        async with face_of(house) as (owner, _):
            answer = await owner.get(f"/api/v1/people/{mate.id}/removal")
            report = answer.json
            assert not report["is_complete"]
            front, cellar = sorted(report["locks"], key=lambda each: each["door"], reverse=True)
            assert (front["state"], front["known_by"], front["credentials_removed"]) == (
                "cleared",
                "read afterwards",
                1,
            )
            assert (cellar["state"], cellar["credentials_left"]) == ("unreachable", 1)
            assert "does not answer" in cellar["why"]
            assert check(report).is_genuine
            verify = "/api/v1/reports/verify"
            assert (await owner.post(verify, {"report": report})).json["is_genuine"]
            touched = json.loads(answer.text.replace('"is_complete": false', '"is_complete": true'))
            told = (await owner.post(verify, {"report": touched})).json
            assert told == {"is_genuine": False, "why": "Something in it was changed after it was signed."}
            paper = (await owner.get(f"/api/v1/people/{mate.id}/removal?format=text")).text
            assert "[x] Front" in paper
            assert "[ ] Cellar" in paper
            assert report["fingerprint"] in paper
            house.device_at("Cellar").take_fault("out-of-range")
            await house.settle(1200)
            assert (await owner.get(f"/api/v1/people/{mate.id}/removal")).json["is_complete"]
            ana = (await owner.post("/api/v1/people", {"name": "Ana"})).json["id"]
            assert (await owner.get(f"/api/v1/people/{ana}/removal")).status == 404

    tell(play)
