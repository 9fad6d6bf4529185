"""What turns a bolt: a motor behind an H-bridge, or a servo.

Layer devices. A drive starts and stops and knows no position; `driven_bolt` watches where the bolt is and for how long it runs.
"""

from __future__ import annotations

from typing import Final, Protocol

from latchwork.devices.raspberry_pi.pins import SERVO_HZ, HBridge, Pulses
from latchwork.doorlock.bolt import BoltPosition

_ROUNDING: Final = 1e-6
"""The pin library cuts a pulse's length to whole per cents of 20 ms: without it 1.2 ms could be cut to 1.0 ms."""


class Drive(Protocol):
    """Something with a motor."""

    def start(self, position: BoltPosition) -> None:
        """Run towards LOCKED or UNLOCKED."""

    def cut(self) -> None:
        """Stand still, at once. Called from any thread."""


class MotorDrive:
    """A direct-current motor; forward draws the bolt. Both wires swapped are put right in the plan, not here."""

    __slots__ = ("_motor",)

    def __init__(self, motor: HBridge) -> None:
        self._motor = motor

    def start(self, position: BoltPosition) -> None:
        """Run towards the position until cut."""
        if position is BoltPosition.LOCKED:
            self._motor.backward()
        else:
            self._motor.forward()

    def cut(self) -> None:
        """Both inputs of the bridge off."""
        self._motor.stop()


class ServoDrive:
    """A servo with an angle for each position, told as the length of its pulses.

    Args:
        pulses: its signal wire.
        locked_ms: the pulse that locks, milliseconds.
        unlocked_ms: the pulse that unlocks.
    """

    __slots__ = ("_lengths", "_pulses")

    def __init__(self, pulses: Pulses, *, locked_ms: float, unlocked_ms: float) -> None:
        self._pulses = pulses
        self._lengths = {BoltPosition.LOCKED: locked_ms, BoltPosition.UNLOCKED: unlocked_ms}

    def start(self, position: BoltPosition) -> None:
        """Give pulses for the position until cut."""
        self._pulses.value = self._lengths[position] / 1000 * SERVO_HZ + _ROUNDING

    def cut(self) -> None:
        """No more pulses: the servo lets go, so that it neither hums nor fights a key."""
        self._pulses.off()
