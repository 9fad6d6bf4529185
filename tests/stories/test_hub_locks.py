"""A house with a hub whose locks come, are operated, are replaced and go."""

import asyncio

import pytest
from tests.support.hub import OWNER, put_user, tell

from latchwork.base.errors import Misuse, Unreachable, Unsupported
from latchwork.controller.steps import CommissioningFailed
from latchwork.hub.books.rows import NotFound
from latchwork.hub.journal.entries import How, Kind, Why
from latchwork.hub.keeping.keeper import State
from latchwork.hub.status import Operation
from latchwork.stack.memory import Weather


async def journal(house, *kinds):
    return await house.journal(kinds=frozenset(kinds))


async def people_in(house, *doors):
    """Two people with codes on these doors."""
    people = [await house.person(name, code, list(doors)) for name, code in (("Ada", "739218"), ("Ben", "481604"))]
    await house.settle()
    return people


BOTH = {"739218", "481604"}


# Coming


def test_a_lock_comes_with_its_steps_told_and_a_door():
    async def play(house):
        device, steps = await house.device("Front"), []
        lock = await house.hub.locks.add(device.qr, door_name="Front", door_id=None, actor=OWNER, tell=steps.append)
        assert len(steps) == len(set(steps)) > 5
        assert steps[-2:] == ["ask what the lock is", "register for when it wakes"]
        assert (lock.vendor, lock.product, lock.fabric_index) == ("Latchwork", "Latchwork Lock", 1)
        await house.settle(5)
        assert house.hub.keepers.get(lock.id).state is State.IN_LINE
        can, status = house.hub.locks.capabilities(lock.id), house.hub.locks.status(lock.id)
        assert (can.has_users, can.users, can.pin_length, can.has_latch) == (True, 50, (4, 8), True)
        assert (status.lock_state, status.is_reachable, status.battery_level) == ("locked", True, "ok")
        (came,) = await journal(house, Kind.COMMISSIONED)
        assert (came.door_name, came.actor) == ("Front", OWNER)

    tell(play)


def test_a_second_lock_on_a_door_that_has_one_is_refused_before_it_is_touched():
    async def play(house):
        await house.door("Front")
        device = await house.device("Other")
        with pytest.raises(Misuse, match="has a lock"):
            await house.hub.locks.add(
                device.qr, door_name="", door_id=house.door_id("Front"), actor=OWNER, tell=lambda _: None
            )
        assert not device.is_commissioned

    tell(play)


def test_a_lock_that_does_not_answer_when_it_should_come_changes_nothing():
    async def play(house):
        device = await house.device("Front")
        house.fault("Front", "out-of-range")
        with pytest.raises(CommissioningFailed):
            await house.hub.locks.add(device.qr, door_name="Front", door_id=None, actor=OWNER, tell=lambda _: None)
        assert house.hub.repository.doors() == []
        assert house.hub.repository.locks() == []

    tell(play)


def test_a_lock_that_joined_and_was_silent_then_gets_its_door_when_it_speaks_again():
    async def play(house):
        device = await house.device("Front")

        def tell(step):
            if step == "ask what the lock is":
                house.fault("Front", "out-of-range")

        with pytest.raises(Unreachable):
            await house.hub.locks.add(device.qr, door_name="Front", door_id=None, actor=OWNER, tell=tell)
        assert house.hub.repository.locks() == []
        device.take_fault("out-of-range")
        await house.settle(600)
        assert [door.name for door in house.hub.repository.doors()] == ["Front"]
        await people_in(house, "Front")
        assert house.codes("Front") == BOTH

    tell(play)


# From afar


def test_a_lock_is_operated_from_afar_and_the_journal_says_by_whom():
    async def play(house):
        lock_id = await house.door("Front")
        await house.settle(5)
        for operation, state in ((Operation.UNLOCK, "UNLOCKED"), (Operation.LOCK, "LOCKED")):
            await house.hub.locks.operate(lock_id, operation, actor=OWNER)
            await house.settle(20)
            assert house.device_at("Front").state in {state, "UNLATCHED"}
        audits = [entry.detail["did"] for entry in await journal(house, Kind.AUDIT)]
        assert audits == ["unlock", "lock"]
        for entry in await journal(house, Kind.OPENED, Kind.LOCKED, Kind.UNLATCHED):
            assert (entry.how, entry.why_unknown, entry.person_id) == (How.REMOTE, Why.HUB, None)

    tell(play)


def test_a_lock_without_a_latch_is_not_asked_to_leave_it():
    async def play(house):
        lock_id = await house.door("Front", "u400")
        await house.settle(5)
        with pytest.raises(Unsupported):
            await house.hub.locks.operate(lock_id, Operation.UNBOLT, actor=OWNER)
        with pytest.raises(NotFound):
            await house.hub.locks.operate("lock_none", Operation.LOCK, actor=OWNER)

    tell(play)


# Replaced


