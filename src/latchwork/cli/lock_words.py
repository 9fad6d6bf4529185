"""What a lock tells, in words for people: one line for each of its JSON events.

The roof; plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

_SOURCES: Final = MappingProxyType(
    {
        "Manual": "by hand",
        "Keypad": "at the keypad",
        "Auto": "by itself",
        "Button": "with a button",
        "Schedule": "on schedule",
        "Remote": "from afar",
        "Rfid": "with a card",
        "Biometric": "with a finger or a face",
        "Aliro": "with a phone",
    }
)
_PAST: Final = MappingProxyType(
    {
        "Lock": "Locked",
        "Unlock": "Unlocked",
        "Unlatch": "Unlatched",
        "ForcedUserEvent": "Opened under duress",
        "NonAccessUserEvent": "Somebody without access was recognised",
    }
)
_CHANGES: Final = MappingProxyType({"Add": "added", "Clear": "removed", "Modify": "changed"})


def words(message: Mapping[str, Any]) -> str:
    """An event as a line without its end."""
    tell = _LINES.get(message["event"])
    return f"The lock was {message['event']}." if tell is None else tell(message)  # commissioned, decommissioned


def _who(message: Mapping[str, Any]) -> str:
    how = _SOURCES.get(message["source"], "")
    user = f"by user {message['user']}" if message["user"] is not None else ""
    fabric = f"of home {message['fabric']}" if message["fabric"] is not None else ""
    return " ".join(part for part in (user, how, fabric) if part)


def _spaced(name: str) -> str:
    """`WrongCodeEntryLimit` → `wrong code entry limit`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _operated(message: Mapping[str, Any]) -> str:
    return f"{_PAST.get(message['what'], message['what'])} {_who(message)}".rstrip() + "."


def _refused(message: Mapping[str, Any]) -> str:
    return f"Refused to {_spaced(message['what'])} {_who(message)}".rstrip() + f": {_spaced(message['error'])}."


def _users(message: Mapping[str, Any]) -> str:
    user = "" if message["user"] is None else f" of user {message['user']}"
    what = "User" if message["what"] == "UserIndex" else _spaced(message["what"]).capitalize()
    number = "" if message["index"] is None else f" {message['index']}"
    owner = "" if what == "User" else user
    return f"{what}{number}{owner} {_CHANGES.get(message['change'], message['change'])}."


def _window(message: Mapping[str, Any]) -> str:
    if not message["open"]:
        return "Pairing is closed."
    seconds = message["seconds"]
    return "Pairing is open." if seconds is None else f"Pairing is open for {seconds} seconds."


def _fault(message: Mapping[str, Any]) -> str:
    value = f"={message['value']}" if "value" in message else ""
    return f"Fault {message['name']}{value} is {'on' if message['on'] else 'off'}."


def _operation(message: Mapping[str, Any]) -> str:
    return f"{message['command']} from fabric {message['fabric']}: {message.get('lockState') or message['error']}"


_LINES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = MappingProxyType(
    {
        "operation": _operation,
        "operated": _operated,
        "refused": _refused,
        "users": _users,
        "window": _window,
        "fault": _fault,
        "said": lambda message: f"“{message['text']}”",
        "bolt": lambda message: f"The bolt is {_spaced(message['position'])}.",
        "door": lambda message: f"The door is {_spaced(message['position'].removeprefix('Door'))}.",
        "door_sensor": lambda message: f"The door sensor is {_spaced(message['calibration'])}.",
        "held": lambda message: f"The {message['by']} is in the way: the door does not {message['what']}.",
        "alarm": lambda message: f"Alarm: {_spaced(message['alarm'])}.",
        "battery": lambda message: f"The battery has {message['percent']:g} per cent left.",
        "power": lambda message: f"The power is {'on' if message['on'] else 'off'}.",
        "error": lambda message: f"{message['message']}. {message['advice']}".rstrip(),
    }
)
