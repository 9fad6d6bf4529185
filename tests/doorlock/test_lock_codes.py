"""Wrong codes: what is counted, when the lock goes deaf, to whom, and when it hears again."""

import pytest
from tests.support.lock import CARD, FINGER, PHONE, PIN, WRONG, Home
from tests.support.register import empty

from latchwork.doorlock.bolt import BoltPosition, Wish
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import BY_HAND, Actor, Alarm, EntryOutcome, LockOperation, Operation, Reason, Source
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.settings import OperatingMode
from latchwork.doorlock.users import CredentialRule, UserStatus, UserType

KIND = CredentialKind
WRONG_CODE, LOCKED_OUT = EntryOutcome.WRONG_CODE, EntryOutcome.LOCKED_OUT


def locked_out(**settings):
    home = Home(wrong_code_limit=3, lockout_s=60, **settings).ana()
    assert [home.show(WRONG) for _ in range(3)] == [WRONG_CODE, WRONG_CODE, LOCKED_OUT]
    return home


def test_so_many_wrong_codes_make_the_lock_deaf_and_the_owner_hears_of_it():
    home = locked_out()
    assert home.alarms == [Alarm.WRONG_CODE_ENTRY_LIMIT]
    assert home.show(PIN) is home.show(CARD, KIND.RFID) is home.show(FINGER, KIND.FINGERPRINT) is LOCKED_OUT
    assert not home.is_open
    assert len(home.failed) == 3, "a deaf lock says nothing of what it does not hear"


def test_a_deaf_lock_hears_again_after_its_time():
    home = locked_out()
    home.wait(59)
    assert home.show(PIN) is LOCKED_OUT
    home.wait(1)
    assert home.show(PIN) is EntryOutcome.OPENED


def test_what_is_shown_to_a_deaf_lock_does_not_prolong_it():
    home = locked_out()
    for _ in range(6):
        home.wait(10)
        outcome = home.show(WRONG)
    assert outcome is WRONG_CODE
    assert home.lock.entry.wrong_codes == 1


def test_a_deaf_lock_ignores_wishes_from_afar():
    home = locked_out()
    proprietary = Actor(Source.PROPRIETARY_REMOTE)
    assert home.command() is home.command(pin=PIN) is home.command(actor=proprietary) is Reason.LOCKED_OUT
    assert home.command(Wish.LOCK) is Reason.LOCKED_OUT
    assert len(home.failed) == 3
    home.wait(60)
    assert home.command() is None


def test_a_deaf_lock_obeys_hands_and_whoever_is_inside():
    home = locked_out(one_touch_locking=True)
    home.turn(BoltPosition.UNLOCKED)
    home.touch()
    assert [event.operation for event in home.done] == [Operation.UNLOCK, Operation.LOCK]
    assert home.done[0] == LockOperation(Operation.UNLOCK, BY_HAND)


def test_wrong_pins_from_afar_count_together_with_those_at_the_door():
    home = Home(wrong_code_limit=3).ana()
    assert home.command(pin=WRONG) is home.command(pin=b"888888") is Reason.PIN_UNKNOWN
    assert home.show(WRONG) is LOCKED_OUT
    assert home.alarms == [Alarm.WRONG_CODE_ENTRY_LIMIT]


def test_a_wanted_pin_that_does_not_come_counts():
    home = Home(wrong_code_limit=2, needs_pin_for_remote=True).ana()
    assert home.command() is home.command() is Reason.PIN_REQUIRED
    assert home.command(pin=PIN) is Reason.LOCKED_OUT


def test_a_pin_for_a_lock_that_knows_no_pins_is_refused_and_not_counted():
    home = Home(wrong_code_limit=1, register=empty(Limits()))
    assert home.command(pin=PIN) is home.command(pin=PIN) is Reason.PIN_UNKNOWN
    assert home.alarms == []


def test_unknown_cards_and_fingers_count():
    home = Home(wrong_code_limit=2).ana()
    assert home.show(b"strange-card", KIND.RFID) is WRONG_CODE
    assert home.show(b"", KIND.FINGERPRINT) is LOCKED_OUT


@pytest.mark.parametrize("lets_in", [lambda home: home.show(PIN), lambda home: home.command(pin=PIN)])
def test_being_let_in_forgives(lets_in):
    home = Home(wrong_code_limit=3).ana()
    for _ in range(4):
        home.show(WRONG)
        home.show(WRONG)
        lets_in(home)
        assert home.is_open
        home.lock_again()
    assert home.alarms == []


def test_a_wish_without_a_pin_forgives_nothing():
    home = Home(wrong_code_limit=3).ana()
    home.show(WRONG)
    home.command()
    assert home.lock.entry.wrong_codes == 1


def test_half_of_two_credentials_forgives_nothing():
    home = Home(wrong_code_limit=3).ana(rule=CredentialRule.DUAL)
    for outcome in (WRONG_CODE, WRONG_CODE, LOCKED_OUT):
        assert home.show(CARD, KIND.RFID) is EntryOutcome.SHOW_ANOTHER
        assert home.show(WRONG) is outcome


@pytest.mark.parametrize(
    "user",
    [
        {"status": UserStatus.OCCUPIED_DISABLED},
        {"user_type": UserType.WEEK_DAY_SCHEDULE},
        {"user_type": UserType.NON_ACCESS},
    ],
)
def test_a_known_code_that_is_refused_neither_counts_nor_forgives(user):
    home = Home(wrong_code_limit=2).ana(**user)
    home.show(WRONG)
    assert home.show(PIN) is WRONG_CODE
    assert home.lock.entry.wrong_codes == 1


def test_a_lock_without_a_limit_never_goes_deaf():
    home = Home(wrong_code_limit=0).ana()
    for _ in range(100):
        assert home.show(WRONG) is WRONG_CODE


def test_a_silenced_keypad_counts_nothing():
    home = Home(wrong_code_limit=1, mode=OperatingMode.PRIVACY).ana()
    assert home.show(WRONG) is EntryOutcome.REFUSED
    assert home.alarms == []


def test_a_lockout_ends_a_set_that_was_begun():
    home = Home(wrong_code_limit=1).ana(rule=CredentialRule.DUAL)
    home.show(CARD, KIND.RFID)
    assert home.command(pin=WRONG) is Reason.PIN_UNKNOWN
    assert home.lock.entry.shown == ()
    assert [failed.reason for failed in home.failed] == [Reason.PIN_UNKNOWN, Reason.MORE_NEEDED]


def test_taking_the_batteries_out_does_not_make_a_deaf_lock_hear():
    home = locked_out()
    home.wait(50)
    again = home.restart()
    assert again.show(PIN) is LOCKED_OUT
    again.wait(60)
    assert again.show(PIN) is EntryOutcome.OPENED


def test_taking_the_batteries_out_forgives_nothing():
    home = Home(wrong_code_limit=3).ana()
    home.show(WRONG)
    home.show(WRONG)
    assert home.restart().show(WRONG) is LOCKED_OUT


def test_a_strangers_answer_is_the_same_from_every_fabric():
    home = Home().ana()
    other = Actor(Source.REMOTE, 2, 0xB)
    assert home.command(pin=WRONG, actor=other) is home.command(pin=WRONG, actor=PHONE)
