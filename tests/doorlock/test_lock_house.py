"""The house around the bolt: touch and privacy, holidays, doors left open, restarts and everything that is due."""

import pytest
from tests.support.lock import MIDNIGHT_UTC, PIN, WRONG, ZONE_S, Home
from tests.support.register import AT_THE_LOCK, empty

from latchwork.doorlock.bolt import BoltPosition, DoorPosition, Wish
from latchwork.doorlock.events import (
    BY_ITSELF,
    BY_NOBODY_KNOWN,
    Actor,
    Alarm,
    Answer,
    Emit,
    EntryOutcome,
    LockOperation,
    Operation,
    Reason,
    Source,
)
from latchwork.doorlock.holidays import JUMP_GRID_S, LONGEST_JUMP_S
from latchwork.doorlock.inputs import BoltJammed, TimePassed
from latchwork.doorlock.lock import Lock, LockMemory
from latchwork.doorlock.settings import OperatingMode, Settings
from latchwork.doorlock.users import CredentialRule, UserType

UNLOCKED, LOCKED = BoltPosition.UNLOCKED, BoltPosition.LOCKED
NORMAL, VACATION, PRIVACY, PASSAGE = (
    OperatingMode.NORMAL,
    OperatingMode.VACATION,
    OperatingMode.PRIVACY,
    OperatingMode.PASSAGE,
)
LOCAL = MIDNIGHT_UTC + ZONE_S
HOUR = 3600


def holiday(home, start, end, mode, index=1):
    """A holiday from and to so many seconds after the beginning."""
    home.register.set_holiday(index, start=LOCAL + start, end=LOCAL + end, mode=mode, author=AT_THE_LOCK)


# touch and privacy


def test_one_touch_locks_and_says_which_way():
    home = Home(UNLOCKED, one_touch_locking=True)
    assert Answer(EntryOutcome.LOCKED) in home.touch()
    assert home.done == [LockOperation(Operation.LOCK, Actor(Source.BUTTON))]


def test_a_touch_does_nothing_where_it_is_not_wanted():
    home = Home(UNLOCKED)
    assert home.touch() == []


def test_a_touch_that_cannot_lock_is_told_so():
    home = Home(UNLOCKED, DoorPosition.OPEN, one_touch_locking=True, locks_open_door=False)
    assert home.touch()[0] == Answer(EntryOutcome.REFUSED)
    assert home.failed[0].reason is Reason.DOOR_NOT_CLOSED
    assert home.is_open


def test_a_touch_never_opens_but_in_passage_mode():
    home = Home(one_touch_locking=True)
    home.touch()
    assert not home.is_open
    home.choose(mode=PASSAGE)
    home.touch()
    assert home.is_open
    home.touch()
    assert not home.is_open


def test_the_privacy_button_enters_and_leaves_privacy():
    home = Home(privacy_button=True).ana()
    home.press_privacy()
    assert home.mode is PRIVACY
    assert home.show(PIN) is EntryOutcome.REFUSED
    home.press_privacy()
    assert home.mode is NORMAL


def test_there_is_no_privacy_behind_an_open_bolt():
    home = Home(UNLOCKED, privacy_button=True)
    assert home.press_privacy() == [Answer(EntryOutcome.REFUSED)]
    assert home.mode is NORMAL


def test_a_privacy_button_that_is_switched_off_does_nothing():
    home = Home()
    assert home.press_privacy() == []


def test_a_hand_ends_privacy():
    home = Home(privacy_button=True)
    home.press_privacy()
    home.turn(UNLOCKED)
    assert home.mode is NORMAL


# holidays


def test_a_holiday_has_its_mode_and_then_comes_the_one_before():
    home = Home(mode=OperatingMode.NO_REMOTE_LOCK_UNLOCK)
    holiday(home, HOUR, 2 * HOUR, VACATION)
    home.wait(HOUR - 1)
    assert home.mode is OperatingMode.NO_REMOTE_LOCK_UNLOCK
    home.wait(1)
    assert home.mode is VACATION
    home.wait(HOUR)
    assert home.mode is OperatingMode.NO_REMOTE_LOCK_UNLOCK


