"""A house on paper: who may open which door with what code and when, by a plain reading of what was promised, without the hub's code.

All times are UTC seconds since 1970, and so is the wall: the site of these tests is in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from latchwork.hub.house.rules import Always, FirstUse, Once, Weekly, Window

DAY = 86_400.0
AHEAD = 72 * 3600.0
"""Seconds before its begin that a lock may be given what it keeps by itself."""
SLACK = 3.0
"""Seconds that the hub may take at the minute."""


@dataclass
class Promise:
    """An access, as it was granted; `codes` None is with every code of the person."""

    person: str
    doors: frozenset[str]
    rule: object
    codes: frozenset[str] | None = None
    is_enabled: bool = True
    is_duress: bool = False
    made_at: float = 0.0
    used_at: float | None = None

    def holds(self, at: float) -> bool:
        """Whether it lets somebody in at this instant."""
        rule = self.rule
        if isinstance(rule, Always):
            return True
        if isinstance(rule, FirstUse) and self.used_at is not None:
            return self.used_at <= at < self.used_at + 60 * rule.minutes
        if isinstance(rule, Once) and self.used_at is not None:
            return False
        is_in = (rule.start is None or rule.start <= at) and (rule.end is None or at < rule.end)
        return is_in and (not isinstance(rule, Weekly) or in_hours(rule, at))

    def may_be_ready(self, at: float) -> bool:
        """Whether a lock may know the code at this instant, whether or not it opens."""
        rule = self.rule
        if isinstance(rule, Always) or self.holds(at):
            return True
        if isinstance(rule, Once | FirstUse) and self.used_at is not None:
            return False
        return (rule.start is None or rule.start - AHEAD <= at) and (rule.end is None or at < rule.end)

    def turns(self) -> list[float]:
        """Instants at which it begins or ends, the minutes of a week aside."""
        rule = self.rule
        found = [getattr(rule, "start", None), getattr(rule, "end", None)]
        if found[0] is not None:
            found.append(found[0] - AHEAD)
        if isinstance(rule, FirstUse) and self.used_at is not None:
            found.append(self.used_at + 60 * rule.minutes)
        return [each for each in found if each is not None]


def in_hours(rule: Weekly, at: float) -> bool:
    """Whether the minute lies in a stretch that begins on one of its days and not on an exception."""
    today, minute = divmod(int(at // 60), 1440)
    for hours in rule.hours:
        end = 1440 if hours.end == 1439 else hours.end
        for day in (today, today - 1):
            last = end + 1440 if hours.end <= hours.start else end
            is_on = (day + 3) % 7 in hours.days and date_of(day) not in rule.except_on
            if is_on and hours.start <= minute + 1440 * (today - day) < last:
                return True
    return False


def date_of(day: int) -> str:
    """The date of a day since 1970, by counting."""
    year = 1970
    while True:
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if day < 365 + is_leap:
            break
        day -= 365 + is_leap
        year += 1
    month = 1
    for length in (31, 28 + is_leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31):
        if day < length:
            break
        day -= length
        month += 1
    return f"{year:04}-{month:02}-{day + 1:02}"


@dataclass
class Paper:
    """What was asked of the hub and acknowledged by it.

    Attributes:
        numbers: by person, the unique id; those who left are not here.
        codes: by credential, whose it is and what it is.
        promises: by access.
        spoiled: doors and persons of whom somebody else took something away there: what the lock itself ends is not given a second time.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    spoiled: set[tuple[str, str]] = field(default_factory=set)

    def of(self, door: str, credential: str) -> list[Promise]:
        """The promises by which a credential is for a door."""
        person = self.codes[credential][0]
        return [
            each
            for each in self.promises.values()
            if each.is_enabled
            and each.person == person
            and door in each.doors
            and (each.codes is None or credential in each.codes)
        ]

    def opens(self, door: str, credential: str, at: float) -> bool:
        """Whether it is to open the door at this instant."""
        return any(each.holds(at) for each in self.of(door, credential))

    def may_be_ready(self, door: str, credential: str, at: float) -> bool:
        """Whether the lock may know the code at this instant."""
        return any(each.may_be_ready(at) for each in self.of(door, credential))

    def is_kept_by_lock(self, door: str, credential: str, at: float, week_days: int, year_days: int) -> bool:
        """Whether a lock with so many schedules keeps the hours by itself, for all of the next days, and so must know the code now."""
        due = [each for each in self.of(door, credential) if each.may_be_ready(at)]
        if any(isinstance(each.rule, Always) for each in due):
            return True
        if not due or any(each.is_duress for each in self.of(door, credential)):
            return False
        if all(isinstance(each.rule, Window) for each in due):
            return len(due) <= year_days
        rule = due[0].rule
        if len(due) > 1 or not isinstance(rule, Weekly):
            return False
        is_plain = rule.start is None and rule.end is None and not rule.except_on
        return is_plain and sum(1 + (each.end <= each.start) for each in rule.hours) <= week_days

    def is_ended_by_lock(self, door: str, credential: str) -> bool:
        """Whether it is a code for one opening or from the first use on, which is not given again once the lock has lost it."""
        return any(isinstance(each.rule, Once | FirstUse) for each in self.of(door, credential))

    def used(self, door: str, credential: str, at: float) -> None:
        """Somebody opened this door with it."""
        person = self.codes[credential][0]
        for each in self.promises.values():
            is_it = each.person == person and door in each.doors and (each.codes is None or credential in each.codes)
            if is_it and isinstance(each.rule, Once | FirstUse) and each.used_at is None and each.holds(at):
                each.used_at = at

    def is_near_a_turn(self, at: float) -> bool:
        """Whether something begins or ends about now: then the hub may have done it or not."""
        if any(-SLACK <= turn - at <= SLACK + 1 for each in self.promises.values() for turn in each.turns()):
            return True
        return any(isinstance(each.rule, Weekly) for each in self.promises.values()) and (
            at % 60 < SLACK or at % 60 > 59 - SLACK
        )
