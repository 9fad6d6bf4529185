"""What comes back to a client: reports put together from their messages, responses taken apart (Core 10.7).

Interaction storey of `matter`; knows the clusters' declarations, not the exchange. Written for speed: it works on what the TLV reader
gives, without structures in between. Whatever a peer gets wrong is a TlvError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from latchwork.matter.interaction.values import (
    AttributeStatus,
    AttributeValue,
    EventStatus,
    EventValue,
    InvokeResult,
)
from latchwork.matter.messages.status import Status
from latchwork.matter.model.meta import Cluster
from latchwork.matter.tlv.elements import TlvError, TlvList, decode
from latchwork.matter.tlv.schema import Codec, Struct, StructCodec

MAX_REPORT: Final = 4 << 20
"""Most octets of one report, all messages together: ten times what a lock full of users reports."""

Clusters = Mapping[int, type[Cluster]]


@contextmanager
def _strict() -> Iterator[None]:
    """Taking apart what has another shape than the specification says is a TlvError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise TlvError(f"a message has another shape than it should: {error!r}") from error


def _typed(codec: Codec | None, value: Any) -> tuple[Any, bool]:
    if codec is None:
        return value, False
    try:
        return codec.accept(value), True
    except TlvError:
        return value, False


def _numbers(path: Any, first: int) -> tuple[int | None, int | None, int | None]:
    """Endpoint, cluster and element of a path whose endpoint has the tag `first`."""
    if type(path) is not TlvList:
        raise TlvError("a path is a list")
    members = dict(path)
    found = members.get(first), members.get(first + 1), members.get(first + 2)
    if not all(value is None or type(value) is int for value in found):
        raise TlvError("a path holds numbers")
    return found


def _concrete(path: Any, first: int) -> tuple[int, int, int]:
    endpoint, cluster, element = _numbers(path, first)
    if endpoint is None or cluster is None or element is None:
        raise TlvError("a report's path names endpoint, cluster and element")
    return endpoint, cluster, element


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise TlvError(f"a number was expected, not {type(value).__name__}")
    return value


def _status(status: Any) -> tuple[int, int | None]:
    return _integer(status[0]), status.get(1)


