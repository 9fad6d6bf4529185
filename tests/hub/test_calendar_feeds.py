"""What calendars say, as platforms and people write them, and what is no calendar."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.calendars import ical, raw

from latchwork.hub.calendars.feeds import MAX_EVENTS, MAX_OCTETS, NoCalendar, read_feed
from latchwork.hub.calendars.staying import Habits, listing_of

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def read(octets, zone=BERLIN, first=date(2026, 1, 1), last=date(2026, 12, 31)):
    return read_feed(octets, zone=zone, first=first, last=last)


def event(*lines):
    return ("BEGIN:VEVENT", *lines, "END:VEVENT")


def starts(feed):
    return sorted(each.start for each in feed.events.values())


def at(text, zone=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def test_whole_days_are_days_and_the_last_one_is_the_day_of_leaving():
    feed = read(ical(("one", "2026-03-28", "2026-03-30", "Reserved")))
    (only,) = feed.events.values()
    assert (only.start, only.end, only.summary) == (date(2026, 3, 28), date(2026, 3, 30), "Reserved")
    assert feed.source.startswith("-//Airbnb")


def test_a_day_without_an_end_and_one_that_ends_where_it_begins_are_one_night():
    feed = read(
        raw(
            *event("UID:1", "DTSTART;VALUE=DATE:20260501"),
            *event("UID:2", "DTSTART;VALUE=DATE:20260601", "DTEND;VALUE=DATE:20260601"),
        )
    )
    assert {each.end for each in feed.events.values()} == {date(2026, 5, 2), date(2026, 6, 2)}


def test_times_are_as_their_zone_says_and_the_calendars_own_where_they_name_none():
    lines = event("UID:1", "DTSTART:20260501T100000", "DTEND:20260501T120000")
    assert starts(read(raw(*lines))) == [at("2026-05-01T10:00")]
    assert starts(read(raw("X-WR-TIMEZONE:America/New_York", *lines))) == [at("2026-05-01T10:00", NEW_YORK)]
    assert starts(read(raw(*event("UID:1", "DTSTART:20260501T100000Z")))) == [at("2026-05-01T10:00", ZoneInfo("UTC"))]
    # Outlook has names of its own.
    windows = event("UID:1", "DTSTART;TZID=W. Europe Standard Time:20260501T100000")
    assert starts(read(raw(*windows))) == [at("2026-05-01T10:00")]


def test_a_zone_that_is_not_known_is_not_guessed_at():
    feed = read(
        raw(*event("UID:1", "DTSTART;TZID=Mars/Base:20260501T100000"), *event("UID:2", "DTSTART;VALUE=DATE:20260501"))
    )
    assert feed.unread == 1
    assert starts(feed) == [date(2026, 5, 1)]
    assert not listing_of(feed, Habits(zone=BERLIN)).is_whole


def test_what_lasts_over_the_change_of_the_clocks_ends_when_it_says():
    feed = read(
        raw(*event("UID:1", "DTSTART;TZID=Europe/Berlin:20260328T150000", "DTEND;TZID=Europe/Berlin:20260330T110000"))
    )
    (only,) = feed.events.values()
    assert only.end == at("2026-03-30T11:00")
    assert only.end - only.start == 43 * 3600
    for duration, end in (("P2D", "2026-03-30T15:00"), ("PT3H", "2026-03-28T18:00")):
        feed = read(raw(*event("UID:1", "DTSTART;TZID=Europe/Berlin:20260328T150000", f"DURATION:{duration}")))
        assert [each.end for each in feed.events.values()] == [at(end)]


def test_a_recurring_event_occurs_within_the_horizon_by_the_wall():
    weekly = event(
        "UID:cleaner",
        "DTSTART;TZID=Europe/Berlin:20200102T090000",
        "DTEND;TZID=Europe/Berlin:20200102T110000",
        "RRULE:FREQ=WEEKLY;BYDAY=TH",
        "EXDATE;TZID=Europe/Berlin:20260326T090000",
    )
    feed = read(raw(*weekly), first=date(2026, 3, 18), last=date(2026, 4, 3))
    assert starts(feed) == [at("2026-03-19T09:00"), at("2026-04-02T09:00")]
    again = read(raw(*weekly), first=date(2026, 3, 25), last=date(2026, 4, 10))
    assert set(feed.events) & set(again.events), "an occurrence has the same key in every reading"


def test_until_counts_the_last_one_in_whichever_way_it_is_written():
    for until in ("20260115T080000Z", "20260115", "20260115T090000"):
        lines = event("UID:1", "DTSTART;TZID=Europe/Berlin:20260101T090000", f"RRULE:FREQ=WEEKLY;UNTIL={until}")
        assert len(read(raw(*lines)).events) == 3, until
    lines = event(
        "UID:1", "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;UNTIL=20260103", "RDATE;VALUE=DATE:20260201"
    )
    assert starts(read(raw(*lines))) == [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3), date(2026, 2, 1)]


def test_one_occurrence_that_is_moved_or_cancelled_stands_for_itself():
    feed = read(
        raw(
            *event("UID:1", "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:A"),
            *event("UID:1", "RECURRENCE-ID;VALUE=DATE:20260102", "DTSTART;VALUE=DATE:20260110", "SUMMARY:moved"),
            *event("UID:1", "RECURRENCE-ID;VALUE=DATE:20260103", "DTSTART;VALUE=DATE:20260103", "STATUS:CANCELLED"),
        )
    )
    assert {(each.start, each.summary, each.is_cancelled) for each in feed.events.values()} == {
        (date(2026, 1, 1), "A", False),
        (date(2026, 1, 10), "moved", False),
        (date(2026, 1, 3), "", True),
    }
    unmoved = read(raw(*event("UID:1", "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;COUNT=3")))
    assert set(unmoved.events) == set(feed.events), "a moved one keeps its key"


def test_of_two_editions_the_later_one_counts():
    feed = read(
        raw(
            *event("UID:1", "DTSTART;VALUE=DATE:20260105", "SEQUENCE:2"),
            *event("UID:1", "DTSTART;VALUE=DATE:20260101", "SEQUENCE:1"),
        )
    )
    assert starts(feed) == [date(2026, 1, 5)]


def test_events_without_a_name_of_their_own_are_not_mixed_up():
    feed = read(raw(*event("DTSTART;VALUE=DATE:20260105"), *event("DTSTART;VALUE=DATE:20260107")))
    assert len(feed.events) == 2


def test_what_cannot_be_read_is_counted_and_the_rest_is_read():
    broken = (
        event("UID:1", "DTSTART:garbage"),
        event("UID:2", "SUMMARY:no start"),
        event("UID:3", "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=SECONDLY"),
        event("UID:4", "DTSTART;VALUE=DATE:20260101", "DTEND:20260102T100000Z"),
        event("UID:5", "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=YEARLY;BYWEEKNO=3"),
        event("UID:6", "DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
        event("UID:7", "DTSTART;VALUE=DATE:99990101"),
    )
    feed = read(raw(*(line for lines in broken for line in lines), *event("UID:8", "DTSTART;VALUE=DATE:20260101")))
    assert feed.unread == len(broken)
    assert len(feed.events) == 1


def test_what_is_no_calendar_is_refused_in_words_that_quote_nothing():
    whole = ical(("one", "2026-03-28", "2026-03-30", "Reserved"))
    for octets in (
        b"",
        b"<html>secret</html>",
        b"\xff\xfe",
        whole[:-20],
        b"BEGIN:VEVENT\r\nEND:VCALENDAR",
        whole + whole,
    ):
        with pytest.raises(NoCalendar) as caught:
            read(octets)
        assert "secret" not in str(caught.value)
        assert "Reserved" not in str(caught.value)


def test_there_are_bounds():
    with pytest.raises(NoCalendar, match="2 MiB"):
        read(b"BEGIN:VCALENDAR" + b" " * MAX_OCTETS)
    with pytest.raises(NoCalendar, match="more than"):
        read(
            raw(
                *(
                    line
                    for number in range(MAX_EVENTS + 1)
                    for line in event(f"UID:{number}", "DTSTART;VALUE=DATE:20260101")
                )
            )
        )
    many = [
        line
        for number in range(20)
        for line in event(f"UID:{number}", "DTSTART;VALUE=DATE:20250101", "RRULE:FREQ=DAILY")
    ]
    with pytest.raises(NoCalendar, match="occur more than"):
        read(raw(*many))


LINES = st.sampled_from(
    [
        *(
            "UID:1",
            "UID:2",
            "UID:",
            "DTSTART;VALUE=DATE:20260101",
            "DTSTART:20260101T100000Z",
            "DTSTART;TZID=X:20260101T100000",
        ),
        *(
            "DTEND;VALUE=DATE:20260103",
            "DTEND:x",
            "DURATION:P1D",
            "DURATION:-P1D",
            "RRULE:FREQ=WEEKLY;COUNT=3",
            "RRULE:FREQ=DAILY;BYDAY=9XX",
        ),
        *(
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=40",
            "EXDATE:20260101",
            "RDATE;VALUE=PERIOD:20260111T100000Z/PT1H",
            "RECURRENCE-ID:x",
        ),
        *(
            "SEQUENCE:x",
            "STATUS:CANCELLED",
            "SUMMARY:Ada",
            "BEGIN:VALARM",
            "END:VALARM",
            "BEGIN:VEVENT",
            "END:VEVENT",
            ":",
            "X;Y=Z:1",
        ),
    ]
)


@given(st.lists(LINES | st.text(max_size=20), max_size=30))
def test_whatever_comes_is_read_or_refused(lines):
    octets = raw(*event(*lines)).replace(b"\x00", b"")
    try:
        feed = read(octets)
    except NoCalendar:
        return
    listing_of(feed, Habits(zone=BERLIN))


@given(st.binary(max_size=200))
def test_so_are_any_octets(octets):
    for each in (octets, b"BEGIN:VCALENDAR\r\n" + octets + b"\r\nEND:VCALENDAR"):
        try:
            read(each)
        except NoCalendar:
            continue
