"""Calendars of doors: whose stays become accesses. An address goes in and never comes out.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field, StringConstraints

from latchwork.hub.calendars.rows import Calendar, KeptStay
from latchwork.web.api.shapes import Body, Id, ListOf, Name, WallTime
from latchwork.web.api.walls import from_wall, to_wall
from latchwork.web.context import Context, Web, Who
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time, check_match, etag

router = APIRouter(prefix="/api/v1", tags=["calendars"], route_class=GuardedRoute)
IfMatch = Annotated[str | None, Header(description="The ETag that was read.")]
Address = Annotated[
    str,
    StringConstraints(min_length=8, max_length=2000),
    Field(
        description="The secret iCal address (https:// or webcal://). It is kept sealed and never answered.",
        json_schema_extra={"writeOnly": True},
    ),
]


class CalendarOut(BaseModel):
    """A calendar of a door, with how reading it goes."""

    id: str
    door_id: str
    name: str
    host: Annotated[str, Field(description="Of its address: all of it that is ever shown.")]
    check_in: WallTime
    check_out: WallTime
    digits_from_phone: bool
    closed_is_stay: bool
    is_local: bool
    is_enabled: bool
    checked_at: Time | None
    read_at: Annotated[Time | None, Field(description="When it last came whole.")]
    next_at: Time | None
    last_error: Annotated[str, Field(description="Why it could not be read, or empty.")]
    warning: Annotated[str, Field(description="What of it is doubted, or empty.")]
    stays: Annotated[int, Field(description="How many stand.")]
    created_at: Time
    version: int


class StayOut(BaseModel):
    """A stay with what was made of it."""

    name: Annotated[str, Field(description="Who, or empty: the calendar does not say.")]
    start: Time
    end: Time
    state: Annotated[str, Field(description="stands, withdrawn by people, or over.")]
    missing_since: Annotated[Time | None, Field(description="Since when the calendar does not have it any more.")]
    person_id: str
    access_id: str
    credential_id: str


class NewCalendar(Body):
    """A calendar to be read. Only who may change accounts can allow addresses inside the home's network."""

    url: Address
    name: Name
    check_in: WallTime = "15:00"
    check_out: WallTime = "11:00"
    digits_from_phone: Annotated[
        bool, Field(description="Codes are the last digits of the guest's telephone, where the lock takes so few.")
    ] = False
    closed_is_stay: Annotated[
        bool, Field(description="What Booking.com calls closed is a stay: it says so of bookings too.")
    ] = True
    is_local: bool = False


class CalendarChange(Body):
    """What becomes another; what is left out stays. Stays that are known are moved to new times."""

    url: Address | None = None
    name: Name | None = None
    check_in: WallTime | None = None
    check_out: WallTime | None = None
    digits_from_phone: bool | None = None
    closed_is_stay: bool | None = None
    is_local: bool | None = None
    is_enabled: bool | None = None


def calendar_out(web: Context, calendar: Calendar) -> CalendarOut:
    """The calendar without its address."""
    stays = web.house.calendars.stays(calendar.id)
    return CalendarOut(
        id=calendar.id,
        door_id=calendar.door_id,
        name=calendar.name,
        host=calendar.host,
        check_in=to_wall(calendar.check_in),
        check_out=to_wall(calendar.check_out),
        digits_from_phone=calendar.digits_from_phone,
        closed_is_stay=calendar.closed_is_stay,
        is_local=calendar.is_local,
        is_enabled=calendar.is_enabled,
        checked_at=calendar.checked_at,
        read_at=calendar.read_at,
        next_at=calendar.next_at if calendar.is_enabled and calendar.next_at else None,
        last_error=calendar.last_error,
        warning=calendar.warning,
        stays=sum(1 for each in stays if each.known.state == "stands"),
        created_at=calendar.created_at,
        version=calendar.version,
    )


def stay_out(stay: KeptStay) -> StayOut:
    """The stay to be answered."""
    return StayOut(
        name=stay.known.name,
        start=stay.known.start,
        end=stay.known.end,
        state=stay.known.state.value,
        missing_since=stay.known.missing_since,
        person_id=stay.person_id,
        access_id=stay.access_id,
        credential_id=stay.credential_id,
    )


@router.get("/doors/{door_id}/calendars", summary="Calendars of a door")
@needs(Scope.PEOPLE_READ)
async def list_calendars(door_id: Id, web: Web) -> ListOf[CalendarOut]:
    """Oldest first."""
    return ListOf(data=[calendar_out(web, each) for each in web.house.calendars.calendars(door_id)])


@router.post("/doors/{door_id}/calendars", status_code=201, summary="Read a calendar for a door")
@needs(Scope.PEOPLE_WRITE)
async def add_calendar(door_id: Id, response: Response, body: NewCalendar, web: Web, who: Who) -> CalendarOut:
    """Its stays become accesses within a minute, and from then on within half an hour of each change."""
    if body.is_local:
        who.check(Scope.ACCOUNTS_WRITE)
    calendar = Calendar(id="", door_id=door_id, **_settings(body))
    kept = await web.house.calendars.add(calendar, body.url, actor=who.actor)
    response.headers["etag"] = etag(kept.version)
    return calendar_out(web, kept)


@router.patch("/calendars/{calendar_id}", summary="Change a calendar")
@needs(Scope.PEOPLE_WRITE)
async def change_calendar(
    calendar_id: Id, response: Response, body: CalendarChange, web: Web, who: Who, if_match: IfMatch = None
) -> CalendarOut:
    """It is read anew at once."""
    before = web.house.calendars.calendar(calendar_id)
    check_match(if_match, before.version)
    changed = replace(before, **_settings(body))
    if changed.is_local and (not before.is_local or body.url is not None):
        who.check(Scope.ACCOUNTS_WRITE)
    kept = await web.house.calendars.change(changed, body.url, actor=who.actor)
    response.headers["etag"] = etag(kept.version)
    return calendar_out(web, kept)


@router.delete("/calendars/{calendar_id}", status_code=204, summary="Remove a calendar")
@needs(Scope.PEOPLE_WRITE)
async def remove_calendar(calendar_id: Id, web: Web, who: Who) -> None:
    """Guests who have not come yet are taken away; who is there stays until the end of the stay."""
    await web.house.calendars.remove(calendar_id, actor=who.actor)


@router.post("/calendars/{calendar_id}/refresh", summary="Read a calendar now")
@needs(Scope.PEOPLE_WRITE)
async def refresh_calendar(calendar_id: Id, web: Web) -> CalendarOut:
    """Answers when it was read, or could not be: `last_error` says why."""
    return calendar_out(web, await web.house.calendars.refresh(calendar_id))


@router.get("/calendars/{calendar_id}/stays", summary="Stays of a calendar")
@needs(Scope.PEOPLE_READ)
async def list_stays(calendar_id: Id, web: Web) -> ListOf[StayOut]:
    """By arrival, those of the last thirty days among them."""
    return ListOf(data=[stay_out(each) for each in web.house.calendars.stays(calendar_id)])


def _settings(body: NewCalendar | CalendarChange) -> dict[str, Any]:
    settings = body.model_dump(exclude_none=True, exclude={"url"})
    return settings | {name: from_wall(settings[name]) for name in ("check_in", "check_out") if name in settings}
