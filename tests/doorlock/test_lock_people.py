"""Who is let in: every type of user, every rule, every way to the door."""

import pytest
from tests.support.lock import CARD, FINGER, MIDNIGHT_UTC, PHONE, PIN, WRONG, ZONE_S, Home
from tests.support.register import AT_THE_LOCK

from latchwork.doorlock.bolt import BoltPosition, Wish
from latchwork.doorlock.changes import BY_THE_LOCK, DataChange, DataKind, UserChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.decide import judge
from latchwork.doorlock.events import (
    OPERATION_ERRORS,
    Actor,
    Alarm,
    AlarmRaised,
    EntryOutcome,
    LockOperation,
    LockOperationFailed,
    Operation,
    OperationError,
    Reason,
    Source,
)
from latchwork.doorlock.machine import MAX_WAITING
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.settings import OperatingMode
from latchwork.doorlock.users import CredentialRule, UserStatus, UserType

KIND = CredentialKind
SHOWN = ((KIND.PIN, PIN), (KIND.RFID, CARD), (KIND.FINGERPRINT, FINGER))
HOUR = 3600
LOCAL = MIDNIGHT_UTC + ZONE_S
EVERY_DAY = 0x7F


def year_day(home, start, end, index=1):
    home.register.set_year_day(1, index, start=start, end=end, author=AT_THE_LOCK)


def week_day(home, start, end, days=EVERY_DAY, index=1):
    home.register.set_week_day(
        1, index, days=days, start_hour=start, start_minute=0, end_hour=end, end_minute=0, author=AT_THE_LOCK
    )


@pytest.mark.parametrize(("kind", "secret"), SHOWN)
def test_an_unrestricted_user_opens_with_everything_that_is_hers(kind, secret):
    home = Home().ana()
    assert home.show(secret, kind) is EntryOutcome.OPENED
    source = {KIND.PIN: Source.KEYPAD, KIND.RFID: Source.RFID, KIND.FINGERPRINT: Source.BIOMETRIC}[kind]
    assert home.done == [LockOperation(Operation.UNLOCK, Actor(source, user_index=1, credentials=((int(kind), 1),)))]
    assert home.is_open


def test_an_unrestricted_user_needs_no_clock():
    home = Home().ana()
    home.is_clock_known = False
    assert home.show(PIN) is EntryOutcome.OPENED


def test_a_code_locks_where_locking_is_wanted():
    home = Home(BoltPosition.UNLOCKED).ana()
    assert home.show(PIN, wish=Wish.LOCK) is EntryOutcome.LOCKED
    assert not home.is_open


def test_a_stranger_stays_outside():
    home = Home().ana()
    assert home.show(WRONG) is EntryOutcome.WRONG_CODE
    assert home.failed == [LockOperationFailed(Operation.UNLOCK, Actor(Source.KEYPAD), Reason.PIN_UNKNOWN)]
    assert not home.is_open


def test_a_code_is_no_card():
    home = Home().ana()
    assert home.show(PIN, KIND.RFID) is EntryOutcome.WRONG_CODE
    assert not home.is_open


def test_a_finger_that_the_sensor_does_not_know_is_a_strangers():
    home = Home().ana()
    assert home.show(b"", KIND.FINGERPRINT) is EntryOutcome.WRONG_CODE


def test_a_disabled_user_stays_outside_and_her_code_sounds_like_a_wrong_one():
    home = Home().ana(status=UserStatus.OCCUPIED_DISABLED)
    assert home.show(PIN) is EntryOutcome.WRONG_CODE
    assert home.show(CARD, KIND.RFID) is EntryOutcome.DISABLED
    assert [failed.reason for failed in home.failed] == [Reason.USER_DISABLED] * 2
    assert home.failed[0].actor == Actor(Source.KEYPAD, user_index=1, credentials=((1, 1),))


@pytest.mark.parametrize(
    "user_type",
    [UserType.WEEK_DAY_SCHEDULE, UserType.YEAR_DAY_SCHEDULE, UserType.SCHEDULE_RESTRICTED, UserType.EXPIRING],
)
def test_who_has_hours_is_refused_by_a_lock_without_a_clock(user_type):
    home = Home().ana(user_type)
    year_day(home, LOCAL - HOUR, LOCAL + HOUR)
    week_day(home, 0, 23)
    home.is_clock_known = False
    assert home.show(CARD, KIND.RFID) is (EntryOutcome.SCHEDULE)
    assert home.failed[0].reason is Reason.CLOCK_UNKNOWN
    assert not home.is_open