def test_a_lock_is_replaced_and_everybody_moves_and_the_old_one_is_empty():
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        old_id, old = house.lock_id("Front"), house.device_at("Front")
        new = await house.device("New", "u400")
        await house.hub.locks.replace(house.door_id("Front"), new.qr, actor=OWNER, tell=lambda _: None)
        await house.settle()
        assert house.codes("New") == BOTH
        assert house.codes("Front") == set()
        assert not old.is_commissioned
        assert house.hub.repository.placed(old_id).users == ()
        assert house.hub.repository.lock(old_id).gone_at is not None
        (gone,) = await journal(house, Kind.REMOVED)
        assert (gone.lock_id, gone.detail["cleared"]) == (old_id, True)
        assert house.lock_id("Front") != old_id
        await house.enter("New", "739218")
        *_, opened = await journal(house, Kind.OPENED)
        assert (opened.person_name, opened.door_name) == ("Ada", "Front")

    tell(play)


def test_a_broken_lock_is_replaced_and_what_it_may_still_hold_stays_in_the_books():
    async def play(house):
        await house.door("Front")
        (ada, _), _ = await people_in(house, "Front")
        old_id = house.lock_id("Front")
        house.fault("Front", "out-of-range")
        new = await house.device("New")
        await house.hub.locks.replace(house.door_id("Front"), new.qr, actor=OWNER, tell=lambda _: None)
        await house.settle(600)
        assert house.codes("New") == BOTH
        assert house.codes("Front") == BOTH  # it could not be told
        assert len(house.hub.repository.placed(old_id).users) == 2
        (gone,) = await journal(house, Kind.REMOVED)
        assert gone.detail["cleared"] is False
        # Whoever moves out is told that the old lock may still know them.
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle()
        report = house.hub.people.removal(ada.id)
        (left,) = [each for each in report.locks if each.cleared_at is None]
        assert left.lock_id == old_id
        assert "given up" in left.why
        assert house.codes("New") == {"481604"}

    tell(play)


def test_the_journal_of_a_door_goes_on_over_a_replacement():
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        await house.enter("Front", "739218")
        new = await house.device("New")
        await house.hub.locks.replace(house.door_id("Front"), new.qr, actor=OWNER, tell=lambda _: None)
        await house.settle()
        await house.enter("New", "481604")
        opened = await house.journal(door_id=house.door_id("Front"), kinds=frozenset({Kind.OPENED}))
        assert [entry.person_name for entry in opened] == ["Ada", "Ben"]
        assert len({entry.lock_id for entry in opened}) == 2

    tell(play)


def test_a_replacement_that_fails_leaves_the_old_lock_as_it_is():
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        new = await house.device("New")
        house.fault("New", "out-of-range")
        with pytest.raises(CommissioningFailed):
            await house.hub.locks.replace(house.door_id("Front"), new.qr, actor=OWNER, tell=lambda _: None)
        await house.hub.people.move_out(house.hub.repository.persons()[0].id, actor=OWNER)
        await house.settle()
        assert len(house.codes("Front")) == 1

    tell(play)


# Going


def test_a_lock_that_is_removed_is_empty_and_free_and_its_door_stays():
    async def play(house):
        await house.door("Front")
        await house.door("Back")
        await people_in(house, "Front", "Back")
        device, lock_id = house.device_at("Front"), house.lock_id("Front")
        await house.hub.locks.remove(lock_id, is_forced=False, actor=OWNER)
        assert house.codes("Front") == set()
        assert not device.is_commissioned
        assert house.codes("Back") == BOTH
        assert [door.lock_id is None for door in house.hub.repository.doors() if door.name == "Front"] == [True]
        with pytest.raises(Misuse):
            await house.hub.locks.remove(lock_id, is_forced=True, actor=OWNER)
        with pytest.raises(Unreachable):
            await house.hub.locks.operate(lock_id, Operation.LOCK, actor=OWNER)
        await house.settle()
        assert house.codes("Back") == BOTH

    tell(play)


def test_a_lock_out_of_reach_is_not_removed_unless_it_is_given_up():
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        lock_id = house.lock_id("Front")
        house.fault("Front", "out-of-range")
        with pytest.raises(Unreachable):
            await house.hub.locks.remove(lock_id, is_forced=False, actor=OWNER)
        assert house.hub.repository.lock(lock_id).gone_at is None
        # It is kept as before: somebody else who comes is put on it when it is back.
        house.device_at("Front").take_fault("out-of-range")
        await house.person("Cleo", "926357", ["Front"])
        await house.settle(1200)
        assert house.codes("Front") == {*BOTH, "926357"}
        house.fault("Front", "out-of-range")
        await house.hub.locks.remove(lock_id, is_forced=True, actor=OWNER)
        assert house.hub.repository.lock(lock_id).gone_at is not None
        assert len(house.hub.repository.placed(lock_id).users) == 3
        assert house.hub.keepers.find(lock_id) is None

    tell(play)


