"""Log-ins that were refused, in the journal: enough to see that somebody tries, and no more than a line for each in ten minutes.

Layer web. Written beside the answer, so that how long the answer takes does not tell whether there is such an account. What was typed is
never in it: neither the password, nor a name that is nobody's, which may be a password in the wrong field.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from logging import ERROR, WARNING
from typing import Final

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.hub.desk import Desk
from latchwork.hub.journal.entries import Detail
from latchwork.web.accounts import Account
from latchwork.web.limits import Limiter

EVERY_S: Final = 600.0
_PER_HOUR: Final = 60
"""Lines of all together: many addresses must not fill the storage."""
_MAX_KNOWN: Final = 2000
_MAX_ADDRESS: Final = 64
_LOG = logger(__name__)


class Refusals:
    """Writes them down.

    Args:
        desk: the books.
    """

    __slots__ = ("_all", "_desk", "_noted", "_writing")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._noted: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._all = Limiter("refusals", _PER_HOUR, 3600.0)
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, account: Account | None, address: str, by: str) -> None:
        """Somebody was refused.

        Args:
            account: whose name it was, or None where it is nobody's.
            address: where it came from.
            by: `password`, `second_factor` or `passkey`: what was not right.
        """
        log(_LOG, WARNING, "log_in_refused", address=address, by=by)
        now, key = self._desk.clock.monotonic(), ("" if account is None else account.id, address)
        before = self._noted.get(key)
        if before is not None and now - before < EVERY_S:
            return
        if not self._all.take("", now).is_allowed:
            return
        self._noted[key] = now
        self._noted.move_to_end(key)
        while len(self._noted) > _MAX_KNOWN:
            self._noted.popitem(last=False)
        detail: dict[str, Detail] = {"address": address[:_MAX_ADDRESS], "by": by}
        if account is not None:
            detail |= {"account": account.id, "name": account.name}
        task = asyncio.create_task(self._write(detail), name="a refused log-in is written down")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settle(self) -> None:
        """Wait until all is written."""
        await asyncio.gather(*self._writing)

    async def _write(self, detail: dict[str, Detail]) -> None:
        try:
            await self._desk.note(self._desk.audit("somebody", "log_in_refused", detail=detail))
        except LatchworkError as error:
            log(_LOG, ERROR, "refusal_not_kept", error=type(error).__name__)
