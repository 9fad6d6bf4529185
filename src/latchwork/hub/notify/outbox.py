"""What waits to be told to one receiver: gathered, kept quiet, never a storm.

Layer hub, pure. A message a moment after something happens; when much happens, few messages with many lines; what is urgent at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from latchwork.hub.notify.rules import Notice
from latchwork.hub.notify.texts import SHOWN

GATHER_S: Final = 2.0
"""Seconds in which what happens together goes into one message."""
PER_MINUTE: Final = 4
"""Messages at most; of those that are urgent, as many again."""
MAX_WAITING: Final = 200
"""Notices that are kept; of more the number is told."""
STALE_S: Final = 86_400.0
"""Seconds after which a notice is no news any more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes into one message."""

    notices: tuple[Notice, ...]
    more: int = 0


@dataclass(slots=True)
class Outbox:
    """What waits for one receiver.

    Attributes:
        waiting: in order.
        uncounted: how many more there were.
    """

    waiting: list[Notice] = field(default_factory=list)
    uncounted: int = 0
    _first_at: float = 0.0
    _sent: deque[float] = field(default_factory=lambda: deque(maxlen=PER_MINUTE))
    _urgent_sent: deque[float] = field(default_factory=lambda: deque(maxlen=PER_MINUTE))

    def put(self, notice: Notice, now: float) -> None:
        """Something is to be told."""
        if len(self.waiting) >= MAX_WAITING and not notice.is_urgent:
            self.uncounted += 1
            return
        if not self.waiting:
            self._first_at = now
        self.waiting.append(notice)

    def put_back(self, batch: Batch) -> None:
        """What could not be sent waits again: something more urgent has come."""
        self.waiting[:0] = batch.notices
        self.uncounted += batch.more

    @property
    def is_urgent(self) -> bool:
        """Whether something that waits is."""
        return any(notice.is_urgent for notice in self.waiting)

    def due_at(self, now: float, quiet_until: float | None) -> float | None:
        """When something may be sent: now or earlier is at once; None when nothing waits."""
        if not self.waiting:
            return None
        if self.is_urgent:
            return _free_at(self._urgent_sent, now)
        return max(self._first_at + GATHER_S, _free_at(self._sent, now), quiet_until or 0.0)

    def take(self, now: float) -> Batch | None:
        """What is to be sent now that it is due; it is not waiting any more."""
        fresh = [notice for notice in self.waiting if now - notice.at < STALE_S or notice.key]
        urgent = [notice for notice in fresh if notice.is_urgent]
        if urgent:
            self._urgent_sent.append(now)
            self.waiting = [notice for notice in fresh if not notice.is_urgent]
            return Batch(tuple(urgent[:SHOWN]), max(0, len(urgent) - SHOWN))
        more, self.waiting, self.uncounted = self.uncounted, [], 0
        if not fresh:
            return None
        self._sent.append(now)
        return Batch(tuple(fresh[:SHOWN]), more + max(0, len(fresh) - SHOWN))

    def told_until(self, scanned: int) -> int:
        """The last entry of which nothing waits any more, of those until `scanned`."""
        return min([notice.seq - 1 for notice in self.waiting if notice.seq], default=scanned)


def _free_at(sent: deque[float], now: float) -> float:
    return sent[0] + 60.0 if len(sent) == sent.maxlen and now - sent[0] < 60.0 else now
