"""Webhooks: where events are sent, signed, in order for each door, and again when it fails.

Layer web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

from latchwork.hub.journal.entries import Kind
from latchwork.web import webhook_rows
from latchwork.web.api.shapes import Body, Id, ListOf, Text
from latchwork.web.context import Web, Who
from latchwork.web.posting import check_url
from latchwork.web.problems import Problem, invalid
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import CursorText, Limit, Time, check_match, etag, from_cursor, to_cursor
from latchwork.web.webhook_rows import Delivery, Webhook

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], route_class=GuardedRoute)
IfMatch = Annotated[str | None, Header(description="The ETag that was read.")]
Url = Annotated[str, Field(min_length=8, max_length=2000)]
Kinds = Annotated[list[Kind], Field(max_length=len(Kind), description="Of journal entries; none named is all.")]


class WebhookOut(BaseModel):
    """Where events are sent."""

    id: str
    url: str
    name: str
    kinds: list[Kind]
    is_local: bool
    is_enabled: bool
    why_disabled: str
    failing_since: Time | None
    created_at: Time
    version: int


class CreatedWebhookOut(WebhookOut):
    """A new webhook, with its signing secret for the only time."""

    secret: str


class DeliveryOut(BaseModel):
    """One entry of the journal on its way."""

    id: str
    seq: int
    door_id: str | None
    state: str
    attempts: int
    next_at: Time | None
    status: int | None
    trouble: str


class NewWebhook(Body):
    """Where to send what. Only who may change accounts can allow addresses inside the home's network."""

    url: Url
    name: Text = ""
    kinds: Kinds = Field(default_factory=list)
    is_local: bool = False


class WebhookChange(Body):
    """What becomes another; what is left out stays."""

    url: Url | None = None
    name: Text | None = None
    kinds: Kinds | None = None
    is_local: bool | None = None
    is_enabled: bool | None = None


def webhook_out(webhook: Webhook) -> WebhookOut:
    """The webhook without its secret."""
    return WebhookOut(
        id=webhook.id,
        url=webhook.url,
        name=webhook.name,
        kinds=sorted(webhook.kinds),
        is_local=webhook.is_local,
        is_enabled=webhook.is_enabled,
        why_disabled=webhook.why_disabled,
        failing_since=webhook.failing_since,
        created_at=webhook.created_at,
        version=webhook.version,
    )


@router.get("", summary="Webhooks")
@needs(Scope.WEBHOOKS_WRITE)
async def list_webhooks(web: Web) -> ListOf[WebhookOut]:
    """Oldest first."""
    return ListOf(data=[webhook_out(each) for each in web.database.read(webhook_rows.list_webhooks)])


@router.post("", status_code=201, summary="Make a webhook")
@needs(Scope.WEBHOOKS_WRITE)
async def add_webhook(response: Response, body: NewWebhook, web: Web, who: Who) -> CreatedWebhookOut:
    """Sends what the journal gains from now on. The signing secret is in this answer and nowhere else."""
    if body.is_local:
        who.check(Scope.ACCOUNTS_WRITE)
    check_url(body.url, is_local=body.is_local)
    if len(web.database.read(webhook_rows.list_webhooks)) >= webhook_rows.MAX_WEBHOOKS:
        raise Problem(409, "too_many", "There are too many", "Remove one that is not used any more.")
    now = web.clock.utc()
    webhook_id = web.house.desk.new_id("webhook")
    secret, sealed = web.webhooks.new_secret(webhook_id)
    webhook = Webhook(
        id=webhook_id,
        url=body.url,
        name=body.name,
        kinds=frozenset(body.kinds),
        sealed=sealed,
        is_local=body.is_local,
        created_at=now,
        seq=web.house.journal.head().seq,
    )
    kept = await web.change(
        who,
        "webhook_added",
        lambda to: webhook_rows.put_webhook(to, webhook),
        {"webhook": webhook.id, "name": webhook.name},
    )
    web.webhooks.wake()
    response.headers["location"] = f"{web.settings.root_path}/api/v1/webhooks/{kept.id}"
    response.headers["etag"] = etag(kept.version)
    return CreatedWebhookOut(**webhook_out(kept).model_dump(), secret=secret)


