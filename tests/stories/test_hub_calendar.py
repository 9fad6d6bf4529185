"""A calendar's stays at real doors: over the night in which the clocks are set, back to back, moved, missing and over."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.support import world
from tests.support.calendars import FakeFetcher, at_once, ical
from tests.support.hub import OWNER, tell

from latchwork.hub.calendars.rows import Calendar
from latchwork.hub.journal.entries import Kind

BERLIN = ZoneInfo("Europe/Berlin")
URL = "https://calendars.example/secret-address.ics"


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def tell_from(text, play, **rest):
    """A story that begins on this date."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "NEW_YEAR_2026", instant(text))
        tell(play, **rest)


async def until(house, text):
    await house.settle(instant(text) - house.world.clock.utc())


async def letting(house, *events, **settings):
    """The hub reads this calendar for the front door."""
    fetcher = plugged(house, FakeFetcher(ical(*events)))
    made = await house.hub.calendars.add(
        Calendar(id="", door_id=house.door_id("Front"), name="Airbnb", **settings), URL, actor=OWNER
    )
    await house.settle(60)
    return fetcher, made


def plugged(house, fetcher):
    house.hub.calendars.fetcher = fetcher
    house.hub.calendars.run = at_once
    return fetcher


async def guests(house):
    """Codes and names of those who stay, by their calendar's order."""
    found = {}
    for access in house.hub.repository.accesses():
        code = await house.hub.people.reveal(access.credential_ids[0], actor=OWNER)
        found[house.hub.repository.person(access.person_id).name] = bytes(code).decode()
    return found


async def opens(house, name, code):
    """Whether a code opens; the door is locked again."""
    house.device_at(name).handle({"turn": "lock"})
    await house.settle(5)
    await house.enter(name, code)
    is_open = house.device_at(name).state != "LOCKED"
    house.device_at(name).handle({"turn": "lock"})
    await house.settle(5)
    return is_open


def over_the_change(model):
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", model)
        await letting(house, ("stay-1", "2026-03-28", "2026-03-30", "Reserved"))
        ((name, code),) = (await guests(house)).items()
        assert name == "Guest 2026-03-28"
        await until(house, "2026-03-28T14:55")
        assert not await opens(house, "Front", code)
        await until(house, "2026-03-28T15:02")
        assert await opens(house, "Front", code)
        # The night in which the wall shows no time from 2 to 3.
        await until(house, "2026-03-29T12:00")
        assert await opens(house, "Front", code)
        await until(house, "2026-03-30T10:55")
        assert await opens(house, "Front", code)
        await until(house, "2026-03-30T11:02")
        assert not await opens(house, "Front", code)
        await until(house, "2026-03-30T13:00")
        assert house.codes("Front") == set()
        (person,) = house.hub.repository.persons(with_left=True)
        assert person.left_at is not None
        assert house.hub.people.removal(person.id).is_complete
        opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert {each.person_name for each in opened if each.person_id} == {name}

    return play


def test_a_stay_over_the_change_of_the_clocks_begins_and_ends_by_the_wall():
    tell_from("2026-03-27T12:00", over_the_change("u400"))


def test_the_same_where_the_lock_has_no_schedules_and_the_hub_sees_to_it():
    tell_from("2026-03-27T12:00", over_the_change("generic"))


def test_in_autumn_the_hour_that_is_shown_twice_is_the_guests():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await letting(house, ("stay-1", "2026-10-24", "2026-10-25", "Reserved"), check_out=2 * 60 + 30)
        (code,) = (await guests(house)).values()
        second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN).timestamp()
        await house.settle(second - 300 - house.world.clock.utc())
        assert datetime.fromtimestamp(house.world.clock.utc(), UTC).hour == 1
        assert await opens(house, "Front", code)
        await house.settle(second + 120 - house.world.clock.utc())
        assert not await opens(house, "Front", code)

    tell_from("2026-10-24T10:00", play)