def test_a_year_day_user_opens_within_her_dates_only():
    home = Home().ana(UserType.YEAR_DAY_SCHEDULE)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE, "without any schedule there is no access"
    year_day(home, LOCAL + HOUR, LOCAL + 2 * HOUR)
    home.wait(HOUR - 1)
    assert home.show(PIN) is EntryOutcome.WRONG_CODE
    home.wait(1)
    assert home.show(PIN) is EntryOutcome.OPENED
    home.lock_again()
    home.wait(HOUR)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE
    assert home.failed[-1].reason is Reason.SCHEDULE


def test_a_week_day_user_opens_on_her_days_only():
    home = Home().ana(UserType.WEEK_DAY_SCHEDULE)
    tuesday = 1 << 2
    week_day(home, 9, 17, days=tuesday)
    home.wait(7 * HOUR)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE
    home.wait(HOUR)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.OPENED
    home.lock_again()
    home.wait(24 * HOUR)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE


def test_a_year_day_user_is_not_let_in_by_a_week_day_schedule():
    home = Home().ana(UserType.YEAR_DAY_SCHEDULE)
    week_day(home, 0, 23)
    home.register.set_user(DataChange.MODIFY, 1, type=UserType.YEAR_DAY_SCHEDULE, author=AT_THE_LOCK)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE


def test_a_restricted_user_needs_a_schedule_of_each_kind_that_is_set():
    home = Home().ana(UserType.SCHEDULE_RESTRICTED)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE, "none is set"
    week_day(home, 1, 2)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.OPENED, "only week days are set"
    home.lock_again()
    year_day(home, LOCAL + 24 * HOUR, LOCAL + 48 * HOUR)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE, "the hour is right, the date is not"
    home.wait(24 * HOUR)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.OPENED
    home.lock_again()
    home.wait(2 * HOUR)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SCHEDULE, "the date is right, the hour is not"


def test_a_programming_user_opens_as_anybody():
    assert Home().ana(UserType.PROGRAMMING).show(PIN) is EntryOutcome.OPENED


def test_the_programming_pin_never_opens_a_door():
    home = Home().ana(UserType.PROGRAMMING)
    master = KIND.PROGRAMMING_PIN
    home.register.set_credential(DataChange.ADD, master, 0, b"424242", user_index=1, author=AT_THE_LOCK)
    assert home.show(b"424242") is EntryOutcome.WRONG_CODE
    assert home.show(b"424242", master) is EntryOutcome.WRONG_CODE
    assert home.command(pin=b"424242") is Reason.PIN_UNKNOWN
    assert not home.is_open


def test_a_non_access_user_is_told_of_and_opens_nothing():
    home = Home().ana(UserType.NON_ACCESS)
    assert home.show(PIN) is EntryOutcome.WRONG_CODE
    assert home.show(CARD, KIND.RFID) is EntryOutcome.REFUSED
    assert [event.operation for event in home.done] == [Operation.NON_ACCESS_USER_EVENT] * 2
    assert home.done[0].actor.user_index == 1
    assert home.failed == []
    assert not home.is_open


def test_a_forced_user_opens_and_only_the_owner_hears_the_alarm():
    forced, free = Home().ana(UserType.FORCED), Home().ana()
    assert forced.show(PIN) is free.show(PIN) is EntryOutcome.OPENED
    assert forced.alarms == [Alarm.FORCED_USER]
    assert [event.operation for event in forced.done] == [Operation.FORCED_USER_EVENT, Operation.UNLOCK]

    def seen(home):
        return [effect for effect in home.effects if not hasattr(effect, "event")]

    assert seen(forced) == seen(free), "nothing at the door tells them apart"


def test_a_forced_user_raises_the_alarm_from_afar_too():
    home = Home().ana(UserType.FORCED)
    assert home.command(pin=PIN) is None
    assert home.alarms == [Alarm.FORCED_USER]


