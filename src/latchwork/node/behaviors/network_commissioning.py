"""Network Commissioning of a node that is on its network already: Ethernet (Core 11.9).

Stands in node; there is nothing to configure, only something to show.
"""

from __future__ import annotations

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.network_commissioning import (
    NetworkCommissioning,
    NetworkInfoStruct,
)
from latchwork.node.behavior import Behavior
from latchwork.node.config import NodeConfig


def network_commissioning(config: NodeConfig, interface: str = "eth0") -> NetworkCommissioning:
    """The cluster's values for an interface of the machine."""
    return NetworkCommissioning(
        spec=config.spec,
        features=NetworkCommissioning.Feature.ETHERNET_NETWORK_INTERFACE,
        max_networks=1,
        networks=(NetworkInfoStruct(network_id=interface.encode()[:32], connected=True),),
        interface_enabled=True,
        last_networking_status=None,
        last_network_id=None,
        last_connect_error_value=None,
    )


class NetworkCommissioningBehavior(Behavior):
    """Shows the one network there is."""

    __slots__ = ()

    cluster = NetworkCommissioning

    def write_interface_enabled(self, value: bool, _context: RequestContext) -> None:
        """The interface that carries the request cannot be turned off (Core 11.9.6.5).

        Raises:
            StatusError: it is asked to be.
        """
        if not value:
            raise StatusError(Status.INVALID_ACTION, "the only interface stays on")
        self.state.interface_enabled = value
