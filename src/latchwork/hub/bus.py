"""Live events inside the process: who publishes never waits, who listens may be slow, and memory has a bound.

Layer hub; knows no lock and no person. What must not be missed is in the journal and the database: here is what is new about it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

RING: Final = 2048
"""Events that are kept for those who lag behind or come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A live event.

    Attributes:
        id: greater than that of every earlier one of this process.
        kind: such as `lock_state`.
        data: JSON values; never a secret.
    """

    id: int
    kind: str
    data: Mapping[str, Any]


class Bus:
    """Tells everybody who listens, in order.

    Listeners have no queue of their own: each has a place in one ring, and falls out of it when it is too slow.

    Args:
        ring: events that are kept.
    """

    __slots__ = ("_is_closed", "_news", "_ring", "last_id")

    def __init__(self, ring: int = RING) -> None:
        self._ring: deque[Happening] = deque(maxlen=ring)
        self._news = asyncio.Event()
        self._is_closed = False
        self.last_id = 0

    def publish(self, kind: str, data: Mapping[str, Any]) -> int:
        """Tell all who listen; returns the event's id."""
        self.last_id += 1
        self._ring.append(Happening(id=self.last_id, kind=kind, data=dict(data)))
        # A new event object for the next news: whoever waits on the old one wakes once, however many come in this turn.
        news, self._news = self._news, asyncio.Event()
        news.set()
        return self.last_id

    async def listen(self, after: int | None = None) -> AsyncIterator[Happening | None]:
        """Events after the one with this id, or from now on; None stands for some that are lost: read everything again.

        Ends when the bus is closed. An id that was never given, as of an earlier process, begins with None too.
        """
        at = self.last_id if after is None else after
        if at > self.last_id:
            yield None
            at = self.last_id
        while not self._is_closed or at < self.last_id:
            if at == self.last_id:
                await self._news.wait()
                continue
            first = self._ring[0].id
            if at + 1 < first:
                yield None
                at = first - 1
                continue
            found = self._ring[at + 1 - first]
            at = found.id
            yield found

    def close(self) -> None:
        """End all listening."""
        self._is_closed = True
        self._news.set()
