"""Our registrations: which Check-Ins are believed, and what they set off."""

import asyncio
from dataclasses import dataclass, field

import pytest

from latchwork.base.errors import Unreachable
from latchwork.base.logs import Secret
from latchwork.controller.check_in import CheckInClient, StillAsleep, Wakefulness, Watched
from latchwork.matter.messages.check_in import REFRESH_OFFSET, CheckInKey, CheckInWindow
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.icd_management import ClientTypeEnum, IcdManagement, RegisterClientResponse
from latchwork.stack.memory import Air
from latchwork.stack.virtual_time import run_virtual
from latchwork.store.kv import MemoryStore

OURS, KEY, OTHER_KEY = 0x11, bytes(range(16)), bytes(range(1, 17))
HOME, DEVICE = ("fd00::1", 5540, 0, 0), ("fd00::2", 5540, 0, 0)


@dataclass
class Device:
    """A peer that answers as it is told."""

    node_id: int = 0x51
    address: object = DEVICE
    counter: int = 100
    refuses: Exception | None = None
    asked: list = field(default_factory=list)
    wakes: list = field(default_factory=list)

    async def invoke(self, _endpoint, command, request=None):
        self.asked.append((command, request))
        if self.refuses is not None:
            raise self.refuses
        if command is IcdManagement.register_client:
            return RegisterClientResponse(icd_counter=self.counter)
        return None

    def is_at(self, address):
        return address == self.address

    def woke(self, seconds, *, has_lost_us):
        self.wakes.append((seconds, has_lost_us))


class Net:
    """What the client needs of a runtime and of a fabric."""

    port = 5540
    compressed_id = bytes(8)
    node_id = OURS
    on_check_in = None


class Home:
    """A client with two devices."""

    def __init__(self, store=None):
        self.store = store or MemoryStore()
        self.air, self.net = Air(), Net()
        self.one, self.two = Device(), Device(0x52, ("fd00::3", 5540, 0, 0))
        self.client = CheckInClient(
            store=self.store,
            fabric=self.net,
            runtime=self.net,
            discovery=self.air.discovery("fd00::1"),
            entropy=lambda count: bytes(range(count)),
            peers={device.node_id: device for device in (self.one, self.two)},
        )

    def tell(self, counter, key=KEY, *, threshold=5000, address=DEVICE):
        self.net.on_check_in(CheckInKey(key).seal_wake(counter, threshold), address)


def play(story):
    async def main():
        home = Home()
        try:
            await story(home)
        finally:
            await home.client.close()

    run_virtual(main())


def test_it_registers_with_a_key_of_its_own_and_can_be_found_from_then_on():
    async def story(home):
        assert not home.air.services
        await home.client.register(home.one)
        ((command, request),) = home.one.asked
        assert command is IcdManagement.register_client
        assert (request.check_in_node_id, request.monitored_subject) == (OURS, OURS)
        assert (request.key, request.verification_key) == (KEY, None)
        ((instance, kind),) = home.air.services
        assert kind == "_matter._tcp"
        assert instance.endswith(f"-{OURS:016X}")

    play(story)


def test_registering_again_proves_itself_with_the_key_before():
    async def story(home):
        await home.client.register(home.one, key=OTHER_KEY)
        await home.client.register(home.one, monitored_subject=7, client_type=ClientTypeEnum.EPHEMERAL)
        _, request = home.one.asked[-1]
        assert (request.verification_key, request.key) == (OTHER_KEY, KEY)
        assert (request.monitored_subject, request.client_type) == (7, ClientTypeEnum.EPHEMERAL)

    play(story)


def test_a_device_that_refuses_is_not_watched():
    async def story(home):
        home.one.refuses = StatusError(Status.RESOURCE_EXHAUSTED)
        with pytest.raises(StatusError):
            await home.client.register(home.one)
        assert not home.client.watched

    play(story)


def test_a_check_in_is_believed_once():
    async def story(home):
        await home.client.register(home.one)
        home.tell(101)
        assert home.one.wakes == [(5.0, True)]
        home.tell(101)
        home.tell(100)
        assert len(home.one.wakes) == 1
        home.tell(105)
        home.tell(103)
        assert home.client.heard_count == 2

    play(story)


