"""Nothing stays on for longer than it may."""

import threading

import pytest

from latchwork.base.errors import Misuse
from latchwork.devices.hardware import Outcome
from latchwork.devices.raspberry_pi.relay import Relay, StrikeBolt
from latchwork.devices.raspberry_pi.watchdog import MARGIN_S, Watchdog
from latchwork.doorlock.bolt import BoltPosition

PIN = 22


@pytest.fixture
def relay(pins, loop):
    relay = Relay(pins.output(PIN), loop, 5.0)
    yield relay
    relay.off()


def test_a_relay_goes_off_at_its_limit(relay, factory, let):
    ended = []
    relay.ended = lambda: ended.append(True)
    relay.on()
    let(4.9)
    assert factory.pin(PIN).state
    let(0.2)
    assert not factory.pin(PIN).state
    assert ended == [True]
    assert not relay.is_on


def test_switching_on_again_gives_the_full_limit(relay, factory, let):
    relay.on()
    let(4)
    relay.on()
    let(4)
    assert factory.pin(PIN).state
    let(1.1)
    assert not factory.pin(PIN).state


def test_a_relay_that_is_on_when_low_begins_off(pins, factory, loop):
    Relay(pins.output(23, active_low=True), loop, 5.0)
    assert factory.pin(23).state


def test_a_door_opener_locks_itself_when_its_limit_comes(relay, let):
    strike, felt = StrikeBolt(relay), []
    strike.listen(lambda position, by_hand: felt.append((position, by_hand)))
    assert strike.position() is BoltPosition.LOCKED
    assert strike.move(BoltPosition.UNLOCKED) is Outcome.ARRIVED
    assert strike.position() is BoltPosition.UNLOCKED
    let(6)
    assert felt == [(BoltPosition.LOCKED, False)]
    strike.move(BoltPosition.UNLOCKED)
    assert strike.move(BoltPosition.LOCKED) is Outcome.ARRIVED
    let(6)
    assert len(felt) == 1
    with pytest.raises(Misuse):
        strike.move(BoltPosition.UNLATCHED)


def test_the_watchdog_cuts_in_a_thread_of_its_own():
    cut, where = threading.Event(), []

    def note():
        where.append(threading.current_thread())
        cut.set()

    Watchdog().arm(0.0, note)
    assert cut.wait(10)
    assert where[0] is not threading.current_thread()


def test_a_watchdog_that_is_disarmed_or_armed_anew_forgets_the_first(monkeypatch):
    made = []

    class Timer:
        def __init__(self, seconds, fire):
            self.seconds, self.fire, self.is_cancelled = seconds, fire, False
            made.append(self)

        def start(self):
            pass

        def cancel(self):
            self.is_cancelled = True

    monkeypatch.setattr(threading, "Timer", Timer)
    dog, cuts = Watchdog(), []
    dog.arm(1.0, lambda: cuts.append("first"))
    dog.arm(2.0, lambda: cuts.append("second"))
    made[0].fire()  # it had begun to run when it was cancelled
    assert made[0].is_cancelled
    assert cuts == []
    made[1].fire()
    assert cuts == ["second"]
    dog.arm(MARGIN_S, lambda: cuts.append("third"))
    dog.disarm()
    made[2].fire()
    assert cuts == ["second"]
