"""Nodes of our fabric that are in the network, whoever knows them: for a controller that has forgotten some (Core 4.3.2).

Controller storey. An announcement is anybody's word; whether a node is on the fabric, a session with it shows.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from latchwork.base.errors import LatchworkError
from latchwork.controller.peer import Peer, StoredPeer
from latchwork.matter.discovery import OperationalService
from latchwork.matter.model.clusters.operational_credentials import OperationalCredentials
from latchwork.matter.trust.access import is_operational_node_id

if TYPE_CHECKING:
    from latchwork.controller.controller import Controller

MAX_NODES: Final = 4096
"""Nodes that are taken from one look: announcing more costs a stranger nothing."""


async def nodes_in_sight(controller: Controller, seconds: float) -> dict[int, int]:
    """Who says within some seconds that they are on our fabric: the port of each, by node id; ourselves, too."""
    service = OperationalService(controller.fabric.compressed_id, controller.fabric.node_id)
    found: dict[int, int] = {}
    browser = controller.discovery.browse(service.service_type, subtype=service.subtypes[0])
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for record in browser:
                    fabric, _, node = record.instance.partition("-")
                    if fabric != f"{service.compressed_fabric_id:016X}" or len(node) != 16 or len(found) == MAX_NODES:
                        continue
                    with suppress(ValueError):
                        found[int(node, 16)] = record.port
    finally:
        browser.close()
    return found


async def take_back(controller: Controller, node_id: int) -> Peer:
    """Remember a node again that has shown to be on our fabric.

    Raises:
        Misuse: it is known, just joining, or no node's id.
        LatchworkError: it does not answer, or is not on the fabric: it is not remembered.
    """
    controller.check_new(node_id)
    peer = Peer(controller, StoredPeer(node_id=node_id, host="", port=0))
    try:
        await peer.get(0, OperationalCredentials.current_fabric_index)
        controller.adopt(peer)
    except BaseException:
        with suppress(LatchworkError):
            await peer.close()
        raise
    return peer


def is_device(node_id: int, controller: Controller) -> bool:
    """Whether this can be a device's id, and not ours."""
    return is_operational_node_id(node_id) and node_id != controller.fabric.node_id
