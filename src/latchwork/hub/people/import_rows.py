"""Lines of an imported table read as people, codes, doors and times, each with what is wrong about it.

Layer hub, pure. Dates that could be two days are refused and not guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.base.logs import Secret
from latchwork.hub.codes import weakness
from latchwork.hub.house.entities import Door
from latchwork.hub.house.rules import MIDNIGHT, Always, Hours, Rule, Weekly, Window
from latchwork.hub.people import import_texts as texts
from latchwork.hub.people.import_csv import Column, Row, Table

MAX_NAME: Final = 100
MAX_CONTACT: Final = 300
MIN_CODE: Final = 4
MAX_CODE: Final = 32

_ALL: Final = frozenset({"*", "all", "all doors", "all locks", "every door", "any"})
_EVERY_DAY: Final = frozenset(range(7))
_WORDS: Final = {
    "daily": _EVERY_DAY,
    "every day": _EVERY_DAY,
    "everyday": _EVERY_DAY,
    "all": _EVERY_DAY,
    "weekdays": frozenset(range(5)),
    "workdays": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
    "weekends": frozenset({5, 6}),
}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LETTERS: Final = {"m": 0, "w": 2, "f": 4}
"""Days that one letter names; T and S are two days each."""
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T](.+))?")
_DOTS: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,? (.+))?")
_SLASHES: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:,? (.+))?")
_ZONE: Final = re.compile(r"(.+?) ?(Z|[+-]\d{2}:?\d{2})")
_TIME: Final = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.\d+)?)?)? ?([ap])?\.?(?:m\.?)?", re.IGNORECASE)
_UNTIL: Final = re.compile(r"\s*(?:-|\u2013|\u2014|\bto\b|\buntil\b)\s*", re.IGNORECASE)
"""A hyphen, as spreadsheets lengthen it, or a word."""
_LAST_YEAR: Final = 2100


class _Problem(Exception):
    """Why a line is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a line says.

    Attributes:
        line: where it is.
        name, email, phone: of the person.
        code: or empty.
        doors: which.
        rule: when.
        problem: why it cannot be done, or empty.
        warnings: what to look at.
    """

    line: int
    name: str = ""
    email: str = ""
    phone: str = ""
    code: Secret
    doors: tuple[Door, ...] = ()
    rule: Rule = Always()  # noqa: RUF009 - a frozen value
    problem: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def who(self) -> tuple[str, str, str]:
        """Tells people apart: lines that agree in all of it are about the same person."""
        return folded(self.name), folded(self.email), digits(self.phone)


def folded(text: str) -> str:
    """The text without what people write in different ways."""
    return " ".join(text.casefold().split())


def digits(phone: str) -> str:
    """A phone number without what people write between its digits."""
    return "".join(each for each in phone if each.isdigit() or each == "+")


def read_rows(
    table: Table, doors: Iterable[Door], zone: ZoneInfo, now: float, code_length: int | None = None
) -> list[Wanted]:
    """All lines of a table.

    Args:
        table: the table.
        doors: of the site.
        zone: of the site: in which times are meant.
        now: UTC seconds since 1970.
        code_length: digits that codes have on this site; None is not said.
    """
    by_name: dict[str, list[Door]] = {}
    for door in doors:
        by_name.setdefault(folded(door.name), []).append(door)
    rows = [_read(row, by_name, zone, now) for row in table.rows]
    usual = code_length or _usual_length(rows)
    return [
        replace(row, warnings=(texts.LOST_ZEROS, *row.warnings)) if 0 < len(row.code) < usual else row for row in rows
    ]


def _usual_length(rows: Sequence[Wanted]) -> int:
    """Digits that most codes have, or 0 where no length is the usual one."""
    lengths = Counter(len(row.code) for row in rows if row.code).most_common(2)
    if not lengths or lengths[0][1] < 2 or (len(lengths) > 1 and lengths[0][1] == lengths[1][1]):
        return 0
    return lengths[0][0]


def _read(row: Row, doors: Mapping[str, Sequence[Door]], zone: ZoneInfo, now: float) -> Wanted:
    cells = row.cells
    names = (cells.get(Column.NAME), cells.get(Column.FIRST_NAME), cells.get(Column.LAST_NAME))
    name = names[0] or " ".join(part for part in names[1:] if part)
    found = Wanted(
        line=row.line,
        name=name[:MAX_NAME],
        email=cells.get(Column.EMAIL, ""),
        phone=cells.get(Column.PHONE, ""),
        code=Secret(b""),
    )
    try:
        _check(row, name, found)
        code = _code(row.code)
        found = replace(found, code=code, doors=_doors(cells.get(Column.DOORS, ""), doors))
        found = replace(found, rule=_rule(cells, zone, now))
    except _Problem as problem:
        return replace(found, problem=str(problem))
    return replace(found, warnings=tuple(_warnings(found)))


def _check(row: Row, name: str, found: Wanted) -> None:
    if row.is_too_long:
        raise _Problem(texts.NOT_A_LINE)
    if not name:
        raise _Problem(texts.NO_NAME)
    if len(name) > MAX_NAME:
        raise _Problem(texts.NAME_TOO_LONG.format(limit=MAX_NAME))
    if max(len(found.email), len(found.phone)) > MAX_CONTACT:
        raise _Problem(texts.CONTACT_TOO_LONG.format(limit=MAX_CONTACT))


def _warnings(found: Wanted) -> Iterable[str]:
    if not found.code:
        yield texts.NO_CODE
    elif (why := weakness(found.code.decode())) is not None:
        yield texts.WEAK.format(why=why)
    if not found.doors:
        yield texts.NO_DOOR


def _code(written: Secret) -> Secret:
    """The digits; what programs write around them so that a spreadsheet leaves them alone is taken off."""
    text = written.decode()
    for before, after in (('="', '"'), ('"', '"'), ("'", ""), ("#", "")):
        if text.startswith(before) and text.endswith(after) and len(text) > len(before + after):
            text = text[len(before) : len(text) - len(after)].strip()
            break
    if not text:
        return Secret(b"")
    if re.fullmatch(r"\d+[.,]\d*([eE]\+?\d+)?|\d+[eE]\+?\d+", text):
        raise _Problem(texts.CODE_ROUNDED)
    if not (text.isascii() and text.isdigit()):
        raise _Problem(texts.CODE_NOT_DIGITS)
    if len(text) < MIN_CODE:
        raise _Problem(texts.CODE_TOO_SHORT.format(least=MIN_CODE))
    if len(text) > MAX_CODE:
        raise _Problem(texts.CODE_TOO_LONG.format(greatest=MAX_CODE))
    return Secret(text.encode())


def _doors(text: str, by_name: Mapping[str, Sequence[Door]]) -> tuple[Door, ...]:
    if not text:
        return ()
    if folded(text) in _ALL and folded(text) not in by_name:
        return tuple(door for doors in by_name.values() for door in doors)
    found: dict[str, Door] = {}
    parts = [text] if folded(text) in by_name else re.split(r"[,;|/+\n]", text)
    for part in parts:
        name = folded(part)
        if not name:
            continue
        doors = by_name.get(name, ())
        if len(doors) != 1:
            message = texts.DOORS_ALIKE if doors else texts.UNKNOWN_DOOR
            raise _Problem(message.format(name=part.strip()[:MAX_NAME]))
        found[doors[0].id] = doors[0]
    return tuple(found.values())


# Times


def _rule(cells: Mapping[Column, str], zone: ZoneInfo, now: float) -> Rule:
    days = _weekdays(cells.get(Column.WEEKDAYS, ""))
    hours = _hours(cells)
    start_text, end_text = cells.get(Column.START, ""), cells.get(Column.END, "")
    is_daily = days is not None or (hours is not None and not (start_text or end_text))
    # Beside dates, and without days of the week, the times are those of the first and the last day.
    clock = (None, None) if is_daily or hours is None else hours
    start = _instant(start_text, zone, Column.START, clock[0])
    end = _instant(end_text, zone, Column.END, clock[1])
    if start is not None and end is not None and end <= start:
        raise _Problem(texts.END_BEFORE_START)
    if end is not None and end <= now:
        raise _Problem(texts.IS_OVER)
    if is_daily:
        begin, until = hours or (0, MIDNIGHT)
        return Weekly((Hours(days or _EVERY_DAY, begin % MIDNIGHT, until),), start=start, end=end)
    if start is None and end is None:
        return Always()
    if start is None or end is None:
        # Open at one side is any hour of any day, from then or until then.
        return Weekly((Hours(_EVERY_DAY, 0, MIDNIGHT),), start=start, end=end)
    return Window(start, end)


def _hours(cells: Mapping[Column, str]) -> tuple[int, int] | None:
    """Begin and end of a day's hours, in minutes."""
    both = cells.get(Column.HOURS, "")
    start, end = cells.get(Column.START_TIME, ""), cells.get(Column.END_TIME, "")
    column = Column.HOURS if both else Column.START_TIME
    if both and (start or end):
        raise _Problem(texts.HOURS_TWICE)
    if both:
        start, dash, end = _UNTIL.sub("-", both).partition("-")
        if not dash:
            raise _Problem(texts.NO_TIME.format(column=column.value))
    if not start and not end:
        return None
    if not start or not end:
        raise _Problem(texts.HALF_HOURS)
    found = _minutes(start), _minutes(end)
    if found[0] is None or found[1] is None or found[0] == MIDNIGHT:
        raise _Problem(texts.NO_TIME.format(column=column.value))
    if found[0] == found[1]:
        raise _Problem(texts.END_BEFORE_START)
    return found[0], found[1] or MIDNIGHT


