"""Every attribute of a node, resolved: what it takes to read it, check it and write it down (Core 8.4.3).

Interaction storey of `matter`; knows the model and the sockets of `view`. What can be decided about an attribute once is decided
once here, so that a read only checks access, takes the value and appends bytes.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from latchwork.matter.interaction import wire
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery, WildcardPathFlags
from latchwork.matter.interaction.replies import defect
from latchwork.matter.interaction.view import ClusterView, EndpointView, NodeView, RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.meta import Attribute
from latchwork.matter.tlv.elements import ElementType, walk
from latchwork.matter.tlv.schema import Absent, Encoder, Struct, codec_of

VIEW: Final = 1
FABRIC_INDEX_TAG: Final = 254
"""The field that makes a structure fabric-scoped (Core 7.13.6)."""

_GENERATED, _ACCEPTED, _ATTRIBUTES = 0xFFF8, 0xFFF9, 0xFFFB


class Reading(NamedTuple):
    """One attribute's report.

    Attributes:
        place: the attribute; None when only a status is told about a path.
        report: the finished AttributeReportIB.
        items: the reported list's items, encoded with tag 2, when it may be split; made only when asked for.
        version: data version of the cluster when it was read.
    """

    place: Place | None
    report: bytes | bytearray
    items: Callable[[], list[bytes]] | None = None
    version: int = 0


class Place:
    """One attribute of one cluster on one endpoint.

    Attributes:
        endpoint: where it is.
        view: the cluster.
        attribute: its declaration.
        path: endpoint, cluster and attribute as numbers.
        skipped_by: wildcard flags that leave it out.
        fabric_field: name of the field that holds an item's fabric, for lists of fabric-scoped structures.
        item: type of a list's items, or None.
    """

    __slots__ = (
        "_append",
        "_encode",
        "_encode_item",
        "_head",
        "_path",
        "_sensitive",
        "attribute",
        "endpoint",
        "fabric_field",
        "item",
        "path",
        "read_privilege",
        "skipped_by",
        "view",
        "write_privilege",
    )

    def __init__(self, endpoint: EndpointView, cluster_id: int, view: ClusterView, attribute: Attribute[Any]) -> None:
        self.endpoint = endpoint
        self.view = view
        self.attribute = attribute
        self.path = (endpoint.number, cluster_id, attribute.id)
        self.read_privilege = attribute.access.read
        self.write_privilege = attribute.access.write
        self.skipped_by = _skipped_by(attribute, cluster_id, endpoint.number)
        self.item = item_type(attribute.hint) if attribute.is_list else None
        self.fabric_field, self._sensitive = _fabric_fields(self.item)
        self._path = wire.attribute_path(1, *self.path)
        self._append = self._path[:-1] + wire.NULL_LIST_INDEX + b"\x18"
        self._encode: Encoder = attribute.codec.encoder(2)
        self._encode_item: Encoder | None = None if self.item is None else codec_of(self.item).encoder(2)

    def read(self, context: RequestContext) -> Any:
        """The value, reduced to the accessing fabric's entries when the request wants that.

        Raises:
            StatusError: the cluster refuses.
        """
        value = self.view.read(self.attribute, context)
        if self.fabric_field is not None and context.fabric_filtered and value is not None:
            name, mine = self.fabric_field, context.subject.fabric_index
            value = tuple([entry for entry in value if getattr(entry, name) == mine])
        return value

    def append_data(self, out: bytearray, context: RequestContext) -> Reading:
        """Append an AttributeReportIB with the value.

        Raises:
            StatusError: the cluster refuses; what was appended is useless.
        """
        try:
            value = self.read(context)
            version = self.view.state.data_version
            out += b"\x15\x35\x01\x26\x00"
            out += version.to_bytes(4, "little")
            out += self._path
            if self._sensitive and value is not None and not context.fabric_filtered:
                self._append_hiding(out, value, context.subject.fabric_index)
            else:
                self._encode(out, value)
            out += b"\x18\x18"
        except StatusError:
            raise
        except Exception as error:
            raise defect("read", self.path) from error
        if self.item is None or value is None:
            return Reading(self, out, None, version)
        return Reading(self, out, lambda: self._items(value, context), version)

    def reading(self, context: RequestContext) -> Reading:
        """The attribute's report: its value, or the status with which the cluster refused."""
        try:
            return self.append_data(bytearray(), context)
        except StatusError as error:
            return Reading(None, self.status_report(error.status or 0, error.cluster_status))

    def status_report(self, status: int, cluster_status: int | None = None) -> bytes:
        """An AttributeReportIB that carries a status."""
        return wire.attribute_status_report(wire.attribute_path(0, *self.path), status, cluster_status)

    def split(self, reading: Reading) -> Iterator[bytes]:
        """The reports that together carry a list: an empty one first, then an item each (Core 10.6.4.3.1)."""
        head = b"\x15\x35\x01\x26\x00" + reading.version.to_bytes(4, "little")
        yield head + self._path + b"\x36\x02\x18\x18\x18"
        for item in reading.items() if reading.items is not None else ():
            yield head + self._append + item + b"\x18\x18"

    def _items(self, value: Sequence[Any], context: RequestContext) -> list[bytes]:
        encode, items = self._encode_item, []
        if encode is None:
            return []
        mine = context.subject.fabric_index
        for entry in value:
            out = bytearray()
            encode(out, entry)
            items.append(self._hide(out, 2) if self._is_foreign(entry, mine) else bytes(out))
        return items

    def _is_foreign(self, entry: Any, fabric_index: int) -> bool:
        return bool(self._sensitive) and getattr(entry, str(self.fabric_field)) != fabric_index

    def _append_hiding(self, out: bytearray, value: Sequence[Any], fabric_index: int) -> None:
        out += b"\x36\x02"
        for entry in value:
            encoded = entry.encode()
            out += self._hide(encoded, 1) if self._is_foreign(entry, fabric_index) else encoded
        out.append(wire.END)

    def _hide(self, encoded: bytes | bytearray, head: int) -> bytes:
        """A structure without its fabric-sensitive fields: what another fabric's administrator gets to see (Core 7.5.3)."""
        data = bytes(encoded)
        members = [(e.offset, e.tag) for e in walk(data) if e.depth == 1 and e.kind is not ElementType.END]
        ends = [offset for offset, _ in members[1:]] + [len(data) - 1]
        kept = (data[start:end] for (start, tag), end in zip(members, ends, strict=True) if tag not in self._sensitive)
        return data[:head] + b"".join(kept) + b"\x18"


