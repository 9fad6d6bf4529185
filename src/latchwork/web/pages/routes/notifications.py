"""Notifications: who is told of what, by which service, and how the last one went.

Layer web.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from latchwork.base.errors import LatchworkError
from latchwork.hub.journal.entries import Kind
from latchwork.hub.notify.rules import Topic
from latchwork.web.api import notification_rules as api
from latchwork.web.api.notification_rules import NewNotificationRule, NotificationRuleChange
from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Fields, Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem, problem_of
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
PLACE = "/settings/notifications"
TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "danger": (Kind.DURESS.value, Kind.DOOR_FORCED.value, Kind.ALARM.value, Kind.LOCKED_OUT.value, Kind.REFUSED.value),
    "doors": (Kind.OPENED.value, Kind.LOCKED.value, Kind.DOOR_AJAR.value, Kind.JAMMED.value),
    "locks": (Topic.LOW_BATTERY.value, Topic.UNREACHABLE.value),
    "access": (Topic.NOT_IN_PLACE.value, Topic.FOREIGN_CODE.value, Topic.CALENDAR.value),
}
"""What can be ticked, by its heading; rules made over the API may name more."""
USUAL: Final = (*TOPICS["danger"][:4], *TOPICS["locks"], *TOPICS["access"])


@router.get(PLACE)
@needs(Scope.WEBHOOKS_WRITE)
async def notifications_page(request: Request, web: Web) -> Response:
    """All rules."""
    rules = [api.rule_out(each) for each in web.house.notifications.rules()]
    return render(request, "settings_notifications.html", rules=rules)


@router.get("/settings/notifications/add")
@needs(Scope.WEBHOOKS_WRITE)
async def add_page(request: Request, web: Web) -> Response:
    """Who, and of what."""
    return _form_page(request, web, None, None, None)


@router.get("/settings/notifications/{rule_id}")
@needs(Scope.WEBHOOKS_WRITE)
async def rule_page(rule_id: Id, request: Request, web: Web) -> Response:
    """One rule, and how the last one went."""
    return _form_page(request, web, rule_id, None, None)


def _form_page(
    request: Request, web: Context, rule_id: str | None, form: Fields | None, problem: Problem | None
) -> Response:
    rule = None if rule_id is None else api.rule_out(web.house.notifications.rule(rule_id))
    typed: dict[str, Any] = {"name": "", "kinds": list(USUAL), "quiet_from": "", "quiet_to": "", "is_local": False}
    typed |= {"door_ids": [], "person_ids": [], "unreachable_after_minutes": 15, "is_enabled": True}
    if rule is not None:
        typed = rule.model_dump()
    if form is not None:
        typed |= {name: form.text(name) for name in ("name", "quiet_from", "quiet_to", "unreachable_after_minutes")}
        typed |= {name: form.texts(name) for name in ("kinds", "door_ids", "person_ids")}
        typed |= {name: form.flag(name) for name in ("is_local", "is_enabled")}
    known = {each for group in TOPICS.values() for each in group}
    return render(
        request,
        "settings_notification.html",
        status=problem.status if problem else 200,
        problem=problem,
        rule=rule,
        typed=typed,
        topics=TOPICS,
        others=[each for each in typed["kinds"] if each not in known],
        doors=web.house.repository.doors(),
        persons=sorted(web.house.repository.persons(), key=lambda each: each.name.casefold()),
    )


def _settings(form: Fields) -> dict[str, Any]:
    return {
        "name": form.text("name"),
        "kinds": form.texts("kinds"),
        "door_ids": form.texts("door_ids"),
        "person_ids": form.texts("person_ids"),
        "quiet_from": form.text("quiet_from") or None,
        "quiet_to": form.text("quiet_to") or None,
        "unreachable_after_minutes": form.whole("unreachable_after_minutes", 15),
        "is_local": form.flag("is_local"),
    }


@router.post("/settings/notifications/add")
@needs(Scope.WEBHOOKS_WRITE)
async def add(request: Request, form: Form, web: Web, who: Who) -> Response:
    """Of what happens from now on."""
    try:
        body = checked(NewNotificationRule, url=form.text("url"), **_settings(form))
        added = await api.add_notification_rule(Response(), body, web, who)
    except (Problem, LatchworkError) as error:
        return _form_page(request, web, None, form, problem_of(error))
    return see(request, f"{PLACE}/{added.id}", said(request).say("notification.added"))


@router.post("/settings/notifications/{rule_id}")
@needs(Scope.WEBHOOKS_WRITE)
async def change(rule_id: Id, request: Request, form: Form, web: Web, who: Who) -> Response:
    """What waited for it is let go."""
    values = _settings(form) | {"is_enabled": form.flag("is_enabled")}
    if form.text("url"):
        values["url"] = form.text("url")
    try:
        body = checked(NotificationRuleChange, **values)
        await api.change_notification_rule(rule_id, Response(), body, web, who, form.text("etag") or None)
    except (Problem, LatchworkError) as error:
        return _form_page(request, web, rule_id, form, problem_of(error))
    return see(request, f"{PLACE}/{rule_id}", said(request).say("notification.saved"))


@router.post("/settings/notifications/{rule_id}/test")
@needs(Scope.WEBHOOKS_WRITE, quota="reveal")
async def send_test(rule_id: Id, request: Request, web: Web) -> Response:
    """Whether it was taken is said when it is known."""
    found = await api.test_notification_rule(rule_id, web)
    texts = said(request)
    line = texts.say("notification.refused", why=found.last_error) if found.last_error else ""
    return see(request, f"{PLACE}/{rule_id}", line or texts.say("notification.taken"), is_bad=bool(found.last_error))


@router.post("/settings/notifications/{rule_id}/remove")
@needs(Scope.WEBHOOKS_WRITE)
async def remove(rule_id: Id, request: Request, web: Web, who: Who) -> Response:
    """What waits is not sent."""
    await api.remove_notification_rule(rule_id, web, who)
    return see(request, PLACE, said(request).say("notification.removed"))
