"""What is to be seen of a lock: taken from the lock and from what it tells, ready to be drawn.

The roof; plain values, no drawing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from latchwork.cli.lock_words import words
from latchwork.devices.lock_device import lock_of
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.doorlock.door_sensor import Calibration

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock

LINES: Final = 40
"""Lines that are remembered; a screen shows fewer."""
_SILENT: Final = frozenset({"said", "operation"})
"""What is drawn elsewhere, or told twice."""


@dataclass(slots=True)
class DoorView:
    """One look at a lock.

    Attributes:
        title: what is on the box.
        bolt, door: where they are; the door None where no sensor says.
        sensed: where the lock believes the door to be; None when it cannot tell.
        calibration: what the door's sensor is worth; None for one that needs no calibration.
        has_power: whether anything but hands works.
        battery: per cent, or None for a lock on the mains.
        window_s: seconds that pairing stays open; 0 closed, infinite until somebody comes.
        homes: Matter fabrics that it belongs to.
        manual, qr: its setup codes.
        keys: what the keypad has: empty for a lock without.
        has_fingers, has_cards: whether it has these sensors.
        is_phone_near: a phone of the maker's app is connected.
        down: buttons that are pressed.
        lit: what was touched this moment: a key, `finger`, `card`.
        typed: how many keys were pressed since the last confirmation; which is nobody's business.
        said: what it said last.
        lines: what happened, newest last.
        faults: those that are on.
    """

    title: str = ""
    bolt: BoltPosition = BoltPosition.LOCKED
    door: DoorPosition | None = DoorPosition.CLOSED
    sensed: DoorPosition | None = DoorPosition.CLOSED
    calibration: Calibration | None = None
    has_power: bool = True
    battery: float | None = None
    window_s: float = 0.0
    homes: int = 0
    manual: str = ""
    qr: str = ""
    has_keypad: bool = True
    has_fingers: bool = True
    has_cards: bool = True
    is_phone_near: bool = False
    down: frozenset[str] = frozenset()
    lit: str = ""
    typed: int = 0
    said: str = ""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))
    faults: tuple[str, ...] = ()

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take what the lock tells."""
        if message["event"] == "said":
            self.said = message["text"]
        elif message["event"] == "power":
            self.said = ""
        if message["event"] not in _SILENT:
            self.lines.append(words(message))

    def press(self, what: str) -> None:
        """Somebody touches a key, or shows a finger or a card."""
        self.lit = what
        if what in ("#", "*", "finger", "card"):
            self.typed = 0
        elif what.isdecimal():
            self.typed = min(self.typed + 1, 12)

    def look(self, lock: VirtualLock) -> None:
        """See how the lock is now."""
        self.title = (
            f"{lock.model.maker} {lock.model.name}" if lock.model.maker not in lock.model.name else lock.model.name
        )
        self.bolt = lock.hardware.bolt.position()
        battery = lock.hardware.battery
        self._look_at_door(lock)
        self.has_power = lock.has_power
        self.battery = None if battery is None else battery.percent()
        self.window_s = lock.panel.pairing_left if lock.has_power else 0.0
        self.homes = len(lock.node.fabrics)
        self.manual, self.qr = lock.manual, lock.qr
        self.has_keypad = lock.hardware.keypad is not None
        self.has_fingers = lock.hardware.fingerprints is not None
        self.has_cards = lock.hardware.cards is not None
        self.is_phone_near = lock.panel.vendor_app.is_phone_connected
        self.faults = tuple(lock.faults)
        buttons = {
            "set": lock.set_button,
            "reset": lock.reset_button,
            "touch": lock.touch_pad,
            "privacy": lock.privacy_button,
        }
        self.down = frozenset(name for name, button in buttons.items() if button.is_down)

    def _look_at_door(self, lock: VirtualLock) -> None:
        sensor, behavior = lock.hardware.door_sensor, lock_of(lock.node)
        # A lock that never had power believes nothing yet.
        self.sensed = behavior.lock.bolt.door if lock.node.runtime is not None else None
        self.calibration = behavior.door.calibration
        # Where the leaf is, if anybody but the lock knows; a gauge alone has only the lock that reads it.
        self.door = self.sensed if sensor is None else sensor.position()
