"""An endpoint: a number, its device types and its clusters.

Stands in node; the tree is flat, parts are computed from the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, KeysView, Mapping
from typing import TYPE_CHECKING, TypeVar

from latchwork.base.errors import Bug, Misuse
from latchwork.node.behavior import Behavior

if TYPE_CHECKING:
    from latchwork.node.node import Node

B = TypeVar("B", bound=Behavior)

BehaviorFactory = Callable[["Endpoint"], Behavior]
"""What makes a behavior for the endpoint it is given; a `Behavior` subclass bound to its state is one."""


class Endpoint:
    """One endpoint of a node (an `EndpointView`).

    Attributes:
        number: 0 is the root (Core 9.2).
        types: device type id to its revision.
        clusters: behaviors by cluster id, in ascending order of id.
        node: whose it is.
    """

    __slots__ = ("clusters", "node", "number", "types")

    def __init__(
        self, node: Node, number: int, types: Mapping[int, int], behaviors: Iterable[BehaviorFactory] = ()
    ) -> None:
        if not 0 <= number <= 0xFFFE:
            raise Misuse(f"{number} is no endpoint number")
        self.node = node
        self.number = number
        self.types = dict(types)
        self.clusters: dict[int, Behavior] = {}
        for make in behaviors:
            self.add(make)

    @property
    def device_types(self) -> KeysView[int]:
        """The device type ids, which access control targets name."""
        return self.types.keys()

    def add(self, make: BehaviorFactory) -> Behavior:
        """Adds a cluster.

        Raises:
            Misuse: the endpoint has it already.
        """
        behavior = make(self)
        number = behavior.cluster.id
        if number in self.clusters:
            raise Misuse(f"endpoint {self.number} has cluster {number:#x} already")
        self.clusters[number] = behavior
        self.clusters = dict(sorted(self.clusters.items()))
        return behavior

    def behavior(self, kind: type[B]) -> B:
        """The behavior of a class.

        Raises:
            Bug: the endpoint was built without it.
        """
        found = self.clusters.get(kind.cluster.id)
        if not isinstance(found, kind):
            raise Bug(f"endpoint {self.number} has no {kind.__name__}")
        return found
