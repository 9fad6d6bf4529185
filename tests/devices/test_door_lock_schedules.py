"""Schedules of a lock: set, asked for and cleared over the interaction model, and obeyed by the clock on the wall."""

import pytest
from tests.support.bench import NEW_YEAR_2026, Bench

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import EntryOutcome
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.time_synchronization import SetTimeZone, TimeZoneStruct
from latchwork.node.behaviors.time_synchronization import TimeSynchronizationBehavior

NOW = int(NEW_YEAR_2026) - MATTER_EPOCH_S
"""The bench's wall clock: Thursday, 2026-01-01 00:00:00 UTC, in seconds since 2000."""
THURSDAY = wire.DaysMaskBitmap.THURSDAY
HOUR = 3600


@pytest.fixture
def bench():
    made = Bench(fabrics=2)
    made.invoke(
        DoorLock.set_user,
        wire.SetUser(
            operation_type=wire.DataOperationTypeEnum.ADD,
            user_index=1,
            user_name=None,
            user_unique_id=None,
            user_status=None,
            user_type=wire.UserTypeEnum.SCHEDULE_RESTRICTED_USER,
            credential_rule=None,
        ),
    )
    made.heard.clear()
    return made


def week(index=1, user=1, days=THURSDAY, start=(8, 0), end=(17, 30)):
    return wire.SetWeekDaySchedule(
        week_day_index=index,
        user_index=user,
        days_mask=days,
        start_hour=start[0],
        start_minute=start[1],
        end_hour=end[0],
        end_minute=end[1],
    )


def year(index=1, user=1, start=NOW, end=NOW + HOUR):
    return wire.SetYearDaySchedule(year_day_index=index, user_index=user, local_start_time=start, local_end_time=end)


def holiday(index=1, start=NOW, end=NOW + HOUR, mode=wire.OperatingModeEnum.PASSAGE):
    return wire.SetHolidaySchedule(holiday_index=index, local_start_time=start, local_end_time=end, operating_mode=mode)


def ask(bench, kind, index=1, user=1):
    if kind == "week":
        request = wire.GetWeekDaySchedule(week_day_index=index, user_index=user)
        return bench.invoke(DoorLock.get_week_day_schedule, request)
    if kind == "year":
        request = wire.GetYearDaySchedule(year_day_index=index, user_index=user)
        return bench.invoke(DoorLock.get_year_day_schedule, request)
    return bench.invoke(DoorLock.get_holiday_schedule, wire.GetHolidaySchedule(holiday_index=index))


def clear(bench, kind, index=1, user=1):
    if kind == "week":
        request = wire.ClearWeekDaySchedule(week_day_index=index, user_index=user)
        return bench.status(DoorLock.clear_week_day_schedule, request)
    if kind == "year":
        request = wire.ClearYearDaySchedule(year_day_index=index, user_index=user)
        return bench.status(DoorLock.clear_year_day_schedule, request)
    return bench.status(DoorLock.clear_holiday_schedule, wire.ClearHolidaySchedule(holiday_index=index))


def give_pin(bench):
    changes = bench.lock.program(
        lambda register, author: (
            None,
            register.set_credential(0, CredentialKind.PIN, 1, b"123456", user_index=1, author=author).changes,
        )
    )
    assert changes
    bench.heard.clear()


def enter(bench):
    return bench.lock.present(CredentialKind.PIN, b"123456")


INVALID_WEEKS = [
    {"index": 0},
    {"index": 11},
    {"user": 0},
    {"user": 11},
    {"days": wire.DaysMaskBitmap(0)},
    {"days": wire.DaysMaskBitmap(0x80)},
    {"start": (24, 0)},
    {"start": (8, 60)},
    {"end": (24, 0)},
    {"end": (17, 60)},
    {"start": (18, 0)},
    {"start": (17, 30)},
]


@pytest.mark.parametrize("fields", INVALID_WEEKS)
def test_a_week_day_schedule_that_cannot_be_is_an_invalid_command(bench, fields):
    assert bench.status(DoorLock.set_week_day_schedule, week(**fields)) is Status.INVALID_COMMAND
    assert ask(bench, "week").status == 0x8B


def test_a_schedule_for_nobody_is_a_failure(bench):
    assert bench.status(DoorLock.set_week_day_schedule, week(user=2)) is Status.FAILURE
    assert bench.status(DoorLock.set_year_day_schedule, year(user=2)) is Status.FAILURE
    assert clear(bench, "week", user=2) is Status.FAILURE
    assert clear(bench, "year", user=2) is Status.FAILURE


