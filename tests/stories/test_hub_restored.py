"""The machine with the hub is lost; another one goes on from a backup, with the same locks, and believes nothing before it was read."""

import io
from dataclasses import replace

import pytest
from tests.support.hub import OWNER, HubWorld, tell

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.hub.backup.file import Cost
from latchwork.hub.backup.service import restore
from latchwork.hub.house.entities import Access, Person
from latchwork.hub.house.rules import Once
from latchwork.hub.journal.entries import Kind
from latchwork.hub.keeping import restored
from latchwork.hub.keeping.keeper import State, Wake
from latchwork.matter.discovery import OperationalService
from latchwork.stack.mdns_contract import Publication
from latchwork.store.kv import FileStore

PASSPHRASE = "four plain words here"


async def inline(function):
    function()


async def backed_up(house):
    """The octets of a backup."""
    backup, out = house.hub.backup, io.BytesIO()
    backup.in_thread, backup._cost = inline, Cost(log_n=1, r=1)
    await backup.write(PASSPHRASE, out, actor=OWNER)
    return out.getvalue()


async def lost_and_restored(house, octets, folder):
    """The machine is gone with all that it had; a new one has the backup."""
    await house.crash()
    world = house.world
    now = world.clock.utc()
    restore(io.BytesIO(octets), PASSPHRASE, folder, now=now, entropy=world._entropy("restore"), actor=OWNER)
    world.stores["hub"] = FileStore(folder / "controller.db")
    house.folder = folder
    await house.open()
    await house.settle(60)


def restored_story(play, tmp_path, seed=0):
    """`tell`, with the files closed at the end."""
    stores = []

    async def main(house):
        try:
            await play(house, tmp_path / "restored")
        finally:
            stores.append(house.world.stores.get("hub"))

    tell(main, seed)
    for store in stores:
        store.close()


def troubled(house, door):
    return {each.person_id for each in house.hub.repository.troubles(house.lock_id(door)) if each.code == "drifted"}


def unknown(house, door):
    """Names of the users on a lock that the hub made by all signs and does not know."""
    lock_id = house.lock_id(door)
    lock = house.hub.repository.lock(lock_id)
    known = {user.index for user in house.hub.repository.placed(lock_id).users}
    seen = house.hub.locks.observed(lock_id).users.values()
    return {
        each.name for each in seen if getattr(each, "creator", None) == lock.fabric_index and each.index not in known
    }


