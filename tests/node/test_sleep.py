"""When a node hears: the sleep by itself, with a clock that is moved by hand."""

from dataclasses import dataclass, field

import pytest

from latchwork.base.errors import Misuse
from latchwork.node.agenda import Agenda
from latchwork.node.config import NodeConfig
from latchwork.node.icd import IcdConfig, Trigger
from latchwork.node.sleep import MAX_STAY_ACTIVE_MS, Sleep, intervals_ms

PEER = ("fd00::1", 5540, 0, 0)
LONG = {"is_long_idle": True, "trigger": Trigger.SETUP_BUTTON, "threshold_ms": 5000}


@dataclass
class Device:
    """A sleep, its clock and what it let through."""

    config: IcdConfig = field(default_factory=lambda: IcdConfig(idle_s=60, threshold_ms=1000, slow_poll_ms=5000))
    gate: object = None

    def __post_init__(self):
        self.now = 100.0
        self.agenda = Agenda()
        self.sleep = Sleep(self.config, self.agenda, lambda: self.now)
        self.heard, self.soon, self.wakes = [], [], []
        self.sleep.on_awake = lambda: self.wakes.append(self.now)
        self.sleep.start(self, self.soon.append)
        self._settle()

    def deliver(self, datagram, address):
        self.heard.append((self.now, datagram, address))

    def send(self, datagram):
        """Somebody sends it a datagram; gives whether it is heard at once."""
        if self.sleep.heard(datagram, PEER):
            self.deliver(datagram, PEER)
            return True
        return False

    def _settle(self):
        while self.soon:
            self.soon.pop(0)()

    def advance(self, seconds):
        end = self.now + seconds
        while (deadline := self.agenda.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.agenda.run_due(self.now)
            self._settle()
        self.now = end

    def until_asleep(self):
        while self.sleep.is_active:
            self.advance(0.05)


def asleep(**changes):
    device = Device(IcdConfig(**{"idle_s": 60, "threshold_ms": 1000, "slow_poll_ms": 5000} | changes))
    device.until_asleep()
    device.wakes.clear()
    return device


def test_it_begins_awake_and_falls_asleep_after_the_active_mode():
    device = Device()
    assert device.sleep.is_active
    assert device.wakes == [100.0]
    device.advance(0.29)
    assert device.sleep.is_active
    device.advance(0.02)
    assert not device.sleep.is_active


def test_asleep_it_hears_at_its_next_poll_and_is_awake_from_then_on():
    device = asleep()
    slept = device.now
    device.advance(3)
    assert not device.send(b"a")
    device.advance(1.9)
    assert device.heard == []
    device.advance(0.2)
    ((when, datagram, address),) = device.heard
    assert when == pytest.approx(slept + 5, abs=0.06)
    assert (datagram, address) == (b"a", PEER)
    assert device.sleep.is_active
    assert device.send(b"b")


def test_polls_without_messages_need_no_appointment():
    device = asleep(idle_s=3600)
    assert device.agenda.next_deadline() > device.now + 3590


def test_every_message_keeps_it_awake_for_the_threshold():
    device = asleep()
    device.sleep.trigger()
    for _ in range(10):
        device.advance(0.9)
        assert device.send(b"x")
    device.advance(0.9)
    device.sleep.spoke()
    device.advance(0.9)
    assert device.sleep.is_active
    device.advance(0.2)
    assert not device.sleep.is_active


def test_speaking_wakes_it_because_an_answer_may_come():
    device = asleep()
    device.sleep.spoke()
    assert device.send(b"the answer")


def test_the_parent_keeps_the_newest_in_order():
    device = asleep(parent_buffer=3)
    for number in range(5):
        assert not device.send(b"%d" % number)
    device.advance(5)
    assert [datagram for _, datagram, _ in device.heard] == [b"2", b"3", b"4"]


def test_the_parent_forgets_what_it_kept_too_long():
    device = asleep(idle_s=3600)
    device.sleep.hold()
    device.send(b"old")
    device.advance(200)
    device.send(b"new")
    device.advance(100)
    device.sleep.release()
    device._settle()
    assert [datagram for _, datagram, _ in device.heard] == [b"new"]


def test_a_poll_that_finds_only_what_expired_lets_it_sleep():
    device = asleep(idle_s=3600, parent_patience_s=1.0, slow_poll_ms=5000)
    device.sleep.hold()
    device.send(b"old")
    device.advance(20)
    device.sleep.is_held = False
    device.sleep._poll_in_time()
    device.advance(6)
    assert device.heard == []
    assert not device.sleep.is_active


def test_it_wakes_by_itself_after_the_idle_mode():
    device = asleep()
    device.advance(59.8)
    assert device.wakes == []
    device.advance(0.3)
    assert len(device.wakes) == 1
    assert device.sleep.is_active


def test_without_an_active_mode_duration_it_wakes_only_when_somebody_is_to_be_told():
    device = Device(IcdConfig(idle_s=60, active_ms=0, threshold_ms=1000))
    device.until_asleep()
    device.wakes.clear()
    device.advance(1000)
    assert device.wakes == []
    device.sleep.wants_to_wake = lambda: True
    device.sleep.trigger()
    device.until_asleep()
    device.wakes.clear()
    device.advance(60)
    assert len(device.wakes) == 1


def test_what_needs_it_keeps_it_awake():
    device = Device()
    needed = [True]
    device.sleep.must_stay_awake = lambda: needed[0]
    device.advance(30)
    assert device.sleep.is_active
    needed.clear()
    needed.append(False)
    device.advance(1.1)
    assert not device.sleep.is_active


def test_a_client_is_promised_what_is_kept():
    device = asleep()
    assert device.sleep.stay_active(5000) == 0  # asleep there is nobody to ask
    device.sleep.trigger()
    assert device.sleep.stay_active(5000) == 5000
    assert device.sleep.stay_active(100) == 5000
    assert device.sleep.stay_active(2**32 - 1) == MAX_STAY_ACTIVE_MS
    device.advance(29.9)
    assert device.sleep.is_active
    device.advance(0.2)
    assert not device.sleep.is_active


def test_held_it_hears_nothing_and_does_not_wake_until_released():
    device = asleep()
    device.sleep.hold()
    device.send(b"a")
    device.advance(130)
    assert device.heard == []
    assert device.wakes == []
    device.sleep.release()
    device._settle()
    assert [datagram for _, datagram, _ in device.heard] == [b"a"]
    assert len(device.wakes) == 1
    device.sleep.release()  # once is enough
    assert len(device.wakes) == 1


def test_held_while_awake_it_is_deaf_at_once():
    device = Device()
    device.sleep.hold()
    assert not device.send(b"a")
    device.sleep.release()
    device._settle()
    assert [datagram for _, datagram, _ in device.heard] == [b"a"]
    assert device.send(b"b")


def test_nothing_overtakes_what_the_parent_still_holds():
    device = asleep()
    device.send(b"first")
    device.sleep.trigger()
    assert not device.send(b"second")  # the first is on its way, but not there yet
    device._settle()
    assert [datagram for _, datagram, _ in device.heard] == [b"first", b"second"]


def test_stopped_it_wakes_no_more():
    device = asleep()
    device.send(b"a")
    device.sleep.stop()
    device.advance(1000)
    assert device.heard == []
    assert device.agenda.next_deadline() is None
    assert device.gate is None


def test_peers_are_told_the_interval_of_the_operating_mode():
    device = Device(IcdConfig(idle_s=600, slow_poll_ms=60_000, **LONG))
    assert intervals_ms(NodeConfig(), device.sleep) == (15_000, 300, 5000)
    device.sleep.is_long_idle = True
    assert intervals_ms(NodeConfig(), device.sleep) == (60_000, 300, 5000)
    assert intervals_ms(NodeConfig(), None) == (500, 300, 4000)


@pytest.mark.parametrize(
    "wrong",
    [
        {"idle_s": 0},
        {"idle_s": 64_801},
        {"idle_s": 1, "active_ms": 1001},
        {"threshold_ms": 0},
        {"slow_poll_ms": 15_001},
        {"slow_poll_ms": 3_600_001, **LONG},
        {"slow_poll_ms": 100, "fast_poll_ms": 101},
        {"idle_s": 60, "max_check_in_backoff_s": 59},
        {"clients_per_fabric": 0},
        {"trigger_instruction": "x" * 129},
        {"can_be_short": True},
        {"parent_buffer": 0},
        LONG | {"threshold_ms": 4999},
        LONG | {"has_check_in": False},
        LONG | {"trigger": Trigger(0)},
    ],
)
def test_numbers_that_the_specification_forbids_are_refused(wrong):
    with pytest.raises(Misuse):
        IcdConfig(**wrong)
