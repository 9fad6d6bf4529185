"""A lock's battery and link over time.

Layer web.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from latchwork.hub.listening.history import KEPT_S, SampleKind
from latchwork.web.api.locks import present_lock
from latchwork.web.api.shapes import Id
from latchwork.web.context import Web
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time

router = APIRouter(prefix="/api/v1", tags=["locks"], route_class=GuardedRoute)


class SampleOut(BaseModel):
    """What the lock said at one time; of long stretches, the mean of what it said around it."""

    at: Time
    value: float


class LockHistoryOut(BaseModel):
    """One kind of number over time; `is_told` is false for a link of which the lock does not tell, null while that is not known."""

    kind: SampleKind
    is_told: bool | None
    samples: list[SampleOut]


@router.get("/locks/{lock_id}/history", summary="A lock's battery and link over time")
@needs(Scope.LOCKS_READ)
async def read_lock_history(
    lock_id: Id,
    web: Web,
    kind: SampleKind = SampleKind.BATTERY,
    days: Annotated[float, Query(gt=0, le=KEPT_S / 86_400)] = 30,
) -> LockHistoryOut:
    """Percent, dBm, or the radio's own measure from 0 to 255; oldest first."""
    present_lock(web, lock_id)
    history = web.house.history
    found = history.samples(lock_id, kind, since=web.clock.utc() - days * 86_400)
    is_told = True if found or kind is SampleKind.BATTERY else history.says_link(lock_id)
    return LockHistoryOut(
        kind=kind, is_told=is_told, samples=[SampleOut(at=each.at, value=round(each.value, 1)) for each in found]
    )
