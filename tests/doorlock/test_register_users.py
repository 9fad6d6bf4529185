"""Users of a lock: who may be added, what may be changed and by whom, and what goes when a user goes."""

from types import MappingProxyType

import pytest
from tests.support.register import ALPHA, AT_THE_LOCK, BETA, LIMITS, empty, refused

from latchwork.base.errors import Misuse
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.register import (
    ALL_USERS,
    BY_THE_LOCK,
    DataChange,
    DataKind,
    Problem,
    Register,
    UserChange,
)
from latchwork.doorlock.users import NO_UNIQUE_ID, CredentialRule, User, UserStatus, UserType

ADD, CLEAR, MODIFY = DataChange.ADD, DataChange.CLEAR, DataChange.MODIFY


@pytest.fixture
def register():
    return empty()


def user_change(change, index, author=ALPHA):
    return UserChange(DataKind.USER_INDEX, change, author, index, index)


def test_a_user_of_whom_nothing_is_said_has_the_defaults(register):
    assert register.set_user(ADD, 1, author=ALPHA) == (user_change(ADD, 1),)
    assert register.user(1) == User(1, "", NO_UNIQUE_ID, creator=1, modifier=1)
    assert register.user(1).status is UserStatus.OCCUPIED_ENABLED
    assert register.user(1).type is UserType.UNRESTRICTED
    assert register.user(1).rule is CredentialRule.SINGLE


def test_a_user_is_what_was_given(register):
    register.set_user(ADD, 10, name="last_user", unique_id=7, status=3, type=6, rule=2, author=BETA)
    assert register.user(10) == User(
        10,
        "last_user",
        7,
        UserStatus.OCCUPIED_DISABLED,
        UserType.DISPOSABLE,
        CredentialRule.TRI,
        creator=2,
        modifier=2,
    )
    assert isinstance(register.user(10).status, UserStatus)
    assert isinstance(register.user(10).type, UserType)
    assert isinstance(register.user(10).rule, CredentialRule)


@pytest.mark.parametrize("index", [0, 11, 0xFFFE, 0xFFFF, -1])
def test_there_are_no_users_beyond_the_locks_memory(register, index):
    refused(Problem.INVALID, register.set_user, ADD, index, author=ALPHA)
    assert register.user(index) is None


def test_a_lock_without_users_takes_none():
    refused(Problem.INVALID, empty(Limits()).set_user, ADD, 1, author=ALPHA)


@pytest.mark.parametrize("name", ["", "ten_octets", "Zoë", "五五五"])
def test_a_name_of_ten_octets_fits(register, name):
    register.set_user(ADD, 1, name=name, author=ALPHA)
    assert register.user(1).name == name


@pytest.mark.parametrize("name", ["eleven_octs", "ten_lettërs", "五五五五"])
def test_a_name_of_more_than_ten_octets_is_refused(register, name):
    refused(Problem.INVALID, register.set_user, ADD, 1, name=name, author=ALPHA)


@pytest.mark.parametrize("status", [0, 2, 4, 5, 255])
def test_a_status_that_cannot_be_given_is_refused(register, status):
    refused(Problem.INVALID, register.set_user, ADD, 3, status=status, author=ALPHA)
    assert register.user(3) is None


def test_a_type_or_a_rule_that_the_lock_does_not_know_is_refused(register):
    refused(Problem.INVALID, register.set_user, ADD, 1, type=10, author=ALPHA)
    refused(Problem.INVALID, register.set_user, ADD, 1, rule=3, author=ALPHA)
    simple = empty(Limits(users=1, user_types=frozenset({UserType.UNRESTRICTED})))
    refused(Problem.INVALID, simple.set_user, ADD, 1, type=UserType.FORCED, author=ALPHA)
    refused(Problem.INVALID, simple.set_user, ADD, 1, rule=CredentialRule.DUAL, author=ALPHA)


def test_an_occupied_place_is_not_added_to(register):
    register.set_user(ADD, 1, name="first", author=ALPHA)
    refused(Problem.OCCUPIED, register.set_user, ADD, 1, author=ALPHA)
    refused(Problem.OCCUPIED, register.set_user, ADD, 1, name="second", author=BETA)
    assert register.user(1).name == "first"


def test_what_cannot_be_is_refused_before_the_place_is_looked_at(register):
    register.set_user(ADD, 1, author=ALPHA)
    refused(Problem.INVALID, register.set_user, ADD, 1, status=0, author=ALPHA)
    refused(Problem.INVALID, register.set_user, ADD, 1, type=10, author=ALPHA)
    refused(Problem.INVALID, register.set_user, ADD, 1, name="eleven_octs", author=ALPHA)


@pytest.mark.parametrize("op", [CLEAR, 3, 255])
def test_setting_a_user_only_adds_or_modifies(register, op):
    refused(Problem.INVALID, register.set_user, op, 1, author=ALPHA)


def test_nobody_cannot_be_modified(register):
    refused(Problem.INVALID, register.set_user, MODIFY, 1, name="x", author=ALPHA)


