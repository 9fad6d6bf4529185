"""Virtual locks as the doors that pages draw: what is seen of them, what is done to them, and what they tell, on the hub's bus.

The roof; the locks are `sim.lock`, the contract is `web.virtual_doors`. What is typed goes into the lock and nowhere else.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.controller.controller import Controller
from latchwork.devices.front_panel import panel_rules
from latchwork.devices.lock_device import lock_of
from latchwork.devices.lock_model import LockModel
from latchwork.doorlock.credentials import CredentialKind
from latchwork.hub.service import Hub
from latchwork.sim.faults import FAULTS, make_fault
from latchwork.sim.lock import VirtualLock
from latchwork.sim.parts import card_of
from latchwork.web.virtual_doors import Build, Told, VirtualDoor, VirtualFault

KIND: Final = "virtual"
"""Of the events on the hub's bus."""
CARDS: Final = ("blue", "green")
"""The cards that lie before the doors."""
LONGEST_HOLD_S: Final = 30.0
"""A button that is not let go by then was let go: whoever pressed it has closed the page."""
FLASH_S: Final = 3.0
_LINES: Final = 40
_UNTOLD: Final = frozenset({"operation"})
"""Told twice: the lock's own event says it too."""
_LOW_PERCENT: Final = 20.0
_GOOD: Final = frozenset({"operated"})
_BAD: Final = frozenset({"refused", "alarm", "held"})


class HomeDoors:
    """The virtual doors of a house: keeps the contract `VirtualDoors`.

    Args:
        locks: gives the locks there are now, always in the same order.
        hub: whose doors they are, and who tells what happens at them.
        controller: the hub's own, by whose fabric a lock is known to be its.
    """

    def __init__(self, locks: Callable[[], Sequence[VirtualLock]], hub: Hub, controller: Controller) -> None:
        self._locks = locks
        self._hub = hub
        self._controller = controller
        self._watched: dict[int, _Watched] = {}

    def close(self) -> None:
        """Forget what was to be done later."""
        for watched in self._watched.values():
            watched.close()

    def list(self) -> Sequence[str]:
        """The numbers of all doors."""
        found = [str(number) for number, _ in enumerate(self._locks(), 1)]
        for each in found:
            self._find(each)  # whatever happens from now on is to be told
        return found

    def of_door(self, door_id: str) -> str | None:
        """The number of the virtual door behind a door of the hub."""
        lock_id = self._hub.repository.door(door_id).lock_id
        if lock_id is None:
            return None
        node_id = self._hub.repository.lock(lock_id).node_id
        nodes = (self._node_of(lock) for lock in self._locks())
        return next((str(number) for number, node in enumerate(nodes, 1) if node == node_id), None)

    def state(self, virtual_id: str) -> VirtualDoor | None:
        """How a door is now."""
        watched = self._find(virtual_id)
        return None if watched is None else watched.look(self._door_of(watched.lock))

    def faults(self, virtual_id: str) -> Sequence[VirtualFault]:
        """Everything that can go wrong with a lock."""
        lock = self._known(virtual_id).lock
        return [
            VirtualFault(
                name=name,
                what=kind.what,
                takes=kind.takes,
                value=lock.faults[name].value if name in lock.faults else kind.default,
                is_on=name in lock.faults,
            )
            for name, kind in FAULTS.items()
        ]

    def act(self, virtual_id: str, words: Mapping[str, Any]) -> None:
        """Do something at a door.

        Raises:
            LatchworkError: it makes no sense, or this lock cannot.
        """
        self._known(virtual_id).act(words)

    def set_fault(self, virtual_id: str, name: str, value: str | None, *, is_on: bool) -> None:
        """Switch a fault on or off.

        Raises:
            LatchworkError: as `make_fault` and `put_fault`.
        """
        lock = self._known(virtual_id).lock
        if is_on:
            lock.put_fault(make_fault(name, value))
        else:
            lock.take_fault(make_fault(name).name)

    def _find(self, virtual_id: str) -> _Watched | None:
        locks = self._locks()
        if not virtual_id.isascii() or not virtual_id.isdecimal() or not 1 <= int(virtual_id) <= len(locks):
            return None
        number, lock = int(virtual_id), locks[int(virtual_id) - 1]
        watched = self._watched.get(number)
        if watched is None or watched.lock is not lock:
            watched = self._watched[number] = _Watched(number, lock, self._hub)
        return watched

    def _known(self, virtual_id: str) -> _Watched:
        watched = self._find(virtual_id)
        if watched is None:
            raise Misuse("there is no such virtual door")
        return watched

    def _door_of(self, lock: VirtualLock) -> str | None:
        node_id = self._node_of(lock)
        found = [] if node_id is None else self._hub.repository.locks_on_node(node_id)
        door = self._hub.repository.door_of_lock(found[0].id) if found else None
        return None if door is None else door.id

    def _node_of(self, lock: VirtualLock) -> int | None:
        """What it is called on the hub's fabric."""
        ours = self._controller.fabric.compressed_id
        return next((fabric.node_id for fabric in lock.node.fabrics if fabric.compressed_id == ours), None)


