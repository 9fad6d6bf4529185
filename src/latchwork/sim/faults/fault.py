"""What a fault is: something with a name that can be switched on and off while a lock runs.

Layer sim. A fault disturbs a lock through its seams, its parts or its clock; it never changes what the lock itself does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from latchwork.base.errors import Misuse

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock


class Fault:
    """One fault.

    Attributes:
        name: what it is called.
        what: what it does, in a line.
        takes: what its value is called, or an empty string for a fault without one.
        default: the value when none is given.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    takes: ClassVar[str] = ""
    default: ClassVar[str] = ""

    def __init__(self, value: str | None = None) -> None:
        """A fault that is not on yet.

        Raises:
            Misuse: the value makes no sense.
        """
        if value is not None and not self.takes:
            raise Misuse(f"the fault {self.name} takes no value")
        self.value = self.default if value is None else value

    @property
    def facts(self) -> dict[str, Any]:
        """What is told of it beside its name."""
        return {"value": self.value} if self.takes else {}

    def begin(self, lock: VirtualLock) -> None:
        """Have it from now on.

        Raises:
            Misuse: this lock cannot.
        """

    def end(self, lock: VirtualLock) -> None:
        """Have it no more."""

    def born(self, lock: VirtualLock) -> None:
        """The lock's next node was made, and has not started: what belongs to a node is to be done again."""

    def started(self, lock: VirtualLock) -> None:
        """A node of the lock has started: its people are there, and it is on the network."""


def whole(fault: Fault, least: int, most: int) -> int:
    """The fault's value as a whole number.

    Raises:
        Misuse: it is none, or out of bounds.
    """
    try:
        number = int(fault.value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise Misuse(f"{fault.takes} of the fault {fault.name} is a number from {least} to {most}, not {fault.value}")
    return number


def seconds(fault: Fault, most: float = 3600.0) -> float:
    """The fault's value as seconds.

    Raises:
        Misuse: they are none, or too many.
    """
    try:
        number = float(fault.value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise Misuse(f"{fault.takes} of the fault {fault.name} are 0 to {most:g} seconds, not {fault.value}")
    return number
