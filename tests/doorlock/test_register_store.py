"""Storing a register: what is written, what comes back, and what a torn write may leave behind."""

from dataclasses import replace

import pytest
from tests.support.register import ALPHA, BETA, Disk, empty

from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import Credential, CredentialKind
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.register import ALL_USERS, DataChange, key_of
from latchwork.doorlock.schedules import WeekDaySchedule, YearDaySchedule
from latchwork.doorlock.users import User, UserType

ADD, MODIFY = DataChange.ADD, DataChange.MODIFY
PIN, RFID = CredentialKind.PIN, CredentialKind.RFID


@pytest.fixture
def lived_in():
    register = empty()
    register.set_credential(ADD, PIN, 1, b"123456", author=ALPHA)
    register.set_credential(ADD, RFID, 2, b"0123456789", user_index=1, author=ALPHA)
    register.set_credential(ADD, CredentialKind.PROGRAMMING_PIN, 0, b"999999", author=BETA)
    register.set_user(ADD, 7, name="Ann", type=UserType.EXPIRING, author=BETA)
    register.used(7, Moment(100, 3700))
    register.set_week_day(1, 1, days=3, start_hour=0, start_minute=0, end_hour=23, end_minute=59, author=ALPHA)
    register.set_year_day(7, 2, start=5, end=6, author=ALPHA)
    register.set_holiday(3, start=7, end=8, mode=2, author=ALPHA)
    return register


def test_a_register_comes_back_as_it_was(lived_in):
    disk = Disk()
    disk.save(lived_in)
    again = disk.restart()
    assert again == lived_in
    assert not again.take_dirty()
    assert again.find(PIN, b"123456") == lived_in.find(PIN, b"123456")
    assert again.next_expiry() == lived_in.next_expiry() == 3700
    assert [again.next_user(index) for index in range(8)] == [lived_in.next_user(index) for index in range(8)]
    assert again.next_credential(RFID, 0) == 2


def test_registers_that_know_different_people_are_not_equal(lived_in):
    disk = Disk()
    disk.save(lived_in)
    for change in (
        lambda register: register.clear_user(7, ALPHA),
        lambda register: register.set_credential(MODIFY, PIN, 1, b"654321", user_index=1, author=ALPHA),
        lambda register: register.clear_week_day(1, 1, ALPHA),
        lambda register: register.clear_year_day(7, 2, ALPHA),
        lambda register: register.clear_holiday(3, ALPHA),
    ):
        again = disk.restart()
        change(again)
        assert again != lived_in


def test_a_change_is_told_once_and_the_last_one_counts(lived_in):
    lived_in.take_dirty()
    assert lived_in.take_dirty() == {}
    lived_in.set_user(MODIFY, 7, name="Bea", author=BETA)
    lived_in.set_user(MODIFY, 7, name="Cleo", author=BETA)
    lived_in.set_user(ADD, 8, author=BETA)
    lived_in.clear_user(8, BETA)
    dirty = lived_in.take_dirty()
    assert dirty == {("user", 7): lived_in.user(7), ("user", 8): None}


def test_every_record_has_its_own_key(lived_in):
    dirty = lived_in.take_dirty()
    assert set(dirty) == {
        ("user", 1),
        ("user", 2),
        ("user", 7),
        ("credential", 0, 0),
        ("credential", 1, 1),
        ("credential", 2, 2),
        ("week", 1, 1),
        ("year", 7, 2),
        ("holiday", 3),
    }
    assert all(key_of(record) == key for key, record in dirty.items())


def test_loading_replaces_what_was_there(lived_in):
    lived_in.load([User(4)])
    assert [user.index for user in lived_in.users()] == [4]
    assert lived_in.find(PIN, b"123456") is None
    assert lived_in.next_expiry() is None
    assert lived_in.holidays() == ()
    assert not lived_in.take_dirty()


def test_nothing_of_a_user_outlives_the_user_in_a_torn_write():
    register = empty()
    register.load(
        [
            Credential(PIN, 1, Secret(b"123456"), user_index=1),
            WeekDaySchedule(1, 2, 1, 0, 1),
            YearDaySchedule(1, 3, 0, 1),
        ]
    )
    assert register.find(PIN, b"123456") is None
    assert not register.week_days(1)
    assert not register.year_days(1)
    assert register.take_dirty() == {("credential", 1, 1): None, ("week", 1, 2): None, ("year", 1, 3): None}


def test_a_user_has_the_credentials_that_say_so_after_a_torn_write():
    register = empty()
    mine, others = Credential(PIN, 1, Secret(b"111111"), 1), Credential(RFID, 2, Secret(b"2222222222"), 2)
    first = User(1, credentials=((RFID, 9), (RFID, 2)))
    second = User(2, credentials=((RFID, 2),))
    register.load([first, second, mine, others])
    assert register.user(1) == replace(first, credentials=((PIN, 1),))
    assert register.user(2) == second
    assert set(register.take_dirty()) == {("user", 1)}


def test_a_secret_stored_twice_is_found_once_and_can_be_cleared():
    register = empty()
    one, other = Credential(PIN, 1, Secret(b"111111"), 1), Credential(PIN, 2, Secret(b"111111"), 1)
    register.load([User(1, credentials=((PIN, 1), (PIN, 2))), one, other])
    assert register.find(PIN, b"111111") is other
    register.clear_credential(PIN, 1, ALPHA)
    assert register.find(PIN, b"111111") is other
    register.clear_credential(PIN, 2, ALPHA)
    assert register.find(PIN, b"111111") is None


def test_clearing_everybody_leaves_only_holidays_on_the_disk(lived_in):
    disk = Disk()
    disk.save(lived_in)
    lived_in.clear_user(ALL_USERS, ALPHA)
    disk.save(lived_in)
    assert set(disk.records) == {("holiday", 3)}


def test_a_fabric_that_is_gone_is_forgotten_on_the_disk(lived_in):
    disk = Disk()
    disk.save(lived_in)
    lived_in.fabric_removed(2)
    disk.save(lived_in)
    assert disk.restart() == lived_in
    assert disk.restart().user(7).creator == 0