def test_a_week_day_schedule_is_told_as_it_was_set(bench):
    bench.invoke(DoorLock.set_week_day_schedule, week(10, days=wire.DaysMaskBitmap(0x7F), start=(0, 0), end=(23, 59)))
    told = ask(bench, "week", 10)
    assert (told.status, int(told.days_mask)) == (0, 0x7F)
    assert (told.start_hour, told.start_minute, told.end_hour, told.end_minute) == (0, 0, 23, 59)
    (event,) = bench.heard
    assert (event.lock_data_type, event.data_operation_type) == (wire.LockDataTypeEnum.WEEK_DAY_SCHEDULE, 0)
    assert (event.user_index, event.data_index, event.fabric_index) == (1, 10, 1)


@pytest.mark.parametrize("fields", [{"index": 0}, {"index": 11}, {"user": 0}, {"user": 11}, {"end": NOW}, {"end": 0}])
def test_a_year_day_schedule_that_cannot_be_is_an_invalid_command(bench, fields):
    assert bench.status(DoorLock.set_year_day_schedule, year(**fields)) is Status.INVALID_COMMAND
    assert ask(bench, "year").status == 0x8B


def test_a_year_day_schedule_is_told_as_it_was_set(bench):
    bench.invoke(DoorLock.set_year_day_schedule, year(2, start=5, end=0xFFFF_FFFF))
    told = ask(bench, "year", 2)
    assert (told.status, told.local_start_time, told.local_end_time) == (0, 5, 0xFFFF_FFFF)


@pytest.mark.parametrize("fields", [{"index": 0}, {"index": 11}, {"end": NOW}, {"mode": wire.OperatingModeEnum(9)}])
def test_a_holiday_that_cannot_be_is_an_invalid_command(bench, fields):
    assert bench.status(DoorLock.set_holiday_schedule, holiday(**fields)) is Status.INVALID_COMMAND
    assert ask(bench, "holiday").status == 0x8B


@pytest.mark.parametrize("kind", ["week", "year", "holiday"])
def test_asking_and_clearing_look_at_indexes_first(bench, kind):
    for index in (0, 11, 0xFF):
        assert ask(bench, kind, index).status == 0x85
        assert clear(bench, kind, index) is Status.INVALID_COMMAND
    if kind != "holiday":
        for user in (0, 11, 0xFFFE):
            assert ask(bench, kind, user=user).status == 0x85
            assert clear(bench, kind, user=user) is Status.INVALID_COMMAND
        assert ask(bench, kind, user=2).status == 0x8B
    assert ask(bench, kind).status == 0x8B
    assert clear(bench, kind) is Status.SUCCESS


@pytest.mark.parametrize("kind", ["week", "year", "holiday"])
def test_one_schedule_is_cleared_or_all(bench, kind):
    command, make = {
        "week": (DoorLock.set_week_day_schedule, week),
        "year": (DoorLock.set_year_day_schedule, year),
        "holiday": (DoorLock.set_holiday_schedule, lambda index: holiday(index, NOW + HOUR, NOW + 2 * HOUR)),
    }[kind]
    for index in (1, 2, 3):
        bench.invoke(command, make(index))
    assert clear(bench, kind, 2) is Status.SUCCESS
    assert [ask(bench, kind, index).status for index in (1, 2, 3)] == [0, 0x8B, 0]
    assert clear(bench, kind, 0xFE) is Status.SUCCESS
    assert [ask(bench, kind, index).status for index in (1, 2, 3)] == [0x8B] * 3
    assert bench.heard[-1].data_index == 0xFFFE


def test_schedules_go_with_their_user_and_holidays_stay(bench):
    bench.invoke(DoorLock.set_week_day_schedule, week())
    bench.invoke(DoorLock.set_year_day_schedule, year())
    bench.invoke(DoorLock.set_holiday_schedule, holiday())
    bench.invoke(DoorLock.clear_user, wire.ClearUser(user_index=1))
    assert [ask(bench, kind).status for kind in ("week", "year", "holiday")] == [0x8B, 0x8B, 0]


def test_schedules_survive_a_power_cut(bench):
    bench.invoke(DoorLock.set_week_day_schedule, week())
    bench.invoke(DoorLock.set_year_day_schedule, year())
    bench.invoke(DoorLock.set_holiday_schedule, holiday(3, NOW + HOUR, NOW + 2 * HOUR))
    before = [ask(bench, "week"), ask(bench, "year"), ask(bench, "holiday", 3)]
    bench.power_cut()
    assert [ask(bench, "week"), ask(bench, "year"), ask(bench, "holiday", 3)] == before


