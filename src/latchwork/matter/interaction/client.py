"""What a client asks: requests as bytes (Core 10.7).

Interaction storey of `matter`; knows how requests are laid out and cut, not the exchange. What comes back is taken apart by `collect`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from latchwork.base.errors import Misuse
from latchwork.matter.interaction import wire
from latchwork.matter.interaction.collect import ReportCollector, parse_invoke_response, parse_write_response
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery
from latchwork.matter.interaction.values import AttributeStatus, AttributeValue, EventStatus, EventValue, InvokeResult
from latchwork.matter.messages.interaction import (
    AttributePathIB,
    ClusterPathIB,
    DataVersionFilterIB,
    EventFilterIB,
    EventPathIB,
    ReadRequestMessage,
    SubscribeRequestMessage,
    TimedRequestMessage,
)
from latchwork.matter.model.meta import Attribute
from latchwork.matter.tlv.elements import encode
from latchwork.matter.tlv.schema import Struct

__all__ = [
    "AttributeQuery",
    "AttributeStatus",
    "AttributeValue",
    "AttributeWrite",
    "EventQuery",
    "EventStatus",
    "EventValue",
    "Invocation",
    "InvokeResult",
    "ReportCollector",
    "invoke_request",
    "invoke_requests",
    "parse_invoke_response",
    "parse_write_response",
    "read_attribute",
    "read_request",
    "subscribe_request",
    "timed_request",
    "write_requests",
]

_READ_TAIL: Final = {
    filtered: b"\x18" + (b"\x29\x03" if filtered else b"\x28\x03") + wire.REVISION_AND_END for filtered in (False, True)
}
_TRUE, _FALSE = 0x29, 0x28
_STATUS_LENGTH: Final = 36
"""Octets of the longest status of one written path: the response to a message of small pieces must fit one message, too."""


class AttributeWrite:
    """One attribute to set.

    Args:
        endpoint: where; None is everywhere.
        cluster: the cluster's id.
        attribute: its declaration, or its id for values that the TLV writer understands.
        value: the whole value.
        data_version: write only while the cluster has this version.
    """

    __slots__ = ("_encode", "cluster", "data_version", "endpoint", "number", "value")

    def __init__(
        self,
        endpoint: int | None,
        cluster: int,
        attribute: Attribute[Any] | int,
        value: Any,
        data_version: int | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.cluster = cluster
        self.number = attribute if isinstance(attribute, int) else attribute.id
        self.value = value
        self.data_version = data_version
        self._encode = _put if isinstance(attribute, int) else attribute.codec.encoder(2)

    def encode(self, value: Any) -> bytes:
        """A value of this attribute as an element with tag 2."""
        out = bytearray()
        self._encode(out, value)
        return bytes(out)


def _put(out: bytearray, value: Any) -> None:
    out += encode(value, 2)


class Invocation(NamedTuple):
    """One command to run: where, which (ids), with which fields."""

    endpoint: int | None
    cluster: int
    command: int
    request: Struct | None = None


def _attribute_paths(queries: Iterable[AttributeQuery]) -> tuple[AttributePathIB, ...] | None:
    return (
        tuple(
            AttributePathIB(
                endpoint=q.endpoint, cluster=q.cluster, attribute=q.attribute, wildcard_path_flags=q.flags or None
            )
            for q in queries
        )
        or None
    )


def _event_paths(queries: Iterable[EventQuery]) -> tuple[EventPathIB, ...] | None:
    return (
        tuple(
            EventPathIB(endpoint=q.endpoint, cluster=q.cluster, event=q.event, is_urgent=True if q.is_urgent else None)
            for q in queries
        )
        or None
    )


def _event_filters(event_min: int | None) -> tuple[EventFilterIB, ...] | None:
    return None if event_min is None else (EventFilterIB(event_min=event_min),)


def _version_filters(versions: Mapping[tuple[int, int], int] | None) -> tuple[DataVersionFilterIB, ...] | None:
    if not versions:
        return None
    return tuple(
        DataVersionFilterIB(path=ClusterPathIB(endpoint=endpoint, cluster=cluster), data_version=version)
        for (endpoint, cluster), version in versions.items()
    )


def read_attribute(endpoint: int, cluster: int, attribute: int, *, fabric_filtered: bool = True) -> bytes:
    """A ReadRequest for one attribute; the same as `read_request`, faster."""
    path = wire.attribute_path(0, endpoint, cluster, attribute)
    return b"\x15\x36\x00\x17" + path[2:] + _READ_TAIL[fabric_filtered]


def read_request(
    attributes: Iterable[AttributeQuery] = (),
    events: Iterable[EventQuery] = (),
    *,
    fabric_filtered: bool = True,
    event_min: int | None = None,
    data_versions: Mapping[tuple[int, int], int] | None = None,
) -> bytes:
    """A ReadRequest.

    Args:
        attributes: which attributes.
        events: which events.
        fabric_filtered: leave out entries of other fabrics.
        event_min: leave out events before this number.
        data_versions: leave out clusters, by (endpoint, cluster), that still have this version.
    """
    return ReadRequestMessage(
        attribute_requests=_attribute_paths(attributes),
        event_requests=_event_paths(events),
        event_filters=_event_filters(event_min),
        fabric_filtered=fabric_filtered,
        data_version_filters=_version_filters(data_versions),
    ).encode()


def subscribe_request(
    attributes: Iterable[AttributeQuery] = (),
    events: Iterable[EventQuery] = (),
    *,
    min_interval: int,
    max_interval: int,
    keep_subscriptions: bool = False,
    fabric_filtered: bool = True,
    event_min: int | None = None,
    data_versions: Mapping[tuple[int, int], int] | None = None,
) -> bytes:
    """A SubscribeRequest.

    Args:
        attributes: which attributes.
        events: which events.
        min_interval: seconds that pass at least between two reports.
        max_interval: seconds that pass at most; the node may choose less, or up to an hour.
        keep_subscriptions: leave our other subscriptions to this node alone.
        fabric_filtered: leave out entries of other fabrics.
        event_min: leave out events before this number.
        data_versions: leave out of the first report clusters, by (endpoint, cluster), that still have this version.

    Raises:
        Misuse: the intervals contradict each other.
    """
    if min_interval > max_interval:
        raise Misuse("the shortest interval is longer than the longest")
    return SubscribeRequestMessage(
        keep_subscriptions=keep_subscriptions,
        min_interval_floor=min_interval,
        max_interval_ceiling=max_interval,
        attribute_requests=_attribute_paths(attributes),
        event_requests=_event_paths(events),
        event_filters=_event_filters(event_min),
        fabric_filtered=fabric_filtered,
        data_version_filters=_version_filters(data_versions),
    ).encode()


def timed_request(timeout_ms: int) -> bytes:
    """A TimedRequest: the write or command follows within `timeout_ms`."""
    return TimedRequestMessage(timeout=timeout_ms).encode()


def invoke_request(invocation: Invocation, *, timed: bool = False, suppress_response: bool = False) -> bytes:
    """An InvokeRequest of one command."""
    return invoke_requests((invocation,), timed=timed, suppress_response=suppress_response)


def invoke_requests(
    invocations: Sequence[Invocation], *, timed: bool = False, suppress_response: bool = False
) -> bytes:
    """An InvokeRequest; several commands get their place in `invocations` as reference.

    The peer takes at most as many as its Basic Information says, and each path only once.
    """
    out = bytearray((0x15, _TRUE if suppress_response else _FALSE, 0, _TRUE if timed else _FALSE, 1, 0x36, 2))
    for reference, invocation in enumerate(invocations):
        out += b"\x15\x37\x00"
        if invocation.endpoint is not None:
            out += wire.unsigned(0, invocation.endpoint)
        out += wire.unsigned(1, invocation.cluster) + wire.unsigned(2, invocation.command) + b"\x18\x35\x01"
        if invocation.request is not None:
            invocation.request.encode_members(out)
        out.append(wire.END)
        if len(invocations) > 1:
            out += wire.unsigned(2, reference)
        out.append(wire.END)
    out.append(wire.END)
    out += wire.REVISION_AND_END
    return bytes(out)


def write_requests(
    writes: Iterable[AttributeWrite], *, max_payload: int, timed: bool = False, suppress_response: bool = False
) -> list[bytes]:
    """WriteRequests, one after another on one exchange; long lists are cut.

    Raises:
        Misuse: a value cannot be cut to fit, or a write that takes several messages is timed or wants no response (Core 8.7.2).
    """
    head = bytes((0x15, _TRUE if suppress_response else _FALSE, 0, _TRUE if timed else _FALSE, 1, 0x36, 2))
    more = b"\x18\x29\x03" + wire.REVISION_AND_END
    room = max_payload - len(head) - len(more)
    most = max(1, (max_payload - len(head)) // _STATUS_LENGTH)
    bodies, pieces = [bytearray()], 0
    for write in writes:
        whole = _data(write, write.encode(write.value))
        for piece in (whole,) if len(whole) <= room else _pieces(write, room):
            if len(bodies[-1]) + len(piece) > room or pieces == most:
                bodies.append(bytearray())
                pieces = 0
            bodies[-1] += piece
            pieces += 1
    if len(bodies) > 1 and (timed or suppress_response):
        raise Misuse("a write that is timed or wants no response has to fit one message")
    last = b"\x18" + wire.REVISION_AND_END
    return [bytes(head + body + (more if body is not bodies[-1] else last)) for body in bodies]


def _data(write: AttributeWrite, value: bytes, *, append: bool = False) -> bytes:
    version = b"" if write.data_version is None else wire.unsigned(0, write.data_version)
    path = wire.attribute_path(1, write.endpoint, write.cluster, write.number, append=append)
    return b"\x15" + version + path + value + b"\x18"


def _pieces(write: AttributeWrite, room: int) -> Iterable[bytes]:
    if not isinstance(write.value, tuple | list):
        raise Misuse("a value is longer than a message")
    pieces = [_data(write, b"\x36\x02\x18")]
    for item in write.value:
        alone = write.encode((item,))
        pieces.append(_data(write, _retagged(alone[2:-1]), append=True))
    if max(map(len, pieces)) > room:
        raise Misuse("an item of a list is longer than a message")
    return pieces


def _retagged(item: bytes) -> bytes:
    """An anonymous element with tag 2."""
    return bytes((item[0] | 0x20, 2)) + item[1:]
