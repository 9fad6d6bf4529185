"""What the accesses ask of a lock: by the lock itself where it can, by the hub where it cannot, and why."""

import time
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.hub.model_lock import FULL, OUR_FABRIC, House, ModelLock

from latchwork.base.errors import Misuse
from latchwork.hub.house.desired import Enforcement, TroubleCode
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Person, Site
from latchwork.hub.house.observed import UserType, WeekDay, YearDay
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window
from latchwork.hub.plan.compile import PRELOAD_S, compile_lock, name_for_lock
from latchwork.hub.plan.plan import plan
from latchwork.hub.plan.wall import EPOCH

BERLIN = ZoneInfo("Europe/Berlin")
ALWAYS = Always()
SITE = Site(time_zone="Europe/Berlin", holidays=("2026-12-25",))
ANN = Person(id="person_ann", name="Ann Example", unique_id=7)
BOB = Person(id="person_bob", name="Bob", unique_id=8)
CODE = Credential(id="code", person_id=ANN.id, length=6)
OTHER = Credential(id="other", person_id=ANN.id, length=6, created_at=1.0)
FINGER = Credential(id="finger", person_id=ANN.id, kind=CredentialKind.FINGERPRINT, lock_id="lock", created_at=-1.0)
WORK = Weekly((Hours(frozenset(range(5)), 480, 1080),))


def at(text, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


NOW = at("2026-11-20T12:00")  # a Friday


def local(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("UTC")).timestamp()) - EPOCH


def access(rule=ALWAYS, number=1, person=ANN, **more):
    return Access(id=f"access_{number}", person_id=person.id, door_ids=("door",), rule=rule, **more)


def compiled(*accesses, now=NOW, capabilities=FULL, credentials=(CODE,), persons=(ANN, BOB), enrolled=()):
    return compile_lock("lock", SITE, persons, credentials, accesses, capabilities, now, enrolled=enrolled)


def only(desired):
    (user,) = desired.users
    return user


def codes(desired):
    return [trouble.code for trouble in desired.troubles]


def test_access_always_is_an_unrestricted_user():
    desired = compiled(access())
    user = only(desired)
    assert (user.type, user.is_enabled, user.enforcement) == (UserType.UNRESTRICTED, True, Enforcement.LOCK)
    assert (user.key, user.name, user.unique_id) == (ANN.id, "AnnExample", 7)
    assert [each.credential_id for each in user.credentials] == ["code"]
    assert user.because == "access always"
    assert (desired.next_change, desired.troubles) == (None, ())


def test_hours_of_the_week_are_the_lock_s_own():
    user = only(compiled(access(WORK)))
    assert (user.type, user.week_days) == (UserType.WEEK_DAY_SCHEDULE, (WeekDay(0b0111110, 480, 1080),))
    assert user.enforcement is Enforcement.LOCK


def test_days_off_part_the_time_into_dates():
    user = only(compiled(access(replace(WORK, except_on=("2026-11-24",), is_off_on_holidays=True))))
    assert user.type is UserType.SCHEDULE_RESTRICTED
    assert [(each.start, each.end) for each in user.year_days][:2] == [
        (0, local("2026-11-24T08:00")),
        (local("2026-11-24T18:00"), local("2026-12-25T08:00")),
    ]
    assert user.enforcement is Enforcement.LOCK


def test_days_off_that_have_passed_need_no_dates():
    desired = compiled(access(replace(WORK, except_on=("2026-11-17",))))
    assert only(desired).type is UserType.WEEK_DAY_SCHEDULE
    assert desired.next_change is None


def test_hours_of_which_every_day_left_is_off_are_no_user_rather_than_one_without_dates():
    rule = replace(WORK, except_on=("2026-11-23", "2026-11-24"), end=at("2026-11-24T12:00"))
    desired = compiled(access(rule), now=at("2026-11-20T19:00"))
    assert all(user.year_days for user in desired.users)
    assert compiled(access(rule), now=at("2026-11-23T09:00")).users == ()


def test_a_lock_with_few_dates_is_given_the_next_ones_as_time_goes_by():
    rule = replace(WORK, except_on=("2026-11-24", "2026-11-26", "2026-12-01"))
    desired = compiled(access(rule), capabilities=replace(FULL, year_days=2))
    user = only(desired)
    assert (len(user.year_days), user.enforcement) == (2, Enforcement.HUB)
    assert codes(desired) == [TroubleCode.SCHEDULES_FULL]
    assert not desired.troubles[0].is_error
    assert desired.next_change == at("2026-11-24T08:00")


