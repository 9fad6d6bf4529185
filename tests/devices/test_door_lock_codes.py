"""Codes by number: a lock without users, as older administrators speak to it."""

import pytest
from tests.support.bench import CODES, SAMPLE, Bench

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import EntryOutcome
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.tlv.schema import ABSENT

ENABLED, DISABLED = wire.UserStatusEnum.OCCUPIED_ENABLED, wire.UserStatusEnum.OCCUPIED_DISABLED
AVAILABLE = wire.UserStatusEnum.AVAILABLE
LEGACY = {*range(0x05, 0x0B), *range(0x14, 0x1A)}


@pytest.fixture
def bench():
    return Bench(CODES, fabrics=2)


def set_pin(index=1, pin=b"1234", status=None, type=None):  # noqa: A002 - the specification's word
    return wire.SetPinCode(user_id=index, user_status=status, user_type=type, pin=pin)


def pin(bench, index=1):
    return bench.invoke(DoorLock.get_pin_code, wire.GetPinCode(user_id=index))


def test_old_commands_and_users_exclude_each_other():
    old = set(Bench(CODES).state.accepted_commands)
    new = set(Bench(SAMPLE).state.accepted_commands)
    assert old >= LEGACY
    assert not new & LEGACY
    assert DoorLock.set_user.id not in old
    assert DoorLock.lock_user_change.id not in Bench(CODES).state.supported_events


def test_a_pin_is_set_told_and_opens(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin(3, status=ENABLED, type=wire.UserTypeEnum.UNRESTRICTED_USER))
    told = pin(bench, 3)
    assert (told.user_status, told.user_type, told.pin_code) == (ENABLED, 0, b"1234")
    assert bench.lock.present(CredentialKind.PIN, b"1234") is EntryOutcome.OPENED


def test_nobody_is_an_available_place(bench):
    told = pin(bench)
    assert (told.user_status, told.user_type, told.pin_code) == (AVAILABLE, None, None)
    status = bench.invoke(DoorLock.get_user_status, wire.GetUserStatus(user_id=1))
    assert status.user_status == AVAILABLE
    assert bench.status(DoorLock.get_user_type, wire.GetUserType(user_id=1)) is Status.NOT_FOUND


def test_a_pin_is_not_told_when_its_owner_forbids_it(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin())
    assert bench.write(DoorLock.send_pin_over_the_air, False) is Status.SUCCESS
    assert (pin(bench).user_status, pin(bench).pin_code) == (ENABLED, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"index": 0},
        {"index": 11},
        {"pin": b"123"},
        {"pin": b"123456789"},
        {"status": AVAILABLE},
        {"type": wire.UserTypeEnum(10)},
    ],
)
def test_a_code_that_cannot_be_is_an_invalid_command(bench, fields):
    assert bench.status(DoorLock.set_pin_code, set_pin(**fields)) is Status.INVALID_COMMAND
    assert pin(bench).user_status == AVAILABLE


def test_a_code_that_is_there_is_a_duplicate(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin(1))
    assert bench.status(DoorLock.set_pin_code, set_pin(2)) == (Status.FAILURE, 2)


def test_any_administrator_changes_any_code(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin())
    bench.invoke(DoorLock.set_pin_code, set_pin(pin=b"5678"), fabric=2)
    assert pin(bench).pin_code == b"5678"


def test_status_and_type_of_a_code_change(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin())
    bench.invoke(DoorLock.set_user_status, wire.SetUserStatus(user_id=1, user_status=DISABLED))
    bench.invoke(DoorLock.set_user_type, wire.SetUserType(user_id=1, user_type=wire.UserTypeEnum.DISPOSABLE_USER))
    assert pin(bench).user_status == DISABLED
    assert bench.invoke(DoorLock.get_user_type, wire.GetUserType(user_id=1)).user_type == 6
    assert bench.lock.present(CredentialKind.PIN, b"1234") is not EntryOutcome.OPENED
    for index, status in ((1, AVAILABLE), (2, ENABLED), (0, ENABLED), (11, ENABLED)):
        request = wire.SetUserStatus(user_id=index, user_status=status)
        assert bench.status(DoorLock.set_user_status, request) is Status.INVALID_COMMAND
    request = wire.SetUserType(user_id=2, user_type=wire.UserTypeEnum.UNRESTRICTED_USER)
    assert bench.status(DoorLock.set_user_type, request) is Status.INVALID_COMMAND


def test_cards_have_numbers_of_their_own(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin())
    card = wire.SetRfidCode(user_id=1, user_status=None, user_type=None, rfid_code=b"card 1")
    bench.invoke(DoorLock.set_rfid_code, card)
    assert bench.invoke(DoorLock.get_rfid_code, wire.GetRfidCode(user_id=1)).rfid_code == b"card 1"
    bench.invoke(DoorLock.clear_all_pin_codes)
    assert pin(bench).user_status == AVAILABLE
    assert bench.lock.present(CredentialKind.RFID, b"card 1") is EntryOutcome.OPENED
    bench.invoke(DoorLock.clear_rfid_code, wire.ClearRfidCode(rfid_slot_index=1))
    assert bench.invoke(DoorLock.get_rfid_code, wire.GetRfidCode(user_id=1)).rfid_code is None
    bench.invoke(DoorLock.set_rfid_code, card)
    bench.invoke(DoorLock.clear_all_rfid_codes)
    assert bench.invoke(DoorLock.get_rfid_code, wire.GetRfidCode(user_id=1)).user_status == AVAILABLE


def test_one_pin_is_cleared_or_all(bench):
    for index in (1, 2, 3):
        bench.invoke(DoorLock.set_pin_code, set_pin(index, pin=b"000%d" % index))
    bench.invoke(DoorLock.clear_pin_code, wire.ClearPinCode(pin_slot_index=2))
    assert [pin(bench, index).user_status for index in (1, 2, 3)] == [ENABLED, AVAILABLE, ENABLED]
    bench.invoke(DoorLock.clear_pin_code, wire.ClearPinCode(pin_slot_index=0xFFFE))
    assert [pin(bench, index).user_status for index in (1, 2, 3)] == [AVAILABLE] * 3
    for index in (0, 11):
        request = wire.ClearPinCode(pin_slot_index=index)
        assert bench.status(DoorLock.clear_pin_code, request) is Status.INVALID_COMMAND
        assert bench.status(DoorLock.get_pin_code, wire.GetPinCode(user_id=index)) is Status.INVALID_COMMAND


def test_codes_survive_a_power_cut(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin(7, status=DISABLED))
    bench.power_cut()
    assert (pin(bench, 7).pin_code, pin(bench, 7).user_status) == (b"1234", DISABLED)


def test_events_of_a_lock_without_users_have_no_word_for_credentials(bench):
    bench.invoke(DoorLock.set_pin_code, set_pin())
    assert bench.heard == []
    bench.lock.present(CredentialKind.PIN, b"1234")
    assert bench.heard[0].credentials is ABSENT
