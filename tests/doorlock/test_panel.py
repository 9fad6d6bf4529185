"""The front panel: Set, Reset, keypad, finger and card."""

import pytest
from tests.support.panel import CODE, FINGER, MASTER, Front, secret

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import EntryOutcome, Source
from latchwork.doorlock.panel import panel_deadline
from latchwork.doorlock.panel_effects import (
    FactoryReset,
    LockUp,
    OpenWindow,
    Present,
    Restart,
    Say,
    TellOfPlate,
    Verify,
    Withdraw,
)
from latchwork.doorlock.panel_scenarios import SCENARIOS, Scenario, scenario
from latchwork.doorlock.panel_state import PanelFacts, Verifying
from latchwork.doorlock.panel_types import (
    Answered,
    BatteryAt,
    CardSeen,
    FingerSeen,
    KeyPressed,
    PadTouched,
    PlateTaken,
    PrivacyPushed,
    ResetPressed,
    ResetReleased,
    SetPressed,
)
from latchwork.doorlock.prompts import Prompt

SITUATIONS = {
    Scenario.FACTORY: PanelFacts(),
    Scenario.HAS_ADMIN: PanelFacts(is_in_vendor_app=True, has_admin=True),
    Scenario.MATTER_ONLY: PanelFacts(is_commissioned=True),
    Scenario.PHONE_CONNECTED: PanelFacts(is_in_vendor_app=True, has_admin=True, is_phone_connected=True),
}


# the Set button


@pytest.mark.parametrize("which", Scenario)
def test_set_opens_pairing_for_ten_minutes_in_every_situation(which):
    front = Front(SITUATIONS[which])
    assert scenario(front.facts) is which
    assert front.feed(SetPressed())[0] == OpenWindow(600)
    assert front.state.pairing_until == 600
    assert front.said[0] is SCENARIOS[which].prompt


@pytest.mark.parametrize(
    ("which", "prompt", "is_in_setup", "asks"),
    [
        (Scenario.FACTORY, Prompt.SET_FACTORY, False, False),
        (Scenario.HAS_ADMIN, Prompt.SET_VERIFY, False, True),
        (Scenario.MATTER_ONLY, Prompt.SETUP_MENU, True, False),
        (Scenario.PHONE_CONNECTED, Prompt.SET_PHONE_CONNECTED, False, False),
    ],
)
def test_what_set_says_and_where_it_leads(which, prompt, is_in_setup, asks):
    front = Front(SITUATIONS[which])
    front.press_set()
    assert front.last_said is prompt
    assert front.state.is_in_setup is is_in_setup
    assert isinstance(front.state.task, Verifying) is asks


def test_set_again_begins_the_ten_minutes_again():
    front = Front()
    front.press_set()
    front.wait(300)
    pressed = front.now
    front.press_set()
    assert front.state.pairing_until == pressed + 600
    assert front.asked(OpenWindow) == [OpenWindow(600)] * 2


def test_set_in_setup_mode_opens_pairing_and_leaves_setup_as_it_is():
    front = Front()
    front.enter_setup()
    front.keys("3")
    task = front.state.task
    front.press_set()
    assert front.state.task == task
    assert front.last_said is Prompt.PAIRING_OPEN


def test_a_connected_phone_ends_a_verification_that_was_asked_for():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN])
    front.press_set()
    front.facts = SITUATIONS[Scenario.PHONE_CONNECTED]
    front.press_set()
    assert front.state.task is None


# the administrator


def test_setup_comes_after_the_administrators_code():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN])
    front.press_set()
    front.keys(MASTER + b"#")
    assert front.state.is_in_setup
    assert front.asked(Present) == []


def test_setup_comes_after_the_administrators_finger():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN])
    front.admins.add(FINGER)
    front.press_set()
    front.feed(FingerSeen(secret(FINGER)))
    assert front.state.is_in_setup


def test_a_stranger_gets_no_setup_and_each_wrong_code_is_shown_to_the_lock():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN])
    front.press_set()
    for attempt in (b"0000#", b"1111#", b"2222#"):
        front.keys(attempt)
        assert front.last_said is Prompt.NOT_ADMIN
    assert not front.state.is_in_setup
    assert len(front.asked(Present)) == 3
    assert not front.was_opened_by


def test_an_ordinary_user_who_comes_home_while_an_administrator_is_asked_for_is_let_in():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN])
    front.press_set()
    front.keys(CODE + b"#")
    assert front.was_opened_by == [CODE]
    assert front.last_said is Prompt.OPENED
    assert not front.state.is_in_setup


def test_nobody_waits_for_an_administrator_for_ever():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN])
    front.press_set()
    front.keys(b"1")
    front.wait(31)
    assert front.state.task is None
    front.keys(MASTER + b"#")
    assert not front.state.is_in_setup
    assert front.asked(Verify) == []


def test_star_ends_the_question_for_an_administrator():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN])
    front.press_set()
    front.keys("12*")
    assert front.state.task is not None
    front.keys("*")
    assert front.state.task is None


# the keypad


def test_a_code_is_shown_whole_after_hash():
    front = Front()
    front.keys(CODE)
    assert front.asked(Present) == []
    front.keys("#")
    assert front.asked(Present) == [Present(CredentialKind.PIN, secret(CODE), Source.KEYPAD)]
    assert front.last_said is Prompt.OPENED


