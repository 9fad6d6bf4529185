"""A small node and a client that talk in memory: the vocabulary of these tests."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

from latchwork.matter.interaction.client import (
    AttributeQuery,
    ReportCollector,
    parse_invoke_response,
    parse_write_response,
)
from latchwork.matter.interaction.events import EventLog
from latchwork.matter.interaction.replies import Replies
from latchwork.matter.interaction.server import InteractionServer
from latchwork.matter.interaction.wire import status_response
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.meta import Attribute, Cluster, Command, Event, Priority, Response
from latchwork.matter.tlv.schema import U8, U16, U32, Len, Nullable, Struct, Tag
from latchwork.matter.trust.access import AccessEntry, AccessList, AuthMode, Privilege, Subject


class Owner(Struct):
    """An entry that belongs to a fabric; its secret is for that fabric only."""

    fabric_sensitive = ("secret",)

    name: Annotated[str, Tag(0), Len(0, 200)]
    secret: Annotated[U32 | None, Tag(1), Nullable]
    fabric_index: Annotated[U8, Tag(254)]


class Ping(Struct):
    number: Annotated[U8, Tag(0)]
    text: Annotated[str | None, Tag(1), Len(0, 600)] = None


class Pong(Response):
    command_id = 1

    number: Annotated[U8, Tag(0)]
    text: Annotated[str | None, Tag(1)] = None


class Pressed(Struct):
    position: Annotated[U8, Tag(0)]


class Gadget(Cluster):
    """A cluster with one attribute of every kind that the rules tell apart."""

    id = 0xFFF1FC10
    revision = 1
    name = "Gadget"

    on = Attribute[bool](0x0000, bool, default=False)
    level = Attribute[int | None](0x0001, U8, access="RW VO", constraint="max 100", quality="X", default=0)
    label = Attribute[str](0x0002, str, access="RW VM", default="")
    note = Attribute[str](0x0003, str, access="R A", default="for administrators")
    armed = Attribute[bool](0x0004, bool, access="RW T VO", default=False)
    scenes = Attribute[tuple[int, ...]](0x0005, tuple[U16, ...], access="RW VO", constraint="max 300", default=())
    owners = Attribute[tuple[Owner, ...]](0x0006, tuple[Owner, ...], access="RW F VA", default=())
    serial = Attribute[str](0x0007, str, quality="F", default="X-1")
    uptime = Attribute[int](0x0008, U32, quality="C", default=7)
    texts = Attribute[tuple[str, ...]](0x0009, tuple[str, ...], access="RW VO", default=())

    ping = Command(0x00, Ping, Pong)
    reset = Command(0x02, None, None)
    unlock = Command(0x03, None, None, access="O T")
    adopt = Command(0x04, None, None, access="M F")
    wipe = Command(0x05, None, None, access="A")

    pressed = Event(0x00, Pressed)
    alarm = Event(0x01, Pressed, "M", Priority.CRITICAL)
    owner_changed = Event(0x02, Pressed, access="A", fabric_sensitive=True)


class View:
    """One cluster; commands go to `handler` when it is set."""

    def __init__(self, state: Cluster) -> None:
        self.state = state
        self.handler: Any = None
        self.refusal: StatusError | None = None
        self.writes: list[tuple[str, Any]] = []

    def read(self, attribute, context):
        if self.refusal is not None:
            raise self.refusal
        return getattr(self.state, attribute.name)

    def write(self, attribute, value, context):
        if self.refusal is not None:
            raise self.refusal
        self.writes.append((attribute.name, value))
        setattr(self.state, attribute.name, value)

    def invoke(self, command, request, context):
        if self.handler is not None:
            return self.handler(command, request, context)
        return Pong(number=request.number, text=request.text) if command.id == 0 else None


class Endpoint:
    def __init__(self, number: int, *states: Cluster) -> None:
        self.number = number
        self.clusters = {type(state).id: View(state) for state in states}
        self.device_types = (0x0100,)


GADGET = Gadget.id
ADMIN = Subject(auth_mode=AuthMode.CASE, fabric_index=1, node_id=0xA)
OPERATOR = Subject(auth_mode=AuthMode.CASE, fabric_index=1, node_id=0xB)
VIEWER = Subject(auth_mode=AuthMode.CASE, fabric_index=1, node_id=0xC)
STRANGER = Subject(auth_mode=AuthMode.CASE, fabric_index=1, node_id=0xD)
NEIGHBOUR = Subject(auth_mode=AuthMode.CASE, fabric_index=2, node_id=0xA)
BAND = Subject(auth_mode=AuthMode.GROUP, fabric_index=1, node_id=0xA, group_id=7)


def _entry(fabric: int, privilege: Privilege, subject: int, mode: AuthMode = AuthMode.CASE) -> AccessEntry:
    return AccessEntry(fabric_index=fabric, privilege=privilege, auth_mode=mode, subjects=(subject,), targets=None)


class Home:
    """A node with two gadgets on endpoints 0 and 1, and clients."""

    def __init__(self, **options: Any) -> None:
        self.endpoints = {number: Endpoint(number, Gadget()) for number in (0, 1)}
        self.access = AccessList()
        self.grant(
            _entry(1, Privilege.ADMINISTER, 0xA),
            _entry(1, Privilege.OPERATE, 0xB),
            _entry(1, Privilege.VIEW, 0xC),
            _entry(1, Privilege.OPERATE, 7, AuthMode.GROUP),
            _entry(2, Privilege.ADMINISTER, 0xA),
        )
        self.now = 100.0
        self.events = EventLog()
        count = itertools.count(1)
        self.server = InteractionServer(
            self,
            entropy=lambda size: next(count).to_bytes(size, "little"),
            group_endpoints=lambda fabric, group: (1,) if (fabric, group) == (1, 7) else (),
            **options,
        )
        self.events.on_recorded = self.server.subscriptions.event_recorded
        for endpoint in self.endpoints.values():
            for view in endpoint.clusters.values():
                view.state.on_change = self._changed(endpoint.number)

    def _changed(self, endpoint: int):
        return lambda cluster, attribute: self.server.subscriptions.attribute_changed(
            endpoint, type(cluster).id, attribute.id
        )

    def grant(self, *entries: AccessEntry) -> None:
        for index in {entry.fabric_index for entry in entries}:
            mine = tuple(entry for entry in entries if entry.fabric_index == index)
            self.access.replace(index, self.access.entries(index) + mine)

    @property
    def gadget(self) -> Gadget:
        return self.endpoints[1].clusters[GADGET].state

    @property
    def view(self) -> View:
        return self.endpoints[1].clusters[GADGET]

    def press(self, position: int = 0, event: Event = Gadget.pressed, fabric_index: int | None = None) -> int:
        return self.events.record(
            1, GADGET, event, Pressed(position=position), posix_ms=1000, fabric_index=fabric_index
        )

    def client(self, subject: Subject = ADMIN, *, max_payload: int = 1200) -> Client:
        return Client(self, subject, max_payload)


class Client:
    """Says things to a node on one exchange and takes the answers apart."""

    def __init__(self, home: Home, subject: Subject, max_payload: int) -> None:
        self.home = home
        self.max_payload = max_payload
        self.transaction = home.server.begin(subject, session=subject, max_payload=max_payload)
        self.payloads: list[tuple[int, bytes]] = []

    def say(self, opcode: int, payload: bytes) -> Replies:
        replies = self.transaction.receive(opcode, payload, now=self.home.now)
        assert isinstance(replies, Replies)
        return self.take(replies)

    def take(self, replies: Replies) -> Replies:
        self.payloads += replies.messages
        for _, payload in replies.messages:
            assert len(payload) <= self.max_payload
        return replies

    def ok(self, status: int = Status.SUCCESS) -> Replies:
        return self.say(Opcode.STATUS_RESPONSE, status_response(status))

    def report(self, replies: Replies) -> ReportCollector:
        """Take a report to its end, confirming each part."""
        collector = ReportCollector({GADGET: Gadget})
        while True:
            ((opcode, payload),) = replies.messages
            assert opcode == Opcode.REPORT_DATA
            if not collector.add(payload):
                return collector
            replies = self.ok()

    def read(self, payload: bytes) -> ReportCollector:
        return self.report(self.say(Opcode.READ_REQUEST, payload))

    def write(self, *payloads: bytes) -> list:
        statuses = []
        for payload in payloads:
            ((opcode, answer),) = self.say(Opcode.WRITE_REQUEST, payload).messages
            assert opcode == Opcode.WRITE_RESPONSE, refused(answer)
            statuses += parse_write_response(answer)
        return statuses

    def invoke(self, payload: bytes) -> list:
        results, replies = [], self.say(Opcode.INVOKE_REQUEST, payload)
        while True:
            ((opcode, answer),) = replies.messages
            assert opcode == Opcode.INVOKE_RESPONSE, refused(answer)
            more, are_more = parse_invoke_response(answer, {GADGET: Gadget})
            results += more
            if not are_more:
                return results
            replies = self.ok()


def refused(payload: bytes) -> Status:
    """The status of a StatusResponse."""
    return Status(StatusResponseMessage.decode(payload).status)


def status_of(replies: Replies) -> Status:
    """The status of the StatusResponse that is the whole reply."""
    ((opcode, payload),) = replies.messages
    assert opcode == Opcode.STATUS_RESPONSE
    return refused(payload)


def path(
    attribute: Attribute[Any] | None = None, endpoint: int | None = 1, cluster: int | None = GADGET
) -> AttributeQuery:
    return AttributeQuery(endpoint, cluster, None if attribute is None else attribute.id)
