"""The clusters of a lock, served and asked for as a controller does."""

from __future__ import annotations

import pytest
from tests.matter.interaction.home import ADMIN, NEIGHBOUR, OPERATOR, VIEWER, Client, Endpoint, Home, View

from latchwork.matter.interaction.client import (
    AttributeQuery,
    AttributeWrite,
    EventQuery,
    Invocation,
    ReportCollector,
    invoke_request,
    parse_invoke_response,
    read_request,
    timed_request,
    write_requests,
)
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.clusters.access_control import AccessControl, AccessControlEntryStruct
from latchwork.matter.model.clusters.descriptor import Descriptor
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, LockStateEnum
from latchwork.matter.model.clusters.identify import Identify, IdentifyRequest


class LockView(View):
    """A lock that does as it is told."""

    def invoke(self, command, request, context):
        locked = command is DoorLock.lock_door
        self.state.lock_state = LockStateEnum.LOCKED if locked else LockStateEnum.UNLOCKED


def entry(fabric: int, subject: int, privilege: int = 5) -> AccessControlEntryStruct:
    return AccessControlEntryStruct(
        privilege=privilege, auth_mode=2, subjects=(subject,), targets=None, fabric_index=fabric
    )


@pytest.fixture
def home() -> Home:
    home = Home()
    lock = Endpoint(1, Identify(), Descriptor(), DoorLock())
    lock.clusters[DoorLock.id] = LockView(lock.clusters[DoorLock.id].state)
    home.endpoints = {0: Endpoint(0, Descriptor(), AccessControl(acl=(entry(1, 0xA), entry(2, 0xA)))), 1: lock}
    return home


def report(client: Client, payload: bytes) -> ReportCollector:
    collector, replies = ReportCollector(CLUSTERS), client.say(Opcode.READ_REQUEST, payload)
    while collector.add(replies.messages[0][1]):
        replies = client.ok()
    return collector


def write(client: Client, cluster, attribute, value, *, endpoint: int = 1) -> list[int]:
    writes = [AttributeWrite(endpoint, cluster.id, attribute, value)]
    return [status.status for status in client.write(*write_requests(writes, max_payload=1200))]


@pytest.mark.parametrize("limit", [150, 400, 1200])
def test_a_controller_reads_everything_in_its_declared_type(home, limit):
    answer = report(home.client(max_payload=limit), read_request([AttributeQuery()], [EventQuery()]))
    expected = {
        (endpoint.number, cluster, attribute)
        for endpoint in home.endpoints.values()
        for cluster, view in endpoint.clusters.items()
        for attribute in view.state.supported_attributes
    }
    assert {value[:3] for value in answer.attributes} == expected
    assert [value for value in answer.attributes if not value.is_typed] == []
    assert answer.statuses == []


def test_a_door_is_locked_by_a_timed_command_only(home):
    lock = home.endpoints[1].clusters[DoorLock.id].state
    command = Invocation(1, DoorLock.id, DoorLock.lock_door.id, LockDoor())
    ((_, payload),) = home.client(OPERATOR).say(Opcode.INVOKE_REQUEST, invoke_request(command)).messages
    ((result,), _) = parse_invoke_response(payload, CLUSTERS)
    assert result.status == Status.NEEDS_TIMED_INTERACTION
    client = home.client(OPERATOR)
    client.say(Opcode.TIMED_REQUEST, timed_request(1000))
    ((_, payload),) = client.say(Opcode.INVOKE_REQUEST, invoke_request(command, timed=True)).messages
    ((result,), _) = parse_invoke_response(payload, CLUSTERS)
    assert (result.status, lock.lock_state) == (Status.SUCCESS, LockStateEnum.LOCKED)


def test_identifying_takes_the_privilege_that_the_specification_says(home):
    identify = Invocation(1, Identify.id, Identify.identify.id, IdentifyRequest(identify_time=3))
    for subject, status in (
        (VIEWER, Status.UNSUPPORTED_ACCESS),
        (OPERATOR, Status.UNSUPPORTED_ACCESS),
        (ADMIN, Status.SUCCESS),
    ):
        home.endpoints[1].clusters[Identify.id].handler = lambda *_: None
        ((_, payload),) = home.client(subject).say(Opcode.INVOKE_REQUEST, invoke_request(identify)).messages
        ((result,), _) = parse_invoke_response(payload, CLUSTERS)
        assert result.status == status
    assert write(home.client(VIEWER), Identify, Identify.identify_time, 5) == [Status.UNSUPPORTED_ACCESS]
    assert write(home.client(OPERATOR), Identify, Identify.identify_time, 5) == [Status.SUCCESS]


def test_an_administrator_writes_his_own_access_list_and_sees_no_more_of_others_than_their_fabric(home):
    mine = (entry(0, 0xA), entry(0, 0xB, 3))
    assert write(home.client(ADMIN), AccessControl, AccessControl.acl, mine, endpoint=0) == [Status.SUCCESS]
    acl = home.endpoints[0].clusters[AccessControl.id].state.acl
    assert [(e.fabric_index, e.subjects) for e in acl] == [(2, (0xA,)), (1, (0xA,)), (1, (0xB,))]
    query = AttributeQuery(0, AccessControl.id, AccessControl.acl.id)
    (value,) = report(home.client(NEIGHBOUR), read_request([query])).attributes
    assert value.value == (entry(2, 0xA),)
    (value,) = report(home.client(ADMIN), read_request([query], fabric_filtered=False)).attributes
    assert value.value[0] == {254: 2}
    assert [item[254] for item in value.value] == [2, 1, 1]


def test_an_operator_does_not_see_the_access_list(home):
    query = AttributeQuery(0, AccessControl.id, AccessControl.acl.id)
    assert report(home.client(OPERATOR), read_request([query])).statuses[0].status == Status.UNSUPPORTED_ACCESS
