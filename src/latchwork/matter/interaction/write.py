"""Writes: access and constraints checked, operations on lists merged into whole values (Core 8.7).

Interaction storey of `matter`; knows what a write does to a node, not how messages come and go.

A list arrives in pieces: a new value, then items to append, over as many messages as it takes. Handing pieces on would let a lock's
owner cut off the branch he sits on, halfway through a new access control list. So the pieces are collected and the attribute is
written once, when something else follows or the action ends; if one piece is refused, the attribute stays as it was and every piece
tells the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.matter.interaction import wire
from latchwork.matter.interaction.directory import FABRIC_INDEX_TAG, VIEW, Directory, Place
from latchwork.matter.interaction.paths import invalid_action, is_attribute_id, is_cluster_id
from latchwork.matter.interaction.replies import defect
from latchwork.matter.interaction.view import NodeView, RequestContext
from latchwork.matter.messages.interaction import AttributeDataIB, AttributePathIB, WriteRequestMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import BoundsError, Codec, codec_of

MAX_LIST_ITEMS: Final = 4096
"""Most items that a list being written may collect; above every list that a lock has."""

_STATUS_ROOM: Final = 14
"""Octets of an AttributeStatusIB around its path, a cluster's code included."""
_LONGEST_STATUS: Final = 24 + _STATUS_ROOM
_FRAME: Final = 4 + len(wire.REVISION_AND_END)

GroupEndpoints = Callable[[int, int], Collection[int]]
"""(fabric index, group id) to the endpoints that are in the group."""


@dataclass(slots=True)
class _Outcome:
    """What will be said about one AttributeDataIB."""

    path: tuple[int, int, int]
    is_append: bool
    status: int = Status.SUCCESS
    cluster_status: int | None = None

    def refuse(self, error: StatusError) -> None:
        self.status = Status.FAILURE if error.status is None else error.status
        self.cluster_status = error.cluster_status

    def encode(self) -> bytes:
        path = wire.attribute_path(0, *self.path, append=self.is_append)
        return wire.attribute_status(path, self.status, self.cluster_status)


@dataclass(slots=True)
class _ListWrite:
    """A list that is being collected."""

    place: Place
    items: list[Any]
    outcomes: list[_Outcome] = field(default_factory=list)
    error: StatusError | None = None


