"""Identifiers as types of their own, so that they cannot be swapped.

Ground floor; plain integers at run time.
"""

from __future__ import annotations

from typing import NewType

NodeId = NewType("NodeId", int)
"""64-bit node id (Core 2.5.5)."""
FabricId = NewType("FabricId", int)
"""64-bit fabric id, scoped by its root key (Core 2.5.1)."""
FabricIndex = NewType("FabricIndex", int)
"""1..254: a fabric's place on one node; 0 means none (Core 7.5.2)."""
VendorId = NewType("VendorId", int)
GroupId = NewType("GroupId", int)
EndpointNumber = NewType("EndpointNumber", int)
ClusterId = NewType("ClusterId", int)
AttributeId = NewType("AttributeId", int)
CommandId = NewType("CommandId", int)
EventId = NewType("EventId", int)
DeviceTypeId = NewType("DeviceTypeId", int)
