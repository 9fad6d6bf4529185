"""What locks said over time of their batteries and their links, for whoever wants to see when it began.

Layer hub, on controller and store. Batteries are heard from the bus. Links are asked for, a few times a day and only while the lock is in
reach and awake; a lock that does not say is asked no more for a week. The numbers are those that the lock told, never reckoned ones.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from logging import WARNING
from typing import Any, Final, Protocol, TypeGuard

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.controller.check_in import StillAsleep
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Lock
from latchwork.matter.interaction.paths import AttributeQuery
from latchwork.matter.interaction.values import AttributeValue

_log = logger(__name__)
EVERY_S: Final = 3600.0
"""Seconds between two samples of a kind, unless it changed by much."""
KEPT_S: Final = 400 * 86_400.0
"""Seconds that a sample is kept: a year, and a month to compare it with."""
MAX_SAMPLES: Final = 12_000
"""Of one kind of one lock."""
MAX_POINTS: Final = 240
"""That one answer has; more samples are told as the mean of those that are close to each other."""
LINK_EVERY_S: Final = 4 * 3600.0
"""Seconds between two questions for the link."""
MUTE_S: Final = 7 * 86_400.0
"""Seconds until a lock that does not say is asked again: it may have new firmware."""
_LOOK_S: Final = 600.0
_AT_ONCE_S: Final = 0.05
_THREAD, _WIFI = 0x0035, 0x0036
_NEIGHBOUR_TABLE: Final = AttributeQuery(0, _THREAD, 0x0007)
"""Thread Network Diagnostics, NeighborTable (Core 11.14.6.8)."""
_WIFI_RSSI: Final = AttributeQuery(0, _WIFI, 0x0004)
"""Wi-Fi Network Diagnostics, RSSI (Core 11.15.6.5)."""
_LQI, _AVERAGE_RSSI, _LAST_RSSI, _IS_CHILD = 5, 6, 7, 13
"""Fields of NeighborTableStruct (Core 11.14.5.3)."""


class SampleKind(StrEnum):
    """What a sample is of."""

    BATTERY = "battery"
    """Percent that are left."""
    THREAD_RSSI = "thread_rssi"
    """How strong the lock hears its Thread router, dBm."""
    THREAD_LQI = "thread_lqi"
    """The link's quality as the lock's radio reckons it, 0 to 255."""
    WIFI_RSSI = "wifi_rssi"
    """How strong the lock hears its access point, dBm."""


LINKS: Final = (SampleKind.THREAD_RSSI, SampleKind.WIFI_RSSI, SampleKind.THREAD_LQI)
"""Kinds that tell of the link, the clearest first."""
MUCH: Final[Mapping[SampleKind, float]] = {
    SampleKind.BATTERY: 5.0,
    SampleKind.THREAD_RSSI: 10.0,
    SampleKind.WIFI_RSSI: 10.0,
    SampleKind.THREAD_LQI: 40.0,
}
"""A change by as much is kept at once."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value at one time.

    Attributes:
        at: UTC seconds since 1970.
        value: in the unit of its kind.
    """

    at: float
    value: float


class Asked(Protocol):
    """A node that can be asked."""

    async def read(self, *queries: AttributeQuery) -> Sequence[Any]:
        """What it says, or why it does not."""

    async def wait_awake(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as the peer's own
        """Wait until it hears."""


class Airwaves(Protocol):
    """The controller, as far as it is needed here."""

    @property
    def peers(self) -> Mapping[int, Any]:
        """Nodes by id."""

    @property
    def check_ins(self) -> Any:
        """Who tells when they wake."""


class History:
    """Keeps samples, from `start` to `close`.

    Args:
        desk: the books.
        controller: of the hub's fabric; None asks no lock.
        is_reachable: whether a lock answers.
    """

    def __init__(self, desk: Desk, controller: Airwaves | None, is_reachable: Callable[[str], bool]) -> None:
        self._desk = desk
        self._controller = controller
        self._is_reachable = is_reachable
        self._due: dict[str, float] = {}
        self._is_silent: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to listen and to ask."""
        if not self._tasks:
            self._begin(self._listen(), "history of batteries")
            self._begin(self._ask(), "history of links")

    def _begin(self, work: Any, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    # What is told

    def says_link(self, lock_id: str) -> bool | None:
        """Whether a lock says how good its link is; None before it was asked."""
        if lock_id in self._is_silent:
            return False
        return True if lock_id in self._due else None

    def samples(self, lock_id: str, kind: SampleKind, *, since: float, points: int = MAX_POINTS) -> list[Sample]:
        """Of one kind, oldest first; where there are too many, each is the mean of those close to each other.

        Args:
            lock_id: which lock.
            kind: of what.
            since: the earliest instant, UTC seconds since 1970.
            points: how many at most.
        """
        points = max(1, min(points, MAX_POINTS))
        until = self._desk.now()
        step = max((until - since) / points, 1.0)
        return self._desk.repository.database.read(
            lambda connection: _read(connection, lock_id, kind, since, step, points)
        )

    def latest(self, lock_id: str, kind: SampleKind) -> Sample | None:
        """The newest one, or None."""
        return self._desk.repository.database.read(lambda connection: _latest(connection, lock_id, kind))

    # What is kept

    async def keep(self, lock_id: str, values: Mapping[SampleKind, float]) -> bool:
        """Keep what a lock said now, where it is time or it changed by much; returns whether anything was kept."""
        now = self._desk.now()
        new = {
            kind: value
            for kind, value in values.items()
            if _is_worth_it(self.latest(lock_id, kind), now, value, MUCH[kind])
        }
        if not new:
            return False
        await self._desk.repository.database.write(lambda connection: _keep(connection, lock_id, new, now))
        self._desk.bus.publish("history", {"lock_id": lock_id, "kinds": sorted(new)})
        return True

    async def _listen(self) -> None:
        async for event in self._desk.bus.listen():
            if event is None or event.kind != "battery":
                continue
            percent = event.data.get("percent")
            lock_id = event.data.get("lock_id")
            if isinstance(lock_id, str) and isinstance(percent, int):
                try:
                    await self.keep(lock_id, {SampleKind.BATTERY: float(percent)})
                except LatchworkError as error:
                    log(_log, WARNING, "battery not kept", lock=lock_id, error=type(error).__name__, reason=error)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            for lock in self._desk.repository.locks():
                await self.look(lock)

    async def look(self, lock: Lock) -> None:
        """Ask a lock for its link if that is due, and it is in reach and awake."""
        now = self._desk.now()
        if self._controller is None or now < self._due.get(lock.id, 0.0) or not self._is_reachable(lock.id):
            return
        peer = self._controller.peers.get(lock.node_id)
        if peer is None:
            return
        try:
            if lock.node_id in self._controller.check_ins.watched:
                await peer.wait_awake(_AT_ONCE_S)
            found = link_of(await peer.read(_NEIGHBOUR_TABLE, _WIFI_RSSI))
            self._due[lock.id] = now + (LINK_EVERY_S if found else MUTE_S)
            if not found:
                self._is_silent.add(lock.id)
                return
            self._is_silent.discard(lock.id)
            await self.keep(lock.id, found)
        except StillAsleep:
            return  # not worth its battery
        except LatchworkError as error:
            log(_log, WARNING, "link not read", lock=lock.id, error=type(error).__name__, reason=error)


def link_of(entries: Iterable[Any]) -> dict[SampleKind, float]:
    """How good a lock's link is, as its diagnostics say; empty where it does not say.

    Of several neighbours the one counts that it hears best: that is whom it talks to. Children hear it, not the other way round.
    """
    found: dict[SampleKind, float] = {}
    for each in entries:
        if not isinstance(each, AttributeValue):
            continue
        where = (each.cluster, each.attribute)
        if where == (_WIFI, _WIFI_RSSI.attribute) and _is_between(each.value, -120, 0):
            found[SampleKind.WIFI_RSSI] = float(each.value)
        elif where == (_THREAD, _NEIGHBOUR_TABLE.attribute) and isinstance(each.value, list | tuple):
            found |= _of_neighbours(each.value)
    return found


def _of_neighbours(table: Iterable[Any]) -> dict[SampleKind, float]:
    found: dict[SampleKind, float] = {}
    for row in table:
        if not isinstance(row, dict) or row.get(_IS_CHILD) is True:
            continue
        rssi = row.get(_AVERAGE_RSSI)
        rssi = row.get(_LAST_RSSI) if rssi is None else rssi
        for kind, value, low in ((SampleKind.THREAD_RSSI, rssi, -128), (SampleKind.THREAD_LQI, row.get(_LQI), 0)):
            if _is_between(value, low, 0 if low else 255):
                found[kind] = max(found.get(kind, float(low)), float(value))
    return found


def _is_between(value: Any, low: int, high: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_worth_it(before: Sample | None, now: float, value: float, much: float) -> bool:
    return before is None or not 0 <= now - before.at < EVERY_S or abs(value - before.value) >= much


_LATEST: Final = "SELECT at, value FROM lock_sample WHERE lock_id = ? AND kind = ? ORDER BY at DESC LIMIT 1"
_SINCE: Final = "SELECT at, value FROM lock_sample WHERE lock_id = ? AND kind = ? AND at >= ? ORDER BY at DESC LIMIT ?"
_MEANS: Final = (
    "SELECT avg(at), avg(value) FROM lock_sample WHERE lock_id = ? AND kind = ? AND at >= ?"
    " GROUP BY CAST((at - ?) / ? AS INTEGER) ORDER BY 1 DESC LIMIT ?"
)
_OLD: Final = (
    "DELETE FROM lock_sample WHERE lock_id = ? AND kind = ? AND (at < ? OR at <= coalesce((SELECT at FROM lock_sample"
    " WHERE lock_id = ? AND kind = ? ORDER BY at DESC LIMIT 1 OFFSET ?), -1))"
)


def _latest(connection: sqlite3.Connection, lock_id: str, kind: SampleKind) -> Sample | None:
    found = connection.execute(_LATEST, (lock_id, kind.value)).fetchone()
    return None if found is None else Sample(*found)


def _read(
    connection: sqlite3.Connection, lock_id: str, kind: SampleKind, since: float, step: float, points: int
) -> list[Sample]:
    found = connection.execute(_SINCE, (lock_id, kind.value, since, points + 1)).fetchall()
    if len(found) > points:
        found = connection.execute(_MEANS, (lock_id, kind.value, since, since, step, points)).fetchall()
    return [Sample(at, value) for at, value in reversed(found)]


def _keep(connection: sqlite3.Connection, lock_id: str, values: Mapping[SampleKind, float], now: float) -> None:
    for kind, value in values.items():
        connection.execute("INSERT OR REPLACE INTO lock_sample VALUES (?, ?, ?, ?)", (lock_id, kind.value, now, value))
        same = (lock_id, kind.value)
        connection.execute(_OLD, (*same, now - KEPT_S, *same, MAX_SAMPLES))
