"""A house with a hub, and what is not always there: the lock, its memory, its clock, and the hub itself."""

import asyncio

import pytest
from tests.support.hub import OWNER, put_user, tell

from latchwork.base.errors import Unreachable
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.house.rules import Once, Window
from latchwork.hub.journal.entries import Kind, Why
from latchwork.hub.keeping.keeper import State
from latchwork.hub.status import Operation
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.onboarding import qr_code
from latchwork.node.icd import IcdConfig, Trigger
from latchwork.stack.memory import Weather

HOUR, DAY = 3600.0, 86_400.0
NEW_YEAR_2026 = 1_767_225_600.0
LONG = IcdConfig(
    idle_s=1800,
    active_ms=1000,
    threshold_ms=5000,
    slow_poll_ms=600_000,
    is_long_idle=True,
    trigger=Trigger.ACTUATE_SENSOR,
)
SHORT = IcdConfig(idle_s=60, active_ms=300, threshold_ms=1000, slow_poll_ms=5000)


def keeper(house, name):
    return house.hub.keepers.get(house.lock_id(name))


def troubles(house, name):
    return house.hub.repository.troubles(house.lock_id(name))


async def doze(house, name):
    for _ in range(600):
        if not house.device_at(name).node.sleep.is_active:
            return
        await asyncio.sleep(1)
    raise AssertionError("it never sleeps")


# A lock that sleeps


def test_a_guests_code_waits_for_a_lock_that_sleeps_and_arrives_when_it_wakes():
    async def play(house):
        await house.door("Front")
        await house.door("Garden", "u400", icd=LONG)
        await house.settle()
        await doze(house, "Garden")
        begin = house.world.clock.utc()
        window = Window(begin, begin + 3 * DAY)
        _, credential = await house.person("Guest", "604183", ["Front", "Garden"], window)
        await house.settle(5)
        assert house.codes("Front") == {"604183"}
        assert house.codes("Garden") == set()
        assert keeper(house, "Garden").state is State.WAITING
        (trouble,) = troubles(house, "Garden")
        assert trouble.code is TroubleCode.ASLEEP
        assert "wake" in trouble.advice
        assert house.lock_id("Garden") not in house.proofs(credential)
        await house.settle(1900)
        assert house.codes("Garden") == {"604183"}
        assert troubles(house, "Garden") == ()
        assert house.proofs(credential)[house.lock_id("Garden")] in {"OCCUPIED", "PROVED"}

    tell(play)


def test_a_touch_brings_a_sleeping_lock_its_code_at_once():
    async def play(house):
        await house.door("Garden", "u400", icd=LONG)
        await house.settle()
        await doze(house, "Garden")
        await house.person("Guest", "604183", ["Garden"])
        await house.settle(5)
        assert house.codes("Garden") == set()
        await house.enter("Garden", "000000")
        await house.settle(5)
        assert house.codes("Garden") == {"604183"}

    tell(play)


def test_a_lock_that_sleeps_shortly_gets_its_code_within_seconds_and_is_not_told_to_be_unreachable():
    async def play(house):
        await house.door("Garden", "u400", icd=SHORT)
        await house.settle()
        await doze(house, "Garden")
        await house.person("Guest", "604183", ["Garden"])
        await house.settle(60)
        assert house.codes("Garden") == {"604183"}
        await house.settle(2 * DAY)
        assert await house.journal(kinds=frozenset({Kind.REACHABILITY})) == []

    tell(play)


def test_a_lock_that_sleeps_for_days_is_not_woken_again_and_again():
    async def play(house):
        await house.door("Garden", "u400", icd=LONG)
        await house.person("Ada", "739218", ["Garden"])
        await house.person("Ben", "481604", ["Garden"])
        await house.settle(HOUR)
        sent = house.world.air.sent
        await house.settle(5 * DAY)
        # A report and its answers each half hour, and no more than a handful of other words.
        assert house.world.air.sent - sent < 5 * 48 * 12
        assert await house.journal(kinds=frozenset({Kind.REACHABILITY})) == []

    tell(play)


