"""Sending what the journal gains to those who want it: signed, in order for each door, and again when it fails.

Layer web; asyncio. One task follows the journal; each webhook has a task of its own, so that a dead receiver holds up nobody else.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from logging import ERROR, WARNING
from typing import Any, Final

from latchwork.base.clock import Clock
from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.hub.addresses import AddressRefused
from latchwork.hub.journal.entries import Entry
from latchwork.hub.journal.journal import Journal
from latchwork.store.database import Database
from latchwork.store.sealed import Seal
from latchwork.web import webhook_rows
from latchwork.web.entries import entry_json
from latchwork.web.posting import HttpPoster, NotDelivered, Poster
from latchwork.web.signing import headers_for, key_of, new_secret
from latchwork.web.stamps import to_text
from latchwork.web.webhook_rows import Delivery, Webhook

GIVE_UP_S: Final = 3 * 86_400.0
"""Seconds for which a delivery is tried."""
DISABLE_S: Final = 5 * 86_400.0
"""Seconds of nothing but failures after which a webhook is switched off."""
_DELAYS_S: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0)
_TAKEN_AT_ONCE: Final = 200
_IDLE_S: Final = 60.0
_TIDY_S: Final = 3600.0
_LOG = logger(__name__)


class Webhooks:
    """The webhooks of a hub.

    Args:
        database: where they are kept.
        journal: what is sent.
        key: 32 octets that are not in the database.
        clock: tells when to try again.
        entropy: octets nobody can guess.
        poster: sends.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        key: bytes,
        clock: Clock,
        entropy: Callable[[int], bytes],
        poster: Poster | None = None,
    ) -> None:
        self._database = database
        self._journal = journal
        self._seal = Seal(blake2b(b"webhook", key=key, digest_size=32).digest(), entropy)
        self._clock = clock
        self._entropy = entropy
        self.poster: Poster = poster or HttpPoster()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._tidy_at = 0.0

    def start(self) -> None:
        """Begin sending."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="webhooks")

    def wake(self) -> None:
        """The journal has grown, or a webhook was changed."""
        self._news.set()

    async def close(self) -> None:
        """Stop sending; what waits is sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def new_secret(self, webhook_id: str) -> tuple[str, bytes]:
        """A signing secret: as text, to be shown once, and sealed, to be kept."""
        text = new_secret(self._entropy)
        return text, self._seal.seal(webhook_id, text.encode())

    async def step(self) -> float:
        """Take what is new and try what is due, once; returns seconds until something will be due."""
        webhooks = [each for each in self._database.read(webhook_rows.list_webhooks) if each.is_enabled]
        for webhook in webhooks:
            await self._take(webhook)
        waits = await asyncio.gather(*(self._deliver(webhook.id) for webhook in webhooks))
        return min(waits, default=_IDLE_S)

    async def _run(self) -> None:
        while True:
            self._news.clear()
            try:
                wait = await self.step()
                if self._clock.monotonic() >= self._tidy_at:
                    self._tidy_at = self._clock.monotonic() + _TIDY_S
                    await self._database.write(partial(webhook_rows.forget_old, now=self._clock.utc()))
            except LatchworkError as error:
                log(_LOG, ERROR, "webhooks_failed", error=type(error).__name__)
                wait = _IDLE_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), max(0.05, min(wait, _IDLE_S)))

    async def _take(self, webhook: Webhook) -> None:
        seq = webhook.seq
        while entries := await self._journal.since(seq, _TAKEN_AT_ONCE):
            taking = partial(webhook_rows.take_entries, webhook_id=webhook.id, entries=entries, now=self._clock.utc())
            await self._database.write(taking)
            seq = entries[-1].seq

    async def _deliver(self, webhook_id: str) -> float:
        """Sends until nothing is due; returns seconds until something is."""
        while True:
            heads = self._database.read(lambda connection: webhook_rows.lane_heads(connection, webhook_id))
            now = self._clock.utc()
            due = [each for each in heads if each.next_at <= now]
            if not due:
                return min((each.next_at - now for each in heads), default=_IDLE_S)
            for delivery in due:
                if not await self._attempt(delivery):
                    return _IDLE_S

    async def _attempt(self, delivery: Delivery) -> bool:
        """Tries once; False when the webhook is gone or switched off."""
        try:
            webhook = self._database.read(lambda connection: webhook_rows.get_webhook(connection, delivery.webhook_id))
        except LatchworkError:
            return False
        if not webhook.is_enabled:
            return False
        found = await self._journal.since(delivery.seq - 1, 1)
        if not found or found[0].seq != delivery.seq:
            await self._settle(webhook, replace(delivery, state="given_up", trouble="retention removed the entry"))
            return True
        status, trouble = await self._post(webhook, found[0])
        attempts, now = delivery.attempts + 1, self._clock.utc()
        tried = replace(delivery, attempts=attempts, status=status, trouble=trouble)
        if status is not None and 200 <= status < 300:
            await self._settle(webhook, replace(tried, state="delivered"))
        elif status == 410 or now - delivery.first_at >= GIVE_UP_S:
            await self._settle(webhook, replace(tried, state="given_up"))
        else:
            wait = _DELAYS_S[min(attempts, len(_DELAYS_S)) - 1] * (0.9 + self._entropy(1)[0] / 1275)
            await self._settle(webhook, replace(tried, next_at=now + wait))
        return status != 410

    async def _post(self, webhook: Webhook, entry: Entry) -> tuple[int | None, str]:
        body = message_of(entry)
        try:
            key = key_of(bytes(self._seal.open(webhook.id, webhook.sealed)).decode())
            headers = headers_for(key, f"evt_{entry.seq}", self._clock.utc(), body)
            headers |= {"content-type": "application/json", "user-agent": "Latchwork"}
            status = await self.poster.post(webhook.url, headers, body, is_local=webhook.is_local)
        except (NotDelivered, AddressRefused) as error:
            return None, str(error)[:300]
        return status, "" if 200 <= status < 300 else f"the answer was {status}"

    async def _settle(self, webhook: Webhook, delivery: Delivery) -> None:
        now = self._clock.utc()
        failing_since = None if delivery.state == "delivered" else webhook.failing_since or now
        why = ""
        if delivery.status == 410:
            why = "The receiver says that it is gone for good."
        elif failing_since is not None and now - failing_since >= DISABLE_S:
            why = "Nothing was delivered for five days."
        if why:
            log(_LOG, WARNING, "webhook_disabled", webhook=webhook.id)
        await self._database.write(lambda connection: webhook_rows.settle(connection, delivery, failing_since, why))


def message_of(entry: Entry) -> bytes:
    """A message's body: type, time and the entry."""
    message: dict[str, Any] = {
        "type": f"journal.{entry.kind.value}",
        "timestamp": to_text(entry.at),
        "data": entry_json(entry),
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
