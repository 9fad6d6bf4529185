"""People at the door and far away: PINs, cards and fingers, what the door says, and which events tell of whom."""

import pytest
from tests.support.bench import ADMIN, Bench

from latchwork.devices.door_lock import Operation
from latchwork.doorlock.bolt import BoltPosition, Wish
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Alarm, EntryOutcome, Source
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

PIN, CARD, FINGER = b"123456", b"0123456789", b"template 1"
ADD = 0


@pytest.fixture
def bench():
    made = Bench()
    made.lock.program(
        lambda register, author: (
            None,
            register.set_credential(ADD, CredentialKind.PIN, 1, PIN, author=author).changes
            + register.set_credential(ADD, CredentialKind.RFID, 2, CARD, user_index=1, author=author).changes
            + register.set_credential(ADD, CredentialKind.FINGERPRINT, 3, FINGER, user_index=1, author=author).changes,
        )
    )
    made.heard.clear()
    return made


def change_user(bench, **fields):
    bench.lock.program(lambda register, author: (None, register.set_user(2, 1, author=author, **fields)))
    bench.heard.clear()


def of(bench, kind):
    return [event for event in bench.heard if isinstance(event, kind)]


def unlock(bench, pin=None):
    return bench.status(DoorLock.unlock_door, wire.UnlockDoor(pin_code=pin))


def test_a_right_pin_from_afar_is_told_with_user_and_credential(bench):
    assert unlock(bench, PIN) is Status.SUCCESS
    operation = of(bench, wire.LockOperation)[0]
    assert (operation.user_index, operation.fabric_index, operation.source_node) == (1, 1, ADMIN)
    assert operation.operation_source == wire.OperationSourceEnum.REMOTE
    (credential,) = operation.credentials
    assert (credential.credential_type, credential.credential_index) == (wire.CredentialTypeEnum.PIN, 1)


def test_without_a_pin_nobody_is_named(bench):
    assert unlock(bench) is Status.SUCCESS
    operation = of(bench, wire.LockOperation)[0]
    assert (operation.user_index, operation.credentials) == (None, None)


def test_a_wrong_pin_from_afar_fails_and_names_nobody(bench):
    assert unlock(bench, b"000000") is Status.FAILURE
    (error,) = of(bench, wire.LockOperationError)
    assert error.operation_error == wire.OperationErrorEnum.INVALID_CREDENTIAL
    assert (error.user_index, error.credentials, error.source_node) == (None, None, ADMIN)
    assert error.lock_operation_type == wire.LockOperationTypeEnum.UNLOCK


def test_a_disabled_user_is_denied_by_name(bench):
    change_user(bench, status=3)
    assert unlock(bench, PIN) is Status.FAILURE
    (error,) = of(bench, wire.LockOperationError)
    assert error.operation_error == wire.OperationErrorEnum.DISABLED_USER_DENIED
    assert error.user_index == 1


def test_too_many_wrong_pins_close_the_lock_for_everybody_who_must_prove_something(bench):
    assert bench.write(DoorLock.wrong_code_entry_limit, 3) is Status.SUCCESS
    assert bench.write(DoorLock.user_code_temporary_disable_time, 15) is Status.SUCCESS
    assert [unlock(bench, b"000000") for _ in range(3)] == [Status.FAILURE] * 3
    (alarm,) = of(bench, wire.DoorLockAlarm)
    assert alarm.alarm_code == wire.AlarmCodeEnum.WRONG_CODE_ENTRY_LIMIT
    bench.heard.clear()
    assert unlock(bench, PIN) is Status.FAILURE
    assert bench.heard == [], "a lock that is locked out says nothing"
    assert bench.lock.present(CredentialKind.PIN, PIN) is EntryOutcome.LOCKED_OUT
    bench.wait(15)
    assert unlock(bench, PIN) is Status.SUCCESS


@pytest.mark.parametrize(
    ("kind", "secret", "source", "index"),
    [
        (CredentialKind.PIN, PIN, Source.KEYPAD, 1),
        (CredentialKind.RFID, CARD, Source.RFID, 2),
        (CredentialKind.FINGERPRINT, FINGER, Source.BIOMETRIC, 3),
    ],
)
def test_what_is_shown_at_the_door_opens_it_and_is_told(bench, kind, secret, source, index):
    said = []
    bench.lock.on_answer = said.append
    assert bench.lock.present(kind, secret) is EntryOutcome.OPENED
    assert said == [EntryOutcome.OPENED]
    assert bench.bolt.position() is BoltPosition.UNLATCHED
    operation = of(bench, wire.LockOperation)[0]
    assert (operation.operation_source, operation.user_index, operation.fabric_index) == (source, 1, None)
    assert operation.credentials[0].credential_index == index


