"""What the accesses that share a credential ask of one user of a lock at an instant, and when that will be another.

Layer hub, pure. Whatever the lock can keep by itself it is given ahead of time; the hub keeps the rest, by putting a user on, switching
it off and on, and taking it away at the minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from heapq import merge
from math import inf
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.hub.house.desired import Enforcement, TroubleCode
from latchwork.hub.house.entities import Access
from latchwork.hub.house.observed import Capabilities, UserType, WeekDay, YearDay
from latchwork.hub.house.rules import MIDNIGHT, Always, FirstUse, Hours, Once, Rule, Weekly, Window, holds
from latchwork.hub.plan import texts
from latchwork.hub.plan.compile_schedules import (
    FOREVER,
    Span,
    clipped,
    from_local,
    merged,
    stretches_between,
    week_days,
)
from latchwork.hub.plan.wall import instants_on, is_shown_twice, local_seconds, passed

_NONE: Final[frozenset[str]] = frozenset()
_DAYS_LOOKED_AT: Final = 10


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a lock does not keep the times by itself: what the hub says to people about it."""

    code: TroubleCode
    message: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of one user; see `DesiredUser` for the fields of the same names.

    Attributes:
        shortfall: why the hub has to keep the times, or None: the lock does.
    """

    type: UserType
    is_enabled: bool = True
    week_days: tuple[WeekDay, ...] = ()
    year_days: tuple[YearDay, ...] = ()
    shortfall: Shortfall | None = None

    @property
    def enforcement(self) -> Enforcement:
        """Who keeps the times."""
        return Enforcement.LOCK if self.shortfall is None else Enforcement.HUB


_ALWAYS: Final = Terms(UserType.UNRESTRICTED)
_FORCED: Final = Terms(UserType.FORCED)
_ONE_TIME: Final = Terms(UserType.DISPOSABLE)
_EXPIRING: Final = Terms(UserType.EXPIRING)


class Promises:
    """All accesses that a user of a lock stands for, taken together: it is let in when any of them holds.

    Args:
        accesses: of one person, with the same credentials; those that are not enabled do not count.
        capabilities: the lock's.
        zone: the site's, which the lock's wall clock shows.
        holidays: the site's.
        preload_s: how long before its start a lock is given what it keeps by itself.
    """

    def __init__(
        self,
        accesses: Sequence[Access],
        capabilities: Capabilities,
        zone: ZoneInfo,
        holidays: frozenset[str],
        preload_s: float,
    ) -> None:
        self._accesses = [access for access in accesses if access.is_enabled]
        self._capabilities = capabilities
        self._zone = zone
        self._holidays = holidays
        self._preload_s = preload_s
        # An alarm code stays one for as long as its access stands, also outside its hours: it must never become an ordinary one.
        self._is_duress = any(access.is_duress for access in self._accesses)
        self._is_always = any(isinstance(access.rule, Always) for access in self._accesses)

    def terms(self, at: float) -> Terms | None:
        """What is asked of the user at this instant; None: it is not on the lock."""
        if self._is_always:
            return _FORCED if self._is_duress else _ALWAYS
        due = self._due(at)
        if not due:
            return None
        found = self._by_lock(due, at)
        return self._by_hub(due, at, found) if isinstance(found, Shortfall) else found

    def next_change(self, now: float) -> float | None:
        """The first instant after `now` at which `terms` are other ones than `now`; None is never."""
        if self._is_always:
            return None
        terms, reached = self.terms(now), now
        edges = iter(sorted({at for access in self._accesses for at in self._edges(access) if now < at < inf}))
        while True:
            edge = next(edges, inf)  # which accesses count is the same until then
            for at in self._turns(reached, terms):
                if at >= edge:
                    break
                if at > reached and self.terms(at) != terms:
                    return at
            if edge == inf:
                return None
            if self.terms(edge) != terms:
                return edge
            reached = edge

    def _due(self, at: float) -> list[Access]:
        return [access for access in self._accesses if not _is_over(access, at) and self._is_due(access, at)]

    def _is_due(self, access: Access, at: float) -> bool:
        return access.first_used_at is not None or _start(access.rule) - self._preload_s <= at

    def _by_lock(self, due: list[Access], at: float) -> Terms | Shortfall | None:
        if self._is_duress:
            return Shortfall(TroubleCode.NEEDS_HUB, texts.ALARM_CODE_HAS_NO_HOURS)
        rules = [access.rule for access in due]
        weekly = [rule for rule in rules if isinstance(rule, Weekly)]
        if len(weekly) == len(rules):
            return self._weekly(weekly, at)
        windows = [rule for rule in rules if isinstance(rule, Window)]
        if len(windows) == len(rules):
            return self._windows(windows)
        if len(rules) > 1:
            return Shortfall(TroubleCode.NEEDS_HUB, texts.RULES_OF_SEVERAL_KINDS)
        return self._single(rules[0], at)

    def _single(self, rule: Rule, at: float) -> Terms | Shortfall:
        if isinstance(rule, FirstUse):
            if rule.minutes != self._capabilities.expiring_minutes:
                return Shortfall(
                    TroubleCode.NEEDS_HUB, texts.first_use_minutes(rule.minutes, self._capabilities.expiring_minutes)
                )
            if _is_open_ended(rule, at):
                return _EXPIRING
            return Shortfall(TroubleCode.NEEDS_HUB, texts.FIRST_USE_IN_A_WINDOW)
        if isinstance(rule, Once) and not _is_open_ended(rule, at):
            return Shortfall(TroubleCode.NEEDS_HUB, texts.ONE_TIME_IN_A_WINDOW)
        return _ONE_TIME

    def _windows(self, rules: list[Window]) -> Terms | Shortfall:
        room = self._capabilities.year_days
        if not room:
            return Shortfall(TroubleCode.NEEDS_HUB, texts.NO_DATES)
        windows = merged([(rule.start, rule.end) for rule in rules])
        if any(is_shown_twice(at, self._zone) for window in windows for at in window):
            return Shortfall(TroubleCode.NEEDS_HUB, texts.HOUR_SHOWN_TWICE)
        spans = merged([(local_seconds(start, self._zone), local_seconds(end, self._zone)) for start, end in windows])
        return Terms(
            UserType.YEAR_DAY_SCHEDULE,
            year_days=tuple(YearDay(*span) for span in spans[:room]),
            shortfall=_too_many_dates(len(spans), room),
        )

    def _weekly(self, rules: list[Weekly], at: float) -> Terms | Shortfall | None:
        if len({self._bounds(rule, at) for rule in rules}) > 1:
            return Shortfall(TroubleCode.NEEDS_HUB, texts.RULES_OF_SEVERAL_KINDS)
        days = week_days(_hours(rules))
        if days is None:
            return Shortfall(TroubleCode.NEEDS_HUB, texts.LAST_MINUTE)
        if not days:
            return None
        if not self._capabilities.week_days:
            return Shortfall(TroubleCode.NEEDS_HUB, texts.NO_HOURS)
        if len(days) > self._capabilities.week_days:
            return Shortfall(TroubleCode.SCHEDULES_FULL, texts.too_many_hours(len(days), self._capabilities.week_days))
        start, end, _ = self._bounds(rules[0], at)
        if any(bound is not None and is_shown_twice(bound, self._zone) for bound in (start, end)):
            return Shortfall(TroubleCode.NEEDS_HUB, texts.HOUR_SHOWN_TWICE)
        spans, room = self._dates(rules, at), self._capabilities.year_days
        if not spans:
            return None  # without a stretch, the hours alone would hold
        if spans == [(0, FOREVER)]:
            return Terms(UserType.WEEK_DAY_SCHEDULE, week_days=days)
        if not room:
            return Shortfall(TroubleCode.NEEDS_HUB, texts.NO_DATES)
        if len(spans) > room == 1:  # the next stretch could only be written once the last one is over
            return _too_many_dates(len(spans), room) or Shortfall(TroubleCode.NEEDS_HUB, texts.NO_DATES)
        return Terms(
            UserType.SCHEDULE_RESTRICTED,
            week_days=days,
            year_days=tuple(YearDay(*span) for span in spans[:room]),
            shortfall=_too_many_dates(len(spans), room),
        )

    def _dates(self, rules: list[Weekly], at: float) -> list[Span]:
        """The stretches in which the hours of such rules are right; one without an end, once it is on, is all of time."""
        start, end, exceptions = self._bounds(rules[0], at)
        spans: tuple[Span, ...] = ((0, FOREVER),)
        if exceptions:
            spans = stretches_between(_hours(rules), exceptions)
        first = 0 if start is None else local_seconds(start, self._zone)
        last = FOREVER if end is None else local_seconds(end, self._zone)
        now = local_seconds(at, self._zone)
        left = [span for span in clipped(from_local(spans, now), first, last) if self._is_ahead(span[1], at, now)]
        if start is None and left and left[0][0] > 0 and not self._is_ahead(left[0][0], at, now):
            left[0] = (0, left[0][1])
        return left

    def _is_ahead(self, local: int, at: float, now: int) -> bool:
        return local > now + 86_400 or (local > now - 86_400 and at < passed(local, self._zone))

    def _bounds(self, rule: Weekly, at: float) -> tuple[float | None, float | None, frozenset[str]]:
        start = rule.start if rule.start is not None and rule.start > at else None
        return start, rule.end, self._exceptions(rule)

    def _exceptions(self, rule: Weekly) -> frozenset[str]:
        if rule.except_on:
            return _as_set(rule.except_on) | (self._holidays if rule.is_off_on_holidays else _NONE)
        return self._holidays if rule.is_off_on_holidays else _NONE

    def _by_hub(self, due: list[Access], at: float, shortfall: Shortfall) -> Terms | None:
        on = [access.rule for access in due if holds(access.rule, at, self._zone, self._holidays, access.first_used_at)]
        if on:
            kind = UserType.FORCED if self._is_duress else self._type(on)
            return Terms(kind, shortfall=shortfall)
        if any(isinstance(access.rule, Weekly) and _start(access.rule) <= at for access in due):
            kind = UserType.FORCED if self._is_duress else UserType.UNRESTRICTED
            return Terms(kind, is_enabled=False, shortfall=shortfall)
        return None

    def _type(self, on: list[Rule]) -> UserType:
        """The strictest type that keeps none of the rules from what it promises."""
        if all(isinstance(rule, Once) for rule in on):
            return UserType.DISPOSABLE
        minutes = self._capabilities.expiring_minutes
        if all(isinstance(rule, Once) or (isinstance(rule, FirstUse) and rule.minutes == minutes) for rule in on):
            return UserType.EXPIRING
        return UserType.UNRESTRICTED

    def _turns(self, now: float, terms: Terms | None) -> Iterator[float]:
        """Instants, in order, among which is every one at which the terms change while the same accesses count."""
        if terms is None:
            return iter(())
        rules = [access.rule for access in self._due(now) if isinstance(access.rule, Weekly)]
        streams = []
        if rules and self._exceptions(rules[0]):
            streams.append(self._stretches(rules, now))
        if terms.shortfall is not None and not terms.year_days:
            streams.extend(self._minutes(rule, now) for rule in rules)
        return merge(*streams)

    def _edges(self, access: Access) -> Iterator[float]:
        rule = access.rule
        if isinstance(rule, Always):
            return
        if rule.start is not None:
            yield rule.start - self._preload_s
            yield rule.start
        if rule.end is not None:
            yield rule.end
        if isinstance(rule, FirstUse) and access.first_used_at is not None:
            yield access.first_used_at
            yield access.first_used_at + 60 * rule.minutes

    def _stretches(self, rules: list[Weekly], now: float) -> Iterator[float]:
        """When the stretches between exceptions begin and end; rules are only taken together when their exceptions are the same."""
        local = local_seconds(now, self._zone)
        for span in from_local(stretches_between(_hours(rules), self._exceptions(rules[0])), local):
            for edge in span:
                if 0 < edge < FOREVER:
                    yield passed(edge, self._zone)

    def _minutes(self, rule: Weekly, now: float) -> Iterator[float]:
        """When the hub may have to switch a user: within some days of now and of each exception, since all other weeks are alike."""
        minutes = {0}
        for hours in rule.hours:
            minutes.update((hours.start % MIDNIGHT, hours.until % MIDNIGHT))
        ordered = tuple(sorted(minutes))
        for day in self._days(rule, datetime.fromtimestamp(now, self._zone).date()):
            yield from instants_on(day, ordered, self._zone)

    def _days(self, rule: Weekly, today: date) -> Iterator[date]:
        begins = [today, *(day for text in sorted(self._exceptions(rule)) if (day := date.fromisoformat(text)) > today)]
        reached = today - timedelta(days=1)
        for begin in begins:
            for ahead in range(-1, _DAYS_LOOKED_AT):
                day = begin + timedelta(days=ahead)
                if day > reached:
                    reached = day
                    yield day


def _hours(rules: Sequence[Weekly]) -> tuple[Hours, ...]:
    return rules[0].hours if len(rules) == 1 else tuple(each for rule in rules for each in rule.hours)


@lru_cache(maxsize=256)
def _as_set(days: tuple[str, ...]) -> frozenset[str]:
    return frozenset(days)


def _start(rule: Rule) -> float:
    return -inf if isinstance(rule, Always) or rule.start is None else rule.start


def _is_open_ended(rule: FirstUse | Once, at: float) -> bool:
    return rule.end is None and _start(rule) <= at


def _is_over(access: Access, at: float) -> bool:
    rule = access.rule
    match rule:
        case Always():
            return False
        case Once():
            if access.first_used_at is not None:
                return True
        case FirstUse():
            if access.first_used_at is not None:
                return at >= access.first_used_at + 60 * rule.minutes
        case Weekly():
            if not any(each.days for each in rule.hours):
                return True
        case Window():
            pass
    return rule.end is not None and (rule.end <= at or rule.end <= _start(rule))


def _too_many_dates(count: int, room: int) -> Shortfall | None:
    return Shortfall(TroubleCode.SCHEDULES_FULL, texts.too_many_dates(count, room)) if count > room else None