def test_what_another_key_sealed_is_nobodys():
    async def story(home):
        await home.client.register(home.one)
        home.tell(101, OTHER_KEY)
        home.net.on_check_in(b"", DEVICE)
        home.net.on_check_in(bytes(35), DEVICE)
        assert home.one.wakes == []

    play(story)


def test_a_device_is_known_by_its_key_wherever_it_is():
    async def story(home):
        await home.client.register(home.one)
        await home.client.register(home.two, key=OTHER_KEY)
        home.tell(101, OTHER_KEY, address=DEVICE)
        home.tell(101, KEY, address=("fd00::9", 1, 0, 0))
        assert (len(home.one.wakes), len(home.two.wakes)) == (1, 1)

    play(story)


def test_who_watches_for_somebody_else_loses_no_subscription_by_it():
    async def story(home):
        await home.client.register(home.one, monitored_subject=0xFFFF_FFFD_0001_0001)
        home.tell(101, threshold=300)
        assert home.one.wakes == [(0.3, False)]

    play(story)


def test_counters_seen_survive_a_restart():
    async def story(home):
        await home.client.register(home.one)
        home.tell(105)
        again = Home(home.store)
        await again.client.start()
        assert again.air.services
        again.tell(105)
        assert again.one.wakes == []
        again.tell(106)
        assert len(again.one.wakes) == 1
        await again.client.close()
        assert not again.air.services

    play(story)


def test_a_device_that_was_forgotten_meanwhile_wakes_nobody():
    async def story(home):
        home.client._peers = {}
        await home.client.register(home.one)
        home.tell(101)
        assert home.client.heard_count == 1
        home.client.forget(home.one.node_id)
        home.tell(102)
        assert home.client.heard_count == 1
        assert not home.store.keys("check-in/")

    play(story)


def test_a_worn_out_key_is_replaced_and_tried_again_when_that_fails():
    async def story(home):
        await home.client.register(home.one, key=OTHER_KEY)
        home.one.refuses = Unreachable("asleep again")
        home.tell(100 + REFRESH_OFFSET, OTHER_KEY)
        await asyncio.sleep(1)
        assert bytes(home.client.watched[home.one.node_id].key) == OTHER_KEY
        home.one.refuses = None
        home.tell(101 + REFRESH_OFFSET, OTHER_KEY)
        await asyncio.sleep(1)
        assert bytes(home.client.watched[home.one.node_id].key) == KEY
        assert len(home.one.wakes) == 2

    play(story)


def test_unregistering_forgets_also_what_the_device_no_longer_knows():
    async def story(home):
        await home.client.register(home.one)
        home.one.refuses = StatusError(Status.FAILURE)
        with pytest.raises(StatusError):
            await home.client.unregister(home.one)
        assert home.client.watched
        home.one.refuses = StatusError(Status.NOT_FOUND)
        await home.client.unregister(home.one)
        assert not home.client.watched

    play(story)


def test_what_is_stored_comes_back_and_keeps_its_secret():
    watched = Watched(5, Secret(KEY), CheckInWindow(7, 3), 9, ClientTypeEnum.EPHEMERAL)
    again = Watched.decode(watched.encode())
    assert (again.node_id, bytes(again.key), again.monitored_subject) == (5, KEY, 9)
    assert (again.window.start, again.window.offset, again.client_type) == (7, 3, ClientTypeEnum.EPHEMERAL)
    assert KEY.hex() not in repr(watched.key)


def test_all_who_wait_are_woken_and_who_waits_too_long_is_told():
    async def main():
        wakefulness, loop = Wakefulness(), asyncio.get_running_loop()
        waiting = [asyncio.create_task(wakefulness.wait(10)) for _ in range(3)]
        loop.call_later(4, wakefulness.woke, 9.0)
        await asyncio.gather(*waiting)
        assert loop.time() == pytest.approx(4)
        assert wakefulness.until == 9.0
        with pytest.raises(StillAsleep, match="within 5 s"):
            await wakefulness.wait(5)
        assert not wakefulness._waiting

    run_virtual(main())
