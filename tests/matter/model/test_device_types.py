"""Device types: revisions by version, and the clusters that a type wants."""

import pytest

from latchwork.matter.model import names
from latchwork.matter.model.device_types import DEVICE_TYPES, DOOR_LOCK, ROOT_NODE, device_type_name
from latchwork.matter.model.spec import SpecVersion


def test_revisions_follow_the_version_of_the_specification():
    assert [DEVICE_TYPES[number].revision_in() for number in (0x0016, 0x000A, 0x0011)] == [4, 4, 1]
    assert [DEVICE_TYPES[n].revision_in(SpecVersion.V1_4_2) for n in (0x0016, 0x000A, 0x0011)] == [3, 3, 1]


def test_a_door_lock_wants_identify_and_refuses_groups():
    whole, wrong = {0x0003, 0x001D, 0x0101}, {0x0004, 0x001D, 0x0101}

    assert (DOOR_LOCK.missing(whole), DOOR_LOCK.excess(whole)) == ((), ())
    assert (DOOR_LOCK.missing(wrong), DOOR_LOCK.excess(wrong)) == ((0x0003,), (0x0004,))


def test_a_root_node_wants_what_commissioning_takes():
    assert ROOT_NODE.missing(ROOT_NODE.required) == ()
    assert set(ROOT_NODE.missing(())) == {0x1D, 0x1F, 0x28, 0x30, 0x31, 0x33, 0x3C, 0x3E, 0x3F}


@pytest.mark.parametrize("kind", DEVICE_TYPES.values(), ids=lambda kind: kind.name)
def test_a_declared_type_has_the_name_of_the_specification_and_known_clusters(kind):
    assert device_type_name(kind.id) == kind.name
    assert None not in [names.cluster_name(number) for number in (*kind.required, *kind.forbidden)]


def test_a_type_that_is_not_declared_has_at_least_a_name():
    assert device_type_name(0x000B) == "DoorLockController"
    assert device_type_name(0x7777) is None