def test_a_hub_that_starts_while_a_lock_sleeps_waits_for_it_and_does_not_call_it_unreachable(tmp_path):
    async def play(house):
        await house.door("Garden", "u400", icd=LONG)
        await house.person("Ada", "739218", ["Garden"])
        await house.settle()
        await doze(house, "Garden")
        await house.crash()
        await house.settle(60)
        await house.open()
        await house.settle(60)
        status = house.hub.locks.status(house.lock_id("Garden"))
        assert (status.is_reachable, status.since) == (False, None)
        assert "sleeps" in status.why
        await house.person("Ben", "481604", ["Garden"])
        await house.settle(2 * HOUR)
        assert house.hub.locks.status(house.lock_id("Garden")).is_reachable
        assert house.codes("Garden") == {"739218", "481604"}
        assert await house.journal(kinds=frozenset({Kind.REACHABILITY})) == []
        await house.enter("Garden", "481604")
        await house.settle(60)
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert opened.person_name == "Ben"

    tell(play, folder=tmp_path)


# A lock that is out of reach


def test_a_lock_out_of_reach_is_told_with_its_reason_and_gets_what_it_missed():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        house.fault("Front", "out-of-range")
        await house.settle(600)
        _, credential = await house.person("Ben", "481604", ["Front"])
        await house.settle(60)
        status = house.hub.locks.status(house.lock_id("Front"))
        assert not status.is_reachable
        assert status.why
        assert status.since is not None
        (trouble,) = troubles(house, "Front")
        assert trouble.code is TroubleCode.UNREACHABLE
        assert keeper(house, "Front").state is State.WAITING
        # The command that got no answer stays as a question, and claims nothing.
        assert set(house.proofs(credential).values()) <= {"NONE"}
        with pytest.raises(Unreachable):
            await house.hub.locks.operate(house.lock_id("Front"), Operation.UNLOCK, actor=OWNER)
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(1200)
        assert house.codes("Front") == {"739218", "481604"}
        assert troubles(house, "Front") == ()
        assert house.hub.locks.status(house.lock_id("Front")).is_reachable
        told = [each.detail["reachable"] for each in await house.journal(kinds=frozenset({Kind.REACHABILITY}))]
        assert told == [False, True]

    tell(play)


def test_what_happened_out_of_reach_is_in_the_journal_afterwards_at_its_own_time():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        house.fault("Front", "out-of-range")
        await house.settle(HOUR)
        at = house.world.clock.utc()
        await house.enter("Front", "739218")
        await house.settle(2 * HOUR)
        assert await house.journal(kinds=frozenset({Kind.OPENED})) == []
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(1200)
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert opened.person_name == "Ada"
        assert abs(opened.lock_at - at) < 60
        assert opened.at > at + 2 * HOUR
        assert house.hub.journal.numbers(house.peer("Front").node_id).missing == ()

    tell(play)


# A lock that is full


def test_a_lock_that_is_full_is_told_and_the_next_one_moves_in_when_there_is_room():
    async def play(house):
        await house.door("Front")
        house.fault("Front", "full", "2")
        house.hub.locks.wake(house.lock_id("Front"))
        await house.settle(5)
        # What the lock can do is asked when the hub begins to keep it.
        keeper(house, "Front")._has_met = False
        ada, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle(1)
        await house.person("Ben", "481604", ["Front"])
        await house.settle(1)
        cleo, _ = await house.person("Cleo", "926357", ["Front"])
        house.hub.locks.wake(house.lock_id("Front"))
        await house.settle()
        assert house.codes("Front") == {"739218", "481604"}
        (trouble,) = [each for each in troubles(house, "Front") if each.is_error]
        assert (trouble.code, trouble.person_id) == (TroubleCode.LOCK_FULL, cleo.id)
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"481604", "926357"}
        assert troubles(house, "Front") == ()
        assert house.hub.people.removal(ada.id).is_complete

    tell(play)


def test_a_lock_full_of_others_says_how_many():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await put_user(theirs, 1, "Cleaners", "826419")
        house.fault("Front", "full", "1")
        keeper(house, "Front")._has_met = False
        house.hub.locks.wake(house.lock_id("Front"))
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        (trouble,) = [each for each in troubles(house, "Front") if each.is_error]
        assert trouble.code is TroubleCode.LOCK_FULL
        assert "1 of them by others" in trouble.message
        assert house.codes("Front") == {"826419"}

    tell(play)


# The hub is off


