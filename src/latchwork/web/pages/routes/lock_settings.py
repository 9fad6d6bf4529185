"""Settings of a lock: read on the lock for the page, and changed one at a time.

Layer web.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from latchwork.base.errors import LatchworkError
from latchwork.hub.locks.settings import BY_KEY, FieldKind, Value
from latchwork.web.api import lock_settings as api
from latchwork.web.api.lock_settings import LockSettingChange
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.live_reading import asked
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.doors import door_and_lock
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem, not_found, problem_of
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)


@router.get("/doors/{door_id}/settings")
@needs(Scope.LOCKS_READ)
async def settings_page(door_id: Id, request: Request, web: Web) -> Response:
    """As the lock says now."""
    return await _page(request, web, door_id)


async def _page(
    request: Request, web: Context, door_id: str, key: str = "", refused: Problem | None = None
) -> Response:
    door, lock = door_and_lock(web, door_id)
    found, problem = await asked(api.list_lock_settings(lock.id, web), said(request))
    return render(
        request,
        "door_settings.html",
        status=refused.status if refused else 200,
        door=door,
        settings=None if found is None else found.data,
        problem=problem,
        key=key,
        refused=refused,
    )


@router.post("/doors/{door_id}/settings")
@needs(Scope.LOCKS_WRITE)
async def change(door_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Asks the lock; what it refuses is told at the setting, with what it says instead."""
    _, lock = door_and_lock(web, door_id)
    key = form.text("setting")
    if key not in BY_KEY:
        raise not_found("setting")
    texts = said(request)
    try:
        body = checked(LockSettingChange, value=_value(form, BY_KEY[key].kind))
        await api.change_lock_setting(lock.id, key, body, web, who)
    except (Problem, LatchworkError) as error:
        return await _page(request, web, door_id, key, problem_of(error))
    return see(request, f"/doors/{door_id}/settings", texts.say("door.setting.saved", name=texts.say(f"setting.{key}")))


def _value(form: Fields, kind: FieldKind) -> Value | None:
    if kind is FieldKind.FLAG:
        return form.text("value") == "on"
    return form.whole("value") if kind is FieldKind.NUMBER else form.text("value")
