"""Random administrators: two fabrics and somebody at the keypad change a lock's people through real commands, beside a plain lock.

Every answer must be the one that a plain dictionary gives, every place must read back as it says, and a power cut must change nothing.
`LATCHWORK_STEPS` says how many steps in all (a release runs 100,000).
"""

import os
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as run
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.support.bench import SAMPLE, Bench
from tests.support.register_oracle import ALL, WEEK, YEAR, No, Plain

from latchwork.doorlock.changes import ChangeRefused
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

STEPS = int(os.environ.get("LATCHWORK_STEPS", "10000"))
STORY = 60
USERS, PER_USER, SCHEDULES = 4, 2, 2
KINDS = {1: 3, 2: 2, 7: 2, 8: 2}
LENGTHS = {1: (2, 3), 2: (1, 4)}
MODEL = replace(
    SAMPLE,
    key="small",
    limits=Limits(
        users=USERS,
        credentials_per_user=PER_USER,
        kinds=MappingProxyType({CredentialKind(kind): count for kind, count in KINDS.items()}),
        lengths=MappingProxyType({CredentialKind(kind): length for kind, length in LENGTHS.items()}),
        week_days_per_user=SCHEDULES,
        year_days_per_user=SCHEDULES,
        holidays=SCHEDULES,
        rules=SAMPLE.limits.rules,
    ),
)

FABRICS = st.sampled_from([1, 1, 2])
OPS = st.sampled_from([0, 0, 0, 2, 2, 1])
PEOPLE = st.sampled_from([1, 2, 3, 4, 1, 2, 0, 5])
STATUS = st.sampled_from([None, None, 1, 3, 0, 2])
TYPES = st.sampled_from([None, None, 0, 3, 8, 10])
RULES = st.sampled_from([None, 0, 1, 2])
NAMES = st.sampled_from([None, "", "Ann", "Zoë", "ten_octets", "eleven_octs"])
KIND = st.sampled_from([1, 1, 2, 7, 8, 0, 5, 9])
PLACES = st.sampled_from([1, 2, 1, 2, 3, 0, 4])
PINS = st.sampled_from([b"11", b"22", b"333", b"4", b"55555"])
KEYS = st.sampled_from([b"\x04" + bytes([n]) * 64 for n in range(3)] + [bytes(64)])
TIMES = st.integers(0, 3)

SAID = {"INVALID": Status.INVALID_COMMAND, "OCCUPIED": (Status.FAILURE, 3), "FAILURE": Status.FAILURE}
IN_RESPONSE = {"INVALID": 0x85, "OCCUPIED": 3, "DUPLICATE": 2, "EXHAUSTED": 0x89}


def struct(kind, index):
    return wire.CredentialStruct(credential_type=wire.CredentialTypeEnum(kind), credential_index=index)


def enum(kind, value):
    return None if value is None else kind(value)