def _minutes(text: str) -> int | None:
    """Minutes since midnight, or None: it is no time of day."""
    found = _TIME.fullmatch(text.strip())
    if found is None or (found[2] is None and found[4] is None):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[4] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
    total = hour * 60 + minute
    return total if minute < 60 and total <= MIDNIGHT and int(found[3] or 0) < 60 else None


def _instant(text: str, zone: ZoneInfo, column: Column, clock: int | None) -> float | None:
    """UTC seconds since 1970; a day without a time is all of it."""
    if not text:
        return None
    problem = _Problem(texts.NO_DATE.format(column=column.value))
    day, rest = _date(text, problem)
    offset = None
    if rest and (found := _ZONE.fullmatch(rest)) is not None:
        rest, offset = found[1], found[2]
    minutes = _minutes(rest) if rest else clock
    if rest and minutes is None:
        raise problem
    if minutes is None:
        minutes = MIDNIGHT if column is Column.END else 0
    wall = day + timedelta(minutes=minutes)
    if offset is not None:
        shift = "+00:00" if offset == "Z" else offset
        minutes_east = int(shift[1:3]) * 60 + int(shift[-2:])
        if minutes_east >= MIDNIGHT:
            raise problem
        east = timedelta(minutes=minutes_east if shift[0] == "+" else -minutes_east)
        return (wall.replace(tzinfo=UTC) - east).timestamp()
    return wall.replace(tzinfo=zone).timestamp()


