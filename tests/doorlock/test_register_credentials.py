"""Credentials of a lock: the order in which a request is refused, and what setting and clearing one does.

The cases are those of the project's certification suites for users and credentials, told in our own words.
"""

from dataclasses import replace
from types import MappingProxyType

import pytest
from tests.support.register import ALPHA, AT_THE_LOCK, BETA, LIMITS, empty, refused

from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import ALIRO_KINDS, CredentialKind
from latchwork.doorlock.events import Source
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.register import (
    ALL_USERS,
    Author,
    CredentialSet,
    DataChange,
    DataKind,
    Problem,
    UserChange,
)
from latchwork.doorlock.users import UserStatus, UserType

ADD, CLEAR, MODIFY = DataChange.ADD, DataChange.CLEAR, DataChange.MODIFY
MASTER, PIN, RFID, FINGER = (
    CredentialKind.PROGRAMMING_PIN,
    CredentialKind.PIN,
    CredentialKind.RFID,
    CredentialKind.FINGERPRINT,
)
ISSUER = CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY
EVICTABLE = CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY
LASTING = CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY
CARD = b"rfid_data_123456"


def key(number):
    return b"\x04" + number.to_bytes(64, "big")


@pytest.fixture
def register():
    return empty()


@pytest.fixture
def lived_in(register):
    """User 1 of alpha with PIN 1 and card 1."""
    register.set_credential(ADD, PIN, 1, b"000000", author=ALPHA)
    register.set_credential(ADD, RFID, 1, CARD, user_index=1, author=ALPHA)
    return register


def put(register, op, kind, index, secret, author=ALPHA, **named):
    return register.set_credential(op, kind, index, secret, author=author, **named)


def test_a_credential_without_a_user_makes_one_at_the_first_free_index(register):
    register.set_user(ADD, 1, author=BETA)
    assert put(register, ADD, PIN, 3, b"123456", status=3, type=6) == CredentialSet(
        (
            UserChange(DataKind.USER_INDEX, ADD, ALPHA, 2, 2),
            UserChange(DataKind.PIN, ADD, ALPHA, 2, 3),
        ),
        user_index=2,
        next_index=4,
    )
    user = register.user(2)
    assert (user.status, user.type, user.creator, user.modifier) == (
        UserStatus.OCCUPIED_DISABLED,
        UserType.DISPOSABLE,
        1,
        1,
    )
    assert user.credentials == ((PIN, 3),)
    pin = register.credential(PIN, 3)
    assert (pin.user_index, pin.creator, pin.modifier) == (2, 1, 1)
    assert register.find(PIN, b"123456") is pin


def test_a_credential_for_a_user_who_is_there_joins_the_others(lived_in):
    made = put(lived_in, ADD, RFID, 2, b"rfid_data_7890", user_index=1)
    assert made == CredentialSet((UserChange(DataKind.RFID, ADD, ALPHA, 1, 2),), None, 3)
    put(lived_in, ADD, PIN, 3, b"789012", user_index=1)
    assert lived_in.user(1).credentials == ((PIN, 1), (RFID, 1), (RFID, 2), (PIN, 3))


@pytest.mark.parametrize("kind", [CredentialKind.FACE])
def test_a_kind_that_the_lock_does_not_know_is_unsupported(register, kind):
    refusal = refused(Problem.UNSUPPORTED, register.set_credential, ADD, kind, 1, b"face", author=ALPHA)
    assert refusal.next_index is None
    assert not register.supports(kind)


@pytest.mark.parametrize(("index", "next_index"), [(0, 2), (11, None), (0xFFFF, None)])
def test_an_index_that_no_credential_can_have_is_invalid(lived_in, index, next_index):
    for kind, secret in ((PIN, b"123456"), (RFID, b"new_rfid_data")):
        refusal = refused(Problem.INVALID, lived_in.set_credential, ADD, kind, index, secret, author=ALPHA)
        assert refusal.next_index == next_index


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        (PIN, b"12345"),
        (PIN, b"123456789"),
        (PIN, b""),
        (MASTER, b"12345"),
        (RFID, b"rfid_data"),
        (RFID, b"very_long_rfid_data_to_test_boundaries"),
        (FINGER, b""),
        (FINGER, b"f" * 256),
        (ISSUER, key(1)[:64]),
        (EVICTABLE, key(1) + b"\x00"),
        (LASTING, b""),
    ],
)
def test_a_secret_of_another_length_is_invalid(register, kind, secret):
    refused(Problem.INVALID, register.set_credential, ADD, kind, register.indexes(kind)[0], secret, author=ALPHA)


