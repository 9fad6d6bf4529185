"""Being told when sleeping devices wake: registering with them, and taking their Check-Ins (Core 4.22, 9.16).

Controller storey. A Check-In arrives outside of any session and is worth nothing until a registration's key opens it and its counter is
new; then the device is awake for a few seconds, and has no subscription of ours: what was lost is made anew at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, Protocol

from latchwork.base.errors import LatchworkError, Misuse, Unreachable
from latchwork.base.logs import Secret, log, logger
from latchwork.matter.discovery import OperationalService, host_name
from latchwork.matter.messages.check_in import CheckIn, CheckInError, CheckInKey, CheckInWindow
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.icd_management import (
    ClientTypeEnum,
    IcdManagement,
    RegisterClient,
    UnregisterClient,
)
from latchwork.matter.model.meta import Command
from latchwork.matter.tlv.schema import U8, U32, U64, Hidden, Len, Struct, Tag
from latchwork.matter.trust.fabric import Fabric
from latchwork.stack.mdns_contract import Discovery, Publication, Published
from latchwork.stack.runtime import Runtime
from latchwork.store.kv import Store

_log = logger(__name__)
_PREFIX: Final = "check-in/"
DEFAULT_THRESHOLD_S: Final = 0.3
"""How long a device that does not say stays awake: the least that ActiveModeThreshold is by default (Core 9.16.6.3)."""


class StillAsleep(Unreachable):
    """The device did not wake in time."""

    advice = "Wake it as its instructions say, for a lock by touching its keypad, or wait longer."


class StoredWatch(Struct):
    """A registration as stored."""

    node_id: Annotated[U64, Tag(1)]
    key: Annotated[bytes, Tag(2), Len(16), Hidden]
    start: Annotated[U32, Tag(3)]
    offset: Annotated[U32, Tag(4)]
    monitored_subject: Annotated[U64, Tag(5)]
    client_type: Annotated[U8, Tag(6)]


class Watched:
    """A device that we are registered with.

    Attributes:
        node_id: the device.
        key: what we share with it.
        window: which of its counters were seen.
        monitored_subject: whose subscription makes it silent.
        client_type: permanent or ephemeral.
    """

    __slots__ = ("_opener", "client_type", "key", "monitored_subject", "node_id", "window")

    def __init__(
        self, node_id: int, key: Secret, window: CheckInWindow, monitored_subject: int, client_type: ClientTypeEnum
    ) -> None:
        self.node_id = node_id
        self.key = key
        self.window = window
        self.monitored_subject = monitored_subject
        self.client_type = client_type
        self._opener = CheckInKey(key)

    def open(self, payload: bytes) -> CheckIn | None:
        """What the payload says, or None when it is not from this device."""
        try:
            return self._opener.open(payload)
        except CheckInError:
            return None

    def encode(self) -> bytes:
        """For the store."""
        return StoredWatch(
            node_id=self.node_id,
            key=bytes(self.key),
            start=self.window.start,
            offset=self.window.offset,
            monitored_subject=self.monitored_subject,
            client_type=int(self.client_type),
        ).encode()

    @classmethod
    def decode(cls, data: bytes) -> Watched:
        """From the store.

        Raises:
            TlvError: the octets are not what `encode` made.
        """
        stored = StoredWatch.decode(data)
        window = CheckInWindow(stored.start, stored.offset)
        kind = ClientTypeEnum(stored.client_type)
        return cls(stored.node_id, Secret(stored.key), window, stored.monitored_subject, kind)


class Sleeper(Protocol):
    """What is needed of a peer that may sleep."""

    node_id: int

    async def invoke(self, endpoint: int, command: Command, request: Struct | None = None) -> Any:
        """Invoke a command."""

    def is_at(self, address: object) -> bool:
        """Whether it was last heard from there."""

    def woke(self, seconds: float, *, has_lost_us: bool) -> None:
        """It is awake for so long; `has_lost_us`: it has no subscription of ours."""


class CheckInClient:
    """Our registrations with devices that sleep, and what they tell.

    Attributes:
        watched: the devices by node id.
        heard_count: Check-Ins that were taken; others are not.
    """

    def __init__(
        self,
        *,
        store: Store,
        fabric: Fabric,
        runtime: Runtime,
        discovery: Discovery,
        entropy: Callable[[int], bytes],
        peers: Mapping[int, Sleeper],
    ) -> None:
        self._store = store
        self._fabric = fabric
        self._runtime = runtime
        self._discovery = discovery
        self._entropy = entropy
        self._peers = peers
        self._published: Published | None = None
        self._publishing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.watched: dict[int, Watched] = {}
        self.heard_count = 0
        for key in store.keys(_PREFIX):
            value = store.get(key)
            if value is not None:
                watched = Watched.decode(value)
                self.watched[watched.node_id] = watched
        runtime.on_check_in = self.heard

    async def start(self) -> None:
        """Be found by the devices that we are registered with."""
        if self.watched:
            await self.announce()

    async def close(self) -> None:
        """Be found no more; registrations stay."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        published, self._published = self._published, None
        if published is not None:
            await published.withdraw()

    # --- registering

    async def register(
        self,
        peer: Sleeper,
        *,
        key: bytes | None = None,
        monitored_subject: int | None = None,
        client_type: ClientTypeEnum = ClientTypeEnum.PERMANENT,
    ) -> Watched:
        """Register with a device, or replace key and subject of the registration that is there.

        Args:
            peer: the device; it must be awake or wake in time, as for any request.
            key: 16 octets; by default nobody can guess them.
            monitored_subject: a node id or CASE authenticated tag whose subscription makes Check-Ins unnecessary; by default ours.
            client_type: ephemeral clients are not checked in with, but keep a device in long idle time operation.

        Raises:
            StatusError: the device refused: it has no ICD Management, or no room.
            LatchworkError: no answer.
        """
        await self.announce()
        own, before = self._fabric.node_id, self.watched.get(peer.node_id)
        secret = Secret(self._entropy(16) if key is None else key)
        subject = own if monitored_subject is None else monitored_subject
        response = await peer.invoke(
            0,
            IcdManagement.register_client,
            RegisterClient(
                check_in_node_id=own,
                monitored_subject=subject,
                key=bytes(secret),
                verification_key=None if before is None else bytes(before.key),
                client_type=client_type,
            ),
        )
        watched = Watched(peer.node_id, secret, CheckInWindow(response.icd_counter), subject, client_type)
        self.watched[peer.node_id] = watched
        self._save(watched)
        return watched

    async def unregister(self, peer: Sleeper) -> None:
        """End the registration on both sides.

        Raises:
            LatchworkError: the device refused or did not answer: ours stays, too.
        """
        known = self.watched.get(peer.node_id)
        request = UnregisterClient(
            check_in_node_id=self._fabric.node_id, verification_key=None if known is None else bytes(known.key)
        )
        try:
            await peer.invoke(0, IcdManagement.unregister_client, request)
        except StatusError as error:
            if error.status != Status.NOT_FOUND:
                raise
        self.forget(peer.node_id)

    def forget(self, node_id: int) -> None:
        """Forget a registration without telling the device."""
        if self.watched.pop(node_id, None) is not None:
            self._store.apply({_key(node_id): None})

    # --- being told

    def heard(self, payload: bytes, address: object) -> None:
        """Take a Check-In that arrived: from anybody until a key opens it."""
        for watched in self._in_order(address):
            told = watched.open(payload)
            if told is not None:
                self._take(watched, told)
                return
        log(_log, 10, "check_in.unknown", address=address)

    def _in_order(self, address: object) -> Iterator[Watched]:
        """The device that was last heard from that address first: with a thousand devices, the others are seldom tried."""
        others = []
        for node_id, watched in self.watched.items():
            peer = self._peers.get(node_id)
            if peer is not None and peer.is_at(address):
                yield watched
            else:
                others.append(watched)
        yield from others

    def _take(self, watched: Watched, told: CheckIn) -> None:
        if not watched.window.accept(told.counter):
            log(_log, 20, "check_in.repeated", node=watched.node_id)
            return
        # Stored before it has an effect: after a restart a repetition must not have it again.
        self._save(watched)
        self.heard_count += 1
        log(_log, 20, "check_in.heard", node=watched.node_id)
        peer = self._peers.get(watched.node_id)
        if peer is None:
            return
        threshold = told.active_threshold_ms
        seconds = DEFAULT_THRESHOLD_S if threshold is None else threshold / 1000
        peer.woke(seconds, has_lost_us=watched.monitored_subject == self._fabric.node_id)
        if watched.window.needs_new_key:
            task = asyncio.get_running_loop().create_task(self._refresh(peer, watched))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _refresh(self, peer: Sleeper, watched: Watched) -> None:
        """Half of the counters under this key are used up (Core 4.22.3.4.1)."""
        try:
            await self.register(peer, monitored_subject=watched.monitored_subject, client_type=watched.client_type)
        except LatchworkError as error:
            # The next Check-In asks for it again.
            log(_log, 30, "check_in.key_not_refreshed", node=watched.node_id, reason=error)

    def _save(self, watched: Watched) -> None:
        self._store.apply({_key(watched.node_id): watched.encode()})

    # --- being found

    async def announce(self) -> None:
        """Publish where our node is on its fabric: a device looks that up before it checks in."""
        async with self._publishing:
            if self._published is None:
                service = OperationalService(self._fabric.compressed_id, self._fabric.node_id)
                self._published = await self._discovery.publish(
                    Publication(
                        service.instance,
                        service.service_type,
                        self._runtime.port,
                        host_name(self._entropy(8)),
                        service.txt(),
                        service.subtypes,
                    )
                )


class Wakefulness:
    """What is known of whether one device is awake, and who waits for it.

    Attributes:
        until: it is awake until then at least, monotonic seconds.
    """

    __slots__ = ("_waiting", "until")

    def __init__(self) -> None:
        self.until = 0.0
        self._waiting: set[asyncio.Future[None]] = set()

    def woke(self, until: float) -> None:
        """It is: whoever waits goes on."""
        self.until = max(self.until, until)
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, timeout: float | None) -> None:  # noqa: ASYNC109 - the error says what was waited for
        """Wait until it wakes.

        Raises:
            StillAsleep: it did not within `timeout` seconds.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            raise StillAsleep(f"the device did not wake within {timeout:g} s") from None
        finally:
            self._waiting.discard(waiter)


def not_registered(node_id: int) -> Misuse:
    """The error of waiting for a device that will not tell us."""
    return Misuse(f"node {node_id:016X} was not asked to check in", advice="Call register_check_in() first.")


def _key(node_id: int) -> str:
    return f"{_PREFIX}{node_id:016X}"
