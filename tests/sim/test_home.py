"""The virtual home: strangers that meet on one network, real or virtual."""

import asyncio

import pytest

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.controller.steps import CommissioningFailed, Step, StepReport
from latchwork.devices.lock_device import LOCK_ENDPOINT
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.matter.interaction.paths import EventQuery
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.door_lock import DoorLock, DoorStateEnum, LockDoor, LockStateEnum, UnlockDoor
from latchwork.matter.onboarding import parse
from latchwork.sim.home import VirtualHome
from latchwork.sim.lock import Operation
from latchwork.stack.memory import Air, Weather
from latchwork.stack.virtual_time import run_virtual


def entropy_of(seed: int):
    from random import Random

    return Random(seed).randbytes


def in_the_air(story, *, locks: int = 1, weather: Weather | None = None) -> None:
    """Tells a story in virtual time, the same every time."""

    async def tell() -> None:
        async with VirtualHome(locks, air=Air(7, weather), entropy=entropy_of(locks)) as home:
            await story(home)

    run_virtual(tell())


def test_a_lock_is_commissioned_and_used_through_the_virtual_air() -> None:
    async def story(home: VirtualHome) -> None:
        (lock,) = home.locks
        operations: list[Operation] = []
        lock.on_operation = operations.append
        joined: list[bool] = []
        lock.on_commissioned = joined.append
        assert home.peer_of(lock) is None
        assert lock.state == "LOCKED"
        peer = await home.commission(lock)
        assert home.peer_of(lock) is peer
        await peer.invoke(LOCK_ENDPOINT, DoorLock.unlock_door, UnlockDoor())
        assert await peer.get(LOCK_ENDPOINT, DoorLock.lock_state) is LockStateEnum.UNLOCKED
        assert lock.bolt.position() is BoltPosition.UNLOCKED
        (operation,) = operations
        assert (operation.command, operation.state, operation.status) == ("unlock_door", "UNLOCKED", Status.SUCCESS)
        assert operation.fabric_index == 1
        await asyncio.sleep(1)
        assert joined == [True]

    in_the_air(story)


def test_the_same_seed_tells_the_same_story() -> None:
    codes: list[str] = []

    async def story(home: VirtualHome) -> None:
        codes.append(home.locks[0].qr)
        peer = await home.commission(home.locks[0])
        codes.append(f"{peer.node_id} {home.controller.fabric.fabric_id}")

    in_the_air(story)
    in_the_air(story)
    assert codes[:2] == codes[2:]


def test_every_lock_has_a_label_of_its_own() -> None:
    async def story(home: VirtualHome) -> None:
        payloads = [parse(lock.qr) for lock in home.locks]
        assert len({payload.passcode for payload in payloads}) == 4
        assert len({payload.discriminator for payload in payloads}) == 4
        for lock, payload in zip(home.locks, payloads, strict=True):
            assert parse(lock.manual).passcode == payload.passcode
            await home.commission(lock)
        assert sorted(home.controller.peers) == [2, 3, 4, 5]

    in_the_air(story, locks=4)


def test_locks_of_one_home_are_told_apart_even_when_chance_is_poor() -> None:
    async def tell() -> None:
        async with VirtualHome(3, air=Air(), entropy=lambda count: bytes(range(1, count + 1))) as home:
            assert len({parse(lock.qr).discriminator for lock in home.locks}) == 3

    run_virtual(tell())


def test_steps_are_told_in_their_order() -> None:
    async def story(home: VirtualHome) -> None:
        reports: list[StepReport] = []
        await home.commission(home.locks[0], reports.append)
        done = [report.step for report in reports if report.state == "done"]
        assert done[0] is Step.FIND
        assert done[-1] is Step.COMPLETE
        assert sorted(done, key=list(Step).index) == done
        assert all(report.ms is not None for report in reports if report.state == "done")

    in_the_air(story)


