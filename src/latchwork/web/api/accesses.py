"""Accesses: who may open what, with what and when, and how far each lock is with it.

Layer web. There is no single status: what is under way, what is wrong and what is known stand side by side for each lock.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from latchwork.hub.books.repository import Repository
from latchwork.hub.house.entities import Access
from latchwork.hub.house.placed import Placed, Proof
from latchwork.web.api.credentials import PlaceOut, place_out
from latchwork.web.api.locks import TroubleOut, trouble_out
from latchwork.web.api.shapes import (
    AlwaysRule,
    Body,
    FirstUseRule,
    Id,
    ListOf,
    OnceRule,
    RuleBody,
    Text,
    WeeklyRule,
    WindowRule,
    from_rule,
    to_rule,
)
from latchwork.web.context import Context, Web, Who
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import CursorText, Limit, Time, check_match, etag, from_cursor, to_cursor
from latchwork.web.visibility import own_accesses

router = APIRouter(prefix="/api/v1", tags=["accesses"], route_class=GuardedRoute)
IfMatch = Annotated[str | None, Header(description="The ETag that was read.")]


class Pending(StrEnum):
    """Something that is under way on a lock."""

    WAITING = "waiting"
    """The lock has none of it yet: it is put on when it is due and the lock answers."""
    UNDER_WAY = "under_way"
    """A command is out, and its answer is not known."""
    CHANGING_CODE = "changing_code"
    """The lock has an earlier code."""
    REMOVING = "removing"
    """It should not be there any more, and is."""


class LockAccessOut(BaseModel):
    """How far one lock is with an access."""

    door_id: str
    lock_id: str | None
    pending: list[Pending]
    proof: str
    places: list[PlaceOut]
    errors: list[TroubleOut]
    warnings: list[TroubleOut]


class AccessOut(BaseModel):
    """A promise, and how far each lock is with it."""

    id: str
    person_id: str
    door_ids: list[str]
    credential_ids: list[str]
    rule: Annotated[AlwaysRule | WeeklyRule | WindowRule | OnceRule | FirstUseRule, Field(discriminator="kind")]
    is_enabled: bool
    is_duress: bool
    note: str
    origin: str
    created_at: Time
    first_used_at: Time | None
    version: int
    locks: list[LockAccessOut]


class NewAccess(Body):
    """A person, doors, credentials (none named is all of theirs), and a rule of time in the site's zone."""

    person_id: Id
    door_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    credential_ids: Annotated[list[Id], Field(max_length=50, default_factory=list)]
    rule: RuleBody = AlwaysRule(kind="always")
    is_enabled: bool = True
    is_duress: bool = False
    note: Text = ""


class AccessChange(Body):
    """What becomes another; what is left out stays."""

    door_ids: Annotated[list[Id] | None, Field(min_length=1, max_length=500)] = None
    credential_ids: Annotated[list[Id] | None, Field(max_length=50)] = None
    rule: RuleBody | None = None
    is_enabled: bool | None = None
    is_duress: bool | None = None
    note: Text | None = None


class Known:
    """What is read of people and locks for one answer, each thing once: a hundred accesses share a few doors."""

    def __init__(self, repository: Repository) -> None:
        self.locks = {door.id: door.lock_id for door in repository.doors()}
        self.credentials = cache(repository.credentials)
        self.placed = cache(repository.placed)
        self.troubles = cache(repository.troubles)


def access_out(known: Known, access: Access) -> AccessOut:
    """The access with what is known on each of its locks."""
    return AccessOut(
        id=access.id,
        person_id=access.person_id,
        door_ids=list(access.door_ids),
        credential_ids=list(access.credential_ids),
        rule=from_rule(access.rule),
        is_enabled=access.is_enabled,
        is_duress=access.is_duress,
        note=access.note,
        origin=access.origin,
        created_at=access.created_at,
        first_used_at=access.first_used_at,
        version=access.version,
        locks=[_on_door(known, access, door_id) for door_id in access.door_ids],
    )


@router.get("/accesses", summary="Accesses")
@needs(Scope.PEOPLE_READ)
async def list_accesses(
    web: Web,
    limit: Limit = 100,
    cursor: CursorText = None,
    person_id: Annotated[str | None, Query(max_length=100)] = None,
    door_id: Annotated[str | None, Query(max_length=100)] = None,
) -> ListOf[AccessOut]:
    """Oldest first: all, somebody's, or those to a door."""
    found = web.house.repository.accesses(person_id=person_id, door_id=door_id)
    if cursor is not None:
        after = tuple(from_cursor(cursor, float, str))
        found = [each for each in found if (each.created_at, each.id) > after]
    some = found[:limit]
    following = to_cursor(float(some[-1].created_at), some[-1].id) if len(found) > limit else None
    known = Known(web.house.repository)
    return ListOf(data=[access_out(known, each) for each in some], next_cursor=following)


@router.get("/my/accesses", summary="One's own accesses")
@needs(Scope.CODES_OWN)
async def list_own_accesses(web: Web, who: Who) -> ListOf[AccessOut]:
    """Of the person whose account this is."""
    known = Known(web.house.repository)
    return ListOf(data=[access_out(known, each) for each in own_accesses(web.house.repository, who)])