def test_the_same_locks_go_on_and_nothing_is_paired_again(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        await house.door("Back", "u400")
        ada, _ = await house.person("Ada", "739218", ["Front", "Back"])
        await house.person("Ben", "481604", ["Front"])
        await house.settle()
        head = house.hub.journal.head()
        octets = await backed_up(house)
        fabric = house.world.controllers["hub"].fabric.compressed_id
        await lost_and_restored(house, octets, folder)
        assert house.world.controllers["hub"].fabric.compressed_id == fabric
        for door in ("Front", "Back"):
            keeper = house.hub.keepers.get(house.lock_id(door))
            assert keeper.state is State.IN_LINE
            assert house.hub.repository.troubles(house.lock_id(door)) == ()
            assert unknown(house, door) == set()
        assert house.codes("Front") == {"739218", "481604"}
        assert house.codes("Back") == {"739218"}
        (told,) = await house.journal(kinds=frozenset({Kind.RESTORED}))
        assert told.actor == OWNER
        assert told.detail["made_at"] <= told.at
        verdict = await house.hub.journal.verify(head)
        assert verdict.is_whole
        await house.enter("Front", "739218")
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert (opened.person_id, opened.person_name) == (ada.id, "Ada")
        await house.person("Cleo", "926357", ["Front", "Back"])
        await house.settle()
        assert house.codes("Back") == {"739218", "926357"}

    restored_story(play, tmp_path)


def test_what_was_done_since_the_backup_is_shown_and_left_alone(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        ben, _ = await house.person("Ben", "481604", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        await house.person("Cleo", "926357", ["Front"])
        await house.hub.people.move_out(ben.id, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"739218", "926357"}
        await lost_and_restored(house, octets, folder)
        assert house.codes("Front") == {"739218", "926357"}, "Ben does not come back, and Cleo stays"
        assert unknown(house, "Front") == {"Cleo"}
        assert troubled(house, "Front") == {ben.id}
        (trouble,) = house.hub.repository.troubles(house.lock_id("Front"))
        assert "Ben" in trouble.message
        await house.hub.keepers.get(house.lock_id("Front")).close()
        # Somebody new is put on at once, into a place that is free.
        house.hub.keepers.keep(house.hub.repository.lock(house.lock_id("Front")))
        await house.person("Dora", "350947", ["Front"])
        await house.settle()
        assert house.codes("Front") == {"739218", "926357", "350947"}

    restored_story(play, tmp_path)


def test_a_place_that_was_given_to_somebody_else_is_theirs(tmp_path):
    async def play(house, folder):
        await house.door("Front", "generic")
        ben, _ = await house.person("Ben", "481604", ["Front"])
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        (index,) = (each.index for each in house.users("Front") if each.name == "Ben")
        await house.hub.people.move_out(ben.id, actor=OWNER)
        await house.settle()
        full = [each for each in range(1, 40) if each not in {user.index for user in house.users("Front")}]
        keeper = house.hub.keepers.get(house.lock_id("Front"))
        names = iter(
            ("926357", "350947", "604183", "815026", "247593", "508316", "693140", "172064", "938415", "460791")
        )
        while index not in {each.index for each in house.users("Front")}:
            await house.person("Cleo", next(names), ["Front"])
            await house.settle()
        assert full
        assert keeper.state is State.IN_LINE
        before = {(each.index, each.unique_id) for each in house.users("Front")}, house.codes("Front")
        await lost_and_restored(house, octets, folder)
        await house.settle(3 * 86_400)
        assert ({(each.index, each.unique_id) for each in house.users("Front")}, house.codes("Front")) == before
        assert troubled(house, "Front") == {ben.id}
        assert unknown(house, "Front") == {"Cleo"}

    restored_story(play, tmp_path)


def test_a_code_that_was_changed_since_is_not_changed_back(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        ada, credential = await house.person("Ada", "739218", ["Front"])
        await house.person("Ben", "481604", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        await house.hub.people.set_secret(credential.id, Secret(b"926357"), actor=OWNER)
        await house.settle()
        await lost_and_restored(house, octets, folder)
        await house.settle(2 * 86_400)
        assert house.codes("Front") == {"926357", "481604"}, "perhaps it was changed because somebody knew it"
        assert troubled(house, "Front") == {ada.id}
        assert set(house.proofs(credential).values()) == {"NONE"}
        await house.hub.people.set_secret(credential.id, Secret(b"350947"), actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"350947", "481604"}
        assert troubled(house, "Front") == set()

    restored_story(play, tmp_path)


def test_a_code_for_one_opening_that_was_used_since_does_not_open_again(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        await house.person("Plumber", "604183", ["Front"], Once())
        await house.settle()
        octets = await backed_up(house)
        await house.enter("Front", "604183")
        await house.settle()
        assert house.codes("Front") == set()
        await lost_and_restored(house, octets, folder)
        await house.settle(86_400)
        assert house.codes("Front") == set()

    restored_story(play, tmp_path)


def test_the_owner_decides_that_a_lock_becomes_as_the_backup_says(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        ben, _ = await house.person("Ben", "481604", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        await house.person("Cleo", "926357", ["Front"])
        await house.hub.people.move_out(ben.id, actor=OWNER)
        await house.settle()
        await lost_and_restored(house, octets, folder)
        lock_id = house.lock_id("Front")
        await restored.confirm(house.hub.desk, lock_id, actor=OWNER)
        house.hub.keepers.wake(lock_id, Wake.ASKED)
        await house.settle()
        assert house.codes("Front") == {"739218", "481604", "926357"}, "what the books do not have stays"
        assert troubled(house, "Front") == set()
        with pytest.raises(Misuse):
            await restored.confirm(house.hub.desk, lock_id, actor=OWNER)
        (audit,) = (each for each in await house.journal() if each.detail.get("did") == "restored_lock_confirmed")
        assert audit.door_name == "Front"

    restored_story(play, tmp_path)


def test_somebody_who_leaves_after_the_restoration_is_taken_off_without_asking(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        await house.person("Ben", "481604", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        await lost_and_restored(house, octets, folder)
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"481604"}
        assert house.hub.people.removal(ada.id).is_complete

    restored_story(play, tmp_path)


def test_a_person_that_only_the_lock_remembers_is_adopted(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        octets = await backed_up(house)
        await house.person("Cleo", "926357", ["Front"])
        await house.settle()
        await lost_and_restored(house, octets, folder)
        (user,) = house.users("Front")
        cleo = await house.hub.people.add_person(Person(id="", name="Cleo", unique_id=0), actor=OWNER)
        access = Access(id="", person_id=cleo.id, door_ids=(house.door_id("Front"),))
        await house.hub.people.grant(access, actor=OWNER)
        await house.hub.locks.adopt(house.lock_id("Front"), user.index, cleo.id, actor=OWNER)
        await house.settle()
        assert unknown(house, "Front") == set()
        assert house.codes("Front") == {"926357"}
        await house.enter("Front", "926357")
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert opened.person_name == "Cleo"

    restored_story(play, tmp_path)


def test_a_lock_that_sleeps_through_it_is_read_before_anything_is_written(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        ben, _ = await house.person("Ben", "481604", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        await house.hub.people.move_out(ben.id, actor=OWNER)
        await house.settle()
        house.fault("Front", "out-of-range")
        await lost_and_restored(house, octets, folder)
        await house.settle(7200)
        house.device_at("Front").take_fault("out-of-range")
        await house.settle(3600)
        assert house.codes("Front") == {"739218"}
        assert troubled(house, "Front") == {ben.id}

    restored_story(play, tmp_path)


def test_a_node_id_that_was_given_since_the_backup_is_never_given_again(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        octets = await backed_up(house)
        await house.door("Shed")
        since = house.hub.repository.lock(house.lock_id("Shed")).node_id
        await lost_and_restored(house, octets, folder)
        await house.door("Barn")
        new = house.hub.repository.lock(house.lock_id("Barn")).node_id
        assert new > since
        assert new - since > 1 << 32
        # And another machine that is made from the same backup takes other numbers still.
        other = folder.with_name("another")
        restore(io.BytesIO(octets), PASSPHRASE, other, now=0.0, entropy=bytes)
        store = FileStore(other / "controller.db")
        assert int.from_bytes(store.get("next"), "big") != new
        store.close()

    restored_story(play, tmp_path)


def test_a_lock_that_joined_since_the_backup_is_found_again(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        octets = await backed_up(house)
        await house.door("Shed", "u400")
        await house.person("Ada", "739218", ["Shed"])
        await house.settle()
        shed = house.hub.repository.lock(house.lock_id("Shed"))
        await lost_and_restored(house, octets, folder)
        await house.settle(60)
        assert {door.name for door in house.hub.repository.doors()} == {"Front", shed.product}
        assert house.hub.repository.lock(house.lock_id(shed.product)).node_id == shed.node_id
        assert house.codes("Shed") == {"739218"}
        assert unknown(house, shed.product) == {"Ada"}
        ben, _ = await house.person("Ben", "481604", [shed.product])
        await house.settle()
        assert house.codes("Shed") == {"739218", "481604"}
        # It is a lock like any other: also for the controller's next start.
        await house.crash()
        await house.open()
        await house.hub.people.move_out(ben.id, actor=OWNER)
        await house.settle(60)
        assert house.codes("Shed") == {"739218"}

    restored_story(play, tmp_path)


def test_a_lock_that_was_let_go_is_not_taken_back(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        await house.door("Shed")
        shed = house.lock_id("Shed")
        house.fault("Shed", "out-of-range")
        await house.hub.locks.remove(shed, is_forced=True, actor=OWNER)
        octets = await backed_up(house)
        house.device_at("Shed").take_fault("out-of-range")
        await lost_and_restored(house, octets, folder)
        await house.settle(2 * 3600)
        assert len(house.hub.repository.locks()) == 1
        await house.settle(30 * 3600)
        assert house.hub.repository.setting(restored.SEARCH) is None

    restored_story(play, tmp_path)


def test_another_hub_of_the_same_backup_is_seen_where_it_announces_itself(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        octets = await backed_up(house)
        fabric = house.world.controllers["hub"].fabric
        service = OperationalService(fabric.compressed_id, fabric.node_id)
        await lost_and_restored(house, octets, folder)
        twin = house.world.air.discovery("fd00::77")
        await twin.publish(Publication(service.instance, service.service_type, 6000, "AA" * 6, {}, service.subtypes))
        await house.settle(3 * 3600)
        told = [each for each in await house.journal() if each.detail.get("did") == "another_hub_seen"]
        assert len(told) == 1

    restored_story(play, tmp_path)


def test_what_happened_while_there_was_no_hub_is_in_the_journal_and_nobody_is_guessed(tmp_path):
    async def play(house, folder):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        await house.person("Cleo", "926357", ["Front"])
        await house.settle()
        await house.crash()
        house.device_at("Front").handle({"keys": "926357#"})
        await house.settle(10)
        house.device_at("Front").handle({"turn": "lock"})
        await house.settle(10)
        await house.open()
        await lost_and_restored(house, octets, folder)
        opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert len(opened) == 1
        assert opened[0].person_id is None
        assert opened[0].why_unknown is not None
        assert (await house.hub.journal.verify()).is_whole

    restored_story(play, tmp_path)


def test_a_world_of_its_own_is_restored_twice_in_a_row(tmp_path):
    """Each restoration is one more line in the journal, and each hub is backed up again."""

    async def play(house, folder):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        octets = await backed_up(house)
        await lost_and_restored(house, octets, folder)
        octets = await backed_up(house)
        store = house.world.stores["hub"]
        await lost_and_restored(house, octets, folder.with_name("again"))
        store.close()
        assert len(await house.journal(kinds=frozenset({Kind.RESTORED}))) == 2
        assert house.codes("Front") == {"739218"}
        assert isinstance(house, HubWorld)
        assert replace(house.hub.repository.site()).name == "Home"

    restored_story(play, tmp_path)
