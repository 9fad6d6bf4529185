"""Whether a door sensor can be believed, from what the hub hears."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.journal.entries import Entry, How, Kind
from latchwork.hub.keeping.door_sensor import Suspicion, door_sensor_troubles, suspicion
from latchwork.hub.status import DoorSensor, LockStatus


def entry(kind, how=How.NOT_APPLICABLE):
    return Entry(at=0, kind=kind, how=how)


ITSELF = entry(Kind.LOCKED, How.AUTO)
BY_HAND = entry(Kind.LOCKED, How.MANUAL)
FORCED = entry(Kind.DOOR_FORCED)
OPENED = entry(Kind.OPENED, How.MANUAL)
ENTRIES = st.lists(st.sampled_from([ITSELF, BY_HAND, FORCED, OPENED, entry(Kind.DOOR_CLOSED), entry(Kind.GAP)]))


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([], Suspicion.NONE),
        ([ITSELF], Suspicion.LOCKED_ITSELF),
        ([ITSELF, FORCED], Suspicion.DOUBTFUL),
        ([ITSELF, entry(Kind.BATTERY), FORCED], Suspicion.DOUBTFUL),
        ([BY_HAND, FORCED], Suspicion.NONE),
        ([ITSELF, OPENED, FORCED], Suspicion.NONE),
        ([ITSELF, entry(Kind.GAP), FORCED], Suspicion.NONE),
        ([FORCED, ITSELF], Suspicion.LOCKED_ITSELF),
    ],
)
def test_a_door_that_opens_after_the_lock_locked_itself_is_doubtful(entries, found):
    assert suspicion(Suspicion.NONE, entries) is found


@given(ENTRIES, ENTRIES)
def test_it_makes_no_difference_how_entries_are_parted(first, second):
    whole = suspicion(Suspicion.NONE, [*first, *second])
    half = suspicion(Suspicion.NONE, first)
    assert half is Suspicion.DOUBTFUL or suspicion(half, second) is whole


@pytest.mark.parametrize("vendor", ["Latchwork", "Aqara", ""])
@pytest.mark.parametrize(
    "status",
    [
        LockStatus(door_sensor=DoorSensor.CANNOT_TELL),
        LockStatus(door_sensor=DoorSensor.FAILED),
        LockStatus(door_sensor=DoorSensor.TELLS, is_door_doubtful=True),
    ],
)
def test_a_sensor_that_cannot_be_believed_is_a_warning_with_steps(status, vendor):
    (trouble,) = door_sensor_troubles(status, vendor)
    assert (trouble.code, trouble.is_error) == (TroubleCode.DOOR_SENSOR, False)
    assert "Close the door, open it wide and leave it ajar" in trouble.advice
    assert ("press Set" in trouble.advice) is (vendor == "Latchwork")


@pytest.mark.parametrize("sensor", [None, DoorSensor.TELLS])
def test_a_sensor_that_tells_and_no_sensor_are_nothing_to_speak_of(sensor):
    assert door_sensor_troubles(LockStatus(door_sensor=sensor), "Latchwork") == ()