def test_a_code_may_lock_too(bench):
    bench.lock.present(CredentialKind.PIN, PIN)
    assert bench.lock.present(CredentialKind.PIN, PIN, wish=Wish.LOCK) is EntryOutcome.LOCKED
    assert bench.bolt.position() is BoltPosition.LOCKED


def test_a_touch_locks_when_its_owner_wants_that(bench):
    bench.lock.present(CredentialKind.PIN, PIN)
    bench.wait(5)
    assert bench.lock.touch_pad() is EntryOutcome.LOCKED
    assert of(bench, wire.LockOperation)[-1].operation_source == Source.BUTTON
    bench.write(DoorLock.enable_one_touch_locking, False)
    assert bench.lock.touch_pad() is EntryOutcome.REFUSED


def test_the_privacy_button_changes_the_mode_that_peers_see(bench):
    bench.lock.press_privacy()
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.PRIVACY
    assert bench.lock.present(CredentialKind.PIN, PIN) is EntryOutcome.REFUSED
    bench.power_cut()
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.PRIVACY
    bench.lock.press_privacy()
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.NORMAL


def test_a_disposable_user_opens_once_and_that_is_stored_and_told(bench):
    change_user(bench, type=6)
    assert bench.lock.present(CredentialKind.PIN, PIN) is EntryOutcome.OPENED
    (change,) = of(bench, wire.LockUserChange)
    assert (change.data_operation_type, change.user_index) == (wire.DataOperationTypeEnum.MODIFY, 1)
    bench.power_cut()
    assert bench.lock.register.user(1).status == 3
    assert bench.lock.present(CredentialKind.PIN, PIN) is not EntryOutcome.OPENED


def test_a_user_under_duress_opens_and_alarms(bench):
    change_user(bench, type=5)
    assert bench.lock.present(CredentialKind.PIN, PIN) is EntryOutcome.OPENED
    assert [int(event.alarm_code) for event in of(bench, wire.DoorLockAlarm)] == [Alarm.FORCED_USER]


def test_two_credentials_are_shown_one_after_the_other(bench):
    change_user(bench, rule=1)
    assert bench.lock.present(CredentialKind.PIN, PIN) is EntryOutcome.SHOW_ANOTHER
    assert bench.lock.present(CredentialKind.RFID, CARD) is EntryOutcome.OPENED
    assert len(of(bench, wire.LockOperation)[0].credentials) == 2


def test_a_panels_alarm_is_told(bench):
    bench.lock.raise_alarm(Alarm.FRONT_ESCEUTCHEON_REMOVED)
    (alarm,) = bench.heard
    assert alarm.alarm_code == wire.AlarmCodeEnum.FRONT_ESCEUTCHEON_REMOVED


def test_whoever_watches_hears_of_each_operation(bench):
    seen = []
    bench.lock.on_operation = seen.append
    unlock(bench, PIN)
    unlock(bench, b"000000")
    bench.invoke(DoorLock.unlock_with_timeout, wire.UnlockWithTimeout(timeout=5))
    assert seen[0] == Operation("unlock_door", True, 1, Status.SUCCESS, "UNLATCHED")
    assert (seen[1].status, seen[1].state) == (Status.FAILURE, "UNLATCHED")
    assert "pin unknown" in seen[1].error
    assert (seen[2].command, seen[2].has_pin) == ("unlock_with_timeout", False)


def test_a_phone_with_a_key_is_told_as_aliro(bench):
    key = b"\x04" + bytes(64)
    kind = CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY
    bench.lock.program(
        lambda register, author: (None, register.set_credential(ADD, kind, 1, key, author=author).changes)
    )
    bench.heard.clear()
    assert bench.lock.present(kind, key) is EntryOutcome.OPENED
    assert of(bench, wire.LockOperation)[0].operation_source == wire.OperationSourceEnum.ALIRO


def test_somebody_who_draws_the_bolt_while_the_power_is_off_is_told_of(bench):
    bench.restart()
    bench.heard.clear()
    bench.node.stop_local()
    bench.start_with(BoltPosition.UNLOCKED)
    (operation,) = of(bench, wire.LockOperation)
    assert operation.operation_source == wire.OperationSourceEnum.UNSPECIFIED
