"""Locks that joined after the backup from which the hub was restored: they are on its fabric, and found again by what they announce.

Layer hub, on controller. Taking one back writes nothing on it: its door has no accesses yet, and what it holds is left alone. For a day
after a restoration it is looked for them; a hub beside this one that was made of the same backup is seen, too, where it announces itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from logging import ERROR, INFO
from typing import Final

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.controller import Controller, Peer
from latchwork.controller.strays import is_device, nodes_in_sight, take_back
from latchwork.hub.desk import Desk
from latchwork.hub.keeping.restored import SEARCH

LOOK_S: Final = 10.0
"""Seconds of one look: what is awake answers within one."""
PAUSE_S: Final = 3600.0
FOR_S: Final = 86_400.0
"""Seconds between two looks, and in which there are any."""
_log = logger(__name__)


class Strays:
    """Looks for locks that the books do not have, from `start` to `close`.

    Args:
        desk: the books.
        controller: of the hub's fabric.
        found: told of a node that is on the fabric and in no book.
    """

    __slots__ = ("_controller", "_desk", "_found", "_has_told", "_task")

    def __init__(self, desk: Desk, controller: Controller, found: Callable[[Peer], None]) -> None:
        self._desk = desk
        self._controller = controller
        self._found = found
        self._has_told = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if the hub was restored a short while ago."""
        since = self._desk.repository.setting(SEARCH)
        if self._task is None and isinstance(since, int | float):
            self._task = asyncio.create_task(self._run(float(since) + FOR_S), name="search for locks of our fabric")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self, until: float) -> None:
        while self._desk.now() < until:
            try:
                await self.look()
            except LatchworkError as error:
                log(_log, ERROR, "locks not looked for", error=type(error).__name__, reason=error)
            await asyncio.sleep(PAUSE_S)
        await self._desk.repository.forget_setting(SEARCH)

    async def look(self) -> None:
        """Look once, and take back what answers.

        Raises:
            LatchworkError: the storage or the network failed.
        """
        controller = self._controller
        in_sight = await nodes_in_sight(controller, LOOK_S)
        port = in_sight.get(controller.fabric.node_id)
        if port not in {None, controller.runtime.port} and not self._has_told:
            self._has_told = True
            log(_log, ERROR, "another hub of this fabric runs", advice="Stop one: both came out of the same backup.")
            await self._desk.note(self._desk.audit("", "another_hub_seen"))
            self._desk.bus.publish("hub", {"another_hub_seen": True})
        # Also those that are gone: one that was given up may still announce itself.
        known = {lock.node_id for lock in self._desk.repository.locks(with_gone=True)} | controller.peers.keys()
        for node_id in sorted(in_sight.keys() - known):
            if not is_device(node_id, controller):
                continue
            try:
                peer = await take_back(controller, node_id)
            except LatchworkError as error:
                log(_log, INFO, "node not taken back", node=f"{node_id:X}", reason=error)
            else:
                self._found(peer)
