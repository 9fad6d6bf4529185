"""What the interaction model wants of a node: the sockets into which the serving side plugs its endpoints and clusters.

Interaction storey of `matter`; knows the model and who asks, not how a node is built or stored.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from latchwork.matter.interaction.events import EventLog
from latchwork.matter.model.meta import Attribute, Cluster, Command
from latchwork.matter.tlv.schema import Struct
from latchwork.matter.trust.access import AccessList, Subject


@dataclass(slots=True)
class RequestContext:
    """Who asks for what is being done.

    Attributes:
        subject: the peer as access control sees it.
        session: the stack's session, opaque here; None for requests from inside.
        now: seconds of the monotonic clock when the message arrived.
        is_timed: the action is part of a timed interaction (Core 8.4.5).
        fabric_filtered: a read wants only entries of the accessing fabric (Core 8.4.2.2).
    """

    subject: Subject
    session: object = None
    now: float = 0.0
    is_timed: bool = False
    fabric_filtered: bool = False


class ClusterView(Protocol):
    """One cluster on one endpoint.

    All three methods may raise `StatusError`; the peer gets its status.
    """

    @property
    def state(self) -> Cluster:
        """The attributes' values and the data version."""

    def read(self, attribute: Attribute[Any], context: RequestContext) -> Any:
        """The value as declared, of all fabrics: the server filters."""

    def write(self, attribute: Attribute[Any], value: Any, context: RequestContext) -> None:
        """Set the whole value; operations on lists have been merged, type and constraint checked."""

    def invoke(
        self, command: Command, request: Any, context: RequestContext
    ) -> Struct | Awaitable[Struct | None] | None:
        """Run a command; `request` is the declared structure, or None for a command without fields."""


class EndpointView(Protocol):
    """One endpoint."""

    @property
    def number(self) -> int:
        """The endpoint's number."""

    @property
    def clusters(self) -> Mapping[int, ClusterView]:
        """Server clusters by id."""

    @property
    def device_types(self) -> Collection[int]:
        """Ids of the device types, for access control's targets."""


class NodeView(Protocol):
    """The node."""

    @property
    def endpoints(self) -> Mapping[int, EndpointView]:
        """Endpoints by number, in the order in which wildcards expand."""

    @property
    def access(self) -> AccessList:
        """Who may do what."""

    @property
    def events(self) -> EventLog:
        """What happened."""
