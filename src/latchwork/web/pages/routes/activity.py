"""What happened: who, how and through which ecosystem, day by day.

Layer web.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.journal.query import Filter
from latchwork.web import accounts
from latchwork.web.context import Web
from latchwork.web.pages.charts import day_strip
from latchwork.web.pages.rendering import render, said, words_for
from latchwork.web.pages.routing import PageRoute
from latchwork.web.pages.telling import ATTENTION, GROUPS, Told, told
from latchwork.web.pages.texts import Texts
from latchwork.web.pages.words import Words
from latchwork.web.problems import Problem, invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
LIMIT: Final = 50
MAX_MARKS: Final = 1000
_FIRST_YEAR, _LAST_YEAR = 1970, 9999


@router.get("/activity")
@needs(Scope.JOURNAL_READ)
async def activity_page(
    request: Request,
    web: Web,
    show: str = "passages",
    door: str = "",
    person: str = "",
    search: str = "",
    day: str = "",
    cursor: str = "",
) -> Response:
    """Newest first, by day, with a strip of the day that is looked at."""
    if show not in GROUPS:
        raise invalid("/show", "There is no such choice.")
    words, texts = words_for(request), said(request)
    start, end = _day(day, words, web.clock.utc())
    wanted = Filter(
        door_id=door[:100] or None,
        person_id=person[:100] or None,
        kinds=GROUPS[show],
        text=search[:100],
        start=start if day else None,
        end=end if day else None,
    )
    page = await web.house.journal.page(wanted, cursor=cursor or None, limit=LIMIT)
    names = {f"account:{each.id}": each.name for each in web.database.read(accounts.list_accounts)}
    lines = [told(each, texts, names) for each in page.entries]
    marks = await web.house.journal.page(
        Filter(
            door_id=wanted.door_id,
            person_id=wanted.person_id,
            kinds=GROUPS["passages"],
            start=start,
            end=end,
        ),
        limit=MAX_MARKS,
    )
    chosen = {"show": show, "door": door, "person": person, "search": search, "day": day}
    return render(
        request,
        "activity.html",
        days=_by_day(lines, words),
        strip=_strip(marks.entries, start, end, texts, words),
        strip_day=words.day(start),
        before=_date(start - 43_200, words),
        after=_date(end + 43_200, words) if end <= web.clock.utc() else "",
        chosen=chosen,
        groups=list(GROUPS),
        doors=web.house.repository.doors(),
        persons=sorted(web.house.repository.persons(with_left=True), key=lambda each: each.name.casefold()),
        cursor=page.cursor,
        is_filtered=any(chosen[each] for each in ("door", "person", "search", "day")),
    )


def _happened(entry: Entry) -> float:
    return entry.at if entry.lock_at is None else entry.lock_at


def _by_day(lines: Sequence[Told], words: Words) -> list[tuple[str, list[Told]]]:
    days: list[tuple[str, list[Told]]] = []
    for line in lines:
        name = words.day(_happened(line.entry))
        if not days or days[-1][0] != name:
            days.append((name, []))
        days[-1][1].append(line)
    return days


def _day(day: str, words: Words, now: float) -> tuple[float, float]:
    """A local day's first instant and that of the next; a day has 23, 24 or 25 hours."""
    try:
        date = datetime.fromisoformat(day).date() if day else words.local(now).date()
    except ValueError:
        raise _no_day() from None
    if not _FIRST_YEAR < date.year < _LAST_YEAR:
        raise _no_day()
    zone = words.local(now).tzinfo
    start = datetime.combine(date, time(0), zone).timestamp()
    return start, datetime.combine(date + timedelta(days=1), time(0), zone).timestamp()


def _no_day() -> Problem:
    return invalid("/day", "This is a date such as 2027-05-01.")


def _date(at: float, words: Words) -> str:
    return words.local(at).date().isoformat()


def _strip(entries: Sequence[Entry], start: float, end: float, texts: Texts, words: Words) -> Markup:
    kinds = {Kind.OPENED: "open", Kind.UNLATCHED: "open", Kind.LOCKED: "locked"}
    marks = [
        (
            (_happened(each) - start) / (end - start),
            "bad" if each.kind in ATTENTION else kinds.get(each.kind, "other"),
        )
        for each in reversed(entries)
    ]
    bad = sum(kind == "bad" for _, kind in marks)
    opened = sum(kind == "open" for _, kind in marks)
    label = texts.say("activity.strip", day=words.day(start), opened=opened, bad=bad)
    return day_strip(marks, label)
