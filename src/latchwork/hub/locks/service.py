"""Locks come, are operated from afar, change places and go.

Layer hub, on controller. Commissioning and what is put on a lock are separate results: a lock that joined stays, whatever goes wrong
afterwards. Nothing here touches what the hub did not put on a lock, but where somebody has named it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import replace
from logging import ERROR, WARNING
from typing import Any, Final

from latchwork.base.errors import LatchworkError, Misuse, Unreachable, Unsupported
from latchwork.base.logs import log, logger
from latchwork.controller import Controller, Peer, StepReport
from latchwork.hub.books import doors as repository_doors
from latchwork.hub.books import placed as repository_placed
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import CredentialKind, Door, Lock
from latchwork.hub.house.observed import Capabilities, Observed
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.keeping.keeper import Wake
from latchwork.hub.keeping.keepers import Keepers
from latchwork.hub.keeping.reading import Identity, read_identity
from latchwork.hub.keeping.waking import Backoff
from latchwork.hub.listening.watchers import Watchers
from latchwork.hub.locks import foreign
from latchwork.hub.status import LockStatus, Operation
from latchwork.matter.messages.status import StatusError
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, UnboltDoor, UnlockDoor
from latchwork.matter.model.clusters.icd_management import IcdManagement

_log = logger(__name__)
_TRIES: Final = 3
Tell = Callable[[str], None]


class Locks:
    """The locks of a hub.

    Args:
        desk: the books.
        controller: of the hub's fabric.
        keepers, watchers: who keeps them in line and who listens to them.
    """

    def __init__(self, desk: Desk, controller: Controller, keepers: Keepers, watchers: Watchers) -> None:
        self._desk = desk
        self._controller = controller
        self._keepers = keepers
        self._watchers = watchers
        self._tasks: set[asyncio.Task[None]] = set()

    # What is known

    def status(self, lock_id: str) -> LockStatus:
        """How it stands.

        Raises:
            NotFound: there is no such lock.
        """
        return self._watchers.status(self._desk.repository.lock(lock_id))

    def capabilities(self, lock_id: str) -> Capabilities | None:
        """What it can do; None before it was read."""
        keeper = self._keepers.find(lock_id)
        can = None if keeper is None else keeper.capabilities
        if can is None or keeper is None:
            return can
        return replace(can, probe=self._keepers.models.works(keeper.lock))

    def observed(self, lock_id: str) -> Observed | None:
        """What it holds; None before it was read."""
        keeper = self._keepers.find(lock_id)
        return None if keeper is None else keeper.observed

    def wake(self, lock_id: str) -> None:
        """Look again now whether the lock holds what it should."""
        self._keepers.wake(lock_id, Wake.ASKED)

    def begin(self) -> None:
        """Take up all locks that there are, and what was begun and not ended: a lock that was to go, and one that has only just come."""
        repository = self._desk.repository
        for lock in repository.locks():
            actor = repository.setting(_leaving(lock))
            if isinstance(actor, str):
                self._in_background(self._say_farewell(lock, actor))
            else:
                self._take_up(lock)
        known = {lock.node_id for lock in repository.locks(with_gone=True)}
        for node_id, peer in self._controller.peers.items():
            if node_id not in known:
                self._in_background(self._find(peer))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log(_log, ERROR, "work on a lock ended", error=type(error).__name__, reason=error)

    def found(self, peer: Peer) -> None:
        """A node of our fabric has come to light that no book knows."""
        self._in_background(self._find(peer))

    async def _find(self, peer: Peer, name: str = "") -> None:
        """A node of our fabric that no book knows: a lock that joined just before it or the hub was gone gets a door, anything else stays."""
        backoff = Backoff(self._desk.entropy)
        while True:
            try:
                lock = self._lock(peer, await _identity(peer))
                await _register(peer)
                break
            except Unsupported:
                return  # no lock, and so none of the hub's business
            except LatchworkError as error:
                log(_log, WARNING, "node not known", node=peer.node_id, error=type(error).__name__, reason=error)
                await asyncio.sleep(backoff.failed())
        name = name or lock.product or "New lock"
        await self._settle_in(lock, Door(id=self._desk.new_id("door"), name=name, lock_id=lock.id), "")

    def _take_up(self, lock: Lock) -> None:
        if self._keepers.keep(lock) is not None:
            self._watchers.watch(lock)

    # From afar

    async def operate(self, lock_id: str, operation: Operation, *, actor: str) -> None:
        """Lock, unlock or unbolt; returns when the lock has accepted it.

        Raises:
            NotFound: there is no such lock.
            Unsupported: it has no latch to leave, or wants a code from afar.
            Refused: it said no.
            Unreachable: it does not answer.
        """
        lock = self._desk.repository.lock(lock_id)
        can, peer = self.capabilities(lock_id), self._peer(lock)
        if operation is Operation.UNBOLT and can is not None and not can.has_latch:
            raise Unsupported("this lock has no latch of its own")
        if can is not None and can.requires_remote_pin:
            raise Unsupported(
                "this lock wants a code for what is asked from afar",
                advice="Switch off in the lock's settings that remote operation needs a code.",
            )
        door = self._desk.repository.door_of_lock(lock_id)
        await self._desk.note(self._desk.audit(actor, operation.value, door=door, lock_id=lock_id))
        # A field for a code is left out, not null: locks take null for a wrong one.
        match operation:
            case Operation.LOCK:
                await peer.invoke(lock.endpoint, DoorLock.lock_door, LockDoor())
            case Operation.UNLOCK:
                await peer.invoke(lock.endpoint, DoorLock.unlock_door, UnlockDoor())
            case Operation.UNBOLT:
                await peer.invoke(lock.endpoint, DoorLock.unbolt_door, UnboltDoor())

    def _peer(self, lock: Lock) -> Peer:
        peer = self._controller.peers.get(lock.node_id)
        if peer is None or lock.gone_at is not None:
            raise Unreachable("this lock is not on the hub's fabric", advice="Add it again with its setup code.")
        return peer

    # Coming

    async def add(self, code: str, *, door_name: str, door_id: str | None, actor: str, tell: Tell) -> Lock:
        """Commission a lock by its setup code, onto a new door or one that has none; tells each step's name.

        Raises:
            CommissioningFailed: which step failed, and why.
            Misuse: the code is none, or the door has a lock.
            Unsupported: the device is no lock; it was let go again.
        """
        if door_id is not None and self._desk.repository.door(door_id).lock_id is not None:
            raise Misuse("this door has a lock", advice="Replace the lock, or take another door.")
        lock = await self._commission(code, tell, door_name)
        door = (
            Door(id=self._desk.new_id("door"), name=door_name or "Door", created_at=self._desk.now())
            if door_id is None
            else self._desk.repository.door(door_id)
        )
        await self._settle_in(lock, replace(door, lock_id=lock.id), actor)
        return lock

    async def _commission(self, code: str, tell: Tell, name: str = "") -> Lock:
        def on_step(report: StepReport) -> None:
            if report.state == "started":
                tell(report.step.value)

        peer = await self._controller.commission(code, on_step=on_step)
        tell("ask what the lock is")
        try:
            identity = await _identity(peer)
            tell("register for when it wakes")
            await _register(peer)
        except Unsupported:
            await self._controller.decommission(peer)
            raise
        except LatchworkError:
            self._in_background(self._find(peer, name))  # it has joined, and stays
            raise
        return self._lock(peer, identity)

    def _lock(self, peer: Peer, identity: Identity) -> Lock:
        return Lock(
            id=self._desk.new_id("lock"),
            node_id=peer.node_id,
            endpoint=identity.endpoints[0],
            fabric_index=identity.fabric_index,
            vendor=identity.vendor,
            product=identity.product or peer.stored.product_name,
            serial=identity.serial,
            firmware=identity.firmware,
            vendor_id=identity.vendor_id or peer.stored.vendor_id,
            product_id=identity.product_id or peer.stored.product_id,
            added_at=self._desk.now(),
        )

    async def _settle_in(self, lock: Lock, door: Door, actor: str, earlier: Lock | None = None) -> None:
        """Keep the lock and its door, write down that it came and that an earlier one is to go, and take it up."""
        await self._desk.journal.forget_source(lock.node_id)
        entry = Entry(
            at=self._desk.now(),
            kind=Kind.COMMISSIONED,
            door_id=door.id,
            door_name=door.name,
            lock_id=lock.id,
            actor=actor,
            detail={"vendor": lock.vendor, "product": lock.product, "firmware": lock.firmware},
        )

        def write(connection: sqlite3.Connection) -> None:
            repository_doors.put_lock(connection, lock)
            repository_doors.put_door(connection, door)
            if earlier is not None:
                repository_doors.put_setting(connection, _leaving(earlier), actor)

        await self._desk.write(write, lambda _: [entry])
        self._take_up(lock)
        self._desk.bus.publish("locks", {"lock_id": lock.id, "door_id": door.id, "what": "added"})

    async def replace(self, door_id: str, code: str, *, actor: str, tell: Tell) -> Lock:
        """Commission a lock in the place of a door's; everybody moves over, since accesses are to doors.

        The earlier lock is cleared and let go when it can be reached, in the background; otherwise it is given up, and what it may
        still hold stays in the books.

        Raises:
            NotFound: there is no such door.
            CommissioningFailed: nothing has changed.
        """
        door = self._desk.repository.door(door_id)
        earlier = None if door.lock_id is None else self._desk.repository.lock(door.lock_id)
        lock = await self._commission(code, tell)
        if earlier is not None:
            await self._keepers.drop(earlier.id)
        await self._settle_in(lock, replace(self._desk.repository.door(door_id), lock_id=lock.id), actor, earlier)
        if earlier is not None:
            self._in_background(self._say_farewell(earlier, actor))
        return lock

    async def _say_farewell(self, lock: Lock, actor: str) -> None:
        try:
            await self._let_go(lock, is_forced=True, actor=actor)
        except LatchworkError as error:
            log(_log, WARNING, "replaced lock not let go", lock=lock.id, error=type(error).__name__, reason=error)

    # Going

    async def remove(self, lock_id: str, *, is_forced: bool, actor: str) -> None:
        """Take everything of ours off a lock, then our fabric; its door stays.

        Raises:
            NotFound: there is no such lock.
            Unreachable: it does not answer. Forced, it is given up then: what it may still hold stays in the books.
            Refused: it does not let go of the fabric.
        """
        await self._let_go(self._desk.repository.lock(lock_id), is_forced=is_forced, actor=actor)

    async def _let_go(self, lock: Lock, *, is_forced: bool, actor: str) -> None:
        if lock.gone_at is not None:
            raise Misuse("this lock is gone already")
        peer = self._controller.peers.get(lock.node_id)
        is_clear = False
        if peer is not None:
            try:
                # Users and codes outlive the fabric that put them there (Core 11.18.6.12): without this they would open for ever.
                await self._clear(lock)
                is_clear = True
                if len(self._desk.repository.locks_on_node(lock.node_id)) == 1:
                    await self._controller.decommission(peer)
            except LatchworkError as error:
                if not is_forced:
                    self._take_up(lock)
                    raise
                log(_log, WARNING, "lock given up", lock=lock.id, error=type(error).__name__, reason=error)
                await self._forget_node(lock, peer)
        await self._gone(lock, actor, is_clear=is_clear)

    async def _clear(self, lock: Lock) -> None:
        keeper = self._keepers.find(lock.id) or self._keepers.keep(lock)
        if keeper is not None:
            await keeper.clear_all()

    async def _forget_node(self, lock: Lock, peer: Peer) -> None:
        if len(self._desk.repository.locks_on_node(lock.node_id)) == 1:
            await self._controller.forget(peer)

    async def _gone(self, lock: Lock, actor: str, *, is_clear: bool) -> None:
        desk, now = self._desk, self._desk.now()
        await self._keepers.drop(lock.id)
        await self._watchers.drop(lock.id)
        door = desk.repository.door_of_lock(lock.id)
        entry = Entry(
            at=now,
            kind=Kind.REMOVED,
            door_id=None if door is None else door.id,
            door_name="" if door is None else door.name,
            lock_id=lock.id,
            actor=actor,
            detail={"cleared": is_clear, "product": lock.product},
        )

        def write(connection: sqlite3.Connection) -> None:
            repository_doors.put_lock(connection, replace(lock, gone_at=now))
            if door is not None:
                repository_doors.put_door(connection, replace(door, lock_id=None))
            repository_doors.put_setting(connection, _leaving(lock), None)
            repository_placed.save_troubles(connection, lock.id, ())
            if is_clear:
                repository_placed.forget_placed(connection, lock.id)

        await desk.write(write, lambda _: [entry])
        desk.bus.publish("locks", {"lock_id": lock.id, "door_id": None, "what": "removed"})

    # What others put there

    async def adopt(self, lock_id: str, user_index: int, person_id: str, *, actor: str) -> None:
        """A user of this hub's fabric that the books do not know, as after they were lost, is this person from now on.

        Raises:
            Unsupported: another ecosystem or somebody at the door made it: only they can change it.
            Misuse: the person has no access to this door, or the user is in the books or not on the lock.
            Unreachable: the lock does not answer.
        """
        keeper = self._keepers.get(lock_id)
        person = self._desk.repository.person(person_id)
        door = self._desk.repository.door_of_lock(lock_id)
        peer = self._peer(keeper.lock)
        await foreign.adopt(self._desk, keeper.lock, door, peer, user_index, person, actor=actor)
        keeper.wake(Wake.ASKED)

    async def clear_foreign(
        self, lock_id: str, user_index: int | None, credential: tuple[CredentialKind, int] | None, *, actor: str
    ) -> None:
        """Clear what others put there, once an owner has named it.

        Raises:
            Misuse: it is ours, or not one thing is named.
            Refused: the lock said no.
            Unreachable: no answer.
        """
        keeper = self._keepers.get(lock_id)
        door = self._desk.repository.door_of_lock(lock_id)
        peer = self._peer(keeper.lock)
        try:
            await foreign.clear(self._desk, keeper.lock, door, peer, user_index, credential, actor=actor)
        finally:
            keeper.wake(Wake.ASKED)

    async def close(self) -> None:
        """Stop what goes on in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _leaving(lock: Lock) -> str:
    """The setting that keeps who wanted a lock to go: once another has its door, that is not given up, whatever happens."""
    return f"lock/{lock.id}/leaving"


async def _identity(peer: Peer) -> Identity:
    """What the lock is, asked again where it was lost: it has joined, and must not be lost for that."""
    for _ in range(_TRIES - 1):
        try:
            return await read_identity(peer)
        except Unreachable as error:
            log(_log, WARNING, "lock did not say what it is", node=peer.node_id, reason=error)
    return await read_identity(peer)


async def _register(peer: Peer) -> None:
    """Be told when it wakes, if it is one that tells."""
    try:
        features = await peer.get(0, IcdManagement.feature_map, cluster=IcdManagement.id)
        if features & IcdManagement.Feature.LITS:
            await peer.register_check_in()
    except StatusError:
        pass  # it does not sleep, or has no room for us
    except LatchworkError as error:
        log(_log, WARNING, "not registered for waking", node=peer.node_id, reason=error)