def test_a_secret_that_another_place_has_is_a_duplicate(lived_in):
    assert refused(Problem.DUPLICATE, lived_in.set_credential, ADD, PIN, 3, b"000000", author=ALPHA).next_index == 4
    assert refused(Problem.DUPLICATE, lived_in.set_credential, ADD, RFID, 2, CARD, author=BETA).next_index == 3
    put(lived_in, ADD, PIN, 2, b"111111")
    refused(Problem.DUPLICATE, lived_in.set_credential, MODIFY, PIN, 2, b"000000", user_index=2, author=ALPHA)


def test_a_duplicate_is_said_before_an_occupied_place_is_looked_at(lived_in):
    put(lived_in, ADD, PIN, 2, b"111111")
    refused(Problem.DUPLICATE, lived_in.set_credential, ADD, PIN, 2, b"000000", author=ALPHA)
    refused(Problem.OCCUPIED, lived_in.set_credential, ADD, PIN, 2, b"222222", author=ALPHA)
    refused(Problem.OCCUPIED, lived_in.set_credential, ADD, PIN, 2, b"111111", author=ALPHA)


def test_a_duplicate_is_said_before_status_type_and_operation_are_looked_at(lived_in):
    refused(Problem.DUPLICATE, lived_in.set_credential, ADD, PIN, 2, b"000000", status=0, type=99, author=ALPHA)
    refused(Problem.DUPLICATE, lived_in.set_credential, CLEAR, PIN, 2, b"000000", author=ALPHA)


def test_a_place_is_no_duplicate_of_itself(lived_in):
    assert put(lived_in, MODIFY, PIN, 1, b"000000", user_index=1).changes


def test_the_same_octets_of_two_kinds_are_two_secrets(register):
    put(register, ADD, PIN, 1, b"12345678")
    put(register, ADD, FINGER, 1, b"12345678")
    put(register, ADD, MASTER, 0, b"12345678")
    assert register.find(PIN, b"12345678").kind is PIN
    assert register.find(FINGER, b"12345678").kind is FINGER
    assert register.find(MASTER, b"12345678").kind is MASTER
    assert register.find(RFID, b"12345678") is None


@pytest.mark.parametrize("status", [0, 2, 5])
def test_a_status_that_cannot_be_given_makes_no_user(register, status):
    refusal = refused(Problem.INVALID, register.set_credential, ADD, PIN, 1, b"000000", status=status, author=ALPHA)
    assert refusal.next_index == 2
    assert register.user(1) is None


def test_a_type_that_cannot_be_given_makes_no_user(register):
    refused(Problem.INVALID, register.set_credential, ADD, PIN, 1, b"000000", type=10, author=ALPHA)
    refused(Problem.INVALID, register.set_credential, ADD, PIN, 1, b"000000", type=UserType.PROGRAMMING, author=ALPHA)


@pytest.mark.parametrize("op", [CLEAR, 3])
def test_setting_a_credential_only_adds_or_modifies(lived_in, op):
    refused(Problem.INVALID, lived_in.set_credential, op, PIN, 1, b"000000", user_index=1, author=ALPHA)


@pytest.mark.parametrize("given", [{"status": 1}, {"type": 0}, {"status": 1, "type": 0}])
@pytest.mark.parametrize(("op", "index"), [(ADD, 2), (MODIFY, 1)])
def test_a_user_who_is_there_gets_neither_status_nor_type_with_a_credential(lived_in, given, op, index):
    refused(Problem.INVALID, lived_in.set_credential, op, PIN, index, b"123456", user_index=1, author=ALPHA, **given)


@pytest.mark.parametrize("user_index", [0, 2, 10, 11, 0xFFFE])
def test_a_credential_for_nobody_is_invalid(lived_in, user_index):
    refusal = refused(
        Problem.INVALID, lived_in.set_credential, ADD, PIN, 2, b"123465", user_index=user_index, author=ALPHA
    )
    assert refusal.next_index == 3
    refused(Problem.INVALID, lived_in.set_credential, MODIFY, PIN, 1, b"123465", user_index=user_index, author=ALPHA)


