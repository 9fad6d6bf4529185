"""The bolt with a motor or a servo: it arrives, jams, is cut in time, and feels hands."""

import asyncio

import pytest
from gpiozero.pins.mock import MockPWMPin

from latchwork.base.errors import Misuse
from latchwork.devices.hardware import Outcome
from latchwork.devices.raspberry_pi.contacts import Contact
from latchwork.devices.raspberry_pi.driven_bolt import COASTING_S, PAUSE_S, DrivenBolt, EndStops
from latchwork.devices.raspberry_pi.drives import MotorDrive, ServoDrive
from latchwork.devices.raspberry_pi.relay import Relay
from latchwork.devices.raspberry_pi.watchdog import MARGIN_S
from latchwork.doorlock.bolt import BoltPosition

LOCKED, UNLOCKED, UNLATCHED, BETWEEN = (
    BoltPosition.LOCKED,
    BoltPosition.UNLOCKED,
    BoltPosition.UNLATCHED,
    BoltPosition.BETWEEN,
)
FORWARD, BACKWARD, LOCKED_STOP, UNLOCKED_STOP, LATCH, SERVO = 5, 6, 17, 27, 22, 12
LIMIT_S = 4.0


class Dog:
    """A watchdog that barks when told."""

    def __init__(self):
        self.armed = None

    def arm(self, seconds, cut):
        self.armed = (seconds, cut)

    def disarm(self):
        self.armed = None


class Door:
    """A motor's bolt on the bench: pins on one side, the port on the other."""

    def __init__(self, pins, factory, loop, *, has_latch=True):
        # Pins float with their pull-ups: an end stop that nobody closes reads high.
        self.factory, self.dog, self.latch_dog = factory, Dog(), Dog()
        self.drive = MotorDrive(pins.motor(FORWARD, BACKWARD))
        self.contacts = [Contact(pins.input(pin), loop, 0.005) for pin in (LOCKED_STOP, UNLOCKED_STOP)]
        self.latch = Relay(pins.output(LATCH), loop, 5.0, self.latch_dog) if has_latch else None
        self.bolt = DrivenBolt(
            self.drive,
            loop,
            limit_s=LIMIT_S,
            stops=EndStops(*self.contacts),
            latch=self.latch,
            watchdog=self.dog,
        )
        self.felt = []
        self.bolt.listen(lambda position, by_hand: self.felt.append((position, by_hand)))

    def close_stop(self, pin):
        self.factory.pin(pin).drive_low()

    def open_stop(self, pin):
        self.factory.pin(pin).drive_high()

    @property
    def motor(self):
        return self.factory.pin(FORWARD).state, self.factory.pin(BACKWARD).state

    @property
    def latch_is_on(self):
        return bool(self.factory.pin(LATCH).state)


OFF, DRAWS, THROWS = (False, False), (True, False), (False, True)


@pytest.fixture
def door(pins, factory, loop, let):
    door = Door(pins, factory, loop)
    door.close_stop(LOCKED_STOP)
    let(1)
    door.felt.clear()
    yield door
    door.bolt.stop()
    for contact in door.contacts:
        contact.close()


def travel(door, let, away, there):
    door.open_stop(away)
    let(0.5)
    door.close_stop(there)
    let(0.1)


def test_a_bolt_runs_until_its_end_stop(door, let):
    arrival = door.bolt.move(UNLOCKED)
    assert door.motor == DRAWS
    travel(door, let, LOCKED_STOP, UNLOCKED_STOP)
    assert arrival.result() is Outcome.ARRIVED
    assert door.motor == OFF
    assert door.bolt.position() is UNLOCKED
    assert door.felt == []
    assert door.dog.armed is None


def test_a_bolt_that_is_there_does_not_move(door):
    assert door.bolt.move(LOCKED) is Outcome.ARRIVED
    assert door.motor == OFF


def test_a_bolt_that_does_not_arrive_is_jammed_and_the_motor_is_off(door, let):
    arrival = door.bolt.move(UNLOCKED)
    door.open_stop(LOCKED_STOP)
    let(LIMIT_S - 0.1)
    assert not arrival.done()
    let(0.2)
    assert arrival.result() is Outcome.JAMMED
    assert door.motor == OFF
    assert door.bolt.position() is BETWEEN


def test_a_thread_cuts_the_motor_when_the_loop_is_stuck(door):
    door.bolt.move(UNLOCKED)
    seconds, cut = door.dog.armed
    assert seconds == LIMIT_S + MARGIN_S
    cut()
    assert door.motor == OFF


def test_turning_round_pauses_and_takes_back_the_first_movement(door, let):
    first = door.bolt.move(UNLOCKED)
    door.open_stop(LOCKED_STOP)
    let(0.5)
    second = door.bolt.move(LOCKED)
    assert first.cancelled()
    assert door.motor == OFF
    let(PAUSE_S + 0.01)
    assert door.motor == THROWS
    door.close_stop(LOCKED_STOP)
    let(0.1)
    assert second.result() is Outcome.ARRIVED


