"""The event log by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.matter.interaction.home import GADGET, Gadget, Pressed

from latchwork.base.errors import Misuse
from latchwork.matter.interaction.events import RESERVE, EventLog
from latchwork.matter.interaction.paths import EventQuery
from latchwork.matter.messages.interaction import EventReportIB

ALL = (EventQuery(),)


def record(log: EventLog, position: int = 0, event=Gadget.pressed, **options) -> int:
    return log.record(1, GADGET, event, Pressed(position=position), **({"posix_ms": 5} | options))


def numbers(log: EventLog, paths=ALL, least: int = 0, *, fabric: int = 1, allowed: bool = True) -> list[int]:
    found = log.select(paths, least, fabric_index=fabric, allows=lambda *_: allowed)
    return [recorded.number for recorded in found]


def test_a_recorded_event_is_a_whole_report():
    log = EventLog(41)
    assert record(log, 3, posix_ms=1_700_000_000_000) == 41
    (recorded,) = log.select(ALL, 0, fabric_index=1, allows=lambda *_: True)
    data = EventReportIB.decode(recorded.report).event_data
    assert (data.path.endpoint, data.path.cluster, data.path.event) == (1, GADGET, 0)
    assert (data.event_number, data.priority, data.epoch_timestamp, data.data) == (41, 1, 1_700_000_000_000, {0: 3})


def test_without_a_date_the_time_since_start_is_told():
    log = EventLog()
    log.record(1, GADGET, Gadget.pressed, None, system_ms=77)
    (recorded,) = log.select(ALL, 0, fabric_index=1, allows=lambda *_: True)
    data = EventReportIB.decode(recorded.report).event_data
    assert (data.epoch_timestamp, data.system_timestamp, data.data) == (None, 77, {})


def test_an_event_without_a_time_or_a_sensitive_one_without_a_fabric_is_a_mistake():
    with pytest.raises(Misuse):
        record(EventLog(), posix_ms=None)
    with pytest.raises(Misuse):
        record(EventLog(), event=Gadget.owner_changed)


def test_numbers_are_set_aside_before_they_are_given_out_and_never_repeat():
    stored: list[int] = []
    log = EventLog(10, reserve=stored.append)
    assert record(log) == 10
    assert stored == [10 + RESERVE]
    record(log)
    assert len(stored) == 1
    restarted = EventLog(stored[-1], reserve=stored.append)
    assert record(restarted) > 11
    assert stored[-1] == 10 + 2 * RESERVE


def test_unimportant_events_do_not_push_out_important_ones():
    log = EventLog(capacity=(1, 2, 3))
    important = [record(log, event=Gadget.alarm) for _ in range(3)]
    usual = [record(log) for _ in range(20)]
    assert numbers(log) == sorted(important + usual[-2:])
    assert len(log) == 5


def test_what_the_reader_may_not_see_is_left_out():
    log = EventLog()
    record(log, event=Gadget.owner_changed, fabric_index=1)
    assert numbers(log, fabric=2) == []
    assert numbers(log, allowed=False) == []
    assert numbers(log) == [1]
    log.forget_fabric(1)
    assert numbers(log) == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=60), st.integers(0, 70), st.integers(1, 8))
def test_selecting_is_as_in_a_plain_list(steps, least, size):
    log, oracle = EventLog(capacity=(1, size, size)), []
    for is_alarm, endpoint in steps:
        event = Gadget.alarm if is_alarm else Gadget.pressed
        oracle.append((log.record(endpoint, GADGET, event, None, posix_ms=1), is_alarm, endpoint))
    kept = [entry for flag in (True, False) for entry in [e for e in oracle if e[1] is flag][-size:]]
    path = EventQuery(2, GADGET, None)
    assert numbers(log, (path,), least) == sorted(n for n, _, e in kept if e == 2 and n >= least)
    assert numbers(log, (path, *ALL), least) == sorted(n for n, _, _ in kept if n >= least)


def test_everyone_is_told_of_an_event_after_it_is_there():
    heard = []
    log = EventLog(on_recorded=lambda recorded: heard.append((recorded.number, len(log))))
    record(log)
    assert heard == [(1, 1)]
