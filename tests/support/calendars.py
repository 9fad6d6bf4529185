"""Calendars as platforms write them, and a server that gives them out without a network."""

from latchwork.hub.calendars.fetching import Fetched, NotFetched

AIRBNB = "-//Airbnb Inc//Hosting Calendar 1.0//EN"


def ical(*events, source=AIRBNB, head=""):
    """A calendar of whole days: (uid, first day, day of leaving, summary, further lines…)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{source}", *([head] if head else [])]
    for uid, start, end, summary, *more in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTART;VALUE=DATE:{start.replace('-', '')}",
            f"DTEND;VALUE=DATE:{end.replace('-', '')}",
            f"SUMMARY:{summary}",
            *more,
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def raw(*lines, source=AIRBNB):
    """A calendar of these lines."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{source}"]
    return "\r\n".join([*head, *lines, "END:VCALENDAR", ""]).encode()


class FakeFetcher:
    """Gives out `octets`, or fails with `trouble`."""

    def __init__(self, octets=b""):
        self.octets = octets
        self.trouble = ""
        self.asked = []

    async def fetch(self, url, *, etag, last_modified, is_local):
        self.asked.append((url, etag))
        if self.trouble:
            raise NotFetched(self.trouble)
        tag = f'"{hash(self.octets)}"'
        return Fetched(octets=None if tag == etag else self.octets, etag=tag)


async def at_once(function, *arguments):
    """In place of a thread: virtual time waits for none."""
    return function(*arguments)
