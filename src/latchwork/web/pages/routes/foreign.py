"""What others put on a lock, reviewed one by one: who made it, and whether it is taken over or cleared.

Layer web. Everybody who may see locks sees it; only an owner changes it, each by its name.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from latchwork.hub.house.entities import CredentialKind
from latchwork.web.api import foreign as api
from latchwork.web.api.foreign import AdoptBody, ClearBody, ForeignOut
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.doors import door_and_lock
from latchwork.web.pages.routes.people import check_name
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem, not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)


def key_of(found: ForeignOut) -> str:
    """Its part of an address: `user-3` or `pin-9`."""
    return f"user-{found.user_index}" if found.user_index is not None else found.credentials[0].replace(" ", "-")


@router.get("/doors/{door_id}/foreign")
@needs(Scope.LOCKS_READ)
async def foreign_page(door_id: Id, request: Request, web: Web) -> Response:
    """All of it."""
    door, lock = door_and_lock(web, door_id)
    observed = web.house.locks.observed(lock.id)
    found = [] if observed is None else (await api.list_foreign(lock.id, web)).data
    lines = [(key_of(each), each) for each in found]
    read_at = None if observed is None else observed.read_at
    return render(request, "door_foreign.html", door=door, lines=lines, read_at=read_at)


async def _find(web: Context, lock_id: str, key: str) -> ForeignOut:
    for each in (await api.list_foreign(lock_id, web)).data:
        if key_of(each) == key:
            return each
    raise not_found("foreign entry")


@router.get("/doors/{door_id}/foreign/{key}")
@needs(Scope.LOCKS_READ)
async def one_page(door_id: Id, key: Id, request: Request, web: Web) -> Response:
    """One of them, with what can be done about it."""
    door, lock = door_and_lock(web, door_id)
    found = await _find(web, lock.id, key)
    with_access = {each.person_id for each in web.house.repository.accesses(door_id=door_id)}
    persons = [each for each in web.house.repository.persons() if each.id in with_access]
    persons.sort(key=lambda each: each.name.casefold())
    return render(request, "door_foreign_one.html", door=door, key=key, found=found, persons=persons)


@router.post("/doors/{door_id}/foreign/{key}/adopt")
@needs(Scope.FOREIGN_WRITE)
async def adopt(door_id: Id, key: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """It is this person's from now on; the form repeats the name that was on the page."""
    _, lock = door_and_lock(web, door_id)
    found = await _find(web, lock.id, key)
    if found.user_index is None:
        raise Problem(422, "not_possible", "This cannot be taken over", "It belongs to no user of the lock.")
    body = checked(AdoptBody, confirm=form.raw("confirm"), person_id=form.text("person_id"))
    await api.adopt_user(lock.id, found.user_index, body, web, who)
    person = web.house.repository.person(body.person_id)
    line = said(request).say("door.foreign.adopted", name=found.confirm, person=person.name)
    return see(request, f"/doors/{door_id}/foreign", line)


@router.post("/doors/{door_id}/foreign/{key}/clear")
@needs(Scope.FOREIGN_WRITE)
async def clear(door_id: Id, key: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """It is taken off the lock, once its name is typed."""
    _, lock = door_and_lock(web, door_id)
    found = await _find(web, lock.id, key)
    check_name(form, found.confirm)
    body = ClearBody(confirm=found.confirm)
    if found.user_index is not None:
        await api.clear_user(lock.id, found.user_index, body, web, who)
    else:
        kind, _, index = found.credentials[0].partition(" ")
        await api.clear_credential(lock.id, CredentialKind(kind), int(index), body, web, who)
    return see(request, f"/doors/{door_id}/foreign", said(request).say("door.foreign.cleared", name=found.confirm))