@router.get("/{webhook_id}", summary="One webhook")
@needs(Scope.WEBHOOKS_WRITE)
async def read_webhook(webhook_id: Id, response: Response, web: Web) -> WebhookOut:
    """Never with its secret."""
    webhook = web.database.read(lambda connection: webhook_rows.get_webhook(connection, webhook_id))
    response.headers["etag"] = etag(webhook.version)
    return webhook_out(webhook)


@router.patch("/{webhook_id}", summary="Change a webhook")
@needs(Scope.WEBHOOKS_WRITE)
async def change_webhook(
    webhook_id: Id, response: Response, body: WebhookChange, web: Web, who: Who, if_match: IfMatch = None
) -> WebhookOut:
    """Enabling it again sends what waits."""
    webhook = web.database.read(lambda connection: webhook_rows.get_webhook(connection, webhook_id))
    check_match(if_match, webhook.version)
    changes = body.model_dump(exclude_none=True)
    if "kinds" in changes:
        changes["kinds"] = frozenset(changes["kinds"])
    changed = replace(webhook, **changes)
    if changed.is_local and (changed.is_local, changed.url) != (webhook.is_local, webhook.url):
        who.check(Scope.ACCOUNTS_WRITE)
    check_url(changed.url, is_local=changed.is_local)
    if changes.get("is_enabled"):
        changed = replace(changed, why_disabled="", failing_since=None)
    what = ", ".join(sorted(changes))
    kept = await web.change(
        who, "webhook_changed", lambda to: webhook_rows.put_webhook(to, changed), {"webhook": webhook_id, "what": what}
    )
    web.webhooks.wake()
    response.headers["etag"] = etag(kept.version)
    return webhook_out(kept)


@router.delete("/{webhook_id}", status_code=204, summary="Remove a webhook")
@needs(Scope.WEBHOOKS_WRITE)
async def remove_webhook(webhook_id: Id, web: Web, who: Who) -> None:
    """What waits is not sent."""
    await web.change(
        who, "webhook_removed", lambda to: webhook_rows.remove_webhook(to, webhook_id), {"webhook": webhook_id}
    )


@router.get("/{webhook_id}/deliveries", summary="What was sent")
@needs(Scope.WEBHOOKS_WRITE)
async def list_deliveries(
    webhook_id: Id, web: Web, limit: Limit = 50, cursor: CursorText = None
) -> ListOf[DeliveryOut]:
    """Newest first, for thirty days."""
    web.database.read(lambda connection: webhook_rows.get_webhook(connection, webhook_id))
    before = from_cursor(cursor, int)[0] if cursor is not None else 1 << 62
    if not 0 <= before <= 1 << 62:
        raise invalid("/query/cursor", "this cursor is none of ours")
    found = web.database.read(
        lambda connection: webhook_rows.list_deliveries(connection, webhook_id, before, limit + 1)
    )
    following = to_cursor(found[limit - 1].seq) if len(found) > limit else None
    return ListOf(data=[_delivery_out(each) for each in found[:limit]], next_cursor=following)


@router.post("/{webhook_id}/deliveries/{seq}/again", status_code=202, summary="Send once more")
@needs(Scope.WEBHOOKS_WRITE)
async def send_again(webhook_id: Id, seq: Annotated[int, Field(ge=1, le=1 << 62)], web: Web, who: Who) -> DeliveryOut:
    """With the same id: receivers know that it is the same event."""
    now = web.clock.utc()
    delivery = await web.change(
        who,
        "webhook_sent_again",
        lambda to: webhook_rows.try_again(to, webhook_id, seq, now),
        {"webhook": webhook_id, "seq": seq},
    )
    web.webhooks.wake()
    return _delivery_out(delivery)


def _delivery_out(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=f"evt_{delivery.seq}",
        seq=delivery.seq,
        door_id=delivery.lane or None,
        state=delivery.state,
        attempts=delivery.attempts,
        next_at=delivery.next_at if delivery.state == "waiting" else None,
        status=delivery.status,
        trouble=delivery.trouble,
    )
