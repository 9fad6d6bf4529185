"""Calendars over the API: the address stays inside, stays become accesses, and what fails is told."""

import pytest
from tests.support.calendars import at_once, ical

from latchwork.hub.calendars.making import digits_for
from latchwork.hub.calendars.service import FAILURES_TOLD
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.journal.entries import Kind

URL = "https://calendars.example/secret-token.ics"
DAY = 86_400.0


@pytest.fixture
async def door(world, owner):
    world.house.calendars.run = at_once
    return (await world.door_with_lock(owner))[0]


async def made(owner, door, **rest):
    answer = await owner.post(f"/api/v1/doors/{door}/calendars", {"url": URL, "name": "Airbnb"} | rest)
    assert answer.status == 201, answer
    return answer.json


async def read(world, owner, calendar_id, *events):
    """The world is at 15 January 2027."""
    world.house.calendars.fetcher.octets = ical(*events)
    answer = await owner.post(f"/api/v1/calendars/{calendar_id}/refresh", {})
    assert answer.status == 200, answer
    return answer.json


async def audits(world):
    entries = await world.house.journal.since(0, 1000)
    return [each for each in entries if each.kind is Kind.AUDIT]


async def test_a_stay_becomes_a_guest_with_a_code(world, owner, door):
    calendar = await made(owner, door)
    found = await read(world, owner, calendar["id"], ("1", "2027-02-01", "2027-02-03", "Reserved - Ada Byron"))
    assert (found["stays"], found["last_error"], found["warning"]) == (1, "", "")
    (stay,) = (await owner.get(f"/api/v1/calendars/{calendar['id']}/stays")).json["data"]
    assert (stay["name"], stay["start"], stay["end"]) == ("Ada Byron", "2027-02-01T15:00:00Z", "2027-02-03T11:00:00Z")
    access = (await owner.get(f"/api/v1/accesses/{stay['access_id']}")).json
    assert access["origin"] == f"calendar:{calendar['id']}"
    assert access["rule"] == {"kind": "window", "start": stay["start"], "end": stay["end"]}
    revealed = (await owner.post(f"/api/v1/credentials/{stay['credential_id']}/reveal", {})).json
    assert len(revealed["code"]) == 6
    assert (await owner.get(f"/api/v1/people/{stay['person_id']}")).json["name"] == "Ada Byron"


async def test_the_address_is_kept_sealed_and_told_nobody(world, owner, door):
    calendar = await made(owner, door)
    assert calendar["host"] == "calendars.example"
    await owner.patch(f"/api/v1/calendars/{calendar['id']}", {"name": "Other"})
    world.house.calendars.fetcher.trouble = "no connection"
    answers = [
        await owner.get(f"/api/v1/doors/{door}/calendars"),
        await owner.post(f"/api/v1/calendars/{calendar['id']}/refresh", {}),
        await owner.get("/api/v1/journal"),
    ]
    for answer in answers:
        assert "secret-token" not in str(answer.json)
    dump = world.house.repository.database.read(lambda connection: "\n".join(connection.iterdump()))
    assert "secret-token" not in dump
    assert URL.encode().hex() not in dump.lower()
    assert world.house.calendars.fetcher.asked[-1][0] == URL


async def test_another_check_in_moves_the_stays_that_are_known(world, owner, door):
    calendar = await made(owner, door)
    event = ("1", "2027-02-01", "2027-02-03", "Reserved")
    await read(world, owner, calendar["id"], event)
    answer = await owner.patch(f"/api/v1/calendars/{calendar['id']}", {"check_in": "16:30", "check_out": "10:00"})
    assert (answer.json["check_in"], answer.json["check_out"]) == ("16:30", "10:00")
    await world.house.calendars.step()
    (stay,) = (await owner.get(f"/api/v1/calendars/{calendar['id']}/stays")).json["data"]
    assert (stay["start"], stay["end"]) == ("2027-02-01T16:30:00Z", "2027-02-03T10:00:00Z")


async def test_the_last_digits_of_the_telephone_where_they_are_no_weak_code(world, owner, door):
    can = Capabilities(has_users=True, users=10, kinds={CredentialKind.PIN: 10}, pin_length=(4, 8))
    world.house.calendars._guests._capabilities = lambda _: can
    calendar = await made(owner, door, digits_from_phone=True)
    words = "DESCRIPTION:Phone Number (Last 4 Digits): {}"
    await read(
        world,
        owner,
        calendar["id"],
        ("1", "2027-02-01", "2027-02-03", "Reserved", words.format("4048")),
        ("2", "2027-02-03", "2027-02-05", "Reserved", words.format("1234")),
        ("3", "2027-02-05", "2027-02-07", "Reserved", words.format("4048")),
    )
    stays = (await owner.get(f"/api/v1/calendars/{calendar['id']}/stays")).json["data"]
    codes = [
        (await owner.post(f"/api/v1/credentials/{stay['credential_id']}/reveal", {})).json["code"] for stay in stays
    ]
    assert codes[0] == "4048"
    assert len(set(codes)) == 3
    assert "1234" not in codes


