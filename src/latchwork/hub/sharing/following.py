"""Windows that this hub has opened, followed until they end: who has joined, or that the time ran out, also across a restart.

Layer hub, on controller. An end is told only after the lock was read: a window that was not heard of since is neither open nor closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from logging import ERROR, WARNING
from typing import Any, Final

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.controller import Peer
from latchwork.hub.desk import Desk
from latchwork.hub.journal.entries import Detail, Entry, Kind
from latchwork.hub.keeping.waking import Backoff
from latchwork.hub.sharing.rows import Window, forget_window, list_windows
from latchwork.hub.sharing.window import OnLock, Reading
from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning
from latchwork.matter.onboarding import SetupPayload

_log = logger(__name__)
HUB: Final = "hub"
"""Who writes what nobody did."""
LOOK_S: Final = 20.0
"""Seconds between looks at an open window, beside what the lock tells by itself: while it is open, a lock does not sleep."""
SLACK_S: Final = 30.0
"""Seconds by which a lock may be late in closing it: a command takes its time to arrive."""
JOINING_S: Final = 120.0
"""Seconds that somebody who began to join may take after the window closed behind them."""


class Outcome(StrEnum):
    """How a window ended."""

    JOINED = "joined"
    RAN_OUT = "ran_out"
    CLOSED = "closed"
    """From here, before its time."""
    ENDED = "ended"
    """Before its time: by another ecosystem, by the lock, or after too many wrong codes."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a window.

    Attributes:
        outcome: how.
        at: when it was noticed, UTC seconds since 1970.
        joined: who joined, by name.
    """

    outcome: Outcome
    at: float
    joined: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Followed:
    """A window under watch.

    Attributes:
        window: what is kept of it.
        payload: with what one joins; None when the hub was restarted since, or never learned whether the window opened.
        is_closing: it is being closed from here.
        shut_at: when it was first seen shut, or None.
        task: watches it.
    """

    window: Window
    payload: SetupPayload | None
    is_closing: bool = False
    shut_at: float | None = None
    task: asyncio.Task[None] | None = None


class Followers:
    """All windows that are watched, by node.

    Args:
        desk: the books.
        peers: the nodes of the hub's fabric.
        read: asks one.

    Attributes:
        tasks: what goes on in the background.
    """

    def __init__(self, desk: Desk, peers: Mapping[int, Peer], read: Callable[[Peer], Awaitable[Reading]]) -> None:
        self._desk = desk
        self._peers = peers
        self._read = read
        self._by_node: dict[int, Followed] = {}
        self._ends: dict[int, End] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Take up what was open when the hub ended."""
        for window in self._desk.repository.database.read(list_windows):
            self.follow(self._desk.repository.lock(window.lock_id).node_id, window, None)

    async def close(self) -> None:
        """Watch no more; what is open stays in the books."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log(_log, ERROR, "open windows not watched", error=type(error).__name__, reason=error)

    def follow(self, node_id: int, window: Window, payload: SetupPayload | None) -> Followed:
        """Watch a window that is in the books."""
        self._ends.pop(node_id, None)
        self._by_node[node_id] = followed = Followed(window=window, payload=payload)
        followed.task = task = asyncio.create_task(self._watch(node_id, followed), name=f"window of {node_id:X}")
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return followed

    def find(self, node_id: int) -> Followed | None:
        """The window of a node, or None."""
        return self._by_node.get(node_id)

    def last_end(self, node_id: int) -> End | None:
        """How the last one of a node ended, as far as this process knows."""
        return self._ends.get(node_id)

    async def _heard(self, after: int) -> None:
        """Returns once a lock has told that somebody came or went."""
        async for happening in self._desk.bus.listen(after):
            if happening is None or happening.kind == "fabrics":
                return
        await asyncio.sleep(LOOK_S)  # the bus was closed before us

    async def _watch(self, node_id: int, followed: Followed) -> None:
        backoff = Backoff(self._desk.entropy)
        while self._by_node.get(node_id) is followed:
            peer, heard = self._peers.get(node_id), self._desk.bus.last_id
            try:
                if peer is None:
                    # The lock was removed: nobody will ever be told how this ended.
                    await self._forget(node_id, followed)
                    return
                await self._look(node_id, peer, followed)
                backoff.succeeded()
                pause = min(LOOK_S, max(1.0, followed.window.ends_at - self._desk.now() + 1.0))
            except LatchworkError as error:
                log(_log, WARNING, "open window not looked at", node=node_id, reason=error)
                pause = backoff.failed()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._heard(heard)

    async def _look(self, node_id: int, peer: Peer, followed: Followed) -> None:
        reading = await self._read(peer)
        if followed.is_closing and reading.is_open_by_us:
            # Asked for before, and lost on the way.
            await peer.invoke(0, AdministratorCommissioning.revoke_commissioning)
            reading = await self._read(peer)
        await self.settle(node_id, reading, followed)

    async def settle(self, node_id: int, reading: Reading, followed: Followed | None) -> None:
        """Tell of the end of a node's window, if this is it.

        Args:
            node_id: the node.
            reading: what it says.
            followed: its window as it was before it was asked: an answer that is older than the window says nothing of it.
        """
        if followed is None or self._by_node.get(node_id) is not followed:
            return
        now = self._desk.now()
        joined = [each for each in reading.fabrics if each.mark not in followed.window.before and not each.is_ours]
        outcome = _outcome(followed, reading, bool(joined), now)
        if outcome is not None:
            await self._end(node_id, followed, outcome, joined, reading.free)

    async def _end(self, node_id: int, followed: Followed, outcome: Outcome, joined: list[OnLock], free: int) -> None:
        # Whoever comes second, the watch or a request, finds it gone.
        del self._by_node[node_id]
        now, window = self._desk.now(), followed.window
        self._ends[node_id] = End(outcome, now, tuple(each.name for each in joined))
        entries = [self._entry(window, outcome, each, free) for each in joined] or [
            self._entry(window, outcome, None, free)
        ]
        try:
            await self._desk.write(lambda to: forget_window(to, window.lock_id), lambda _: entries)
        except BaseException:
            self._by_node[node_id] = followed
            raise
        _dismiss(followed)
        self.tell(window, state=outcome.value, joined=[each.name for each in joined], free_fabrics=free)

    def _entry(self, window: Window, outcome: Outcome, who: OnLock | None, free: int) -> Entry:
        door = self._desk.repository.door_of_lock(window.lock_id)
        detail: dict[str, Detail] = {
            "did": f"share_{outcome.value}",
            "ecosystem": window.ecosystem,
            "asked_by": window.actor,
            "free_fabrics": free,
        }
        return Entry(
            at=self._desk.now(),
            kind=Kind.AUDIT,
            actor=HUB,
            door_id=None if door is None else door.id,
            door_name="" if door is None else door.name,
            lock_id=window.lock_id,
            fabric_index=None if who is None else who.index,
            fabric_name="" if who is None else who.name,
            detail=detail,
        )

    async def drop(self, node_id: int) -> None:
        """It never opened: nothing is to be told."""
        followed = self._by_node.get(node_id)
        if followed is not None:
            await self._forget(node_id, followed)

    async def _forget(self, node_id: int, followed: Followed) -> None:
        self._by_node.pop(node_id, None)
        _dismiss(followed)
        await self._desk.write(lambda to: forget_window(to, followed.window.lock_id))

    def tell(self, window: Window, **data: Any) -> None:
        """Tell the bus; a code never goes there."""
        door = self._desk.repository.door_of_lock(window.lock_id)
        self._desk.bus.publish(
            "sharing",
            {
                "lock_id": window.lock_id,
                "door_id": None if door is None else door.id,
                "ecosystem": window.ecosystem or None,
                "ends_at": window.ends_at,
                **data,
            },
        )


def _dismiss(followed: Followed) -> None:
    """Its watch has nothing to watch any more; unless it is who says so."""
    if followed.task is not None and followed.task is not asyncio.current_task():
        followed.task.cancel()


def _outcome(followed: Followed, reading: Reading, is_joined: bool, now: float) -> Outcome | None:
    """How it ended; None: it has not, or somebody is about to join."""
    window = followed.window
    if reading.is_open_by_us and now < window.ends_at + SLACK_S:
        return None
    if followed.shut_at is None:
        followed.shut_at = now
    if reading.is_joining and not followed.is_closing and now < followed.shut_at + JOINING_S:
        return None
    if is_joined:
        return Outcome.JOINED
    if followed.is_closing:
        return Outcome.CLOSED
    return Outcome.RAN_OUT if now >= window.ends_at - 1.0 else Outcome.ENDED