def test_another_fabric_gives_no_credentials_to_a_user(lived_in):
    before = lived_in.user(1)
    refused(Problem.INVALID, lived_in.set_credential, ADD, RFID, 2, b"rfid_data_other", user_index=1, author=BETA)
    assert lived_in.user(1) is before
    assert lived_in.credential(RFID, 2) is None


def test_another_fabric_modifies_no_credential(lived_in):
    refused(Problem.INVALID, lived_in.set_credential, MODIFY, RFID, 1, b"rfid_data_654321", user_index=1, author=BETA)
    assert lived_in.find(RFID, CARD) is not None


def test_a_modified_credential_is_the_new_secret_and_not_the_old(lived_in):
    done = put(lived_in, MODIFY, PIN, 1, b"123456", user_index=1)
    assert done == CredentialSet((UserChange(DataKind.PIN, MODIFY, ALPHA, 1, 1),), None, 2)
    assert lived_in.find(PIN, b"000000") is None
    assert put(lived_in, ADD, PIN, 2, b"000000").user_index == 2
    refused(Problem.DUPLICATE, lived_in.set_credential, ADD, PIN, 3, b"123456", author=ALPHA)


def test_what_is_not_there_or_is_anothers_is_not_modified(lived_in):
    lived_in.set_user(ADD, 2, author=ALPHA)
    refused(Problem.INVALID, lived_in.set_credential, MODIFY, PIN, 2, b"123456", user_index=1, author=ALPHA)
    refused(Problem.INVALID, lived_in.set_credential, MODIFY, PIN, 1, b"123456", user_index=2, author=ALPHA)
    refused(Problem.INVALID, lived_in.set_credential, MODIFY, PIN, 1, b"123456", author=ALPHA)


def test_somebody_at_the_lock_may_change_everybodys_credentials(lived_in):
    put(lived_in, ADD, PIN, 2, b"222222", AT_THE_LOCK, user_index=1)
    put(lived_in, MODIFY, PIN, 1, b"333333", AT_THE_LOCK, user_index=1)
    assert (lived_in.credential(PIN, 2).creator, lived_in.credential(PIN, 2).modifier) == (None, None)
    assert (lived_in.credential(PIN, 1).creator, lived_in.credential(PIN, 1).modifier) == (1, None)
    refused(Problem.INVALID, lived_in.set_credential, MODIFY, PIN, 2, b"444444", user_index=1, author=ALPHA)


def test_a_user_has_no_more_credentials_than_the_lock_allows(register):
    put(register, ADD, PIN, 1, b"000000")
    for index in range(2, 6):
        put(register, ADD, PIN, index, b"00000%d" % index, user_index=1)
    refusal = refused(Problem.EXHAUSTED, register.set_credential, ADD, PIN, 6, b"000006", user_index=1, author=ALPHA)
    assert refusal.next_index == 7


def test_no_user_is_made_when_all_places_are_taken(register):
    for index in range(1, 11):
        register.set_user(ADD, index, author=ALPHA)
    refused(Problem.OCCUPIED, register.set_credential, ADD, PIN, 1, b"123456", author=ALPHA)
    assert put(register, ADD, PIN, 1, b"123456", user_index=10).user_index is None


def test_the_next_free_place_is_behind_the_one_asked_for(register):
    put(register, ADD, PIN, 2, b"222222")
    put(register, ADD, PIN, 3, b"333333")
    assert put(register, ADD, PIN, 1, b"111111").next_index == 4
    assert put(register, ADD, PIN, 10, b"101010").next_index is None
    assert [register.next_credential(PIN, index) for index in (0, 1, 3, 9, 10)] == [1, 2, 10, 10, None]
    assert register.next_credential(RFID, 0) is None


