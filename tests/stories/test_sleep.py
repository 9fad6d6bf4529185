"""Locks that sleep, and those who talk to them all the same."""

import asyncio
import itertools

import pytest
from tests.support.world import events_of, tell

from latchwork.base.errors import Misuse
from latchwork.controller.check_in import StillAsleep
from latchwork.controller.subscription import State
from latchwork.doorlock.bolt import BoltPosition
from latchwork.matter.interaction.client import AttributeQuery, EventQuery
from latchwork.matter.messages.header import MessageHeader
from latchwork.matter.messages.secure_channel import Opcode
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnlockDoor
from latchwork.matter.model.clusters.icd_management import IcdManagement, OperatingModeEnum
from latchwork.node.behaviors.icd_management import IcdManagementBehavior
from latchwork.node.icd import IcdConfig, Trigger

SHORT = IcdConfig(idle_s=60, active_ms=300, threshold_ms=1000, slow_poll_ms=5000)
LONG = IcdConfig(
    idle_s=600,
    active_ms=1000,
    threshold_ms=5000,
    slow_poll_ms=60_000,
    is_long_idle=True,
    trigger=Trigger.ACTUATE_SENSOR,
)
STATE = AttributeQuery(1, DoorLock.id, DoorLock.lock_state.id)
OPERATIONS = EventQuery(1, DoorLock.id, DoorLock.lock_operation.id, is_urgent=True)


async def asleep(world, icd, lock="lock", controller="home"):
    """A commissioned lock that has fallen asleep."""
    peer = await world.commissioned(lock, controller, icd=icd)
    await doze(world, lock)
    return world.locks[lock], peer


async def doze(world, lock="lock"):
    for _ in range(600):
        if not world.locks[lock].node.sleep.is_active:
            return
        await asyncio.sleep(0.5)
    raise AssertionError("it never sleeps")


def management(lock) -> IcdManagementBehavior:
    return lock.node.endpoints[0].behavior(IcdManagementBehavior)


def check_ins(world):
    """Every Check-In that passes through the air: (source host, target host)."""
    seen = []

    def tap(datagram, source, target):
        header, start = MessageHeader.decode(datagram)
        if not header.session_id and datagram[start + 1] == Opcode.ICD_CHECK_IN:
            seen.append((source[0], target[0]))
        return True

    world.air.taps.append(tap)
    return seen


def test_a_lock_asleep_answers_a_command_within_its_poll_interval():
    async def play(world):
        lock, peer = await asleep(world, SHORT)
        before, sent = world.clock.monotonic(), world.air.sent
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert 0.1 < world.clock.monotonic() - before <= 5.1
        assert len(events_of(lock, DoorLock.lock_operation)) == 1
        # Nobody was impatient: timed request, status, invoke, response and their acknowledgements.
        assert world.air.sent - sent < 10
        assert lock.node.sleep.is_active
        before = world.clock.monotonic()
        await peer.invoke(1, DoorLock.lock_door, LockDoor())
        assert world.clock.monotonic() - before < 0.1

    tell(play)


def test_after_each_poll_interval_of_fifteen_seconds_too():
    async def play(world):
        slow = IcdConfig(idle_s=300, slow_poll_ms=15_000, threshold_ms=300)
        lock, peer = await asleep(world, slow)
        for number in range(6):
            await asyncio.sleep(7.3 * number)
            await doze(world)
            before = world.clock.monotonic()
            assert await peer.get(1, DoorLock.lock_state) == 1
            assert world.clock.monotonic() - before <= 15.1
        assert len(lock.node.runtime.sessions()) == 1

    tell(play)


def test_a_new_session_with_a_lock_asleep_waits_for_its_poll():
    async def play(world):
        slow = IcdConfig(idle_s=300, slow_poll_ms=15_000, threshold_ms=300)
        lock, peer = await asleep(world, slow)
        await world.leave("home")
        home = await world.controller("home")
        again = home.peers[peer.node_id]
        before = world.clock.monotonic()
        assert await again.get(1, DoorLock.lock_state) == 1
        assert world.clock.monotonic() - before <= 15.5
        assert not lock.node.sleep.is_held

    tell(play)


