"""What a request asks for: paths checked and brought into a form that can be looked up (Core 8.9).

Interaction storey of `matter`; knows the rules of paths, no node. Whatever breaks a rule is a StatusError with INVALID_ACTION.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, NamedTuple

from latchwork.matter.messages.interaction import (
    AttributePathIB,
    DataVersionFilterIB,
    EventFilterIB,
    EventPathIB,
    ReadRequestMessage,
    SubscribeRequestMessage,
)
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.tlv.elements import TlvError

MAX_PATHS: Final = 128
"""Most attribute and event paths together in one request; the specification asks for 9 in a read and 3 in a subscription (Core 8.4.2)."""


class WildcardPathFlags(IntFlag):
    """What a wildcard leaves out (Core 8.9.2.5)."""

    SKIP_ROOT_NODE = 0x001
    SKIP_GLOBAL_ATTRIBUTES = 0x002
    SKIP_ATTRIBUTE_LIST = 0x004
    SKIP_COMMAND_LISTS = 0x010
    SKIP_CUSTOM_ELEMENTS = 0x020
    SKIP_FIXED_ATTRIBUTES = 0x040
    SKIP_CHANGES_OMITTED_ATTRIBUTES = 0x080
    SKIP_DIAGNOSTICS_CLUSTERS = 0x100


class AttributeQuery(NamedTuple):
    """A checked attribute path; None stands for all."""

    endpoint: int | None = None
    cluster: int | None = None
    attribute: int | None = None
    flags: int = 0

    @property
    def is_concrete(self) -> bool:
        """Whether it names exactly one attribute."""
        return self.endpoint is not None and self.cluster is not None and self.attribute is not None


class EventQuery(NamedTuple):
    """A checked event path; None stands for all."""

    endpoint: int | None = None
    cluster: int | None = None
    event: int | None = None
    is_urgent: bool = False

    @property
    def is_concrete(self) -> bool:
        """Whether it names exactly one kind of event."""
        return self.endpoint is not None and self.cluster is not None and self.event is not None

    def matches(self, endpoint: int, cluster: int, event: int) -> bool:
        """Whether it stands for this event."""
        return (
            (self.endpoint is None or self.endpoint == endpoint)
            and (self.cluster is None or self.cluster == cluster)
            and (self.event is None or self.event == event)
        )


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A checked read, or the reading half of a subscription.

    Attributes:
        attributes: checked attribute paths.
        events: checked event paths.
        event_min: lowest event number wanted.
        fabric_filtered: only entries of the accessing fabric.
        versions: data versions that the client has, by (endpoint, cluster); None where its filters contradict each other.
        single: the only attribute asked for, when the request is nothing but that; the hot path.
    """

    attributes: tuple[AttributeQuery, ...]
    events: tuple[EventQuery, ...]
    event_min: int
    fabric_filtered: bool
    versions: dict[tuple[int, int], int | None]
    single: tuple[int, int, int] | None


def is_cluster_id(number: int) -> bool:
    """Whether a number can be a cluster's id (Core 7.19.2.11): standard, or of a vendor."""
    suffix = number & 0xFFFF
    if number >> 16 == 0xFFFF:
        return False
    return suffix <= 0x7FFF if number < 0x1_0000 else 0xFC00 <= suffix <= 0xFFFE


def is_global_attribute(number: int) -> bool:
    """Whether an attribute's id is one that every cluster has (Core 7.13)."""
    return 0xF000 <= number <= 0xFFFE


def is_attribute_id(number: int) -> bool:
    """Whether a number can be an attribute's id (Core 7.19.2.12)."""
    return number >> 16 != 0xFFFF and (number & 0xFFFF <= 0x4FFF or is_global_attribute(number))


def invalid_action(why: str) -> StatusError:
    """The error of a message that breaks the protocol's rules."""
    return StatusError(Status.INVALID_ACTION, why)