def test_the_programming_pin_is_one_at_index_0(register):
    assert refused(Problem.INVALID, register.set_credential, ADD, MASTER, 1, b"123456", author=ALPHA).next_index is None
    assert put(register, ADD, MASTER, 0, b"123456") == CredentialSet(
        (
            UserChange(DataKind.USER_INDEX, ADD, ALPHA, 1, 1),
            UserChange(DataKind.PROGRAMMING_CODE, ADD, ALPHA, 1, None),
        ),
        user_index=1,
        next_index=None,
    )
    assert register.user(1).credentials == ((MASTER, 0),)
    refused(Problem.OCCUPIED, register.set_credential, ADD, MASTER, 0, b"654321", author=ALPHA)


@pytest.mark.parametrize("named", [{}, {"type": UserType.PROGRAMMING}, {"user_index": 1}])
def test_the_programming_pin_is_modified_with_or_without_its_user(register, named):
    put(register, ADD, MASTER, 0, b"123456")
    done = put(register, MODIFY, MASTER, 0, b"654321", **named)
    assert done.changes == (UserChange(DataKind.PROGRAMMING_CODE, MODIFY, ALPHA, 1, None),)
    assert register.find(MASTER, b"654321") is not None
    assert register.find(MASTER, b"123456") is None
    refused(Problem.INVALID, register.set_credential, MODIFY, MASTER, 0, b"777777", author=BETA)


def test_the_programming_pin_is_not_cleared_but_goes_with_its_user(register):
    put(register, ADD, MASTER, 0, b"123456")
    for index in (0, 1, ALL_USERS):
        refused(Problem.INVALID, register.clear_credential, MASTER, index, ALPHA)
    assert register.clear_credential(None, 0, ALPHA) == ()
    assert register.credential(MASTER, 0) is not None
    register.clear_user(1, ALPHA)
    assert register.credential(MASTER, 0) is None


def test_a_lock_without_pins_has_no_programming_pin():
    register = empty(Limits(users=1, credentials_per_user=1, kinds=MappingProxyType({RFID: 1})))
    refused(Problem.UNSUPPORTED, register.set_credential, ADD, MASTER, 0, b"123456", author=ALPHA)
    assert not register.supports(MASTER)
    assert list(register.indexes(MASTER)) == []


def test_a_cleared_credential_leaves_its_user_the_others(lived_in):
    assert lived_in.clear_credential(PIN, 1, BETA) == (UserChange(DataKind.PIN, CLEAR, BETA, 1, 1),)
    assert lived_in.user(1).credentials == ((RFID, 1),)
    assert (lived_in.user(1).creator, lived_in.user(1).modifier) == (1, 2)
    assert lived_in.find(PIN, b"000000") is None


def test_a_user_goes_with_the_last_credential(lived_in):
    put(lived_in, ADD, PIN, 2, b"222222", author=BETA)
    lived_in.set_year_day(2, 1, start=1, end=2, author=BETA)
    assert lived_in.clear_credential(PIN, 2, ALPHA) == (
        UserChange(DataKind.PIN, CLEAR, ALPHA, 2, 2),
        UserChange(DataKind.USER_INDEX, CLEAR, ALPHA, 2, 2),
    )
    assert lived_in.user(2) is None
    assert not lived_in.year_days(2)


def test_all_credentials_of_a_kind_go_to_the_last_place(lived_in):
    put(lived_in, ADD, RFID, 2, b"rfid_data_7890", user_index=1)
    put(lived_in, ADD, RFID, 10, b"rfid_data_12345")
    assert lived_in.clear_credential(RFID, ALL_USERS, ALPHA) == (
        UserChange(DataKind.USER_INDEX, CLEAR, ALPHA, 2, 2),
        UserChange(DataKind.RFID, CLEAR, ALPHA, ALL_USERS, ALL_USERS),
    )
    assert lived_in.user(1).credentials == ((PIN, 1),)
    assert lived_in.user(2) is None
    assert lived_in.credential_count(RFID) == 0
    assert lived_in.credential_count(PIN) == 1


def test_all_credentials_of_all_kinds_go_with_their_users_but_nobody_else(lived_in):
    put(lived_in, ADD, FINGER, 6, b"template-6")
    put(lived_in, ADD, ISSUER, 1, key(1))
    lived_in.set_user(ADD, 9, author=ALPHA)
    changes = lived_in.clear_credential(None, ALL_USERS, BETA)
    assert [change.kind for change in changes if change.kind is not DataKind.USER_INDEX] == [
        DataKind.PIN,
        DataKind.RFID,
        DataKind.FINGERPRINT,
        DataKind.ALIRO_CREDENTIAL_ISSUER_KEY,
    ]
    assert [user.index for user in lived_in.users()] == [9]


