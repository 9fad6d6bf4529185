"""Every declared cluster: that it is whole, and that its structures survive the wire."""

from __future__ import annotations

import inspect
import sys
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.matter.model.strategies import structs, values

from latchwork.matter.model import names
from latchwork.matter.model.access import access
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, LockStateEnum, OperatingModeEnum
from latchwork.matter.model.clusters.general_commissioning import GeneralCommissioning
from latchwork.matter.model.clusters.general_diagnostics import GeneralDiagnostics
from latchwork.matter.model.conformance import conformance
from latchwork.matter.model.constraint import constraint
from latchwork.matter.model.meta import Attribute, Response
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.elements import decode
from latchwork.matter.tlv.schema import Struct

ALL = pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=lambda cluster: cluster.name)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

STRUCTS = sorted(
    {
        kind
        for cluster in CLUSTERS.values()
        for kind in vars(sys.modules[cluster.__module__]).values()
        if inspect.isclass(kind) and issubclass(kind, Struct) and kind not in {Struct, Response}
    },
    key=lambda kind: (kind.__module__, kind.__name__),
)

TOLD_AT_BIRTH = {
    BasicInformation.capability_minima,
    GeneralCommissioning.basic_commissioning_info,
    GeneralDiagnostics.device_load_status,
}
"""Mandatory attributes that are structures: they have no value that means nothing yet."""


def elements(cluster):
    return [*cluster.attributes.values(), *cluster.commands.values(), *cluster.events.values()]


@ALL
def test_clusters_are_listed_by_their_own_id_and_name(cluster):
    assert CLUSTERS[cluster.id] is cluster
    assert names.cluster_name(cluster.id) == cluster.name == cluster.__name__


@ALL
def test_all_shorthand_can_be_read(cluster):
    for element in elements(cluster):
        conformance(element.conformance)
    for attribute in cluster.attributes.values():
        assert isinstance(attribute.access, type(access("R V")))
        if attribute.constraint:
            constraint(attribute.constraint)


@ALL
def test_no_element_hides_another(cluster):
    found = [element.name for element in elements(cluster)]
    assert len(found) == len(set(found))
    assert all(getattr(cluster, element.name) is element for element in elements(cluster))


@ALL
def test_elements_are_called_as_the_specification_calls_them(cluster):
    for kind, declared in (("attribute", cluster.attributes), ("command", cluster.commands), ("event", cluster.events)):
        for number, element in declared.items():
            assert names.element(cluster.id, kind, number) == element.spec_name


@ALL
def test_answers_are_called_as_the_specification_calls_them(cluster):
    for command in cluster.commands.values():
        if command.response is not None:
            assert names.element(cluster.id, "response", command.response_id) == command.response.__name__


@ALL
def test_every_attribute_has_a_codec_and_a_first_value_that_fits(cluster):
    features = 0 if not hasattr(cluster, "Feature") else sum(set(map(int, cluster.Feature)))
    state = cluster(features=features)
    for attribute in state.supported_attributes.values():
        value = getattr(state, attribute.name)
        if value is None and attribute in TOLD_AT_BIRTH:
            continue
        out = bytearray()
        attribute.encoder(None)(out, value)
        assert attribute.decode(decode(bytes(out))) == value


@ALL
def test_a_state_of_1_4_2_has_that_versions_revision(cluster):
    state = cluster(spec=SpecVersion.V1_4_2)
    assert state.cluster_revision <= cluster.revision
    assert all(attribute.since is None for attribute in state.supported_attributes.values())


@ALL
def test_command_requests_and_events_have_fields_or_are_none(cluster):
    for command in cluster.commands.values():
        assert command.request is None or command.request.fields()
    for event in cluster.events.values():
        assert event.struct is None or event.struct.fields()


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}")
@FEW
@given(data=st.data())
def test_a_structure_survives_the_wire(kind, data):
    value = data.draw(structs(kind))
    assert kind.decode(value.encode()) == value


@FEW
@given(data=st.data())
def test_an_attribute_survives_the_wire(data):
    declared = [attribute for cluster in CLUSTERS.values() for attribute in cluster.attributes.values()]
    attribute: Attribute = data.draw(st.sampled_from(declared))
    value = data.draw(st.none() | values(attribute.hint) if attribute.is_nullable else values(attribute.hint))
    out = bytearray()
    attribute.encoder(2)(out, value)
    assert attribute.decode(next(iter(decode(b"\x15" + bytes(out) + b"\x18").values()))) == value


def test_fabric_scoped_structures_end_with_their_fabric():
    scoped = [kind for kind in STRUCTS if 254 in kind.fields().values()]
    assert len(scoped) >= 10
    for kind in scoped:
        assert list(kind.fields())[-1] == "fabric_index"
        for name in getattr(kind, "fabric_sensitive", ()):
            assert name in kind.fields()


def test_a_dead_bolt_with_a_door_sensor_has_what_the_specification_asks_for():
    lock = DoorLock(features=DoorLock.Feature.DOOR_POSITION_SENSOR, auto_relock_time=30)
    assert list(lock.supported_attributes)[:7] == [0, 1, 2, 3, 0x23, 0x25, 0x26]
    assert list(lock.accepted_commands) == [0, 1]
    assert list(lock.supported_events) == [0, 1, 2, 3]
    assert lock.lock_state is None
    assert lock.cluster_revision == 10


def test_a_lock_with_users_and_codes_has_what_the_specification_asks_for():
    feature = DoorLock.Feature
    lock = DoorLock(features=feature.PIN | feature.USR | feature.COTA | feature.WDSCH | feature.UBOLT)
    assert {0x0B, 0x0C, 0x0D, 0x1A, 0x1B, 0x1D, 0x22, 0x24, 0x26, 0x27} <= set(lock.accepted_commands)
    assert lock.generated_commands == (0x0C, 0x1C, 0x23, 0x25)
    assert 4 in lock.supported_events
    assert {0x11, 0x12, 0x14, 0x17, 0x18, 0x1B, 0x1C, 0x30, 0x31, 0x33} <= set(lock.supported_attributes)


def test_door_commands_are_timed_and_for_operators():
    for command in (DoorLock.lock_door, DoorLock.unlock_door, DoorLock.unbolt_door, DoorLock.unlock_with_timeout):
        assert command.timed
        assert command.privilege == 3
    assert DoorLock.set_user.privilege == 5


def test_codes_are_not_shown():
    assert "1234" not in repr(LockDoor(pin_code=b"1234"))


def test_values_that_a_later_lock_may_know_are_kept():
    assert DoorLock.lock_state.decode(9).is_known is False
    assert DoorLock.lock_state.decode(1) is LockStateEnum.LOCKED
    assert DoorLock.operating_mode.decode(2) is OperatingModeEnum.PRIVACY


def test_the_clusters_of_a_lock_take_little_memory():
    warm = [cluster() for cluster in CLUSTERS.values()]
    tracemalloc.start()
    try:
        states = [cluster() for cluster in CLUSTERS.values()]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(states) == len(warm)
    assert size < 40_000