def _date(text: str, problem: _Problem) -> tuple[datetime, str]:
    """The day, at midnight of no zone, and what comes behind it."""
    if (found := _ISO.fullmatch(text)) is not None:
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif (found := _DOTS.fullmatch(text)) is not None:
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    elif (found := _SLASHES.fullmatch(text)) is not None:
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        if first <= 12 and second <= 12 and first != second:
            raise problem  # 1/2 is in January for some and in February for others
        month, day = (second, first) if first > 12 else (first, second)
    else:
        raise problem
    if not 2000 <= year <= _LAST_YEAR:
        raise problem
    try:
        return datetime(year, month, day), found[4] or ""  # noqa: DTZ001 - the caller knows the zone
    except ValueError:
        raise problem from None


def _weekdays(text: str) -> frozenset[int] | None:
    if not text:
        return None
    plain = folded(text)
    if plain in _WORDS:
        return _WORDS[plain]
    found: set[int] = set()
    for part in re.split(r"[,;|/+& ]+", _UNTIL.sub("-", plain)):
        if part in {"", "and"}:
            continue
        if part in _WORDS:
            found |= _WORDS[part]
            continue
        first, dash, last = part.partition("-")
        begin, end = _weekday(first), _weekday(last) if dash else None
        found.add(begin)
        if end is not None:
            found |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    if not found:
        raise _Problem(texts.NO_DAYS)
    return frozenset(found)


def _weekday(text: str) -> int:
    text = text.rstrip(".")
    if text in _LETTERS:
        return _LETTERS[text]
    for number, name in enumerate(_DAYS):
        if len(text) >= 2 and (name.startswith(text) or text in {name[:4], f"{name[:3]}s", f"{name}s"}):
            return number
    raise _Problem(texts.NO_DAYS)
