"""What a node's attributes say about how its locks stand: what was not said is not guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.listening.reports import QUERIES, stands
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery
from latchwork.matter.interaction.values import AttributeValue
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock, DoorStateEnum, LockStateEnum, OperatingModeEnum
from latchwork.matter.model.clusters.power_source import BatChargeLevelEnum, PowerSource


def said(attribute, value, cluster=DoorLock.id, endpoint=1):
    return AttributeValue(endpoint, cluster, attribute.id, value, data_version=1, is_typed=True)


def lock(attribute, value):
    (fields,) = stands([said(attribute, value)]).values()
    return fields


@pytest.mark.parametrize(
    ("attribute", "value", "fields"),
    [
        (DoorLock.lock_state, LockStateEnum.LOCKED, {"lock_state": "locked"}),
        (DoorLock.lock_state, LockStateEnum.NOT_FULLY_LOCKED, {"lock_state": "not_fully_locked"}),
        (DoorLock.lock_state, None, {"lock_state": None}),
        (DoorLock.lock_state, LockStateEnum(77), {"lock_state": None}),
        (DoorLock.door_state, DoorStateEnum.DOOR_AJAR, {"door_state": "ajar", "door_sensor": "tells"}),
        (DoorLock.door_state, DoorStateEnum.DOOR_UNSPECIFIED_ERROR, {"door_state": "error", "door_sensor": "failed"}),
        (DoorLock.door_state, None, {"door_state": None, "door_sensor": "cannot_tell"}),
        (DoorLock.door_state, DoorStateEnum(77), {"door_state": None, "door_sensor": "tells"}),
        (DoorLock.operating_mode, OperatingModeEnum.VACATION, {"mode": "vacation"}),
    ],
)
def test_a_lock_stands_as_it_says_and_otherwise_it_is_not_known(attribute, value, fields):
    assert lock(attribute, value) == fields


@given(st.none() | st.integers(0, 200))
def test_battery_percent_is_told_in_halves(half):
    found = stands([said(PowerSource.bat_percent_remaining, half, PowerSource.id)])
    assert found == {None: {"battery_percent": None if half is None else half // 2}}


def test_what_is_of_the_node_is_of_all_its_locks():
    found = stands(
        [
            said(DoorLock.lock_state, LockStateEnum.LOCKED, endpoint=1),
            said(DoorLock.lock_state, LockStateEnum.UNLOCKED, endpoint=2),
            said(PowerSource.bat_charge_level, BatChargeLevelEnum.CRITICAL, PowerSource.id),
            said(BasicInformation.software_version_string, "1.2", BasicInformation.id, endpoint=0),
            said(BasicInformation.vendor_name, "Example", BasicInformation.id, endpoint=0),
        ]
    )
    assert found == {
        1: {"lock_state": "locked"},
        2: {"lock_state": "unlocked"},
        None: {"battery_level": "critical", "firmware": "1.2"},
    }


def test_all_that_is_understood_is_asked_for_and_all_events_are():
    asked = {(each.cluster, each.attribute) for each in QUERIES if isinstance(each, AttributeQuery)}
    for cluster, attribute in ((DoorLock, DoorLock.lock_state), (PowerSource, PowerSource.bat_charge_level)):
        assert (cluster.id, attribute.id) in asked
    events = [each for each in QUERIES if isinstance(each, EventQuery)]
    assert EventQuery() in events  # numbers count for all events of a node
    assert [each.cluster for each in events if each.is_urgent] == [DoorLock.id]
