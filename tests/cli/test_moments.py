"""Times and rules as people say them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.cli.moments import age, parse_moment, to_wire, told
from latchwork.cli.rule_options import make_rule, parse_hours, rule_words

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2027, 3, 24, 15, 30, tzinfo=BERLIN)
"""A Wednesday, four days before the clocks change."""


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("16:00", "2027-03-24T16:00:00+01:00"),
        ("9:00", "2027-03-25T09:00:00+01:00"),
        ("today 18:00", "2027-03-24T18:00:00+01:00"),
        ("tomorrow 11:00", "2027-03-25T11:00:00+01:00"),
        ("Friday 18:00", "2027-03-26T18:00:00+01:00"),
        ("wed 15:00", "2027-03-31T15:00:00+02:00"),
        ("wed 16:00", "2027-03-24T16:00:00+01:00"),
        ("sunday 11:00", "2027-03-28T11:00:00+02:00"),
        ("2027-05-01 16:00", "2027-05-01T16:00:00+02:00"),
        ("2027-05-01", "2027-05-01T00:00:00+02:00"),
        ("2027-05-01T16:00", "2027-05-01T16:00:00+02:00"),
        ("2027-05-01T16:00:00Z", "2027-05-01T16:00:00+00:00"),
        ("+3h", "2027-03-24T18:30:00+01:00"),
        ("+ 90 min", "2027-03-24T17:00:00+01:00"),
    ],
)
def test_a_time_is_meant_in_the_sites_zone(text, moment):
    assert to_wire(parse_moment(text, NOW)) == moment


def test_hours_ahead_are_hours_also_over_the_change_of_clocks():
    evening = datetime(2027, 3, 27, 23, 0, tzinfo=BERLIN)
    assert to_wire(parse_moment("+4h", evening)) == "2027-03-28T04:00:00+02:00"


def test_a_day_alone_begins_or_ends_with_it():
    assert to_wire(parse_moment("friday", NOW)) == "2027-03-26T00:00:00+01:00"
    assert to_wire(parse_moment("friday", NOW, is_end=True)) == "2027-03-27T00:00:00+01:00"


@pytest.mark.parametrize(
    "text", ["", "noon", "25:00", "12:61", "2027-13-01 10:00", "+3 parsecs", "fr 10:00 x", "2027-05-01T99:00"]
)
def test_what_is_no_time_is_refused_with_examples(text):
    with pytest.raises(Misuse) as caught:
        parse_moment(text, NOW)
    assert "tomorrow 11:00" in caught.value.advice


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_misuse(text):
    with suppress(Misuse):
        assert parse_moment(text, NOW).tzinfo is not None


@given(st.text(alphabet="0123456789:-+ tomrwfidayhTZ", max_size=25))
def test_nearly_a_time_is_a_moment_or_misuse(text):
    with suppress(Misuse):
        assert parse_moment(text, NOW).tzinfo is not None


def test_times_are_told_as_briefly_as_they_can_be():
    assert told("2027-03-24T13:00:05Z", BERLIN, NOW) == "14:00:05"
    assert told("2027-03-24T17:00:00Z", BERLIN, NOW) == "18:00"
    assert told("2027-03-25T10:00:00Z", BERLIN, NOW) == "tomorrow 11:00"
    assert told("2027-03-20T10:00:00Z", BERLIN, NOW) == "Sat 20 Mar 11:00"
    assert told("2025-03-20T10:00:00Z", BERLIN, NOW) == "2025-03-20 11:00"
    assert told(None, BERLIN, NOW) == "-"
    assert [age(to_wire(NOW - timedelta(seconds=each)), NOW) for each in (5, 61, 7300, 200_000)] == [
        *("now", "1 min"),
        *("2 h", "2 d"),
    ]


def rule(start=None, end=None, weekly=(), is_once=False, hours=None):
    return make_rule(NOW, start, end, weekly, is_once, hours)


def test_each_rule_has_its_options():
    assert rule() == {"kind": "always"}
    assert rule(end="+3h") == {
        "kind": "window",
        "start": "2027-03-24T15:30:00+01:00",
        "end": "2027-03-24T18:30:00+01:00",
    }
    assert rule(start="friday 16:00", end="sunday 11:00")["end"] == "2027-03-28T11:00:00+02:00"
    assert rule(is_once=True, end="tomorrow") == {"kind": "once", "end": "2027-03-26T00:00:00+01:00"}
    assert rule(hours=2.5) == {"kind": "first_use", "minutes": 150}
    assert rule(weekly=("mon-fri 9:00-17:00",))["hours"] == [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}
    ]


def test_an_end_follows_its_beginning():
    assert rule(start="tomorrow 23:00", end="2:00")["end"] == "2027-03-26T02:00:00+01:00"


@pytest.mark.parametrize(
    "said",
    [
        {"start": "16:00"},
        {"is_once": True, "hours": 2.0},
        {"weekly": ("mon 9:00-10:00",), "is_once": True},
        {"start": "2027-05-02", "end": "2027-05-01 10:00"},
        {"end": "2027-03-01 10:00"},
        {"weekly": ("someday 9:00-10:00",)},
        {"weekly": ("mon 9-10",)},
    ],
)
def test_rules_that_make_no_sense_are_refused(said):
    with pytest.raises(Misuse):
        rule(**said)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("sat,sun 10:00-12:00", ["sat", "sun"]),
        ("Fri-Mon 22:00 - 6:00", ["mon", "fri", "sat", "sun"]),
        ("weekdays 9:00-17:00", ["mon", "tue", "wed", "thu", "fri"]),
        ("tuesday 9:00 to 17:00", ["tue"]),
    ],
)
def test_stretches_of_the_week(text, days):
    assert parse_hours(text)["days"] == days


@given(st.text(max_size=40))
def test_any_text_is_a_stretch_or_misuse(text):
    with suppress(Misuse):
        assert parse_hours(text)["days"]


def test_rules_in_words():
    def words(**said):
        return rule_words(rule(**said), BERLIN, NOW)

    assert words() == "always"
    assert words(end="+3h") == "until 18:30"
    assert words(start="tomorrow 16:00", end="friday 11:00") == "from tomorrow 16:00 until Fri 26 Mar 11:00"
    assert words(weekly=("weekdays 9:00-17:00", "sat,sun 10:00-12:00")) == "Mon-Fri 09:00-17:00, Sat, Sun 10:00-12:00"
    assert words(weekly=("daily 0:00-6:00",)) == "every day 00:00-06:00"
    assert words(is_once=True, end="18:00") == "once, until 18:00"
    assert words(hours=2) == "2 h from the first use"
    assert rule_words({"kind": "first_use", "minutes": 90}, BERLIN, datetime.now(UTC)) == "90 min from the first use"
