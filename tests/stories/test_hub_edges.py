"""What random houses have shown to be hard: codes that others write over, uses that are heard of late, users that go with their last code."""

from dataclasses import replace

import pytest
from tests.support.hub import OWNER, tell

from latchwork.base.logs import Secret
from latchwork.devices.lock_device import lock_of
from latchwork.doorlock.changes import ALL_USERS, DataChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.hub.house.entities import Access, Credential
from latchwork.hub.house.rules import FirstUse, Once, Window
from latchwork.hub.journal.entries import Kind
from latchwork.hub.keeping.keeper import MAX_ROUNDS, State
from latchwork.hub.people.service import DuplicateCode
from latchwork.matter.model.clusters.door_lock import DoorLock

PIN = CredentialKind.PIN
READ, WRITE = DoorLock.get_credential_status.name, DoorLock.set_credential.name
NEW_YEAR_2026 = 1_767_225_600.0


def write_over(house, door, code):
    """Somebody at the keypad puts another code in the place of the first one."""
    lock = lock_of(house.device_at(door).node)
    place = next(lock.register.credentials(PIN))

    def change(register, author):
        done = register.set_credential(
            DataChange.MODIFY, PIN, place.index, code.encode(), author=author, user_index=place.user_index
        )
        return None, done.changes

    lock.program(change)


@pytest.mark.parametrize("is_off", [False, True])
def test_a_code_that_was_written_over_at_the_keypad_is_put_right(is_off, tmp_path):
    async def play(house):
        await house.door("Front")
        person, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        if is_off:
            await house.switch_off()
        write_over(house, "Front", "111222")
        assert house.codes("Front") == {"111222"}
        if is_off:
            await house.open()
        await house.settle()
        assert house.codes("Front") == {"739218"}
        if not is_off:
            (entry,) = await house.journal(kinds=frozenset({Kind.REPAIRED}))
            assert entry.person_id == person.id

    tell(play, folder=tmp_path)


def test_a_lock_that_does_not_say_who_wrote_last_is_not_written_over_and_over():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        written = []

        def forgetful(_behavior, command, _request, _context, proceed):
            written.append(command.name)
            answer = proceed()
            if command.name == READ:
                answer.last_modified_fabric_index = None
            return answer

        house.device_at("Front").seams.rules.append(forgetful)
        for _ in range(3):
            house.hub.locks.wake(house.lock_id("Front"))
            await house.settle()
        assert 0 < written.count(WRITE) <= MAX_ROUNDS
        assert house.hub.keepers.get(house.lock_id("Front")).state is State.IN_LINE
        assert house.codes("Front") == {"739218"}

    tell(play)


def test_a_code_for_one_opening_is_used_up_although_its_person_may_come_at_other_hours_as_well():
    async def play(house):
        await house.door("Front")
        day = NEW_YEAR_2026 + 86_400
        person, _ = await house.person("Ada", "739218", ["Front"], Window(day, day + 3600))
        once = Access(id="", person_id=person.id, door_ids=(house.door_id("Front"),), rule=Once())
        once = await house.hub.people.grant(once, actor=OWNER)
        await house.settle()
        await house.enter("Front", "739218")
        await house.settle()
        assert house.hub.repository.access(once.id).first_used_at is not None
        house.device_at("Front").handle({"turn": "lock"})
        await house.enter("Front", "739218")
        assert house.device_at("Front").state == "LOCKED"
        (entry,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert entry.person_id == person.id

    tell(play)


def test_an_opening_uses_up_what_held_then_and_not_what_begins_later():
    async def play(house):
        await house.door("Front")
        day = NEW_YEAR_2026 + 86_400
        person, _ = await house.person("Ada", "739218", ["Front"], FirstUse(90))
        once = Access(id="", person_id=person.id, door_ids=(house.door_id("Front"),), rule=Once(day, day + 3600))
        once = await house.hub.people.grant(once, actor=OWNER)
        await house.settle()
        await house.enter("Front", "739218")
        await house.settle()
        assert house.hub.repository.access(once.id).first_used_at is None

    tell(play)


def test_the_earliest_of_two_first_uses_counts_though_it_is_heard_of_last():
    async def play(house):
        await house.door("Front")
        await house.door("Back", "u400")
        person, _ = await house.person("Sitter", "604183", ["Front", "Back"], FirstUse(90))
        await house.settle()
        house.fault("Front", "out-of-range")
        await house.enter("Front", "604183")
        await house.settle(1800)
        await house.enter("Back", "604183")
        await house.settle()
        (access,) = house.hub.repository.accesses(person_id=person.id)
        later = access.first_used_at
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(1500)
        (access,) = house.hub.repository.accesses(person_id=person.id)
        assert 1700 < later - access.first_used_at < 1900

    tell(play)


def test_a_code_for_one_opening_that_is_changed_with_its_name_is_not_taken_for_used_up():
    async def play(house):
        await house.door("Front")
        person, credential = await house.person("Plumber", "604183", ["Front"], Once())
        await house.settle()
        house.fault("Front", "out-of-range")
        await house.settle(1)
        await house.hub.people.change_person(replace(person, name="Plumber Joe"), actor=OWNER)
        await house.hub.people.set_secret(credential.id, Secret(b"481604"), actor=OWNER)
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(1500)
        assert house.codes("Front") == {"481604"}
        assert house.hub.repository.troubles(house.lock_id("Front")) == ()

    tell(play)


def test_a_code_is_free_again_when_no_lock_knows_it_any_more():
    async def play(house):
        await house.door("Front")
        await house.door("Back", "u400")
        mate, _ = await house.person("Mate", "604183", ["Front", "Back"])
        ben, _ = await house.person("Ben")
        await house.settle()
        house.fault("Back", "out-of-range")
        await house.settle(1)
        await house.hub.people.move_out(mate.id, actor=OWNER)
        await house.settle()
        again = Credential(id="", person_id=ben.id)
        with pytest.raises(DuplicateCode):
            await house.hub.people.add_credential(again, Secret(b"604183"), actor=OWNER)
        house.device_at("Back").take_fault("out-of-range")
        await house.settle(1500)
        await house.hub.people.add_credential(again, Secret(b"604183"), actor=OWNER)

    tell(play)


def test_a_lock_that_was_away_is_read_before_anything_is_cleared_on_it():
    async def play(house):
        await house.door("Front")
        mate, _ = await house.person("Mate", "604183", ["Front"])
        await house.settle()
        house.fault("Front", "out-of-range")
        await house.settle(1)
        await house.hub.people.move_out(mate.id, actor=OWNER)
        await house.settle(60)
        lock = lock_of(house.device_at("Front").node)
        lock.program(lambda register, author: (None, register.clear_user(ALL_USERS, author)))
        lock.program(lambda register, author: (None, register.set_user(0, 1, name="Granny", author=author)))
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(1500)
        assert [user.name for user in house.users("Front")] == ["Granny"]
        assert house.hub.repository.placed(house.lock_id("Front")).users == ()

    tell(play)
