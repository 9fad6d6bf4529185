"""The log of what happened on a node, ready to be reported (Core 7.14, 8.10).

Interaction storey of `matter`; knows who may read which event and how an event is written down, not where the log survives a restart.
An event is encoded once, when it is recorded; every report then only copies bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.matter.interaction import wire
from latchwork.matter.interaction.paths import EventQuery
from latchwork.matter.model.meta import Event
from latchwork.matter.tlv.schema import Struct

RESERVE: Final = 0x1_0000
"""How many numbers are set aside at once, so that storage is written once in 65,536 events, as numbers must never repeat (Core 7.14.2.1)."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event that happened.

    Attributes:
        number: grows by one with each event of the node.
        endpoint: where.
        cluster: the cluster's id.
        event: the event's id.
        priority: 0 debug, 1 info, 2 critical: which of the three logs it is in.
        privilege: what a reader needs, 1 to 5 as in access control.
        fabric_index: only this fabric may see it; None is everybody.
        report: the finished EventReportIB.
    """

    number: int
    endpoint: int
    cluster: int
    event: int
    priority: int
    privilege: int
    fabric_index: int | None
    report: bytes


_number = attrgetter("number")


class EventLog:
    """The newest events of each priority.

    Driven by the node's clusters recording and by readers selecting. A full log forgets its oldest event.

    Args:
        first_number: the next event's number; after a restart what `reserve` was last called with.
        reserve: called with a number before any number from there on is given out; must have stored it when it returns.
        capacity: how many events of each priority are kept: debug, info, critical.
        on_recorded: called with every event, after it is in the log.
    """

    __slots__ = ("_logs", "_reserve", "_reserved", "next_number", "on_recorded")

    def __init__(
        self,
        first_number: int = 1,
        *,
        reserve: Callable[[int], None] | None = None,
        capacity: tuple[int, int, int] = (32, 128, 256),
        on_recorded: Callable[[RecordedEvent], None] | None = None,
    ) -> None:
        self._logs = tuple(deque[RecordedEvent](maxlen=size) for size in capacity)
        self._reserve = reserve
        self._reserved = first_number
        self.next_number = first_number
        self.on_recorded = on_recorded

    def __len__(self) -> int:
        return sum(map(len, self._logs))

    def record(
        self,
        endpoint: int,
        cluster: int,
        event: Event,
        payload: Struct | None,
        *,
        posix_ms: int | None = None,
        system_ms: int | None = None,
        fabric_index: int | None = None,
    ) -> int:
        """Write an event down and give its number.

        Args:
            endpoint: where it happened.
            cluster: the cluster's id.
            event: the declaration.
            payload: its fields, or None for an event without.
            posix_ms: when, milliseconds since 1970 UTC; None while the date is unknown.
            system_ms: when, milliseconds since start; used when there is no date.
            fabric_index: whose it is, for fabric-sensitive events.

        Raises:
            Misuse: neither time is given, or a fabric-sensitive event has no fabric.
        """
        if posix_ms is None and system_ms is None:
            raise Misuse("an event needs a time")
        if event.fabric_sensitive and not fabric_index:
            raise Misuse("a fabric-sensitive event needs its fabric")
        if self.next_number >= self._reserved:
            self._reserved = self.next_number + RESERVE
            if self._reserve is not None:
                self._reserve(self._reserved)
        number = self.next_number
        self.next_number = number + 1
        priority = int(event.priority)
        out = bytearray(b"\x15\x35\x01")
        out += wire.event_path(0, endpoint, cluster, event.id)
        out += wire.unsigned(1, number) + wire.unsigned(2, priority)
        out += wire.unsigned(3, posix_ms) if posix_ms is not None else wire.unsigned(4, system_ms or 0)
        out += b"\x35\x07"
        if payload is not None:
            payload.encode_members(out)
        out += b"\x18\x18\x18"
        owner = fabric_index if event.fabric_sensitive else None
        recorded = RecordedEvent(number, endpoint, cluster, event.id, priority, int(event.privilege), owner, bytes(out))
        self._logs[priority].append(recorded)
        if self.on_recorded is not None:
            self.on_recorded(recorded)
        return number

    def select(
        self,
        paths: Iterable[EventQuery],
        min_number: int,
        *,
        fabric_index: int,
        allows: Callable[[int, int, int], bool],
    ) -> Iterator[RecordedEvent]:
        """Events of any of `paths` from `min_number` on, in the order in which they happened.

        Args:
            paths: what is asked for.
            min_number: lowest number wanted.
            fabric_index: the accessing fabric; another fabric's sensitive events are left out.
            allows: (privilege, endpoint, cluster) to whether the reader has it.
        """
        if min_number >= self.next_number:
            return
        wanted = tuple(paths)
        # Copies: a log may lose its head to new events while a reader waits between two messages.
        for recorded in merge(*[tuple(log) for log in self._logs], key=_number):
            if (
                recorded.number >= min_number
                and (recorded.fabric_index is None or recorded.fabric_index == fabric_index)
                and any(path.matches(recorded.endpoint, recorded.cluster, recorded.event) for path in wanted)
                and allows(recorded.privilege, recorded.endpoint, recorded.cluster)
            ):
                yield recorded

    def clear(self) -> None:
        """Drop every event; the numbers go on."""
        for log in self._logs:
            log.clear()

    def forget_fabric(self, fabric_index: int) -> None:
        """Drop the sensitive events of a fabric that left."""
        for log in self._logs:
            kept = [recorded for recorded in log if recorded.fabric_index != fabric_index]
            log.clear()
            log.extend(kept)