def test_a_modification_changes_what_is_given_and_nothing_else(register):
    register.set_user(ADD, 1, author=ALPHA)
    wanted = {"name": "new_user", "unique_id": 0x1234, "status": 3, "type": 6, "rule": 2}
    for name, value in wanted.items():
        assert register.set_user(MODIFY, 1, author=ALPHA, **{name: value}) == (user_change(MODIFY, 1),)
        assert getattr(register.user(1), name) == value
    assert {name: getattr(register.user(1), name) for name in wanted} == wanted
    register.set_user(MODIFY, 1, author=ALPHA)
    assert {name: getattr(register.user(1), name) for name in wanted} == wanted


def test_another_fabric_may_change_all_but_name_and_unique_id(register):
    register.set_user(ADD, 1, name="theirs", unique_id=5, author=ALPHA)
    assert register.set_user(MODIFY, 1, status=3, type=6, rule=2, author=BETA) == (user_change(MODIFY, 1, BETA),)
    refused(Problem.INVALID, register.set_user, MODIFY, 1, name="mine", author=BETA)
    refused(Problem.INVALID, register.set_user, MODIFY, 1, unique_id=6, author=BETA)
    refused(Problem.INVALID, register.set_user, MODIFY, 1, name="theirs", author=BETA)
    assert (register.user(1).creator, register.user(1).modifier) == (1, 2)
    assert (register.user(1).name, register.user(1).unique_id) == ("theirs", 5)


def test_somebody_at_the_lock_may_rename_everybody_but_is_no_fabric(register):
    register.set_user(ADD, 1, name="theirs", author=ALPHA)
    register.set_user(MODIFY, 1, name="mine", author=AT_THE_LOCK)
    assert (register.user(1).name, register.user(1).creator, register.user(1).modifier) == ("mine", 1, None)
    register.set_user(ADD, 2, author=AT_THE_LOCK)
    assert (register.user(2).creator, register.user(2).modifier) == (None, None)
    refused(Problem.INVALID, register.set_user, MODIFY, 2, name="hers", author=ALPHA)


def test_a_fabric_that_is_gone_leaves_its_users_behind_as_nobodys(register):
    register.set_user(ADD, 1, author=ALPHA)
    register.set_user(ADD, 2, author=BETA)
    register.set_user(MODIFY, 1, status=3, author=BETA)
    register.set_credential(ADD, CredentialKind.PIN, 1, b"123456", user_index=2, author=BETA)
    register.set_credential(ADD, CredentialKind.PROGRAMMING_PIN, 0, b"654321", author=ALPHA)
    register.take_dirty()
    register.fabric_removed(2)
    assert [(user.creator, user.modifier) for user in register.users()] == [(1, 0), (0, 0), (1, 1)]
    pin = register.credential(CredentialKind.PIN, 1)
    assert (pin.creator, pin.modifier) == (0, 0)
    assert set(register.take_dirty()) == {("user", 1), ("user", 2), ("credential", 1, 1)}
    refused(Problem.INVALID, register.set_user, MODIFY, 2, name="x", author=BETA)
    register.fabric_removed(1)
    assert register.credential(CredentialKind.PROGRAMMING_PIN, 0).creator == 0


def test_a_cleared_user_takes_credentials_and_schedules_along(register):
    register.set_credential(ADD, CredentialKind.PIN, 1, b"123456", author=ALPHA)
    register.set_credential(ADD, CredentialKind.RFID, 4, b"0123456789", user_index=1, author=ALPHA)
    register.set_year_day(1, 2, start=1, end=2, author=ALPHA)
    register.set_week_day(1, 3, days=1, start_hour=1, start_minute=0, end_hour=2, end_minute=0, author=ALPHA)
    register.set_holiday(1, start=1, end=2, mode=0, author=ALPHA)
    register.take_dirty()
    assert register.clear_user(1, BETA) == (user_change(CLEAR, 1, BETA),)
    assert register.user(1) is None
    assert register.credential(CredentialKind.PIN, 1) is None
    assert register.credential(CredentialKind.RFID, 4) is None
    assert register.find(CredentialKind.PIN, b"123456") is None
    assert not register.week_days(1)
    assert not register.year_days(1)
    assert register.holiday(1) is not None
    assert set(register.take_dirty()) == {
        ("user", 1),
        ("credential", 1, 1),
        ("credential", 2, 4),
        ("year", 1, 2),
        ("week", 1, 3),
    }


def test_clearing_nobody_changes_nothing(register):
    assert register.clear_user(1, ALPHA) == ()
    assert register.clear_user(ALL_USERS, ALPHA) == ()
    assert not register.take_dirty()


@pytest.mark.parametrize("index", [0, 11, 0xFFFF])
def test_nobody_is_cleared_beyond_the_locks_memory(register, index):
    refused(Problem.INVALID, register.clear_user, index, ALPHA)


