"""Reports that devices send on exchanges of their own find their subscription here.

Controller storey.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, Protocol

from latchwork.base.logs import log, logger
from latchwork.controller.requests import SUCCESS
from latchwork.matter.interaction.client import ReportCollector
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.tlv.elements import TlvError
from latchwork.stack.runtime import Exchange, Message

_log = logger(__name__)
_INVALID_SUBSCRIPTION: Final = StatusResponseMessage(status=Status.INVALID_SUBSCRIPTION).encode()
_INVALID_ACTION: Final = StatusResponseMessage(status=Status.INVALID_ACTION).encode()
MAX_EARLY: Final = 16
"""Reports kept that overtook the answer which names their subscription."""


class Subscriber(Protocol):
    """Who wants the reports of one subscription."""

    id: int

    def take(self, report: ReportCollector) -> None:
        """A report is complete."""


class ReportRouter:
    """Takes reports in, answers them and hands them on."""

    def __init__(self) -> None:
        self._subscriptions: dict[tuple[int, int], Subscriber] = {}
        self._expecting: Counter[int] = Counter()
        self._early: dict[tuple[int, int], list[ReportCollector]] = {}

    @contextmanager
    def expecting(self, node_id: int) -> Iterator[None]:
        """While a subscription to this node is being made, reports of unknown ones may be its first."""
        self._expecting[node_id] += 1
        try:
            yield
        finally:
            self._expecting[node_id] -= 1
            if not self._expecting[node_id]:
                del self._expecting[node_id]
                for key in [key for key in self._early if key[0] == node_id]:
                    del self._early[key]

    def register(self, node_id: int, subscription: Subscriber) -> None:
        """Reports with the subscription's id go to it from now on."""
        key = (node_id, subscription.id)
        self._subscriptions[key] = subscription
        for report in self._early.pop(key, ()):
            subscription.take(report)

    def unregister(self, node_id: int, subscription: Subscriber) -> None:
        """The subscription is over or has to be made anew."""
        key = (node_id, subscription.id)
        if self._subscriptions.get(key) is subscription:
            del self._subscriptions[key]

    def on_request(self, exchange: Exchange, message: Message) -> None:
        """A device opened an exchange."""
        if message.protocol_id != 1 or message.opcode != Opcode.REPORT_DATA:
            exchange.send(Opcode.STATUS_RESPONSE, _INVALID_ACTION, final=True)
            return
        collector = ReportCollector(CLUSTERS)
        exchange.on_message = partial(self._part, exchange, collector)
        self._part(exchange, collector, message)

    def _part(self, exchange: Exchange, collector: ReportCollector, message: Message) -> None:
        try:
            more = collector.add(message.payload)
        except TlvError as error:
            log(_log, 30, "report malformed", reason=error)
            exchange.send(Opcode.STATUS_RESPONSE, _INVALID_ACTION, final=True)
            return
        session: Any = exchange.session
        key = (session.peer_node_id, collector.subscription_id or 0)
        subscription = self._subscriptions.get(key)
        if subscription is None and not self._expecting.get(key[0]):
            exchange.send(Opcode.STATUS_RESPONSE, _INVALID_SUBSCRIPTION, final=True)
        elif more:
            exchange.send(Opcode.STATUS_RESPONSE, SUCCESS)
        else:
            if collector.suppress_response:
                exchange.finish()
            else:
                exchange.send(Opcode.STATUS_RESPONSE, SUCCESS, final=True)
            if subscription is not None:
                subscription.take(collector)
            elif sum(map(len, self._early.values())) < MAX_EARLY:
                self._early.setdefault(key, []).append(collector)
