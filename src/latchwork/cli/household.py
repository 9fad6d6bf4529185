"""The people of a virtual home, so to speak: they move in, use every lock once, and then do what is typed.

The roof; asks `sim.home` for everything and tells a `Screen` what came of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any, Final

from latchwork.base.errors import Misuse, Unreachable
from latchwork.cli.home_lines import Screen
from latchwork.cli.home_prompt import HELP
from latchwork.cli.values import pascal
from latchwork.controller.peer import Peer
from latchwork.controller.steps import StepReport
from latchwork.devices.lock_device import LOCK_ENDPOINT
from latchwork.doorlock.bolt import BoltPosition
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters.door_lock import DoorLock, LockDoor, LockOperationTypeEnum, UnlockDoor
from latchwork.matter.onboarding import dashed, manual_code, qr_code
from latchwork.sim.home import VirtualHome

_EVENT_WAIT_S: Final = 10.0
"""How long the report of an operation may take: it comes in milliseconds, this is for a machine that is busy."""
_KEPT: Final = 100
_OPERATIONS: Final = {
    LockOperationTypeEnum.LOCK: ("LockDoor", "Locked"),
    LockOperationTypeEnum.UNLOCK: ("UnlockDoor", "Unlocked"),
    LockOperationTypeEnum.UNLATCH: ("UnlockDoor", "Unlatched"),
}
"""LockOperationType → the command that makes it, and the state that it leads to."""


class Household:
    """A home's locks by number, 1 is the first.

    Attributes:
        home: the virtual home, entered.
    """

    def __init__(self, home: VirtualHome, screen: Screen) -> None:
        self.home = home
        self._screen = screen
        self._kept: deque[str] = deque(maxlen=_KEPT)
        self._arrived: dict[int, asyncio.Queue[LockOperationTypeEnum]] = {}
        self._subscriptions: list[Any] = []

    async def move_in(self) -> None:
        """Commission every lock that is new, subscribe to it, unlock it and lock it, and see both reported.

        Raises:
            LatchworkError: something did not work.
        """
        for number in range(1, len(self.home.locks) + 1):
            peer = await self._peer(number)
            await self._subscribe(number, peer)
            for is_lock in (False, True):
                await self._operate(number, peer, is_lock=is_lock)

    async def close(self) -> None:
        """End the subscriptions."""
        for subscription in self._subscriptions:
            await subscription.close()

    async def _peer(self, number: int) -> Peer:
        lock = self.home.locks[number - 1]
        known = self.home.peer_of(lock)
        if known is not None:
            self._screen.note(f"Lock {number} is in the home already.")
            return known
        started = time.monotonic()
        peer = await self.home.commission(lock, lambda report: self._step(number, report))
        self._screen.commissioned(number, _since(started))
        return peer

    def _step(self, number: int, report: StepReport) -> None:
        ms = None if report.ms is None else round(report.ms, 3)
        step = report.step
        self._screen.step(number, step.name.lower().replace("_", "-"), str(step), report.state, ms)

    async def _subscribe(self, number: int, peer: Peer) -> None:
        self._arrived[number] = asyncio.Queue(_KEPT)
        subscription = await peer.subscribe(
            AttributeQuery(LOCK_ENDPOINT, DoorLock.id, DoorLock.lock_state.id),
            EventQuery(LOCK_ENDPOINT, DoorLock.id, DoorLock.lock_operation.id, is_urgent=True),
            on_report=lambda entries: self._reported(number, entries),
        )
        self._subscriptions.append(subscription)

    def _reported(self, number: int, entries: list[Any]) -> None:
        for entry in entries:
            if isinstance(entry, EventValue) and entry.is_typed:
                self._event(number, entry)

    def _event(self, number: int, event: EventValue) -> None:
        kind = event.value.lock_operation_type
        command, state = _OPERATIONS.get(kind, (pascal(kind.name), "Unknown"))
        source = pascal(event.value.operation_source.name)
        at = time.strftime("%H:%M:%S", time.localtime((event.timestamp_ms or 0) / 1000)) if event.is_epoch else "?"
        self._kept.append(f"{at}  lock {number}  {command}  {state}  {source}")
        self._screen.operation(number, command, state)
        arrived = self._arrived[number]
        if not arrived.full():
            arrived.put_nowait(kind)

    async def _operate(self, number: int, peer: Peer, *, is_lock: bool) -> None:
        """Send the command and wait until the lock has reported it."""
        arrived = self._arrived[number]
        while not arrived.empty():
            arrived.get_nowait()
        if is_lock:
            await peer.invoke(LOCK_ENDPOINT, DoorLock.lock_door, LockDoor())
        else:
            await peer.invoke(LOCK_ENDPOINT, DoorLock.unlock_door, UnlockDoor())
        wanted = LockOperationTypeEnum.LOCK if is_lock else LockOperationTypeEnum.UNLOCK
        try:
            async with asyncio.timeout(_EVENT_WAIT_S):
                while await arrived.get() is not wanted:
                    pass
        except TimeoutError:
            raise Unreachable(
                f"lock {number} did as it was told but did not report it within {_EVENT_WAIT_S:g} s",
                advice="The machine may be too busy: try again.",
            ) from None

    # what is typed

    def check(self, number: int) -> None:
        """Misuse unless there is a lock of that number."""
        count = len(self.home.locks)
        if not 1 <= number <= count:
            raise Misuse(f"there is no lock {number}", advice=f"The locks are numbered 1 to {count}.")

    def list(self) -> None:
        """Show all locks."""
        for number, lock in enumerate(self.home.locks, 1):
            peer = self.home.peer_of(lock)
            door = lock.door.position()
            facts = {
                "node": number,
                "nodeId": None if peer is None else peer.node_id,
                "state": pascal(lock.state),
                "door": None if door is None else pascal(door.name),
                "port": lock.port,
                "fabrics": len(lock.node.fabrics),
            }
            shown = (
                f"lock {number}  {facts['state']:<9} door {facts['door']}  port {lock.port}  fabrics {facts['fabrics']}"
            )
            self._screen.note(shown, **facts)

    def events(self) -> None:
        """Show the operations reported last."""
        if not self._kept:
            self._screen.note("Nothing was reported yet.", events=[])
        for line in self._kept:
            self._screen.note(line, operation=line)

    def code(self, number: int) -> None:
        """Show a lock's codes."""
        lock = self.home.locks[number - 1]
        self._codes(number, lock.manual, lock.qr)

    def _codes(self, number: int, manual: str, qr: str) -> None:
        self._screen.note(
            f"lock {number}  manual code {dashed(manual)}  QR code text {qr}", node=number, manual=manual, qr=qr
        )

    def door(self, number: int, *, is_open: bool) -> None:
        """Open or close a lock's door."""
        door = self.home.locks[number - 1].door
        moved = door.open() if is_open else door.close()
        if not moved:
            what = "the bolt holds the door" if is_open else "the bolt sticks out against the frame"
            raise Misuse(what, advice=f"Unlock it first: unlock {number}")
        self._screen.note(f"The door of lock {number} is {'open' if is_open else 'closed'}.")

    def turn(self, number: int, *, is_lock: bool) -> None:
        """Turn a lock's thumb turn."""
        position = BoltPosition.LOCKED if is_lock else BoltPosition.UNLOCKED
        if not self.home.locks[number - 1].turn(position):
            raise Misuse("something is in the way of the bolt")

    def help(self) -> None:
        """Show what can be typed."""
        self._screen.note(HELP, help=HELP)

    async def operate(self, number: int, *, is_lock: bool) -> None:
        """Send a lock a command."""
        peer = self.home.peer_of(self.home.locks[number - 1])
        if peer is None:
            raise Misuse(f"lock {number} is not in this home any more")
        await self._operate(number, peer, is_lock=is_lock)

    async def share(self, number: int) -> None:
        """Open a lock's window for another ecosystem and show the code."""
        peer = self.home.peer_of(self.home.locks[number - 1])
        if peer is None:
            raise Misuse(f"lock {number} is not in this home any more")
        payload = await peer.open_window()
        self._codes(number, manual_code(payload), qr_code(payload))


def _since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 3)