class Administrators(RuleBasedStateMachine):
    """The lock on the bench, and the plain one."""

    def __init__(self):
        super().__init__()
        self.bench = Bench(MODEL, fabrics=2)
        self.plain = Plain(USERS, PER_USER, {0: 1} | KINDS, {0: (2, 3), 7: (65, 65), 8: (65, 65)} | LENGTHS, SCHEDULES)

    # doing the same to both

    def both(self, command, request, fabric, oracle):
        """A command that is answered with a status; its events must tell what the plain lock did."""
        self.bench.heard.clear()
        try:
            expected, told = Status.SUCCESS, oracle()
        except No as no:
            expected, told = SAID[str(no)], []
        assert self.bench.status(command, request, fabric=fabric) == expected
        self.check_events(told, fabric)

    def check_events(self, told, fabric):
        heard = [event for event in self.bench.heard if isinstance(event, wire.LockUserChange)]
        assert heard == self.bench.heard
        assert [(e.lock_data_type, e.data_operation_type, e.user_index, e.data_index) for e in heard] == told
        assert all(event.fabric_index == fabric for event in heard)

    @rule(
        op=OPS,
        index=PEOPLE,
        fabric=FABRICS,
        name=NAMES,
        unique=st.none() | TIMES,
        status=STATUS,
        kind=TYPES,
        rule=RULES,
    )
    def set_user(self, op, index, fabric, name, unique, status, kind, rule):
        request = wire.SetUser(
            operation_type=wire.DataOperationTypeEnum(op),
            user_index=index,
            user_name=name,
            user_unique_id=unique,
            user_status=enum(wire.UserStatusEnum, status),
            user_type=enum(wire.UserTypeEnum, kind),
            credential_rule=enum(wire.CredentialRuleEnum, rule),
        )
        self.both(
            DoorLock.set_user,
            request,
            fabric,
            lambda: self.plain.set_user(op, index, fabric, name, unique, status, kind, rule),
        )
        self.check_user(index)

    @precondition(lambda self: len(self.plain.users) > 1)
    @rule(index=st.sampled_from([0, 5, 1, 2, 3, 4, ALL]), fabric=FABRICS)
    def clear_user(self, index, fabric):
        request = wire.ClearUser(user_index=index)
        self.both(DoorLock.clear_user, request, fabric, lambda: self.plain.clear_user(index))

    @rule(
        op=OPS,
        kind=KIND,
        index=PLACES,
        pin=PINS,
        key=KEYS,
        fabric=FABRICS,
        user=st.none() | PEOPLE,
        status=STATUS,
        of=TYPES,
    )
    def set_credential(self, op, kind, index, pin, key, fabric, user, status, of):
        self.give(op, kind, index, key if kind in (7, 8) else pin, fabric, user, status, of)

    @rule(kind=st.sampled_from([0, 1, 2, 7, 8]), index=st.sampled_from([1, 2]), pin=PINS, key=KEYS, fabric=FABRICS)
    def give_a_credential_to_somebody_new(self, kind, index, pin, key, fabric):
        self.give(0, kind, index if kind else 0, key if kind in (7, 8) else pin, fabric, None, None, None)

    @precondition(lambda self: self.plain.users)
    @rule(kind=st.sampled_from([1, 2, 7]), index=PLACES, pin=PINS, key=KEYS, nth=st.integers(0, 3), fabric=FABRICS)
    def give_a_credential_to_somebody(self, kind, index, pin, key, nth, fabric):
        user = sorted(self.plain.users)[nth % len(self.plain.users)]
        self.give(0, kind, index, key if kind == 7 else pin, fabric, user, None, None)

    @precondition(lambda self: self.plain.credentials)
    @rule(nth=st.integers(0, 5), pin=PINS, key=KEYS, fabric=FABRICS)
    def modify_a_credential(self, nth, pin, key, fabric):
        kind, index = sorted(self.plain.credentials)[nth % len(self.plain.credentials)]
        user = self.plain.credentials[kind, index]["user"]
        self.give(2, kind, index, key if kind in (7, 8) else pin, fabric, user, None, None)

    def give(self, op, kind, index, secret, fabric, user, status, of):
        bench, plain = self.bench, self.plain
        request = wire.SetCredential(
            operation_type=wire.DataOperationTypeEnum(op),
            credential=struct(kind, index),
            credential_data=secret,
            user_index=user,
            user_status=enum(wire.UserStatusEnum, status),
            user_type=enum(wire.UserTypeEnum, of),
        )
        bench.heard.clear()
        if kind not in plain.kinds:
            assert bench.status(DoorLock.set_credential, request, fabric=fabric) is Status.UNSUPPORTED_COMMAND
            return
        free = [at for at in range(index + 1, plain.kinds[kind] + 1) if (kind, at) not in plain.credentials]
        people = set(plain.users)
        try:
            expected, told = 0, plain.set_credential(op, kind, index, secret, fabric, user, status, of)
        except No as no:
            expected, told = IN_RESPONSE[str(no)], []
        answer = bench.invoke(DoorLock.set_credential, request, fabric=fabric)
        made = set(plain.users) - people
        assert (answer.status, answer.user_index) == (expected, made.pop() if made else None)
        assert answer.next_credential_index == (free[0] if free and kind else None)
        self.check_events(told, fabric)
        self.check_credential(kind, index)

    @precondition(lambda self: len(self.plain.credentials) > 1)
    @rule(nth=st.integers(0, 5), fabric=FABRICS)
    def clear_a_credential(self, nth, fabric):
        self.clear(*sorted(self.plain.credentials)[nth % len(self.plain.credentials)], fabric)

    @precondition(lambda self: len(self.plain.credentials) > 3)
    @rule(kind=st.none() | KIND, index=st.sampled_from([1, 2, 3, 0, 4, ALL]), fabric=FABRICS)
    def clear_credentials(self, kind, index, fabric):
        self.clear(kind, index, fabric)

    def clear(self, kind, index, fabric):
        request = wire.ClearCredential(credential=None if kind is None else struct(kind, index))
        self.both(DoorLock.clear_credential, request, fabric, lambda: self.plain.clear_credential(kind, index, fabric))

    @rule(user=PEOPLE, index=PLACES, days=st.sampled_from([0, 1, 127, 128]), start=TIMES, end=TIMES, fabric=FABRICS)
    def set_week_day(self, user, index, days, start, end, fabric):
        request = wire.SetWeekDaySchedule(
            week_day_index=index,
            user_index=user,
            days_mask=wire.DaysMaskBitmap(days),
            start_hour=start,
            start_minute=5,
            end_hour=end,
            end_minute=4,
        )
        value, is_right = (days, start * 60 + 5, end * 60 + 4), 0 < days < 128 and start < end
        self.both(
            DoorLock.set_week_day_schedule,
            request,
            fabric,
            lambda: self.plain.set_schedule(WEEK, user, index, value, is_right, fabric),
        )

    @rule(user=PEOPLE, index=PLACES, start=TIMES, end=TIMES, fabric=FABRICS)
    def set_year_day(self, user, index, start, end, fabric):
        request = wire.SetYearDaySchedule(
            year_day_index=index, user_index=user, local_start_time=start, local_end_time=end
        )
        self.both(
            DoorLock.set_year_day_schedule,
            request,
            fabric,
            lambda: self.plain.set_schedule(YEAR, user, index, (start, end), start < end, fabric),
        )

    @precondition(lambda self: self.plain.week or self.plain.year)
    @rule(user=PEOPLE, index=PLACES | st.just(0xFE), fabric=FABRICS, is_week=st.booleans())
    def clear_schedule(self, user, index, fabric, is_week):
        if is_week:
            command = DoorLock.clear_week_day_schedule
            request = wire.ClearWeekDaySchedule(week_day_index=index, user_index=user)
        else:
            command = DoorLock.clear_year_day_schedule
            request = wire.ClearYearDaySchedule(year_day_index=index, user_index=user)
        self.both(command, request, fabric, lambda: self.plain.clear_schedule(WEEK if is_week else YEAR, user, index))

    @rule(index=PLACES, start=TIMES, end=TIMES, mode=st.integers(0, 5), fabric=FABRICS)
    def set_holiday(self, index, start, end, mode, fabric):
        request = wire.SetHolidaySchedule(
            holiday_index=index,
            local_start_time=start,
            local_end_time=end,
            operating_mode=wire.OperatingModeEnum(mode),
        )
        self.both(
            DoorLock.set_holiday_schedule,
            request,
            fabric,
            lambda: self.plain.set_holiday(index, (start, end, mode), start < end and mode < 5),
        )

    @precondition(lambda self: self.plain.days)
    @rule(index=PLACES | st.just(0xFE), fabric=FABRICS)
    def clear_holiday(self, index, fabric):
        request = wire.ClearHolidaySchedule(holiday_index=index)
        self.both(DoorLock.clear_holiday_schedule, request, fabric, lambda: self.plain.clear_holiday(index))

    @rule(op=OPS, index=PEOPLE, name=NAMES)
    def program_at_the_keypad(self, op, index, name):
        self.bench.heard.clear()
        try:
            told = self.plain.set_user(op, index, None, name, None, None, None, None)
        except No:
            with pytest.raises(ChangeRefused):
                self.bench.lock.program(
                    lambda register, author: (None, register.set_user(op, index, name=name, author=author))
                )
            return
        self.bench.lock.program(lambda register, author: (None, register.set_user(op, index, name=name, author=author)))
        self.check_events(told, None)

    @rule(is_gone=st.sampled_from([False, False, False, True]))
    def remove_the_second_fabric(self, is_gone):
        if is_gone:
            self.bench.leave(2)
            self.plain.fabric_removed(2)
            self.bench.join(2)

    @rule(is_clean=st.booleans())
    def restart(self, is_clean):
        if is_clean:
            self.bench.restart()
        else:
            self.bench.power_cut()
        self.check_everything()

    # reading back

    def check_user(self, index):
        if not 1 <= index <= USERS:
            return
        told = self.bench.invoke(DoorLock.get_user, wire.GetUser(user_index=index))
        user = self.plain.users.get(index)
        assert told.next_user_index == min((each for each in self.plain.users if each > index), default=None)
        if user is None:
            assert (told.user_status, told.user_name, told.credentials) == (None, None, None)
            return
        assert (told.user_name, told.user_status, told.user_type) == (user["name"], user["status"], user["type"])
        assert (told.user_unique_id, told.credential_rule) == (
            None if user["unique_id"] == 0xFFFFFFFF else user["unique_id"],
            user["rule"],
        )
        assert (told.creator_fabric_index, told.last_modified_fabric_index) == (user["creator"], user["modifier"])
        assert {(each.credential_type, each.credential_index) for each in told.credentials} == set(self.plain.of(index))

    def check_credential(self, kind, index):
        request = wire.GetCredentialStatus(credential=struct(kind, index))
        told = self.bench.invoke(DoorLock.get_credential_status, request)
        found = self.plain.credentials.get((kind, index))
        behind = [at[1] for at in self.plain.credentials if at[0] == kind and at[1] > index]
        assert (told.credential_exists, told.next_credential_index) == (found is not None, min(behind, default=None))
        if found is not None:
            assert told.user_index == found["user"]
            assert (told.creator_fabric_index, told.last_modified_fabric_index) == (found["creator"], found["modifier"])
            kept = self.bench.lock.register.credential(CredentialKind(kind), index)
            assert bytes(kept.secret) == found["secret"]

    def check_everything(self):
        for index in range(1, USERS + 1):
            self.check_user(index)
            for place in range(1, SCHEDULES + 1):
                self.check_schedules(index, place)
        for kind, count in self.plain.kinds.items():
            for index in range(count + 1):
                self.check_credential(kind, index)
        for index in range(1, SCHEDULES + 1):
            told = self.bench.invoke(DoorLock.get_holiday_schedule, wire.GetHolidaySchedule(holiday_index=index))
            day = self.plain.days.get(index)
            assert told.status == (0x8B if day is None else 0)
            if day is not None:
                assert (told.local_start_time, told.local_end_time, told.operating_mode) == day

    def check_schedules(self, user, index):
        request = wire.GetWeekDaySchedule(week_day_index=index, user_index=user)
        told = self.bench.invoke(DoorLock.get_week_day_schedule, request)
        week = self.plain.week.get((user, index))
        assert told.status == (0x8B if week is None else 0)
        if week is not None:
            minutes = (told.start_hour * 60 + told.start_minute, told.end_hour * 60 + told.end_minute)
            assert (told.days_mask, *minutes) == week
        request = wire.GetYearDaySchedule(year_day_index=index, user_index=user)
        told = self.bench.invoke(DoorLock.get_year_day_schedule, request)
        year = self.plain.year.get((user, index))
        assert told.status == (0x8B if year is None else 0)
        assert year is None or (told.local_start_time, told.local_end_time) == year

    def teardown(self):
        self.check_everything()


TestAdministrators = Administrators.TestCase
TestAdministrators.settings = run(
    max_examples=max(STEPS // STORY, 1),
    stateful_step_count=STORY,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
