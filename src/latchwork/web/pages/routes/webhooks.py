"""Webhooks: where other programs are told, and what became of each delivery.

Layer web.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from latchwork.base.errors import LatchworkError
from latchwork.web import webhook_rows
from latchwork.web.api import webhooks as api
from latchwork.web.api.shapes import Id
from latchwork.web.api.webhooks import NewWebhook, WebhookChange
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routes.tokens import shown_once
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.telling import GROUPS
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem, problem_of
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
PLACE = "/settings/webhooks"
SHOWN: Final = 20
CHOICES: Final = ("all", "passages", "attention", "changes", "audit")
"""Groups of kinds as on the page of what happened."""


@router.get(PLACE)
@needs(Scope.WEBHOOKS_WRITE)
async def webhooks_page(request: Request, web: Web) -> Response:
    """All of them."""
    return render(request, "settings_webhooks.html", webhooks=web.database.read(webhook_rows.list_webhooks))


@router.get("/settings/webhooks/add")
@needs(Scope.WEBHOOKS_WRITE)
async def add_page(request: Request) -> Response:
    """Where to, and what."""
    return _add_page(request, None, None)


def _add_page(request: Request, form: Fields | None, problem: Problem | None) -> Response:
    typed: dict[str, Any] = {"url": "", "name": "", "what": "all", "is_local": False}
    if form is not None:
        typed = {name: form.text(name) for name in ("url", "name", "what")} | {"is_local": form.flag("is_local")}
    status = problem.status if problem else 200
    return render(request, "settings_webhook_add.html", status=status, problem=problem, typed=typed, choices=CHOICES)


@router.post("/settings/webhooks/add")
@needs(Scope.WEBHOOKS_WRITE)
async def add(request: Request, form: Form, web: Web, who: Who) -> Response:
    """Its signing secret is on this page and nowhere else."""
    what = form.text("what", "all")
    try:
        body = checked(
            NewWebhook,
            url=form.text("url"),
            name=form.text("name"),
            kinds=sorted(GROUPS[what if what in CHOICES else "all"]),
            is_local=form.flag("is_local"),
        )
        made = await api.add_webhook(Response(), body, web, who)
    except (Problem, LatchworkError) as error:
        return _add_page(request, form, problem_of(error))
    return shown_once(request, "webhook", made.name or made.url, made.secret, f"{PLACE}/{made.id}")


@router.get("/settings/webhooks/{webhook_id}")
@needs(Scope.WEBHOOKS_WRITE)
async def webhook_page(webhook_id: Id, request: Request, web: Web) -> Response:
    """How it stands, and the last deliveries."""
    return await _webhook_page(webhook_id, request, web, None)


async def _webhook_page(webhook_id: str, request: Request, web: Context, problem: Problem | None) -> Response:
    webhook = await api.read_webhook(webhook_id, Response(), web)
    deliveries = await api.list_deliveries(webhook_id, web, SHOWN, None)
    return render(
        request,
        "settings_webhook.html",
        status=problem.status if problem else 200,
        problem=problem,
        webhook=webhook,
        deliveries=deliveries.data,
    )


@router.post("/settings/webhooks/{webhook_id}")
@needs(Scope.WEBHOOKS_WRITE)
async def change(webhook_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """Name, address, and whether anything is sent; switched on again, what waits is sent."""
    try:
        body = checked(WebhookChange, name=form.text("name"), url=form.text("url"), is_enabled=form.flag("is_enabled"))
        await api.change_webhook(webhook_id, Response(), body, web, who, form.text("etag") or None)
    except (Problem, LatchworkError) as error:
        return await _webhook_page(webhook_id, request, web, problem_of(error))
    return see(request, f"{PLACE}/{webhook_id}", said(request).say("webhook.saved"))


@router.post("/settings/webhooks/{webhook_id}/deliveries/{seq}/again")
@needs(Scope.WEBHOOKS_WRITE)
async def send_again(
    webhook_id: Id, seq: Annotated[int, Path(ge=1, le=1 << 62)], request: Request, web: Web, who: Who
) -> Response:
    """With the same id: receivers know that it is the same event."""
    await api.send_again(webhook_id, seq, web, who)
    return see(request, f"{PLACE}/{webhook_id}", said(request).say("webhook.again_done"))


@router.post("/settings/webhooks/{webhook_id}/remove")
@needs(Scope.WEBHOOKS_WRITE)
async def remove(webhook_id: Id, request: Request, web: Web, who: Who) -> Response:
    """What waits is not sent."""
    await api.remove_webhook(webhook_id, web, who)
    return see(request, PLACE, said(request).say("webhook.removed"))