def test_a_disposable_user_opens_once():
    home = Home().ana(UserType.DISPOSABLE)
    assert home.show(PIN) is EntryOutcome.OPENED
    assert home.changes == [UserChange(DataKind.USER_INDEX, DataChange.MODIFY, BY_THE_LOCK, 1, 1)]
    home.lock_again()
    assert home.show(CARD, KIND.RFID) is EntryOutcome.DISABLED
    assert home.command(pin=PIN) is Reason.USER_DISABLED
    assert not home.is_open


def test_a_disposable_user_is_used_up_when_the_motor_starts():
    home = Home().ana(UserType.DISPOSABLE)
    home.works = False
    assert home.show(PIN) is EntryOutcome.OPENED
    assert home.register.user(1).status is UserStatus.OCCUPIED_DISABLED


def test_locking_uses_nobody_up():
    home = Home(BoltPosition.UNLOCKED).ana(UserType.DISPOSABLE)
    assert home.show(PIN, wish=Wish.LOCK) is EntryOutcome.LOCKED
    assert home.show(PIN) is EntryOutcome.OPENED


def test_an_expiring_users_time_begins_with_the_first_use_and_ends_by_itself():
    home = Home().ana(UserType.EXPIRING)
    home.register.expiring_timeout_min = 10
    home.wait(1000)
    assert home.show(PIN) is EntryOutcome.OPENED
    home.lock_again()
    home.wait(599)
    assert home.show(PIN) is EntryOutcome.OPENED
    home.lock_again()
    assert home.changes == []
    home.wait(1)
    assert home.changes == [UserChange(DataKind.USER_INDEX, DataChange.MODIFY, BY_THE_LOCK, 1, 1)]
    assert home.show(CARD, KIND.RFID) is EntryOutcome.DISABLED


def test_an_expiring_user_is_refused_even_when_nobody_kept_the_appointment():
    home = Home().ana(UserType.EXPIRING)
    home.show(PIN)
    home.lock_again()
    home.now += 61 * 60
    assert home.show(CARD, KIND.RFID) is EntryOutcome.DISABLED


def test_an_expiring_users_last_second_is_the_one_before_the_end():
    home = Home().ana(UserType.EXPIRING)
    home.show(PIN)
    shown = (home.register.credential(KIND.PIN, 1),)
    end = home.register.user(1).expires_at
    reasons = [
        judge(home.register, shown, Source.KEYPAD, home.lock.settings, Moment(at, at)).reason for at in (end - 1, end)
    ]
    assert reasons == [None, Reason.EXPIRED]


def test_a_remote_only_user_opens_from_afar_and_not_at_the_keypad():
    home = Home().ana(UserType.REMOTE_ONLY)
    assert home.show(PIN) is EntryOutcome.WRONG_CODE
    assert home.failed[0].reason is Reason.REMOTE_ONLY
    assert home.command(pin=PIN) is None
    assert home.is_open


# rules


def test_two_credentials_of_one_user_open_where_two_are_wanted():
    home = Home().ana(rule=CredentialRule.DUAL)
    assert home.show(PIN) is EntryOutcome.SHOW_ANOTHER
    assert not home.is_open
    assert home.show(CARD, KIND.RFID) is EntryOutcome.OPENED
    assert home.done[0].actor.credentials == ((1, 1), (2, 1))
    assert home.failed == []


def test_three_credentials_open_where_three_are_wanted():
    home = Home().ana(rule=CredentialRule.TRI)
    assert home.show(PIN) is home.show(CARD, KIND.RFID) is EntryOutcome.SHOW_ANOTHER
    assert home.show(FINGER, KIND.FINGERPRINT) is EntryOutcome.OPENED


def test_a_set_opens_once():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.show(PIN)
    home.show(CARD, KIND.RFID)
    home.lock_again()
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SHOW_ANOTHER
    assert not home.is_open


def test_somebody_afar_does_not_disturb_whoever_stands_at_the_door():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.somebody(2, b"222222")
    home.show(PIN)
    home.command(Wish.LOCK, pin=b"222222")
    assert home.show(CARD, KIND.RFID) is EntryOutcome.OPENED


def test_the_same_credential_twice_is_one():
    home = Home().ana(rule=CredentialRule.DUAL)
    assert home.show(PIN) is home.show(PIN) is EntryOutcome.SHOW_ANOTHER
    assert not home.is_open


