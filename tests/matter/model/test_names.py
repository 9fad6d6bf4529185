"""Names and numbers of what nobody declared."""

from __future__ import annotations

import pytest

from latchwork.base.errors import Misuse
from latchwork.matter.model import device_types, names
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.device_types import DEVICE_TYPES
from latchwork.matter.model.spec import SpecVersion


@pytest.mark.parametrize("name", ["DoorLock", "doorlock", "door_lock", "Door Lock", "DOOR-LOCK"])
def test_a_cluster_is_found_in_any_case(name):
    assert names.cluster_id(name) == 0x0101


def test_clusters_that_nobody_declared_have_names_too():
    assert 0x0006 in names.CLUSTERS
    assert names.cluster_name(0x0202) == "FanControl"
    assert names.attribute_name(0x0202, 0x0000) == "FanMode"
    assert set(names.CLUSTERS) > set(CLUSTERS)


def test_elements_are_found_both_ways():
    assert names.attribute_name(0x0101, 0x0025) == "OperatingMode"
    assert names.attribute_id(0x0101, "operating_mode") == 0x0025
    assert names.command_name(0x0101, 0x0C) == "GetWeekDaySchedule"
    assert names.command_id(0x0101, "UNLOCKDOOR") == 1
    assert names.element(0x0101, "response", 0x0C) == "GetWeekDayScheduleResponse"
    assert names.event_name(0x0101, 2) == "LockOperation"
    assert names.event_id(0x0101, "lock operation") == 2


def test_global_attributes_belong_to_every_cluster():
    assert names.attribute_name(0xFFF1FC00, 0xFFFD) == "ClusterRevision"
    assert names.find(0x0003, "attribute", "featuremap") == 0xFFFC


def test_what_nobody_knows_has_no_name():
    assert names.cluster_name(0xFFF1FC00) is None
    assert names.cluster_id("Toaster") is None
    assert names.attribute_name(0x0101, 0x7777) is None
    assert names.element(0xFFF1FC00, "event", 0) is None
    assert names.find(0x0101, "command", "Toast") is None


def test_a_kind_that_does_not_exist_is_a_misuse():
    with pytest.raises(Misuse):
        names.element(0x0101, "colour", 0)


def test_ids_that_are_written_are_read_as_written():
    every = [names.elements(cluster, kind) for cluster in names.CLUSTERS for kind in ("command", "response", "event")]
    assert all(list(found) == sorted(found) for found in every)
    assert sum(map(len, every)) > 400


def test_all_device_types_have_names():
    assert device_types.device_type_name(0x000A) == "DoorLock"
    assert device_types.device_type_name(0x0100) == "OnOffLight"
    assert device_types.device_type_name(0x0850) == "OnOffSensor"
    assert device_types.device_type_name(0x1234) is None
    assert all(device_types.names()[number] == kind.name for number, kind in DEVICE_TYPES.items())


def test_versions_say_what_they_bring():
    assert SpecVersion.V1_6 == 0x01060000
    assert (SpecVersion.V1_6.data_model_revision, SpecVersion.V1_6.interaction_model_revision) == (21, 12)
    assert (SpecVersion.V1_4_2.data_model_revision, SpecVersion.V1_4_2.interaction_model_revision) == (19, 12)
    assert [str(version) for version in SpecVersion] == ["1.4.2", "1.6"]
