"""Commission a lock by its code and print what happens at the door: `watch_a_door.py INTERFACE CODE`."""

import asyncio
import sys
from pathlib import Path

from latchwork.controller import Controller
from latchwork.controller.requests import Entry
from latchwork.matter.interaction.client import AttributeQuery, EventQuery
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.stack.mdns import MdnsDiscovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.udp import UdpTransport
from latchwork.store.kv import FileStore


async def main(interface: str, code: str, seconds: float) -> None:
    """Pair, subscribe, and print for a while."""
    store = FileStore(Path("watch.db"))
    runtime = Runtime([UdpTransport(interface)], parameters=SessionParameters())
    controller = await Controller.open(store=store, runtime=runtime, discovery=MdnsDiscovery(interface))
    try:
        door = await controller.commission(code, on_step=lambda report: print(report.step, report.state))

        def show(entries: list[Entry]) -> None:
            for entry in entries:
                print(entry)

        await door.subscribe(AttributeQuery(1, DoorLock.id), EventQuery(1, DoorLock.id), on_report=show)
        await asyncio.sleep(seconds)
    finally:
        await controller.close()
        store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], 3600.0))