@pytest.mark.parametrize("index", [0, 11])
def test_no_credential_is_cleared_beyond_the_locks_memory(register, index):
    for kind in (PIN, RFID):
        refused(Problem.INVALID, register.clear_credential, kind, index, ALPHA)


def test_no_credential_is_cleared_of_a_kind_that_the_lock_does_not_know(register):
    refused(Problem.INVALID, register.clear_credential, CredentialKind.FACE, 1, ALPHA)


def test_clearing_an_empty_place_changes_nothing(register):
    assert register.clear_credential(PIN, 1, ALPHA) == ()
    assert register.clear_credential(PIN, ALL_USERS, ALPHA) == ()
    assert register.clear_credential(None, ALL_USERS, ALPHA) == ()


def test_keys_of_phones_can_be_read_and_nothing_else_can(lived_in):
    put(lived_in, ADD, EVICTABLE, 2, key(5), user_index=1)
    assert lived_in.credential_data(EVICTABLE, 2) == key(5)
    assert lived_in.credential_data(EVICTABLE, 1) is None
    assert lived_in.credential_data(PIN, 1) is None


def test_both_kinds_of_endpoint_key_share_one_room():
    kinds = {**LIMITS.kinds, EVICTABLE: 3, LASTING: 3, ISSUER: 1}
    register = empty(replace(LIMITS, kinds=MappingProxyType(kinds)))
    put(register, ADD, LASTING, 1, key(1))
    put(register, ADD, LASTING, 2, key(2))
    put(register, ADD, EVICTABLE, 1, key(3))
    refused(Problem.EXHAUSTED, register.set_credential, ADD, LASTING, 3, key(4), author=ALPHA)
    refused(Problem.EXHAUSTED, register.set_credential, ADD, EVICTABLE, 3, key(4), author=ALPHA)
    refused(Problem.OCCUPIED, register.set_credential, ADD, EVICTABLE, 1, key(4), author=ALPHA)
    put(register, ADD, ISSUER, 1, key(4))
    put(register, MODIFY, LASTING, 1, key(5), user_index=1)


PHONE = Author(Source.ALIRO)


def test_a_phone_that_an_issuer_vouches_for_joins_the_issuers_user(register):
    put(register, ADD, ISSUER, 1, key(1))
    stepped = register.step_up(1, key(2), PHONE)
    assert stepped.changes == (UserChange(DataKind.ALIRO_EVICTABLE_ENDPOINT_KEY, ADD, PHONE, 1, 1),)
    assert register.user(1).credentials == ((ISSUER, 1), (EVICTABLE, 1))
    assert register.credential(EVICTABLE, 1).creator is None
    refused(Problem.DUPLICATE, register.step_up, 1, key(2), PHONE)
    refused(Problem.INVALID, register.step_up, 1, key(3)[1:], PHONE)
    refused(Problem.NOT_FOUND, register.step_up, 2, key(3), PHONE)


def test_a_new_phone_evicts_the_oldest_of_its_user_when_the_user_is_full(register):
    put(register, ADD, ISSUER, 1, key(1))
    for number in range(2, 6):
        register.step_up(1, key(number), PHONE)
    assert len(register.user(1).credentials) == LIMITS.credentials_per_user
    stepped = register.step_up(1, key(6), PHONE)
    assert stepped.changes == (
        UserChange(DataKind.ALIRO_EVICTABLE_ENDPOINT_KEY, CLEAR, PHONE, 1, 1),
        UserChange(DataKind.ALIRO_EVICTABLE_ENDPOINT_KEY, ADD, PHONE, 1, 1),
    )
    assert register.find(EVICTABLE, key(2)) is None
    assert register.find(EVICTABLE, key(6)).index == 1


