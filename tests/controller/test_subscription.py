"""A subscription that keeps itself alive."""

import asyncio
import itertools
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from tests.support.world import tell

from latchwork.base.errors import Unreachable
from latchwork.controller.router import MAX_EARLY, ReportRouter
from latchwork.controller.subscription import MARGIN, State
from latchwork.matter.interaction.client import AttributeQuery, EventQuery
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnlockDoor
from latchwork.stack.runtime import Message

STATE = AttributeQuery(1, DoorLock.id, DoorLock.lock_state.id)


@asynccontextmanager
async def watching(world, *queries, **options):
    peer = await world.commissioned()
    reports = []
    subscription = await peer.subscribe(*(queries or (STATE,)), on_report=reports.append, **options)
    yield peer, subscription, reports
    await subscription.close()


def test_the_first_report_is_there_when_it_returns_and_changes_follow():
    async def play(world):
        async with watching(world, max_s=30) as (peer, subscription, reports):
            assert reports[0][0].value == 1
            assert subscription.state is State.LIVE
            assert subscription.max_interval <= 30
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
            await asyncio.sleep(0.5)
            assert reports[-1][0].value == 2
            await asyncio.sleep(600)
            assert subscription.resumptions == 0
            assert len(reports) == 2  # empty reports keep it alive and are nobody's business

    tell(play)


def test_silence_is_noticed_when_the_promised_time_is_over():
    async def play(world):
        async with watching(world, max_s=10) as (_, subscription, _):
            world.air.part(world.hosts["lock"], world.hosts["home"])
            await asyncio.sleep(subscription.max_interval + MARGIN - 0.1)
            assert subscription.state is State.LIVE
            await asyncio.sleep(0.2)
            assert subscription.state is State.RESUMING
            world.air.rejoin(world.hosts["lock"], world.hosts["home"])
            await asyncio.sleep(70)
            assert subscription.state is State.LIVE

    tell(play)


def test_a_device_that_forgot_its_session_is_subscribed_to_anew_as_soon_as_that_shows():
    async def play(world):
        async with watching(world, max_s=3000) as (peer, subscription, reports):
            await world.power_cut("lock")
            await world.lock("lock")
            assert subscription.state is State.LIVE
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
            await asyncio.sleep(5)
            assert (subscription.state, subscription.resumptions) == (State.LIVE, 1)
            assert reports[-1][0].value == 2
            await peer.invoke(1, DoorLock.lock_door, LockDoor())
            await asyncio.sleep(1)
            assert reports[-1][0].value == 1

    tell(play)


def test_a_session_that_is_lost_takes_only_its_own_subscriptions_along():
    async def play(world):
        async with watching(world, max_s=3000) as (peer, subscription, _):
            earlier = (await peer.requests()).session
            peer.disconnect()
            peer._drop((await peer.requests()).session)
            assert subscription.state is State.LIVE
            peer._drop(earlier)
            assert subscription.state is State.RESUMING

    tell(play)


def test_attempts_grow_rarer():
    async def play(world):
        async with watching(world, max_s=5) as (peer, subscription, _):
            attempts = []
            call = peer.call

            async def failing(_work):
                attempts.append(world.clock.monotonic())
                raise Unreachable("nobody")

            peer.call = failing
            subscription.lost("test")
            await asyncio.sleep(400)
            pauses = [after - before for before, after in itertools.pairwise(attempts)]
            assert pauses[:4] == pytest.approx([0.5, 1, 2, 4], abs=0.01)
            assert max(pauses) == pytest.approx(60, abs=0.01)
            peer.call = call
            await asyncio.sleep(61)
            assert subscription.state is State.LIVE

    tell(play)


def test_a_refused_subscription_is_told_and_forgotten():
    async def play(world):
        peer = await world.commissioned()
        with pytest.raises(StatusError):
            await peer.subscribe(AttributeQuery(9, 0x9999, 0), on_report=lambda _: None)
        assert not peer.subscriptions
        assert not world.controllers["home"].router._subscriptions

    tell(play)


def test_closing_while_it_resumes_stops_it():
    async def play(world):
        async with watching(world, max_s=5) as (peer, subscription, _):
            await world.power_cut()
            await asyncio.sleep(20)
            assert subscription.state is State.RESUMING
            await subscription.close()
            assert subscription.state is State.CLOSED
            assert not peer.subscriptions
            await asyncio.sleep(100)
            assert subscription.state is State.CLOSED

    tell(play)