def test_a_window_is_put_on_ahead_and_taken_away_at_its_end():
    rule = Window(at("2026-12-01T15:00"), at("2026-12-03T10:00"))
    before = compiled(access(rule))
    assert before.users == ()
    assert before.next_change == rule.start - PRELOAD_S
    during = compiled(access(rule), now=before.next_change)
    assert only(during).year_days == (YearDay(local("2026-12-01T15:00"), local("2026-12-03T10:00")),)
    assert during.next_change == rule.end
    assert compiled(access(rule), now=rule.end).users == ()


def test_a_window_across_the_end_of_summer_time_is_right_on_both_sides():
    rule = Window(at("2026-10-24T15:00"), at("2026-10-26T10:00"))
    assert only(compiled(access(rule), now=rule.start)).year_days == (
        YearDay(local("2026-10-24T15:00"), local("2026-10-26T10:00")),
    )


def test_a_window_that_ends_in_the_hour_shown_twice_is_kept_by_the_hub():
    rule = Window(at("2026-10-24T15:00"), at("2026-10-25T02:30"))
    assert compiled(access(rule), now=rule.start - 1).users == ()
    desired = compiled(access(rule), now=rule.start)
    assert only(desired).enforcement is Enforcement.HUB
    assert "twice" in desired.troubles[0].message
    assert desired.next_change == rule.end


def test_a_lock_without_schedules_is_switched_at_the_minute():
    capabilities = replace(FULL, week_days=0, year_days=0)
    on = compiled(access(WORK), capabilities=capabilities)
    assert (only(on).type, only(on).is_enabled) == (UserType.UNRESTRICTED, True)
    assert on.next_change == at("2026-11-20T18:00")
    off = compiled(access(WORK), capabilities=capabilities, now=on.next_change)
    assert not only(off).is_enabled
    assert off.next_change == at("2026-11-23T08:00")
    assert codes(off) == [TroubleCode.NEEDS_HUB]


def test_more_hours_than_the_lock_has_schedules_for_are_kept_by_the_hub():
    rule = Weekly(tuple(Hours(frozenset({day}), 480 + day, 1080) for day in range(5)))
    desired = compiled(access(rule), capabilities=replace(FULL, week_days=3))
    assert codes(desired) == [TroubleCode.SCHEDULES_FULL]
    assert "5 schedules of hours, and this lock has 3" in desired.troubles[0].message


def test_one_opening_is_a_disposable_user_that_goes_when_it_was_used():
    user = only(compiled(access(Once())))
    assert (user.type, user.enforcement) == (UserType.DISPOSABLE, Enforcement.LOCK)
    assert user.key == "person_ann/access_1"
    assert compiled(access(Once(), first_used_at=NOW - 1)).users == ()


def test_one_opening_in_a_window_is_put_on_at_its_start():
    rule = Once(NOW + 60, NOW + 120)
    assert compiled(access(rule)).next_change == NOW + 60
    desired = compiled(access(rule), now=NOW + 60)
    assert (only(desired).type, only(desired).enforcement) == (UserType.DISPOSABLE, Enforcement.HUB)
    assert desired.next_change == NOW + 120


def test_time_from_the_first_use_is_the_lock_s_own_when_it_counts_as_many_minutes():
    user = only(compiled(access(FirstUse(60))))
    assert (user.type, user.enforcement) == (UserType.EXPIRING, Enforcement.LOCK)
    desired = compiled(access(FirstUse(90), first_used_at=NOW - 60))
    assert (only(desired).type, only(desired).enforcement) == (UserType.UNRESTRICTED, Enforcement.HUB)
    assert "60 minutes from the first use, not 90" in desired.troubles[0].message
    assert desired.next_change == NOW - 60 + 5400


def test_a_silent_alarm_wins_over_every_other_access_of_the_code():
    assert only(compiled(access(), access(number=2, is_duress=True))).type is UserType.FORCED
    desired = compiled(access(WORK, is_duress=True))
    assert (only(desired).type, only(desired).enforcement) == (UserType.FORCED, Enforcement.HUB)


def test_codes_with_other_accesses_are_another_user_of_the_lock():
    desired = compiled(
        access(credential_ids=("code",)),
        access(WORK, 2, credential_ids=("other",)),
        credentials=(OTHER, CODE),
    )
    assert [user.key for user in desired.users] == ["person_ann", "person_ann/access_2"]
    assert {user.unique_id for user in desired.users} == {7}


def test_accesses_to_the_same_code_are_taken_together():
    user = only(compiled(access(WORK), access(Weekly((Hours(frozenset({5}), 600, 720),)), 2)))
    assert len(user.week_days) == 2
    assert user.access_ids == ("access_1", "access_2")
    mixed = compiled(access(WORK), access(Window(NOW, NOW + 60), 2))
    assert only(mixed).enforcement is Enforcement.HUB