class ReportCollector:
    """Puts one report together, of one message or of many.

    Driven by whoever receives: `add` for each ReportData message. Results are complete when `add` says False.

    Args:
        clusters: declarations by id.

    Attributes:
        attributes: values, in the order of the report.
        statuses: attribute paths that gave none.
        events: events, in the order of the report.
        event_statuses: event paths that gave none.
        subscription_id: of which subscription, or None.
        suppress_response: the last message wants no StatusResponse.
    """

    __slots__ = (
        "_clusters",
        "_lists",
        "_octets",
        "_raw",
        "attributes",
        "event_statuses",
        "events",
        "statuses",
        "subscription_id",
        "suppress_response",
    )

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._octets = 0
        self._raw: list[tuple[int, int, int, Any, int | None]] = []
        self._lists: dict[tuple[int, int, int], list[Any]] = {}
        self.attributes: list[AttributeValue] = []
        self.statuses: list[AttributeStatus] = []
        self.events: list[EventValue] = []
        self.event_statuses: list[EventStatus] = []
        self.subscription_id: int | None = None
        self.suppress_response = False

    def add(self, payload: bytes) -> bool:
        """Take a message; True when more are to come, after a StatusResponse.

        Raises:
            TlvError: it is no ReportData message, or the report grows too large.
        """
        self._octets += len(payload)
        if self._octets > MAX_REPORT:
            raise TlvError("a report is longer than any node's")
        message = decode(payload)
        if type(message) is not dict:
            raise TlvError("a message is a structure")
        with _strict():
            for report in message.get(1, ()):
                if 1 in report:
                    self._attribute(report[1])
                else:
                    path, status = report[0][0], _status(report[0][1])
                    self.statuses.append(AttributeStatus(*_numbers(path, 2), *status))
            for report in message.get(2, ()):
                if 1 in report:
                    self.events.append(self._event(report[1]))
                else:
                    path, status = report[0][0], _status(report[0][1])
                    self.event_statuses.append(EventStatus(*_numbers(path, 1), status[0]))
            self.subscription_id = message.get(0)
            self.suppress_response = message.get(4) is True
            more = message.get(3) is True
        if not more:
            self._finish()
        return more

    def _attribute(self, data: dict[int, Any]) -> None:
        path, value = data[1], data[2]
        where = _concrete(path, 2)
        if len(path) > 3 and (index := dict(path).get(5, _WHOLE)) is not _WHOLE:
            self._item(where, index, value, data.get(0))
            return
        if type(value) is list:
            self._lists[where] = value
        self._raw.append((*where, value, data.get(0)))

    def _item(self, where: tuple[int, int, int], index: int | None, value: Any, version: int | None) -> None:
        items = self._lists.get(where)
        if items is None:
            items = self._lists[where] = []
            self._raw.append((*where, items, version))
        if index is None:
            items.append(value)
        else:
            items[index] = value

    def _finish(self) -> None:
        for endpoint, cluster, attribute, value, version in self._raw:
            declared = self._clusters.get(cluster)
            found = None if declared is None else declared.attributes.get(attribute)
            typed, is_typed = _typed(None if found is None else found.codec, value)
            self.attributes.append(AttributeValue(endpoint, cluster, attribute, typed, version, is_typed))
        self._raw = []
        self._lists = {}

    def _event(self, data: dict[int, Any]) -> EventValue:
        endpoint, cluster, event = _concrete(data[0], 1)
        declared = self._clusters.get(cluster)
        found = None if declared is None else declared.events.get(event)
        codec = None if found is None or found.struct is None else StructCodec(found.struct)
        value, is_typed = _typed(codec, data.get(7))
        timestamp, is_epoch = self._time(data)
        return EventValue(
            _integer(data[1]), endpoint, cluster, event, _integer(data[2]), timestamp, is_epoch, value, is_typed
        )

    def _time(self, data: dict[int, Any]) -> tuple[int | None, bool]:
        for tag, is_epoch in ((3, True), (4, False)):
            if tag in data:
                return _integer(data[tag]), is_epoch
        for tag, is_epoch in ((5, True), (6, False)):
            if tag in data:
                # Deltas count from the event before (Core 10.6.9.5).
                before = self.events[-1].timestamp_ms if self.events and self.events[-1].is_epoch is is_epoch else None
                return (None if before is None else before + _integer(data[tag])), is_epoch
        return None, False


_WHOLE: Final = object()


def parse_write_response(payload: bytes) -> list[AttributeStatus]:
    """How each part of a write went.

    Raises:
        TlvError: it is no WriteResponse message.
    """
    message = decode(payload)
    with _strict():
        return [AttributeStatus(*_numbers(entry[0], 2), *_status(entry[1])) for entry in message[0]]


def parse_invoke_response(payload: bytes, clusters: Clusters) -> tuple[list[InvokeResult], bool]:
    """What commands answered, and whether more answers come after a StatusResponse.

    Raises:
        TlvError: it is no InvokeResponse message.
    """
    message = decode(payload)
    with _strict():
        results = [_result(entry, clusters) for entry in message[1]]
        return results, message.get(2) is True


def _result(entry: dict[int, Any], clusters: Clusters) -> InvokeResult:
    if 0 in entry:
        data = entry[0]
        endpoint, cluster, command = _concrete(data[0], 0)
        kind = _response(clusters.get(cluster), command)
        value, is_typed = _typed(None if kind is None else StructCodec(kind), data.get(1, {}))
        return InvokeResult(endpoint, cluster, command, value, Status.SUCCESS, None, data.get(2), is_typed)
    data = entry[1]
    endpoint, cluster, command = _concrete(data[0], 0)
    status, cluster_status = _status(data[1])
    return InvokeResult(endpoint, cluster, command, None, status, cluster_status, data.get(2), is_typed=False)


def _response(cluster: type[Cluster] | None, response_id: int) -> type[Struct] | None:
    if cluster is None:
        return None
    for command in cluster.commands.values():
        if command.response_id == response_id:
            return command.response
    return None