def test_a_hub_that_was_off_for_two_days_has_a_whole_journal_afterwards(tmp_path):
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.person("Ben", "481604", ["Front"])
        await house.settle()
        await house.switch_off()
        came = []
        for number in range(16):
            await asyncio.sleep(3 * HOUR)
            code, name = (("739218", "Ada"), ("481604", "Ben"))[number % 2]
            came.append((name, round(house.world.clock.utc())))
            await house.enter("Front", code)
            house.device_at("Front").handle({"turn": "lock"})
        await put_user(theirs, 9, "Cleaners", "826419")
        await house.open()
        await house.settle(60)
        opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert [entry.person_name for entry in opened] == [name for name, _ in came]
        assert all(abs(entry.lock_at - at) < 60 for entry, (_, at) in zip(opened, came, strict=True))
        assert len({entry.at for entry in opened}) == 1
        added = [each for each in await house.journal(kinds=frozenset({Kind.USER_ADDED})) if not each.person_id]
        assert [each.why_unknown for each in added] == [Why.FOREIGN_USER]
        assert await house.journal(kinds=frozenset({Kind.GAP, Kind.GAP_LOST})) == []
        assert (await house.hub.journal.verify()).first_bad is None
        # Its own people stay, and theirs too.
        assert house.codes("Front") == {"739218", "481604", "826419"}
        assert await house.journal(kinds=frozenset({Kind.REPAIRED})) == []

    tell(play, folder=tmp_path)


def test_what_the_lock_itself_has_forgotten_meanwhile_is_a_gap_that_is_told(tmp_path):
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        numbers = house.hub.journal.numbers(house.peer("Front").node_id)
        await house.switch_off()
        for _ in range(600):
            house.device_at("Front").handle({"turn": "unlock"})
            await asyncio.sleep(30)
            house.device_at("Front").handle({"turn": "lock"})
            await asyncio.sleep(30)
        await house.open()
        await house.settle(60)
        lost = await house.journal(kinds=frozenset({Kind.GAP_LOST}))
        opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert len(opened) < 600
        (gap,) = lost
        assert gap.detail["from"] == numbers.next
        first = min(each.event_number for each in await house.journal() if (each.event_number or 0) > numbers.next)
        assert gap.detail["to"] == first - 1
        assert gap.why_unknown is Why.MISSED
        assert house.hub.journal.numbers(house.peer("Front").node_id).missing == ()
        assert troubles(house, "Front") == ()

    tell(play, folder=tmp_path)


def test_a_change_by_others_while_the_hub_was_off_is_put_right_and_told(tmp_path):
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await house.switch_off()
        await theirs.invoke(1, DoorLock.clear_user, wire.ClearUser(user_index=1))
        await asyncio.sleep(DAY)
        await house.open()
        await house.settle()
        assert house.codes("Front") == {"739218"}
        assert [each.person_name for each in await house.journal(kinds=frozenset({Kind.REPAIRED}))] == ["Ada"]

    tell(play, folder=tmp_path)


def test_a_one_time_code_used_while_the_hub_was_off_is_gone_from_the_other_door_when_it_is_back(tmp_path):
    async def play(house):
        await house.door("Front")
        await house.door("Back", "u400")
        await house.person("Plumber", "604183", ["Front", "Back"], Once())
        await house.settle()
        await house.switch_off()
        await house.enter("Front", "604183")
        await asyncio.sleep(DAY)
        await house.open()
        await house.settle()
        assert house.codes("Front") == house.codes("Back") == set()
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert opened.person_name == "Plumber"

    tell(play, folder=tmp_path)


# The hub is killed


@pytest.mark.parametrize("at", [round(0.06 * number, 2) for number in range(1, 14)])
def test_a_hub_killed_in_the_middle_of_syncing_loses_nothing_and_does_nothing_twice(at, tmp_path):
    async def play(house):
        await house.door("Front")
        await house.person("Dora", "350947", ["Front"])
        dora, _ = await house.person("Old", "926357", ["Front"])
        await house.settle()
        house.world.air.weather = Weather(delay=0.02)
        await house.hub.people.move_out(dora.id, actor=OWNER)
        for name, code in (("Ada", "739218"), ("Ben", "481604")):
            await house.person(name, code, ["Front"])
        await asyncio.sleep(at)
        await house.crash()
        house.world.air.weather = Weather()
        await house.open()
        await house.settle(60)
        assert house.codes("Front") == {"350947", "739218", "481604"}
        assert sorted(user.name for user in house.users("Front")) == ["Ada", "Ben", "Dora"]
        assert troubles(house, "Front") == ()
        placed = house.hub.repository.placed(house.lock_id("Front"))
        assert {user.index for user in placed.users} == {user.index for user in house.users("Front")}
        assert not any(each.is_pending for each in (*placed.users, *placed.credentials))
        added = await house.journal(kinds=frozenset({Kind.USER_ADDED}))
        assert len(added) == 4
        assert await house.journal(kinds=frozenset({Kind.REPAIRED})) == []
        assert house.hub.people.removal(dora.id).is_complete

    tell(play, folder=tmp_path)


# The lock is reset


