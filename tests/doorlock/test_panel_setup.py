"""Setup mode: the menu, and what an administrator programs at the door."""

import pytest
from tests.support.panel import CODE, Front, secret

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.panel_effects import (
    Adjust,
    FactoryReset,
    NewCredential,
    NewMasterCode,
    OpenWindow,
    Present,
    Program,
    Restart,
    StartEnrolment,
    StopEnrolment,
    UserRemoval,
    Volume,
)
from latchwork.doorlock.panel_menu import STANDARD_MENU, MenuOption
from latchwork.doorlock.panel_state import LocalProgramming, PanelFacts
from latchwork.doorlock.panel_types import CardSeen, Enrolled, EnrolmentFailed, FingerSeen, Programmed, Programming
from latchwork.doorlock.prompts import Prompt

ADD, DELETE, MASTER_CODE, PAIRING, VOLUME, LANGUAGE, RESTART, RESET = "12345678"
NEW_CODE = "909090"


@pytest.fixture
def front():
    made = Front(languages=("en", "de"))
    made.enter_setup()
    return made


def changes(front):
    return [effect.change for effect in front.asked(Program)]


def test_pairing_is_option_4(front):
    assert STANDARD_MENU.index(MenuOption.PAIRING) + 1 == 4
    front.keys(PAIRING)
    assert front.asked(OpenWindow) == [OpenWindow(600)] * 2
    assert front.state.pairing_until == front.now + 600
    assert front.last_said is Prompt.PAIRING_OPEN


def test_the_menu_is_read_again_on_hash_and_left_with_star(front):
    front.keys("#")
    assert front.last_said is Prompt.SETUP_MENU
    front.keys("9")
    assert front.last_said is Prompt.SETUP_NO_SUCH_OPTION
    front.keys("*")
    assert front.last_said is Prompt.SETUP_ENDED
    assert not front.state.is_in_setup


def test_setup_ends_after_a_minute_without_a_key(front):
    front.keys(ADD)
    front.wait(59)
    assert front.state.is_in_setup
    front.wait(2)
    assert not front.state.is_in_setup
    assert front.last_said is Prompt.SETUP_ENDED


def test_a_new_user_with_a_code(front):
    front.keys(ADD + "#" + "1" + NEW_CODE + "#" + NEW_CODE + "#")
    assert changes(front) == [NewCredential(CredentialKind.PIN, secret(NEW_CODE.encode()), None)]
    assert front.last_said is Prompt.USER_ENROLLED
    assert front.asked(Present) == []


def test_a_code_for_somebody_the_app_has_made(front):
    front.keys(ADD + "5#" + "1" + NEW_CODE + "#" + NEW_CODE + "#")
    assert changes(front)[0].user_index == 5


def test_a_code_is_given_twice_and_must_be_the_same(front):
    front.keys(ADD + "#1" + NEW_CODE + "#" + "111111#")
    assert front.last_said is Prompt.CODE_DIFFERENT
    front.keys(NEW_CODE + "#" + NEW_CODE + "#")
    assert len(changes(front)) == 1


@pytest.mark.parametrize("code", ["", "123", "123456789"])
def test_a_code_has_as_many_digits_as_the_model_takes(front, code):
    front.keys(ADD + "#1" + code + "#")
    assert front.last_said is Prompt.CODE_LENGTH
    assert changes(front) == []


def test_a_new_finger(front):
    front.keys(ADD + "#2")
    assert front.asked(StartEnrolment) == [StartEnrolment()]
    front.feed(FingerSeen(None))
    assert front.asked(Present) == []
    front.feed(Enrolled(secret(b"left thumb")))
    assert changes(front) == [NewCredential(CredentialKind.FINGERPRINT, secret(b"left thumb"), None)]


def test_a_finger_that_is_not_read_well_changes_nothing(front):
    front.keys(ADD + "#2")
    front.feed(EnrolmentFailed())
    assert front.last_said is Prompt.FINGER_FAILED
    assert changes(front) == []
    assert front.state.is_in_setup


@pytest.mark.parametrize("how", ["back", "time", "reset"])
def test_a_finger_that_is_not_wanted_any_more_is_not_taken(front, how):
    front.keys(ADD + "#2")
    if how == "back":
        front.keys("*")
    elif how == "time":
        front.wait(61)
    else:
        front.press_reset(10)
    assert front.asked(StopEnrolment) == [StopEnrolment()]
    front.feed(Enrolled(secret(b"too late")))
    assert changes(front) == []


def test_a_new_card(front):
    front.keys(ADD + "3#3")
    front.feed(CardSeen(secret(b"\1\2\3\4")))
    assert changes(front) == [NewCredential(CredentialKind.RFID, secret(b"\1\2\3\4"), 3)]
    assert front.asked(Present) == []


def test_only_what_the_lock_has_parts_for_is_offered(front):
    front.facts = PanelFacts(has_admin=True, kinds=frozenset({CredentialKind.RFID}))
    front.keys(ADD + "#" + "1")
    front.feed(CardSeen(secret(b"card")))
    assert changes(front)[0].kind is CredentialKind.RFID
    front.facts = PanelFacts(has_admin=True, kinds=frozenset())
    front.keys(ADD + "#")
    assert front.last_said is Prompt.SETUP_NOT_POSSIBLE


