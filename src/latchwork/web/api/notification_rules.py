"""Rules of notifications: who is told of what. An address goes in and never comes out.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field, StringConstraints

from latchwork.hub.journal.entries import Kind
from latchwork.hub.notify.rules import Rule, Topic
from latchwork.web.api.shapes import Body, Id, ListOf, Name, WallTime
from latchwork.web.api.walls import from_wall, to_wall
from latchwork.web.context import Web, Who
from latchwork.web.problems import invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time, check_match, etag

router = APIRouter(prefix="/api/v1/notification_rules", tags=["notifications"], route_class=GuardedRoute)
IfMatch = Annotated[str | None, Header(description="The ETag that was read.")]
Address = Annotated[
    str,
    StringConstraints(min_length=5, max_length=2000),
    Field(
        description="Apprise's address of a service, such as tgram://… or mailto://…. It is kept sealed and never answered.",
        json_schema_extra={"writeOnly": True},
    ),
]
Kinds = Annotated[
    list[Kind | Topic], Field(min_length=1, max_length=100, description="Of journal entries, and what lasts.")
]
Ids = Annotated[list[Id], Field(max_length=200)]
Minutes = Annotated[int, Field(ge=1, le=10_080)]


class NotificationRuleOut(BaseModel):
    """Who is told of what, with how sending goes."""

    id: str
    name: str
    service: Annotated[str, Field(description="The scheme of its address: all of it that is ever shown.")]
    kinds: list[str]
    door_ids: Annotated[list[str], Field(description="None named is all.")]
    person_ids: Annotated[list[str], Field(description="None named is all.")]
    quiet_from: WallTime | None
    quiet_to: WallTime | None
    unreachable_after_minutes: int
    is_local: bool
    is_enabled: bool
    last_ok: Time | None
    last_error: Annotated[str, Field(description="Why the last one was not sent, or empty.")]
    failed_at: Time | None
    created_at: Time
    version: int


class NewNotificationRule(Body):
    """Who is to be told of what. Only who may change accounts can allow addresses inside the home's network."""

    name: Name
    url: Address
    kinds: Kinds
    door_ids: Ids = Field(default_factory=list)
    person_ids: Ids = Field(default_factory=list)
    quiet_from: WallTime | None = None
    quiet_to: WallTime | None = None
    unreachable_after_minutes: Minutes = 15
    is_local: bool = False


class NotificationRuleChange(Body):
    """What becomes another; what is left out stays. Null for both quiet times is never quiet."""

    name: Name | None = None
    url: Address | None = None
    kinds: Kinds | None = None
    door_ids: Ids | None = None
    person_ids: Ids | None = None
    quiet_from: WallTime | None = None
    quiet_to: WallTime | None = None
    unreachable_after_minutes: Minutes | None = None
    is_local: bool | None = None
    is_enabled: bool | None = None


def rule_out(rule: Rule) -> NotificationRuleOut:
    """The rule without its address."""
    return NotificationRuleOut(
        id=rule.id,
        name=rule.name,
        service=rule.scheme,
        kinds=sorted(rule.topics),
        door_ids=list(rule.door_ids),
        person_ids=list(rule.person_ids),
        quiet_from=None if rule.quiet_from is None else to_wall(rule.quiet_from),
        quiet_to=None if rule.quiet_to is None else to_wall(rule.quiet_to),
        unreachable_after_minutes=int(rule.unreachable_after_s // 60),
        is_local=rule.is_local,
        is_enabled=rule.is_enabled,
        last_ok=rule.last_ok,
        last_error=rule.last_error,
        failed_at=rule.failed_at,
        created_at=rule.created_at,
        version=rule.version,
    )


@router.get("", summary="Rules of notifications")
@needs(Scope.WEBHOOKS_WRITE)
async def list_notification_rules(web: Web) -> ListOf[NotificationRuleOut]:
    """Oldest first."""
    return ListOf(data=[rule_out(each) for each in web.house.notifications.rules()])


@router.post("", status_code=201, summary="Have somebody told")
@needs(Scope.WEBHOOKS_WRITE)
async def add_notification_rule(
    response: Response, body: NewNotificationRule, web: Web, who: Who
) -> NotificationRuleOut:
    """Of what happens from now on."""
    if body.is_local:
        who.check(Scope.ACCOUNTS_WRITE)
    rule = _checked(Rule(id="", **_settings(body)))
    kept = await web.house.notifications.add(rule, body.url, actor=who.actor)
    response.headers["etag"] = etag(kept.version)
    return rule_out(kept)


@router.patch("/{rule_id}", summary="Change a rule of notifications")
@needs(Scope.WEBHOOKS_WRITE)
async def change_notification_rule(
    rule_id: Id, response: Response, body: NotificationRuleChange, web: Web, who: Who, if_match: IfMatch = None
) -> NotificationRuleOut:
    """What waited for it is let go."""
    before = web.house.notifications.rule(rule_id)
    check_match(if_match, before.version)
    changed = _checked(replace(before, **_settings(body)))
    if changed.is_local and (not before.is_local or body.url is not None):
        who.check(Scope.ACCOUNTS_WRITE)
    kept = await web.house.notifications.change(changed, body.url, actor=who.actor)
    response.headers["etag"] = etag(kept.version)
    return rule_out(kept)


@router.delete("/{rule_id}", status_code=204, summary="Remove a rule of notifications")
@needs(Scope.WEBHOOKS_WRITE)
async def remove_notification_rule(rule_id: Id, web: Web, who: Who) -> None:
    """What waits is not sent."""
    await web.house.notifications.remove(rule_id, actor=who.actor)


@router.post("/{rule_id}/test", summary="Send a test")
@needs(Scope.WEBHOOKS_WRITE, quota="reveal")
async def test_notification_rule(rule_id: Id, web: Web) -> NotificationRuleOut:
    """Answers when it was taken, or was not: `last_error` says why."""
    return rule_out(await web.house.notifications.test(rule_id))


def _settings(body: NewNotificationRule | NotificationRuleChange) -> dict[str, Any]:
    settings: dict[str, Any] = body.model_dump(
        exclude_unset=isinstance(body, NotificationRuleChange), exclude={"url", "kinds", "unreachable_after_minutes"}
    )
    quiet = {name: settings.pop(name) for name in ("quiet_from", "quiet_to") if name in settings}
    settings = {name: value for name, value in settings.items() if value is not None}
    settings |= {name: None if value is None else from_wall(value) for name, value in quiet.items()}
    settings |= {name: tuple(settings[name]) for name in ("door_ids", "person_ids") if name in settings}
    if body.kinds is not None:
        settings["topics"] = frozenset(each.value for each in body.kinds)
    if body.unreachable_after_minutes is not None:
        settings["unreachable_after_s"] = body.unreachable_after_minutes * 60.0
    return settings


def _checked(rule: Rule) -> Rule:
    if (rule.quiet_from is None) is not (rule.quiet_to is None):
        raise invalid("/body/quiet_to", "quiet hours have a begin and an end")
    return rule
