"""Faults on demand: what goes wrong with real locks, one object each, to be switched on and off while a lock runs.

Layer sim: loaded only when a fault is asked for. A new fault is a class in one of these files and its name in `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.sim.faults.answers import (
    LostEvents,
    NoSpacesInNames,
    OccupiedBeforeDuplicate,
    OldStatuses,
    ShortTimedWindow,
)
from latchwork.sim.faults.door import Ajar, DriftedSensor, FlatBattery, Jammed, Slow, UncalibratedSensor
from latchwork.sim.faults.fault import Fault
from latchwork.sim.faults.memory import Full, PowerCutAtWrite
from latchwork.sim.faults.network import Asleep, OutOfRange, SlowAnswers
from latchwork.sim.faults.time import ClockOff, ClockUnset

FAULTS: Final[Mapping[str, type[Fault]]] = MappingProxyType(
    {
        fault.name: fault
        for fault in (
            Asleep,
            OutOfRange,
            Slow,
            SlowAnswers,
            Jammed,
            Ajar,
            UncalibratedSensor,
            DriftedSensor,
            FlatBattery,
            Full,
            ClockOff,
            ClockUnset,
            LostEvents,
            NoSpacesInNames,
            OccupiedBeforeDuplicate,
            OldStatuses,
            ShortTimedWindow,
            PowerCutAtWrite,
        )
    }
)
"""Every fault by its name."""


def make_fault(name: str, value: str | None = None) -> Fault:
    """A fault that is not on yet.

    Raises:
        Misuse: there is none of this name, or the value makes no sense.
    """
    kind = FAULTS.get(name)
    if kind is None:
        raise Misuse(f"there is no fault {name}", advice=f"The faults are {', '.join(FAULTS)}.")
    return kind(value)


def parse_fault(text: str) -> Fault:
    """`NAME` or `NAME=VALUE` → a fault that is not on yet.

    Raises:
        Misuse: as `make_fault`.
    """
    name, has_value, value = text.partition("=")
    return make_fault(name, value if has_value else None)


__all__ = ["FAULTS", "Fault", "make_fault", "parse_fault"]
