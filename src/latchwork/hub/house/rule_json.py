"""Rules of time as JSON, read strictly: what is not exactly a rule is refused and never half understood.

Layer hub, pure. The same text is kept in the database, sent by the API and written into backups.
"""

from __future__ import annotations

import json
from datetime import date
from math import isfinite
from typing import Any, Final, NoReturn

from latchwork.base.errors import Misuse
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Rule, Weekly, Window

MAX_LENGTH: Final = 65_536
"""Characters of a rule: some thousand exceptions, and no more than a row should hold."""
_MINUTES_OF_DAY: Final = 1440
_MAX_FIRST_USE: Final = 2880
_SHOWN: Final = 80


class RuleUnreadable(Misuse):
    """A text is no rule of time; the message says where it is not."""


def encode_rule(rule: Rule) -> str:
    """The rule as JSON, which `decode_rule` reads to an equal rule.

    Raises:
        RuleUnreadable: it holds what no rule may, such as a day 9.
    """
    match rule:
        case Always():
            value: dict[str, Any] = {"kind": "always"}
        case Weekly():
            hours = [{"days": sorted(each.days), "start": each.start, "end": each.end} for each in rule.hours]
            value = {
                "kind": "weekly",
                "hours": hours,
                "except_on": list(rule.except_on),
                "is_off_on_holidays": rule.is_off_on_holidays,
                "start": rule.start,
                "end": rule.end,
            }
        case Window(start, end):
            value = {"kind": "window", "start": start, "end": end}
        case Once(start, end):
            value = {"kind": "once", "start": start, "end": end}
        case FirstUse(minutes, start, end):
            value = {"kind": "first_use", "minutes": minutes, "start": start, "end": end}
    text = json.dumps(value, separators=(",", ":"))
    if decode_rule(text) != rule:
        raise RuleUnreadable("the rule holds something that its text does not")
    return text


def decode_rule(text: str) -> Rule:
    """The rule that `text` is.

    Raises:
        RuleUnreadable: it is none: no JSON, another kind, something missing, too much, of another type or out of bounds.
    """
    value = _parsed(text)
    if not isinstance(value, dict):
        raise _refused("an object", value)
    kind = value.pop("kind", None)
    if kind == "always":
        _fields(value)
        return Always()
    if kind == "weekly":
        return _weekly(value)
    if kind == "window":
        start, end = _fields(value, "start", "end")
        return Window(_instant(start), _instant(end))
    if kind == "once":
        start, end = _fields(value, "start", "end")
        return Once(_open(start), _open(end))
    if kind == "first_use":
        minutes, start, end = _fields(value, "minutes", "start", "end")
        return FirstUse(_whole(minutes, 1, _MAX_FIRST_USE), _open(start), _open(end))
    raise _refused("a kind of rule", kind)


def _parsed(text: str) -> Any:
    if len(text) > MAX_LENGTH:
        raise RuleUnreadable(f"a rule of time has at most {MAX_LENGTH} characters, not {len(text)}")
    try:
        return json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number)
    except RuleUnreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise RuleUnreadable("a rule of time is JSON, and this is not") from error


def _weekly(value: dict[str, Any]) -> Weekly:
    hours, except_on, is_off, start, end = _fields(value, "hours", "except_on", "is_off_on_holidays", "start", "end")
    if not isinstance(is_off, bool):
        raise _refused("true or false", is_off)
    return Weekly(
        hours=tuple(_hours(each) for each in _list(hours)),
        except_on=tuple(_day(each) for each in _list(except_on)),
        is_off_on_holidays=is_off,
        start=_open(start),
        end=_open(end),
    )


def _hours(value: Any) -> Hours:
    days, start, end = _fields(value, "days", "start", "end")
    numbers = [_whole(each, 0, 6) for each in _list(days)]
    if len(set(numbers)) != len(numbers):
        raise _refused("each day once", days)
    return Hours(frozenset(numbers), _whole(start, 0, _MINUTES_OF_DAY), _whole(end, 0, _MINUTES_OF_DAY))


def _fields(value: Any, *names: str) -> list[Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise _refused(f"an object with {', '.join(names) or 'nothing more'}", value)
    return [value[name] for name in names]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _refused("a list", value)
    return value


def _whole(value: Any, least: int, greatest: int) -> int:
    if type(value) is not int or not least <= value <= greatest:
        raise _refused(f"a whole number from {least} to {greatest}", value)
    return value


def _instant(value: Any) -> float:
    if type(value) not in {int, float} or not isfinite(value):
        raise _refused("seconds since 1970", value)
    return float(value)


def _open(value: Any) -> float | None:
    return None if value is None else _instant(value)


def _day(value: Any) -> str:
    try:
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise _refused("a date such as 2026-12-24", value)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RuleUnreadable("a rule of time names each thing once")
    return found


def _no_number(name: str) -> NoReturn:
    raise _refused("a number", name)


def _refused(expected: str, value: object) -> RuleUnreadable:
    shown = repr(value)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}…"
    return RuleUnreadable(f"in a rule of time, {expected} is expected, not {shown}")
