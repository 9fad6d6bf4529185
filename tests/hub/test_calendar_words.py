"""What the words of events mean, platform by platform."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.calendars import ical

from latchwork.hub.calendars.feeds import Event, read_feed
from latchwork.hub.calendars.staying import Habits, listing_of, span_of
from latchwork.hub.calendars.words import meaning_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("summary", "name"),
    [
        ("Reserved", ""),
        ("Reserved - Ada Byron", "Ada Byron"),
        ("Ada Byron", "Ada Byron"),
        ("Ada Byron (HMABC12345)", "Ada Byron"),
        ("CLOSED - Ada Byron", "Ada Byron"),
        ("Booking: Ünal Çelik", "Ünal Çelik"),
        ("Reservation", ""),
        ("Busy", ""),
        ("", ""),
        ("ada@example.com", ""),
        ("https://example.com/x", ""),
        ("HMABC12345", ""),
        ("x" * 200, ""),
    ],
)
def test_who_comes_where_the_calendar_says_so(summary, name):
    meaning = meaning_of(summary)
    assert meaning.is_stay
    assert meaning.name == name


@pytest.mark.parametrize(
    "summary", ["Airbnb (Not available)", "Not available", "Blocked", " blocked ", "Reserved - Not available"]
)
def test_days_that_are_only_closed_are_no_stays(summary):
    assert not meaning_of(summary).is_stay


def test_what_booking_com_calls_closed_is_a_stay_unless_its_host_says_otherwise():
    assert meaning_of("CLOSED - Not available").is_stay
    assert meaning_of("CLOSED - Not available").name == ""
    assert not meaning_of("CLOSED - Not available", closed_is_stay=False).is_stay
    assert meaning_of("CLOSED - Ada Byron", closed_is_stay=False).is_stay


def test_the_digits_of_a_telephone():
    airbnb = "Reservation URL: https://www.airbnb.com/hosting/reservations/details/HMYJHPH5PQ\nPhone Number (Last 4 Digits): 4048"
    assert meaning_of("Reserved", airbnb).digits == "4048"
    assert meaning_of("Ada", "Phone: +49 151 2345-6789\nGuests: 2").digits == "4915123456789"
    assert meaning_of("Ada", "Nights: 12345678").digits == ""
    assert meaning_of("Ada", "Phone: 12").digits == ""
    assert "4048" not in repr(
        listing_of(
            read_feed(
                ical(("1", "2026-01-01", "2026-01-02", "Reserved", "DESCRIPTION:Phone Number (Last 4 Digits): 4048")),
                zone=BERLIN,
                first=date(2026, 1, 1),
                last=date(2026, 2, 1),
            ),
            Habits(zone=BERLIN),
        )
    )


@given(st.text(max_size=100), st.text(max_size=100), st.text(max_size=50))
def test_whatever_the_words_are_a_name_is_short_and_has_no_digits(summary, description, source):
    meaning = meaning_of(summary, description, source)
    assert len(meaning.name) <= 60
    assert not any(character.isdecimal() for character in meaning.name)
    assert meaning.digits == "" or meaning.digits.isdigit()


def at(text, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


def test_days_begin_at_check_in_and_end_at_check_out_by_the_wall():
    habits = Habits(zone=BERLIN, check_in=15 * 60, check_out=11 * 60)
    event = Event(key="k", start=date(2026, 3, 28), end=date(2026, 3, 30))
    assert span_of(event, habits) == (at("2026-03-28T15:00"), at("2026-03-30T11:00"))
    timed = Event(key="k", start=5.0, end=7.0)
    assert span_of(timed, habits) == (5.0, 7.0)
    midnight = Habits(zone=BERLIN, check_in=0, check_out=1440)
    assert span_of(event, midnight) == (at("2026-03-28T00:00"), at("2026-03-31T00:00"))


def test_an_hour_that_is_shown_twice_or_never_is_the_guests():
    night = Event(key="k", start=date(2026, 10, 25), end=date(2026, 10, 25))
    start, end = span_of(night, Habits(zone=BERLIN, check_in=150, check_out=150))
    assert (start, end) == (at("2026-10-25T02:30"), at("2026-10-25T02:30", fold=1))
    spring = Event(key="k", start=date(2026, 3, 29), end=date(2026, 3, 29))
    start, end = span_of(spring, Habits(zone=BERLIN, check_in=150, check_out=150))
    assert (start, end) == (at("2026-03-29T01:30"), at("2026-03-29T03:30"))
