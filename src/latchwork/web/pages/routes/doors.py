"""A door's page: its control, who may open it, what its lock says of itself, and what can be done about it.

Layer web.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from latchwork.hub.house.entities import Door, Lock
from latchwork.hub.journal.query import Filter
from latchwork.web import accounts
from latchwork.web.api import doors as doors_api
from latchwork.web.api import foreign as foreign_api
from latchwork.web.api import locks as locks_api
from latchwork.web.api.doors import DoorChange
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages import door_facts
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import render, said, words_for
from latchwork.web.pages.routes.home import card_of
from latchwork.web.pages.routes.people import check_name
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.telling import Told, told
from latchwork.web.pages.texts import Texts
from latchwork.web.pages.validating import checked
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import needs
from latchwork.web.visibility import visible_door

router = APIRouter(route_class=PageRoute)
RECENT: Final = 5


def door_and_lock(web: Context, door_id: str) -> tuple[Door, Lock]:
    """A door that has a lock.

    Raises:
        NotFound: there is no such door.
        Problem: 409, there is no lock on it.
    """
    door = web.house.repository.door(door_id)
    if door.lock_id is None:
        raise Problem(409, "door_has_no_lock", "There is no lock on this door", "Add one first.")
    return door, web.house.repository.lock(door.lock_id)


@router.get("/doors/{door_id}")
@needs(Scope.DOORS_READ)
async def door_page(door_id: Id, request: Request, web: Web, who: Who, days: int = 30) -> Response:
    """Everything about a door; a guest sees its control."""
    door = visible_door(web.house.repository, who, door_id)
    texts, words = said(request), words_for(request)
    values: dict[str, Any] = {
        "card": card_of(web, door),
        "door": door,
        "lock": None,
        "holders": door_facts.holders(web, door, texts, words) if who.may(Scope.PEOPLE_READ) else [],
        "recent": await _recent(web, who, door, texts),
        "days": days if days in door_facts.SPANS else 30,
        "spans": door_facts.SPANS,
    }
    if door.lock_id is not None and who.may(Scope.LOCKS_READ):
        lock = web.house.repository.lock(door.lock_id)
        status = web.house.locks.status(lock.id)
        span = values["days"]
        values |= {
            "lock": lock,
            "model": door_facts.model_of(lock),
            "others": [name for index, name in sorted((status.fabrics or {}).items()) if index != lock.fabric_index],
            "names": {each.id: each.name for each in web.house.repository.persons()},
            "rooms": door_facts.rooms(web, lock),
            "trends": [
                door_facts.battery_trend(web, lock, status, span, texts, words),
                door_facts.link_trend(web, lock, span, texts, words),
            ],
            "troubles": web.house.repository.troubles(lock.id),
            "sync": await locks_api.read_sync(lock.id, web),
            "foreign": _foreign_count(web, lock),
        }
    return render(request, "door.html", **values)


async def _recent(web: Context, who: Principal, door: Door, texts: Texts) -> Sequence[Told]:
    if not who.may(Scope.JOURNAL_READ):
        return []
    page = await web.house.journal.page(Filter(door_id=door.id), limit=RECENT)
    names = {f"account:{each.id}": each.name for each in web.database.read(accounts.list_accounts)}
    return [told(each, texts, names) for each in page.entries]


def _foreign_count(web: Context, lock: Lock) -> int | None:
    """How many there are that are not ours; None before the lock was read."""
    observed = web.house.locks.observed(lock.id)
    if observed is None:
        return None
    return len(foreign_api.foreign_on(observed, web.house.repository.placed(lock.id), {}, lock.fabric_index))


@router.post("/doors/{door_id}/look")
@needs(Scope.LOCKS_WRITE)
async def look_again(door_id: Id, request: Request, web: Web) -> Response:
    """Now, instead of when it is due."""
    _, lock = door_and_lock(web, door_id)
    await locks_api.start_sync(lock.id, web)
    return see(request, f"/doors/{door_id}", said(request).say("door.looking"))


@router.get("/doors/{door_id}/edit")
@needs(Scope.DOORS_WRITE)
async def edit_page(door_id: Id, request: Request, web: Web) -> Response:
    """Its name and its place in lists; what removes or replaces things is one step further."""
    door, doors = web.house.repository.door(door_id), web.house.repository.doors()
    place = next(number for number, each in enumerate(doors, 1) if each.id == door.id)
    return render(request, "door_edit.html", door=door, place=place, doors=doors)


@router.post("/doors/{door_id}/edit")
@needs(Scope.DOORS_WRITE)
async def edit(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Keep name and place; whoever is behind moves by one."""
    repository = web.house.repository
    body = checked(DoorChange, name=form.text("name"))
    others = [each for each in repository.doors() if each.id != door_id]
    place = form.whole("place", len(others) + 1) or 1
    if not 1 <= place <= len(others) + 1:
        raise invalid("/place", "There is no such place in the list.")
    door = repository.door(door_id)
    if body.name != door.name:
        await doors_api.change_door(door_id, Response(), body, web, who, form.text("etag") or None)
    order = [*others[: place - 1], door, *others[place - 1 :]]
    if [each.id for each in order] != [each.id for each in repository.doors()]:
        for number, each in enumerate(order):
            if each.position != number:
                await doors_api.change_door(each.id, Response(), DoorChange(position=number), web, who)
    return see(request, f"/doors/{door_id}", said(request).say("door.saved"))


@router.post("/doors/{door_id}/delete")
@needs(Scope.DOORS_WRITE)
async def delete(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """A door without a lock goes, once its name is typed."""
    door = web.house.repository.door(door_id)
    check_name(form, door.name)
    await doors_api.delete_door(door_id, web, who)
    return see(request, "/", said(request).say("door.deleted", door=door.name))
