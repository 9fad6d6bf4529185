"""Sharing a lock with other ecosystems: opening it for one more, seeing who is on it, taking one off by its name.

Layer hub, on controller. What is said of a lock was read on it for the answer. A code lives in memory until its window ends, and nowhere
else. Our own fabric is never removed from here, and nobody else's without its name.
"""

from __future__ import annotations

import asyncio
from typing import Final

from latchwork.base.errors import LatchworkError, Misuse, Refused, Unreachable
from latchwork.controller import Controller, Peer
from latchwork.controller.check_in import StillAsleep
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Lock
from latchwork.hub.journal.entries import Detail
from latchwork.hub.keeping.keeper import Wake
from latchwork.hub.keeping.keepers import Keepers
from latchwork.hub.sharing import texts
from latchwork.hub.sharing.answers import (
    NoFreeFabric,
    NoSuchFabric,
    NotConfirmed,
    NotOpen,
    OwnFabric,
    Shared,
    SomebodyJoins,
    State,
    WindowOpen,
)
from latchwork.hub.sharing.ecosystems import Ecosystem, find_ecosystem
from latchwork.hub.sharing.following import Followed, Followers
from latchwork.hub.sharing.rows import Window, put_window
from latchwork.hub.sharing.window import OnLock, Reading, read_window
from latchwork.matter.messages.status import StatusError
from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning, StatusCodeEnum
from latchwork.matter.model.clusters.operational_credentials import NodeOperationalCertStatusEnum
from latchwork.matter.onboarding import SetupPayload

SHORTEST: Final = 3
LONGEST: Final = 15
"""Minutes (Core 5.4.2.3.1)."""
MINUTES: Final = 15
"""How long by default: until one has found the place in an app's menus. It closes as soon as somebody has joined."""
PATIENCE_S: Final = 25.0
"""Seconds that an owner waits for a lock that sleeps; a program that asks gives up at thirty."""
GLANCE_S: Final = 2.0
"""Seconds that a look waits for it."""
_AT_ONCE_S: Final = 0.05


