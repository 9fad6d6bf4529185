"""Who is told of what happens at the doors, and how often."""

from tests.support.calendars import FakeFetcher, at_once
from tests.support.hub import OWNER, tell
from tests.support.notes import FakeSender

from latchwork.hub.calendars.rows import Calendar
from latchwork.hub.house.rules import Window
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.notify.rules import Rule

URL = "json://receiver.example/secret-token"


async def told(house, *topics, **rest):
    """Somebody is told of these from now on."""
    sender = house.hub.notifications.sender
    if not isinstance(sender, FakeSender):
        sender = house.hub.notifications.sender = FakeSender()
    rule = await house.hub.notifications.add(Rule(id="", name="Me", topics=frozenset(topics), **rest), URL, actor=OWNER)
    return sender, rule


def test_somebody_comes_home_and_the_owner_hears_who_where_and_how():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        sender, rule = await told(house, "opened", "refused")
        await house.enter("Front", "739218")
        await house.settle(10)
        assert sender.lines == ["Front: opened by Ada with a code"]
        assert sender.got[0][1] == "Home"
        await house.enter("Front", "111222")
        await house.settle(10)
        assert sender.lines[-1].startswith("Front: a code or key was refused")
        assert "111222" not in str(sender.got)
        assert "739218" not in str(sender.got)
        assert house.hub.notifications.rule(rule.id).last_ok is not None

    tell(play)


def test_rules_by_door_and_by_person():
    async def play(house):
        await house.door("Front")
        await house.door("Back", "u400")
        ada, _ = await house.person("Ada", "739218", ["Front", "Back"])
        await house.person("Ben", "481604", ["Front", "Back"])
        await house.settle()
        sender, _ = await told(house, "opened", door_ids=(house.door_id("Back"),), person_ids=(ada.id,))
        for door in ("Front", "Back"):
            for code in ("739218", "481604"):
                await house.enter(door, code)
                house.device_at(door).handle({"turn": "lock"})
                await house.settle(10)
        assert sender.lines == ["Back: opened by Ada with a code"]

    tell(play)


def test_a_lock_that_is_silent_is_told_once_and_so_is_its_return():
    async def play(house):
        await house.door("Front")
        await house.settle()
        sender, _ = await told(house, "unreachable", unreachable_after_s=600.0)
        house.fault("Front", "out-of-range")
        await house.settle(3 * 3600)
        assert len(sender.lines) == 1
        assert sender.lines[0].startswith("Front: the lock has not answered for")
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(3600)
        assert sender.lines[1:] == ["Front: the lock answers again"]

    tell(play)


def test_an_access_that_is_about_to_begin_without_its_code_is_told_in_time():
    async def play(house):
        await house.door("Front", "u400")
        await house.door("Back", "u400")
        await house.settle()
        sender, _ = await told(house, "access_not_in_place")
        house.fault("Front", "out-of-range")
        start = house.world.clock.utc() + 4 * 3600
        await house.person("Guest", "604183", ["Front", "Back"], Window(start, start + 86_400))
        await house.settle(2.5 * 3600)
        assert sender.lines == []
        await house.settle(3600)
        assert sender.lines == ["Front: the access of Guest is about to begin, and the code is not on the lock"]
        await house.settle(2 * 3600)
        assert len(sender.lines) == 1

    tell(play)


def test_duress_is_told_at_once_in_the_middle_of_the_night_and_the_rest_in_the_morning():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        minute = int(house.world.clock.utc() % 86_400 // 60)
        sender, _ = await told(house, "opened", "duress", quiet_from=(minute - 5) % 1440, quiet_to=(minute + 60) % 1440)
        await house.enter("Front", "739218")
        await house.settle(30)
        assert sender.got == []
        door = house.hub.repository.doors()[0]
        await house.hub.desk.note(
            Entry(at=house.hub.desk.now(), kind=Kind.DURESS, door_id=door.id, door_name="Front", person_name="Ada")
        )
        await house.settle(1)
        assert sender.lines == ["Front: OPENED UNDER DURESS by Ada"]
        await house.settle(3700)
        assert sender.lines[1:] == ["Front: opened by Ada with a code"]

    tell(play)


def test_a_storm_is_a_few_messages():
    async def play(house):
        await house.door("Front")
        await house.settle()
        sender, _ = await told(house, "alarm", "door_opened")
        now = house.hub.desk.now()
        await house.hub.desk.note(*(Entry(at=now, kind=Kind.DOOR_OPENED, door_name="Front") for _ in range(100)))
        await house.settle(120)
        ((_, _, body),) = sender.got
        assert body.endswith("and 95 more")

    tell(play)


def test_what_could_not_be_sent_is_sent_later_also_after_the_hub_died(tmp_path):
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        sender, rule = await told(house, "opened")
        sender.trouble = "the service cannot be reached"
        await house.enter("Front", "739218")
        await house.settle(3600)
        assert 3 <= sender.tries <= 10
        assert house.hub.notifications.rule(rule.id).last_error == "the service cannot be reached"
        await house.crash()
        await house.open()
        house.hub.notifications.sender = sender
        sender.trouble = ""
        await house.settle(60)
        assert sender.lines == ["Front: opened by Ada with a code"]
        assert house.hub.notifications.rule(rule.id).last_error == ""
        await house.crash()
        await house.open()
        house.hub.notifications.sender = sender
        await house.settle(60)
        assert len(sender.got) == 1, "what was sent is not sent again"

    tell(play, folder=tmp_path)


def test_a_receiver_that_is_gone_holds_up_nobody_else_and_duress_is_tried_at_once():
    async def play(house):
        await house.door("Front")
        await house.settle()
        sender, _ = await told(house, "door_opened", "duress")
        sender.trouble = "gone"
        await house.hub.desk.note(Entry(at=house.hub.desk.now(), kind=Kind.DOOR_OPENED, door_name="Front"))
        await house.settle(2000)
        tries = sender.tries
        sender.trouble = ""
        await house.hub.desk.note(Entry(at=house.hub.desk.now(), kind=Kind.DURESS, door_name="Front"))
        await house.settle(10)
        assert sender.tries > tries
        assert sender.lines[0] == "Front: OPENED UNDER DURESS"
        assert sender.lines[1:] == ["Front: the door was opened"]

    tell(play)


def test_a_calendar_that_is_not_read_any_more_is_told():
    async def play(house):
        await house.door("Front")
        sender, _ = await told(house, "calendar_failed")
        fetcher = house.hub.calendars.fetcher = FakeFetcher()
        house.hub.calendars.run = at_once
        fetcher.trouble = "no internet"
        calendar = Calendar(id="", door_id=house.door_id("Front"), name="Airbnb")
        await house.hub.calendars.add(calendar, "https://calendars.example/secret-token", actor=OWNER)
        await house.settle(4 * 3600)
        assert sender.lines == ["Front: a calendar cannot be read, the stays that are known stand"]

    tell(play)
