"""For those who run the hub: whether it lives, whether it is ready, and its counters.

Layer web.
"""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from latchwork.base.errors import LatchworkError
from latchwork.web import measures
from latchwork.web.accounts import is_owned
from latchwork.web.context import Web
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs, open_to_all

router = APIRouter(tags=["operations"], route_class=GuardedRoute)


class HealthOut(BaseModel):
    """One word."""

    status: str


@router.get("/healthz", summary="Whether the process lives")
@open_to_all(quota="health")
async def read_health() -> HealthOut:
    """Answers when anything can."""
    return HealthOut(status="ok")


@router.get("/readyz", summary="Whether the hub can work", responses={503: {"model": HealthOut}})
@open_to_all(quota="health")
async def read_ready(web: Web, response: Response) -> HealthOut:
    """The storage can be read and the Matter side is up."""
    try:
        web.database.read(is_owned)
    except LatchworkError:
        response.status_code = 503
        return HealthOut(status="storage")
    if not web.house.is_ready:
        response.status_code = 503
        return HealthOut(status="matter")
    return HealthOut(status="ok")


@router.get("/metrics", summary="Counters for Prometheus", response_class=PlainTextResponse)
@needs(Scope.METRICS_READ)
async def read_metrics(web: Web) -> Response:
    """Exposition format 0.0.4, with a token of the scope metrics:read."""
    repository, locks = web.house.repository, web.house.locks
    doors = [door for door in repository.doors() if door.lock_id is not None]
    reachable: list[measures.Sample] = []
    battery: list[measures.Sample] = []
    errors: list[measures.Sample] = []
    for door in doors:
        lock_id, labels = str(door.lock_id), {"door_id": door.id}
        status = locks.status(lock_id)
        reachable.append((labels, float(status.is_reachable)))
        if status.battery_percent is not None:
            battery.append((labels, float(status.battery_percent)))
        errors.append((labels, float(sum(each.is_error for each in repository.troubles(lock_id)))))
    uptime = web.clock.monotonic() - web.measures.started
    lines = [
        *web.measures.text(),
        *measures.metric("latchwork_uptime_seconds", "gauge", "Since the web side started.", [({}, uptime)]),
        *measures.metric(
            "latchwork_journal_entries", "gauge", "Newest entry.", [({}, float(web.house.journal.head().seq))]
        ),
        *measures.metric("latchwork_lock_reachable", "gauge", "1 when the lock answers.", reachable),
        *measures.metric("latchwork_lock_battery_percent", "gauge", "Battery of the lock.", battery),
        *measures.metric("latchwork_lock_errors", "gauge", "What is wrong on the lock.", errors),
        *measures.metric(
            "latchwork_database_writes_total", "counter", "Writes made durable.", [({}, float(web.database.writes))]
        ),
    ]
    return Response("\n".join([*lines, ""]), media_type=measures.CONTENT_TYPE)