class Sharing:
    """Shares the locks of a hub.

    Args:
        desk: the books.
        controller: of the hub's fabric.
        keepers: who look again at what an ecosystem leaves behind.
    """

    def __init__(self, desk: Desk, controller: Controller, keepers: Keepers) -> None:
        self._desk = desk
        self._controller = controller
        self._keepers = keepers
        self._own_root_key = controller.fabric.root_public_key.raw
        self._followers = Followers(desk, controller.peers, self._read)
        self._turns: dict[int, asyncio.Lock] = {}
        self._others: dict[int, tuple[int | None, int | None, float]] = {}

    def begin(self) -> None:
        """Follow what was open when the hub ended."""
        self._followers.begin()

    async def close(self) -> None:
        """Follow no more. Windows stay open: the lock closes them by itself."""
        await self._followers.close()

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """What goes on in the background."""
        return self._followers.tasks

    # The window

    async def share(self, lock_id: str, *, minutes: int | None, ecosystem: str | None, actor: str) -> Shared:
        """Open a lock for one more ecosystem; the answer has the code.

        Args:
            lock_id: which lock.
            minutes: for how long, 3 to 15.
            ecosystem: for whom, by id; None: for anybody.
            actor: who asks.

        Raises:
            NotFound: there is no such lock.
            Misuse: this length or this ecosystem cannot be.
            WindowOpen: it is open already.
            SomebodyJoins: somebody is joining just now.
            NoFreeFabric: all places are taken.
            Refused: the lock said no.
            Unreachable: it does not answer, or sleeps.
        """
        minutes = MINUTES if minutes is None else minutes
        if not SHORTEST <= minutes <= LONGEST:
            raise Misuse(texts.bare_minutes(SHORTEST, LONGEST))
        wanted = find_ecosystem(ecosystem)
        if wanted is None:
            raise Misuse(texts.NO_SUCH_ECOSYSTEM)
        lock, peer = self._present(lock_id)
        async with self._turn(lock):
            await self._rouse(lock, peer, PATIENCE_S)
            reading = await self._heard(lock, peer)
            self._check_free(lock, reading)
            window = Window(
                lock_id=lock_id,
                opened_at=(now := self._desk.now()),
                ends_at=now + minutes * 60,
                ecosystem=wanted.id,
                actor=actor,
                before=frozenset(each.mark for each in reading.fabrics),
            )
            payload = await self._open(lock, peer, window, minutes * 60)
            followed = self._followers.follow(lock.node_id, window, payload)
        self._followers.tell(window, state=State.OPEN.value, free_fabrics=reading.free)
        return _ours(followed, reading)

    def _check_free(self, lock: Lock, reading: Reading) -> None:
        if reading.is_open:
            raise self._open_already(lock, reading)
        if not reading.free:
            raise NoFreeFabric(reading.supported, [each.name for each in reading.fabrics])

    async def _open(self, lock: Lock, peer: Peer, window: Window, seconds: int) -> SetupPayload:
        """In the books first: a window of which nobody knows would be the one that is forgotten."""
        detail: dict[str, Detail] = {"minutes": seconds // 60, "ecosystem": window.ecosystem}
        audit = self._desk.audit(
            window.actor,
            "share",
            door=self._desk.repository.door_of_lock(lock.id),
            lock_id=lock.id,
            detail=detail,
        )
        await self._desk.write(lambda to: put_window(to, window), lambda _: [audit])
        try:
            return await peer.open_window(seconds=seconds)
        except LatchworkError as error:
            self._followers.follow(lock.node_id, window, None).is_closing = True
            await self._did_not_open(lock, peer, window, error)
            raise
        except BaseException:
            self._followers.follow(lock.node_id, window, None)
            raise

    async def _did_not_open(self, lock: Lock, peer: Peer, window: Window, error: LatchworkError) -> None:
        """See what has come of it, and leave nothing open with a code that nobody knows.

        Raises:
            WindowOpen: somebody else was faster.
            SomebodyJoins: somebody is joining.
            Unreachable: it is not known.
        """
        is_busy = isinstance(error, StatusError) and error.cluster_status == StatusCodeEnum.BUSY
        try:
            reading = await self._read(peer)
            if not is_busy and reading.is_open_by_us:
                await peer.invoke(0, AdministratorCommissioning.revoke_commissioning)
        except LatchworkError as lost:
            raise Unreachable(str(error), advice=texts.MAYBE_OPEN) from lost
        await self._followers.drop(lock.node_id)
        door = self._desk.repository.door_of_lock(lock.id)
        await self._desk.note(self._desk.audit(window.actor, "share_failed", door=door, lock_id=lock.id))
        if is_busy and reading.is_open:
            raise self._open_already(lock, reading) from error
        if is_busy:
            raise SomebodyJoins from error

    async def look(self, lock_id: str) -> Shared:
        """Whether others can join, as the lock says now; a window that has ended is settled by it.

        Raises:
            NotFound: there is no such lock.
        """
        lock = self._desk.repository.lock(lock_id)
        try:
            _, peer = self._present(lock_id)
            await self._rouse(lock, peer, GLANCE_S)
            reading = await self._heard(lock, peer)
        except LatchworkError as error:
            return self._unheard(lock, str(error))
        return self._shared(lock, reading)

    async def end(self, lock_id: str, *, actor: str) -> None:
        """Close a window that this hub opened, before its time; what somebody has begun is undone.

        Raises:
            NotFound: there is no such lock.
            NotOpen: there is no window.
            WindowOpen: it is somebody else's.
            Refused: the lock said no.
            Unreachable: it does not answer: the hub goes on watching.
        """
        lock, peer = self._present(lock_id)
        async with self._turn(lock):
            await self._rouse(lock, peer, PATIENCE_S)
            reading = await self._heard(lock, peer)
            if not reading.is_open:
                raise NotOpen("this lock is not open for others")
            if not reading.is_open_by_us:
                raise self._open_already(lock, reading)
            door = self._desk.repository.door_of_lock(lock_id)
            await self._desk.note(self._desk.audit(actor, "share_end", door=door, lock_id=lock_id))
            followed = self._followers.find(lock.node_id)
            if followed is not None:
                followed.is_closing = True
            try:
                await peer.invoke(0, AdministratorCommissioning.revoke_commissioning)
            except StatusError as error:
                if error.cluster_status != StatusCodeEnum.WINDOW_NOT_OPEN:
                    raise
            await self._heard(lock, peer)

    # Who is on a lock

    async def fabrics(self, lock_id: str) -> tuple[OnLock, ...]:
        """Who is on a lock, as it says now.

        Raises:
            NotFound: there is no such lock.
            Unreachable: it does not answer, or sleeps.
        """
        lock, peer = self._present(lock_id)
        await self._rouse(lock, peer, PATIENCE_S)
        return (await self._heard(lock, peer)).fabrics

    async def remove_fabric(self, lock_id: str, index: int, *, confirm: str, actor: str) -> None:
        """Take another ecosystem off a lock. Users and codes that it made stay, and open: they are orphans from then on.

        Args:
            lock_id: which lock.
            index: the lock's number for the ecosystem.
            confirm: its vendor, its label or both, as listed.
            actor: who asks.

        Raises:
            NotFound: there is no such lock.
            NoSuchFabric: there is no such ecosystem on it.
            OwnFabric: it is this hub.
            NotConfirmed: it is called something else.
            Refused: the lock said no.
            Unreachable: it does not answer.
        """
        lock, peer = self._present(lock_id)
        async with self._turn(lock):
            await self._rouse(lock, peer, PATIENCE_S)
            found = next((each for each in (await self._heard(lock, peer)).fabrics if each.index == index), None)
            if found is None:
                raise NoSuchFabric("there is no such ecosystem on this lock", advice="Read the list again.")
            if found.is_ours:
                raise OwnFabric("this is the hub itself", advice="Remove the lock from the hub instead.")
            if not found.is_called(confirm):
                raise NotConfirmed(found.vendor)
            detail: dict[str, Detail] = {"fabric": found.name, "index": index}
            door = self._desk.repository.door_of_lock(lock_id)
            await self._desk.note(self._desk.audit(actor, "fabric_removal", door=door, lock_id=lock_id, detail=detail))
            response = await peer.remove_fabric(index)
            if response.status_code != NodeOperationalCertStatusEnum.OK:
                raise Refused(f"the lock kept it: {response.status_code.name}", status=int(response.status_code))
        # What it made is an orphan now, and is to be shown as one.
        for each in self._desk.repository.locks_on_node(lock.node_id):
            self._keepers.wake(each.id, Wake.LOCK)

    # What is asked of the lock

    async def _read(self, peer: Peer) -> Reading:
        return await read_window(peer, self._own_root_key)

    async def _heard(self, lock: Lock, peer: Peer) -> Reading:
        """Ask, settle what has ended, and remember since when somebody else's window is known."""
        followed = self._followers.find(lock.node_id)
        reading = await self._read(peer)
        await self._followers.settle(lock.node_id, reading, followed)
        if reading.is_open and not reading.is_open_by_us:
            who = (reading.opener_index, reading.opener_vendor)
            known = self._others.get(lock.node_id)
            if known is None or known[:2] != who or known[2] + LONGEST * 60 < self._desk.now():
                self._others[lock.node_id] = (*who, self._desk.now())
        else:
            self._others.pop(lock.node_id, None)
        return reading

    async def _rouse(self, lock: Lock, peer: Peer, patience: float) -> None:
        """Wait for a lock that tells us when it wakes; others hear us sooner or later.

        Raises:
            Unreachable: it sleeps on.
        """
        if peer.node_id not in self._controller.check_ins.watched:
            return
        try:
            await peer.wait_awake(_AT_ONCE_S)
        except StillAsleep:
            if patience > GLANCE_S:
                door = self._desk.repository.door_of_lock(lock.id)
                door_id = None if door is None else door.id
                self._desk.bus.publish("sharing", {"lock_id": lock.id, "door_id": door_id, "state": "waiting"})
            try:
                await peer.wait_awake(patience)
            except StillAsleep as error:
                raise Unreachable(texts.STILL_ASLEEP, advice=texts.WAKE_IT) from error

    def _present(self, lock_id: str) -> tuple[Lock, Peer]:
        lock = self._desk.repository.lock(lock_id)
        peer = self._controller.peers.get(lock.node_id)
        if peer is None or lock.gone_at is not None:
            raise Unreachable("this lock is not on the hub's fabric", advice="Add it again with its setup code.")
        return lock, peer

    def _turn(self, lock: Lock) -> asyncio.Lock:
        return self._turns.setdefault(lock.node_id, asyncio.Lock())

    # What is answered

    def _open_already(self, lock: Lock, reading: Reading) -> WindowOpen:
        followed = self._followers.find(lock.node_id)
        if reading.is_open_by_us and followed is not None:
            return WindowOpen("this hub", followed.window.ends_at, is_ours=True)
        if reading.is_open_by_us:
            return WindowOpen(texts.OURS_ELSEWHERE, self._latest_end(lock), is_ours=True)
        return WindowOpen(reading.opened_by, self._latest_end(lock), is_ours=False)

    def _latest_end(self, lock: Lock) -> float:
        """Of somebody else's window: no lock says when it ends, but none is open for more than a quarter of an hour."""
        known = self._others.get(lock.node_id)
        return (self._desk.now() if known is None else known[2]) + LONGEST * 60

    def _shared(self, lock: Lock, reading: Reading) -> Shared:
        followed = self._followers.find(lock.node_id)
        last = self._followers.last_end(lock.node_id)
        if followed is not None and reading.is_open_by_us:
            return _ours(followed, reading)
        nobody = _ecosystem("")
        if not reading.is_open:
            why = "" if followed is None else f"{texts.AT_WORK}."
            fabrics, free = reading.fabrics, reading.free
            return Shared(state=State.CLOSED, ecosystem=nobody, fabrics=fabrics, free=free, why=why, last=last)
        told = self._open_already(lock, reading)
        return Shared(
            state=State.OPEN_BY_OTHER,
            ends_at=told.ends_at,
            ecosystem=nobody,
            opened_by=told.opened_by,
            fabrics=reading.fabrics,
            free=reading.free,
            last=last,
        )

    def _unheard(self, lock: Lock, why: str) -> Shared:
        followed = self._followers.find(lock.node_id)
        if followed is None:
            last = self._followers.last_end(lock.node_id)
            return Shared(state=State.UNKNOWN, ecosystem=_ecosystem(""), why=why, last=last)
        window = followed.window
        is_over = self._desk.now() >= window.ends_at
        return Shared(
            state=State.UNKNOWN,
            payload=None if is_over else followed.payload,
            opened_at=window.opened_at,
            ends_at=window.ends_at,
            ecosystem=_ecosystem(window.ecosystem),
            opened_by="this hub",
            why=f"{why}. {texts.NOT_HEARD}",
        )


def _ours(followed: Followed, reading: Reading) -> Shared:
    window, ecosystem = followed.window, _ecosystem(followed.window.ecosystem)
    return Shared(
        state=State.OPEN,
        payload=followed.payload,
        opened_at=window.opened_at,
        ends_at=window.ends_at,
        ecosystem=ecosystem,
        opened_by="this hub",
        fabrics=reading.fabrics,
        free=reading.free,
        warnings=_warnings(ecosystem, reading.free),
        why="" if followed.payload is not None else texts.RESTARTED,
    )


def _ecosystem(ecosystem_id: str) -> Ecosystem:
    found = find_ecosystem(ecosystem_id) or find_ecosystem(None)
    assert found is not None, "no name stands for any"
    return found


def _warnings(ecosystem: Ecosystem, free: int) -> tuple[str, ...]:
    if free < ecosystem.fabrics:
        return (texts.too_few(ecosystem, free),)
    return (texts.last_one(free),) if free == ecosystem.fabrics else ()
