"""People: who may have access, once for all doors.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from latchwork.hub.house.entities import Person
from latchwork.web.api.shapes import Body, Id, ListOf, Name, Text
from latchwork.web.context import Context, Web, Who
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import CursorText, Limit, Time, check_match, etag, from_cursor, to_cursor

router = APIRouter(prefix="/api/v1/people", tags=["people"], route_class=GuardedRoute)
IfMatch = Annotated[str | None, Header(description="The ETag that was read.")]


class PersonOut(BaseModel):
    """Somebody who may have access."""

    id: str
    name: str
    email: str
    phone: str
    is_admin: bool
    created_at: Time
    left_at: Time | None
    version: int


class NewPerson(Body):
    """Somebody new."""

    name: Name
    email: Text = ""
    phone: Text = ""
    is_admin: bool = False


class PersonChange(Body):
    """What becomes another; what is left out stays."""

    name: Name | None = None
    email: Text | None = None
    phone: Text | None = None
    is_admin: bool | None = None


class LeftBehindOut(BaseModel):
    """Where something of theirs may still be."""

    lock_id: str
    door_name: str
    credentials: int
    is_reachable: bool


class MoveOutOut(BaseModel):
    """Somebody who left. What `still_on` names is taken off as soon as the lock answers; ask again to see it gone."""

    person: PersonOut
    is_gone_everywhere: bool
    still_on: list[LeftBehindOut]


def person_out(person: Person) -> PersonOut:
    """The person to be answered."""
    return PersonOut(
        id=person.id,
        name=person.name,
        email=person.email,
        phone=person.phone,
        is_admin=person.is_admin,
        created_at=person.created_at,
        left_at=person.left_at,
        version=person.version,
    )


@router.get("", summary="People")
@needs(Scope.PEOPLE_READ)
async def list_people(
    web: Web,
    limit: Limit = 100,
    cursor: CursorText = None,
    with_left: Annotated[bool, Query(description="Those who left, too.")] = False,
    search: Annotated[str, Query(max_length=100, description="Part of a name.")] = "",
) -> ListOf[PersonOut]:
    """By name."""
    persons = web.house.repository.persons(with_left=with_left)
    if search:
        persons = [each for each in persons if search.casefold() in each.name.casefold()]
    persons.sort(key=_order)
    if cursor is not None:
        after = tuple(from_cursor(cursor, str, str))
        persons = [each for each in persons if _order(each) > after]
    some = persons[:limit]
    following = to_cursor(*_order(some[-1])) if len(persons) > limit else None
    return ListOf(data=[person_out(each) for each in some], next_cursor=following)


@router.post("", status_code=201, summary="Add somebody")
@needs(Scope.PEOPLE_WRITE)
async def add_person(response: Response, body: NewPerson, web: Web, who: Who) -> PersonOut:
    """They open nothing before they have a credential and an access."""
    person = Person(id="", unique_id=0, **body.model_dump())
    kept = await web.house.people.add_person(person, actor=who.actor)
    response.headers["location"] = f"{web.settings.root_path}/api/v1/people/{kept.id}"
    response.headers["etag"] = etag(kept.version)
    return person_out(kept)


@router.get("/{person_id}", summary="One person")
@needs(Scope.PEOPLE_READ)
async def read_person(person_id: Id, response: Response, web: Web) -> PersonOut:
    """Also one who left."""
    person = web.house.repository.person(person_id)
    response.headers["etag"] = etag(person.version)
    return person_out(person)


@router.patch("/{person_id}", summary="Change somebody")
@needs(Scope.PEOPLE_WRITE)
async def change_person(
    person_id: Id, response: Response, body: PersonChange, web: Web, who: Who, if_match: IfMatch = None
) -> PersonOut:
    """A new name is brought to every lock."""
    person = web.house.repository.person(person_id)
    check_match(if_match, person.version)
    changed = replace(person, **body.model_dump(exclude_none=True))
    kept = await web.house.people.change_person(changed, actor=who.actor)
    response.headers["etag"] = etag(kept.version)
    return person_out(kept)


@router.post("/{person_id}/move_out", summary="Somebody leaves")
@needs(Scope.PEOPLE_WRITE)
async def move_out(person_id: Id, web: Web, who: Who) -> MoveOutOut:
    """Ends all their accesses, everywhere; the journal keeps their name."""
    web.house.repository.person(person_id)
    person = await web.house.people.move_out(person_id, actor=who.actor)
    return move_out_of(web, person)


@router.get("/{person_id}/move_out", summary="Whether somebody is gone from every lock")
@needs(Scope.PEOPLE_READ)
async def read_move_out(person_id: Id, web: Web) -> MoveOutOut:
    """What locks may still hold of theirs, by our own account of what was confirmed."""
    return move_out_of(web, web.house.repository.person(person_id))


def move_out_of(web: Context, person: Person) -> MoveOutOut:
    """Where something of theirs may still be."""
    counts: dict[str, int] = {}
    for lock in web.house.repository.locks():
        placed = web.house.repository.placed(lock.id)
        keys = {each.key for each in placed.users if each.key.partition("/")[0] == person.id}
        count = sum(each.user_key in keys for each in placed.credentials)
        if keys:
            counts[lock.id] = count
    still_on = []
    for lock_id, count in counts.items():
        door = web.house.repository.door_of_lock(lock_id)
        still_on.append(
            LeftBehindOut(
                lock_id=lock_id,
                door_name=door.name if door else "",
                credentials=count,
                is_reachable=web.house.locks.status(lock_id).is_reachable,
            )
        )
    return MoveOutOut(
        person=person_out(person), is_gone_everywhere=person.left_at is not None and not still_on, still_on=still_on
    )


def _order(person: Person) -> tuple[str, str]:
    return person.name.casefold(), person.id
