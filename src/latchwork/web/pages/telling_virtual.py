"""What a virtual lock told, as a line on a page.

Layer web, pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from latchwork.web.pages.texts import Texts
from latchwork.web.virtual_doors import Told, VirtualFault

_Facts = Mapping[str, Any]


_GROUPS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "door": frozenset({"jammed", "slow", "ajar", "flat-battery", "uncalibrated-sensor", "drifted-sensor"}),
        "network": frozenset({"asleep", "out-of-range", "slow-answers"}),
        "memory": frozenset({"full", "clock-off", "clock-unset", "power-cut-at-write"}),
    }
)
_OTHERS: Final = "answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLine:
    """A fault as it is shown.

    Attributes:
        name: such as `slow`.
        title: what it is called.
        more: what it does.
        takes: what its value is called by the lock, or empty.
        unit: the same for people.
        value: its value.
        is_on: it goes wrong now.
    """

    name: str
    title: str
    more: str
    takes: str
    unit: str
    value: str
    is_on: bool


def grouped(faults: Sequence[VirtualFault], texts: Texts) -> list[tuple[str, list[FaultLine]]]:
    """Faults by what they are about; a new one is among those that answer oddly, in its own words."""
    found: dict[str, list[FaultLine]] = {name: [] for name in (*_GROUPS, _OTHERS)}
    for fault in faults:
        group = next((name for name, names in _GROUPS.items() if fault.name in names), _OTHERS)
        line = FaultLine(
            name=fault.name,
            title=_either(texts, f"virtual.fault.{fault.name}", fault.name.replace("-", " ").capitalize()),
            more=_either(texts, f"virtual.fault.{fault.name}.more", f"{fault.what.capitalize()}."),
            takes=fault.takes,
            unit=_either(texts, f"virtual.takes.{fault.takes}", fault.takes.lower()),
            value=fault.value,
            is_on=fault.is_on,
        )
        found[group].append(line)
    return [(group, lines) for group, lines in found.items() if lines]


def in_words(told: Told, texts: Texts) -> str:
    """The line; something that nobody foresaw is told by its name."""
    tell = _LINES.get(told.event)
    return _spaced(told.event).capitalize() if tell is None else tell(told.facts, texts)


def _key(name: Any) -> str:
    """`WrongCodeEntryLimit` → `wrong_code_entry_limit`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower()


def _spaced(name: Any) -> str:
    return _key(name).replace("_", " ")


def _either(texts: Texts, key: str, otherwise: str) -> str:
    return texts.say(key) if key in texts else otherwise


def _how(facts: _Facts, texts: Texts) -> str:
    source = facts["source"]
    return _either(texts, f"virtual.by.{_key(source)}", _spaced(source))


def _operated(facts: _Facts, texts: Texts) -> str:
    what = facts["what"]
    done = _either(texts, f"virtual.told.operated.{_key(what)}", _spaced(what).capitalize())
    return texts.say("virtual.told.by", what=done, how=_how(facts, texts))


def _refused(facts: _Facts, texts: Texts) -> str:
    error = facts["error"]
    why = _either(texts, f"virtual.why.{_key(error)}", _spaced(error))
    return texts.say("virtual.told.refused", how=_how(facts, texts), why=why)


def _users(facts: _Facts, texts: Texts) -> str:
    what = texts.say("virtual.told.user") if facts["what"] == "UserIndex" else _spaced(facts["what"]).capitalize()
    change = _either(texts, f"virtual.told.users.{_key(facts['change'])}", _spaced(facts["change"]))
    return texts.say("virtual.told.users", what=what, change=change)


def _window(facts: _Facts, texts: Texts) -> str:
    return texts.say("virtual.told.window_open" if facts["open"] else "virtual.told.window_closed")


def _fault(facts: _Facts, texts: Texts) -> str:
    name = facts["name"]
    title = _either(texts, f"virtual.fault.{name}", name)
    return texts.say("virtual.told.fault_on" if facts["on"] else "virtual.told.fault_off", fault=title)


def _bolt(facts: _Facts, texts: Texts) -> str:
    return texts.say(f"virtual.bolt.{_key(facts['position'])}")


def _leaf(facts: _Facts, texts: Texts) -> str:
    return texts.word("door_state", _key(str(facts["position"]).removeprefix("Door")))


def _alarm(facts: _Facts, texts: Texts) -> str:
    alarm = facts["alarm"]
    return texts.say("virtual.told.alarm", alarm=_either(texts, f"virtual.alarm.{_key(alarm)}", _spaced(alarm)))


_LINES: Final[Mapping[str, Callable[[_Facts, Texts], str]]] = MappingProxyType(
    {
        "said": lambda facts, texts: texts.say("virtual.told.said", text=facts["text"]),
        "bolt": _bolt,
        "door": _leaf,
        "held": lambda facts, texts: texts.say(f"virtual.told.held_{facts['what']}"),
        "operated": _operated,
        "refused": _refused,
        "users": _users,
        "window": _window,
        "fault": _fault,
        "alarm": _alarm,
        "battery": lambda facts, texts: texts.say("virtual.told.battery", percent=f"{facts['percent']:g}"),
        "power": lambda facts, texts: texts.say("virtual.told.power_on" if facts["on"] else "virtual.told.power_off"),
        "commissioned": lambda _, texts: texts.say("virtual.told.commissioned"),
        "decommissioned": lambda _, texts: texts.say("virtual.told.decommissioned"),
    }
)