def test_who_left_or_has_no_code_or_whose_access_is_off_has_no_user():
    assert compiled(access(), persons=(replace(ANN, left_at=1.0),)).users == ()
    assert compiled(access(), credentials=()).users == ()
    assert compiled(access(is_enabled=False)).users == ()
    assert compiled(access(Weekly(()))).users == ()


def test_admins_are_put_on_first_and_then_who_had_access_first():
    chief = replace(BOB, is_admin=True)
    desired = compiled(
        *(access(created_at=1.0), access(number=2, person=BOB, created_at=5.0)),
        persons=(ANN, chief),
        credentials=(CODE, Credential(id="bob", person_id=BOB.id, length=6)),
    )
    assert [user.person_id for user in desired.users] == [BOB.id, ANN.id]


def test_a_finger_is_enrolled_at_the_door_and_its_user_is_there_for_it():
    desired = compiled(access(), credentials=(FINGER,))
    assert only(desired).credentials == ()
    assert codes(desired) == [TroubleCode.ENROL_AT_DOOR]
    enrolled = compiled(access(), credentials=(CODE, FINGER), enrolled={"finger"})
    assert {each.credential_id for each in only(enrolled).credentials} == {"code", "finger"}
    assert compiled(access(), credentials=(replace(FINGER, lock_id="elsewhere"),)).users == ()


def test_what_the_lock_does_not_take_is_said():
    face = replace(FINGER, id="face", kind=CredentialKind.FACE)
    desired = compiled(access(), credentials=(replace(CODE, length=9), face))
    assert desired.users == ()
    assert codes(desired) == [TroubleCode.KIND_NOT_SUPPORTED, TroubleCode.CODE_LENGTH]
    assert "9 digits, and this lock takes 4 to 8" in desired.troubles[1].message
    many = compiled(access(), credentials=(CODE, OTHER), capabilities=replace(FULL, credentials_per_user=1))
    assert codes(many) == [TroubleCode.CREDENTIALS_FULL]
    assert many.troubles[0].credential_id == "other"


def test_a_lock_without_users_says_so_once():
    desired = compiled(access(), access(number=2), capabilities=replace(FULL, has_users=False))
    assert codes(desired) == [TroubleCode.LOCK_HAS_NO_USERS]


def test_a_site_without_a_time_zone_is_refused():
    with pytest.raises(Misuse):
        compile_lock("lock", Site(time_zone="Nowhere/None"), (), (), (), FULL, NOW)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Ann Example", "AnnExample"),
        ("Ann", "Ann"),
        ("Bartholomew Smith", "BartholomS"),
        ("Jürgen Weiß", "JurgenW"),
        ("Søren", "Soren"),
        ("王小明", "U00000007"),
        ("Mary-Jane O'Neil", "MaryJaneO"),
        ("Maximiliane", "Maximilian"),
    ],
)
def test_names_become_what_locks_take(name, short):
    assert name_for_lock(name, 7) == short


def test_instants_beyond_all_calendars_do_no_harm():
    far = compiled(access(Window(-1e300, 1e300)), access(replace(WORK, end=1e300), 2))
    assert only(far).enforcement is Enforcement.HUB
    assert only(compiled(access(replace(WORK, except_on=("0001-01-01", "9999-12-31"))))).week_days


def crowd(size=50):
    rules = [
        Always(),
        WORK,
        replace(WORK, except_on=("2026-12-24",), is_off_on_holidays=True),
        Window(NOW - 60, NOW + 86_400),
        Weekly((Hours(frozenset({4, 5}), 1320, 360),), start=NOW - 5, end=NOW + 1e6),
    ]
    lock = ModelLock(replace(FULL, users=100, kinds={CredentialKind.PIN: 100}), "Europe/Berlin")
    persons = [Person(id=f"person_{each:02}", name=f"Person {each}", unique_id=each + 1) for each in range(size)]
    return House(
        site=SITE,
        persons=persons,
        credentials=[Credential(id=f"code_{each.id}", person_id=each.id, length=6) for each in persons],
        accesses=[access(rules[at % 5], at, person) for at, person in enumerate(persons)],
        lock=lock,
    )


def test_fifty_users_are_planned_in_a_blink():
    house = crowd()
    house.settle(NOW)
    observed = house.lock.observed()

    def once():
        begun = time.perf_counter()
        desired = house.compile(NOW + 1)
        assert plan(desired, observed, house.lock.capabilities, house.placed, OUR_FABRIC, NOW + 1).steps == ()
        return time.perf_counter() - begun

    assert min(once() for _ in range(20)) < 0.02  # a quarter of it on an idle machine
