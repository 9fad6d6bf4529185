"""Constraints: which values an attribute may have, from the specification's shorthand (Core 7.4).

Model storey of `matter`; knows numbers, lengths and names of sibling attributes, no cluster. Parsed on the first check, as most
attributes are never written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from latchwork.base.errors import Misuse


class ConstraintError(Misuse):
    """A value is of the right type and outside what the specification allows."""


Lookup = Callable[[str], Any]
"""Gives a sibling attribute's value by the name the shorthand uses, or None."""

_Bound = Callable[[Lookup], int | None]
_Rule = Callable[[Any, Lookup], bool]

_ENTRIES: Final = re.compile(r"^(?P<whole>[^\[\]]*?)\s*\[(?P<entry>[^\[\]]+)\]$")
_TERM: Final = re.compile(r"^(?P<sign>-?)(?:(?P<base>\d+)\^(?P<power>\d+)|(?P<number>0x[0-9a-fA-F]+|\d+))$")
_WORDS: Final = frozenset({"max", "min", "to", "in", "all", "desc"})
_SUM: Final = re.compile(r"^(?P<left>\S+) (?P<sign>[+-]) (?P<right>\S+)$")


class Constraint:
    """One constraint: any of its comma-separated arms has to hold.

    Attributes:
        text: the shorthand it was made from.
    """

    __slots__ = ("_entry", "_rules", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._entry: Constraint | None = None
        match = _ENTRIES.match(text)
        if match is not None:
            self._entry = Constraint(match["entry"])
            text = "" if match["whole"] == "all" else match["whole"]
        self._rules = tuple(_rule(arm.strip()) for arm in text.split(",") if arm.strip())

    def check(self, value: Any, lookup: Lookup) -> None:
        """Check a value; null is always allowed, as types say whether it is there at all.

        Raises:
            ConstraintError: the value, or an entry of the list, is outside.
        """
        if value is None:
            return
        if self._rules and not any(rule(value, lookup) for rule in self._rules):
            raise ConstraintError(f"{_shown(value)} is not {self.text}")
        if self._entry is not None and isinstance(value, tuple):
            for entry in value:
                self._entry.check(entry, lookup)


@lru_cache(maxsize=256)
def constraint(text: str) -> Constraint:
    """The constraint of a shorthand, parsed once.

    Raises:
        Misuse: it is no shorthand.
    """
    return Constraint(text)


def _rule(text: str) -> _Rule:
    if text in {"desc", "all"}:
        return lambda _value, _lookup: True
    if text.startswith("in "):
        name = text[3:].strip()
        return lambda value, lookup: value in (lookup(name) or ())
    if text.startswith("max "):
        return _between(None, _bound(text[4:]))
    if text.startswith("min "):
        return _between(_bound(text[4:]), None)
    least, separator, most = text.partition(" to ")
    if separator:
        return _between(_bound(least), _bound(most))
    return _between(_bound(text), _bound(text))


def _between(least: _Bound | None, most: _Bound | None) -> _Rule:
    def holds(value: Any, lookup: Lookup) -> bool:
        size = _size(value)
        if size is None:
            return True
        low = None if least is None else least(lookup)
        high = None if most is None else most(lookup)
        return (low is None or size >= low) and (high is None or size <= high)

    return holds


def _size(value: Any) -> int | float | None:
    """What a bound is compared with: octets of a string, entries of a list, else the number itself."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes | tuple | list):
        return len(value)
    return value if isinstance(value, int | float) else None


def _bound(text: str) -> _Bound:
    text = text.strip().replace("(", "").replace(")", "")
    match = _SUM.match(text)
    if match is not None:
        left, right, sign = _bound(match["left"]), _bound(match["right"]), -1 if match["sign"] == "-" else 1

        def total(lookup: Lookup) -> int | None:
            one, two = left(lookup), right(lookup)
            return None if one is None or two is None else one + sign * two

        return total
    match = _TERM.match(text)
    if match is not None:
        number = int(match["number"], 0) if match["number"] else int(match["base"]) ** int(match["power"])
        number = -number if match["sign"] else number
        return lambda _lookup: number
    if not text.isidentifier() or text in _WORDS:
        raise Misuse(f"{text!r} is no bound of a constraint")
    return lambda lookup: _number(lookup(text))


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _shown(value: Any) -> str:
    """A value as an error tells it: short, and never the octets, which may be secret."""
    if isinstance(value, bytes):
        return f"{len(value)} octets"
    if isinstance(value, tuple | list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