def test_a_holiday_that_is_set_while_it_is_on_begins_at_once():
    home = Home()
    holiday(home, -HOUR, HOUR, VACATION)
    assert home.lock.next_deadline(home.now, home.moment) == home.now
    home.wait(0)
    assert home.mode is VACATION


def test_a_holiday_that_is_cleared_while_it_is_on_ends_at_once():
    home = Home()
    holiday(home, -HOUR, HOUR, VACATION)
    home.wait(0)
    home.register.clear_holiday(1, AT_THE_LOCK)
    home.wait(0)
    assert home.mode is NORMAL


def test_a_holiday_that_gets_another_mode_while_it_is_on_has_it_at_once():
    home = Home()
    holiday(home, -HOUR, HOUR, VACATION)
    home.wait(0)
    holiday(home, -HOUR, HOUR, PASSAGE)
    home.wait(0)
    assert home.mode is PASSAGE
    home.wait(HOUR)
    assert home.mode is NORMAL


def test_a_credential_meets_the_holiday_even_when_nobody_kept_the_appointment():
    home = Home().ana()
    holiday(home, HOUR, 2 * HOUR, PRIVACY)
    home.now += HOUR
    assert home.show(PIN) is EntryOutcome.REFUSED


def test_one_holiday_follows_another_and_the_first_mode_comes_back():
    home = Home()
    holiday(home, 0, HOUR, VACATION)
    holiday(home, HOUR, 2 * HOUR, PASSAGE, index=2)
    modes = []
    for _ in range(3):
        home.wait(0)
        modes.append(home.mode)
        home.wait(HOUR)
    assert modes == [VACATION, PASSAGE, NORMAL]


def test_of_two_holidays_the_first_counts():
    home = Home()
    holiday(home, 0, 2 * HOUR, VACATION, index=2)
    holiday(home, HOUR, 3 * HOUR, PASSAGE, index=1)
    home.wait(0)
    assert home.mode is VACATION
    home.wait(HOUR)
    assert home.mode is PASSAGE


def test_what_the_owner_chooses_in_a_holiday_stays_after_it():
    home = Home()
    holiday(home, 0, HOUR, VACATION)
    home.wait(0)
    home.choose(mode=PASSAGE)
    home.wait(2 * HOUR)
    assert home.mode is PASSAGE


def test_privacy_that_is_pressed_in_a_holiday_gives_way_to_the_holiday():
    home = Home(privacy_button=True)
    holiday(home, 0, HOUR, VACATION)
    home.press_privacy()
    assert home.mode is PRIVACY
    home.press_privacy()
    assert home.mode is VACATION
    home.wait(HOUR)
    assert home.mode is NORMAL


def test_a_private_holiday_begins_when_the_door_is_locked():
    home = Home(UNLOCKED)
    holiday(home, 0, HOUR, PRIVACY)
    home.wait(10)
    assert home.mode is NORMAL
    home.lock_again()
    home.wait(0)
    assert home.mode is PRIVACY
    home.turn(UNLOCKED)
    home.lock_again()
    home.wait(10)
    assert home.mode is NORMAL, "whoever has left by hand is not shut out by the same holiday"


def test_no_privacy_comes_back_behind_a_door_that_a_hand_has_opened():
    home = Home(mode=PRIVACY)
    holiday(home, 0, HOUR, VACATION)
    home.wait(0)
    home.turn(UNLOCKED)
    home.lock_again()
    home.wait(HOUR)
    assert home.mode is NORMAL


def test_no_privacy_comes_back_behind_an_open_bolt():
    home = Home(mode=PRIVACY)
    holiday(home, 0, HOUR, VACATION)
    home.wait(0)
    home.command()
    assert home.is_open
    home.wait(HOUR)
    assert home.mode is NORMAL


def test_a_lock_without_a_clock_keeps_no_holidays():
    home = Home()
    holiday(home, 0, HOUR, VACATION)
    home.is_clock_known = False
    home.tell(TimePassed())
    assert home.mode is NORMAL
    assert home.lock.next_deadline(home.now, None) is None


