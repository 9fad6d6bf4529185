"""Reads: access, statuses, filters, fabrics, cutting into messages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.interaction.home import (
    ADMIN,
    GADGET,
    NEIGHBOUR,
    OPERATOR,
    STRANGER,
    VIEWER,
    Gadget,
    Home,
    Owner,
    path,
    status_of,
)

from latchwork.matter.interaction.client import AttributeQuery, EventQuery, read_attribute, read_request
from latchwork.matter.interaction.paths import WildcardPathFlags
from latchwork.matter.messages.interaction import AttributePathIB, Opcode, ReadRequestMessage, ReportDataMessage
from latchwork.matter.messages.status import Status, StatusError


def test_one_attribute_is_answered_in_one_message_that_wants_no_answer():
    home = Home()
    replies = home.client().say(Opcode.READ_REQUEST, read_attribute(1, GADGET, Gadget.serial.id))
    message = ReportDataMessage.decode(replies.messages[0][1])
    assert replies.done
    assert message.suppress_response is True
    assert message.more_chunked_messages is None
    (report,) = message.attribute_reports
    assert report.attribute_data.data == "X-1"
    assert report.attribute_data.data_version == home.gadget.data_version


def test_the_fast_request_is_the_same_as_the_general_one():
    for filtered in (True, False):
        fast = read_attribute(1, GADGET, 5, fabric_filtered=filtered)
        assert fast == read_request([AttributeQuery(1, GADGET, 5)], fabric_filtered=filtered)


def test_a_value_comes_back_typed_with_its_version():
    home = Home()
    home.gadget.level = 42
    (value,) = home.client().read(read_request([path(Gadget.level)])).attributes
    assert value == (1, GADGET, 1, 42, home.gadget.data_version, True)


def test_the_answer_follows_the_value_although_the_request_is_known():
    home = Home()
    for level in (1, 2, 3):
        home.gadget.level = level
        assert home.client().read(read_attribute(1, GADGET, 1)).attributes[0].value == level


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (AttributeQuery(9, GADGET, 0), Status.UNSUPPORTED_ENDPOINT),
        (AttributeQuery(1, 0x0006, 0), Status.UNSUPPORTED_CLUSTER),
        (AttributeQuery(1, GADGET, 0x0FFF), Status.UNSUPPORTED_ATTRIBUTE),
    ],
)
def test_what_does_not_exist_is_told_only_to_those_who_may_look(query, status):
    home = Home()
    assert home.client(ADMIN).read(read_request([query])).statuses == [(*query[:3], status, None)]
    hidden = home.client(STRANGER).read(read_request([query])).statuses
    assert [entry.status for entry in hidden] == [Status.UNSUPPORTED_ACCESS]


def test_a_concrete_path_without_privilege_is_refused_and_a_wildcard_skips_it():
    home = Home()
    assert home.client(VIEWER).read(read_request([path(Gadget.note)])).statuses[0].status == Status.UNSUPPORTED_ACCESS
    seen = home.client(VIEWER).read(read_request([path()]))
    assert seen.statuses == []
    assert Gadget.note.id not in {value.attribute for value in seen.attributes}
    assert Gadget.note.id in {value.attribute for value in home.client(ADMIN).read(read_request([path()])).attributes}


def test_a_wildcard_read_finds_every_attribute_of_every_endpoint_once():
    home = Home()
    found = home.client().read(read_request([AttributeQuery(), path(Gadget.on), path()])).attributes
    assert len(found) == len({value[:3] for value in found})
    expected = {(number, GADGET, attribute) for number in (0, 1) for attribute in home.gadget.supported_attributes}
    assert {value[:3] for value in found} == expected
    assert all(value.is_typed for value in found)


def test_a_stranger_s_wildcard_finds_nothing():
    answer = Home().client(STRANGER).read(read_request([AttributeQuery()]))
    assert (answer.attributes, answer.statuses) == ([], [])


@pytest.mark.parametrize(
    ("flag", "hidden"),
    [
        (WildcardPathFlags.SKIP_FIXED_ATTRIBUTES, {Gadget.serial.id}),
        (WildcardPathFlags.SKIP_CHANGES_OMITTED_ATTRIBUTES, {Gadget.uptime.id}),
        (WildcardPathFlags.SKIP_ATTRIBUTE_LIST, {0xFFFB}),
        (WildcardPathFlags.SKIP_COMMAND_LISTS, {0xFFF8, 0xFFF9}),
        (WildcardPathFlags.SKIP_GLOBAL_ATTRIBUTES, {0xFFF8, 0xFFF9, 0xFFFB}),
    ],
)
def test_wildcard_flags_leave_out(flag, hidden):
    home = Home()
    everything = {v.attribute for v in home.client().read(read_request([path()])).attributes}
    less = {v.attribute for v in home.client().read(read_request([path()._replace(flags=int(flag))])).attributes}
    gone = everything - less
    if flag is WildcardPathFlags.SKIP_FIXED_ATTRIBUTES:
        assert hidden <= gone
    else:
        assert gone == hidden & everything
    assert Gadget.on.id in less


def test_wildcard_flags_leave_out_the_root_and_clusters_of_vendors():
    home = Home()
    rootless = home.client().read(read_request([AttributeQuery(flags=int(WildcardPathFlags.SKIP_ROOT_NODE))]))
    assert {value.endpoint for value in rootless.attributes} == {1}
    standard = home.client().read(read_request([AttributeQuery(flags=int(WildcardPathFlags.SKIP_CUSTOM_ELEMENTS))]))
    assert standard.attributes == []


def test_a_cluster_whose_version_is_known_is_left_out():
    home = Home()
    home.endpoints[0].clusters[GADGET].state.label = "changed"
    known = {(1, GADGET): home.gadget.data_version, (0, GADGET): home.gadget.data_version + 9}
    found = home.client().read(read_request([path(None, None)], data_versions=known)).attributes
    assert {value.endpoint for value in found} == {0}


def test_an_empty_read_gets_an_empty_report():
    answer = Home().client().read(read_request())
    assert (answer.attributes, answer.events) == ([], [])


def test_a_cluster_s_refusal_reaches_the_reader():
    home = Home()
    home.view.refusal = StatusError(Status.BUSY)
    answer = home.client().read(read_request([path(Gadget.on)]))
    assert answer.statuses == [(1, GADGET, 0, Status.BUSY, None)]


def test_one_broken_cluster_does_not_spoil_the_report(caplog):
    home = Home()
    home.view.read = lambda *_: 1 / 0
    answer = home.client().read(read_request([path(Gadget.on, None)]))
    assert [value.endpoint for value in answer.attributes] == [0]
    assert answer.statuses == [(1, GADGET, 0, Status.FAILURE, None)]
    assert "ZeroDivisionError" in caplog.text


def test_a_value_that_is_not_of_its_type_is_a_failure(caplog):
    home = Home()
    home.view.read = lambda *_: "no number"
    assert home.client().read(read_request([path(Gadget.uptime)])).statuses[0].status == Status.FAILURE
    assert caplog.records


def test_an_endpoint_that_goes_and_comes_is_seen_as_it_is():
    home = Home()
    assert home.client().read(read_attribute(1, GADGET, 0)).attributes
    gone = home.endpoints.pop(1)
    assert home.client().read(read_attribute(1, GADGET, 0)).statuses[0].status == Status.UNSUPPORTED_ENDPOINT
    home.endpoints[1] = type(gone)(1, Gadget(on=True))
    assert home.client().read(read_attribute(1, GADGET, 0)).attributes[0].value is True


def test_a_filtered_read_shows_one_s_own_entries_only():
    home = Home()
    home.gadget.owners = (
        Owner(name="mine", secret=1, fabric_index=1),
        Owner(name="theirs", secret=2, fabric_index=2),
    )
    (value,) = home.client(ADMIN).read(read_request([path(Gadget.owners)])).attributes
    assert [owner.name for owner in value.value] == ["mine"]
    (value,) = home.client(NEIGHBOUR).read(read_request([path(Gadget.owners)])).attributes
    assert [owner.name for owner in value.value] == ["theirs"]


def test_an_unfiltered_read_hides_the_sensitive_fields_of_others():
    home = Home()
    home.gadget.owners = (
        Owner(name="mine", secret=1, fabric_index=1),
        Owner(name="theirs", secret=2, fabric_index=2),
    )
    (value,) = home.client(ADMIN).read(read_request([path(Gadget.owners)], fabric_filtered=False)).attributes
    assert value.value == [{0: "mine", 1: 1, 254: 1}, {0: "theirs", 254: 2}]


def test_the_sensitive_fields_of_others_stay_hidden_when_a_list_is_cut():
    home = Home()
    home.gadget.owners = tuple(Owner(name="n" * 90, secret=index, fabric_index=1 + index % 2) for index in range(9))
    client = home.client(ADMIN, max_payload=200)
    (value,) = client.read(read_request([path(Gadget.owners)], fabric_filtered=False)).attributes
    assert [entry.get(1) for entry in value.value] == [0, None, 2, None, 4, None, 6, None, 8]


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(128, 1280), texts=st.lists(st.text("ab", max_size=60), max_size=40), scenes=st.integers(0, 300)
)
def test_a_long_list_survives_any_limit(limit, texts, scenes):
    home = Home()
    home.gadget.texts = tuple(texts)
    home.gadget.scenes = tuple(range(scenes))
    client = home.client(max_payload=limit)
    answer = client.read(read_request([path()]))
    values = {value.attribute: value.value for value in answer.attributes}
    assert values[Gadget.texts.id] == tuple(texts)
    assert values[Gadget.scenes.id] == tuple(range(scenes))
    assert values[Gadget.serial.id] == "X-1"
    flags = [ReportDataMessage.decode(payload).more_chunked_messages for _, payload in client.payloads]
    assert flags == [True] * (len(flags) - 1) + [None]


def test_a_value_that_fits_no_message_is_a_status_and_the_rest_goes_on():
    home = Home()
    home.gadget.label = "x" * 500
    answer = home.client(max_payload=200).read(read_request([path(Gadget.label), path(Gadget.on)]))
    assert [(status.attribute, status.status) for status in answer.statuses] == [(2, Status.RESOURCE_EXHAUSTED)]
    assert [value.attribute for value in answer.attributes] == [0]


def test_a_reader_who_does_not_want_the_rest_is_left_alone():
    home = Home()
    home.gadget.scenes = tuple(range(300))
    client = home.client(max_payload=200)
    assert not client.say(Opcode.READ_REQUEST, read_request([path()])).done
    assert client.ok(Status.FAILURE) == ([], True)
    assert client.ok() == ([], True)


def test_something_else_than_a_status_between_two_parts_is_refused():
    home = Home()
    home.gadget.scenes = tuple(range(300))
    client = home.client(max_payload=200)
    client.say(Opcode.READ_REQUEST, read_request([path()]))
    assert status_of(client.say(Opcode.READ_REQUEST, read_request([path()]))) is Status.INVALID_ACTION


@pytest.mark.parametrize(
    "wrong",
    [
        AttributePathIB(endpoint=0xFFFF, cluster=6, attribute=0),
        AttributePathIB(endpoint=1, cluster=0xFFFF_0001, attribute=0),
        AttributePathIB(endpoint=1, cluster=0x8000, attribute=0),
        AttributePathIB(endpoint=1, cluster=6, attribute=0x5000),
        AttributePathIB(endpoint=1, attribute=0),
        AttributePathIB(endpoint=1, cluster=6, list_index=2),
    ],
)
def test_paths_that_cannot_be_are_an_invalid_action(wrong):
    payload = ReadRequestMessage(attribute_requests=(wrong,), fabric_filtered=True).encode()
    assert status_of(Home().client().say(Opcode.READ_REQUEST, payload)) is Status.INVALID_ACTION


def test_a_global_attribute_can_be_read_from_all_clusters():
    found = Home().client().read(read_request([AttributeQuery(None, None, 0xFFFD)])).attributes
    assert [value.endpoint for value in found] == [0, 1]


def test_too_many_paths_are_exhausting():
    payload = read_request([AttributeQuery(1, GADGET, number) for number in range(129)])
    assert status_of(Home().client().say(Opcode.READ_REQUEST, payload)) is Status.PATHS_EXHAUSTED


def test_events_come_in_order_and_from_the_number_asked_for():
    home = Home()
    numbers = [home.press(position, event) for position, event in enumerate([Gadget.pressed, Gadget.alarm] * 3)]
    answer = home.client().read(read_request(events=[EventQuery(1, GADGET, None)], event_min=numbers[2]))
    assert [event.number for event in answer.events] == numbers[2:]
    assert [event.value.position for event in answer.events] == [2, 3, 4, 5]
    assert {event.timestamp_ms for event in answer.events} == {1000}
    assert all(event.is_epoch and event.is_typed for event in answer.events)


@pytest.mark.parametrize(
    ("subject", "query", "status"),
    [
        (ADMIN, EventQuery(9, GADGET, 0), Status.UNSUPPORTED_ENDPOINT),
        (ADMIN, EventQuery(1, 0x0006, 0), Status.UNSUPPORTED_CLUSTER),
        (ADMIN, EventQuery(1, GADGET, 99), Status.UNSUPPORTED_EVENT),
        (STRANGER, EventQuery(1, GADGET, 99), Status.UNSUPPORTED_ACCESS),
        (OPERATOR, EventQuery(1, GADGET, 2), Status.UNSUPPORTED_ACCESS),
    ],
)
def test_event_paths_without_events_have_statuses(subject, query, status):
    answer = Home().client(subject).read(read_request(events=[query]))
    assert answer.event_statuses == [(*query[:3], status)]


def test_sensitive_events_are_for_their_fabric():
    home = Home()
    mine, theirs = (home.press(0, Gadget.owner_changed, fabric_index=index) for index in (1, 2))
    for subject, number in ((ADMIN, mine), (NEIGHBOUR, theirs)):
        answer = home.client(subject).read(read_request(events=[EventQuery()]))
        assert [event.number for event in answer.events] == [number]
    assert home.client(VIEWER).read(read_request(events=[EventQuery()])).events == []


def test_many_events_and_attributes_share_messages_of_any_size():
    home = Home()
    numbers = [home.press(position % 250) for position in range(100)]
    for limit in (128, 200, 333, 1200):
        client = home.client(max_payload=limit)
        answer = client.read(read_request([path()], [EventQuery()]))
        assert [event.number for event in answer.events] == numbers
        assert len(answer.attributes) == len(home.gadget.supported_attributes)