def test_a_storm_slows_commissioning_but_does_not_stop_it() -> None:
    async def story(home: VirtualHome) -> None:
        peer = await home.commission(home.locks[0])
        for command, request in ((DoorLock.unlock_door, UnlockDoor()), (DoorLock.lock_door, LockDoor())):
            await peer.invoke(LOCK_ENDPOINT, command, request)
        assert home.locks[0].state == "LOCKED"

    in_the_air(story, weather=Weather(loss=0.1, duplication=0.1, delay=0.02, spread=0.05))


def test_a_door_moved_by_hand_is_seen_by_the_controller() -> None:
    async def story(home: VirtualHome) -> None:
        (lock,) = home.locks
        peer = await home.commission(lock)
        assert not lock.door.open()
        assert lock.turn(BoltPosition.UNLOCKED)
        lock.put_door(DoorPosition.OPEN)
        assert await peer.get(LOCK_ENDPOINT, DoorLock.door_state) is DoorStateEnum.DOOR_OPEN
        events = await peer.read(EventQuery(LOCK_ENDPOINT, DoorLock.id, DoorLock.door_state_change.id))
        assert [event.value.door_state for event in events] == [DoorStateEnum.DOOR_OPEN]

    in_the_air(story)


def test_a_refused_operation_is_told_with_its_status() -> None:
    async def story(home: VirtualHome) -> None:
        (lock,) = home.locks
        operations: list[Operation] = []
        lock.on_operation = operations.append
        peer = await home.commission(lock)
        lock.bolt.is_blocked = True
        with pytest.raises(StatusError):
            await peer.invoke(LOCK_ENDPOINT, DoorLock.unlock_door, UnlockDoor())
        assert operations[0].status is Status.FAILURE
        assert operations[0].error

    in_the_air(story)


def test_a_lock_that_leaves_says_so_and_can_come_back() -> None:
    async def story(home: VirtualHome) -> None:
        (lock,) = home.locks
        joined: list[bool] = []
        lock.on_commissioned = joined.append
        await home.controller.decommission(await home.commission(lock))
        await asyncio.sleep(10)
        assert joined == [True, False]
        assert home.peer_of(lock) is None
        await home.commission(lock)
        await asyncio.sleep(1)
        assert joined == [True, False, True]

    in_the_air(story)


def test_a_wrong_passcode_fails_at_its_step() -> None:
    async def story(home: VirtualHome) -> None:
        payload = parse(home.locks[0].qr)
        from dataclasses import replace

        with pytest.raises(CommissioningFailed) as caught:
            await home.controller.commission(replace(payload, passcode=payload.passcode ^ 1))
        assert caught.value.step is Step.PASE
        assert caught.value.advice

    in_the_air(story)


async def test_a_home_on_the_loopback_needs_no_network() -> None:
    async with VirtualHome(2) as home:
        peers = [await home.commission(lock) for lock in home.locks]
        for peer in peers:
            await peer.invoke(LOCK_ENDPOINT, DoorLock.unlock_door, UnlockDoor())
        assert [lock.state for lock in home.locks] == ["UNLOCKED", "UNLOCKED"]


async def test_a_home_with_a_storage_is_the_same_home_again(tmp_path) -> None:
    async with VirtualHome(1, storage=tmp_path) as home:
        code = home.locks[0].qr
        await home.commission(home.locks[0])
    async with VirtualHome(1, storage=tmp_path) as home:
        assert home.locks[0].qr == code
        assert home.locks[0].is_commissioned
        peer = home.peer_of(home.locks[0])
        assert peer is not None
        assert await peer.get(LOCK_ENDPOINT, DoorLock.lock_state) is LockStateEnum.LOCKED


async def test_a_home_that_cannot_come_up_leaves_nothing_behind(tmp_path) -> None:
    with pytest.raises(LatchworkError):
        async with VirtualHome(1, interface="nowhere0", storage=tmp_path):
            pass
    async with VirtualHome(1, storage=tmp_path) as home:
        with pytest.raises(LatchworkError):  # its stores are in use
            await VirtualHome(1, storage=tmp_path).__aenter__()
        assert home.locks


@pytest.mark.parametrize("locks", [0, -1, 1000])
def test_the_number_of_locks_is_bounded(locks) -> None:
    with pytest.raises(Misuse):
        VirtualHome(locks)
