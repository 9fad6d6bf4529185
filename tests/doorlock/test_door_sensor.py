"""A door sensor that measures: what its readings mean, how it drifts, and the procedure that shows it the door."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.panel import ALL_KINDS, Front

from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.doorlock.door_sensor import (
    MIN_STEP,
    UNKNOWING,
    Calibration,
    DoorScale,
    DoorSense,
    calibrated,
    scale_of,
    sensed,
)
from latchwork.doorlock.events import AlarmRaised, DoorStateChanged, Emit, MoveBolt
from latchwork.doorlock.inputs import DoorMoved, TimePassed, Turned
from latchwork.doorlock.machine import start, step
from latchwork.doorlock.panel_effects import CalibrateDoor
from latchwork.doorlock.panel_menu import DOOR_MENU, STANDARD_MENU, MenuOption
from latchwork.doorlock.panel_state import DoorStep, PanelFacts, ShowingDoor
from latchwork.doorlock.prompts import Prompt
from latchwork.doorlock.settings import Settings

READINGS = st.floats(0, 1)
SCALE = DoorScale(0.2, 0.3, 0.9)
CLOSED, OPEN, AJAR, FAULT = DoorPosition.CLOSED, DoorPosition.OPEN, DoorPosition.AJAR, DoorPosition.FAULT


# readings


@pytest.mark.parametrize(
    ("reading", "position"),
    [(0.2, CLOSED), (0.16, CLOSED), (0.24, CLOSED), (0.26, AJAR), (0.3, AJAR), (0.55, AJAR), (0.65, OPEN), (1.0, OPEN)],
)
def test_a_reading_is_the_position_that_is_nearest(reading, position):
    assert SCALE.position(reading) is position
    falling = DoorScale(0.8, 0.7, 0.1)
    assert falling.position(1 - reading) is position


@pytest.mark.parametrize("reading", [0.14, 0.0, -3.0, math.nan, math.inf, -math.inf])
def test_nothing_is_more_closed_than_closed(reading):
    assert SCALE.position(reading) is None


@given(READINGS, READINGS, READINGS)
def test_a_scale_tells_the_three_positions_it_was_shown_apart_or_there_is_none(closed, opened, ajar):
    scale = scale_of(closed=closed, open=opened, ajar=ajar)
    if scale is None:
        assert min(abs(closed - ajar), abs(opened - ajar)) < MIN_STEP or not min(closed, opened) < ajar < max(
            closed, opened
        )
        return
    assert [scale.position(each) for each in (closed, ajar, opened)] == [CLOSED, AJAR, OPEN]


@given(READINGS, READINGS, READINGS, st.lists(st.one_of(st.none(), st.floats())))
def test_a_closed_door_is_told_only_near_the_reading_that_it_was_shown_as(closed, opened, ajar, readings):
    scale = scale_of(closed=closed, open=opened, ajar=ajar)
    sense = UNKNOWING if scale is None else calibrated(scale)
    for reading in readings:
        before = sense
        sense, position = sensed(sense, reading)
        if scale is None:
            assert (sense, position) == (UNKNOWING, None)
        elif position is CLOSED:
            assert abs(reading - closed) <= abs(ajar - closed) / 2 + 1e-9
        if before.calibration is Calibration.DRIFTED:
            assert (sense, position) == (before, FAULT)


def test_a_sensor_that_has_drifted_is_not_believed_until_it_is_shown_the_door_again():
    sense, position = sensed(calibrated(SCALE), 0.1)
    assert (sense, position) == (DoorSense(Calibration.DRIFTED, SCALE), FAULT)
    assert sensed(sense, 0.2) == (sense, FAULT)


def test_a_sensor_from_which_nothing_comes_has_failed_and_not_drifted():
    assert sensed(calibrated(SCALE), None) == (calibrated(SCALE), FAULT)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_readings_that_are_no_numbers_make_no_scale(bad):
    assert scale_of(closed=bad, open=0.9, ajar=0.3) is None


# the lock behind it


def relocking(door):
    settings = Settings(has_door_sensor=True, auto_relock_s=10)
    state = start(settings, BoltPosition.LOCKED, door, now=0)
    return step(state, Turned(BoltPosition.UNLOCKED), 0)[0]


@pytest.mark.parametrize("door", [None, FAULT, AJAR, OPEN])
def test_a_lock_never_locks_itself_while_its_sensor_does_not_say_closed(door):
    state, effects = step(relocking(door), TimePassed(), 3600)
    assert effects == ()
    assert state.is_relock_owed
    state, _ = step(state, DoorMoved(CLOSED), 3600)
    _, effects = step(state, TimePassed(), 3602)
    assert effects == (MoveBolt(BoltPosition.LOCKED),)


def test_a_sensor_that_cannot_tell_any_more_is_no_event_and_no_alarm():
    state, effects = step(relocking(CLOSED), DoorMoved(None), 1)
    assert (state.door, effects) == (None, ())
    state, effects = step(state, DoorMoved(OPEN), 2)
    assert effects == (Emit(DoorStateChanged(OPEN, None)),)


def test_a_door_that_was_not_known_and_is_open_was_not_forced():
    state = start(Settings(has_door_sensor=True), BoltPosition.LOCKED, None, now=0)
    _, effects = step(state, DoorMoved(OPEN), 1)
    assert not any(isinstance(each.event, AlarmRaised) for each in effects)


# the procedure


class Showing(Front):
    """An administrator with a door."""

    def __init__(self, **facts):
        super().__init__(menu=DOOR_MENU)
        self.enter_setup()
        self.known = {"is_commissioned": True, "has_admin": True, "kinds": ALL_KINDS, "has_door_sensor": True} | facts
        self.read(None)

    def read(self, reading):
        self.facts = PanelFacts(**({"measures_door": True} | self.known), door_reading=reading)

    def show(self, *readings):
        for reading in readings:
            self.read(reading)
            self.keys("#")

    @property
    def scales(self):
        return [effect.scale for effect in self.asked(CalibrateDoor)]


def test_the_door_is_closed_opened_and_left_ajar():
    front = Showing()
    front.keys("9")
    assert front.last_said is Prompt.DOOR_CLOSE
    front.show(0.2)
    assert front.last_said is Prompt.DOOR_OPEN
    front.show(0.9)
    assert front.last_said is Prompt.DOOR_AJAR
    assert front.scales == []
    front.show(0.3)
    assert front.last_said is Prompt.DOOR_CALIBRATED
    assert front.scales == [SCALE]
    assert front.state.is_in_setup


@pytest.mark.parametrize("readings", [(0.2, 0.21), (0.2, 0.9, 0.95), (0.2, 0.9, 0.2), (0.9, 0.2, 0.95)])
def test_steps_that_contradict_each_other_begin_again(readings):
    front = Showing()
    front.keys("9")
    front.show(*readings)
    assert front.said[-2:] == [Prompt.DOOR_CONTRADICTION, Prompt.DOOR_CLOSE]
    assert front.state.task.step is DoorStep.CLOSED
    front.show(0.2, 0.9, 0.3)
    assert front.scales == [SCALE]


def test_a_sensor_that_says_nothing_is_asked_again():
    front = Showing()
    front.keys("9")
    front.show(None)
    assert front.said[-2:] == [Prompt.DOOR_NO_READING, Prompt.DOOR_CLOSE]
    front.show(0.2, None)
    assert front.said[-2:] == [Prompt.DOOR_NO_READING, Prompt.DOOR_OPEN]
    front.show(0.9, 0.3)
    assert front.scales == [SCALE]


def test_who_cancels_keeps_what_the_sensor_knew():
    front = Showing()
    front.keys("9")
    front.show(0.2, 0.9)
    front.keys("*")
    assert front.said[-2:] == [Prompt.DOOR_AS_BEFORE, Prompt.SETUP_MENU]
    front.show(0.3)
    assert front.scales == []


def test_who_takes_too_long_keeps_what_the_sensor_knew():
    front = Showing()
    front.keys("9")
    front.show(0.2)
    front.wait(59)
    assert isinstance(front.state.task, ShowingDoor)
    front.wait(2)
    assert front.state.task is None
    assert front.last_said is Prompt.SETUP_ENDED
    assert front.scales == []


def test_digits_are_no_confirmation():
    front = Showing()
    front.keys("9")
    front.read(0.2)
    front.keys("1234567890")
    assert front.state.task == ShowingDoor()


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"measures_door": False}, Prompt.DOOR_NEEDS_NONE),
        ({"measures_door": False, "has_door_sensor": False}, Prompt.SETUP_NOT_POSSIBLE),
    ],
)
def test_a_sensor_that_cannot_be_calibrated_is_passed_over_with_a_word(facts, said):
    front = Showing(**facts)
    front.keys("9")
    assert front.last_said is said
    assert not isinstance(front.state.task, ShowingDoor)


def test_every_other_option_keeps_its_number():
    assert DOOR_MENU[:-1] == STANDARD_MENU
    assert DOOR_MENU.index(MenuOption.CALIBRATE_DOOR) + 1 == 9


@given(
    st.lists(st.one_of(st.sampled_from("0123456789#*"), READINGS, st.none(), st.sampled_from([1.0, 61.0])), max_size=40)
)
def test_whatever_is_pressed_a_sensor_only_learns_a_scale_that_holds(acts):
    front = Showing()
    front.keys("9")
    for act in acts:
        if isinstance(act, str):
            front.keys(act)
        elif act is not None and act >= 1:
            front.wait(act)
        else:
            front.show(act)
    for scale in front.scales:
        assert scale == scale_of(closed=scale.closed, open=scale.open, ajar=scale.ajar)
    front.wait(700)
    assert front.state.task is None