def item_type(hint: Any) -> Any:
    """The declared type of a list's items."""
    while True:
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            hint = hint.__origin__
        elif origin in {tuple, list}:
            return typing.get_args(hint)[0]
        else:
            arms = [arm for arm in typing.get_args(hint) if arm is not type(None) and arm is not Absent]
            if len(arms) != 1:
                return None
            hint = arms[0]


def _fabric_fields(item: Any) -> tuple[str | None, frozenset[int]]:
    """The name of the field that says whose an item is, and the tags of those that others do not see (Core 7.5.3)."""
    while typing.get_origin(item) is typing.Annotated:
        item = item.__origin__
    if not (isinstance(item, type) and issubclass(item, Struct)):
        return None, frozenset()
    tags = item.fields()
    sensitive = frozenset(tags[name] for name in getattr(item, "fabric_sensitive", ()))
    return next((name for name, tag in tags.items() if tag == FABRIC_INDEX_TAG), None), sensitive


def _skipped_by(attribute: Attribute[Any], cluster_id: int, endpoint: int) -> int:
    flags = WildcardPathFlags(0)
    if endpoint == 0:
        flags |= WildcardPathFlags.SKIP_ROOT_NODE
    if attribute.id in {_GENERATED, _ACCEPTED}:
        flags |= WildcardPathFlags.SKIP_GLOBAL_ATTRIBUTES | WildcardPathFlags.SKIP_COMMAND_LISTS
    if attribute.id == _ATTRIBUTES:
        flags |= WildcardPathFlags.SKIP_GLOBAL_ATTRIBUTES | WildcardPathFlags.SKIP_ATTRIBUTE_LIST
    if attribute.id >> 16 or cluster_id >> 16:
        flags |= WildcardPathFlags.SKIP_CUSTOM_ELEMENTS
    if "F" in attribute.quality:
        flags |= WildcardPathFlags.SKIP_FIXED_ATTRIBUTES
    if "C" in attribute.quality:
        flags |= WildcardPathFlags.SKIP_CHANGES_OMITTED_ATTRIBUTES
    return int(flags)