def attribute_query(path: AttributePathIB) -> AttributeQuery:
    """Check a path of a read (Core 8.9.2.1).

    Raises:
        StatusError: INVALID_ACTION.
    """
    if path.endpoint == 0xFFFF:
        raise invalid_action("endpoint 0xFFFF does not exist")
    if path.cluster is not None and not is_cluster_id(path.cluster):
        raise invalid_action(f"0x{path.cluster:X} is no cluster")
    if path.attribute is not None and not is_attribute_id(path.attribute):
        raise invalid_action(f"0x{path.attribute:X} is no attribute")
    if path.cluster is None and path.attribute is not None and not is_global_attribute(path.attribute):
        raise invalid_action("only a global attribute can be read from all clusters")
    if path.attribute is None and isinstance(path.list_index, int):
        raise invalid_action("an item of all attributes was asked for")
    return AttributeQuery(path.endpoint, path.cluster, path.attribute, path.wildcard_path_flags or 0)


def event_query(path: EventPathIB) -> EventQuery:
    """Check a path of events (Core 8.9.3.1).

    Raises:
        StatusError: INVALID_ACTION.
    """
    if path.endpoint == 0xFFFF:
        raise invalid_action("endpoint 0xFFFF does not exist")
    if path.cluster is not None and not is_cluster_id(path.cluster):
        raise invalid_action(f"0x{path.cluster:X} is no cluster")
    if path.cluster is None and path.event is not None:
        raise invalid_action("an event of all clusters was asked for")
    return EventQuery(path.endpoint, path.cluster, path.event, bool(path.is_urgent))


def _versions(filters: Iterable[DataVersionFilterIB]) -> dict[tuple[int, int], int | None]:
    versions: dict[tuple[int, int], int | None] = {}
    for entry in filters:
        key = (entry.path.endpoint, entry.path.cluster)
        versions[key] = entry.data_version if versions.get(key, entry.data_version) == entry.data_version else None
    return versions


def _event_min(filters: Iterable[EventFilterIB]) -> int:
    return max((entry.event_min for entry in filters), default=0)


def read_query(message: ReadRequestMessage | SubscribeRequestMessage) -> ReadQuery:
    """Check a request to read or to subscribe.

    Raises:
        StatusError: INVALID_ACTION, or PATHS_EXHAUSTED for more than `MAX_PATHS` paths.
    """
    asked, events = message.attribute_requests or (), message.event_requests or ()
    if len(asked) + len(events) > MAX_PATHS:
        raise StatusError(Status.PATHS_EXHAUSTED, f"more than {MAX_PATHS} paths")
    attributes = tuple(dict.fromkeys(attribute_query(path) for path in asked))
    versions = _versions(message.data_version_filters or ())
    single = None
    if len(attributes) == 1 and not events and not versions:
        endpoint, cluster, attribute, _ = attributes[0]
        if endpoint is not None and cluster is not None and attribute is not None:
            single = (endpoint, cluster, attribute)
    return ReadQuery(
        attributes=attributes,
        events=tuple(dict.fromkeys(event_query(path) for path in events)),
        event_min=_event_min(message.event_filters or ()),
        fabric_filtered=message.fabric_filtered,
        versions=versions,
        single=single,
    )


class ReadQueryCache:
    """Checked reads by the bytes that asked for them: a controller that polls sends the same bytes again and again.

    Bounded: a full cache is emptied, and long requests are not kept.
    """

    __slots__ = ("_known",)

    ENTRIES: Final = 128
    LONGEST: Final = 256

    def __init__(self) -> None:
        self._known: dict[bytes, ReadQuery] = {}

    def get(self, payload: bytes) -> ReadQuery:
        """The checked read.

        Raises:
            StatusError: INVALID_ACTION or PATHS_EXHAUSTED.
        """
        query = self._known.get(payload)
        if query is not None:
            return query
        try:
            message = ReadRequestMessage.decode(payload)
        except TlvError as error:
            raise invalid_action(str(error)) from error
        query = read_query(message)
        if len(payload) <= self.LONGEST:
            if len(self._known) >= self.ENTRIES:
                self._known.clear()
            self._known[bytes(payload)] = query
        return query
