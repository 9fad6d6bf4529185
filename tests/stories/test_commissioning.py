"""Commissioning as people live it: interrupted, refused, too late, by several at once."""

import asyncio

import pytest
from tests.support.world import events_of, forgetful, tell

from latchwork.base.errors import Unreachable
from latchwork.controller import CommissioningFailed, Step
from latchwork.controller.commissioner import DeviceBusy, TableFull
from latchwork.controller.steps import NotFound
from latchwork.matter.interaction.client import AttributeQuery
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnlockDoor
from latchwork.matter.onboarding import SetupPayload
from latchwork.matter.session.handshake import FailureKind, HandshakeFailed


def payload_with(payload: SetupPayload, passcode: int) -> SetupPayload:
    return SetupPayload(
        discriminator=payload.discriminator,
        passcode=passcode,
        vendor_id=payload.vendor_id,
        product_id=payload.product_id,
        discovery_capabilities=payload.discovery_capabilities,
    )


class Reached(asyncio.Event):
    """Set when a commissioning begins a step."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self._step = step

    def watch(self, report) -> None:
        if report.step is self._step and report.state == "started":
            self.set()


@pytest.mark.parametrize("step", [Step.ATTESTATION, Step.ROOT, Step.NOC, Step.CASE, Step.COMPLETE])
def test_a_lock_that_loses_power_in_the_middle_is_commissionable_again_and_nothing_is_left(step):
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        world.air.weather.delay = 0.01
        reached = Reached(step)
        attempt = asyncio.create_task(home.commission(lock.qr, on_step=reached.watch))
        await reached.wait()
        await asyncio.sleep(0.005)
        await world.power_cut()
        with pytest.raises(CommissioningFailed):
            await attempt
        lock = await world.lock()
        assert forgetful(lock)
        assert not home.peers
        peer = await home.commission(lock.qr)
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert len(lock.node.fabrics) == 1

    tell(play)


def test_a_commissioner_that_vanishes_leaves_nothing_once_the_fail_safe_expires():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        world.air.weather.delay = 0.01
        reached = Reached(Step.CASE)
        attempt = asyncio.create_task(home.commission(lock.qr, on_step=reached.watch))
        await reached.wait()
        world.air.part(world.hosts["lock"], world.hosts["home"])
        with pytest.raises(CommissioningFailed) as caught:
            await attempt
        assert caught.value.step is Step.CASE
        assert len(lock.node.fabrics) == 1
        await asyncio.sleep(130)
        assert forgetful(lock)
        world.air.rejoin(world.hosts["lock"], world.hosts["home"])
        await home.commission(lock.qr)
        assert lock.is_commissioned

    tell(play)


def test_a_cancelled_commissioning_is_rolled_back_at_once():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        world.air.weather.delay = 0.01
        reached = Reached(Step.CASE)
        attempt = asyncio.create_task(home.commission(lock.qr, on_step=reached.watch))
        await reached.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await asyncio.sleep(1)
        assert forgetful(lock)
        assert not lock.node.fail_safe.is_armed
        await home.commission(lock.qr)

    tell(play)


def test_a_wrong_passcode_is_told_as_such_and_the_right_one_works_afterwards():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(payload_with(lock.payload, 12345679))
        assert caught.value.step is Step.PASE
        assert caught.value.cause.kind is FailureKind.WRONG_PASSCODE
        assert "setup code" in caught.value.advice
        await home.commission(lock.qr)

    tell(play)


def test_twenty_wrong_passcodes_close_the_window():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        for _ in range(20):
            with pytest.raises(CommissioningFailed):
                await home.commission(payload_with(lock.payload, 12345679))
        assert not lock.node.window.is_open
        await asyncio.sleep(0.1)
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr, timeout=5)
        assert isinstance(caught.value.cause, NotFound)
        assert not any(service == "_matterc._udp" for _, service in world.air.services)
        # Not by going around discovery either.
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr, address=(world.hosts["lock"], 5540, 0, 0))
        assert caught.value.step is Step.PASE

    tell(play)


def test_a_window_that_expired_is_found_no_more():
    async def play(world):
        lock, home = await world.lock(), await world.controller()
        await asyncio.sleep(901)
        with pytest.raises(CommissioningFailed) as caught:
            await home.commission(lock.qr, timeout=5)
        assert caught.value.step is Step.FIND
        assert "pairing window" in caught.value.advice

    tell(play)


def test_a_second_commissioner_finds_nobody_while_one_is_at_work_and_is_refused_at_the_door():
    async def play(world):
        lock, first, second = await world.lock(), await world.controller("one"), await world.controller("two")
        world.air.weather.delay = 0.05
        reached = Reached(Step.ATTESTATION)
        attempt = asyncio.create_task(first.commission(lock.qr, on_step=reached.watch))
        await reached.wait()
        address = (world.hosts["lock"], 5540, 0, 0)
        with pytest.raises(CommissioningFailed) as caught:
            await second.commission(lock.qr, address=address)
        assert caught.value.step is Step.PASE
        assert isinstance(caught.value.cause, HandshakeFailed)
        await attempt
        assert [fabric.label for fabric in lock.node.fabrics] == ["one"]
        assert len(lock.node.fabrics) == 1

    tell(play)


def test_two_handshakes_with_the_passcode_at_once_one_is_told_to_wait():
    async def play(world):
        lock, first, second = await world.lock(), await world.controller("one"), await world.controller("two")
        world.air.weather.delay = 0.05
        results = await asyncio.gather(first.commission(lock.qr), second.commission(lock.qr), return_exceptions=True)
        (failure,) = [result for result in results if isinstance(result, BaseException)]
        assert failure.step is Step.PASE
        assert failure.cause.kind is FailureKind.BUSY
        assert failure.cause.busy_wait_ms == 5000
        assert "5 s" in failure.advice

    tell(play)


def test_an_administrator_at_work_keeps_the_fail_safe_to_itself():
    async def play(world):
        peer = await world.commissioned()
        lock, other = world.locks["lock"], await world.controller("other")
        code = await peer.open_window()
        lock.node.fail_safe.arm(1, 60, 900)
        with pytest.raises(CommissioningFailed) as caught:
            await other.commission(code)
        assert caught.value.step is Step.ARM_FAIL_SAFE
        assert isinstance(caught.value.cause, DeviceBusy)
        assert len(lock.node.fabrics) == 1

    tell(play)


def test_five_homes_share_one_lock_and_the_sixth_hears_that_it_is_full():
    async def play(world):
        first = await world.commissioned("lock", "home 1", max_fabrics=5)
        lock, peers = world.locks["lock"], [first]
        for number in range(2, 6):
            home = await world.controller(f"home {number}")
            peers.append(await home.commission(await first.open_window()))
        for peer in peers:
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
            await peer.invoke(1, DoorLock.lock_door, LockDoor())
        assert [fabric.fabric_index for fabric in await first.fabrics()] == [1, 2, 3, 4, 5]
        assert len(events_of(lock, DoorLock.lock_operation)) == 10
        sixth = await world.controller("home 6")
        with pytest.raises(CommissioningFailed) as caught:
            await sixth.commission(await first.open_window())
        assert isinstance(caught.value.cause, TableFull)
        assert caught.value.status == 5
        assert "Remove the device" in caught.value.advice
        # Who was there is there still.
        assert len(lock.node.fabrics) == 5
        assert await peers[4].get(1, DoorLock.lock_state) == 1

    tell(play)


def test_removing_a_fabric_leaves_the_others_alone():
    async def play(world):
        one = await world.commissioned("lock", "one")
        lock, other = world.locks["lock"], await world.controller("two")
        two = await other.commission(await one.open_window())
        reports = []
        subscription = await two.subscribe(
            AttributeQuery(1, DoorLock.id, DoorLock.lock_state.id), on_report=reports.append, max_s=30
        )
        await world.controllers["one"].decommission(one)
        assert [fabric.index for fabric in lock.node.fabrics] == [2]
        await two.invoke(1, DoorLock.unlock_door, UnlockDoor())
        await asyncio.sleep(1)
        assert reports[-1][0].value == 2
        assert subscription.resumptions == 0
        with pytest.raises((HandshakeFailed, Unreachable)):
            await one.get(1, DoorLock.lock_state)

    tell(play)