def test_a_lock_reset_at_the_door_is_told_with_how_to_go_on_and_comes_back_with_everybody():
    async def play(house):
        await house.door("Front", "generic")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        house.device_at("Front").handle({"hold": "reset", "seconds": 11})
        await house.settle(900)
        assert house.codes("Front") == set()
        (trouble,) = troubles(house, "Front")
        assert trouble.code is TroubleCode.UNREACHABLE
        assert "reset" in f"{trouble.message} {trouble.advice}"
        door_id = house.door_id("Front")
        gone = house.lock_id("Front")
        await house.hub.locks.replace(door_id, house.device_at("Front").qr, actor=OWNER, tell=lambda _: None)
        await house.settle(300)
        assert house.lock_id("Front") != gone
        assert house.codes("Front") == {"739218"}
        # Its door sensor has forgotten the door, too.
        (left,) = troubles(house, "Front")
        assert (left.code, left.is_error) == (TroubleCode.DOOR_SENSOR, False)
        house.device_at("Front").handle({"calibrate": True})
        await house.settle(60)
        assert troubles(house, "Front") == ()

    tell(play)


def test_a_lock_that_was_reset_while_the_hub_was_off_is_not_said_to_be_empty(tmp_path):
    async def play(house):
        await house.door("Front", "generic")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await house.switch_off()
        house.device_at("Front").handle({"hold": "reset", "seconds": 11})
        await house.settle(60)
        await house.open()
        await house.settle(300)
        (trouble,) = troubles(house, "Front")
        assert trouble.code is TroubleCode.UNREACHABLE
        assert "does not know this hub any more" in trouble.message
        assert "still open" in trouble.message  # nobody has said that it was a reset

    tell(play, folder=tmp_path)


def test_a_hub_that_another_ecosystem_took_off_a_lock_says_that_its_codes_still_open():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        lock = house.hub.repository.lock(house.lock_id("Front"))
        await theirs.remove_fabric(lock.fabric_index)
        await house.settle(900)
        assert house.codes("Front") == {"739218"}
        (trouble,) = troubles(house, "Front")
        assert "still open" in trouble.message
        status = house.hub.locks.status(lock.id)
        assert not status.is_reachable
        assert status.why != "it stopped reporting"  # somebody has asked why
        # They let it in again: what it had put there is nobody's now, and the owner decides about it by name.
        payload = await theirs.open_window()
        code = qr_code(payload)
        await house.hub.locks.replace(house.door_id("Front"), code, actor=OWNER, tell=lambda _: None)
        await house.settle(300)
        (trouble,) = [each for each in troubles(house, "Front") if each.is_error]
        assert trouble.code is TroubleCode.DUPLICATE_CODE
        await house.hub.locks.clear_foreign(house.lock_id("Front"), 1, None, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"739218"}
        assert troubles(house, "Front") == ()

    tell(play)


def test_a_lock_that_lost_its_people_and_not_its_fabric_gets_them_again():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.person("Ben", "481604", ["Front"])
        await house.settle()
        theirs = await house.other("Front")
        for index in (1, 2):
            await theirs.invoke(1, DoorLock.clear_user, wire.ClearUser(user_index=index))
        await house.settle()
        assert house.codes("Front") == {"739218", "481604"}
        assert {each.person_name for each in await house.journal(kinds=frozenset({Kind.REPAIRED}))} == {"Ada", "Ben"}

    tell(play)


# A defect of ours


def test_a_defect_while_a_lock_is_kept_in_line_is_told_and_does_not_end_the_work(monkeypatch):
    async def play(house):
        await house.door("Front")
        await house.door("Back")
        await house.settle()

        async def broken(*_):
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr("latchwork.hub.keeping.carrying.perform", broken)
            await house.person("Ada", "739218", ["Front"])
            await house.settle()
            (trouble,) = troubles(house, "Front")
            assert "hub could not look after" in trouble.message
            assert "defect" in trouble.advice
            assert house.hub.locks.status(house.lock_id("Front")).is_reachable
        await house.settle(900)
        assert house.codes("Front") == {"739218"}
        assert troubles(house, "Front") == ()

    tell(play)


def test_a_defect_while_a_lock_is_listened_to_makes_nobody_deaf(monkeypatch):
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()

        async def broken(*_):
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr("latchwork.hub.listening.watching.take_uses", broken)
            await house.enter("Front", "739218")
        await house.settle(60)
        house.device_at("Front").handle({"turn": "lock"})
        await house.enter("Front", "739218")
        opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert [entry.person_name for entry in opened] == ["Ada", "Ada"]

    tell(play)
