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
from latchwork.hub.backup.service import Backup
from latchwork.hub.books.repository import Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.calendars.service import Calendars
from latchwork.hub.desk import Desk
from latchwork.hub.enrolment.eyes import PeerEyes
from latchwork.hub.enrolment.service import Enrolments
from latchwork.hub.guests.service import Guests
from latchwork.hub.house.desired import Desired
from latchwork.hub.journal.journal import Journal
from latchwork.hub.keeping.keeper import State
from latchwork.hub.keeping.keepers import Keepers
from latchwork.hub.keeping.strays import Strays
from latchwork.hub.listening.history import History
from latchwork.hub.listening.watchers import Watchers
from latchwork.hub.locks.service import Locks
from latchwork.hub.locks.settings import LockSettings
from latchwork.hub.notify.service import Notifications
from latchwork.hub.people.importing import Imports
from latchwork.hub.people.removal_report import RemovalReports
from latchwork.hub.people.service import People
from latchwork.hub.people.signing_key import SigningKey
from latchwork.hub.sharing.service import Sharing
from latchwork.hub.upkeep import Upkeep
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
        sharing: who else has a lock.
        lock_settings: what owners set on their locks.
        history: batteries and links over time.
        guests: invites them, and shows them their page.
        removals: signed reports of who moved out.
        enrolments: fingers, cards and faces that are taken at the door.
        backup: everything in one file.
        imports: people from tables.
        upkeep: looks after the storage.
        strays: after a restoration, looks for locks that the backup does not have.
        calendars: stays from elsewhere, as accesses.
        notifications: who is told of what.
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
        self.sharing = Sharing(desk, controller, self.keepers)
        self.lock_settings = LockSettings(desk, controller, self.keepers)
        self.history = History(desk, controller, lambda lock_id: self.locks.status(lock_id).is_reachable)
        self.people = People(
            desk,
            wake_doors=self.keepers.wake_doors,
            capabilities=self.locks.capabilities,
            reasons=self._reason,
        )
        self.guests = Guests(desk, locks=self.locks, wake_doors=self.keepers.wake_doors)
        self.removals = RemovalReports(desk, self.people.removal, SigningKey(database, desk.entropy))
        self.enrolments = Enrolments(
            desk,
            locks=self.locks,
            eyes=PeerEyes(controller),
            wake_doors=self.keepers.wake_doors,
            remove_credential=self.people.remove_credential,
        )
        self.backup = Backup(desk, controller.store)
        self.upkeep = Upkeep(desk)
        self.strays = Strays(desk, controller, self.locks.found)
        self.imports = Imports(desk, wake_doors=self.keepers.wake_doors, capabilities=self.locks.capabilities)
        self.calendars = Calendars(
            desk, self.people, capabilities=self.locks.capabilities, wake_doors=self.keepers.wake_doors
        )
        self.notifications = Notifications(desk, status=self.locks.status, desired=self._desired)
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
            hub.sharing.begin()
            hub.history.start()
            hub.enrolments.resume()
            hub.backup.tidy()
            hub.upkeep.start()
            hub.strays.start()
            hub.calendars.start()
            hub.notifications.start()
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

    def _desired(self, lock_id: str) -> Desired:
        keeper = self.keepers.find(lock_id)
        return Desired() if keeper is None else keeper.desired

    async def close(self) -> None:
        """Stop everything and close the books; the controller stays."""
        self.is_ready = False
        await self.enrolments.close()
        await self.notifications.close()
        await self.calendars.close()
        await self.upkeep.close()
        await self.strays.close()
        await self.sharing.close()
        await self.history.close()
        await self.locks.close()
        await self.watchers.close()
        await self.keepers.close()
        self.bus.close()
        await self._database.close()
