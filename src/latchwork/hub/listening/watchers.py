"""The watchers of all nodes with locks, and the way from them to the keepers and back.

Layer hub, on controller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from logging import ERROR
from typing import Any

from latchwork.base.logs import log, logger
from latchwork.controller import Controller
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Lock
from latchwork.hub.house.observed import Observed
from latchwork.hub.keeping.keepers import Keepers
from latchwork.hub.listening.watching import Watcher
from latchwork.hub.status import LockStatus

_log = logger(__name__)


class Watchers:
    """All watchers of a hub."""

    __slots__ = ("_by_node", "_controller", "_desk", "_keepers", "_node_of", "_tasks")

    def __init__(self, desk: Desk, controller: Controller, keepers: Keepers) -> None:
        self._desk = desk
        self._controller = controller
        self._keepers = keepers
        self._by_node: dict[int, Watcher] = {}
        self._node_of: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        keepers.on_contact = self._contact
        keepers.status_of = self.status

    def watch(self, lock: Lock) -> Watcher | None:
        """Begin to listen to a lock's node, if nobody does; None where it is not on the hub's fabric."""
        peer = self._controller.peers.get(lock.node_id)
        if peer is None:
            return None
        self._node_of[lock.id] = lock.node_id
        watcher = self._by_node.get(lock.node_id)
        if watcher is None:
            watcher = Watcher(
                self._desk,
                peer,
                wake=self._keepers.wake,
                used=self._keepers.wake_doors,
                observed=self._observed,
                is_sleepy=lambda: self._is_sleepy(lock.id),
                sleeps_for=lambda: self._sleeps_for(lock),
            )
            self._by_node[lock.node_id] = watcher
            watcher.start()
        return watcher

    def status(self, lock: Lock) -> LockStatus:
        """How a lock stands."""
        watcher = self._by_node.get(lock.node_id)
        return LockStatus(why="the hub has no connection to it") if watcher is None else watcher.status(lock)

    def _observed(self, lock_id: str) -> Observed | None:
        keeper = self._keepers.find(lock_id)
        return None if keeper is None else keeper.observed

    def _is_sleepy(self, lock_id: str) -> bool:
        keeper = self._keepers.find(lock_id)
        return keeper is not None and keeper.capabilities is not None and keeper.capabilities.is_sleepy

    def _sleeps_for(self, lock: Lock) -> float | None:
        keeper = self._keepers.find(lock.id)
        can = None if keeper is None else keeper.capabilities
        return can.sleep_s if can is not None and lock.node_id in self._controller.check_ins.watched else None

    def _contact(self, lock_id: str, why: str) -> None:
        watcher = self._by_node.get(self._node_of.get(lock_id, 0))
        if watcher is not None and watcher.is_news(why):
            self._begin(watcher.contact(why))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log(_log, ERROR, "reachability not noted", error=type(error).__name__, reason=error)

    async def drop(self, lock_id: str) -> None:
        """Listen no more for a lock, and not to its node where it has no other."""
        node_id = self._node_of.pop(lock_id, None)
        if node_id is not None and node_id not in self._node_of.values():
            watcher = self._by_node.pop(node_id, None)
            if watcher is not None:
                await watcher.close()

    async def close(self) -> None:
        """Stop all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *(each.close() for each in self._by_node.values()), return_exceptions=True)
        self._by_node.clear()
