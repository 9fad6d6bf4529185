"""Calibrating the door's sensor at the lock: the door is closed, opened and left ajar, and each is confirmed.

Layer doorlock; the part of setup mode that deals with the door. Nothing changes before the last step fits the others: who cancels, or is too
slow, keeps what the sensor knew.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from latchwork.doorlock.door_sensor import is_span, scale_of
from latchwork.doorlock.panel_effects import CalibrateDoor, PanelEffect, Say
from latchwork.doorlock.panel_state import DoorStep, PanelFacts, ShowingDoor
from latchwork.doorlock.prompts import Prompt

FIRST: Final = ShowingDoor()
"""Nothing was shown yet."""
_ASKS: Final = MappingProxyType(
    {DoorStep.CLOSED: Prompt.DOOR_CLOSE, DoorStep.OPEN: Prompt.DOOR_OPEN, DoorStep.AJAR: Prompt.DOOR_AJAR}
)


def ask(task: ShowingDoor) -> Say:
    """What to do with the door now."""
    return Say(_ASKS[task.step])


def shown(task: ShowingDoor, facts: PanelFacts) -> tuple[ShowingDoor | None, tuple[PanelEffect, ...]]:
    """The step was confirmed: the next one, this one again, all from the beginning, or None when the sensor is calibrated."""
    reading = facts.door_reading
    if reading is None:
        return task, (Say(Prompt.DOOR_NO_READING), ask(task))
    if task.closed is None:
        return _go_on(replace(task, closed=reading))
    if task.open is None:
        return _go_on(replace(task, open=reading)) if is_span(task.closed, reading) else _again()
    scale = scale_of(closed=task.closed, open=task.open, ajar=reading)
    if scale is None:
        return _again()
    return None, (CalibrateDoor(scale), Say(Prompt.DOOR_CALIBRATED))


def _go_on(task: ShowingDoor) -> tuple[ShowingDoor, tuple[PanelEffect, ...]]:
    return task, (ask(task),)


def _again() -> tuple[ShowingDoor, tuple[PanelEffect, ...]]:
    return FIRST, (Say(Prompt.DOOR_CONTRADICTION), ask(FIRST))
