"""A real door on a Raspberry Pi: drivers of every part of a lock, and `load_door`, which reads from a file what is wired to where.

Layer devices, behind the ports of `latchwork.devices.hardware`: knows no cluster, no node and no message. gpiozero and pyserial, the
extra `pi`, are loaded by `load_door` only. Everything runs in the event loop; the threads of gpiozero end in `contacts` and `wiegand`.
"""

from __future__ import annotations

from latchwork.devices.raspberry_pi.assembly import BuiltDoor, load_door
from latchwork.devices.raspberry_pi.plan import DoorPlan, read_plan

__all__ = ["BuiltDoor", "DoorPlan", "load_door", "read_plan"]
