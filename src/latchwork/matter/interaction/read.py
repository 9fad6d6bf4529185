"""Reports: what a read or a subscription finds, cut into messages that fit (Core 8.4, 10.7.3).

Interaction storey of `matter`; knows how reports are collected and cut, not when: transactions and subscriptions pull one message
after another. A value is read when its message is made, so a long report needs no memory for what has not been sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import chain
from typing import Final

from latchwork.matter.interaction import wire
from latchwork.matter.interaction.directory import VIEW, Directory, Place, Reading
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery, ReadQuery
from latchwork.matter.interaction.view import NodeView, RequestContext
from latchwork.matter.messages.status import Status, StatusError

_SINGLE_HEAD: Final = b"\x15\x36\x01"
_LAST: Final = b"\x29\x04"
"""SuppressResponse: no StatusResponse is wanted."""
_MORE: Final = b"\x29\x03"
_SINGLE_TAIL: Final = b"\x18" + _LAST + wire.REVISION_AND_END
_TAIL_ROOM: Final = 1 + len(_MORE) + len(wire.REVISION_AND_END)
"""Octets behind the last report of a message: the array's end, one flag, revision and end."""


class Reader:
    """Collects the reports of a node."""

    __slots__ = ("directory", "node")

    def __init__(self, node: NodeView, directory: Directory) -> None:
        self.node = node
        self.directory = directory

    def single(self, path: tuple[int, int, int], context: RequestContext, limit: int) -> bytes | None:
        """The whole answer to a read of one attribute, or None when it takes the long way: a status, or a value that is too long."""
        place = self.directory.find(path)
        if place is None or not self.directory.may_read(place, context):
            return None
        out = bytearray(_SINGLE_HEAD)
        try:
            place.append_data(out, context)
        except StatusError:
            return None
        out += _SINGLE_TAIL
        return None if len(out) > limit else bytes(out)

    def messages(self, query: ReadQuery, context: RequestContext, limit: int) -> ReportMessages:
        """All that a read asks for."""
        events: Iterator[bytes] = iter(())
        if query.events:
            new = self.new_events(query.events, context, query.event_min, self.node.events.next_number)
            events = chain(self.event_statuses(query, context), new)
        return ReportMessages(self.attributes(query, context), events, limit)

    def attributes(self, query: ReadQuery, context: RequestContext) -> Iterator[Reading]:
        """A reading of each attribute asked for; none is reported twice."""
        seen: set[tuple[int, int, int]] = set()
        for wanted in query.attributes:
            for reading in (
                self._concrete(wanted, query, context) if wanted.is_concrete else self._places(wanted, query, context)
            ):
                place = reading.place
                if place is None or place.path not in seen:
                    if place is not None and len(query.attributes) > 1:
                        seen.add(place.path)
                    yield reading

    def _places(self, wanted: AttributeQuery, query: ReadQuery, context: RequestContext) -> Iterator[Reading]:
        for place in self.directory.expand(wanted, context):
            if not _is_known(query, place):
                yield place.reading(context)

    def _concrete(self, wanted: AttributeQuery, query: ReadQuery, context: RequestContext) -> Iterator[Reading]:
        path = (wanted.endpoint or 0, wanted.cluster or 0, wanted.attribute or 0)
        place = self.directory.find(path)
        if place is not None and self.directory.may_read(place, context):
            if not _is_known(query, place):
                yield place.reading(context)
            return
        if not self.directory.allows(context, VIEW, path[0], path[1]):
            status = Status.UNSUPPORTED_ACCESS
        elif place is None:
            status = self.directory.missing(path[0], path[1], Status.UNSUPPORTED_ATTRIBUTE)
        else:
            status = Status.UNSUPPORTED_READ if place.read_privilege is None else Status.UNSUPPORTED_ACCESS
        yield Reading(None, wire.attribute_status_report(wire.attribute_path(0, *path), status))

    def changed(self, paths: Iterable[tuple[int, int, int]], context: RequestContext) -> Iterator[Reading]:
        """A reading of each of `paths` that still exists and that the requester may still read."""
        for path in paths:
            place = self.directory.find(path)
            if place is not None and self.directory.may_read(place, context):
                yield place.reading(context)

    def event_statuses(self, query: ReadQuery, context: RequestContext) -> Iterator[bytes]:
        """Statuses of the concrete event paths that stand for nothing the requester may see."""
        for path in query.events:
            status = self._event_status(path, context) if path.is_concrete else None
            if status is not None:
                yield wire.event_status_report(wire.event_path(0, path.endpoint, path.cluster, path.event), status)

    def new_events(
        self, paths: Iterable[EventQuery], context: RequestContext, event_min: int, event_end: int
    ) -> Iterator[bytes]:
        """Reports of the recorded events from `event_min` to before `event_end`."""
        allows = self.directory.allows
        selected = self.node.events.select(
            paths,
            event_min,
            fabric_index=context.subject.fabric_index,
            allows=lambda privilege, endpoint, cluster: allows(context, privilege, endpoint, cluster),
        )
        for recorded in selected:
            if recorded.number >= event_end:
                return
            yield recorded.report

    def _event_status(self, path: EventQuery, context: RequestContext) -> Status | None:
        endpoint, cluster = path.endpoint or 0, path.cluster or 0
        if not self.directory.allows(context, VIEW, endpoint, cluster):
            return Status.UNSUPPORTED_ACCESS
        missing = self.directory.missing(endpoint, cluster, Status.SUCCESS)
        if missing is not Status.SUCCESS:
            return missing
        event = self.node.endpoints[endpoint].clusters[cluster].state.supported_events.get(path.event or 0)
        if event is None:
            return Status.UNSUPPORTED_EVENT
        if not self.directory.allows(context, event.privilege, endpoint, cluster):
            return Status.UNSUPPORTED_ACCESS
        return None

    def may_see_something(self, query: ReadQuery, context: RequestContext) -> bool:
        """Whether any path of a subscription leads to something that exists and may be read (Core 8.5.3.2)."""
        for wanted in query.attributes:
            if next(self.directory.expand(wanted._replace(flags=0), context), None) is not None:
                return True
        return any(
            self.directory.allows(context, privilege, endpoint, cluster)
            for path in query.events
            for endpoint, cluster, privilege in self.directory.expand_events(path)
        )


