"""A subscription that keeps itself alive (Core 8.5).

Controller storey. It notices silence: a device promises a report at least every `max_interval` seconds, and when none comes, the
subscription is made anew, events from the next number on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final, Protocol

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.controller.requests import SUCCESS, Entry, Query, Requests, collect, expect
from latchwork.controller.router import ReportRouter
from latchwork.matter.interaction.client import AttributeQuery, EventQuery, ReportCollector, subscribe_request
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.messages.interaction import Opcode, SubscribeResponseMessage
from latchwork.stack.runtime import Session

_log = logger(__name__)
OnReport = Callable[[list[Entry]], None]
MARGIN: Final = 5.0
"""Seconds beyond the promised interval before silence counts: a report may be repeated several times on its way."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0


class Node(Protocol):
    """What a subscription needs of the node that it watches."""

    node_id: int
    subscriptions: set[Any]

    @property
    def router(self) -> ReportRouter:
        """Where reports arrive."""

    async def call(self, work: Callable[[Requests], Awaitable[None]]) -> None:
        """Do something in a session with the node."""

    def heard(self) -> None:
        """A report came from the node: it is awake."""


class State(StrEnum):
    """How a subscription stands."""

    STARTING = "starting"
    LIVE = "live"
    RESUMING = "resuming"
    CLOSED = "closed"


class Subscription:
    """One subscription to one peer.

    Attributes:
        id: the device's number for it; another one after each resumption.
        max_interval: seconds between reports that the device promised.
        state: how it stands.
        resumptions: how often it had to be made anew.
    """

    def __init__(
        self,
        peer: Node,
        queries: tuple[Query, ...],
        *,
        on_report: OnReport,
        min_s: int,
        max_s: int,
        keep: bool,
        fabric_filtered: bool,
    ) -> None:
        self._node = peer
        self._attributes = [query for query in queries if isinstance(query, AttributeQuery)]
        self._events = [query for query in queries if isinstance(query, EventQuery)]
        self._on_report = on_report
        self._min_s, self._max_s = min_s, max_s
        self._keep, self._fabric_filtered = keep, fabric_filtered
        self._next_event: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._nudge = asyncio.Event()
        self._session: Session | None = None
        self.id = 0
        self.max_interval = 0
        self.state = State.STARTING
        self.resumptions = 0

    async def start(self) -> None:
        """Subscribe for the first time.

        Raises:
            LatchworkError: the device refused or did not answer.
        """
        try:
            await self._node.call(self._establish)
        except BaseException:
            await self.close()
            raise

    async def _establish(self, requests: Requests) -> None:
        payload = subscribe_request(
            self._attributes,
            self._events,
            min_interval=self._min_s,
            max_interval=self._max_s,
            keep_subscriptions=self._keep,
            fabric_filtered=self._fabric_filtered,
            event_min=self._next_event,
        )
        exchange = requests.open()
        router = self._node.router
        with router.expecting(self._node.node_id):
            try:
                first = await exchange.request(Opcode.SUBSCRIBE_REQUEST, payload, timeout=requests.timeout)
                report = await collect(exchange, first, requests.timeout)
                answer = await exchange.request(Opcode.STATUS_RESPONSE, SUCCESS, timeout=requests.timeout)
                response = SubscribeResponseMessage.decode(expect(answer, Opcode.SUBSCRIBE_RESPONSE))
            finally:
                exchange.finish()
            self.id, self.max_interval = response.subscription_id, response.max_interval
            self.state, self._session = State.LIVE, requests.session
            self.take(report)
            router.register(self._node.node_id, self)

    def take(self, report: ReportCollector) -> None:
        """A report of this subscription is complete."""
        self._alive()
        self._node.heard()
        entries: list[Entry] = [*report.attributes, *report.statuses, *report.events, *report.event_statuses]
        for event in report.events:
            self._seen(event)
        if entries:
            self._on_report(entries)

    def _seen(self, event: EventValue) -> None:
        if self._next_event is None or event.number >= self._next_event:
            self._next_event = event.number + 1

    def _alive(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self.state is not State.CLOSED:
            loop = asyncio.get_running_loop()
            self._watch = loop.call_later(self.max_interval + MARGIN, self.lost, "silence")

    def lost(self, reason: object) -> None:
        """The device no longer reports: make the subscription anew."""
        if self.state is not State.LIVE:
            return
        log(_log, 20, "subscription lost", node=self._node.node_id, subscription=self.id, reason=reason)
        self._forget()
        self.state = State.RESUMING
        self._task = asyncio.create_task(self._resume())

    def session_lost(self, session: Session) -> None:
        """The device does not answer in this session any more: a subscription that was made in it is gone with it (Core 8.5)."""
        if self._session is session:
            self.lost("its session is lost")

    async def _resume(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._node.call(self._establish)
            except LatchworkError as error:
                log(_log, 20, "subscription not resumed", node=self._node.node_id, reason=error, again_in=pause)
                await self._rest(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self.resumptions += 1
                return

    async def _rest(self, seconds: float) -> None:
        self._nudge.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudge.wait()

    def node_woke(self) -> None:
        """The device is awake and has no subscription of ours: make this one anew now."""
        self._nudge.set()
        self.lost("the device checked in")

    def _forget(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._node.router.unregister(self._node.node_id, self)

    async def close(self) -> None:
        """Stop; the device learns it when its next report is refused."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self._forget()
        self._node.subscriptions.discard(self)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
