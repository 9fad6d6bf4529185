"""Everything that a virtual lock is made of beside its node: door, bolt, buttons, keypad, sensors, voice and battery.

Layer sim; knows which model has what, and no node.
"""

from __future__ import annotations

from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_model import LockModel, PowerKind
from latchwork.doorlock.bolt import BoltPosition
from latchwork.doorlock.credentials import CredentialKind
from latchwork.sim.door import VirtualBolt, VirtualDoor
from latchwork.sim.parts import (
    VirtualBattery,
    VirtualButton,
    VirtualCardReader,
    VirtualFingerprintReader,
    VirtualKeypad,
    VirtualSpeaker,
)


class Equipment:
    """One of each part.

    Attributes:
        bolt, door: what holds, and what is held.
        set_button, reset_button: as they say.
        touch_pad: outside; one touch locks.
        privacy_button: inside.
        front_plate: down while it is on.
        keypad, fingerprints, cards, speaker, battery: as they say.
    """

    def __init__(self, position: BoltPosition | None = None) -> None:
        """Make all of them; the bolt is thrown unless `position` says where else it is."""
        self.bolt = VirtualBolt(BoltPosition.LOCKED if position is None else position)
        self.door = VirtualDoor(self.bolt)
        self.set_button = VirtualButton()
        self.reset_button = VirtualButton()
        self.touch_pad = VirtualButton()
        self.privacy_button = VirtualButton()
        self.front_plate = VirtualButton(is_down=True)
        self.keypad = VirtualKeypad()
        self.fingerprints = VirtualFingerprintReader()
        self.cards = VirtualCardReader()
        self.speaker = VirtualSpeaker()
        self.battery = VirtualBattery()
        self.bolt.on_driven = self.battery.drain

    def assembled(self, model: LockModel) -> Hardware:
        """Those parts that a lock of this model has."""
        kinds = model.limits.kinds
        return Hardware(
            bolt=self.bolt,
            door_sensor=self.door if model.has_door_sensor else None,
            door_gauge=self.door.gauge if model.has_door_sensor else None,
            set_button=self.set_button,
            reset_button=self.reset_button,
            touch=self.touch_pad,
            privacy_button=self.privacy_button,
            front_plate=self.front_plate,
            keypad=self.keypad if kinds.get(CredentialKind.PIN) else None,
            fingerprints=self.fingerprints if kinds.get(CredentialKind.FINGERPRINT) else None,
            cards=self.cards if kinds.get(CredentialKind.RFID) else None,
            speaker=self.speaker,
            battery=self.battery if model.power.kind is not PowerKind.WIRED else None,
        )

    def let_go(self) -> None:
        """Nobody holds a button any more: whoever was to let it go later was to do so by the clock of a node that is dead."""
        for button in (self.set_button, self.reset_button, self.touch_pad, self.privacy_button):
            button.release()


def unplug(hardware: Hardware) -> None:
    """Nobody listens to any part any more, real ones included, and the motor stands: the node behind them is dead."""
    hardware.bolt.stop()
    hardware.bolt.listen(_unheard)
    for part in (
        hardware.door_sensor,
        hardware.door_gauge,
        hardware.keypad,
        hardware.fingerprints,
        hardware.cards,
        hardware.battery,
    ):
        if part is not None:
            part.listen(_unheard)
    for button in (
        hardware.set_button,
        hardware.reset_button,
        hardware.touch,
        hardware.privacy_button,
        hardware.front_plate,
    ):
        if button is not None:
            button.listen(_unheard, _unheard)


def _unheard(*_: object) -> None:
    """What a lock without power makes of everything."""
