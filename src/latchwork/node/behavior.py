"""A behavior: the commands, computed reads and guarded writes of one cluster on one endpoint.

Stands in node, above the data model and the interaction model; knows no exchange, no socket and no session's keys.

```python
class IdentifyBehavior(Behavior):
    cluster = Identify

    def identify(self, request: IdentifyRequest, context: RequestContext) -> None:
        self.state.identify_time = request.identify_time
```

A command is a method with the command's snake name; it may be a coroutine function. `read_<attribute>` computes a value instead of
taking it from the state; `write_<attribute>` guards a peer's write. The node stores attributes of quality N when they change.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from latchwork.base.errors import Bug
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.meta import Attribute, Cluster, Command, Event
from latchwork.matter.tlv.schema import Struct

if TYPE_CHECKING:
    from latchwork.node.endpoint import Endpoint
    from latchwork.node.node import Node

_B = TypeVar("_B", bound="Behavior")


class Behavior:
    """One cluster on one endpoint, as the interaction model sees it (a `ClusterView`).

    Attributes:
        cluster: the declaration this class serves.
        state: the attribute values.
        endpoint: where it sits.
    """

    __slots__ = ("endpoint", "state")

    cluster: ClassVar[type[Cluster]]
    stored: ClassVar[frozenset[str]] = frozenset()
    """Names of attributes that survive a restart although the specification does not ask for it (quality N does)."""
    _reads: ClassVar[dict[int, str]] = {}
    _writes: ClassVar[dict[int, str]] = {}
    _commands: ClassVar[dict[int, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Finds which attributes and commands the class has methods for, once per class."""
        super().__init_subclass__(**kwargs)
        if "cluster" not in cls.__dict__ and not hasattr(cls, "cluster"):
            return
        attributes, commands = cls.cluster.attributes, cls.cluster.commands
        cls._reads = {i: f"read_{a.name}" for i, a in attributes.items() if hasattr(cls, f"read_{a.name}")}
        cls._writes = {i: f"write_{a.name}" for i, a in attributes.items() if hasattr(cls, f"write_{a.name}")}
        cls._commands = {
            i: c.name for i, c in commands.items() if hasattr(cls, c.name) and not hasattr(Behavior, c.name)
        }

    def __init__(self, endpoint: Endpoint, state: Cluster) -> None:
        self.endpoint = endpoint
        self.state: Any = state
        # Two lives of a node are told apart by their data versions (Core 7.10.3).
        state.data_version = int.from_bytes(endpoint.node.entropy(4), "little")
        state.on_change = self._changed

    @property
    def node(self) -> Node:
        """The node this behavior belongs to."""
        return self.endpoint.node

    def start(self) -> None:
        """Called once when the node starts, after stored values are back in `state`; nothing by default."""

    def stop(self) -> None:
        """Called once when the node stops; nothing by default."""

    def fail_safe_expired(self) -> None:
        """Called when the fail-safe rolled back, after stored values are back in `state`; nothing by default."""

    def fabric_removed(self, fabric_index: int) -> None:
        """Called after a fabric left, so that what belonged to it goes too; nothing by default."""

    def factory_reset(self) -> None:
        """Called when the node forgets everything, before attributes are what they were at first: what is kept beside them goes."""

    def read(self, attribute: Attribute[Any], context: RequestContext) -> Any:
        """The attribute's value for this reader.

        Raises:
            StatusError: it cannot be read now.
        """
        computed = self._reads.get(attribute.id)
        if computed is None:
            return getattr(self.state, attribute.name)
        return getattr(self, computed)(context)

    def write(self, attribute: Attribute[Any], value: Any, context: RequestContext) -> None:
        """Writes a whole value for a peer.

        Raises:
            StatusError: the value is not allowed.
        """
        guarded = self._writes.get(attribute.id)
        if guarded is None:
            setattr(self.state, attribute.name, value)
        else:
            getattr(self, guarded)(value, context)

    def invoke(
        self, command: Command, request: Any, context: RequestContext
    ) -> Struct | Awaitable[Struct | None] | None:
        """Carries out a command and gives its response, or None for a plain success.

        Raises:
            StatusError: the command is refused.
        """
        name = self._commands.get(command.id)
        if name is None:
            raise StatusError(Status.UNSUPPORTED_COMMAND, f"{self.cluster.__name__} has no command {command.id:#x}")
        handler: Callable[[Struct, RequestContext], Struct | Awaitable[Struct | None] | None] = getattr(self, name)
        return handler(request, context)

    def is_stored(self, attribute: Attribute[Any]) -> bool:
        """Whether the attribute's value survives a restart: quality N or named in `stored`, and not computed."""
        return ("N" in attribute.quality or attribute.name in self.stored) and attribute.id not in self._reads

    def emit(self, event: Event, payload: Struct | None = None, *, fabric_index: int | None = None) -> int:
        """Records an event of this cluster; gives its number."""
        return self.node.emit(self.endpoint.number, self.cluster.id, event, payload, fabric_index=fabric_index)

    def touch(self, attribute: Attribute[Any]) -> None:
        """Says that a computed attribute, or the inside of a value, changed: new data version, reports due."""
        self.state.touch(attribute)

    @staticmethod
    def accessing_fabric(context: RequestContext) -> int:
        """The caller's fabric, for commands that are fabric-scoped (Core 7.13.6).

        Raises:
            StatusError: UNSUPPORTED_ACCESS, the caller has none yet.
        """
        if not context.subject.fabric_index:
            raise StatusError(Status.UNSUPPORTED_ACCESS, "only a member of a fabric may do this")
        return context.subject.fabric_index

    def sibling(self, kind: type[_B]) -> _B:
        """The behavior of another cluster on the same endpoint.

        Raises:
            Bug: the endpoint was built without it.
        """
        found = self.endpoint.clusters.get(kind.cluster.id)
        if not isinstance(found, kind):
            raise Bug(f"endpoint {self.endpoint.number} has no {kind.__name__}")
        return found

    def _changed(self, _state: Cluster, attribute: Attribute[Any]) -> None:
        self.endpoint.node.attribute_changed(self, attribute)