def test_it_says_how_it_sleeps_over_dns_sd_and_in_its_sessions():
    async def play(world):
        lock, peer = await asleep(world, LONG)
        (record,) = [r for r in world.air.services.values() if r.service_type == "_matter._tcp"]
        assert {key: record.txt[key] for key in ("SII", "SAI", "SAT", "ICD")} == {
            "SII": "15000",
            "SAI": "300",
            "SAT": "5000",
            "ICD": "0",
        }
        (session,) = lock.node.runtime.sessions()
        assert peer.stored.idle_interval_ms == 15_000
        await peer.register_check_in()
        await asyncio.sleep(1)
        records = {r.instance: r.txt for r in world.air.services.values() if r.service_type == "_matter._tcp"}
        assert records[record.instance]["ICD"] == "1"
        assert records[record.instance]["SII"] == "60000"
        assert lock.node.runtime.session_parameters.idle_interval_ms == 60_000
        assert await peer.get(0, IcdManagement.operating_mode) == OperatingModeEnum.LIT
        assert session.is_closed is False

    tell(play)


def test_a_short_idle_device_says_nothing_of_long_idle():
    async def play(world):
        await asleep(world, SHORT)
        (record,) = [r for r in world.air.services.values() if r.service_type == "_matter._tcp"]
        assert record.txt["SII"] == "5000"
        assert "ICD" not in record.txt

    tell(play)


def test_a_registered_client_hears_when_it_wakes():
    async def play(world):
        lock, peer = await asleep(world, LONG)
        await peer.register_check_in()
        heard, client = check_ins(world), world.controllers["home"].check_ins
        await doze(world)
        before = world.clock.monotonic()
        await peer.wait_awake(700)
        assert 590 < world.clock.monotonic() - before <= 601
        assert client.heard_count == 1
        assert set(heard) == {(world.hosts["lock"], world.hosts["home"])}
        before = world.clock.monotonic()
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert world.clock.monotonic() - before < 0.5
        await peer.wait_awake(0.0)
        await doze(world)
        with pytest.raises(StillAsleep):
            await peer.wait_awake(100)
        assert lock.node.sleep.slow_poll_s == 60

    tell(play)


def test_only_who_is_registered_can_wait():
    async def play(world):
        _, peer = await asleep(world, LONG)
        with pytest.raises(Misuse):
            await peer.wait_awake(1)

    tell(play)


def test_a_person_at_the_lock_wakes_it_and_everybody_hears():
    async def play(world):
        lock, peer = await asleep(world, LONG)
        await peer.register_check_in()
        await doze(world)
        waiting = asyncio.create_task(peer.wait_awake(60))
        await asyncio.sleep(1)
        management(lock).press()
        before = world.clock.monotonic()
        await waiting
        assert world.clock.monotonic() - before < 0.1

    tell(play)


def test_a_subscription_lives_on_through_sleep_and_makes_check_ins_unnecessary():
    async def play(world):
        lock, peer = await asleep(world, LONG)
        await peer.register_check_in()
        reports, heard = [], check_ins(world)
        subscription = await peer.subscribe(STATE, OPERATIONS, on_report=reports.append, max_s=60)
        assert subscription.max_interval == 600
        await asyncio.sleep(6000)
        assert subscription.resumptions == 0
        assert subscription.state is State.LIVE
        assert heard == []
        assert len(reports) == 1
        # A hand turns the bolt while the radio sleeps: the report does not wait for anything.
        await doze(world)
        lock.turn(BoltPosition.UNLOCKED)
        await asyncio.sleep(2)
        assert reports[-1][0].value == 2
        assert lock.node.sleep.is_active

    tell(play)


def test_a_lock_that_restarted_checks_in_and_its_subscription_is_made_anew_at_once():
    async def play(world):
        _, peer = await asleep(world, LONG)
        await peer.register_check_in()
        reports = []
        subscription = await peer.subscribe(STATE, OPERATIONS, on_report=reports.append, max_s=600)
        await world.power_cut()
        await asyncio.sleep(20)
        assert subscription.state is State.LIVE  # nothing tells
        lock = await world.lock(icd=LONG)
        await asyncio.sleep(5)
        assert subscription.state is State.LIVE
        assert subscription.resumptions == 1
        await lock.close()

    tell(play)


def test_deaf_for_an_hour_and_then_found_again_by_its_check_in():
    async def play(world):
        lock, peer = await asleep(world, LONG)
        await peer.register_check_in()
        subscription = await peer.subscribe(STATE, on_report=lambda _: None, max_s=600)
        lock.node.sleep.hold()
        await asyncio.sleep(3600)
        assert subscription.state is State.RESUMING
        before = subscription.resumptions
        lock.node.sleep.release()
        await asyncio.sleep(6)
        assert subscription.state is State.LIVE
        assert subscription.resumptions == before + 1
        assert await peer.get(1, DoorLock.lock_state) == 1

    tell(play)


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_the_counter_never_goes_back(says_goodbye):
    async def play(world):
        lock, peer = await asleep(world, LONG)
        await peer.register_check_in()
        client = world.controllers["home"].check_ins
        for _ in range(3):
            await doze(world)
            await peer.wait_awake(700)
        before = management(lock).registrations.counter
        window = client.watched[peer.node_id].window
        assert (before - window.start) % 2**32 == window.offset == 3
        if says_goodbye:
            await world.locks.pop("lock").close()
        else:
            await world.power_cut()
        again = await world.lock(icd=LONG)
        await asyncio.sleep(1)
        after = management(again).registrations.counter
        assert 0 < (after - before) % 2**32 <= 200
        assert client.heard_count == 4
        assert (after - window.start) % 2**32 == window.offset

    tell(play)