def test_any_administrator_may_clear_everybody(register):
    for index in (1, 2, 10):
        register.set_user(ADD, index, author=ALPHA)
    register.set_credential(ADD, CredentialKind.PROGRAMMING_PIN, 0, b"123456", author=ALPHA)
    assert register.clear_user(ALL_USERS, BETA) == (UserChange(DataKind.USER_INDEX, CLEAR, BETA, ALL_USERS, ALL_USERS),)
    assert list(register.users()) == []
    assert register.user_count == 0
    assert register.credential(CredentialKind.PROGRAMMING_PIN, 0) is None


def test_the_next_user_is_found_whoever_is_between(register):
    for index in (2, 5, 10):
        register.set_user(ADD, index, author=ALPHA)
    assert [register.next_user(index) for index in (0, 1, 2, 4, 5, 9, 10, 0xFFFE)] == [2, 2, 5, 5, 10, 10, None, None]
    assert [register.next_free_user(index) for index in (0, 1, 4, 9, 10)] == [1, 3, 6, None, None]
    assert [user.index for user in register.users()] == [2, 5, 10]
    register.clear_user(5, ALPHA)
    assert register.next_user(2) == 10
    assert register.user_count == 2


def test_a_disposable_user_opens_once(register):
    register.set_user(ADD, 1, type=UserType.DISPOSABLE, author=ALPHA)
    assert register.used(1, None) == (user_change(MODIFY, 1, BY_THE_LOCK),)
    assert register.user(1).status is UserStatus.OCCUPIED_DISABLED
    assert register.used(1, None) == ()
    register.set_user(MODIFY, 1, status=1, author=ALPHA)
    assert register.used(1, None) != ()


def test_an_expiring_users_time_runs_from_the_first_use(register):
    register.expiring_timeout_min = 30
    register.set_user(ADD, 1, type=UserType.EXPIRING, author=ALPHA)
    register.set_user(ADD, 2, type=UserType.EXPIRING, author=ALPHA)
    assert register.next_expiry() is None
    assert register.used(1, Moment(1000, 4600)) == ()
    assert register.next_expiry() == 2800
    register.used(1, Moment(2000, 5600))
    register.used(2, Moment(1500, 5100))
    assert register.next_expiry() == 2800
    assert register.expire(Moment(2799, 6399)) == ()
    assert register.expire(Moment(2800, 6400)) == (user_change(MODIFY, 1, BY_THE_LOCK),)
    assert register.user(1).status is UserStatus.OCCUPIED_DISABLED
    assert register.next_expiry() == 3300
    assert register.expire(Moment(9999, 9999)) == (user_change(MODIFY, 2, BY_THE_LOCK),)
    assert register.next_expiry() is None
    assert register.expire(Moment(99999, 99999)) == ()


def test_a_user_who_is_let_in_again_has_a_first_use_again(register):
    register.set_user(ADD, 1, type=UserType.EXPIRING, author=ALPHA)
    register.used(1, Moment(0, 0))
    register.set_user(MODIFY, 1, name="x", author=ALPHA)
    assert register.next_expiry() == 3600
    register.expire(Moment(3600, 3600))
    register.set_user(MODIFY, 1, status=1, author=ALPHA)
    assert register.next_expiry() is None
    register.used(1, Moment(7200, 7200))
    assert register.next_expiry() == 10800
    register.set_user(MODIFY, 1, type=UserType.UNRESTRICTED, author=ALPHA)
    assert register.next_expiry() is None


def test_use_by_nobody_by_others_or_at_no_known_time_changes_nothing(register):
    register.set_user(ADD, 1, author=ALPHA)
    register.set_user(ADD, 2, type=UserType.EXPIRING, author=ALPHA)
    register.take_dirty()
    for index in (1, 2, 3):
        assert register.used(index, None) == ()
    assert not register.take_dirty()


def test_an_expiry_goes_with_its_user(register):
    register.set_user(ADD, 1, type=UserType.EXPIRING, author=ALPHA)
    register.used(1, Moment(0, 0))
    register.clear_user(1, ALPHA)
    assert register.next_expiry() is None


def test_a_register_wants_a_key_of_32_octets():
    with pytest.raises(Misuse):
        Register(LIMITS, key=b"short")


def test_a_register_tells_of_itself_how_many_it_knows_and_no_more(register):
    register.set_credential(ADD, CredentialKind.PIN, 1, b"493817", author=ALPHA)
    assert repr(register) == "<Register of 1 users>"
    with pytest.raises(TypeError):
        hash(register)
    assert register != "register"


def test_ten_thousand_users_are_looked_through_as_fast_as_ten():
    many = 10_000
    register = empty(Limits(users=many, credentials_per_user=1, kinds=MappingProxyType({CredentialKind.PIN: many})))
    for index in range(1, many + 1):
        register.set_user(ADD, index, author=ALPHA)
        register.set_credential(ADD, CredentialKind.PIN, index, b"%05d" % index, user_index=index, author=ALPHA)
    walked, index = 0, 0
    while (index := register.next_user(index) or 0) != 0:
        walked += 1
    assert walked == many
    assert register.find(CredentialKind.PIN, b"%05d" % many).user_index == many
    assert register.next_free_user() is None
