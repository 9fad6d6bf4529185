"""Once a day the hub's database is looked at page by page: what a failing disk has spoilt is told while there are backups without it.

Layer hub, on store. Then the codes are forgotten that nobody has and no lock knows any more, and entries of the journal that are older than
the site keeps them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from logging import ERROR
from typing import Final

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.hub.desk import Desk
from latchwork.store.errors import StoreDamaged

DAILY_S: Final = 86_400.0
"""Seconds between two looks."""

_log = logger(__name__)


class Upkeep:
    """Looks after the storage, from `start` to `close`.

    Attributes:
        damage: what was found at the last look, or empty.
    """

    __slots__ = ("_desk", "_task", "damage")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._task: asyncio.Task[None] | None = None
        self.damage = ""

    def start(self) -> None:
        """Begin; the first look is a day from now, since opening the database was one."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="upkeep of the storage")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def look(self) -> None:
        """Look now; tells the log, the journal and the bus of what is new."""
        before = self.damage
        try:
            await self._desk.repository.database.check()
        except StoreDamaged as error:
            self.damage = str(error)
            log(_log, ERROR, "storage_damaged", reason=error, advice=error.advice)
        except LatchworkError as error:
            log(_log, ERROR, "storage_not_checked", error=type(error).__name__, reason=error)
            return
        else:
            self.damage = ""
        if bool(before) is not bool(self.damage):
            self._desk.bus.publish("storage", {"is_sound": not self.damage})
            if self.damage:
                with suppress(LatchworkError):  # it may be the very page that is damaged
                    await self._desk.note(self._desk.audit("", "storage_damaged"))

    async def tidy(self) -> None:
        """Forget what is not to be kept any more.

        Raises:
            LatchworkError: the storage failed.
        """
        await self._desk.secrets.forget_unused()
        days = self._desk.repository.site().journal_days
        if days is not None:
            now = self._desk.now()
            await self._desk.journal.prune(now - days * DAILY_S, now)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(DAILY_S)
            await self.look()
            with suppress(LatchworkError):  # it is tried again tomorrow
                await self.tidy()