class _Watched:
    """One lock, from the moment that somebody looks at it."""

    def __init__(self, number: int, lock: VirtualLock, hub: Hub) -> None:
        self.lock = lock
        self._number = number
        self._hub = hub
        self._build = _build_of(lock)
        self._count = 0
        self._told: deque[Told] = deque(maxlen=_LINES)
        self._said: Told | None = None
        self._flash: Told | None = None
        self._shown = {"finger": "", "card": ""}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._listen()

    def close(self) -> None:
        """Forget what was to be done later."""
        for timer in self._timers.values():
            timer.cancel()

    def _listen(self) -> None:
        """Hear what the lock tells; whoever listened before still does."""
        before, joined_before = self.lock.on_told, self.lock.on_commissioned

        def told(message: dict[str, Any]) -> None:
            before(message)
            self._hear(message)

        def joined(is_in: bool) -> None:
            joined_before(is_in)
            self._hear({"event": "commissioned" if is_in else "decommissioned"})

        self.lock.on_told, self.lock.on_commissioned = told, joined

    def act(self, words: Mapping[str, Any]) -> None:
        """Do what the words say."""
        self.lock.handle(words)
        for what in ("finger", "card"):
            if what in words:
                self._shown[what] = words[what]
        button = words.get("press") or words.get("hold")
        if button is not None:
            self._later(f"hold {button}", LONGEST_HOLD_S, lambda: self.lock.handle({"release": button}))
        if not words.keys().isdisjoint({"key", "keys"}):
            # Digits that nobody confirms are forgotten, and nothing tells it.
            self._later("digits", self.lock.panel.state.rules.between_keys_s + 0.1, lambda: self._publish("touched"))
        self._publish("touched")

    def look(self, door_id: str | None) -> VirtualDoor:
        """How it is now."""
        lock, now = self.lock, self._hub.desk.now()
        said = self._said
        said_s = 0.0 if said is None else _seconds_of(said.facts["text"])
        sensed = lock.hardware.battery is not None
        return VirtualDoor(
            id=str(self._number),
            number=self._number,
            door_id=door_id,
            build=self._build,
            bolt=lock.bolt.position().name.lower(),
            leaf=_leaf_of(lock),
            light=self._light(now),
            flash=0 if self._flash is None else self._flash.number,
            has_power=lock.has_power,
            battery=lock.battery.percent() if sensed else None,
            pairing_s=self._pairing_s(),
            homes=len(lock.node.fabrics),
            manual=lock.manual,
            qr=lock.qr,
            typed=len(lock.panel.state.digits) if lock.has_power else 0,
            is_in_setup=lock.has_power and lock.panel.state.is_in_setup,
            finger=self._shown["finger"],
            card=self._shown["card"],
            known_fingers=self._known_fingers(),
            known_cards=frozenset(name for name in CARDS if self._remembers(CredentialKind.RFID, card_of(name))),
            down=frozenset(name for name in ("set", "reset") if getattr(lock, f"{name}_button").is_down),
            plate_is_off=not lock.front_plate.is_down,
            phone_is_near=lock.panel.vendor_app.is_phone_connected,
            said=said if said is not None and now < said.at + said_s else None,
            said_s=said_s,
            told=tuple(reversed(self._told)),
        )

    def _pairing_s(self) -> float | None:
        left = self.lock.panel.pairing_left if self.lock.has_power else 0.0
        return None if math.isinf(left) else left

    def _light(self, now: float) -> str:
        if not self.lock.has_power:
            return "off"
        if self._flash is not None and now < self._flash.at + FLASH_S:
            return "good" if self._flash.event in _GOOD else "bad"
        if self._pairing_s() != 0.0:
            return "pairing"
        return "low" if self._build.battery and self.lock.battery.percent() <= _LOW_PERCENT else "idle"

    def _known_fingers(self) -> frozenset[str]:
        return frozenset(
            name
            for template, name in self.lock.fingerprints.templates.items()
            if self._remembers(CredentialKind.FINGERPRINT, template)
        )

    def _remembers(self, kind: CredentialKind, secret: bytes) -> bool:
        return lock_of(self.lock.node).register.find(kind, secret) is not None

    def _hear(self, message: Mapping[str, Any]) -> None:
        event = message["event"]
        if event in _UNTOLD:
            return
        self._count += 1
        facts = {name: value for name, value in message.items() if name not in {"event", "credentials"}}
        told = Told(number=self._count, at=self._hub.desk.now(), event=event, facts=facts)
        self._told.append(told)
        if event == "said":
            self._said = told
        elif event == "power":
            self._said = None
        if event in _GOOD or event in _BAD:
            self._flash = told
            self._later("flash", FLASH_S + 0.05, lambda: self._publish("touched"))
        self._publish(event, **facts)

    def _publish(self, event: str, **facts: Any) -> None:
        self._hub.bus.publish(KIND, {"virtual_id": str(self._number), "event": event} | facts)

    def _later(self, what: str, seconds: float, then: Callable[[], None]) -> None:
        if what in self._timers:
            self._timers[what].cancel()
        self._timers[what] = asyncio.get_running_loop().call_later(seconds, then)


def _build_of(lock: VirtualLock) -> Build:
    model, parts = lock.model, lock.hardware
    rules = panel_rules(model)
    return Build(
        model=model.key,
        title=_title(model),
        reset_hold_s=rules.reset_hold_s,
        reset_button=rules.reset_button_resets,
        set_button=rules.set_hold_resets,
        soft_reset=rules.short_press_restarts,
        keypad=parts.keypad is not None,
        fingers=parts.fingerprints is not None,
        cards=parts.cards is not None,
        faces=bool(model.limits.kinds.get(CredentialKind.FACE)),
        sensor=model.has_door_sensor,
        battery=parts.battery is not None,
        latch=model.has_latch,
        vendor_app=model.has_vendor_app,
    )


def _title(model: LockModel) -> str:
    return model.name if model.maker in model.name else f"{model.maker} {model.name}"


def _leaf_of(lock: VirtualLock) -> str:
    position = lock.door.position()
    return "closed" if position is None else position.name.lower()


def _seconds_of(text: str) -> float:
    """How long somebody needs to read what was said."""
    return 5.0 + len(text) / 14.0
