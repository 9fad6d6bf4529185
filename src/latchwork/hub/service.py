"""The hub: one household's books, its locks, and everybody who works on them, opened and closed together.

Layer hub; `web` and `cli` stand before it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from latchwork.base.clock import Clock, SystemClock
from latchwork.controller import Controller
from latchwork.hub.bus import Bus
from latchwork.hub.desk import Desk
from latchwork.hub.journal import Journal
from latchwork.hub.keepers import Keepers
from latchwork.hub.locks import Locks
from latchwork.hub.people import People
from latchwork.hub.repository import Repository
from latchwork.hub.secrets import Secrets
from latchwork.hub.sync import State
from latchwork.hub.watchers import Watchers
from latchwork.store.database import Database

DATABASE: Final = "hub.db"
"""The database's name in the hub's folder."""
_WHY: Final = {
    State.STARTING: "the lock has not been asked yet",
    State.WORKING: "it is being done",
    State.WAITING: "the lock does not answer",
}


class Hub:
    """A hub, from `open` to `close`.

    Attributes:
        desk: how the house is changed.
        repository, secrets, journal: its books.
        bus: live events.
        keepers, watchers: who keeps each lock in line, and who listens to it.
        locks, people: what can be done.
        is_ready: the Matter side is up.
    """

    def __init__(self, desk: Desk, controller: Controller, database: Database) -> None:
        self.desk = desk
        self._database = database
        self.repository = desk.repository
        self.secrets = desk.secrets
        self.journal = desk.journal
        self.bus = desk.bus
        self.keepers = Keepers(desk, controller)
        self.watchers = Watchers(desk, controller, self.keepers)
        self.locks = Locks(desk, controller, self.keepers, self.watchers)
        self.people = People(
            desk,
            wake_doors=self.keepers.wake_doors,
            capabilities=self.locks.capabilities,
            reasons=self._reason,
        )
        self.is_ready = False

    @classmethod
    async def open(
        cls,
        folder: Path | str | None,
        *,
        controller: Controller,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        database: Database | None = None,
    ) -> Self:
        """The hub of a folder; a new one where there is none. All its locks are taken up.

        Args:
            folder: where the database is; None keeps everything in memory.
            controller: of the hub's fabric; closing it is its owner's.
            clock: both clocks.
            entropy: octets nobody can guess.
            database: one that is open already, in place of the folder's; closed with the hub.

        Raises:
            StoreError: the books cannot be opened.
        """
        clock = clock or SystemClock()
        if database is None:
            database = Database(None if folder is None else Path(folder) / DATABASE)
        try:
            secrets = await Secrets.open(database, entropy)
            desk = Desk(
                repository=Repository(database),
                secrets=secrets,
                journal=Journal(database),
                bus=Bus(),
                clock=clock,
                entropy=entropy,
            )
            hub = cls(desk, controller, database)
            hub.locks.begin()
        except BaseException:
            await database.close()
            raise
        hub.is_ready = True
        return hub

    def _reason(self, lock_id: str) -> str | None:
        keeper = self.keepers.find(lock_id)
        if keeper is None:
            return None
        errors = [each.message for each in keeper.troubles if each.is_error]
        return errors[0] if errors else _WHY.get(keeper.state, "it is about to be done")

    async def close(self) -> None:
        """Stop everything and close the books; the controller stays."""
        self.is_ready = False
        await self.locks.close()
        await self.watchers.close()
        await self.keepers.close()
        self.bus.close()
        await self._database.close()
