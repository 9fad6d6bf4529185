"""A peer: connects when asked, reconnects when dead, repeats only what may be repeated."""

import asyncio

import pytest
from tests.support.world import STUBBORN, events_of, tell

from latchwork.base.errors import Unreachable, Unsupported
from latchwork.controller.peer import first_success
from latchwork.controller.requests import TIMED_MS
from latchwork.matter.interaction.client import AttributeQuery
from latchwork.matter.messages.header import MessageHeader
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnlockDoor
from latchwork.matter.model.clusters.identify import Identify, IdentifyRequest
from latchwork.matter.session.handshake import HandshakeFailed


async def bonded(world):
    world.air.weather.delay = 0.002
    peer = await world.commissioned()
    await peer.get(1, DoorLock.lock_state)
    await asyncio.sleep(1)
    return world.locks["lock"], peer


def deaf_to(world, session_ids, *, from_host):
    """The air swallows secure messages of these sessions that come from a host; gives the list of what it swallowed."""
    swallowed = []

    def tap(datagram, source, _target):
        if source[0] == from_host and MessageHeader.decode(datagram)[0].session_id in session_ids:
            swallowed.append(datagram)
            return False
        return True

    world.air.taps.append(tap)
    return swallowed


def test_one_session_serves_all_requests_and_they_run_side_by_side():
    async def play(world):
        lock, peer = await bonded(world)
        sessions = len(lock.node.runtime.sessions())
        values = await asyncio.gather(*(peer.get(0, BasicInformation.vendor_id) for _ in range(20)))
        assert values == [0xFFF1] * 20
        assert len(lock.node.runtime.sessions()) == sessions

    tell(play)


def test_many_requests_at_once_make_one_connection():
    async def play(world):
        lock, peer = await bonded(world)
        peer.disconnect()
        assert not peer.is_connected
        opened = []
        before = lock.node.runtime.on_session
        lock.node.runtime.on_session = lambda session: (opened.append(session), before(session))
        await asyncio.gather(*(peer.get(1, DoorLock.lock_state) for _ in range(10)))
        assert len(opened) == 1
        assert opened[0].resumed

    tell(play)


def test_a_read_in_a_dead_session_is_repeated_in_a_new_one():
    async def play(world):
        lock, peer = await bonded(world)
        for session in lock.node.runtime.sessions():
            lock.node.runtime.engine.close_session(session, now=world.clock.monotonic(), notify=False)
        before = world.clock.monotonic()
        assert await peer.get(1, DoorLock.lock_state) == 1
        assert 1.0 <= world.clock.monotonic() - before < 2.0

    tell(play)


def test_a_timed_invoke_that_was_not_begun_is_repeated_and_done_once():
    async def play(world):
        lock, peer = await bonded(world)
        for session in lock.node.runtime.sessions():
            lock.node.runtime.engine.close_session(session, now=world.clock.monotonic(), notify=False)
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert len(events_of(lock, DoorLock.lock_operation)) == 1

    tell(play)


def test_a_timed_invoke_that_was_begun_is_not_repeated_and_says_what_is_not_known():
    async def play(world):
        lock, peer = await bonded(world)

        def cut(*_):
            world.air.part(world.hosts["lock"], world.hosts["home"])

        lock.on_operation = cut  # it is done, and its answer never arrives
        with pytest.raises(Unreachable) as caught:
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert "not known" in str(caught.value)
        assert "state" in caught.value.advice
        world.air.rejoin(world.hosts["lock"], world.hosts["home"])
        await asyncio.sleep(60)
        assert len(events_of(lock, DoorLock.lock_operation)) == 1
        assert await peer.get(1, DoorLock.lock_state) == 2

    tell(play)


def test_an_invoke_that_is_not_timed_waits_for_its_answer_though_a_new_session_is_there():
    async def play(world):
        _, peer = await bonded(world)
        old = peer._session
        answers = deaf_to(world, {old.local_id}, from_host=world.hosts["lock"])
        task = asyncio.create_task(peer.invoke(1, Identify.identify, IdentifyRequest(identify_time=30)))
        await asyncio.sleep(2.0)
        assert answers
        assert peer._session is not old  # whoever asks now is served at once
        assert await peer.get(1, Identify.identify_time) > 20
        world.air.taps.clear()
        await task  # the lock repeats its answer, and it was not in vain

    tell(play)


def test_a_request_whose_peer_is_gone_fails_within_the_time_of_mrp():
    async def play(world):
        _, peer = await bonded(world)
        await world.power_cut()
        before = world.clock.monotonic()
        with pytest.raises(Unreachable):
            await peer.invoke(1, Identify.identify, IdentifyRequest(identify_time=30))
        assert world.clock.monotonic() - before < 15
        with pytest.raises(Unreachable) as caught:
            await peer.get(1, DoorLock.lock_state)
        assert caught.value.advice

    tell(play)


