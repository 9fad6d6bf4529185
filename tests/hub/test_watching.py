"""A node is listened to: holes in its event numbers are found before they are told, and doubt about its clock is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hub.desks import FRONT, LOCK

from latchwork.hub.journal.entries import Kind
from latchwork.hub.journal.ingest import Scene, take
from latchwork.hub.journal.numbers import Numbers, Places
from latchwork.hub.listening.watching import _fabrics_from, _has_hole, _is_about_clock
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters.basic_information import BasicInformation, StartUp
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.time_synchronization import TimeSynchronization


def event(number, cluster=DoorLock.id, which=0, value=None):
    return EventValue(
        endpoint=1,
        cluster=cluster,
        event=which,
        number=number,
        priority=1,
        timestamp_ms=None,
        is_epoch=False,
        value=value,
        is_typed=False,
    )


@given(st.lists(st.integers(0, 12), max_size=6), st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_a_hole_is_what_the_journal_would_tell_of(earlier, later):
    scenes = {1: Scene(lock=LOCK, door=FRONT)}
    before = take(Numbers(), Places(), [event(number) for number in earlier], scenes, 1.0)
    now = take(before.numbers, before.places, [event(number) for number in later], scenes, 2.0)
    told = any(entry.kind is Kind.GAP for entry in now.entries)
    assert _has_hole(before.numbers, [event(number) for number in later]) is told


@pytest.mark.parametrize(
    ("cluster", "which", "is_so"),
    [
        (TimeSynchronization.id, TimeSynchronization.time_failure.id, True),
        (TimeSynchronization.id, TimeSynchronization.dst_table_empty.id, True),
        (BasicInformation.id, BasicInformation.start_up.id, True),
        (BasicInformation.id, BasicInformation.shut_down.id, False),
        (DoorLock.id, 0, False),
    ],
)
def test_what_casts_doubt_on_a_clock(cluster, which, is_so):
    assert _is_about_clock(event(1, cluster, which, StartUp(software_version=1))) is is_so


@pytest.mark.parametrize("kept", [None, 7, {}, {"fabrics": None}, {"fabrics": [[1]]}, {"fabrics": [["a", 1, 2, 3]]}])
def test_ecosystems_that_cannot_be_read_any_more_are_read_again_from_the_lock(kept):
    assert _fabrics_from(kept) == {}