class Writing:
    """One write action, of one message or of several.

    Driven by whoever receives the messages: `receive` for each. A list that is still being collected when the action is given up is not
    written.

    Args:
        limit: most octets of a response message.
        endpoints: the endpoints of the group the message was sent to, or None for a message to this node alone.
    """

    __slots__ = ("_context", "_directory", "_endpoints", "_limit", "_list", "_node")

    def __init__(
        self,
        node: NodeView,
        directory: Directory,
        context: RequestContext,
        *,
        limit: int,
        endpoints: Collection[int] | None = None,
    ) -> None:
        self._node = node
        self._directory = directory
        self._context = context
        self._endpoints = endpoints
        self._limit = limit
        self._list: _ListWrite | None = None

    def receive(self, message: WriteRequestMessage) -> bytes:
        """Carry one message out and give the WriteResponseMessage for it.

        Raises:
            StatusError: INVALID_ACTION, or RESOURCE_EXHAUSTED when the response could not be sent; nothing of this message was written.
        """
        for entry in message.write_requests:
            self._check_path(entry.path)
        if len(message.write_requests) * _LONGEST_STATUS + _FRAME > self._limit or None in {
            e.path.endpoint for e in message.write_requests
        }:
            self._check_room(message)
        outcomes: list[_Outcome] = []
        for entry in message.write_requests:
            for path, is_expanded in self._paths(entry.path):
                self._write(path, entry, outcomes, silent=is_expanded)
        if not message.more_chunked_messages:
            self._commit(outcomes)
        elif self._list is not None:
            self._list.outcomes = []
        return b"\x15\x36\x00" + b"".join([outcome.encode() for outcome in outcomes]) + b"\x18" + wire.REVISION_AND_END

    def _check_room(self, message: WriteRequestMessage) -> None:
        """A WriteResponse cannot be cut, so what it has to say must fit before anything is written."""
        if self._endpoints is not None or message.suppress_response:
            return
        paths = [path for entry in message.write_requests for path, _ in self._paths(entry.path)]
        longest = sum(len(wire.attribute_path(0, *path, append=True)) + _STATUS_ROOM for path in paths)
        if longest + _LONGEST_STATUS + _FRAME > self._limit:
            raise StatusError(Status.RESOURCE_EXHAUSTED, "the response would not fit a message")

    def _check_path(self, path: AttributePathIB) -> None:
        if path.cluster is None or path.attribute is None:
            raise invalid_action("a write names its cluster and its attribute")
        if path.endpoint == 0xFFFF or not is_cluster_id(path.cluster) or not is_attribute_id(path.attribute):
            raise invalid_action("a path cannot exist")
        if isinstance(path.list_index, int):
            raise invalid_action("an item of a list can be appended, not replaced")
        if self._endpoints is not None and path.endpoint is not None:
            raise invalid_action("a message to a group names no endpoint")

    def _paths(self, path: AttributePathIB) -> Iterator[tuple[tuple[int, int, int], bool]]:
        cluster, attribute = path.cluster or 0, path.attribute or 0
        if path.endpoint is not None:
            yield (path.endpoint, cluster, attribute), False
            return
        for endpoint in tuple(self._node.endpoints if self._endpoints is None else self._endpoints):
            yield (endpoint, cluster, attribute), True

    def _write(
        self, path: tuple[int, int, int], entry: AttributeDataIB, outcomes: list[_Outcome], *, silent: bool
    ) -> None:
        is_append = entry.path.list_index is None
        if self._list is not None and (self._list.place.path != path or not is_append):
            self._commit(outcomes)
        outcome = _Outcome(path, is_append)
        try:
            place = self._list.place if self._list is not None else self._permitted(path, entry.data_version)
        except StatusError as error:
            # What a wildcard stands for is what can be written; the rest is no error (Core 8.7.3.2).
            if not silent:
                outcome.refuse(error)
                outcomes.append(outcome)
            return
        outcomes.append(outcome)
        try:
            if place.item is None or (entry.data is None and not is_append):
                self._store(place, _scalar(place.attribute.codec, entry.data, is_append=is_append))
            else:
                self._collect(place, entry.data, outcome, is_append=is_append)
        except StatusError as error:
            outcome.refuse(error)

    def _permitted(self, path: tuple[int, int, int], version: int | None) -> Place:
        """The attribute, if the requester may write it (Core 8.7.3.2).

        Raises:
            StatusError: he may not.
        """
        context, directory = self._context, self._directory
        place = directory.find(path)
        privilege = None if place is None else place.write_privilege
        if not directory.allows(context, VIEW if privilege is None else privilege, path[0], path[1]):
            raise StatusError(Status.UNSUPPORTED_ACCESS)
        if place is None:
            raise StatusError(directory.missing(path[0], path[1], Status.UNSUPPORTED_ATTRIBUTE))
        if privilege is None:
            raise StatusError(Status.UNSUPPORTED_WRITE)
        access = place.attribute.access
        if (access.fabric_scoped or place.fabric_field is not None) and not context.subject.fabric_index:
            raise StatusError(Status.UNSUPPORTED_ACCESS, "a fabric-scoped attribute needs a fabric")
        if access.timed and not context.is_timed:
            raise StatusError(Status.NEEDS_TIMED_INTERACTION)
        if version is not None and version != place.view.state.data_version:
            raise StatusError(Status.DATA_VERSION_MISMATCH)
        return place

    def _collect(self, place: Place, data: Any, outcome: _Outcome, *, is_append: bool) -> None:
        """Begin or go on collecting a list.

        Raises:
            StatusError: an item is not what the attribute holds.
        """
        if self._list is None:
            self._list = _ListWrite(place, self._start(place, is_append=is_append))
        collected = self._list
        collected.outcomes.append(outcome)
        if collected.error is not None:
            raise collected.error
        try:
            self._extend(collected.items, place, data, is_append=is_append)
        except StatusError as error:
            collected.error = error
            raise

    def _extend(self, items: list[Any], place: Place, data: Any, *, is_append: bool) -> None:
        if not is_append and type(data) is not list:
            raise StatusError(Status.INVALID_DATA_TYPE, "a list was expected")
        codec = codec_of(place.item)
        items += [_accept(codec, self._owned(place, item)) for item in ((data,) if is_append else data)]
        if len(items) > MAX_LIST_ITEMS:
            raise StatusError(Status.RESOURCE_EXHAUSTED, "a list is too long")

    def _start(self, place: Place, *, is_append: bool) -> list[Any]:
        """The items that stay: all when one is appended, those of other fabrics when the list is replaced."""
        if not is_append and place.fabric_field is None:
            return []
        current = place.view.read(place.attribute, self._context) or ()
        if is_append:
            return list(current)
        name, mine = str(place.fabric_field), self._context.subject.fabric_index
        return [item for item in current if getattr(item, name) != mine]

    def _owned(self, place: Place, item: Any) -> Any:
        """A fabric-scoped item belongs to whoever writes it, whatever it says (Core 7.13.6)."""
        if place.fabric_field is None or type(item) is not dict:
            return item
        return item | {FABRIC_INDEX_TAG: self._context.subject.fabric_index}

    def _commit(self, outcomes: list[_Outcome]) -> None:
        """Write the collected list; its pieces share one fate."""
        collected, self._list = self._list, None
        if collected is None:
            return
        error = collected.error
        if error is None:
            try:
                self._store(collected.place, tuple(collected.items))
            except StatusError as refused:
                error = refused
        if error is None:
            return
        if not collected.outcomes:
            # Its pieces came in earlier messages, answered already; say it now.
            collected.outcomes.append(_Outcome(collected.place.path, is_append=False))
            outcomes.append(collected.outcomes[0])
        for outcome in collected.outcomes:
            outcome.refuse(error)

    def _store(self, place: Place, value: Any) -> None:
        state = place.view.state
        try:
            place.attribute.check(value, state)
        except BoundsError as error:
            raise StatusError(Status.CONSTRAINT_ERROR, str(error)) from error
        except TlvError as error:
            raise StatusError(Status.INVALID_DATA_TYPE, str(error)) from error
        except Misuse as error:
            raise StatusError(Status.CONSTRAINT_ERROR, str(error)) from error
        try:
            place.view.write(place.attribute, value, self._context)
        except StatusError:
            raise
        except Exception as error:
            raise defect("write", place.path) from error


def _scalar(codec: Codec, data: Any, *, is_append: bool) -> Any:
    if is_append:
        raise StatusError(Status.INVALID_DATA_TYPE, "this attribute is no list")
    return _accept(codec, data)


def _accept(codec: Codec, data: Any) -> Any:
    """The typed value.

    Raises:
        StatusError: CONSTRAINT_ERROR for a number or string that is out of bounds, INVALID_DATA_TYPE for another type.
    """
    try:
        return codec.accept(data)
    except BoundsError as error:
        raise StatusError(Status.CONSTRAINT_ERROR, str(error)) from error
    except TlvError as error:
        raise StatusError(Status.INVALID_DATA_TYPE, str(error)) from error
