"""Times in words, and when the time of an access is: by the site's clock, over its changes, with its exceptions."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.hub.guests.view import ends_at, timing
from latchwork.hub.house.entities import Access
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window, holds
from latchwork.hub.words import duration, instant, listed, rule_in_words, zone_name

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, zone=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def access(rule, **rest):
    return Access(id="a", person_id="p", door_ids=("d",), rule=rule, **rest)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Always(), "at any time"),
        (
            Window(at("2027-05-07 15:00"), at("2027-05-09 11:00")),
            "from Friday, 7 May 2027, 15:00 until Sunday, 9 May 2027, 11:00",
        ),
        (Once(), "for one opening"),
        (Once(at("2027-05-07 15:00")), "for one opening from Friday, 7 May 2027, 15:00"),
        (FirstUse(120), "for 2 hours from the first use"),
        (
            FirstUse(2880, None, at("2027-05-09 11:00")),
            "for 2 days from the first use; use it first until Sunday, 9 May 2027, 11:00",
        ),
        (Weekly((Hours(frozenset(range(5)), 540, 1020),)), "Monday to Friday from 09:00 to 17:00"),
        (Weekly((Hours(frozenset({5, 6}), 0, 1440),)), "at weekends all day"),
        (Weekly((Hours(frozenset({0}), 1320, 360),)), "on Mondays from 22:00 to 06:00 the next day"),
        (Weekly((Hours(frozenset(range(7)), 1080, 0),)), "every day from 18:00 to 00:00"),
        (
            Weekly((Hours(frozenset({0, 2}), 540, 720),), except_on=("2027-05-10",), is_off_on_holidays=True),
            "on Mondays and Wednesdays from 09:00 to 12:00, not on holidays, not on 10 May 2027",
        ),
        (Weekly(()), "never"),
    ],
)
def test_a_rule_is_said_as_a_guest_reads_it(rule, words):
    assert rule_in_words(rule, BERLIN) == words


def test_an_instant_is_what_the_wall_shows_also_on_both_sides_of_a_change():
    assert instant(at("2027-10-31 02:30"), BERLIN) == "Sunday, 31 October 2027, 02:30"
    assert instant(at("2027-10-31 02:30") + 3600, BERLIN) == "Sunday, 31 October 2027, 02:30"
    assert zone_name("America/Argentina/Buenos_Aires") == "Buenos Aires time"
    assert zone_name("UTC") == "UTC"
    assert [duration(each) for each in (1, 45, 60, 90, 1440)] == [
        "1 minute",
        "45 minutes",
        "1 hour",
        "90 minutes",
        "1 day",
    ]
    assert [listed(each) for each in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == ["", "A", "A and B", "A, B and C"]


def test_the_next_hours_are_found_past_exceptions_and_the_change_of_clocks():
    mondays = Weekly((Hours(frozenset({0}), 540, 720),), except_on=("2027-03-22", "2027-03-29"))
    found = timing(access(mondays), at("2027-03-20 10:00"), BERLIN, ())
    assert (found.is_valid, found.begins_at) == (False, at("2027-04-05 09:00"))
    open_now = timing(access(mondays), at("2027-04-05 09:00"), BERLIN, ())
    assert (open_now.is_valid, open_now.until) == (True, at("2027-04-05 12:00"))
    closed = timing(
        access(Weekly((Hours(frozenset({0}), 540, 720),), is_off_on_holidays=True)),
        at("2027-03-20 10:00"),
        BERLIN,
        ("2027-03-22",),
    )
    assert closed.begins_at == at("2027-03-29 09:00")


def test_a_weekly_access_that_begins_next_year_begins_then():
    rule = Weekly((Hours(frozenset({0}), 540, 720),), start=at("2029-01-01 10:00"), end=at("2029-06-01 00:00"))
    found = timing(access(rule), at("2027-03-20 10:00"), BERLIN, ())
    assert found.begins_at == at("2029-01-01 10:00"), "a Monday, in the middle of its hours"
    assert ends_at(access(rule)) == at("2029-06-01 00:00")


def test_used_ended_and_switched_off():
    used = timing(access(Once(), first_used_at=5.0), 10.0, BERLIN, ())
    assert used.is_used
    assert not used.is_valid
    over = timing(access(Window(0.0, 5.0)), 10.0, BERLIN, ())
    assert (over.is_valid, over.begins_at) == (False, None)
    off = timing(access(Always(), is_enabled=False), 10.0, BERLIN, ())
    assert (off.is_valid, off.begins_at) == (False, None)
    counting = access(FirstUse(60), first_used_at=100.0)
    assert ends_at(counting) == 3700.0
    assert timing(counting, 200.0, BERLIN, ()).until == 3700.0
    assert timing(counting, 3700.0, BERLIN, ()).begins_at is None


hours = st.builds(
    Hours,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
)
spans = st.tuples(st.none() | st.floats(1.78e9, 1.82e9), st.none() | st.floats(1.78e9, 1.82e9))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(hours, min_size=1, max_size=3),
    spans,
    st.floats(1.79e9, 1.81e9),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"]),
)
def test_until_the_turn_that_is_told_nothing_turns_and_there_it_does(stretches, span, now, zone_key):
    zone = ZoneInfo(zone_key)
    rule = Weekly(tuple(stretches), start=span[0], end=span[1])
    found = timing(access(rule), now, zone, ())
    assert found.is_valid is holds(rule, now, zone)
    turn = found.until if found.is_valid else found.begins_at
    if turn is not None:
        assert turn > now
        assert holds(rule, turn, zone) is not found.is_valid
    last = min(turn if turn is not None else now + 8 * 86_400, now + 8 * 86_400)
    for step in range(1, 40):
        at_step = now + (last - now) * step / 40
        assert holds(rule, at_step, zone) is found.is_valid
