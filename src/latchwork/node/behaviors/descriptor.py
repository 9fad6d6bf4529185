"""Descriptor: what an endpoint is and has (Core 9.5).

Stands in node; computes everything from the tree of endpoints.
"""

from __future__ import annotations

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.model.clusters.descriptor import Descriptor, DeviceTypeStruct
from latchwork.matter.model.clusters.ota_software_update_provider import OtaSoftwareUpdateProvider
from latchwork.matter.model.clusters.ota_software_update_requestor import OtaSoftwareUpdateRequestor
from latchwork.node.behavior import Behavior


class DescriptorBehavior(Behavior):
    """What this endpoint is and has; the root lists all other endpoints as its parts."""

    __slots__ = ()

    cluster = Descriptor

    def read_device_type_list(self, _context: RequestContext) -> tuple[DeviceTypeStruct, ...]:
        """Device types with their revisions."""
        return tuple(DeviceTypeStruct(device_type=i, revision=revision) for i, revision in self.endpoint.types.items())

    def read_server_list(self, _context: RequestContext) -> tuple[int, ...]:
        """Clusters served here."""
        return tuple(self.endpoint.clusters)

    def read_client_list(self, _context: RequestContext) -> tuple[int, ...]:
        """Clusters used here: a node that updates itself asks a provider for it (Device Library 2.3)."""
        return (OtaSoftwareUpdateProvider.id,) if OtaSoftwareUpdateRequestor.id in self.endpoint.clusters else ()

    def read_parts_list(self, _context: RequestContext) -> tuple[int, ...]:
        """Endpoints below this one: all others for the root, none for the rest."""
        if self.endpoint.number:
            return ()
        return tuple(number for number in self.node.endpoints if number)