def test_a_new_phone_evicts_nothing_of_other_users_and_nothing_that_lasts():
    kinds = {**LIMITS.kinds, EVICTABLE: 2, LASTING: 2}
    register = empty(replace(LIMITS, kinds=MappingProxyType(kinds)))
    put(register, ADD, ISSUER, 1, key(1))
    put(register, ADD, LASTING, 1, key(2), user_index=1)
    put(register, ADD, EVICTABLE, 1, key(3))
    refused(Problem.EXHAUSTED, register.step_up, 1, key(4), PHONE)
    register.clear_credential(LASTING, 1, ALPHA)
    assert register.step_up(1, key(4), PHONE).changes[0].data_index == 2
    assert register.step_up(1, key(5), PHONE).changes[0].change is CLEAR
    assert register.find(EVICTABLE, key(3)) is not None


def test_secrets_are_never_printed(lived_in):
    put(lived_in, MODIFY, PIN, 1, b"493817", user_index=1)
    refusal = refused(Problem.DUPLICATE, lived_in.set_credential, ADD, PIN, 2, b"493817", author=ALPHA)
    printed = f"{lived_in!r} {vars(lived_in)!r} {refusal!r} {refusal} {lived_in.take_dirty()!r}"
    assert "493817" not in printed
    assert CARD.decode() not in printed
    assert isinstance(lived_in.credential(PIN, 1).secret, Secret)


def test_a_secret_is_found_whatever_bytes_it_comes_as(lived_in):
    assert lived_in.find(PIN, Secret(b"000000")) is lived_in.find(PIN, b"000000")
    assert lived_in.find(PIN, b"") is None
    assert lived_in.find(PIN, b"0" * 1000) is None


def test_every_aliro_kind_is_known_to_the_sample_lock(register):
    assert all(register.supports(kind) for kind in ALIRO_KINDS)


def test_a_lock_without_users_keeps_codes_by_their_own_index():
    register = empty(Limits(credentials_per_user=2, kinds=MappingProxyType({PIN: 5, RFID: 5})))
    assert register.set_code(PIN, 3, b"1234", status=3, type=1, author=ALPHA) == (
        UserChange(DataKind.PIN, ADD, ALPHA, 3, 3),
    )
    assert register.credential(PIN, 3).user_index == 3
    assert (register.user(3).status, register.user(3).type) == (3, 1)
    assert register.set_code(PIN, 3, b"5678", author=BETA) == (UserChange(DataKind.PIN, MODIFY, BETA, 3, 3),)
    assert (register.user(3).status, register.user(3).type) == (3, 1)
    assert register.find(PIN, b"1234") is None
    register.set_code(RFID, 3, b"card", author=ALPHA)
    assert register.user(3).credentials == ((PIN, 3), (RFID, 3))
    register.set_code_user(3, status=1, author=ALPHA)
    register.set_code_user(3, type=UserType.FORCED, author=ALPHA)
    assert (register.user(3).status, register.user(3).type) == (1, 5)
    register.clear_code(PIN, 3, ALPHA)
    assert register.user(3).credentials == ((RFID, 3),)
    register.clear_code(RFID, ALL_USERS, ALPHA)
    assert register.user(3) is None


def test_a_lock_without_users_refuses_codes_as_it_refuses_credentials():
    register = empty(Limits(kinds=MappingProxyType({PIN: 5}), lengths=MappingProxyType({PIN: (4, 8)})))
    register.set_code(PIN, 1, b"1234", author=ALPHA)
    refused(Problem.UNSUPPORTED, register.set_code, RFID, 1, b"card", author=ALPHA)
    refused(Problem.UNSUPPORTED, register.set_code, MASTER, 0, b"1234", author=ALPHA)
    refused(Problem.INVALID, register.set_code, PIN, 6, b"4321", author=ALPHA)
    refused(Problem.INVALID, register.set_code, PIN, 2, b"1", author=ALPHA)
    refused(Problem.DUPLICATE, register.set_code, PIN, 2, b"1234", author=ALPHA)
    refused(Problem.INVALID, register.set_code, PIN, 2, b"4321", status=0, author=ALPHA)
    refused(Problem.INVALID, register.set_code, PIN, 2, b"4321", type=10, author=ALPHA)
    refused(Problem.INVALID, register.set_code_user, 2, status=1, author=ALPHA)
    refused(Problem.INVALID, register.set_code_user, 1, status=2, author=ALPHA)
    refused(Problem.UNSUPPORTED, register.clear_code, RFID, 1, ALPHA)
    refused(Problem.INVALID, register.clear_code, PIN, 6, ALPHA)
