"""Ecosystems on a lock: who has it, letting one more in by a code, and taking one off by its name.

Layer web. The code is on the page of whoever may open a lock for others, for as long as it opens anything.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from latchwork.hub.sharing.ecosystems import ECOSYSTEMS
from latchwork.hub.sharing.following import Outcome
from latchwork.web.api import sharing as api
from latchwork.web.api.shapes import Id
from latchwork.web.api.sharing import FabricOut, NewShare, ShareEndOut, ShareOut
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Form
from latchwork.web.pages.live_reading import asked
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.doors import door_and_lock
from latchwork.web.pages.routes.people import check_name
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.principals import Principal
from latchwork.web.problems import Problem, not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
NEWS_S: Final = 900.0


@router.get("/doors/{door_id}/sharing")
@needs(Scope.LOCKS_READ)
async def sharing_page(door_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Who is on the lock; an open window with its code, or the way to open one."""
    return await _page(request, web, who, door_id, None)


async def _page(request: Request, web: Context, who: Principal, door_id: str, refused: Problem | None) -> Response:
    door, lock = door_and_lock(web, door_id)
    texts = said(request)
    if who.may(Scope.LOCKS_WRITE):
        share, problem = await asked(api.read_share(lock.id, web), texts)
        fabrics = [] if share is None else share.fabrics
    else:
        found, problem = await asked(api.list_fabrics(lock.id, web), texts)
        share, fabrics = None, [] if found is None else found.data
    heard = web.house.locks.status(lock.id).fabrics or {}
    return render(
        request,
        "door_sharing.html",
        status=refused.status if refused else 200,
        is_secret=share is not None and share.code is not None,
        door=door,
        lock=lock,
        share=share,
        ecosystems=ECOSYSTEMS,
        fabrics=fabrics,
        heard=[] if fabrics else sorted(heard.items()),
        own_index=lock.fabric_index,
        problem=refused or problem,
        left_s=0 if share is None or share.ends_at is None else max(0, round(share.ends_at - web.clock.utc())),
        last=_last(share, web.clock.utc()),
    )


def _last(share: ShareOut | None, now: float) -> ShareEndOut | None:
    """How the last window ended, while that is news to whoever opened it; what they closed themselves is none."""
    last = None if share is None else share.last
    is_news = last is not None and last.outcome is not Outcome.CLOSED and now - last.ended_at < NEWS_S
    return last if is_news else None


@router.post("/doors/{door_id}/sharing")
@needs(Scope.LOCKS_WRITE)
async def share(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Open it for one more; refused in words while it is open."""
    _, lock = door_and_lock(web, door_id)
    body = checked(NewShare, ecosystem=form.text("ecosystem") or None, minutes=form.whole("minutes"))
    try:
        await api.share_lock(lock.id, body, web, who)
    except Problem as problem:
        return await _page(request, web, who, door_id, problem)
    return see(request, f"/doors/{door_id}/sharing")


@router.post("/doors/{door_id}/sharing/end")
@needs(Scope.LOCKS_WRITE)
async def end(door_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Close it before its time."""
    _, lock = door_and_lock(web, door_id)
    try:
        await api.end_share(lock.id, web, who)
    except Problem as problem:
        return await _page(request, web, who, door_id, problem)
    return see(request, f"/doors/{door_id}/sharing", said(request).say("door.share.closed"))


async def _fabric(web: Context, lock_id: str, index: int) -> FabricOut:
    for each in (await api.list_fabrics(lock_id, web)).data:
        if each.index == index and not each.is_ours:
            return each
    raise not_found("ecosystem on this lock")


def _name(fabric: FabricOut) -> str:
    return f"{fabric.vendor} ({fabric.label})" if fabric.label else fabric.vendor


@router.get("/doors/{door_id}/fabrics/{index}")
@needs(Scope.FOREIGN_WRITE)
async def fabric_page(door_id: Id, index: int, request: Request, web: Web) -> Response:
    """What taking it off means, and its name to be typed."""
    door, lock = door_and_lock(web, door_id)
    fabric = await _fabric(web, lock.id, index)
    return render(request, "door_fabric.html", door=door, fabric=fabric, name=_name(fabric))


@router.post("/doors/{door_id}/fabrics/{index}")
@needs(Scope.FOREIGN_WRITE)
async def remove_fabric(door_id: Id, index: int, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Gone from the lock; what it made there stays, and is shown as nobody's."""
    _, lock = door_and_lock(web, door_id)
    fabric = await _fabric(web, lock.id, index)
    check_name(form, fabric.vendor)
    await api.remove_fabric(lock.id, index, web, who, confirm=fabric.vendor)
    line = said(request).say("door.fabric.removed", name=_name(fabric))
    return see(request, f"/doors/{door_id}/sharing", line)