def test_a_removal_that_stops_in_the_middle_is_taken_up_again():
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        lock_id = house.lock_id("Front")
        house.fault("Front", "slow-answers", "5")
        removing = asyncio.ensure_future(house.hub.locks.remove(lock_id, is_forced=False, actor=OWNER))
        await asyncio.sleep(7)
        house.fault("Front", "out-of-range")
        with pytest.raises(Unreachable):
            await removing
        for fault in ("out-of-range", "slow-answers"):
            house.device_at("Front").take_fault(fault)
        await house.settle(1200)
        # It was not removed, so that everybody is on it again.
        assert house.codes("Front") == BOTH
        await house.hub.locks.remove(lock_id, is_forced=False, actor=OWNER)
        assert house.codes("Front") == set()

    tell(play)


# At the keypad


def test_wrong_codes_and_the_lockout_are_in_the_journal_without_the_codes():
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        for _ in range(10):
            await house.enter("Front", "000111")
        refused = await journal(house, Kind.REFUSED)
        assert len(refused) == 10
        assert {(entry.person_id, entry.why_unknown, entry.how) for entry in refused} == {
            (None, Why.UNKNOWN_CREDENTIAL, How.KEYPAD)
        }
        assert len(await journal(house, Kind.LOCKED_OUT)) == 1
        await house.enter("Front", "739218")
        assert await journal(house, Kind.OPENED) == []
        assert "000111" not in repr(await house.journal())

    tell(play)


def test_what_nobody_can_know_has_its_reason_in_the_journal():
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        device = house.device_at("Front")
        device.handle({"turn": "unlock"})
        await house.settle(5)
        device.handle({"turn": "lock"})
        await house.settle(5)
        theirs = await house.other("Front")
        await put_user(theirs, 9, "Cleaners", "826419")
        await house.settle(5)
        await house.enter("Front", "826419")
        entries = await journal(house, Kind.OPENED, Kind.LOCKED, Kind.UNLATCHED)
        assert {entry.person_id for entry in entries} == {None}
        assert {entry.why_unknown for entry in entries} == {Why.MANUAL, Why.FOREIGN_USER}

    tell(play)


def test_a_silent_alarm_is_told_as_what_it_is():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"], is_duress=True)
        await house.settle()
        await house.enter("Front", "739218")
        kinds = [entry.kind for entry in await house.journal() if entry.event_number is not None]
        assert Kind.DURESS in kinds
        (duress, *_) = [each for each in await journal(house, Kind.DURESS) if each.person_id]
        assert duress.person_name == "Ada"

    tell(play)


# The hub is killed


@pytest.mark.parametrize("step", ["ask what the lock is", "register for when it wakes"])
def test_a_lock_that_joined_just_before_the_hub_was_killed_is_found_again(step, tmp_path):
    async def play(house):
        device, reached = await house.device("Front"), asyncio.Event()
        house.world.air.weather = Weather(delay=0.02)

        def tell(name):
            if name == step:
                reached.set()

        add = house.hub.locks.add(device.qr, door_name="Front", door_id=None, actor=OWNER, tell=tell)
        adding = asyncio.ensure_future(add)
        await reached.wait()
        adding.cancel()
        await asyncio.gather(adding, return_exceptions=True)
        assert device.is_commissioned
        await house.crash()
        house.world.air.weather = Weather()
        await house.open()
        await house.settle(200)
        (lock,) = house.hub.repository.locks()
        (door,) = house.hub.repository.doors()
        assert (door.lock_id, door.name) == (lock.id, "Latchwork Lock")
        assert house.hub.keepers.get(lock.id).state is State.IN_LINE
        assert len(await journal(house, Kind.COMMISSIONED)) == 1

    tell(play, folder=tmp_path)


@pytest.mark.parametrize("at", [0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0])
def test_a_replaced_lock_is_cleared_and_let_go_though_the_hub_was_killed_meanwhile(at, tmp_path):
    async def play(house):
        await house.door("Front")
        await people_in(house, "Front")
        new = await house.device("New")
        await house.hub.locks.replace(house.door_id("Front"), new.qr, actor=OWNER, tell=lambda _: None)
        house.world.air.weather = Weather(delay=0.02)
        await asyncio.sleep(at)
        await house.crash()
        house.world.air.weather = Weather()
        await house.open()
        await house.settle(200)
        assert house.codes("New") == BOTH
        assert house.codes("Front") == set()
        assert not house.device_at("Front").is_commissioned
        assert len(house.hub.repository.locks()) == 1
        assert len(await journal(house, Kind.REMOVED)) == 1

    tell(play, folder=tmp_path)


def test_many_people_who_come_while_the_lock_is_being_written_are_all_put_on():
    async def play(house):
        await house.door("Front")
        await house.settle(5)
        house.world.air.weather = Weather(delay=0.05)
        codes = {str(202_431 + 11_113 * number) for number in range(40)}
        for number, code in enumerate(sorted(codes)):
            await house.person(f"Guest {number}", code, ["Front"])
            await asyncio.sleep(0.3)
        await house.settle(120)
        assert house.codes("Front") == codes
        assert house.hub.repository.troubles(house.lock_id("Front")) == ()
        assert await journal(house, Kind.REPAIRED) == []

    tell(play)
