"""A house that is lived in: power cuts, partitions, restarts, groups."""

import asyncio

import pytest
from tests.support.world import STUBBORN, events_of, tell

from latchwork.base.errors import Unreachable
from latchwork.controller.subscription import State
from latchwork.matter.interaction.client import AttributeQuery, EventQuery
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnlockDoor
from latchwork.stack.memory import Weather

QUERIES = AttributeQuery(1, DoorLock.id, DoorLock.lock_state.id), EventQuery(1, DoorLock.id)


def event_numbers(reports: list) -> list[int]:
    return [entry.number for report in reports for entry in report if isinstance(entry, EventValue)]


def test_a_subscription_outlives_a_partition_and_no_event_is_lost():
    async def play(world):
        peer = await world.commissioned()
        lock, other = world.locks["lock"], await world.controller("other")
        also = await other.commission(await peer.open_window())
        reports = []
        subscription = await peer.subscribe(*QUERIES, on_report=reports.append, max_s=20)
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        await asyncio.sleep(1)
        world.air.part(world.hosts["lock"], world.hosts["home"])
        for _ in range(3):
            await also.invoke(1, DoorLock.lock_door, LockDoor())
            await asyncio.sleep(20)
            await also.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert subscription.state is State.RESUMING
        world.air.rejoin(world.hosts["lock"], world.hosts["home"])
        await asyncio.sleep(70)
        assert subscription.state is State.LIVE
        assert subscription.resumptions == 1
        await also.invoke(1, DoorLock.lock_door, LockDoor())
        await asyncio.sleep(1)
        recorded = [event.number for event in events_of(lock, DoorLock.lock_operation)]
        assert len(recorded) == 8
        assert [number for number in event_numbers(reports) if number in recorded] == recorded
        assert reports[-1][0].value == 1

    tell(play)


def test_a_subscription_in_a_storm_tells_every_event_once():
    async def play(world):
        peer = await world.commissioned()
        lock, reports = world.locks["lock"], []
        await peer.subscribe(*QUERIES, on_report=reports.append, max_s=60)
        world.air.weather = Weather(loss=0.3, duplication=0.1, delay=0.005, spread=0.2)
        for number in range(40):
            if number % 2:
                await peer.invoke(1, DoorLock.lock_door, LockDoor())
            else:
                await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        world.air.weather = Weather()
        await asyncio.sleep(120)
        recorded = [event.number for event in events_of(lock, DoorLock.lock_operation)]
        assert len(recorded) == 40
        assert [number for number in event_numbers(reports) if number in recorded] == recorded

    tell(play, 3, None, STUBBORN)


def test_a_lock_that_restarted_is_read_again_within_seconds():
    async def play(world):
        peer = await world.commissioned()
        assert await peer.get(1, DoorLock.lock_state) == 1
        await world.power_cut()
        await asyncio.sleep(3)
        await world.lock()
        before = world.clock.monotonic()
        await peer.get(1, DoorLock.lock_state)
        assert world.clock.monotonic() - before < 3

    tell(play)


def test_a_lock_that_restarted_unlocks_once_and_within_seconds():
    async def play(world):
        peer = await world.commissioned()
        await peer.get(1, DoorLock.lock_state)
        await world.power_cut()
        await asyncio.sleep(0.1)
        lock = await world.lock()
        before = world.clock.monotonic()
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert world.clock.monotonic() - before < 3
        assert len(events_of(lock, DoorLock.lock_operation)) == 1

    tell(play)


def test_a_subscription_outlives_the_locks_restart_and_events_go_on_from_the_next_number():
    async def play(world):
        peer = await world.commissioned()
        reports = []
        subscription = await peer.subscribe(*QUERIES, on_report=reports.append, max_s=10)
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        await asyncio.sleep(1)
        await world.power_cut()
        await asyncio.sleep(5)
        lock = await world.lock()
        await asyncio.sleep(30)
        assert subscription.state is State.LIVE
        assert subscription.resumptions == 1
        await peer.invoke(1, DoorLock.lock_door, LockDoor())
        await asyncio.sleep(1)
        numbers = event_numbers(reports)
        assert numbers == sorted(set(numbers))
        assert events_of(lock, DoorLock.lock_operation)[-1].number == numbers[-1]

    tell(play)


def test_a_message_of_another_protocol_is_acknowledged_and_not_taken_for_a_request():
    async def play(world):
        peer = await world.commissioned()
        node = world.locks["lock"].node
        served = node.counts.messages_received
        exchange = (await peer.requests()).open()
        exchange.send(Opcode.READ_REQUEST, b"\x15\x18", protocol_id=ProtocolId.BDX)
        await asyncio.sleep(5)
        assert exchange.failure is None
        assert node.counts.messages_received == served
        exchange.finish()
        await peer.get(1, DoorLock.lock_state)

    tell(play)


def test_a_lock_that_says_goodbye_is_found_again_when_it_is_back():
    async def play(world):
        peer = await world.commissioned()
        reports = []
        subscription = await peer.subscribe(*QUERIES, on_report=reports.append, max_s=30)
        await world.locks.pop("lock").close()
        with pytest.raises(Unreachable):
            await peer.get(1, DoorLock.lock_state)
        await world.lock()
        await peer.get(1, DoorLock.lock_state)
        await asyncio.sleep(100)
        assert subscription.state is State.LIVE

    tell(play)


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_a_controller_that_restarted_knows_its_locks(says_goodbye):
    async def play(world):
        peer = await world.commissioned()
        await peer.set(0, BasicInformation.node_label, "Front door")
        if says_goodbye:
            await world.controllers.pop("home").close()
        else:
            await world.leave("home")
        home = await world.controller("home")
        again = home.peers[peer.node_id]
        assert again.stored.product_name == "Latchwork Lock"
        before = world.clock.monotonic()
        assert await again.get(0, BasicInformation.node_label) == "Front door"
        assert world.clock.monotonic() - before < 1
        await again.invoke(1, DoorLock.unlock_door, UnlockDoor())
        second = await home.commission((await world.lock("second", discriminator=7)).qr)
        assert second.node_id not in {1, peer.node_id}

    tell(play)


def test_a_lock_that_moved_to_another_address_is_found_by_its_name():
    async def play(world):
        peer = await world.commissioned()
        await peer.get(1, DoorLock.lock_state)
        await world.power_cut()
        world.hosts["lock"] = "fd00::77"
        await world.lock()
        assert await peer.get(1, DoorLock.lock_state) == 1
        assert peer.stored.host == "fd00::77"
        await world.leave("home")
        home = await world.controller("home")
        assert home.peers[peer.node_id].stored.host == "fd00::77"

    tell(play)
