"""The asking side by itself: what it sends, and what it makes of what comes back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.interaction.home import GADGET, Gadget, Ping

from latchwork.base.errors import Misuse
from latchwork.matter.interaction import collect
from latchwork.matter.interaction.client import (
    AttributeQuery,
    AttributeWrite,
    EventQuery,
    Invocation,
    ReportCollector,
    invoke_requests,
    parse_invoke_response,
    parse_write_response,
    read_request,
    subscribe_request,
    timed_request,
    write_requests,
)
from latchwork.matter.messages.interaction import (
    AttributeDataIB,
    AttributePathIB,
    AttributeReportIB,
    EventDataIB,
    EventPathIB,
    EventReportIB,
    InvokeRequestMessage,
    ReadRequestMessage,
    ReportDataMessage,
    SubscribeRequestMessage,
    TimedRequestMessage,
    WriteRequestMessage,
)
from latchwork.matter.messages.status import StatusError
from latchwork.matter.tlv.elements import TlvError

KNOWN = {GADGET: Gadget}


def value(
    attribute: int, data, *, append: bool = False, index: int | None = None, version: int | None = 5
) -> AttributeReportIB:
    where = AttributePathIB(endpoint=1, cluster=GADGET, attribute=attribute)
    if append or index is not None:
        where = where.replace(list_index=index)
    return AttributeReportIB(attribute_data=AttributeDataIB(data_version=version, path=where, data=data))


def report(*attributes, events=(), **options) -> bytes:
    return ReportDataMessage(
        attribute_reports=attributes or None, event_reports=tuple(events) or None, **options
    ).encode()


def collected(*payloads: bytes, known=KNOWN) -> ReportCollector:
    collector = ReportCollector(known)
    for index, payload in enumerate(payloads):
        assert collector.add(payload) is (index < len(payloads) - 1)
    return collector


def test_requests_say_what_was_asked():
    payload = read_request(
        [AttributeQuery(1, 6, None, 0x101)],
        [EventQuery(1, 6, 0, is_urgent=True)],
        event_min=9,
        data_versions={(1, 6): 7},
    )
    message = ReadRequestMessage.decode(payload)
    assert (message.attribute_requests[0].cluster, message.attribute_requests[0].wildcard_path_flags) == (6, 0x101)
    assert message.event_requests[0].is_urgent is True
    assert message.event_filters[0].event_min == 9
    assert message.data_version_filters[0].data_version == 7
    subscription = SubscribeRequestMessage.decode(subscribe_request([AttributeQuery()], min_interval=1, max_interval=2))
    assert (subscription.min_interval_floor, subscription.max_interval_ceiling) == (1, 2)
    assert TimedRequestMessage.decode(timed_request(700)).timeout == 700
    with pytest.raises(Misuse):
        subscribe_request(min_interval=3, max_interval=2)


def test_a_batch_numbers_its_commands():
    message = InvokeRequestMessage.decode(
        invoke_requests([Invocation(1, GADGET, 0, Ping(number=3)), Invocation(0, GADGET, 2)], timed=True)
    )
    assert [entry.command_ref for entry in message.invoke_requests] == [0, 1]
    assert [entry.command_fields for entry in message.invoke_requests] == [{0: 3}, {}]
    assert message.timed_request is True


def test_values_of_clusters_that_are_not_known_stay_as_they_came():
    answer = collected(report(value(1, 7), value(0x7777, "?"), value(1, "wrong")), known=KNOWN)
    assert [(v.value, v.is_typed) for v in answer.attributes] == [(7, True), ("?", False), ("wrong", False)]
    assert collected(report(value(1, 7)), known={}).attributes[0].is_typed is False


def test_lists_are_put_together_across_messages():
    answer = collected(
        report(value(5, []), value(5, 1, append=True), more_chunked_messages=True),
        report(value(5, 2, append=True), value(5, 9, index=0), value(1, 4), suppress_response=True),
    )
    assert [(v.attribute, v.value, v.is_typed) for v in answer.attributes] == [(5, (9, 2), True), (1, 4, True)]
    assert answer.suppress_response is True


def test_times_of_events_may_be_relative_to_the_one_before():
    path = EventPathIB(endpoint=1, cluster=GADGET, event=0)
    events = [
        EventReportIB(event_data=EventDataIB(path=path, event_number=n, priority=1, data={0: n}, **time))
        for n, time in enumerate(
            [
                {"epoch_timestamp": 1000},
                {"delta_epoch_timestamp": 5},
                {"delta_epoch_timestamp": 7},
                {"system_timestamp": 3},
            ]
        )
    ]
    found = collected(report(events=events)).events
    assert [(event.timestamp_ms, event.is_epoch) for event in found] == [
        (1000, True),
        (1005, True),
        (1012, True),
        (3, False),
    ]


def test_a_report_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(collect, "MAX_REPORT", 3000)
    collector = ReportCollector(KNOWN)
    part = report(value(2, "x" * 900), more_chunked_messages=True)
    assert [collector.add(part) for _ in range(3)] == [True] * 3
    with pytest.raises(TlvError):
        collector.add(part)


def test_writes_are_cut_where_they_must_be():
    texts = tuple("t" * 50 for _ in range(10))
    payloads = write_requests([AttributeWrite(1, GADGET, Gadget.texts, texts, 77)], max_payload=200)
    messages = [WriteRequestMessage.decode(payload) for payload in payloads]
    assert [m.more_chunked_messages for m in messages] == [True] * (len(messages) - 1) + [None]
    entries = [entry for m in messages for entry in m.write_requests]
    assert (entries[0].data, entries[0].data_version) == ([], 77)
    assert [entry.data for entry in entries[1:]] == list(texts)
    assert all(entry.path.list_index is None for entry in entries[1:])


@pytest.mark.parametrize(
    ("write", "options"),
    [
        (AttributeWrite(1, GADGET, Gadget.label, "x" * 300), {}),
        (AttributeWrite(1, GADGET, Gadget.texts, ("x" * 300,)), {}),
        (AttributeWrite(1, GADGET, Gadget.scenes, tuple(range(300))), {"timed": True}),
        (AttributeWrite(1, GADGET, Gadget.scenes, tuple(range(300))), {"suppress_response": True}),
    ],
)
def test_writes_that_cannot_be_cut_are_a_mistake(write, options):
    with pytest.raises(Misuse):
        write_requests([write], max_payload=200, **options)


def test_a_refused_write_raises_when_asked():
    (status,) = parse_write_response(bytes.fromhex("15360015370024020124030624040018350124008718181824ff0c18"))
    assert (status.endpoint, status.cluster, status.attribute) == (1, 6, 0)
    with pytest.raises(StatusError):
        status.check()


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(lambda tail: b"\x15\x36\x01\x15\x35\x01" + tail)))
def test_any_octets_parse_or_are_refused_in_one_way(payload):
    for parse in (
        ReportCollector(KNOWN).add,
        parse_write_response,
        lambda octets: parse_invoke_response(octets, KNOWN),
    ):
        with contextlib.suppress(TlvError):
            parse(payload)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_report_parses_or_is_refused_in_one_way(data):
    payload = bytearray(report(value(5, [1, 2]), value(5, 3, append=True), value(1, 4)))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(TlvError):
        ReportCollector(KNOWN).add(bytes(payload))
