"""Doors: their names, how their locks stand, and operating them.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

from latchwork.hub.books.doors import put_door, remove_door
from latchwork.hub.house.entities import Door
from latchwork.hub.status import LockStatus, Operation
from latchwork.web.api.shapes import Body, Id, ListOf, Name
from latchwork.web.context import Context, Web, Who
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time, check_match, etag
from latchwork.web.visibility import check_operable, visible_door, visible_doors

router = APIRouter(prefix="/api/v1/doors", tags=["doors"], route_class=GuardedRoute)
IfMatch = Annotated[str | None, Header(description="The ETag that was read.")]


class StatusOut(BaseModel):
    """How a lock stands, as far as it was heard; null is not said."""

    lock_state: str | None
    door_state: str | None
    battery_percent: int | None
    battery_level: str | None
    mode: str | None
    is_reachable: bool
    why_unreachable: str
    since: Time | None
    heard_at: Time | None


class DoorOut(BaseModel):
    """A place that people go through."""

    id: str
    name: str
    position: int
    lock_id: str | None
    status: StatusOut | None
    created_at: Time
    version: int


class NewDoor(Body):
    """A door that has no lock yet."""

    name: Name
    position: Annotated[int, Field(ge=0, le=100_000)] = 0


class DoorChange(Body):
    """What becomes another; what is left out stays."""

    name: Name | None = None
    position: Annotated[int | None, Field(ge=0, le=100_000)] = None


def status_out(status: LockStatus) -> StatusOut:
    """The status to be answered."""
    return StatusOut(
        lock_state=status.lock_state,
        door_state=status.door_state,
        battery_percent=status.battery_percent,
        battery_level=status.battery_level,
        mode=status.mode,
        is_reachable=status.is_reachable,
        why_unreachable=status.why,
        since=status.since,
        heard_at=status.heard_at,
    )


def door_out(web: Context, door: Door) -> DoorOut:
    """The door with its lock's status."""
    return DoorOut(
        id=door.id,
        name=door.name,
        position=door.position,
        lock_id=door.lock_id,
        status=status_out(web.house.locks.status(door.lock_id)) if door.lock_id else None,
        created_at=door.created_at,
        version=door.version,
    )


@router.get("", summary="Doors")
@needs(Scope.DOORS_READ)
async def list_doors(web: Web, who: Who) -> ListOf[DoorOut]:
    """By position; a guest's are those of their accesses."""
    return ListOf(data=[door_out(web, each) for each in visible_doors(web.house.repository, who)])


@router.post("", status_code=201, summary="Make a door")
@needs(Scope.DOORS_WRITE)
async def add_door(response: Response, body: NewDoor, web: Web, who: Who) -> DoorOut:
    """It has no lock yet."""
    now = web.clock.utc()
    door = Door(id=web.house.desk.new_id("door"), name=body.name, position=body.position, created_at=now)
    kept = await web.change(who, "door_added", lambda to: put_door(to, door), door_id=door.id, door_name=door.name)
    response.headers["location"] = f"{web.settings.root_path}/api/v1/doors/{kept.id}"
    response.headers["etag"] = etag(kept.version)
    return door_out(web, kept)


@router.get("/{door_id}", summary="One door")
@needs(Scope.DOORS_READ)
async def read_door(door_id: Id, response: Response, web: Web, who: Who) -> DoorOut:
    """With its lock's status."""
    door = visible_door(web.house.repository, who, door_id)
    response.headers["etag"] = etag(door.version)
    return door_out(web, door)


@router.patch("/{door_id}", summary="Change a door")
@needs(Scope.DOORS_WRITE)
async def change_door(
    door_id: Id, response: Response, body: DoorChange, web: Web, who: Who, if_match: IfMatch = None
) -> DoorOut:
    """Its name or its place in lists."""
    door = web.house.repository.door(door_id)
    check_match(if_match, door.version)
    changes = body.model_dump(exclude_none=True)
    changed = replace(door, **changes)
    kept = await web.change(
        who,
        "door_changed",
        lambda to: put_door(to, changed),
        {"what": ", ".join(sorted(changes))},
        door_id=door.id,
        door_name=changed.name,
    )
    response.headers["etag"] = etag(kept.version)
    return door_out(web, kept)


@router.delete("/{door_id}", status_code=204, summary="Remove a door")
@needs(Scope.DOORS_WRITE)
async def delete_door(door_id: Id, web: Web, who: Who, if_match: IfMatch = None) -> None:
    """Only one without a lock: remove the lock first, or what is on it would stay there unseen."""
    door = web.house.repository.door(door_id)
    check_match(if_match, door.version)
    if door.lock_id is not None:
        raise Problem(
            409, "door_has_lock", "There is a lock on this door", f"DELETE /api/v1/locks/{door.lock_id} first."
        )
    await web.change(who, "door_removed", lambda to: remove_door(to, door_id), door_id=door.id, door_name=door.name)


@router.post("/{door_id}/lock", status_code=204, summary="Lock a door")
@needs(Scope.DOORS_OPERATE, quota="operate")
async def lock_door(door_id: Id, web: Web, who: Who) -> None:
    """Answers when the lock has accepted it; whether the bolt arrived is told by its status."""
    await operate(web, who, door_id, Operation.LOCK)


@router.post("/{door_id}/unlock", status_code=204, summary="Unlock a door")
@needs(Scope.DOORS_OPERATE, quota="operate")
async def unlock_door(door_id: Id, web: Web, who: Who) -> None:
    """Answers when the lock has accepted it."""
    await operate(web, who, door_id, Operation.UNLOCK)


@router.post("/{door_id}/unbolt", status_code=204, summary="Withdraw the bolt and leave the latch")
@needs(Scope.DOORS_OPERATE, quota="operate")
async def unbolt_door(door_id: Id, web: Web, who: Who) -> None:
    """For locks that draw a latch; others say that they cannot."""
    await operate(web, who, door_id, Operation.UNBOLT)


async def operate(web: Context, who: Principal, door_id: str, operation: Operation) -> None:
    """Ask a door's lock for something.

    Raises:
        Problem: there is no such door for them, not at this hour, or no lock on it.
        LatchworkError: as `Locks.operate`.
    """
    door = visible_door(web.house.repository, who, door_id)
    check_operable(web.house.repository, who, door, web.clock.utc())
    if door.lock_id is None:
        raise Problem(409, "door_has_no_lock", "There is no lock on this door", "Add one with POST /api/v1/locks.")
    await web.house.locks.operate(door.lock_id, operation, actor=who.actor)