def test_a_user_with_hours_comes_in_within_them_only(bench):
    give_pin(bench)
    bench.invoke(DoorLock.set_week_day_schedule, week())
    assert enter(bench) is not EntryOutcome.OPENED
    (refused,) = [event for event in bench.heard if isinstance(event, wire.LockOperationError)]
    assert (refused.operation_error, refused.user_index) == (wire.OperationErrorEnum.RESTRICTED, 1)
    bench.wait(8 * HOUR)
    assert enter(bench) is EntryOutcome.OPENED
    bench.wait(9 * HOUR + 1800)
    assert enter(bench) is not EntryOutcome.OPENED


def test_hours_are_those_of_the_clock_on_the_wall(bench):
    give_pin(bench)
    bench.invoke(DoorLock.set_week_day_schedule, week())
    clock = bench.node.endpoints[0].behavior(TimeSynchronizationBehavior)
    with bench.node.turn():
        clock.set_time_zone(SetTimeZone(time_zone=(TimeZoneStruct(offset=9 * HOUR, valid_at=0),)), None)
    assert enter(bench) is EntryOutcome.OPENED


def test_a_lock_that_does_not_know_the_time_lets_nobody_with_hours_in():
    bench = Bench(has_clock=False)
    bench.lock.program(
        lambda register, author: (
            None,
            register.set_credential(0, CredentialKind.PIN, 1, b"123456", author=author, type=8).changes
            + register.set_week_day(
                1, 1, days=0x7F, start_hour=0, start_minute=0, end_hour=23, end_minute=59, author=author
            ),
        )
    )
    assert bench.lock.moment() is None
    assert enter(bench) is not EntryOutcome.OPENED
    with bench.node.turn():
        bench.node.set_utc(NOW * 1_000_000)
    assert enter(bench) is EntryOutcome.OPENED


def test_a_holiday_begins_and_ends_by_itself(bench):
    bench.invoke(DoorLock.set_holiday_schedule, holiday(1, NOW + HOUR, NOW + 2 * HOUR))
    bench.wait(HOUR - 1)
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.NORMAL
    bench.wait(2)
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.PASSAGE
    bench.wait(HOUR)
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.NORMAL


def test_a_holiday_that_is_set_while_it_is_on_begins_at_once_and_survives_a_restart(bench):
    assert bench.write(DoorLock.operating_mode, wire.OperatingModeEnum.VACATION) is Status.SUCCESS
    bench.invoke(DoorLock.set_holiday_schedule, holiday())
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.PASSAGE
    bench.power_cut()
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.PASSAGE
    bench.wait(HOUR)
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.VACATION


def test_a_clock_that_is_set_ahead_begins_the_holiday(bench):
    bench.invoke(DoorLock.set_holiday_schedule, holiday(1, NOW + 24 * HOUR, NOW + 48 * HOUR))
    with bench.node.turn():
        bench.node.set_utc((NOW + 25 * HOUR) * 1_000_000)
    assert bench.read(DoorLock.operating_mode) == wire.OperatingModeEnum.PASSAGE


def test_a_far_holiday_leaves_the_agenda_small(bench):
    bench.invoke(DoorLock.set_holiday_schedule, holiday(1, NOW + 9000 * HOUR, NOW + 9001 * HOUR))
    for _ in range(200):
        bench.invoke(DoorLock.unlock_door, wire.UnlockDoor())
        bench.invoke(DoorLock.lock_door, wire.LockDoor())
        bench.wait(3.7)
    assert len(bench.node.agenda._heap) < 70


def test_an_expiring_users_time_runs_from_the_first_use(bench):
    bench.lock.program(
        lambda register, author: (
            None,
            register.set_credential(0, CredentialKind.PIN, 2, b"777777", author=author, type=7).changes,
        )
    )
    assert bench.write(DoorLock.expiring_user_timeout, 10) is Status.SUCCESS
    bench.wait(HOUR)
    assert bench.lock.present(CredentialKind.PIN, b"777777") is EntryOutcome.OPENED
    bench.wait(599)
    bench.power_cut()
    bench.heard.clear()
    assert bench.lock.register.user(2).status == 1
    bench.wait(2)
    assert bench.lock.register.user(2).status == 3
    (told,) = [event for event in bench.heard if isinstance(event, wire.LockUserChange)]
    assert (told.data_operation_type, told.user_index) == (wire.DataOperationTypeEnum.MODIFY, 2)