async def test_a_calendar_that_fails_is_tried_again_later_and_told_once(world, owner, door):
    calendar = await made(owner, door)
    fetcher = world.house.calendars.fetcher
    await read(world, owner, calendar["id"], ("1", "2027-02-01", "2027-02-03", "Reserved"))
    fetcher.trouble = "the calendar's server does not know this address"
    waits = []
    for _ in range(FAILURES_TOLD + 2):
        world.clock.advance(6 * 3600)
        await world.house.calendars.step()
        waits.append(world.house.calendars.calendar(calendar["id"]).next_at - world.clock.utc())
    assert waits == sorted(waits)
    found = (await owner.get(f"/api/v1/doors/{door}/calendars")).json["data"][0]
    assert found["last_error"] == fetcher.trouble
    assert found["stays"] == 1
    told = [each for each in await audits(world) if each.detail["did"] == "calendar_failed"]
    assert len(told) == 1
    assert told[0].door_name == "Front"
    fetcher.trouble = ""
    world.clock.advance(6 * 3600)
    await world.house.calendars.step()
    assert world.house.calendars.calendar(calendar["id"]).last_error == ""
    assert [each for each in await audits(world) if each.detail["did"] == "calendar_recovered"]


async def test_a_removed_calendar_takes_its_coming_guests_with_it_and_leaves_who_is_there(world, owner, door):
    calendar = await made(owner, door)
    await read(
        world,
        owner,
        calendar["id"],
        ("1", "2027-01-14", "2027-01-16", "Ada Byron"),
        ("2", "2027-02-01", "2027-02-03", "Ben Okri"),
    )
    assert (await owner.delete(f"/api/v1/calendars/{calendar['id']}")).status == 204
    assert (await owner.get(f"/api/v1/calendars/{calendar['id']}/stays")).status == 404
    assert (await owner.get(f"/api/v1/doors/{door}/calendars")).json["data"] == []
    await world.house.calendars.step()
    people = (await owner.get("/api/v1/people")).json["data"]
    assert [each["name"] for each in people] == ["Ada Byron"]
    world.clock.advance(2 * DAY)
    await world.house.calendars.step()
    assert (await owner.get("/api/v1/people")).json["data"] == []
    assert world.house.repository.database.read(lambda to: to.execute("SELECT count(*) FROM calendar").fetchone()) == (
        0,
    )


async def test_a_calendar_whose_door_is_gone_is_cleared_away(world, owner):
    world.house.calendars.run = at_once
    door = (await owner.post("/api/v1/doors", {"name": "Shed"})).json["id"]
    calendar = await made(owner, door)
    await read(world, owner, calendar["id"], ("1", "2027-02-01", "2027-02-03", "Ada Byron"))
    assert (await owner.delete(f"/api/v1/doors/{door}")).status == 204
    await world.house.calendars.step()
    assert (await owner.get("/api/v1/people")).json["data"] == []


async def test_only_an_owner_allows_addresses_at_home(world, owner, door):
    manager = await world.account(owner, "Max", "manager")
    local = {"url": "http://192.168.1.5/a.ics", "name": "NAS", "is_local": True}
    assert (await manager.post(f"/api/v1/doors/{door}/calendars", local)).status == 403
    assert (await owner.post(f"/api/v1/doors/{door}/calendars", local | {"is_local": False})).status == 422
    made_local = await owner.post(f"/api/v1/doors/{door}/calendars", local)
    assert made_local.status == 201
    calendar_id = made_local.json["id"]
    assert (await manager.patch(f"/api/v1/calendars/{calendar_id}", {"url": "http://192.168.1.6/a"})).status == 403
    assert (await manager.patch(f"/api/v1/calendars/{calendar_id}", {"name": "Other"})).status == 200


async def test_a_change_says_what_it_saw(world, owner, door):
    calendar = await made(owner, door)
    path = f"/api/v1/calendars/{calendar['id']}"
    assert (await owner.patch(path, {"name": "A"}, if_match='"v1"')).status == 200
    assert (await owner.patch(path, {"name": "B"}, if_match='"v1"')).status == 412
    answer = await owner.patch(path, {"is_enabled": False})
    assert answer.json["is_enabled"] is False
    asked = len(world.house.calendars.fetcher.asked)
    await world.house.calendars.step()
    assert len(world.house.calendars.fetcher.asked) == asked


async def test_what_is_no_calendar_is_told_in_plain_words(world, owner, door):
    calendar = await made(owner, door)
    world.house.calendars.fetcher.octets = b"<html>log in</html>"
    answer = (await owner.post(f"/api/v1/calendars/{calendar['id']}/refresh", {})).json
    assert "no calendar" in answer["last_error"]
    assert "log in" not in answer["last_error"]


def test_digits_are_a_code_only_where_the_lock_takes_so_few():
    short = Capabilities(has_users=True, kinds={CredentialKind.PIN: 10}, pin_length=(4, 8))
    long = Capabilities(has_users=True, kinds={CredentialKind.PIN: 10}, pin_length=(6, 10))
    none = Capabilities(has_users=True)
    assert digits_for(short, "4048") == "4048"
    assert digits_for(short, "4915123454048") == "4048"
    assert digits_for(long, "4048") is None
    assert digits_for(long, "4915123454048") == "454048"
    assert digits_for(short, "1234") is None
    assert digits_for(short, "48") is None
    assert digits_for(none, "4048") is None
