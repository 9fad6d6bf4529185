"""Programming at the door, done to the register."""

import pytest
from tests.support.panel import secret

from latchwork.doorlock.changes import ALL_USERS, Author, ChangeRefused, DataChange
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Source
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.panel_effects import NewCredential, NewMasterCode, Present, UserRemoval
from latchwork.doorlock.panel_memory import administrators, change_memory, is_administrator, result_of
from latchwork.doorlock.panel_types import Programming
from latchwork.doorlock.register import Register
from latchwork.doorlock.users import UserStatus, UserType

AT_THE_DOOR = Author(Source.KEYPAD)
PIN, FINGER, CARD = CredentialKind.PIN, CredentialKind.FINGERPRINT, CredentialKind.RFID


@pytest.fixture
def register():
    limits = Limits(
        users=3,
        credentials_per_user=2,
        kinds={CredentialKind.PROGRAMMING_PIN: 1, PIN: 3, FINGER: 3, CARD: 1},
        lengths={CredentialKind.PROGRAMMING_PIN: (4, 8), PIN: (4, 8), FINGER: (1, 32), CARD: (4, 10)},
    )
    return Register(limits, key=bytes(32))


def change(register, what):
    return change_memory(register, AT_THE_DOOR, what)[0]


def refused(register, what):
    with pytest.raises(ChangeRefused) as caught:
        change(register, what)
    return result_of(caught.value)


def shown(kind, octets):
    return Present(kind, secret(octets), Source.KEYPAD)


def test_somebody_new_with_a_code(register):
    user = change(register, NewCredential(PIN, secret(b"1234"), None))
    assert register.user(user).credentials == ((PIN, 1),)
    assert register.user(user).creator is None
    assert register.find(PIN, b"1234").user_index == user


def test_a_finger_for_somebody_who_is_there(register):
    user = change(register, NewCredential(PIN, secret(b"1234"), None))
    assert change(register, NewCredential(FINGER, secret(b"thumb"), user)) == user
    assert len(list(register.users())) == 1


def test_what_has_no_room_is_told(register):
    change(register, NewCredential(CARD, secret(b"card1"), None))
    assert refused(register, NewCredential(CARD, secret(b"card2"), None)) is Programming.FULL
    user = change(register, NewCredential(PIN, secret(b"1111"), None))
    change(register, NewCredential(PIN, secret(b"2222"), user))
    assert refused(register, NewCredential(FINGER, secret(b"thumb"), user)) is Programming.FULL
    change(register, NewCredential(PIN, secret(b"3333"), None))
    assert refused(register, NewCredential(FINGER, secret(b"thumb"), None)) is Programming.FULL


def test_two_people_have_no_code_in_common(register):
    change(register, NewCredential(PIN, secret(b"1234"), None))
    assert refused(register, NewCredential(PIN, secret(b"1234"), None)) is Programming.IN_USE


def test_nobody_gets_nothing(register):
    assert refused(register, NewCredential(PIN, secret(b"1234"), 3)) is Programming.NOT_FOUND
    assert refused(register, UserRemoval(3)) is Programming.NOT_FOUND
    assert refused(register, UserRemoval(ALL_USERS)) is Programming.NOT_FOUND
    assert refused(register, NewCredential(PIN, secret(b"1"), None)) is Programming.FAILED


def test_the_first_master_code_makes_an_administrator(register):
    assert administrators(register) == frozenset()
    user = change(register, NewMasterCode(secret(b"24681357")))
    assert register.user(user).type is UserType.PROGRAMMING
    assert administrators(register) == {user}
    assert is_administrator(register, shown(PIN, b"24681357"))
    assert not is_administrator(register, shown(PIN, b"24681358"))
    assert not is_administrator(register, shown(CARD, b"24681357"))


def test_another_master_code_replaces_it(register):
    user = change(register, NewMasterCode(secret(b"24681357")))
    assert change(register, NewMasterCode(secret(b"11223344"))) == user
    assert not is_administrator(register, shown(PIN, b"24681357"))
    assert is_administrator(register, shown(PIN, b"11223344"))


def test_a_programming_user_is_an_administrator_with_every_credential_while_enabled(register):
    user = change(register, NewCredential(FINGER, secret(b"thumb"), None))
    assert not is_administrator(register, shown(FINGER, b"thumb"))
    register.set_user(DataChange.MODIFY, user, type=UserType.PROGRAMMING, author=AT_THE_DOOR)
    assert is_administrator(register, shown(FINGER, b"thumb"))
    register.set_user(DataChange.MODIFY, user, status=UserStatus.OCCUPIED_DISABLED, author=AT_THE_DOOR)
    assert not is_administrator(register, shown(FINGER, b"thumb"))
    assert administrators(register) == frozenset()


def test_the_only_administrator_stays_and_one_of_two_may_go(register):
    first = change(register, NewMasterCode(secret(b"24681357")))
    assert refused(register, UserRemoval(first)) is Programming.LAST_ADMIN
    second = change(register, NewCredential(FINGER, secret(b"thumb"), None))
    register.set_user(DataChange.MODIFY, second, type=UserType.PROGRAMMING, author=AT_THE_DOOR)
    assert change(register, UserRemoval(first)) == first
    assert administrators(register) == {second}
    assert not is_administrator(register, shown(PIN, b"24681357"))