def test_stopping_cuts_the_motor_and_the_latch(door, let):
    arrival = door.bolt.move(UNLOCKED)
    door.bolt.stop()
    assert door.motor == OFF
    assert arrival.cancelled()
    let(LIMIT_S * 2)
    assert door.motor == OFF


def test_whoever_cancels_the_movement_stops_the_motor(door, let):
    door.bolt.move(UNLOCKED).cancel()
    let(0)
    assert door.motor == OFF


def test_stopping_during_the_pause_never_starts_the_motor(door, let):
    door.bolt.move(UNLOCKED)
    door.open_stop(LOCKED_STOP)
    let(0.5)
    door.bolt.move(LOCKED)
    door.bolt.stop()
    let(1)
    assert door.motor == OFF


def test_unlatching_draws_the_bolt_then_pulls_the_latch(door, let):
    arrival = door.bolt.move(UNLATCHED)
    assert not door.latch_is_on
    travel(door, let, LOCKED_STOP, UNLOCKED_STOP)
    assert arrival.result() is Outcome.ARRIVED
    assert door.latch_is_on
    assert door.bolt.position() is UNLATCHED
    assert door.bolt.move(UNLOCKED) is Outcome.ARRIVED
    assert not door.latch_is_on


def test_a_latch_that_is_forgotten_lets_go_by_itself(door, let):
    door.bolt.move(UNLATCHED)
    travel(door, let, LOCKED_STOP, UNLOCKED_STOP)
    let(5)
    assert not door.latch_is_on
    assert door.felt == [(UNLOCKED, False)]


def test_a_jam_does_not_pull_the_latch(door, let):
    arrival = door.bolt.move(UNLATCHED)
    let(LIMIT_S + 0.1)
    assert arrival.result() is Outcome.JAMMED
    assert not door.latch_is_on


def test_a_hand_is_felt_as_a_hand(door, let):
    door.open_stop(LOCKED_STOP)
    let(1)
    door.close_stop(UNLOCKED_STOP)
    let(1)
    assert door.felt == [(BETWEEN, True), (UNLOCKED, True)]


def test_what_moves_just_after_the_motor_is_no_hand(door, let):
    door.bolt.move(UNLOCKED)
    door.open_stop(LOCKED_STOP)
    let(0.5)
    door.bolt.stop()
    door.close_stop(UNLOCKED_STOP)
    let(COASTING_S / 2)
    assert door.felt == [(UNLOCKED, False)]


def test_both_end_stops_at_once_keep_the_motor_off(door, let):
    door.close_stop(UNLOCKED_STOP)
    let(1)
    assert door.bolt.move(UNLOCKED) is Outcome.JAMMED
    assert door.motor == OFF


def test_an_end_stop_cuts_the_motor_although_the_other_one_sticks(door, let):
    arrival = door.bolt.move(UNLOCKED)
    door.close_stop(UNLOCKED_STOP)
    let(0.1)
    assert arrival.result() is Outcome.JAMMED
    assert door.motor == OFF


def test_positions_that_the_bolt_has_not_are_refused(door, pins, factory, loop):
    with pytest.raises(Misuse, match="BETWEEN"):
        door.bolt.move(BETWEEN)
    bolt = DrivenBolt(door.drive, loop, limit_s=1.0)
    with pytest.raises(Misuse, match="UNLATCHED"):
        bolt.move(UNLATCHED)


@pytest.fixture
def servo(pins, factory, loop):
    factory.pin_class = MockPWMPin
    drive = ServoDrive(pins.servo(SERVO), locked_ms=1.0, unlocked_ms=2.0)
    bolt = DrivenBolt(drive, loop, limit_s=1.5, watchdog=Dog())
    yield bolt
    bolt.stop()


def test_a_servo_takes_its_time_then_lets_go(servo, factory, let):
    assert servo.position() is BETWEEN
    arrival = servo.move(LOCKED)
    assert factory.pin(SERVO).state == pytest.approx(0.05, abs=1e-5)
    assert servo.position() is BETWEEN
    assert let(asyncio.wait_for(arrival, 10)) is Outcome.ARRIVED
    assert servo.position() is LOCKED
    assert factory.pin(SERVO).state == 0
    assert servo.move(LOCKED) is Outcome.ARRIVED


def test_a_servo_that_is_stopped_is_nowhere(servo, let):
    servo.move(UNLOCKED)
    let(0.2)
    servo.stop()
    let(5)
    assert servo.position() is BETWEEN


@pytest.mark.parametrize("ms", [0.6, 1.0, 1.2, 1.4, 1.8, 2.4])
def test_the_length_of_a_pulse_survives_whole_per_cents(ms):
    class Wire:
        value = 0.0

        def off(self):
            self.value = 0.0

    wire = Wire()
    ServoDrive(wire, locked_ms=ms, unlocked_ms=2.0).start(LOCKED)
    assert int(wire.value * 100) == round(ms * 5)