@router.post("/accesses", status_code=201, summary="Grant access")
@needs(Scope.PEOPLE_WRITE)
async def grant(response: Response, body: NewAccess, web: Web, who: Who) -> AccessOut:
    """Durable when answered; each lock follows when it answers, and `locks` tells how far it is."""
    access = Access(
        id="",
        person_id=body.person_id,
        door_ids=tuple(dict.fromkeys(body.door_ids)),
        credential_ids=tuple(dict.fromkeys(body.credential_ids)),
        rule=to_rule(body.rule),
        is_enabled=body.is_enabled,
        is_duress=body.is_duress,
        note=body.note,
        origin=who.actor,
    )
    _check_named(web, access)
    kept = await web.house.people.grant(access, actor=who.actor)
    response.headers["location"] = f"{web.settings.root_path}/api/v1/accesses/{kept.id}"
    response.headers["etag"] = etag(kept.version)
    return access_out(Known(web.house.repository), kept)


@router.get("/accesses/{access_id}", summary="One access")
@needs(Scope.PEOPLE_READ)
async def read_access(access_id: Id, response: Response, web: Web) -> AccessOut:
    """With its placements and their proof, lock by lock."""
    access = web.house.repository.access(access_id)
    response.headers["etag"] = etag(access.version)
    return access_out(Known(web.house.repository), access)


@router.patch("/accesses/{access_id}", summary="Change an access")
@needs(Scope.PEOPLE_WRITE)
async def change_access(
    access_id: Id, response: Response, body: AccessChange, web: Web, who: Who, if_match: IfMatch = None
) -> AccessOut:
    """Locks follow as for a new one."""
    access = web.house.repository.access(access_id)
    check_match(if_match, access.version)
    changes = body.model_dump(exclude_none=True, exclude={"rule"})
    for listed in ("door_ids", "credential_ids"):
        if listed in changes:
            changes[listed] = tuple(dict.fromkeys(changes[listed]))
    if body.rule is not None:
        changes["rule"] = to_rule(body.rule)
    changed = replace(access, **changes)
    _check_named(web, changed)
    kept = await web.house.people.change_access(changed, actor=who.actor)
    response.headers["etag"] = etag(kept.version)
    return access_out(Known(web.house.repository), kept)


@router.delete("/accesses/{access_id}", status_code=204, summary="Take an access back")
@needs(Scope.PEOPLE_WRITE)
async def revoke(access_id: Id, web: Web, who: Who, if_match: IfMatch = None) -> None:
    """Durable when answered; what locks still hold is told by the credentials' places."""
    access = web.house.repository.access(access_id)
    check_match(if_match, access.version)
    await web.house.people.revoke(access_id, actor=who.actor)


def _check_named(web: Context, access: Access) -> None:
    """Refuses what names something that is not there, with its own name rather than the schema's."""
    web.house.repository.person(access.person_id)
    for door_id in access.door_ids:
        web.house.repository.door(door_id)
    for credential_id in access.credential_ids:
        web.house.repository.credential(credential_id)


def _on_door(known: Known, access: Access, door_id: str) -> LockAccessOut:
    lock_id = known.locks[door_id]
    if lock_id is None:
        return LockAccessOut(
            door_id=door_id, lock_id=None, pending=[Pending.WAITING], proof="none", places=[], errors=[], warnings=[]
        )
    wanted = {
        each.id: each.version
        for each in known.credentials(access.person_id)
        if (not access.credential_ids or each.id in access.credential_ids) and each.lock_id in {None, lock_id}
    }
    placed = known.placed(lock_id)
    mine = [each for each in placed.credentials if each.credential_id in wanted]
    troubles = [
        each
        for each in known.troubles(lock_id)
        if each.person_id in {None, access.person_id} and (each.credential_id is None or each.credential_id in wanted)
    ]
    current = [each.proof for each in mine if each.version == wanted[each.credential_id]]
    missing = wanted.keys() - {each.credential_id for each in mine}
    return LockAccessOut(
        door_id=door_id,
        lock_id=lock_id,
        pending=_pending(access, placed, wanted, bool(missing)),
        # The weakest says how far the whole promise is kept.
        proof=(Proof.NONE if missing or not current else min(current)).name.lower(),
        places=[place_out(each, wanted[each.credential_id]) for each in mine],
        errors=[trouble_out(each) for each in troubles if each.is_error],
        warnings=[trouble_out(each) for each in troubles if not each.is_error],
    )


def _pending(access: Access, placed: Placed, wanted: dict[str, int], is_missing: bool) -> list[Pending]:
    mine = [each for each in placed.credentials if each.credential_id in wanted]
    found = []
    if access.is_enabled and (is_missing or not wanted):
        found.append(Pending.WAITING)
    if any(each.is_pending for each in mine):
        found.append(Pending.UNDER_WAY)
    if any(each.version != wanted[each.credential_id] for each in mine):
        found.append(Pending.CHANGING_CODE)
    if not access.is_enabled and mine:
        found.append(Pending.REMOVING)
    return found