def test_two_credentials_of_one_kind_are_two():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.register.set_credential(DataChange.ADD, KIND.PIN, 2, b"222222", user_index=1, author=AT_THE_LOCK)
    home.show(PIN)
    assert home.show(b"222222") is EntryOutcome.OPENED


def test_a_set_must_be_finished_in_time_which_showing_again_does_not_prolong():
    home = Home(collect_s=20).ana(rule=CredentialRule.DUAL)
    home.show(PIN)
    home.wait(15)
    home.show(PIN)
    home.wait(5)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SHOW_ANOTHER
    half = Actor(Source.KEYPAD, user_index=1, credentials=((1, 1),))
    assert home.failed == [LockOperationFailed(Operation.UNLOCK, half, Reason.MORE_NEEDED)]


def test_another_user_between_ends_a_set():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.somebody(2, b"222222", rule=CredentialRule.DUAL)
    home.show(PIN)
    assert home.show(b"222222") is EntryOutcome.SHOW_ANOTHER
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SHOW_ANOTHER
    assert not home.is_open


def test_a_wrong_code_between_ends_a_set():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.show(PIN)
    home.show(WRONG)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SHOW_ANOTHER


def test_a_credential_that_is_taken_away_meanwhile_does_not_count():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.show(PIN)
    home.register.clear_credential(KIND.PIN, 1, AT_THE_LOCK)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.SHOW_ANOTHER
    assert not home.is_open


def test_a_user_who_is_disabled_meanwhile_stays_outside():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.show(PIN)
    home.register.set_user(DataChange.MODIFY, 1, status=UserStatus.OCCUPIED_DISABLED, author=AT_THE_LOCK)
    assert home.show(CARD, KIND.RFID) is EntryOutcome.DISABLED


def test_one_pin_from_afar_is_not_two_credentials():
    home = Home().ana(rule=CredentialRule.DUAL)
    assert home.command(pin=PIN) is Reason.MORE_NEEDED
    assert not home.is_open


def test_what_was_shown_at_the_door_does_not_help_from_afar():
    home = Home().ana(rule=CredentialRule.DUAL)
    home.show(CARD, KIND.RFID)
    assert home.command(pin=PIN) is Reason.MORE_NEEDED


# from afar


def test_a_right_pin_from_afar_is_told_with_its_user():
    home = Home().ana()
    assert home.command(pin=PIN) is None
    assert home.done == [LockOperation(Operation.UNLOCK, Actor(Source.REMOTE, 1, 0xA, 1, ((1, 1),)))]


def test_a_wrong_pin_from_afar_is_refused_even_where_none_is_wanted():
    home = Home().ana()
    assert home.command(pin=WRONG) is Reason.PIN_UNKNOWN
    assert home.failed == [LockOperationFailed(Operation.UNLOCK, PHONE, Reason.PIN_UNKNOWN)]


def test_a_wanted_pin_must_come():
    home = Home(needs_pin_for_remote=True).ana()
    assert home.command() is Reason.PIN_REQUIRED
    assert home.command(pin=PIN) is None
    assert home.command(Wish.LOCK) is Reason.PIN_REQUIRED


def test_a_user_of_the_lock_has_hours_from_afar_too():
    home = Home().ana(UserType.YEAR_DAY_SCHEDULE)
    year_day(home, LOCAL + HOUR, LOCAL + 2 * HOUR)
    assert home.command(pin=PIN) is Reason.SCHEDULE
    home.wait(HOUR)
    assert home.command(pin=PIN) is None


def test_a_non_access_users_pin_opens_nothing_from_afar():
    home = Home().ana(UserType.NON_ACCESS)
    assert home.command(pin=PIN) is Reason.NO_ACCESS
    assert [event.operation for event in home.done] == [Operation.NON_ACCESS_USER_EVENT]


def test_an_unlocking_with_a_pin_and_a_time_out_ends():
    home = Home().ana()
    home.command(pin=PIN, relock_after_s=30)
    home.wait(29)
    assert home.is_open
    home.wait(1)
    assert not home.is_open


# modes

OPENS = {
    OperatingMode.NORMAL: (True, True, True),
    OperatingMode.VACATION: (False, True, True),
    OperatingMode.PRIVACY: (False, False, False),
    OperatingMode.NO_REMOTE_LOCK_UNLOCK: (True, False, True),
    OperatingMode.PASSAGE: (True, True, True),
}