def test_the_controller_remembers_its_registrations():
    async def play(world):
        _, peer = await asleep(world, LONG)
        await peer.register_check_in()
        await peer.wait_awake(700)
        await world.leave("home")
        home = await world.controller("home")
        await doze(world)
        assert [r for r in world.air.services.values() if r.instance.endswith(f"{home.fabric.node_id:016X}")]
        before = world.clock.monotonic()
        await home.peers[peer.node_id].wait_awake(700)
        assert world.clock.monotonic() - before > 1
        assert home.check_ins.heard_count == 1

    tell(play)


def test_a_removed_fabric_is_not_checked_in_with():
    async def play(world):
        lock, peer = await asleep(world, LONG)
        other = await world.controller("other")
        also = await other.commission(await peer.open_window())
        await peer.register_check_in()
        await also.register_check_in()
        await doze(world)
        heard = check_ins(world)
        await also.wait_awake(700)
        assert {target for _, target in heard} == {world.hosts["home"], world.hosts["other"]}
        await other.decommission(also)
        assert other.check_ins.watched == {}
        await doze(world)
        heard.clear()
        await peer.wait_awake(700)
        assert {target for _, target in heard} == {world.hosts["home"]}
        await peer.unregister_check_in()
        assert lock.node.sleep.is_long_idle is False
        assert not management(lock).registrations
        await doze(world)
        heard.clear()
        await asyncio.sleep(2000)
        assert heard == []

    tell(play)


def test_a_client_that_does_not_react_is_told_less_and_less_often():
    async def play(world):
        patient = IcdConfig(
            idle_s=100,
            active_ms=1000,
            threshold_ms=5000,
            is_long_idle=True,
            trigger=Trigger.ACTUATE_SENSOR,
            max_check_in_backoff_s=400,
        )
        lock, peer = await asleep(world, patient)
        await peer.register_check_in()
        await world.leave("home")
        heard, times = check_ins(world), []
        await doze(world)
        while len(times) < 6:
            await asyncio.sleep(1)
            if heard:
                times.append(round(world.clock.monotonic()))
                heard.clear()
        pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
        wake = lock.node.config.icd.idle_s
        assert [round(pause / (wake + 3)) for pause in pauses] == [1, 2, 4, 4, 4]
        await doze(world)
        management(lock).press()
        await asyncio.sleep(1)
        assert heard

    tell(play)


def test_a_device_stays_awake_when_asked():
    async def play(world):
        lock, peer = await asleep(world, SHORT)
        assert await peer.stay_active(20) == pytest.approx(20, abs=0.1)
        await asyncio.sleep(18)
        assert lock.node.sleep.is_active
        before = world.clock.monotonic()
        await peer.get(1, DoorLock.lock_state)
        assert world.clock.monotonic() - before < 0.1
        assert await peer.stay_active(3600) == pytest.approx(30, abs=0.1)
        await asyncio.sleep(31.5)
        assert not lock.node.sleep.is_active

    tell(play)


def test_an_open_window_keeps_it_awake():
    async def play(world):
        lock, peer = await asleep(world, SHORT)
        payload = await peer.open_window(seconds=180)
        await asyncio.sleep(60)
        assert lock.node.sleep.is_active
        other = await world.controller("other")
        before = world.clock.monotonic()
        await other.commission(payload)
        assert world.clock.monotonic() - before < 3
        await doze(world)

    tell(play)


def test_a_key_that_is_half_used_up_is_replaced():
    async def play(world):
        lock, peer = await asleep(world, LONG)
        await peer.register_check_in()
        client, registrations = world.controllers["home"].check_ins, management(lock).registrations
        key = client.watched[peer.node_id].key
        registrations.counter = (registrations.counter + 2**31) % 2**32
        await peer.wait_awake(0.0)
        await doze(world)
        await peer.wait_awake(700)
        await asyncio.sleep(2)
        watched = client.watched[peer.node_id]
        assert bytes(watched.key) != bytes(key)
        assert watched.window.offset == 0
        await doze(world)
        await peer.wait_awake(700)
        assert watched.window.offset == 1

    tell(play)