def test_star_takes_digits_back():
    front = Front()
    front.keys(b"99*" + CODE + b"#")
    assert front.was_opened_by == [CODE]


def test_digits_are_forgotten_after_a_pause():
    front = Front()
    front.keys(CODE)
    front.wait(10)
    front.keys("#")
    assert front.asked(Present) == []


def test_hash_alone_says_nothing():
    front = Front()
    front.keys("#*#")
    assert front.effects == []


def test_a_code_too_long_for_any_lock_is_never_right():
    front = Front()
    front.keys("1" * 40 + "#")
    assert len(front.asked(Present)) == 1
    assert not front.state.digits
    assert "11" not in repr(front.asked(Present))


def test_fingers_and_cards_are_shown_to_the_lock():
    front = Front()
    front.feed(FingerSeen(secret(FINGER)))
    front.feed(FingerSeen(None))
    front.feed(CardSeen(secret(b"card")))
    assert front.asked(Present) == [
        Present(CredentialKind.FINGERPRINT, secret(FINGER), Source.BIOMETRIC),
        Present(CredentialKind.FINGERPRINT, secret(b""), Source.BIOMETRIC),
        Present(CredentialKind.RFID, secret(b"card"), Source.RFID),
    ]


@pytest.mark.parametrize("outcome", EntryOutcome)
def test_every_outcome_has_something_to_say(outcome):
    front = Front()
    assert isinstance(front.feed(Answered(outcome))[0], Say)


def test_neither_digits_nor_keys_are_in_what_is_logged_of_the_panel():
    front = Front()
    front.keys(b"864213")
    assert "864213" not in repr(front.state)
    assert "8" not in repr(KeyPressed("8"))


# the other parts


def test_touch_privacy_and_plate_ask_for_what_they_say():
    front = Front()
    assert front.feed(PadTouched()) == [LockUp()]
    assert front.feed(PrivacyPushed()) == [Withdraw()]
    assert front.feed(PlateTaken()) == [TellOfPlate(), Say(Prompt.PLATE_TAKEN)]


def test_a_low_battery_is_told_once_and_then_with_each_opening():
    front = Front()
    assert front.feed(BatteryAt(80)) == []
    assert front.feed(BatteryAt(19.6)) == [Say(Prompt.BATTERY_LOW, {"percent": "20"})]
    assert front.feed(BatteryAt(15)) == []
    front.keys(CODE + b"#")
    assert front.last_said is Prompt.OPENED_BATTERY_LOW
    front.feed(BatteryAt(100))
    front.keys(CODE + b"#")
    assert front.last_said is Prompt.OPENED


# resets


@pytest.mark.parametrize("hold", [5.0, 10.0, 11.0])
def test_reset_counts_when_it_was_held_long_enough_and_while_it_is_still_held(hold):
    front = Front(reset_hold_s=hold)
    front.press_reset(hold - 0.01)
    assert front.effects == []
    front.press_reset(hold)
    assert front.asked(FactoryReset) == [FactoryReset()]
    assert front.last_said is Prompt.RESET_DONE


def test_holding_on_after_a_reset_resets_once():
    front = Front(reset_hold_s=5)
    front.press_reset(60)
    assert front.asked(FactoryReset) == [FactoryReset()]


def test_a_late_timer_does_not_lose_a_reset():
    front = Front(reset_hold_s=5)
    front.feed(ResetPressed())
    front.now = 7
    front.feed(ResetReleased())
    assert front.asked(FactoryReset) == [FactoryReset()]


def test_a_short_press_restarts_where_the_model_says_so():
    front = Front(short_press_restarts=True)
    front.press_reset(0.5)
    assert front.asked(Restart) == [Restart()]
    front.press_reset(5)
    assert front.asked(Restart) == [Restart()]
    assert front.asked(FactoryReset) == []


def test_a_model_that_wants_an_administrator_for_a_reset_gets_one():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN], reset_needs_admin=True)
    front.press_reset(10)
    assert front.last_said is Prompt.VERIFY_FOR_RESET
    front.keys(b"0000#")
    assert front.asked(FactoryReset) == []
    front.keys(MASTER + b"#")
    assert front.asked(FactoryReset) == [FactoryReset()]


def test_nobody_is_asked_for_a_reset_where_there_is_nobody_to_ask():
    front = Front(reset_needs_admin=True)
    front.press_reset(10)
    assert front.asked(FactoryReset) == [FactoryReset()]


def test_the_settings_key_resets_in_administrator_mode_only():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN], set_hold_resets=True)
    front.press_set(hold=12)
    assert front.asked(FactoryReset) == []
    front.keys(MASTER + b"#")
    front.press_set(hold=9.9)
    assert front.asked(FactoryReset) == []
    front.press_set(hold=10)
    assert front.asked(FactoryReset) == [FactoryReset()]
    assert not front.state.is_in_setup


def test_a_settings_key_held_since_before_the_administrator_came_does_not_count():
    front = Front(SITUATIONS[Scenario.HAS_ADMIN], set_hold_resets=True)
    front.feed(SetPressed())
    front.wait(15)
    front.keys(MASTER + b"#")
    front.wait(20)
    assert front.asked(FactoryReset) == []


def test_after_a_reset_the_panel_remembers_nothing():
    front = Front(reset_hold_s=5)
    front.enter_setup()
    front.press_reset(5)
    assert front.state.task is None
    assert front.state.pairing_until is None
    assert panel_deadline(front.state) is None