class Directory:
    """Finds attributes by path and expands wildcards.

    Remembers what it resolved; an endpoint or a cluster that was replaced is resolved anew. Bounded by the node's own size: only what
    exists is remembered.
    """

    __slots__ = ("_node", "_places")

    def __init__(self, node: NodeView) -> None:
        self._node = node
        self._places: dict[tuple[int, int, int], Place] = {}

    def find(self, path: tuple[int, int, int]) -> Place | None:
        """The attribute at a concrete path, or None."""
        place = self._places.get(path)
        endpoint = self._node.endpoints.get(path[0])
        if endpoint is None:
            self._places.pop(path, None)
            return None
        view = endpoint.clusters.get(path[1])
        if place is not None and place.view is view and place.endpoint is endpoint:
            return place
        self._places.pop(path, None)
        attribute = None if view is None else view.state.supported_attributes.get(path[2])
        if view is None or attribute is None:
            return None
        place = self._places[path] = Place(endpoint, path[1], view, attribute)
        return place

    def missing(self, endpoint: int, cluster: int, else_status: Status) -> Status:
        """Which part of a path does not exist; `else_status` when endpoint and cluster do."""
        found = self._node.endpoints.get(endpoint)
        if found is None:
            return Status.UNSUPPORTED_ENDPOINT
        return else_status if cluster in found.clusters else Status.UNSUPPORTED_CLUSTER

    def allows(self, context: RequestContext, privilege: int, endpoint: int, cluster: int) -> bool:
        """Whether the requester has a privilege on a cluster, whether or not that exists."""
        found = self._node.endpoints.get(endpoint)
        device_types = () if found is None else found.device_types
        return self._node.access.allows(context.subject, privilege, endpoint, cluster, device_types)

    def may_read(self, place: Place, context: RequestContext) -> bool:
        """Whether the attribute is readable at all, and for this requester."""
        privilege = place.read_privilege
        return privilege is not None and self._node.access.allows(
            context.subject, privilege, place.path[0], place.path[1], place.endpoint.device_types
        )

    def expand(self, query: AttributeQuery, context: RequestContext) -> Iterator[Place]:
        """The attributes that a wildcard stands for and that the requester may read (Core 8.4.3.2)."""
        for endpoint, cluster in self._clusters(query.endpoint, query.cluster):
            if query.flags & WildcardPathFlags.SKIP_DIAGNOSTICS_CLUSTERS and _is_diagnostic(cluster, endpoint):
                continue
            state = endpoint.clusters[cluster].state
            wanted = state.supported_attributes if query.attribute is None else (query.attribute,)
            for attribute in tuple(wanted):
                place = self.find((endpoint.number, cluster, attribute))
                if place is not None and not place.skipped_by & query.flags and self.may_read(place, context):
                    yield place

    def expand_events(self, query: EventQuery) -> Iterator[tuple[int, int, int]]:
        """The kinds of event that a path stands for, as endpoint, cluster and privilege needed."""
        for endpoint, cluster in self._clusters(query.endpoint, query.cluster):
            events = endpoint.clusters[cluster].state.supported_events
            for event in events.values() if query.event is None else filter(None, (events.get(query.event),)):
                yield endpoint.number, cluster, event.privilege

    def _clusters(self, endpoint: int | None, cluster: int | None) -> Iterator[tuple[EndpointView, int]]:
        endpoints = self._node.endpoints
        for number in tuple(endpoints) if endpoint is None else (endpoint,):
            found = endpoints.get(number)
            if found is None:
                continue
            for cluster_id in tuple(found.clusters) if cluster is None else (cluster,):
                if cluster_id in found.clusters:
                    yield found, cluster_id


def _is_diagnostic(cluster_id: int, endpoint: EndpointView) -> bool:
    return "K" in endpoint.clusters[cluster_id].state.quality
