"""Keepers of many locks: each works by itself, not all speak at once, and one that fails keeps no other from its work."""

import asyncio

import pytest
from tests.support.hub import tell

from latchwork.hub.books.rows import NotFound
from latchwork.hub.journal.entries import Kind
from latchwork.hub.keeping.keeper import State, Wake
from latchwork.hub.keeping.keepers import AT_ONCE, Keepers
from latchwork.stack.memory import Weather


def test_a_lock_that_nobody_keeps_is_not_found_and_waking_it_is_harmless():
    async def play(house):
        keepers = house.hub.keepers
        assert keepers.find("lock_none") is None
        with pytest.raises(NotFound):
            keepers.get("lock_none")
        keepers.wake("lock_none", Wake.ASKED)
        keepers.wake_doors(["door_none"])
        await keepers.drop("lock_none")
        await keepers.settle()

    tell(play)


def test_a_lock_whose_node_is_not_on_our_fabric_is_not_kept():
    async def play(house):
        lock_id = await house.door("Front")
        await house.settle(5)
        lock = house.hub.repository.lock(lock_id)
        stranger = Keepers(house.hub.desk, house.world.controllers["hub"])
        house.world.controllers["hub"].peers.pop(lock.node_id)
        assert stranger.keep(lock) is None

    tell(play)


def test_everybody_is_put_on_all_locks_and_one_that_is_away_keeps_none_waiting():
    async def play(house):
        names = [f"Door {number}" for number in range(8)]
        for name in names:
            await house.door(name)
        await house.settle(5)
        house.fault("Door 3", "out-of-range")
        house.world.air.weather = Weather(delay=0.02)
        await house.person("Ada", "739218", names)
        await house.settle(5)
        assert [house.codes(name) for name in names if name != "Door 3"] == [{"739218"}] * 7
        assert house.codes("Door 3") == set()
        states = {name: house.hub.keepers.get(house.lock_id(name)).state for name in names}
        assert {states[name] for name in names if name != "Door 3"} == {State.IN_LINE}
        assert len(list(house.hub.keepers)) == 8
        assert AT_ONCE >= 8

    tell(play)


def test_whoever_waits_for_a_lock_that_is_kept_no_more_waits_no_longer():
    async def play(house):
        lock_id = await house.door("Front")
        await house.settle(5)
        keeper = house.hub.keepers.get(lock_id)
        house.world.air.weather = Weather(delay=1.0)
        keeper.wake(Wake.ASKED)
        waiting = asyncio.ensure_future(keeper.settle())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await house.hub.keepers.drop(lock_id)
        await asyncio.wait_for(waiting, 1)

    tell(play)


def test_settling_waits_for_what_was_asked_last():
    async def play(house):
        await house.door("Front")
        await house.settle(5)
        house.world.air.weather = Weather(delay=0.05)
        for name, code in (("Ada", "739218"), ("Ben", "481604"), ("Cleo", "926357")):
            await house.person(name, code, ["Front"])
            await house.hub.keepers.settle()
            assert code in house.codes("Front")

    tell(play)


def test_a_house_in_which_nothing_happens_is_quiet():
    async def play(house):
        for name in ("Front", "Back"):
            await house.door(name)
        await house.person("Ada", "739218", ["Front", "Back"])
        await house.person("Ben", "481604", ["Front", "Back"])
        await house.settle(60)
        entries, told, sent = len(await house.journal()), house.hub.bus.last_id, house.world.air.sent
        await house.settle(12 * 3600)
        assert len(await house.journal()) == entries
        assert house.hub.bus.last_id == told
        # A report in five minutes from each lock, with its answers.
        assert house.world.air.sent - sent <= 2 * 12 * 12 * 6
        assert await house.journal(kinds=frozenset({Kind.REPAIRED, Kind.REACHABILITY})) == []

    tell(play)
