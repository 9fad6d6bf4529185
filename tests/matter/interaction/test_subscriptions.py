"""Subscriptions against a clock that only moves when told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.interaction.home import (
    ADMIN,
    GADGET,
    NEIGHBOUR,
    STRANGER,
    Client,
    Gadget,
    Home,
    path,
    status_of,
)

from latchwork.matter.interaction.client import (
    AttributeQuery,
    EventQuery,
    ReportCollector,
    read_request,
    subscribe_request,
)
from latchwork.matter.interaction.paths import WildcardPathFlags
from latchwork.matter.interaction.subscriptions import Phase, Report
from latchwork.matter.interaction.wire import status_response
from latchwork.matter.messages.interaction import Opcode, SubscribeRequestMessage, SubscribeResponseMessage
from latchwork.matter.messages.status import Status
from latchwork.matter.trust.access import AccessEntry, AuthMode, Privilege, Subject

URGENT = EventQuery(1, GADGET, Gadget.alarm.id, is_urgent=True)


def subscribe(home: Home, *queries, events=(), low=2, high=10, client: Client | None = None, **options):
    """Subscribe, take the first report and the response."""
    client = client or home.client()
    payload = subscribe_request(queries, events, min_interval=low, max_interval=high, **options)
    report = client.report(client.say(Opcode.SUBSCRIBE_REQUEST, payload))
    replies = client.ok()
    assert replies.done
    ((opcode, payload),) = replies.messages
    assert opcode == Opcode.SUBSCRIBE_RESPONSE
    response = SubscribeResponseMessage.decode(payload)
    assert report.subscription_id == response.subscription_id
    return response, report


def deliver(report: Report) -> ReportCollector:
    """Carry a report to a subscriber who confirms everything."""
    collector = ReportCollector({GADGET: Gadget})
    replies = report.start()
    while replies.messages:
        ((opcode, payload),) = replies.messages
        assert opcode == Opcode.REPORT_DATA
        collector.add(payload)
        if replies.done:
            assert collector.suppress_response
            break
        replies = report.receive(Opcode.STATUS_RESPONSE, status_response(Status.SUCCESS))
    return collector


def due(home: Home) -> list[ReportCollector]:
    return [deliver(report) for report in home.server.subscriptions.due(home.now)]


def test_the_first_report_has_everything_and_then_the_subscription_stands():
    home = Home()
    home.gadget.level = 3
    response, report = subscribe(home, path(Gadget.level), path(Gadget.label))
    assert [value.value for value in report.attributes] == [3, ""]
    assert response.max_interval == 10
    assert [s.phase for s in home.server.subscriptions] == [Phase.ACTIVE]


def test_a_first_report_of_many_messages_is_taken_part_by_part():
    home = Home()
    home.gadget.scenes = tuple(range(300))
    _, report = subscribe(home, path(), client=home.client(max_payload=200))
    assert {value.attribute: value.value for value in report.attributes}[Gadget.scenes.id] == tuple(range(300))


def test_changes_wait_for_the_shortest_interval_and_are_told_together():
    home = Home()
    subscribe(home, path())
    home.now += 1
    home.gadget.level = 1
    home.gadget.level = 2
    home.gadget.label = "x"
    assert home.server.subscriptions.deadline() == 102.0
    assert due(home) == []
    home.now = 102.0
    (report,) = due(home)
    assert [(value.attribute, value.value) for value in report.attributes] == [(1, 2), (2, "x")]


def test_silence_is_broken_by_an_empty_report_that_wants_no_answer():
    home = Home()
    subscribe(home, path())
    assert home.server.subscriptions.deadline() == 110.0
    home.now = 110.0
    (report,) = due(home)
    assert (report.attributes, report.events, report.suppress_response) == ([], [], True)
    assert home.server.subscriptions.deadline() == 120.0


def test_other_attributes_do_not_matter():
    home = Home()
    subscribe(home, path(Gadget.level))
    home.gadget.label = "x"
    home.endpoints[0].clusters[GADGET].state.level = 9
    assert home.server.subscriptions.deadline() == 110.0


def test_a_change_during_the_first_report_is_told_afterwards():
    home = Home()
    client = home.client()
    payload = subscribe_request([path(Gadget.level)], min_interval=0, max_interval=10)
    client.report(client.say(Opcode.SUBSCRIBE_REQUEST, payload))
    home.gadget.level = 5
    client.ok()
    (report,) = due(home)
    assert [value.value for value in report.attributes] == [5]


def test_a_change_while_a_report_is_under_way_is_told_in_the_next():
    home = Home()
    subscribe(home, path(Gadget.level), low=0)
    home.gadget.level = 1
    (report,) = home.server.subscriptions.due(home.now)
    report.start()
    home.gadget.level = 2
    assert home.server.subscriptions.due(home.now) == []
    assert report.receive(Opcode.STATUS_RESPONSE, status_response(Status.SUCCESS)).done
    (again,) = due(home)
    assert [value.value for value in again.attributes] == [2]


def test_an_urgent_event_comes_soon_and_another_waits():
    home = Home()
    subscribe(home, events=[EventQuery(1, GADGET, Gadget.pressed.id), URGENT])
    home.press(1)
    assert home.server.subscriptions.deadline() == 110.0
    home.press(2, Gadget.alarm)
    assert home.server.subscriptions.deadline() == 102.0
    home.now = 102.0
    (report,) = due(home)
    assert [event.value.position for event in report.events] == [1, 2]
    home.now = 112.0
    (report,) = due(home)
    assert report.events == []


def test_events_of_the_past_come_first_and_only_once():
    home = Home()
    numbers = [home.press(index) for index in range(4)]
    _, report = subscribe(home, events=[EventQuery(1, GADGET)], event_min=numbers[1])
    assert [event.number for event in report.events] == numbers[1:]
    number = home.press(9)
    home.now = 110.0
    (report,) = due(home)
    assert [event.number for event in report.events] == [number]


def test_a_subscriber_that_cannot_be_reached_loses_the_subscription():
    home = Home()
    subscribe(home, path(Gadget.level), low=0)
    home.gadget.level = 1
    (report,) = home.server.subscriptions.due(home.now)
    report.start()
    report.fail()
    assert len(home.server.subscriptions) == 0
    assert home.server.subscriptions.deadline() is None


@pytest.mark.parametrize(
    ("opcode", "payload"),
    [
        (Opcode.STATUS_RESPONSE, status_response(Status.INVALID_SUBSCRIPTION)),
        (Opcode.STATUS_RESPONSE, b"\xff"),
        (Opcode.READ_REQUEST, read_request()),
    ],
)
def test_a_subscriber_that_does_not_confirm_loses_the_subscription(opcode, payload):
    home = Home()
    subscribe(home, path(Gadget.level), low=0)
    home.gadget.level = 1
    (report,) = home.server.subscriptions.due(home.now)
    report.start()
    assert report.receive(opcode, payload) == ([], True)
    assert len(home.server.subscriptions) == 0


def test_subscribing_anew_ends_one_s_other_subscriptions_unless_they_are_kept():
    home = Home()
    subscribe(home, path(Gadget.level))
    subscribe(home, path(Gadget.label), client=home.client(NEIGHBOUR))
    subscribe(home, path(Gadget.label), keep_subscriptions=True)
    assert len(home.server.subscriptions) == 3
    subscribe(home, path(Gadget.on))
    assert sorted(s.subscriber for s in home.server.subscriptions) == [(1, 0xA), (2, 0xA)]


@pytest.mark.parametrize(
    ("subject", "message", "status"),
    [
        (Subject(auth_mode=AuthMode.PASE, fabric_index=0, is_commissioning=True), {}, Status.UNSUPPORTED_ACCESS),
        (ADMIN, {"min_interval_floor": 11}, Status.INVALID_ACTION),
        (ADMIN, {"attribute_requests": None}, Status.INVALID_ACTION),
        (STRANGER, {}, Status.INVALID_ACTION),
    ],
)
def test_subscriptions_that_make_no_sense_are_refused(subject, message, status):
    home = Home()
    good = SubscribeRequestMessage.decode(subscribe_request([path(Gadget.level)], min_interval=1, max_interval=10))
    replies = home.client(subject).say(Opcode.SUBSCRIBE_REQUEST, good.replace(**message).encode())
    assert status_of(replies) is status
    assert len(home.server.subscriptions) == 0


def test_a_subscription_that_is_given_up_halfway_leaves_nothing():
    home = Home()
    client = home.client()
    client.say(Opcode.SUBSCRIBE_REQUEST, subscribe_request([path()], min_interval=0, max_interval=10))
    assert len(home.server.subscriptions) == 1
    client.ok(Status.FAILURE)
    assert len(home.server.subscriptions) == 0


def test_a_fabric_has_only_so_much_room():
    home = Home()
    for _ in range(16):
        subscribe(home, path(Gadget.level), keep_subscriptions=True)
    payload = subscribe_request([path()], min_interval=0, max_interval=10, keep_subscriptions=True)
    assert status_of(home.client().say(Opcode.SUBSCRIBE_REQUEST, payload)) is Status.RESOURCE_EXHAUSTED


def test_every_fabric_gets_its_three_even_when_others_were_faster():
    home = Home()
    fabrics = range(1, 7)
    subjects = {index: Subject(auth_mode=AuthMode.CASE, fabric_index=index, node_id=1) for index in fabrics}
    for index in fabrics:
        entry = AccessEntry(index, Privilege.VIEW, AuthMode.CASE, None, None)
        home.access.replace(index, (entry,))
    for index in fabrics:
        for _ in range(16 if index <= 4 else 3):
            subscribe(home, path(Gadget.level), keep_subscriptions=True, client=home.client(subjects[index]))
    owners = [s.subscriber[0] for s in home.server.subscriptions]
    assert len(owners) == 64
    assert (owners.count(5), owners.count(6)) == (3, 3)
    payload = subscribe_request([path(Gadget.level)], min_interval=0, max_interval=10, keep_subscriptions=True)
    assert status_of(home.client(subjects[5]).say(Opcode.SUBSCRIBE_REQUEST, payload)) is Status.RESOURCE_EXHAUSTED


def test_intervals_are_kept_within_an_hour_and_above_the_floor():
    home = Home()
    assert subscribe(home, path(), low=0, high=0)[0].max_interval == 1
    assert subscribe(home, path(), low=0, high=0xFFFF)[0].max_interval == 3600
    assert subscribe(home, path(), low=5000, high=0xFFFF)[0].max_interval == 5000


def test_what_one_may_no_longer_see_is_no_longer_told():
    home = Home()
    subscribe(home, path(Gadget.level), low=0)
    home.access.replace(1, ())
    home.gadget.level = 1
    (report,) = due(home)
    assert (report.attributes, report.statuses) == ([], [])


def test_attributes_that_change_too_often_are_not_told():
    home = Home()
    subscribe(home, path())
    home.server.subscriptions.attribute_changed(1, GADGET, Gadget.uptime.id)
    home.server.subscriptions.attribute_changed(1, GADGET, 0x0FFF)
    assert home.server.subscriptions.deadline() == 110.0


def test_what_a_wildcard_leaves_out_is_left_out_later_too():
    home = Home()
    subscribe(home, AttributeQuery(flags=int(WildcardPathFlags.SKIP_ROOT_NODE)))
    home.endpoints[0].clusters[GADGET].state.level = 1
    assert home.server.subscriptions.deadline() == 110.0
    home.gadget.level = 1
    assert home.server.subscriptions.deadline() == 102.0


def test_a_fabric_that_leaves_and_a_session_that_ends_take_their_subscriptions_with_them():
    home, dropped = Home(), []
    home.server.subscriptions.on_dropped = dropped.append
    subscribe(home, path(Gadget.level))
    subscribe(home, path(Gadget.level), client=home.client(NEIGHBOUR))
    home.server.subscriptions.drop_fabric(2)
    assert [s.subscriber for s in dropped] == [(2, 0xA)]
    home.server.subscriptions.drop_session(ADMIN)
    assert len(home.server.subscriptions) == 0


def test_a_subscription_dropped_while_it_was_set_up_is_not_confirmed():
    home = Home()
    client = home.client()
    client.report(client.say(Opcode.SUBSCRIBE_REQUEST, subscribe_request([path()], min_interval=0, max_interval=10)))
    home.server.subscriptions.drop_fabric(1)
    assert status_of(client.ok()) is Status.RESOURCE_EXHAUSTED


@settings(max_examples=60, deadline=None)
@given(
    low=st.integers(0, 5),
    high=st.integers(5, 20),
    steps=st.lists(
        st.tuples(st.integers(1, 64).map(lambda eighths: eighths / 8), st.one_of(st.none(), st.integers(0, 99))),
        max_size=25,
    ),
)
def test_whatever_happens_the_subscriber_knows_the_value_in_time(low, high, steps):
    home = Home()
    _, report = subscribe(home, path(Gadget.level), low=low, high=high)
    known, heard = report.attributes[0].value, home.now
    for wait, level in steps:
        until = home.now + wait
        while (at := home.server.subscriptions.deadline()) is not None and at <= until:
            home.now = max(home.now, at)
            for told in due(home):
                assert home.now - heard >= low
                assert home.now - heard <= high
                heard = home.now
                known = told.attributes[0].value if told.attributes else known
                assert known == home.gadget.level
        home.now = until
        if level is not None:
            home.gadget.level = level
    home.now += high
    for told in due(home):
        known = told.attributes[0].value if told.attributes else known
    assert known == home.gadget.level