def _is_known(query: ReadQuery, place: Place) -> bool:
    if not query.versions:
        return False
    return query.versions.get(place.path[:2]) == place.view.state.data_version


class Suppress(Enum):
    """When the last message of a report wants no StatusResponse (Core 8.4.3.4, 8.5.2)."""

    LAST = auto()
    NEVER = auto()
    WHEN_EMPTY = auto()


class ReportMessages:
    """Cuts reports into ReportData messages of at most `limit` octets.

    Driven by whoever sends: `next()` makes the next message, `is_complete` tells whether it was the last.

    Args:
        attributes: readings, pulled when there is room.
        events: finished EventReportIBs, pulled when there is room.
        limit: most octets of a message.
        subscription: the subscription's id, or None for a read.
        suppress: whether the last message wants no StatusResponse.
    """

    __slots__ = (
        "_attributes",
        "_events",
        "_head",
        "_limit",
        "_suppress",
        "_waiting_event",
        "_waiting_pieces",
        "_waiting_reading",
        "is_complete",
        "is_empty",
    )

    def __init__(
        self,
        attributes: Iterator[Reading],
        events: Iterator[bytes],
        limit: int,
        *,
        subscription: int | None = None,
        suppress: Suppress = Suppress.LAST,
    ) -> None:
        self._attributes = attributes
        self._events = events
        self._head = b"\x15" if subscription is None else b"\x15" + wire.unsigned(0, subscription)
        self._limit = limit - _TAIL_ROOM
        self._suppress = suppress
        self._waiting_reading: Reading | None = None
        self._waiting_pieces: list[bytes] = []
        self._waiting_event: bytes | None = None
        self.is_complete = False
        self.is_empty = True

    def next(self) -> bytes:
        """The next message; call again only until `is_complete`."""
        out = bytearray(self._head)
        if not self._fill_attributes(out) or not self._fill_events(out):
            self.is_empty = False
            out += _MORE
        else:
            self.is_complete = True
            self.is_empty = self.is_empty and len(out) == len(self._head)
            if self._suppress is Suppress.LAST or (self._suppress is Suppress.WHEN_EMPTY and self.is_empty):
                out += _LAST
        out += wire.REVISION_AND_END
        return bytes(out)

    def _fill_attributes(self, out: bytearray) -> bool:
        """Append attribute reports; False when there are more than fit."""
        start, room = len(out), self._limit - len(out) - 2
        body = bytearray()
        complete = True
        while True:
            if self._waiting_pieces:
                if len(body) + len(self._waiting_pieces[-1]) > room:
                    complete = False
                    break
                body += self._waiting_pieces.pop()
                continue
            reading = self._waiting_reading or next(self._attributes, None)
            self._waiting_reading = None
            if reading is None:
                break
            if len(body) + len(reading.report) <= room:
                body += reading.report
            elif body:
                self._waiting_reading = reading
                complete = False
                break
            else:
                self._waiting_pieces = self._cut(reading, room)
        if body:
            out[start:] = b"\x36\x01" + body
            out.append(wire.END)
        return complete

    def _cut(self, reading: Reading, room: int) -> list[bytes]:
        """A report that is too long for any message, as pieces in reverse order; a status when it cannot be cut."""
        place = reading.place
        if place is None:
            return []
        if reading.items is not None:
            pieces = list(place.split(reading))
            if max(map(len, pieces)) <= room:
                return pieces[::-1]
        return [place.status_report(Status.RESOURCE_EXHAUSTED)]

    def _fill_events(self, out: bytearray) -> bool:
        """Append event reports; False when there are more than fit."""
        start, room = len(out), self._limit - len(out) - 2
        body = bytearray()
        complete = True
        while (report := self._waiting_event or next(self._events, None)) is not None:
            self._waiting_event = None
            if len(body) + len(report) > room:
                # An event longer than any message is left out: it cannot be cut, and its path has no status of its own.
                if body or start > len(self._head):
                    self._waiting_event = report
                    complete = False
                    break
                continue
            body += report
        if body:
            out += b"\x36\x02" + body
            out.append(wire.END)
        return complete
