"""The first page: all doors, how they stand, and a control for each.

Layer web.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from latchwork.hub.house.entities import Door
from latchwork.hub.status import LockStatus, Operation
from latchwork.web.api.doors import operate
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, came_from, see
from latchwork.web.problems import Problem
from latchwork.web.roles import Scope
from latchwork.web.routing import needs
from latchwork.web.visibility import visible_doors

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorCard:
    """A door as it is shown.

    Attributes:
        door: which.
        status: how its lock stands, or None: it has no lock.
        errors, warnings: how many things are not as they should be.
        has_latch: unbolting is something else than unlocking.
    """

    door: Door
    status: LockStatus | None
    errors: int = 0
    warnings: int = 0
    has_latch: bool = False

    @property
    def tone(self) -> str:
        """The colour of its state."""
        if self.status is None:
            return "none"
        if not self.status.is_reachable:
            return "away"
        return {"locked": "locked", "unlocked": "open", "unlatched": "open"}.get(self.status.lock_state or "", "unsure")

    @property
    def next_operation(self) -> Operation:
        """What the large control does."""
        is_locked = self.status is not None and self.status.lock_state == "locked"
        return Operation.UNLOCK if is_locked else Operation.LOCK


def card_of(web: Context, door: Door) -> DoorCard:
    """What is shown of a door."""
    if door.lock_id is None:
        return DoorCard(door=door, status=None)
    troubles = web.house.repository.troubles(door.lock_id)
    errors = sum(each.is_error for each in troubles)
    can = web.house.locks.capabilities(door.lock_id)
    return DoorCard(
        door=door,
        status=web.house.locks.status(door.lock_id),
        errors=errors,
        warnings=len(troubles) - errors,
        has_latch=can is not None and can.has_latch,
    )


@router.get("/")
@needs(Scope.DOORS_READ)
async def home_page(request: Request, web: Web, who: Who) -> Response:
    """All doors that they may know of."""
    cards = [card_of(web, door) for door in visible_doors(web.house.repository, who)]
    return render(request, "home.html", cards=cards)


@router.post("/doors/{door_id}/operate")
@needs(Scope.DOORS_OPERATE, quota="operate")
async def operate_door(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Lock, unlock or unbolt; answers when the lock has accepted it."""
    try:
        operation = Operation(form.text("operation"))
    except ValueError:
        raise Problem(422, "invalid_request", "There is no such operation") from None
    await operate(web, who, door_id, operation)
    if "application/json" in request.headers.get("accept", ""):
        return Response(status_code=204)
    return see(request, came_from(request), said(request).say(f"home.asked.{operation.value}"))
