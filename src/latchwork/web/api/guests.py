"""Guests: somebody for a while, in one call, with a page of their own behind a link.

Layer web. The page's address is a secret: it is told once, when it is made, and whoever asks for one that is none learns nothing.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from latchwork.base.logs import Secret
from latchwork.hub.guests.preconditions import Obstacle, Precondition
from latchwork.hub.guests.service import NewLink
from latchwork.hub.guests.texts import Readiness
from latchwork.hub.guests.view import GuestView
from latchwork.web.api.accesses import AccessOut, Known, access_out
from latchwork.web.api.credentials import CredentialOut, credential_out
from latchwork.web.api.people import PersonOut, person_out
from latchwork.web.api.shapes import Body, Id, ListOf, Name, RuleBody, Text, to_rule
from latchwork.web.context import Web, Who
from latchwork.web.outside import address_of
from latchwork.web.problems import not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs, open_to_all
from latchwork.web.stamps import Time, TimeIn

router = APIRouter(prefix="/api/v1", tags=["guests"], route_class=GuardedRoute)
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}
"""Of everything behind a guest's link: kept nowhere, found by nobody, and its address is told to no other site."""


class PreconditionOut(BaseModel):
    """One thing that stands in the way of a code made from afar."""

    code: Obstacle
    message: str
    advice: str
    is_blocking: bool
    since: Time | None


class LinkOut(BaseModel):
    """The address of a guest's page: told this once."""

    url: str
    ends_at: Time


class LinkStateOut(BaseModel):
    """Whether a guest's page can be opened; never its address."""

    is_open: bool
    created_at: Time | None
    ends_at: Time | None
    opened_at: Time | None


class NewGuest(Body):
    """Somebody who comes for a while."""

    name: Name
    door_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]
    rule: RuleBody
    code_length: Annotated[int | None, Field(ge=4, le=16, description="Digits; as the site wants, else.")] = None
    email: Text = ""
    phone: Text = ""
    link: Annotated[bool, Field(description="Whether there is a page for the guest.")] = True
    note: Text = ""


class NewGuestLink(Body):
    """How long the link lives: with the access at most."""

    ends_at: TimeIn | None = None


class InvitationOut(BaseModel):
    """A guest, with a code that is told this once and a message that holds it."""

    person: PersonOut
    access: AccessOut
    credential: CredentialOut
    code: str
    link: LinkOut | None
    message: str
    warnings: list[PreconditionOut]


class GuestDoorOut(BaseModel):
    """How far a door is for the guest."""

    name: str
    readiness: Readiness
    text: str


class GuestPageOut(BaseModel):
    """What a guest sees."""

    site: str
    name: str
    code: str | None
    times: str
    time_zone: str
    is_valid: bool
    validity: str
    begins_at: Time | None
    until: Time | None
    doors: list[GuestDoorOut]
    how_to_type: str
    link_ends_at: Time


@router.post("/guests", status_code=201, summary="Invite a guest")
@needs(Scope.PEOPLE_WRITE)
async def add_guest(request: Request, response: Response, body: NewGuest, web: Web, who: Who) -> InvitationOut:
    """Person, code for all these doors, access, and a page: all of it, or nothing. `warnings` is what stands in the way now."""
    made = await web.house.guests.invite(
        body.name,
        body.door_ids,
        to_rule(body.rule),
        actor=who.actor,
        code_length=body.code_length,
        email=body.email,
        phone=body.phone,
        with_link=body.link,
        note=body.note,
    )
    link = None if made.link is None else _link_out(request, made.link)
    response.headers["location"] = f"{web.settings.root_path}/api/v1/people/{made.person.id}"
    return InvitationOut(
        person=person_out(made.person),
        access=access_out(Known(web.house.repository), made.access),
        credential=credential_out(web, made.credential),
        code=_digits(made.code),
        link=link,
        message=web.house.guests.message(made, None if link is None else link.url),
        warnings=[precondition_out(each) for each in made.warnings],
    )


@router.post("/accesses/{access_id}/link", summary="Make a guest's link")
@needs(Scope.PEOPLE_WRITE)
async def make_link(access_id: Id, request: Request, body: NewGuestLink, web: Web, who: Who) -> LinkOut:
    """The one before ends. It ends with the access, at the latest."""
    return _link_out(request, await web.house.guests.make_link(access_id, body.ends_at, actor=who.actor))


@router.get("/accesses/{access_id}/link", summary="Whether a guest's page can be opened")
@needs(Scope.PEOPLE_READ)
async def read_link(access_id: Id, web: Web) -> LinkStateOut:
    """Until when, and when it was opened last, to the hour."""
    link = web.house.guests.link(access_id)
    if link is None:
        return LinkStateOut(is_open=False, created_at=None, ends_at=None, opened_at=None)
    return LinkStateOut(is_open=True, created_at=link.created_at, ends_at=link.ends_at, opened_at=link.opened_at)


@router.delete("/accesses/{access_id}/link", status_code=204, summary="End a guest's link")
@needs(Scope.PEOPLE_WRITE)
async def end_link(access_id: Id, web: Web, who: Who) -> None:
    """The page is gone from now on; the access stays."""
    await web.house.guests.end_link(access_id, actor=who.actor)


@router.get("/guest/{token}", summary="What a guest sees")
@open_to_all("guest")
async def read_guest(token: str, response: Response, web: Web) -> GuestPageOut:
    """With the text of a link as the guest has it. Links that never were and links that have ended look the same."""
    response.headers.update(HEADERS)
    view = await web.house.guests.page(token)
    if view is None:
        problem = not_found("page")
        problem.headers.update(HEADERS)
        raise problem
    return guest_out(view)


@router.get("/doors/{door_id}/preconditions", summary="What stands in the way of a code made from afar")
@needs(Scope.LOCKS_READ)
async def list_preconditions(door_id: Id, web: Web) -> ListOf[PreconditionOut]:
    """The gravest first; nothing: a code made now arrives now."""
    return ListOf(data=[precondition_out(each) for each in web.house.guests.preconditions(door_id)])


def guest_out(view: GuestView) -> GuestPageOut:
    """The page to be answered."""
    return GuestPageOut(
        site=view.site_name,
        name=view.person_name,
        code=None if view.code is None else _digits(view.code),
        times=view.times,
        time_zone=view.zone,
        is_valid=view.is_valid,
        validity=view.validity,
        begins_at=view.begins_at,
        until=view.until,
        doors=[GuestDoorOut(name=each.name, readiness=each.readiness, text=each.text) for each in view.doors],
        how_to_type=view.how_to_type,
        link_ends_at=view.link_ends_at,
    )


def precondition_out(each: Precondition) -> PreconditionOut:
    """What stands in the way, to be answered."""
    return PreconditionOut(
        code=each.code, message=each.message, advice=each.advice, is_blocking=each.is_blocking, since=each.since
    )


def _link_out(request: Request, link: NewLink) -> LinkOut:
    return LinkOut(url=f"{address_of(request)}/guest/{_digits(link.token)}", ends_at=link.ends_at)


def _digits(secret: Secret) -> str:
    return bytes(secret).decode("ascii")