def test_a_closed_subscription_ends_on_the_lock_with_its_next_report():
    async def play(world):
        async with watching(world, max_s=5) as (peer, subscription, reports):
            await subscription.close()
            count = len(reports)
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
            await asyncio.sleep(10)
            assert len(reports) == count
            assert len(world.locks["lock"].node.server.subscriptions) == 0

    tell(play)


def test_events_are_asked_for_from_the_next_number_on():
    async def play(world):
        async with watching(world, EventQuery(1, DoorLock.id), max_s=5) as (peer, subscription, reports):
            await peer.invoke(1, DoorLock.unlock_door, UnlockDoor())
            await asyncio.sleep(6)
            subscription.lost("test")
            await asyncio.sleep(5)
            await peer.invoke(1, DoorLock.lock_door, LockDoor())
            await asyncio.sleep(6)
            numbers = [event.number for report in reports for event in report]
            assert numbers == sorted(set(numbers))
            assert len([event for report in reports for event in report if event.event == 2]) == 2

    tell(play)


class FakeExchange:
    """An exchange that a device opened, without a network."""

    def __init__(self, node_id=2):
        self.session = SimpleNamespace(peer_node_id=node_id)
        self.sent = []
        self.finished = False
        self.on_message = None

    def send(self, opcode, payload, *, final=False):
        self.sent.append((opcode, StatusResponseMessage.decode(payload).status))
        self.finished |= final

    def finish(self):
        self.finished = True


def report(subscription_id, *, more=False):
    octets = b"\x15\x26\x00" + subscription_id.to_bytes(4, "little")
    return Message(Opcode.REPORT_DATA, octets + (b"\x29\x03" if more else b"") + b"\x24\xff\x0d\x18", 1)


class Taker:
    """Somebody with a subscription."""

    def __init__(self, number):
        self.id = number
        self.taken = []

    def take(self, collector):
        self.taken.append(collector)


def test_a_report_finds_its_subscription():
    router, taker = ReportRouter(), Taker(7)
    router.register(2, taker)
    exchange = FakeExchange()
    router.on_request(exchange, report(7))
    assert len(taker.taken) == 1
    assert exchange.sent == [(Opcode.STATUS_RESPONSE, 0)]
    assert exchange.finished


@pytest.mark.parametrize(("node", "number"), [(2, 8), (3, 7)])
def test_a_report_of_nobodys_subscription_is_refused_so_that_the_device_stops(node, number):
    router = ReportRouter()
    router.register(2, Taker(7))
    exchange = FakeExchange(node)
    router.on_request(exchange, report(number))
    assert exchange.sent == [(Opcode.STATUS_RESPONSE, Status.INVALID_SUBSCRIPTION)]


def test_a_report_in_parts_is_handed_on_whole():
    router, taker = ReportRouter(), Taker(7)
    router.register(2, taker)
    exchange = FakeExchange()
    router.on_request(exchange, report(7, more=True))
    assert not taker.taken
    assert exchange.sent == [(Opcode.STATUS_RESPONSE, 0)]
    exchange.on_message(report(7))
    assert len(taker.taken) == 1


def test_a_report_that_overtakes_the_answer_naming_its_subscription_is_kept():
    router, taker = ReportRouter(), Taker(9)
    with router.expecting(2):
        router.on_request(FakeExchange(), report(9))
        router.register(2, taker)
    assert len(taker.taken) == 1
    assert not router._early


def test_early_reports_are_bounded_and_do_not_stay():
    router = ReportRouter()
    with router.expecting(2), router.expecting(2):
        for number in range(100):
            router.on_request(FakeExchange(), report(number + 1))
        assert sum(map(len, router._early.values())) == MAX_EARLY
    assert not router._early
    assert not router._expecting


@pytest.mark.parametrize(
    "message",
    [
        Message(Opcode.READ_REQUEST, b"\x15\x18", 1),
        Message(Opcode.REPORT_DATA, b"\x15\x18", 2),
        Message(Opcode.REPORT_DATA, b"junk", 1),
        Message(Opcode.REPORT_DATA, b"", 1),
    ],
)
def test_what_is_no_report_is_refused(message):
    exchange = FakeExchange()
    ReportRouter().on_request(exchange, message)
    assert exchange.sent == [(Opcode.STATUS_RESPONSE, Status.INVALID_ACTION)]
    assert exchange.finished


def test_only_the_registered_one_can_unregister():
    router, first, second = ReportRouter(), Taker(7), Taker(7)
    router.register(2, first)
    router.unregister(2, second)
    router.on_request(FakeExchange(), report(7))
    assert len(first.taken) == 1
    router.unregister(2, first)
    assert not router._subscriptions
