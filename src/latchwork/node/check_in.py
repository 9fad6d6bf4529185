"""Checking in: whom a node tells that it woke, and how the message gets there (Core 9.15.1, 4.22).

Stands in node, on stack. A client that has a subscription hears of the node anyway; the others get one message at each wake, rarer and
rarer while they do not react.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import log, logger
from latchwork.matter.discovery import OperationalService
from latchwork.matter.interaction.subscriptions import Phase
from latchwork.matter.model.clusters.icd_management import ClientTypeEnum
from latchwork.matter.trust.access import Subject, is_cat_subject
from latchwork.node.icd import IcdConfig
from latchwork.node.registrations import Registration, Registrations
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.runtime import Runtime
from latchwork.stack.udp import udp_address

if TYPE_CHECKING:
    from latchwork.node.node import Node

_LOG = logger(__name__)
RESOLVE_TIMEOUT_S = 5.0
"""How long a client's address is looked for: the node stays awake meanwhile."""


class CheckIns:
    """Tells registered clients that the node woke.

    Attributes:
        registrations: who they are.
    """

    __slots__ = ("_config", "_discovery", "_node", "_runtime", "_tasks", "registrations")

    def __init__(self, node: Node, config: IcdConfig, registrations: Registrations) -> None:
        self._node = node
        self._config = config
        self.registrations = registrations
        self._runtime: Runtime | None = None
        self._discovery: Discovery | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a message is still on its way out."""
        return bool(self._tasks)

    def start(self, runtime: Runtime, discovery: Discovery | None) -> None:
        """Send on this network from now on."""
        self._runtime, self._discovery = runtime, discovery

    async def stop(self) -> None:
        """Send no more."""
        self._runtime = self._discovery = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def would_send(self) -> bool:
        """Whether a wake would tell somebody."""
        return any(
            registration.client_type == ClientTypeEnum.PERMANENT and not self._is_covered(index, registration)
            for index, registration in self.registrations
        )

    def forget_backoff(self) -> None:
        """A person woke the node: everybody is told again (Core 9.16.6.10)."""
        for _, registration in self.registrations:
            registration.answered()

    def awake(self) -> None:
        """The node woke: tell who is to be told."""
        if self._runtime is None:
            return
        most_skips = self._config.backoff_s // self._config.idle_s - 1
        counter: int | None = None
        # The counter is in the store when the turn is over; a task begins later than that.
        with self._node.turn():
            for index, registration in self.registrations:
                if self._is_covered(index, registration):
                    registration.answered()
                elif registration.client_type == ClientTypeEnum.PERMANENT and registration.is_due():
                    registration.told(most_skips)
                    # One count for all of a wake: every client has a key of its own.
                    counter = self.registrations.next_counter() if counter is None else counter
                    self._spawn(index, registration, counter)

    def _is_covered(self, index: int, registration: Registration) -> bool:
        return any(
            subscription.phase in {Phase.ACTIVE, Phase.REPORTING}
            and subscription.context.subject.fabric_index == index
            and names(registration.monitored_subject, subscription.context.subject)
            for subscription in self._node.server.subscriptions
        )

    def _spawn(self, index: int, registration: Registration, counter: int) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(index, registration, counter))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, index: int, registration: Registration, counter: int) -> None:
        payload = registration.seal(counter, self._config.threshold_ms)
        known = self._known_address(index, registration)
        if known is not None:
            self._send(index, registration, payload, known)
        found = await self._resolve(index, registration)
        # It may have moved since. A message that arrives twice is noticed by its counter.
        if found is not None and found != known:
            self._send(index, registration, payload, found)

    def _send(self, index: int, registration: Registration, payload: bytes, address: object) -> None:
        # Looking for the address took a while: perhaps the client subscribed or was removed meanwhile.
        if (
            self._runtime is not None
            and self.registrations.find(index, registration.node_id) is registration
            and not self._is_covered(index, registration)
        ):
            log(_LOG, 10, "check_in.sent", fabric=index, node=registration.node_id)
            self._runtime.send_check_in(payload, address)

    def _known_address(self, index: int, registration: Registration) -> object:
        assert self._runtime is not None
        for session in self._runtime.engine.fabric_sessions(index):
            if session.peer_node_id == registration.node_id and not session.is_stream:
                return session.address
        return registration.address

    async def _resolve(self, index: int, registration: Registration) -> object:
        fabric = next((fabric for fabric in self._node.fabrics if fabric.index == index), None)
        if self._discovery is None or fabric is None:
            return None
        service = OperationalService(fabric.compressed_id, registration.node_id)
        try:
            record = await self._discovery.resolve(service.instance, service.service_type, timeout=RESOLVE_TIMEOUT_S)
            return None if record is None else udp_address(record.addresses[0], record.port)
        except LatchworkError as error:
            log(_LOG, 20, "check_in.unresolved", fabric=index, node=registration.node_id, reason=error)
            return None


def names(monitored: int, subject: Subject) -> bool:
    """Whether a monitored subject means this one: its node id, or a tag that it has in at least that version (Core 9.16.5.3.2)."""
    if not is_cat_subject(monitored):
        return monitored == subject.node_id
    wanted = monitored & 0xFFFF_FFFF
    return any(cat >> 16 == wanted >> 16 and cat & 0xFFFF >= wanted & 0xFFFF for cat in subject.cats)
