"""A virtual house by the numbers of its doors: locks that move in, are used, and do what is typed.

The roof; the hub does the work as in any house, the virtual locks are its doors, and a `Screen` is told what came of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final

from latchwork.base.errors import Misuse, Unreachable
from latchwork.cli.home_lines import Screen
from latchwork.cli.home_prompt import HELP
from latchwork.cli.journal_words import in_words
from latchwork.cli.values import pascal
from latchwork.controller.peer import Peer
from latchwork.controller.steps import Step
from latchwork.doorlock.bolt import BoltPosition
from latchwork.hub.bus import Happening
from latchwork.hub.house.entities import Door
from latchwork.hub.service import Hub
from latchwork.hub.status import Operation
from latchwork.matter.onboarding import dashed, manual_code, qr_code
from latchwork.sim.home import VirtualHome
from latchwork.sim.lock import VirtualLock

ACTOR: Final = "home"
"""Who did it, in the journal."""
_EVENT_WAIT_S: Final = 10.0
"""How long the report of an operation may take: it comes in milliseconds, this is for a machine that is busy."""
_KEPT: Final = 100
_OPERATIONS: Final = {
    "locked": ("LockDoor", "Locked"),
    "opened": ("UnlockDoor", "Unlocked"),
    "unlatched": ("UnlockDoor", "Unlatched"),
}
"""Kind of entry → the command that makes it, and the state that it leads to."""
_PLACES: Final = ("Front door", "Back door", "Garage", "Garden gate", "Cellar", "Workshop", "Attic", "Bicycle shed")
_KEYS: Final = {step.value: step.name.lower().replace("_", "-") for step in Step} | {
    "ask what the lock is": "identify",
    "register for when it wakes": "register",
}
"""A step in words → as programs know it."""


class Household:
    """A house's doors by number, 1 is the first.

    Attributes:
        home: the virtual locks and the controller, entered.
        hub: the hub.
    """

    def __init__(self, home: VirtualHome, hub: Hub, screen: Screen) -> None:
        self.home = home
        self.hub = hub
        self._screen = screen
        self._kept: deque[str] = deque(maxlen=_KEPT)
        self._news = asyncio.Condition()
        self._heard: deque[Happening] = deque(maxlen=_KEPT)
        self._numbers: dict[str, int] = {}
        self._listening = asyncio.create_task(self._listen())

    async def move_in(self) -> None:
        """Add every lock that is new to the hub, unlock it and lock it, and see both reported.

        Raises:
            LatchworkError: something did not work.
        """
        for number in range(1, len(self.home.locks) + 1):
            await self._add(number)
            for operation in (Operation.UNLOCK, Operation.LOCK):
                await self._operate(number, operation)

    async def close(self) -> None:
        """Listen no more."""
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening

    # What is known

    def device(self, number: int) -> VirtualLock:
        """The virtual lock."""
        return self.home.locks[number - 1]

    def place(self, number: int) -> Door | None:
        """The hub's door with this lock; None while the hub does not know the lock."""
        peer = self._known(number)
        if peer is None:
            return None
        locks = self.hub.repository.locks_on_node(peer.node_id)
        return self.hub.repository.door_of_lock(locks[0].id) if locks else None

    def _known(self, number: int) -> Peer | None:
        return self.home.peer_of(self.device(number))

    def _its_door(self, number: int) -> Door:
        door = self.place(number)
        if door is None or door.lock_id is None:
            raise Misuse(f"lock {number} is not in this home any more")
        return door

    def name(self, number: int) -> str:
        """What its door is called."""
        door = self.place(number)
        if door is not None:
            return door.name
        return _PLACES[number - 1] if number <= len(_PLACES) else f"Door {number}"

    # Moving in

    async def _add(self, number: int) -> None:
        device = self.device(number)
        self._screen.door(number, self.name(number), called(device.model.maker, device.model.name))
        door = self.place(number)
        if door is None:
            steps, started = _Steps(number, self._screen), time.monotonic()
            try:
                lock = await self.hub.locks.add(
                    device.qr, door_name=self.name(number), door_id=None, actor=ACTOR, tell=steps.begin
                )
            except BaseException:
                steps.end("failed")
                raise
            steps.end("done")
            self._screen.commissioned(number, _since(started))
            lock_id: str | None = lock.id
        else:
            self._screen.note(f"Lock {number} is in the home already.")
            lock_id = door.lock_id
        if lock_id is not None:
            self._numbers[lock_id] = number

    # What happens

    async def _listen(self) -> None:
        async for happening in self.hub.bus.listen():
            if happening is None or happening.kind != "journal":
                continue
            number = self._numbers.get(happening.data["lock_id"] or "")
            if number is not None:
                self._journalled(number, happening.data)
            async with self._news:
                self._heard.append(happening)
                self._news.notify_all()

    def _journalled(self, number: int, entry: Any) -> None:
        kind = entry["kind"]
        if kind not in {*_OPERATIONS, "refused"}:
            return
        at = time.strftime("%H:%M:%S", time.localtime(entry["at"]))
        words = in_words(entry)
        self._kept.append(f"{at}  lock {number}  {self.name(number):<12} {words}")
        if kind == "refused" or entry["person_name"]:
            self._screen.entry(number, dict(entry), f"{at}  {self.name(number)}: {words}")
        else:
            self._screen.operation(number, *_OPERATIONS[kind])

    async def hears(self, number: int, kind: str, *, after: int) -> None:
        """Wait until the journal has an entry of this kind about a lock, newer than that event of the bus.

        Raises:
            Unreachable: it does not come.
        """

        def is_there() -> bool:
            return any(
                each.id > after
                and each.data["kind"] == kind
                and self._numbers.get(each.data["lock_id"] or "") == number
                for each in self._heard
            )

        try:
            async with asyncio.timeout(_EVENT_WAIT_S), self._news:
                await self._news.wait_for(is_there)
        except TimeoutError:
            raise Unreachable(
                f"lock {number} did as it was told but did not report it within {_EVENT_WAIT_S:g} s",
                advice="The machine may be too busy: try again.",
            ) from None

    async def _operate(self, number: int, operation: Operation) -> None:
        """Send the command and wait until the lock has reported it."""
        door, after = self._its_door(number), self.hub.bus.last_id
        assert door.lock_id is not None, "it was looked at"
        await self.hub.locks.operate(door.lock_id, operation, actor=ACTOR)
        await self.hears(number, "locked" if operation is Operation.LOCK else "opened", after=after)

    # What is typed

    def check(self, number: int) -> None:
        """Misuse unless there is a lock of that number."""
        count = len(self.home.locks)
        if not 1 <= number <= count:
            raise Misuse(f"there is no lock {number}", advice=f"The locks are numbered 1 to {count}.")

    def list(self) -> None:
        """Show all locks."""
        for number, lock in enumerate(self.home.locks, 1):
            peer = self._known(number)
            leaf = lock.door.position()
            facts = {
                "node": number,
                "nodeId": None if peer is None else peer.node_id,
                "name": self.name(number),
                "state": pascal(lock.state),
                "door": None if leaf is None else pascal(leaf.name),
                "port": lock.port,
                "fabrics": len(lock.node.fabrics),
            }
            shown = (
                f"lock {number}  {self.name(number):<12} {facts['state']:<9} door {facts['door'] or '-':<7} "
                f"port {lock.port}  fabrics {facts['fabrics']}"
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
        lock = self.device(number)
        self._codes(number, lock.manual, lock.qr)

    def _codes(self, number: int, manual: str, qr: str) -> None:
        self._screen.note(
            f"lock {number}  manual code {dashed(manual)}  QR code text {qr}", node=number, manual=manual, qr=qr
        )

    def door(self, number: int, *, is_open: bool) -> None:
        """Open or close a lock's door."""
        door = self.device(number).door
        moved = door.open() if is_open else door.close()
        if not moved:
            what = "the bolt holds the door" if is_open else "the bolt sticks out against the frame"
            raise Misuse(what, advice=f"Unlock it first: unlock {number}")
        self._screen.note(f"The door of lock {number} is {'open' if is_open else 'closed'}.")

    def turn(self, number: int, *, is_lock: bool) -> None:
        """Turn a lock's thumb turn."""
        position = BoltPosition.LOCKED if is_lock else BoltPosition.UNLOCKED
        if not self.device(number).turn(position):
            raise Misuse("something is in the way of the bolt")

    def keys(self, number: int, digits: str) -> None:
        """Type digits at a lock's keypad, and confirm them."""
        if not digits.isdecimal():
            raise Misuse("a keypad has digits", advice=f"For example: keys {number} 123456")
        self.device(number).handle({"keys": f"{digits}#"})

    def help(self) -> None:
        """Show what can be typed."""
        self._screen.note(HELP, help=HELP)

    async def operate(self, number: int, *, is_lock: bool) -> None:
        """Send a lock a command."""
        await self._operate(number, Operation.LOCK if is_lock else Operation.UNLOCK)

    async def share(self, number: int) -> None:
        """Open a lock's window for another ecosystem and show the code."""
        peer = self._known(number)
        if peer is None:
            raise Misuse(f"lock {number} is not in this home any more")
        payload = await peer.open_window()
        self._codes(number, manual_code(payload), qr_code(payload))


def called(maker: str, product: str) -> str:
    """What a lock is called with its maker, once."""
    return product if product.startswith(maker) else f"{maker} {product}"


class _Steps:
    """The steps of adding a lock, each over when the next one begins."""

    def __init__(self, number: int, screen: Screen) -> None:
        self._number = number
        self._screen = screen
        self._step: str | None = None
        self._since = 0.0

    def begin(self, step: str) -> None:
        """A step begins."""
        self.end("done")
        self._step, self._since = step, time.monotonic()
        self._screen.step(self._number, _KEYS.get(step, step), step, "started", None)

    def end(self, state: str) -> None:
        """The step that runs is over; harmless when none does."""
        step, self._step = self._step, None
        if step is not None:
            self._screen.step(self._number, _KEYS.get(step, step), step, state, _since(self._since))


def _since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 3)
