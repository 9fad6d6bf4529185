"""Factory reset: a node leaves every fabric and is again what it was when it was made.

Stands in node. What proves who the device is (attestation, the salt of its passcode) stays, as do the proof of the sealing key and the
count of events, so that no number is ever used twice. Everything else of the store goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from latchwork.base.errors import Misuse
from latchwork.base.ids import FabricIndex
from latchwork.base.logs import log, logger
from latchwork.node.node import EVENT_NUMBERS

if TYPE_CHECKING:
    from latchwork.node.node import Node

_LOG = logger(__name__)
_KEPT: Final = ("identity/", "seal/", EVENT_NUMBERS)


class FactoryState:
    """What a node is before its stored values come back. Make it after the last endpoint was added, and before the node starts.

    Raises:
        Misuse: the node has started.
    """

    __slots__ = ("_node", "_values")

    def __init__(self, node: Node) -> None:
        if _has_started(node):
            raise Misuse("what a node was when it was made must be looked at before it starts")
        self._node = node
        self._values: dict[tuple[int, int, int], Any] = {
            (behavior.endpoint.number, behavior.cluster.id, attribute.id): getattr(behavior.state, attribute.name)
            for behavior in node.behaviors()
            for attribute in behavior.state.supported_attributes.values()
            if behavior.is_stored(attribute)
        }

    def restore(self) -> None:
        """Make the node so again, and open its window to the first commissioner.

        Its peers are told goodbye as far as sessions and DNS-SD can say so. Behaviors that keep more than their attributes are asked to
        forget it (`Behavior.factory_reset`).

        Raises:
            StoreError: the store cannot be written.
        """
        node = self._node
        with node.turn():
            node.fail_safe.expire()
            for fabric in node.fabrics:
                node.leave(fabric.index)
            node.fabrics.last_index = FabricIndex(0)
            node.window.close()
            node.close_sessions(0)
            for behavior in node.behaviors():
                behavior.factory_reset()
            for key in node.ledger.keys(""):
                if not key.startswith(_KEPT):
                    node.ledger.put(key, None)
            self._put_values_back()
            node.events.clear()
            node.open_factory_window()
        log(_LOG, 30, "node.factory_reset")

    def _put_values_back(self) -> None:
        for behavior in self._node.behaviors():
            for attribute in behavior.state.supported_attributes.values():
                value = self._values.get((behavior.endpoint.number, behavior.cluster.id, attribute.id))
                if behavior.is_stored(attribute):
                    setattr(behavior.state, attribute.name, value)
                    # The store always holds a value, also where memory never had another one.
                    self._node.attribute_changed(behavior, attribute)


def _has_started(node: Node) -> bool:
    try:
        _ = node.server
    except Misuse:
        return False
    return True