def test_a_timed_request_that_comes_too_late_is_begun_again():
    async def play(world):
        lock, peer = await bonded(world)
        session = peer._session
        held = []

        def hold(datagram, source, _target):
            # The first request after the timed one is lost until the lock no longer wants it.
            held.append(datagram)
            secure = source[0] == world.hosts["home"] and len(datagram) > 50
            return not secure or world.clock.monotonic() > began + TIMED_MS / 1000 + 1

        began = world.clock.monotonic()
        world.controllers["home"].runtime.engine.reliability = STUBBORN
        world.air.taps.append(hold)
        await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
        assert held
        assert peer._session is session
        assert len(events_of(lock, DoorLock.lock_operation)) == 1

    tell(play)


def test_a_refusal_is_typed_and_not_repeated():
    async def play(world):
        lock, peer = await bonded(world)
        with pytest.raises(StatusError) as caught:
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor(), timed_ms=0)
        assert caught.value.status == Status.NEEDS_TIMED_INTERACTION
        with pytest.raises(StatusError) as caught:
            await peer.get(9, DoorLock.lock_state)
        assert caught.value.status == Status.UNSUPPORTED_ENDPOINT
        with pytest.raises(StatusError):
            await peer.set(0, BasicInformation.node_label, "x" * 33)
        assert not events_of(lock, DoorLock.lock_operation)

    tell(play)


def test_a_single_paths_refusal_is_among_the_entries():
    async def play(world):
        _, peer = await bonded(world)
        entries = await peer.read(
            AttributeQuery(1, DoorLock.id, DoorLock.lock_state.id), AttributeQuery(7, DoorLock.id, 0)
        )
        assert entries[0].value == 1
        assert entries[1].status == Status.UNSUPPORTED_ENDPOINT

    tell(play)


def test_a_lock_that_forgot_us_is_told_apart_from_one_that_is_away():
    async def play(world):
        lock, peer = await bonded(world)
        lock.node.leave(1)
        await asyncio.sleep(1)
        with pytest.raises((HandshakeFailed, Unreachable)) as caught:
            await peer.get(1, DoorLock.lock_state)
        assert isinstance(caught.value, HandshakeFailed), caught.value
        assert "pair it again" in caught.value.advice

    tell(play)


def test_closing_a_peer_while_it_connects_leaves_nothing_behind():
    async def play(world):
        _, peer = await bonded(world)
        peer.disconnect()
        asking = asyncio.create_task(peer.get(1, DoorLock.lock_state))
        await asyncio.sleep(0.001)
        await peer.close()
        assert isinstance((await asyncio.gather(asking, return_exceptions=True))[0], asyncio.CancelledError)
        assert not peer.is_connected

    tell(play)


def test_large_messages_need_tcp_on_both_sides():
    async def play(world):
        _, peer = await bonded(world)
        with pytest.raises(Unsupported):
            await peer.large()

    tell(play)


def test_an_enhanced_window_lets_another_controller_in_and_its_passcode_is_nowhere_on_the_lock():
    async def play(world):
        lock, peer = await bonded(world)
        code = await peer.open_window(seconds=200, discriminator=77)
        assert (code.discriminator.long, code.vendor_id) == (77, 0xFFF1)
        with pytest.raises(StatusError) as caught:
            await peer.open_window()
        assert caught.value.cluster_status == 2  # Busy
        other = await world.controller("other")
        await other.commission(code)
        assert len(lock.node.fabrics) == 2
        assert not lock.node.window.is_open

    tell(play)


async def _fails(error, after):
    await asyncio.sleep(after)
    raise error


async def _works(value, after):
    await asyncio.sleep(after)
    return value


def test_the_first_success_wins_and_a_refusal_tells_more_than_silence():
    from latchwork.matter.session.handshake import FailureKind

    async def play(_world):
        tasks = [asyncio.create_task(each) for each in (_fails(Unreachable("a"), 1), _works(5, 2), _works(6, 3))]
        assert await first_success(tasks) == 5
        refused = HandshakeFailed(FailureKind.BUSY, "busy")
        tasks = [asyncio.create_task(each) for each in (_fails(refused, 1), _fails(Unreachable("b"), 2))]
        with pytest.raises(HandshakeFailed):
            await first_success(tasks)
        tasks = [asyncio.create_task(_fails(ZeroDivisionError(), 1))]
        with pytest.raises(ZeroDivisionError):
            await first_success(tasks)

    tell(play)


def test_locking_while_reading_while_writing():
    async def play(world):
        lock, peer = await bonded(world)
        await asyncio.gather(
            *(peer.invoke(1, DoorLock.lock_door, LockDoor()) for _ in range(5)),
            *(peer.get(1, DoorLock.lock_state) for _ in range(5)),
            *(peer.set(0, BasicInformation.node_label, str(number)) for number in range(5)),
        )
        assert len(events_of(lock, DoorLock.lock_operation)) == 5

    tell(play)
