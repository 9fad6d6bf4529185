"""A virtual lock, a controller, and one command between them, over real UDP on the loopback."""

import asyncio

from latchwork.matter.model.clusters.door_lock import DoorLock, UnlockDoor
from latchwork.sim.home import VirtualHome


async def main() -> None:
    """Commission the lock, unlock it and ask for its state."""
    async with VirtualHome(locks=1) as home:
        door = await home.commission(home.locks[0])
        await door.invoke(1, DoorLock.unlock_door, UnlockDoor())
        state = await door.get(1, DoorLock.lock_state)
        print(state.name if state is not None else "unknown")


if __name__ == "__main__":
    asyncio.run(main())