@pytest.mark.parametrize("mode", OperatingMode)
def test_every_mode_has_the_interfaces_that_the_specification_gives_it(mode):
    local, remote, proprietary = OPENS[mode]
    for kind, secret in SHOWN:
        home = Home(mode=mode).ana()
        assert (home.show(secret, kind) is EntryOutcome.OPENED) is local
        assert home.is_open is local
    for actor, opens in ((PHONE, remote), (Actor(Source.PROPRIETARY_REMOTE), proprietary)):
        for pin in (None, PIN):
            home = Home(mode=mode).ana()
            assert home.command(pin=pin, actor=actor) is (None if opens else Reason.MODE)
            assert home.is_open is opens


@pytest.mark.parametrize("mode", OperatingMode)
def test_a_hand_opens_in_every_mode(mode):
    home = Home(mode=mode)
    home.turn(BoltPosition.UNLOCKED)
    assert home.is_open


def test_only_its_master_opens_an_empty_house_at_the_keypad():
    home = Home(mode=OperatingMode.VACATION).ana()
    home.somebody(2, b"222222", type=UserType.PROGRAMMING)
    assert home.show(PIN) is home.show(WRONG) is EntryOutcome.WRONG_CODE, "a stranger learns nothing"
    assert [failed.reason for failed in home.failed] == [Reason.MODE, Reason.PIN_UNKNOWN]
    assert home.show(b"222222") is EntryOutcome.OPENED


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"is_actuator_enabled": False}, Reason.ACTUATOR_DISABLED),
        ({"has_power": False}, Reason.LOW_BATTERY),
        ({"mode": OperatingMode.PRIVACY}, Reason.MODE),
    ],
)
def test_a_door_that_cannot_open_for_anybody_does_not_tell_right_from_wrong(settings, reason):
    home = Home(**settings).ana()
    assert home.show(PIN) is home.show(WRONG) is EntryOutcome.REFUSED
    assert home.failed == [LockOperationFailed(Operation.UNLOCK, Actor(Source.KEYPAD), reason)] * 2
    assert home.lock.entry.wrong_codes == 0
    assert home.command(pin=PIN) is not None


def test_the_programming_pin_is_no_part_of_a_set_either():
    home = Home().ana(UserType.PROGRAMMING)
    master = home.register.set_credential(
        DataChange.ADD, KIND.PROGRAMMING_PIN, 0, b"424242", user_index=1, author=AT_THE_LOCK
    )
    assert master.user_index is None
    shown = (home.register.credential(KIND.PIN, 1), home.register.credential(KIND.PROGRAMMING_PIN, 0))
    for each in (shown, shown[1:]):
        assert judge(home.register, each, Source.KEYPAD, home.lock.settings, home.moment).reason is Reason.NO_ACCESS


def test_who_comes_when_too_many_wait_is_refused_and_not_used_up():
    home = Home().ana(UserType.DISPOSABLE)
    home.works = False
    for _ in range(MAX_WAITING):
        home.command()
    assert home.show(PIN) is EntryOutcome.REFUSED
    assert home.command(pin=PIN) is Reason.BUSY
    assert [failed.reason for failed in home.failed] == [Reason.BUSY] * 2
    assert home.changes == []


def test_every_reason_has_its_error():
    assert set(OPERATION_ERRORS) == set(Reason)
    assert OPERATION_ERRORS[Reason.USER_DISABLED] is OperationError.DISABLED_USER_DENIED
    assert OPERATION_ERRORS[Reason.SCHEDULE] is OperationError.RESTRICTED
    assert OPERATION_ERRORS[Reason.PIN_UNKNOWN] is OperationError.INVALID_CREDENTIAL
    assert OPERATION_ERRORS[Reason.LOW_BATTERY] is OperationError.INSUFFICIENT_BATTERY


def test_a_secret_is_not_in_what_happens():
    home = Home().ana()
    home.show(PIN)
    home.command(pin=WRONG)
    assert PIN.decode() not in repr(home.effects)
    assert WRONG.decode() not in repr(home.effects)
    assert AlarmRaised(Alarm.FORCED_USER) not in home.events
