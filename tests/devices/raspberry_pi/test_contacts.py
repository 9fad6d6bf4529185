"""Contacts bounce, come from threads, and are told once, in the event loop."""

import threading

import pytest

from latchwork.devices.raspberry_pi.contacts import SETTLE_S, Contact, ContactButton, ContactDoorSensor
from latchwork.doorlock.bolt import DoorPosition


@pytest.fixture
def contact(pins, loop):
    contact = Contact(pins.input(17), loop)
    yield contact
    contact.close()


def test_a_contact_that_bounces_is_told_once(contact, factory, let):
    told = []
    contact.listen(told.append)
    pin = factory.pin(17)
    for _ in range(5):
        pin.drive_low()
        let(0.004)
        pin.drive_high()
        let(0.004)
    pin.drive_low()
    let(SETTLE_S - 0.005)
    assert told == []
    let(0.01)
    assert told == [True]
    assert contact.is_active
    pin.drive_high()
    let(1)
    assert told == [True, False]


def test_a_twitch_is_nothing(contact, factory, let):
    told = []
    contact.listen(told.append)
    factory.pin(17).drive_low()
    factory.pin(17).drive_high()
    let(1)
    assert told == []


def test_a_contact_that_joins_to_the_supply_is_active_when_high(pins, loop, factory, let):
    contact = Contact(pins.input(18, active_low=False), loop)
    assert not contact.is_active
    factory.pin(18).drive_high()
    let(1)
    assert contact.is_active
    contact.close()


def test_a_change_from_another_thread_is_told_in_the_loop(contact, factory, loop, let):
    where = []
    contact.listen(lambda _active: where.append(threading.current_thread()))
    thread = threading.Thread(target=factory.pin(17).drive_low)
    thread.start()
    thread.join()
    let(1)
    assert where == [threading.current_thread()]


def test_a_closed_contact_tells_nothing_more(pins, factory, loop, let):
    told = []
    contact = Contact(pins.input(17), loop)
    contact.listen(told.append)
    factory.pin(17).drive_low()
    contact.close()
    let(1)
    factory.pin(17).drive_high()
    let(1)
    assert told == []


def test_the_contact_in_the_frame_is_a_door_sensor(contact, factory, let):
    sensor = ContactDoorSensor(contact)
    moved = []
    sensor.listen(moved.append)
    assert sensor.position() is DoorPosition.OPEN
    factory.pin(17).drive_low()
    let(1)
    assert sensor.position() is DoorPosition.CLOSED
    factory.pin(17).drive_high()
    let(1)
    assert moved == [DoorPosition.CLOSED, DoorPosition.OPEN]


def test_a_button_is_pressed_and_let_go(contact, factory, let):
    told = []
    ContactButton(contact).listen(lambda: told.append("pressed"), lambda: told.append("released"))
    factory.pin(17).drive_low()
    let(12)
    assert told == ["pressed"]
    factory.pin(17).drive_high()
    let(1)
    assert told == ["pressed", "released"]
