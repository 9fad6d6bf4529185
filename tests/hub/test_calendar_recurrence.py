"""On which days something recurs, against a library that does nothing else."""

from datetime import date, datetime, time, timedelta
from itertools import islice

import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.hub.calendars.recurrence import Repeat, occurrences

FREQUENCIES = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}


@st.composite
def repeats(draw):
    frequency = draw(st.sampled_from(sorted(FREQUENCIES)))
    some = st.frozensets(st.integers(1, 12), max_size=3)
    months = draw(some)
    if frequency == "YEARLY" and not months:
        months = draw(st.frozensets(st.integers(1, 12), min_size=1, max_size=3))
    has_ordinals = frequency in {"MONTHLY", "YEARLY"}
    day = st.tuples(st.sampled_from([0, 1, 2, -1, -2]) if has_ordinals else st.just(0), st.integers(0, 6))
    days = draw(st.frozensets(day, max_size=3))
    if len({bool(ordinal) for ordinal, _ in days}) > 1:
        # The library takes only what is named in both ways at once.
        days = frozenset((0, weekday) for _, weekday in days)
    month_day = st.integers(1, 28) | st.integers(-28, -1)
    month_days = (
        draw(st.frozensets(month_day, max_size=3))
        if frequency != "WEEKLY" and not any(o for o, _ in days)
        else frozenset()
    )
    positions = (
        draw(st.frozensets(st.sampled_from([1, -1]), max_size=2))
        if has_ordinals and (days or month_days)
        else frozenset()
    )
    # What never holds keeps the library busy until the year 9999.
    interval = 1 if frequency == "MONTHLY" and months else draw(st.integers(1, 4))
    return Repeat(
        frequency=frequency,
        interval=interval,
        count=draw(st.none() | st.integers(1, 20)),
        months=months,
        month_days=month_days,
        days=days,
        positions=positions,
        week_start=draw(st.integers(0, 6)) if frequency == "WEEKLY" else 0,
    )


def by_library(repeat, first, last):
    rule = rrule(
        FREQUENCIES[repeat.frequency],
        dtstart=datetime.combine(first, time()),
        until=datetime.combine(last, time()),
        interval=repeat.interval,
        bymonth=sorted(repeat.months) or None,
        bymonthday=sorted(repeat.month_days) or None,
        byweekday=[weekday(day, ordinal or None) for ordinal, day in sorted(repeat.days)] or None,
        bysetpos=sorted(repeat.positions) or None,
        wkst=repeat.week_start,
    )
    return [each.date() for each in islice(rule, repeat.count)]


@settings(deadline=None)
@given(repeats(), st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900))
def test_it_agrees_with_a_library_that_does_nothing_else(repeat, first, span):
    last = first + timedelta(days=span)
    assert list(occurrences(repeat, first, last)) == by_library(repeat, first, last)


def test_what_is_not_understood_is_refused():
    for repeat in (
        Repeat(frequency="SECONDLY"),
        Repeat(frequency="DAILY", interval=0),
        Repeat(frequency="DAILY", interval=10**9),
        Repeat(frequency="WEEKLY", days=frozenset({(2, 0)})),
        Repeat(frequency="YEARLY", days=frozenset({(20, 0)})),
        Repeat(frequency="WEEKLY", month_days=frozenset({1})),
        Repeat(frequency="DAILY", positions=frozenset({1})),
        Repeat(frequency="WEEKLY", positions=frozenset({1})),
    ):
        with pytest.raises(ValueError, match=r"."):
            list(occurrences(repeat, date(2026, 1, 1), date(2026, 2, 1)))


def test_a_rule_that_never_holds_is_not_counted_for_ever():
    never = Repeat(frequency="DAILY", months=frozenset({2}), month_days=frozenset({30}))
    assert list(occurrences(never, date(2000, 1, 1), date(2030, 1, 1))) == []
    with pytest.raises(ValueError, match="too long"):
        list(occurrences(never, date(1900, 1, 1), date(2100, 1, 1)))