def test_one_guest_leaves_and_the_next_one_comes_on_the_same_day_with_another_code():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await letting(
            house,
            ("one", "2026-05-02", "2026-05-04", "Reserved - Ada Byron"),
            ("two", "2026-05-04", "2026-05-06", "Reserved - Ben Okri"),
            ("closed", "2026-05-06", "2026-05-20", "Airbnb (Not available)"),
        )
        codes = await guests(house)
        assert set(codes) == {"Ada Byron", "Ben Okri"}
        assert len(set(codes.values())) == 2
        for time, who in (
            ("2026-05-04T10:50", "Ada Byron"),
            ("2026-05-04T13:00", None),
            ("2026-05-04T15:10", "Ben Okri"),
        ):
            await until(house, time)
            assert [name for name, code in codes.items() if await opens(house, "Front", code)] == ([who] if who else [])
        await house.settle(600)
        assert house.codes("Front") == {codes["Ben Okri"]}

    tell_from("2026-05-01T12:00", play)


def test_a_stay_that_is_moved_keeps_its_code_and_one_that_is_cancelled_loses_it(tmp_path):
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        fetcher, made = await letting(house, ("one", "2026-05-02", "2026-05-04", "Ada Byron"))
        (code,) = (await guests(house)).values()
        fetcher.octets = ical(("one", "2026-05-03", "2026-05-05", "Ada Byron"))
        await house.hub.calendars.refresh(made.id)
        await house.settle(60)
        assert await guests(house) == {"Ada Byron": code}
        # The hub dies and comes back: nothing is made twice.
        await house.crash()
        await house.open()
        plugged(house, fetcher)
        await house.hub.calendars.refresh(made.id)
        assert await guests(house) == {"Ada Byron": code}
        await until(house, "2026-05-02T16:00")
        assert not await opens(house, "Front", code)
        await until(house, "2026-05-03T16:00")
        assert await opens(house, "Front", code)
        fetcher.octets = ical(("one", "2026-05-03", "2026-05-05", "Ada Byron", "STATUS:CANCELLED"))
        await house.hub.calendars.refresh(made.id)
        await house.settle(60)
        assert house.codes("Front") == set()
        told = [each.detail["did"] for each in await house.journal(kinds=frozenset({Kind.AUDIT}))]
        assert [did for did in told if did.startswith("stay_")] == ["stay_added", "stay_moved", "stay_cancelled"]

    tell_from("2026-05-01T12:00", play, folder=tmp_path)


def test_an_empty_calendar_throws_nobody_out_and_says_so():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        fetcher, made = await letting(
            house,
            ("one", "2026-05-01", "2026-05-04", "Ada Byron"),
            ("two", "2026-05-04", "2026-05-06", "Ben Okri"),
        )
        await until(house, "2026-05-01T16:00")
        codes = await guests(house)
        fetcher.octets = ical()
        await until(house, "2026-05-01T23:00")
        assert await guests(house) == codes
        assert await opens(house, "Front", codes["Ada Byron"])
        assert "kept for a day" in house.hub.calendars.calendar(made.id).warning
        await until(house, "2026-05-03T10:00")
        # After a day the stay that has not begun is believed to be gone; who is in the house stays.
        assert await guests(house) == {"Ada Byron": codes["Ada Byron"]}
        assert await opens(house, "Front", codes["Ada Byron"])
        await until(house, "2026-05-04T13:00")
        assert house.codes("Front") == set()

    tell_from("2026-05-01T12:00", play)


def test_what_people_took_back_the_calendar_does_not_bring_again():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        _, made = await letting(house, ("one", "2026-05-02", "2026-05-04", "Ada Byron"))
        (access,) = house.hub.repository.accesses()
        await house.hub.people.revoke(access.id, actor=OWNER)
        await house.hub.calendars.refresh(made.id)
        await until(house, "2026-05-03T12:00")
        assert house.hub.repository.accesses() == []
        assert house.codes("Front") == set()

    tell_from("2026-05-01T12:00", play)


def test_a_guest_who_was_given_more_than_the_stay_does_not_leave_with_it():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        await house.door("Garden", "u400")
        await letting(house, ("one", "2026-05-01", "2026-05-02", "Ada Byron"))
        (access,) = house.hub.repository.accesses()
        more = replace(access, id="", door_ids=(house.door_id("Garden"),), origin="", version=1)
        await house.hub.people.grant(
            replace(more, rule=type(access.rule)(access.rule.start, access.rule.end + 1e6)), actor=OWNER
        )
        await until(house, "2026-05-02T13:00")
        assert house.hub.repository.person(access.person_id).left_at is None
        assert house.codes("Front") == set()
        assert len(house.codes("Garden")) == 1

    tell_from("2026-05-01T12:00", play)
