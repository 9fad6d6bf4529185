"""A finger, a card or a face is taken at the door, while the page shows what to do and what the lock told.

Layer web.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from latchwork.hub.house.entities import CredentialKind, Door
from latchwork.web.api import enrolments as api
from latchwork.web.api.enrolments import NewEnrolment
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
_KINDS: Final = {
    "fingerprint": CredentialKind.FINGERPRINT,
    "card": CredentialKind.RFID,
    "face": CredentialKind.FACE,
}


def places_for(web: Context, person_id: str) -> list[tuple[Door, list[str]]]:
    """Doors that the person has access to, with what their locks can take."""
    named = {door_id for access in web.house.repository.accesses(person_id=person_id) for door_id in access.door_ids}
    found = []
    for door in web.house.repository.doors():
        can = web.house.locks.capabilities(door.lock_id) if door.lock_id and door.id in named else None
        kinds = [] if can is None else [word for word, kind in _KINDS.items() if kind in can.kinds]
        if kinds:
            found.append((door, kinds))
    return found


@router.get("/people/{person_id}/enrol")
@needs(Scope.PEOPLE_WRITE)
async def enrol_page(person_id: Id, request: Request, web: Web) -> Response:
    """What, and at which door."""
    person = web.house.repository.person(person_id)
    return render(request, "enrol.html", person=person, places=places_for(web, person_id))


@router.post("/people/{person_id}/enrol")
@needs(Scope.PEOPLE_WRITE)
async def begin(person_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Begin; the page that follows says what to do at the door."""
    kind, _, lock_id = form.text("what").partition("@")
    body = checked(NewEnrolment, lock_id=lock_id, kind=kind)
    begun = await api.start_enrolment(person_id, Response(), body, web, who)
    return see(request, f"/enrolments/{begun.id}")


@router.get("/enrolments/{enrolment_id}")
@needs(Scope.PEOPLE_READ)
async def enrolment_page(enrolment_id: Id, request: Request, web: Web) -> Response:
    """How far it is, alive."""
    found = await api.read_enrolment(enrolment_id, web)
    return render(
        request,
        "enrolment.html",
        enrolment=found,
        person=web.house.repository.person(found.person_id),
        door=web.house.repository.door_of_lock(found.lock_id),
    )


@router.post("/enrolments/{enrolment_id}/cancel")
@needs(Scope.PEOPLE_WRITE)
async def cancel(enrolment_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Stop watching; what comes later is left alone."""
    found = await api.cancel_enrolment(enrolment_id, web, who)
    return see(request, f"/people/{found.person_id}", said(request).say("enrol.cancelled"))
