"""Facts in words: times as people say them, how a lock stands, how long something takes.

Layer web, pure.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from latchwork.web.pages.texts import Texts

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0


class Words:
    """Says facts of one site at one instant.

    Args:
        texts: the words.
        zone: IANA name of the site's time zone.
        now: UTC seconds since 1970.
    """

    __slots__ = ("_now", "_texts", "_zone")

    def __init__(self, texts: Texts, zone: str, now: float) -> None:
        self._texts = texts
        self._zone = ZoneInfo(zone)
        self._now = now

    def local(self, at: float) -> datetime:
        """An instant in the site's zone."""
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone)

    def clock(self, at: float) -> str:
        """Hours and minutes."""
        return f"{self.local(at):%H:%M}"

    def day(self, at: float) -> str:
        """`Today`, `Yesterday`, `Tomorrow`, a weekday of these days, or a date."""
        day, today = self.local(at).date(), self.local(self._now).date()
        names = {0: "today", -1: "yesterday", 1: "tomorrow"}
        distance = (day - today).days
        if distance in names:
            return self._texts.say(f"time.{names[distance]}")
        weekday = self._texts.say(f"time.weekday.{day.weekday()}")
        month = self._texts.say(f"time.month.{day.month}")
        if abs(distance) < 7:
            return weekday
        text = "time.date" if day.year == today.year else "time.date_with_year"
        return self._texts.say(text, weekday=weekday[:3], day=day.day, month=month, year=day.year)

    def exact(self, at: float) -> str:
        """For machines: RFC 3339 in UTC."""
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def when(self, at: float | None) -> Markup:
        """Day and time, as an element that machines can read, too."""
        if at is None:
            return Markup("<span>{}</span>").format(self._texts.say("time.never"))
        exact = self.exact(at)
        text = self._texts.say("time.day_and_clock", day=self.day(at), clock=self.clock(at))
        return Markup('<time datetime="{}">{}</time>').format(exact, text)

    def ago(self, at: float | None) -> Markup:
        """How long ago, kept true by the page itself."""
        if at is None:
            return Markup("<span>{}</span>").format(self._texts.say("time.never"))
        exact = self.exact(at)
        seconds = max(0.0, self._now - at)
        if seconds < _MINUTE:
            text = self._texts.say("time.just_now")
        elif seconds < _HOUR:
            text = self._texts.say("time.minutes_ago", count=int(seconds // _MINUTE))
        elif seconds < _DAY:
            text = self._texts.say("time.hours_ago", count=int(seconds // _HOUR))
        else:
            text = self._texts.say("time.day_and_clock", day=self.day(at), clock=self.clock(at))
        return Markup('<time data-ago datetime="{}">{}</time>').format(exact, text)

    def lasting(self, seconds: float) -> str:
        """A length of time in its two largest units."""
        minutes = max(1, round(seconds / _MINUTE))
        days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
        parts = [
            self._texts.say(f"time.{name}", count=count)
            for name, count in (("days", days), ("hours", hours), ("minutes", rest))
            if count
        ]
        return self._texts.say("time.and", one=parts[0], other=parts[1]) if len(parts) > 1 else parts[0]

    def field(self, at: float) -> str:
        """For `<input type=datetime-local>`."""
        return f"{self.local(at):%Y-%m-%dT%H:%M}"

    def instant(self, typed: str) -> float:
        """What `<input type=datetime-local>` sent, in UTC seconds since 1970; a time that a clock change left out is the one after it.

        Raises:
            ValueError: it is no time.
        """
        local = datetime.fromisoformat(typed)
        if local.tzinfo is not None or not 2000 <= local.year <= 2199:
            raise ValueError("no local time of these days")
        return local.replace(tzinfo=self._zone).astimezone(UTC).timestamp()

    def minute_of_day(self, minute: int) -> str:
        """Minutes since midnight, as a clock shows them."""
        shown = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
        return "24:00" if minute == 1440 else f"{shown:%H:%M}"

    def initials(self, name: str) -> str:
        """At most two letters that stand for somebody."""
        parts = [part for part in name.split() if part[0].isalnum()] or ["?"]
        letters = parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")
        return letters.upper()

    def hue(self, identity: str) -> int:
        """One of eight colours, always the same for the same id."""
        return sum(map(ord, identity)) % 8