def test_passage_in_a_holiday_stops_relocking_and_its_end_starts_it_again():
    home = Home(auto_relock_s=10)
    holiday(home, HOUR, 2 * HOUR, PASSAGE)
    home.wait(HOUR - 5)
    home.command()
    home.wait(HOUR)
    assert home.is_open
    home.wait(5 + 9)
    assert home.is_open
    home.wait(1)
    assert not home.is_open
    assert home.done[-1] == LockOperation(Operation.LOCK, BY_ITSELF)


def test_an_edge_is_met_though_the_wall_clock_jumps_before_it():
    home = Home()
    holiday(home, 10 * HOUR, 11 * HOUR, VACATION)
    home.wait(10 * HOUR - 1 - HOUR // 2)
    assert home.mode is NORMAL
    appointment = home.lock.next_deadline(home.now, home.moment)
    assert (MIDNIGHT_UTC + appointment) % JUMP_GRID_S == 0, "wall clocks jump at whole quarters"
    home.wait(appointment - home.now - 1)
    home.zone_s += HOUR
    home.wait(1)
    assert home.mode is VACATION


def test_an_edge_far_away_is_looked_at_when_a_jump_could_reach_it():
    home = Home()
    holiday(home, 100 * HOUR, 101 * HOUR, VACATION)
    assert home.lock.next_deadline(0.0, home.moment) == 100 * HOUR - LONGEST_JUMP_S


# doors


def test_a_door_left_open_raises_one_alarm():
    home = Home(UNLOCKED, ajar_after_s=60)
    home.move_door(DoorPosition.OPEN)
    home.wait(59)
    assert home.alarms == []
    home.wait(500)
    assert home.alarms == [Alarm.DOOR_AJAR]
    home.move_door(DoorPosition.CLOSED)
    home.move_door(DoorPosition.OPEN)
    home.wait(60)
    assert home.alarms == [Alarm.DOOR_AJAR] * 2


def test_a_door_that_is_closed_in_time_raises_none():
    home = Home(UNLOCKED, ajar_after_s=60)
    home.move_door(DoorPosition.OPEN)
    home.wait(59)
    home.move_door(DoorPosition.CLOSED)
    home.wait(500)
    assert home.alarms == []


def test_a_sensor_that_says_ajar_by_itself_is_not_said_twice():
    home = Home(UNLOCKED, ajar_after_s=60)
    home.move_door(DoorPosition.AJAR)
    home.wait(500)
    assert home.alarms == [Alarm.DOOR_AJAR]


def test_the_minutes_that_a_door_is_open_are_counted():
    home = Home(UNLOCKED)
    home.move_door(DoorPosition.OPEN)
    home.wait(150)
    assert home.lock.open_minutes(home.now) == 2
    home.move_door(DoorPosition.CLOSED)
    assert home.lock.open_minutes(home.now) == 0


def test_a_forced_door_raises_its_alarm():
    home = Home()
    home.move_door(DoorPosition.OPEN)
    assert home.alarms == [Alarm.DOOR_FORCED_OPEN]


@pytest.mark.parametrize("door", [DoorPosition.OPEN, DoorPosition.AJAR, DoorPosition.JAMMED])
def test_nothing_relocks_against_an_open_door_and_it_is_made_up_for(door):
    home = Home(auto_relock_s=5).ana()
    home.show(PIN)
    home.move_door(door)
    home.wait(100)
    assert home.is_open
    home.move_door(DoorPosition.CLOSED)
    home.wait(1)
    assert not home.is_open


def test_a_bolt_that_jams_after_a_code_is_told_with_its_user():
    home = Home().ana()
    home.works = False
    home.show(PIN)
    home.tell(BoltJammed())
    assert home.alarms == [Alarm.LOCK_JAMMED]
    assert home.failed[0].actor == Actor(Source.KEYPAD, user_index=1, credentials=((1, 1),))
    assert home.failed[0].reason is Reason.JAMMED


def test_a_code_pulls_the_latch_where_there_is_one_and_lets_it_go():
    home = Home(has_latch=True, latch_hold_s=3).ana()
    home.show(PIN)
    assert home.position is BoltPosition.UNLATCHED
    home.wait(3)
    assert home.position is UNLOCKED
    assert [event.operation for event in home.done] == [Operation.UNLATCH, Operation.UNLOCK]
    assert {event.actor.user_index for event in home.done} == {1}


def test_what_the_lock_cannot_do_is_refused_whoever_asks():
    home = Home().ana()
    assert home.command(Wish.UNBOLT, pin=PIN) is Reason.NO_LATCH


# restarts


def test_a_lock_fresh_from_the_box_remembers_nothing_and_says_nothing():
    lock = Lock(empty(), Settings(), LOCKED, None, now=5.0)
    assert lock.memory() == LockMemory(position=LOCKED)
    assert lock.take(TimePassed(), 5.0, None) == ()
    assert lock.next_deadline(5.0, None) is None


def test_a_lock_that_was_turned_without_power_says_so_when_it_wakes():
    home = Home().restart(at=UNLOCKED)
    home.tell(TimePassed())
    assert home.effects == [Emit(LockOperation(Operation.UNLOCK, BY_NOBODY_KNOWN))]


def test_a_lock_that_was_not_turned_says_nothing_when_it_wakes():
    home = Home().restart()
    home.tell(TimePassed())
    assert home.effects == []


def test_a_power_cut_does_not_leave_open_what_was_opened_for_a_while():
    home = Home()
    home.command(relock_after_s=30)
    home.wait(20)
    again = home.restart()
    again.wait(30)
    assert not again.is_open


def test_a_relocking_that_was_owed_is_made_up_for_after_a_power_cut():
    home = Home()
    home.command(relock_after_s=5)
    home.move_door(DoorPosition.OPEN)
    home.wait(10)
    again = home.restart()
    again.wait(100)
    assert again.is_open
    again.move_door(DoorPosition.CLOSED)
    again.wait(1)
    assert not again.is_open


def test_nothing_relocks_after_a_power_cut_in_passage_mode():
    memory = LockMemory(position=UNLOCKED, relock_s=5)
    home = Home(UNLOCKED, mode=PASSAGE, memory=memory)
    home.wait(100)
    assert home.is_open


def test_a_holiday_goes_on_after_a_power_cut_and_ends_as_it_should():
    home = Home()
    holiday(home, 0, HOUR, VACATION)
    home.wait(10)
    again = home.restart()
    again.wait(10)
    assert again.mode is VACATION
    again.wait(HOUR)
    assert again.mode is NORMAL


def test_a_holiday_that_ends_during_a_power_cut_is_over_afterwards():
    home = Home()
    holiday(home, 0, HOUR, VACATION)
    home.wait(10)
    home.now += HOUR
    again = home.restart()
    again.wait(0)
    assert again.mode is NORMAL


def test_the_memory_changes_when_something_happens_and_not_by_time():
    home = Home(auto_relock_s=100, wrong_code_limit=2, lockout_s=60).ana()
    home.command()
    memory = home.lock.memory()
    home.wait(50)
    assert home.lock.memory() == memory
    home.show(WRONG)
    assert home.lock.memory() != memory


# what is due


def test_every_timer_has_an_appointment():
    home = Home(ajar_after_s=700, collect_s=20, lockout_s=60, wrong_code_limit=2).ana(rule=CredentialRule.DUAL)
    home.somebody(2, b"222222", type=UserType.EXPIRING)

    def due():
        return home.lock.next_deadline(home.now, home.moment)

    assert due() is None
    home.show(b"222222")
    assert due() == 3600
    home.move_door(DoorPosition.OPEN)
    assert due() == 700
    home.command(relock_after_s=300)
    assert due() == 300
    home.show(PIN)
    assert due() == 20
    home.command(pin=WRONG)
    home.command(pin=WRONG)
    assert due() == 60
    home.wait(10_000)
    assert due() is None