def test_deleting_a_user_asks_again(front):
    front.keys(DELETE + "12#")
    assert front.last_said is Prompt.USER_CONFIRM_REMOVAL
    front.keys("*")
    assert changes(front) == []
    front.keys(DELETE + "12#" + "#")
    assert changes(front) == [UserRemoval(12)]
    assert front.last_said is Prompt.USER_REMOVED


def test_deleting_nobody_is_not_deleting_somebody(front):
    front.keys(DELETE + "##")
    assert changes(front) == []


def test_another_master_code(front):
    front.keys(MASTER_CODE + NEW_CODE + "#" + NEW_CODE + "#")
    assert changes(front) == [NewMasterCode(secret(NEW_CODE.encode()))]
    assert front.last_said is Prompt.CODE_MASTER_CHANGED


@pytest.mark.parametrize(
    ("result", "prompt"),
    [
        (Programming.IN_USE, Prompt.MEMORY_IN_USE),
        (Programming.FULL, Prompt.MEMORY_FULL),
        (Programming.NOT_FOUND, Prompt.USER_UNKNOWN),
        (Programming.LAST_ADMIN, Prompt.USER_LAST_ADMIN),
        (Programming.FAILED, Prompt.MEMORY_FAILED),
    ],
)
def test_what_the_memory_refuses_is_told(front, result, prompt):
    front.result = Programmed(result, 12)
    front.keys(DELETE + "12##")
    assert front.last_said is prompt
    assert front.state.is_in_setup


@pytest.mark.parametrize(("key", "volume"), list(zip("1234", Volume, strict=True)))
def test_volume(front, key, volume):
    front.keys(VOLUME + key)
    assert front.asked(Adjust) == [Adjust(volume=volume)]


def test_language(front):
    front.keys(LANGUAGE + "3" + "2")
    assert front.asked(Adjust) == [Adjust(language="de")]


def test_a_restart_loses_nothing(front):
    front.keys(RESTART)
    assert front.asked(Restart) == [Restart()]
    assert front.asked(FactoryReset) == []


def test_a_factory_reset_from_the_menu_asks_again(front):
    front.keys(RESET + "*")
    assert front.asked(FactoryReset) == []
    front.keys(RESET + "#")
    assert front.asked(FactoryReset) == [FactoryReset()]
    assert front.last_said is Prompt.RESET_DONE


def test_a_code_that_begins_with_the_resets_number_resets_nothing(front):
    front.keys(RESET + "1234#")
    assert front.asked(FactoryReset) == []


# what the owner allows


@pytest.mark.parametrize("option", [ADD, DELETE, MASTER_CODE, VOLUME, LANGUAGE])
def test_an_owner_who_switched_programming_off_is_obeyed(front, option):
    front.facts = PanelFacts(has_admin=True, can_program=False)
    front.keys(option)
    assert front.last_said is Prompt.SETUP_NOT_ALLOWED


@pytest.mark.parametrize("option", [PAIRING, RESTART])
def test_pairing_and_restarting_are_no_programming(front, option):
    front.facts = PanelFacts(has_admin=True, can_program=False)
    front.keys(option)
    assert front.last_said is not Prompt.SETUP_NOT_ALLOWED


@pytest.mark.parametrize(
    ("allowed", "options"),
    [
        (LocalProgramming.ADD, ADD),
        (LocalProgramming.MODIFY, ADD + MASTER_CODE),
        (LocalProgramming.CLEAR, DELETE),
        (LocalProgramming.ADJUST_SETTINGS, VOLUME + LANGUAGE),
    ],
)
def test_each_part_of_programming_is_allowed_by_itself(front, allowed, options):
    front.facts = PanelFacts(has_admin=True, programming=allowed)
    for option in ADD + DELETE + MASTER_CODE + VOLUME + LANGUAGE:
        front.keys(option)
        assert (front.last_said is not Prompt.SETUP_NOT_ALLOWED) is (option in options)
        front.keys("#" if front.last_said is Prompt.SETUP_NOT_ALLOWED else "*")


def test_who_may_only_add_adds_no_credential_to_somebody_else(front):
    front.facts = PanelFacts(has_admin=True, programming=LocalProgramming.ADD)
    front.keys(ADD + "5#")
    assert front.last_said is Prompt.SETUP_NOT_ALLOWED
    front.facts = PanelFacts(has_admin=True, programming=LocalProgramming.MODIFY)
    front.keys(ADD + "#")
    assert front.last_said is Prompt.SETUP_NOT_ALLOWED


def test_a_model_without_a_menu_offers_nothing():
    front = Front(menu=())
    front.enter_setup()
    front.keys("1")
    assert front.last_said is Prompt.SETUP_NO_SUCH_OPTION


# people come home while somebody is at the menu


def test_a_known_finger_opens_the_door_during_setup(front):
    front.feed(FingerSeen(secret(CODE)))
    assert front.was_opened_by == [CODE]
    assert front.state.is_in_setup
