"""Locks: adding, replacing and removing them, what they can do, how far they are in step, and what others put on them.

Layer web.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import CredentialKind, Lock
from latchwork.web.api.doors import StatusOut, status_out
from latchwork.web.api.jobs import JobOut, job_out
from latchwork.web.api.shapes import Body, Id, ListOf, Name
from latchwork.web.context import Context, Web, Who
from latchwork.web.jobs import Job, Perform
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, invalid, not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time

router = APIRouter(prefix="/api/v1", tags=["locks"], route_class=GuardedRoute)
SetupCode = Annotated[str, Field(min_length=11, max_length=200, json_schema_extra={"format": "password"})]


class TroubleOut(BaseModel):
    """One thing that is not as it should be."""

    code: TroubleCode
    message: str
    advice: str
    person_id: str | None
    credential_id: str | None


class CapabilitiesOut(BaseModel):
    """What a lock can do, and how much of it."""

    has_users: bool
    users: int
    credentials_per_user: int
    credentials: dict[CredentialKind, int]
    pin_length: tuple[int, int]
    week_day_schedules: int
    year_day_schedules: int
    has_door_sensor: bool
    has_latch: bool
    is_sleepy: bool


class LockOut(BaseModel):
    """The device on a door."""

    id: str
    door_id: str | None
    node_id: str
    endpoint: int
    vendor: str
    product: str
    serial: str
    firmware: str
    added_at: Time
    status: StatusOut
    capabilities: CapabilitiesOut | None
    ecosystems: dict[int, str]


class SyncOut(BaseModel):
    """How far a lock holds what it should: what is under way, and what stands in the way."""

    lock_id: str
    door_id: str | None
    is_in_step: bool
    pending: int
    placed_users: int
    placed_credentials: int
    read_at: Time | None
    errors: list[TroubleOut]
    warnings: list[TroubleOut]


class NewLock(Body):
    """A lock to be added: onto a new door, or onto one that has none."""

    setup_code: SetupCode
    door_name: Name | None = None
    door_id: Id | None = None


class Replacement(Body):
    """The setup code of the lock that comes."""

    setup_code: SetupCode


def trouble_out(trouble: Trouble) -> TroubleOut:
    """The trouble to be answered."""
    return TroubleOut(
        code=trouble.code,
        message=trouble.message,
        advice=trouble.advice,
        person_id=trouble.person_id,
        credential_id=trouble.credential_id,
    )


def lock_out(web: Context, lock: Lock) -> LockOut:
    """The lock to be answered."""
    status, can = web.house.locks.status(lock.id), web.house.locks.capabilities(lock.id)
    door = web.house.repository.door_of_lock(lock.id)
    return LockOut(
        id=lock.id,
        door_id=door.id if door else None,
        node_id=f"{lock.node_id:016X}",
        endpoint=lock.endpoint,
        vendor=lock.vendor,
        product=lock.product,
        serial=lock.serial,
        firmware=lock.firmware,
        added_at=lock.added_at,
        status=status_out(status),
        capabilities=None
        if can is None
        else CapabilitiesOut(
            has_users=can.has_users,
            users=can.users,
            credentials_per_user=can.credentials_per_user,
            credentials=dict(can.kinds),
            pin_length=can.pin_length,
            week_day_schedules=can.week_days,
            year_day_schedules=can.year_days,
            has_door_sensor=can.has_door_sensor,
            has_latch=can.has_latch,
            is_sleepy=can.is_sleepy,
        ),
        ecosystems=dict(status.fabrics or {}),
    )


@router.get("/locks", summary="Locks")
@needs(Scope.LOCKS_READ)
async def list_locks(web: Web) -> ListOf[LockOut]:
    """All that are not gone."""
    return ListOf(data=[lock_out(web, each) for each in web.house.repository.locks()])


@router.get("/locks/{lock_id}", summary="One lock")
@needs(Scope.LOCKS_READ)
async def read_lock(lock_id: Id, web: Web) -> LockOut:
    """What it says of itself, can do, and who else is on it."""
    return lock_out(web, present_lock(web, lock_id))


@router.post("/locks", status_code=202, summary="Add a lock by its setup code")
@needs(Scope.LOCKS_WRITE)
async def add_lock(response: Response, body: NewLock, web: Web, who: Who) -> JobOut:
    """Takes up to some minutes: the answer names a job that tells each step."""
    door_name, door_id = body.door_name or "", body.door_id
    if (body.door_name is None) == (door_id is None):
        raise invalid("/body", "either door_name or door_id is needed")
    if door_id is not None and web.house.repository.door(door_id).lock_id is not None:
        raise Problem(409, "door_has_lock", "There is a lock on this door", "Replace it, or remove it first.")

    async def perform(tell: Callable[[str], None]) -> dict[str, str]:
        lock = await web.house.locks.add(
            body.setup_code, door_name=door_name, door_id=door_id, actor=who.actor, tell=tell
        )
        door = web.house.repository.door_of_lock(lock.id)
        return {"lock_id": lock.id} | ({"door_id": door.id} if door else {})

    return _begin(web, who, response, "add_lock", perform)


@router.post("/doors/{door_id}/replace", status_code=202, summary="Put another lock on a door")
@needs(Scope.LOCKS_WRITE)
async def replace_lock(door_id: Id, response: Response, body: Replacement, web: Web, who: Who) -> JobOut:
    """Everybody moves to the new lock; those for whom it has no room are named by its troubles."""
    web.house.repository.door(door_id)

    async def perform(tell: Callable[[str], None]) -> dict[str, str]:
        lock = await web.house.locks.replace(door_id, body.setup_code, actor=who.actor, tell=tell)
        return {"lock_id": lock.id, "door_id": door_id}

    return _begin(web, who, response, "replace_lock", perform)


@router.delete("/locks/{lock_id}", status_code=202, summary="Remove a lock")
@needs(Scope.LOCKS_WRITE)
async def remove_lock(
    lock_id: Id,
    response: Response,
    web: Web,
    who: Who,
    confirm: Annotated[str, Query(max_length=200, description="The name of its door, or the lock's id.")],
    is_forced: Annotated[
        bool, Query(description="Also when the lock does not answer: our codes may stay on it.")
    ] = False,
    if_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> JobOut:
    """Takes what is ours off the lock and our fabric with it; what others put there stays."""
    del if_match
    present_lock(web, lock_id)
    door = web.house.repository.door_of_lock(lock_id)
    check_confirmed(confirm, door.name if door else lock_id)

    async def perform(tell: Callable[[str], None]) -> dict[str, str]:
        tell("remove the lock")
        await web.house.locks.remove(lock_id, is_forced=is_forced, actor=who.actor)
        return {"lock_id": lock_id}

    return _begin(web, who, response, "remove_lock", perform)


@router.get("/sync", summary="How far all locks are in step")
@needs(Scope.LOCKS_READ)
async def list_sync(web: Web) -> ListOf[SyncOut]:
    """Changes under way, errors and warnings of each lock."""
    return ListOf(data=[_sync_out(web, each) for each in web.house.repository.locks()])


@router.get("/locks/{lock_id}/sync", summary="How far a lock is in step")
@needs(Scope.LOCKS_READ)
async def read_sync(lock_id: Id, web: Web) -> SyncOut:
    """Changes under way, errors and warnings."""
    return _sync_out(web, present_lock(web, lock_id))


@router.post("/locks/{lock_id}/sync", status_code=202, summary="Look at a lock again")
@needs(Scope.LOCKS_WRITE)
async def start_sync(lock_id: Id, web: Web) -> SyncOut:
    """Now, instead of when it is due."""
    lock = present_lock(web, lock_id)
    web.house.locks.wake(lock_id)
    return _sync_out(web, lock)


def _begin(web: Context, who: Principal, response: Response, kind: str, perform: Perform) -> JobOut:
    job = Job(id=web.house.desk.new_id("job"), kind=kind, actor=who.actor)
    response.headers["location"] = f"{web.settings.root_path}/api/v1/jobs/{job.id}"
    return job_out(web.jobs.start(job, perform))


def present_lock(web: Context, lock_id: str) -> Lock:
    """The lock, unless it is gone.

    Raises:
        Problem: 404.
    """
    lock = web.house.repository.lock(lock_id)
    if lock.gone_at is not None:
        raise not_found("lock")
    return lock


def _sync_out(web: Context, lock: Lock) -> SyncOut:
    placed, troubles = web.house.repository.placed(lock.id), web.house.repository.troubles(lock.id)
    observed, door = web.house.locks.observed(lock.id), web.house.repository.door_of_lock(lock.id)
    pending = sum(each.is_pending for each in placed.users) + sum(each.is_pending for each in placed.credentials)
    errors = [trouble_out(each) for each in troubles if each.is_error]
    return SyncOut(
        lock_id=lock.id,
        door_id=door.id if door else None,
        is_in_step=observed is not None and not pending and not errors,
        pending=pending,
        placed_users=len(placed.users),
        placed_credentials=len(placed.credentials),
        read_at=observed.read_at if observed else None,
        errors=errors,
        warnings=[trouble_out(each) for each in troubles if not each.is_error],
    )


def check_confirmed(given: str, expected: str) -> None:
    """Refuses what was not confirmed by its name.

    Raises:
        Problem: 409, with the name.
    """
    if given.strip() != expected:
        raise Problem(
            409,
            "not_confirmed",
            "This has to be confirmed by name",
            "Send `confirm` with the name that is to be seen there.",
            extra={"expected_confirmation": expected},
        )
