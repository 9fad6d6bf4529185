"""When a lock changes or goes: replacing it, removing it, and the guide to resetting exactly this model.

Layer web. What costs nothing comes before what costs something, and what it would cost is told before it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from latchwork.hub.house.entities import CredentialKind, Door, Lock
from latchwork.web.api import locks as api
from latchwork.web.api.foreign import foreign_on
from latchwork.web.api.locks import Replacement
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import render
from latchwork.web.pages.reset_guides import GENERIC, guide_for
from latchwork.web.pages.routes.doors import door_and_lock
from latchwork.web.pages.routes.people import check_name
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLock:
    """What is on a lock, as far as it was read or is in the books.

    Attributes:
        names: people whose codes this hub has put on it, or may have.
        at_door: people with something on it that is taken at the door only and cannot be put back from here.
        foreign: names of what others put there; None before the lock was read.
        ecosystems: who else has it; None before it said so.
    """

    names: Sequence[str]
    at_door: Sequence[str]
    foreign: Sequence[str] | None
    ecosystems: Sequence[str] | None


def on_lock(web: Context, lock: Lock) -> OnLock:
    """Everything that a reset would erase."""
    repository, observed = web.house.repository, web.house.locks.observed(lock.id)
    placed, fabrics = repository.placed(lock.id), web.house.locks.status(lock.id).fabrics
    persons = {each.id: each.name for each in repository.persons(with_left=True)}
    owners = {user.key: persons.get(user.key.partition("/")[0], "") for user in placed.users}
    at_door = {
        owners.get(each.user_key, "")
        for each in placed.credentials
        if each.kind in {CredentialKind.FINGERPRINT, CredentialKind.FACE, CredentialKind.RFID}
    }
    foreign = None
    if observed is not None:
        foreign = [each.confirm for each in foreign_on(observed, placed, fabrics or {}, lock.fabric_index)]
    return OnLock(
        names=sorted({name for name in owners.values() if name}, key=str.casefold),
        at_door=sorted({name for name in at_door if name}, key=str.casefold),
        foreign=foreign,
        ecosystems=None
        if fabrics is None
        else [name for index, name in sorted(fabrics.items()) if index != lock.fabric_index],
    )


@router.get("/doors/{door_id}/reset")
@needs(Scope.LOCKS_READ)
async def reset_page(door_id: Id, request: Request, web: Web) -> Response:
    """What would be lost, what to try before, and where the button is."""
    door, lock = door_and_lock(web, door_id)
    guide = guide_for(lock.vendor, lock.product)
    return render(
        request,
        "door_reset.html",
        door=door,
        lock=lock,
        guide=guide,
        is_known=guide is not GENERIC or lock.vendor == GENERIC.maker,
        loss=on_lock(web, lock),
        battery=web.house.locks.status(lock.id).battery_percent,
    )


@router.get("/doors/{door_id}/replace")
@needs(Scope.LOCKS_WRITE)
async def replace_page(door_id: Id, request: Request, web: Web) -> Response:
    """What comes along to another lock, and its setup code."""
    return _replace_page(request, web, web.house.repository.door(door_id), None)


def _replace_page(request: Request, web: Context, door: Door, problem: Problem | None) -> Response:
    lock = None if door.lock_id is None else web.house.repository.lock(door.lock_id)
    return render(
        request,
        "door_replace.html",
        status=problem.status if problem else 200,
        door=door,
        lock=lock,
        loss=None if lock is None else on_lock(web, lock),
        problem=problem,
    )


@router.post("/doors/{door_id}/replace")
@needs(Scope.LOCKS_WRITE)
async def replace_lock(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Begins; the job's page tells the rest."""
    door = web.house.repository.door(door_id)
    try:
        body = checked(Replacement, setup_code=form.text("setup_code"))
        job = await api.replace_lock(door_id, Response(), body, web, who)
    except Problem as problem:
        return _replace_page(request, web, door, problem)
    return see(request, f"/jobs/{job.id}")


@router.get("/doors/{door_id}/remove")
@needs(Scope.LOCKS_WRITE)
async def remove_page(door_id: Id, request: Request, web: Web) -> Response:
    """What goes, what stays, and the name to be typed."""
    door, lock = door_and_lock(web, door_id)
    return render(
        request,
        "door_remove.html",
        door=door,
        lock=lock,
        loss=on_lock(web, lock),
        is_reachable=web.house.locks.status(lock.id).is_reachable,
    )


@router.post("/doors/{door_id}/remove")
@needs(Scope.LOCKS_WRITE)
async def remove_lock(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Begins, once the door's name is typed; a lock is given up only where it does not answer."""
    door, lock = door_and_lock(web, door_id)
    check_name(form, door.name)
    is_forced = form.flag("is_forced")
    if is_forced and web.house.locks.status(lock.id).is_reachable:
        raise Problem(
            409, "lock_answers", "This lock answers", "Remove it properly: then nothing of this hub stays on it."
        )
    job = await api.remove_lock(lock.id, Response(), web, who, door.name, is_forced=is_forced)
    return see(request, f"/jobs/{job.id}")
