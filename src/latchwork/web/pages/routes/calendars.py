"""Calendars of bookings: which door they are for, how reading them goes, and the stays that they made.

Layer web.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from latchwork.base.errors import LatchworkError
from latchwork.hub.calendars.rows import Calendar
from latchwork.web.api import calendars as api
from latchwork.web.api.calendars import CalendarChange, NewCalendar
from latchwork.web.api.shapes import Id
from latchwork.web.api.walls import to_wall
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.people import check_name
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem, problem_of
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
PLACE = "/settings/calendars"
FLAGS = ("digits_from_phone", "closed_is_stay")


@router.get(PLACE)
@needs(Scope.PEOPLE_WRITE)
async def calendars_page(request: Request, web: Web) -> Response:
    """Door by door."""
    doors = [
        (door, [api.calendar_out(web, each) for each in web.house.calendars.calendars(door.id)])
        for door in web.house.repository.doors()
    ]
    return render(request, "settings_calendars.html", doors=doors)


@router.get("/settings/calendars/add")
@needs(Scope.PEOPLE_WRITE)
async def add_page(request: Request, web: Web, door: str = "") -> Response:
    """For which door, and its secret address."""
    return _add_page(request, web, door, None, None)


def _add_page(request: Request, web: Context, door: str, form: Fields | None, problem: Problem | None) -> Response:
    typed: dict[str, Any] = {"name": "", "check_in": "15:00", "check_out": "11:00", "door_id": door, "is_local": False}
    typed |= {"digits_from_phone": False, "closed_is_stay": True}
    if form is not None:
        typed |= {name: form.text(name) for name in ("name", "check_in", "check_out", "door_id")}
        typed |= {name: form.flag(name) for name in (*FLAGS, "is_local")}
    status, doors = problem.status if problem else 200, web.house.repository.doors()
    return render(request, "settings_calendar_add.html", status=status, problem=problem, typed=typed, doors=doors)


@router.post("/settings/calendars/add")
@needs(Scope.PEOPLE_WRITE)
async def add(request: Request, form: Form, web: Web, who: Who) -> Response:
    """It is read at once."""
    try:
        body = checked(NewCalendar, url=form.text("url"), **_settings(form))
        added = await api.add_calendar(form.text("door_id")[:100], Response(), body, web, who)
        await web.house.calendars.refresh(added.id)
    except (Problem, LatchworkError) as error:
        return _add_page(request, web, form.text("door_id"), form, problem_of(error))
    return see(request, f"{PLACE}/{added.id}")


def _settings(form: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {name: form.text(name) for name in ("name", "check_in", "check_out")}
    return values | {name: form.flag(name) for name in (*FLAGS, "is_local")}


@router.get("/settings/calendars/{calendar_id}")
@needs(Scope.PEOPLE_WRITE)
async def calendar_page(calendar_id: Id, request: Request, web: Web) -> Response:
    """How reading goes, the stays, and what can be changed."""
    return _calendar_page(request, web, web.house.calendars.calendar(calendar_id), None)


def _calendar_page(request: Request, web: Context, calendar: Calendar, problem: Problem | None) -> Response:
    return render(
        request,
        "settings_calendar.html",
        status=problem.status if problem else 200,
        problem=problem,
        calendar=calendar,
        told=api.calendar_out(web, calendar),
        check_in=to_wall(calendar.check_in),
        check_out=to_wall(calendar.check_out),
        door=web.house.repository.door(calendar.door_id),
        stays=[api.stay_out(each) for each in web.house.calendars.stays(calendar.id)],
    )


@router.post("/settings/calendars/{calendar_id}")
@needs(Scope.PEOPLE_WRITE)
async def change(calendar_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Another name, other times, another address; stays that are known follow."""
    values = _settings(form) | {"is_enabled": form.flag("is_enabled")}
    if form.text("url"):
        values["url"] = form.text("url")
    try:
        body = checked(CalendarChange, **values)
        await api.change_calendar(calendar_id, Response(), body, web, who, form.text("etag") or None)
    except (Problem, LatchworkError) as error:
        return _calendar_page(request, web, web.house.calendars.calendar(calendar_id), problem_of(error))
    return see(request, f"{PLACE}/{calendar_id}", said(request).say("calendar.saved"))


@router.post("/settings/calendars/{calendar_id}/refresh")
@needs(Scope.PEOPLE_WRITE)
async def refresh(calendar_id: Id, request: Request, web: Web) -> Response:
    """Read it now; what came of it is on the page."""
    found = await web.house.calendars.refresh(calendar_id)
    line = "calendar.not_read" if found.last_error else "calendar.read"
    return see(request, f"{PLACE}/{calendar_id}", said(request).say(line), is_bad=bool(found.last_error))


@router.post("/settings/calendars/{calendar_id}/remove")
@needs(Scope.PEOPLE_WRITE)
async def remove(calendar_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Guests who have not come yet are taken away with it."""
    check_name(form, web.house.calendars.calendar(calendar_id).name)
    await api.remove_calendar(calendar_id, web, who)
    return see(request, PLACE, said(request).say("calendar.removed"))
