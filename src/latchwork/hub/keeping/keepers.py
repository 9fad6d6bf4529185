"""The keepers of all locks: one each, not all speaking at once, woken by what changes in the house.

Layer hub, on controller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from latchwork.controller import Controller
from latchwork.hub.books.rows import NotFound
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Lock
from latchwork.hub.keeping.keeper import Keeper, Wake
from latchwork.hub.keeping.proof import Models
from latchwork.hub.status import LockStatus

AT_ONCE: Final = 32
"""Locks that are spoken to at a time: more would only make each other wait in a network of small radios."""


class Keepers:
    """All keepers of a hub.

    Attributes:
        models: what is known about how models of locks answer.
        on_contact: called with a lock's id and why it does not answer, which is empty when it does.
        status_of: says how a lock stands.
    """

    __slots__ = ("_controller", "_desk", "_keepers", "_turns", "models", "on_contact", "status_of")

    def __init__(self, desk: Desk, controller: Controller) -> None:
        self._desk = desk
        self._controller = controller
        self._keepers: dict[str, Keeper] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.models = Models(desk.repository)
        self.on_contact: Callable[[str, str], None] = lambda _lock_id, _why: None
        self.status_of: Callable[[Lock], LockStatus] = lambda _lock: LockStatus()

    def keep(self, lock: Lock) -> Keeper | None:
        """Begin to keep a lock; None where its node is not on the hub's fabric."""
        peer = self._controller.peers.get(lock.node_id)
        if peer is None:
            return None
        check_ins, node_id = self._controller.check_ins, lock.node_id
        keeper = Keeper(
            self._desk,
            lock,
            peer,
            models=self.models,
            turns=self._turns,
            sleeps_until_check_in=lambda: node_id in check_ins.watched,
            on_contact=self._contact,
            status=lambda: self.status_of(lock),
        )
        self._keepers[lock.id] = keeper
        keeper.start()
        return keeper

    def _contact(self, lock_id: str, why: str) -> None:
        self.on_contact(lock_id, why)

    def get(self, lock_id: str) -> Keeper:
        """The keeper of a lock.

        Raises:
            NotFound: it has none.
        """
        keeper = self._keepers.get(lock_id)
        if keeper is None:
            raise NotFound("lock", lock_id)
        return keeper

    def find(self, lock_id: str) -> Keeper | None:
        """The keeper of a lock, or None."""
        return self._keepers.get(lock_id)

    def __iter__(self) -> Iterator[Keeper]:
        """All of them."""
        return iter(tuple(self._keepers.values()))

    def wake(self, lock_id: str, why: Wake) -> None:
        """Have a lock looked at again; nothing happens where nobody keeps it."""
        keeper = self._keepers.get(lock_id)
        if keeper is not None:
            keeper.wake(why)

    def wake_doors(self, door_ids: Iterable[str] | None) -> None:
        """The house changed for these doors, or for all."""
        self._desk.outdated()
        if door_ids is None:
            for keeper in self._keepers.values():
                keeper.wake(Wake.HOUSE)
            return
        doors = self._desk.household().doors
        for door_id in set(door_ids):
            door = doors.get(door_id)
            if door is not None and door.lock_id is not None:
                self.wake(door.lock_id, Wake.HOUSE)

    async def settle(self) -> None:
        """Wait until every lock is in line, or cannot be brought there now."""
        await asyncio.gather(*(keeper.settle() for keeper in tuple(self._keepers.values())))

    async def drop(self, lock_id: str) -> None:
        """Keep a lock no more."""
        keeper = self._keepers.pop(lock_id, None)
        if keeper is not None:
            await keeper.close()

    async def close(self) -> None:
        """Stop all of them."""
        await asyncio.gather(*(keeper.close() for keeper in self._keepers.values()))
        self._keepers.clear()
