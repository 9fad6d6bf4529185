"""One node of our fabric: where it is, a session with it, and what can be asked of it.

Controller storey. A peer connects when something is asked and reconnects when its session turns out to be dead. A request is repeated
on a new session only where nothing can have been done by the first: reads, and timed interactions that the device had not begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated, Any, Final, Protocol, TypeVar

from latchwork.base.errors import LatchworkError, Unreachable, Unsupported
from latchwork.base.logs import log, logger
from latchwork.controller.check_in import CheckInClient, Wakefulness, not_registered
from latchwork.controller.requests import Answer, Entry, Query, Requests, WindowMissed
from latchwork.controller.router import ReportRouter
from latchwork.controller.subscription import OnReport, Subscription
from latchwork.controller.windows import open_window
from latchwork.matter.discovery import OperationalService, SessionHints
from latchwork.matter.interaction.client import AttributeQuery, AttributeWrite
from latchwork.matter.interaction.values import AttributeStatus, InvokeResult
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.model.clusters.icd_management import ClientTypeEnum, IcdManagement, StayActiveRequest
from latchwork.matter.model.clusters.operational_credentials import (
    FabricDescriptorStruct,
    NocResponse,
    OperationalCredentials,
    RemoveFabric,
)
from latchwork.matter.model.meta import Attribute, Command
from latchwork.matter.onboarding import SetupPayload
from latchwork.matter.session.handshake import HandshakeFailed
from latchwork.matter.tlv.schema import U16, U32, U64, Struct, Tag
from latchwork.matter.trust.fabric import Fabric
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.runtime import DEFAULT_TIMEOUT, Runtime, Session
from latchwork.stack.tcp import TcpTransport
from latchwork.stack.udp import udp_address

_log = logger(__name__)
T = TypeVar("T")
RESOLVE_TIMEOUT: Final = 10.0
"""Seconds that a peer may take to be found by its name."""
NOT_FOUND_ADVICE: Final = "Check that the device has power and that its network is this one."
SUSPICION: Final = 1.0
"""Seconds of silence after which a second connection is tried beside a request: a restarted peer forgot the session."""

TIMED_TRIES: Final = 3
"""How often a timed interaction is begun whose request comes too late each time, as it does in a network that loses a lot."""


class StoredPeer(Struct):
    """What we remember of a peer."""

    node_id: Annotated[U64, Tag(1)]
    host: Annotated[str, Tag(2)]
    port: Annotated[U16, Tag(3)]
    vendor_id: Annotated[U16, Tag(4)] = 0
    product_id: Annotated[U16, Tag(5)] = 0
    product_name: Annotated[str, Tag(6)] = ""
    label: Annotated[str, Tag(7)] = ""
    idle_interval_ms: Annotated[U32, Tag(8)] = 0


class Administrator(Protocol):
    """What a peer needs of the controller whose fabric it is on."""

    fabric: Fabric
    runtime: Runtime
    discovery: Discovery
    router: ReportRouter
    entropy: Callable[[int], bytes]
    tcp: TcpTransport | None
    check_ins: CheckInClient

    def remember(self, stored: StoredPeer) -> None:
        """Something about a peer changed that must survive a restart."""


class Peer:
    """A commissioned node.

    Attributes:
        node_id: on our fabric.
        stored: what we remember of it.
        subscriptions: those that are open.
    """

    def __init__(self, controller: Administrator, stored: StoredPeer) -> None:
        self._controller = controller
        self.stored = stored
        self.node_id = stored.node_id
        self.subscriptions: set[Subscription] = set()
        self._session: Session | None = None
        self._requests: Requests | None = None
        self._connecting: asyncio.Task[Session] | None = None
        self._waiting: list[tuple[Session, Callable[[], bool]]] = []
        self._wakefulness = Wakefulness()

    @property
    def runtime(self) -> Runtime:
        """The controller's runtime."""
        return self._controller.runtime

    @property
    def router(self) -> ReportRouter:
        """Where reports arrive."""
        return self._controller.router

    @property
    def is_connected(self) -> bool:
        """Whether there is a session; the peer may have forgotten it."""
        return self._session is not None and not self._session.is_closed

    # Sessions

    async def requests(self) -> Requests:
        """Requests in a session with the peer.

        Raises:
            Unreachable: the peer is not found or does not answer.
            HandshakeFailed: it refuses us.
        """
        session, requests = self._session, self._requests
        if session is not None and requests is not None and not session.is_closed:
            return requests
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(self._connected)
        await asyncio.shield(self._connecting)
        return await self.requests()

    def _connected(self, task: asyncio.Task[Session]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self.adopt(task.result())

    def adopt(self, session: Session) -> None:
        """Use this session from now on."""
        self._session = session
        # A device that sleeps takes its time before it begins to answer.
        self._requests = Requests(self.runtime, session, DEFAULT_TIMEOUT + session.idle_interval)
        address, idle = session.address, session.peer_parameters.idle_interval_ms
        if isinstance(address, tuple):
            found = self.stored.replace(host=_text(address), port=address[1], idle_interval_ms=idle)
            if found != self.stored:
                self.stored = found
                self._controller.remember(found)

    async def _connect(self) -> Session:
        """Try the last known address and the name at once; whichever leads to the peer first is taken."""
        known = self._known_address()
        tries = [asyncio.create_task(self._connect_by_name(known))]
        if known is not None:
            tries.append(asyncio.create_task(self._case(known, self._known_parameters())))
        return await first_success(tries)

    async def _connect_by_name(self, known: object) -> Session:
        record = await self._controller.discovery.resolve(
            self._service.instance, self._service.service_type, timeout=RESOLVE_TIMEOUT
        )
        if record is None:
            raise Unreachable(
                f"node {self.node_id:016X} is not found in the network",
                advice=NOT_FOUND_ADVICE,
            )
        hints = SessionHints.from_txt(record.txt)
        tries = []
        for host in record.addresses:
            address = udp_address(host, record.port)
            if address != known:
                tries.append(asyncio.create_task(self._case(address, parameters_from(hints))))
        if not tries:
            raise Unreachable(f"node {self.node_id:016X} is where it was")
        return await first_success(tries)

    async def _case(self, address: object, parameters: SessionParameters | None) -> Session:
        return await self.runtime.case(address, self._controller.fabric, self.node_id, parameters=parameters)

    @property
    def _service(self) -> OperationalService:
        return OperationalService(self._controller.fabric.compressed_id, self.node_id)

    def _known_address(self) -> object | None:
        try:
            return udp_address(self.stored.host, self.stored.port) if self.stored.host else None
        except LatchworkError:
            return None  # its interface is gone; the name will tell a new one

    def _known_parameters(self) -> SessionParameters | None:
        idle = self.stored.idle_interval_ms
        return SessionParameters(idle_interval_ms=idle) if idle else None

    def disconnect(self) -> None:
        """End the session, if there is one."""
        if self._session is not None:
            self.runtime.close_session(self._session)
        self._session = self._requests = None

    # Requests

    async def call(self, work: Callable[[Requests], Awaitable[T]], may_repeat: Callable[[], bool] = lambda: True) -> T:
        """Do something in a session; once more in a new one when the first was dead and `may_repeat` says so.

        Raises:
            LatchworkError: it failed, or nothing is known of its outcome.
        """
        requests = await self.requests()
        loop = asyncio.get_running_loop()
        # One that sleeps may well be silent until it polls next.
        patience = max(SUSPICION, 1.2 * requests.session.retransmission_interval(loop.time()))
        watch = loop.call_later(patience, self._suspect, requests.session, loop.time())
        waits = (requests.session, may_repeat)
        self._waiting.append(waits)
        try:
            return await work(requests)
        except Unreachable as error:
            self._drop(requests.session)
            if not may_repeat():
                raise Unreachable(
                    f"no answer, and it is not known whether the device did it: {error}",
                    advice="Ask the device for its state before you try again.",
                ) from error
            log(_log, 20, "session lost", node=self.node_id, reason=error)
        finally:
            watch.cancel()
            self._waiting.remove(waits)
        return await work(await self.requests())

    def _suspect(self, session: Session, since: float) -> None:
        """Nothing was heard for a while: see whether the peer takes a new session, which then replaces the dead one."""
        if session.is_closed or session.last_heard >= since or self._connecting is not None:
            return
        self._connecting = asyncio.create_task(self._connect())
        self._connecting.add_done_callback(lambda task: self._replace(session, since, task))

    def _replace(self, session: Session, since: float, task: asyncio.Task[Session]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._connecting = None
            return
        self._connected(task)
        # What may not be repeated stays where it is: its answer, or MRP giving up, is all there is to know of it.
        if session.last_heard < since and all(may() for waits, may in self._waiting if waits is session):
            self._drop(session)

    def _drop(self, session: Session) -> None:
        """Forget a session that the peer no longer answers in; there is nobody to say goodbye to."""
        self.runtime.engine.close_session(session, now=self.runtime.now(), notify=False)
        for subscription in tuple(self.subscriptions):
            subscription.session_lost(session)

    async def large(self) -> Requests:
        """Requests in a session over TCP, for messages that UDP would cut into many; the session ends with the connection.

        Raises:
            Unsupported: the device does not listen on TCP, or this controller has no TCP.
            Unreachable: it is not found or does not answer.
            HandshakeFailed: it refuses us.
        """
        tcp = self._controller.tcp
        record = await self._controller.discovery.resolve(
            self._service.instance, self._service.service_type, timeout=RESOLVE_TIMEOUT
        )
        if record is None:
            raise Unreachable(f"node {self.node_id:016X} is not found in the network", advice=NOT_FOUND_ADVICE)
        if tcp is None or not SessionHints.from_txt(record.txt).tcp_server:
            raise Unsupported(
                "the device or this controller does not use TCP", advice="Read it piece by piece over UDP."
            )
        stream = await tcp.connect(record.addresses[0], record.port)
        return Requests(self.runtime, await self._case(stream, None))

    async def read(self, *queries: Query, fabric_filtered: bool = True, event_min: int | None = None) -> list[Entry]:
        """Read attributes and events; a single path's refusal is among the entries.

        Raises:
            LatchworkError: the request was refused or not answered.
        """
        answer: Answer = await self.call(
            lambda requests: requests.read(queries, fabric_filtered=fabric_filtered, event_min=event_min)
        )
        return answer.entries

    async def get(self, endpoint: int, attribute: Attribute[T], *, cluster: int | None = None) -> T:
        """Read one attribute.

        Raises:
            StatusError: the device refused.
            LatchworkError: no answer.
        """
        return await self.call(lambda requests: requests.get(endpoint, attribute, cluster=cluster))

    async def set(self, endpoint: int, attribute: Attribute[T], value: T, *, timed_ms: int | None = None) -> None:
        """Write one attribute; writing it twice does no harm, so it is repeated on a new session.

        Raises:
            StatusError: the device refused.
            LatchworkError: no answer.
        """
        await self.call(lambda requests: requests.set(endpoint, attribute, value, timed_ms=timed_ms))

    async def write(self, writes: Sequence[AttributeWrite], *, timed_ms: int | None = None) -> list[AttributeStatus]:
        """Write attributes; every path has its status.

        Raises:
            LatchworkError: the request was refused or not answered.
        """
        return await self.call(lambda requests: requests.write(writes, timed_ms=timed_ms))

    async def invoke(
        self, endpoint: int, command: Command, request: Struct | None = None, *, timed_ms: int | None = None
    ) -> Any:
        """Invoke a command; its response, typed as declared, or None.

        Args:
            endpoint: where.
            command: which.
            request: its fields.
            timed_ms: make it timed, milliseconds; None follows the declaration, 0 forces a plain one.

        Raises:
            StatusError: the device refused.
            Unreachable: no answer; the message says whether the command may have been carried out.
        """
        begun: list[bool] = []
        is_timed = timed_ms != 0 and (timed_ms is not None or command.timed)

        async def attempt(requests: Requests) -> Struct | None:
            begun.clear()
            return await requests.invoke(
                endpoint, command, request, timed_ms=timed_ms, on_timed=lambda: begun.append(True)
            )

        for _ in range(TIMED_TRIES - 1):
            try:
                return await self.call(attempt, lambda: is_timed and not begun)
            except WindowMissed as error:
                log(_log, 20, "timed request late", node=self.node_id, command=command.spec_name, reason=error)
        return await self.call(attempt, lambda: is_timed and not begun)

    async def invoke_raw(self, requests_of: Callable[[Requests], Awaitable[InvokeResult]]) -> InvokeResult:
        """Invoke by ids, for tools; never repeated."""
        return await self.call(requests_of, lambda: False)

    async def subscribe(
        self,
        *queries: Query,
        on_report: OnReport,
        min_s: int = 0,
        max_s: int = 60,
        keep: bool = True,
        fabric_filtered: bool = True,
    ) -> Subscription:
        """Subscribe; the first report has arrived when this returns. It resumes by itself until closed.

        Raises:
            LatchworkError: the device refused or did not answer.
        """
        subscription = Subscription(
            self, queries, on_report=on_report, min_s=min_s, max_s=max_s, keep=keep, fabric_filtered=fabric_filtered
        )
        self.subscriptions.add(subscription)
        await subscription.start()
        return subscription

    # Sleep

    async def register_check_in(
        self,
        *,
        key: bytes | None = None,
        monitored_subject: int | None = None,
        client_type: ClientTypeEnum = ClientTypeEnum.PERMANENT,
    ) -> None:
        """Have a sleeping device tell us when it wakes; again replaces the key. See `CheckInClient.register`.

        Raises:
            StatusError: the device refused: it does not sleep that way, or has no room.
            LatchworkError: no answer.
        """
        await self._controller.check_ins.register(
            self, key=key, monitored_subject=monitored_subject, client_type=client_type
        )

    async def unregister_check_in(self) -> None:
        """No longer be told.

        Raises:
            LatchworkError: the device refused or did not answer.
        """
        await self._controller.check_ins.unregister(self)

    async def wait_awake(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the error says what was waited for
        """Wait until the device is awake: at once when it surely is, else until it checks in or reports.

        Raises:
            Misuse: we are not registered with it.
            StillAsleep: it did not wake within `timeout` seconds.
        """
        if self.node_id not in self._controller.check_ins.watched:
            raise not_registered(self.node_id)
        now, session = self.runtime.now(), self._session
        just_heard = session is not None and self.is_connected and now - session.last_heard < session.active_threshold
        if not just_heard and now >= self._wakefulness.until:
            await self._wakefulness.wait(timeout)

    async def stay_active(self, seconds: float) -> float:
        """Ask the device to stay awake; gives the seconds that it promises (Core 9.16.7.4).

        Raises:
            StatusError: it does not know the command.
            LatchworkError: no answer.
        """
        request = StayActiveRequest(stay_active_duration=round(seconds * 1000))
        response = await self.invoke(0, IcdManagement.stay_active_request, request)
        promised: int = response.promised_active_duration
        return promised / 1000

    def is_at(self, address: object) -> bool:
        """Whether it was last heard from that address."""
        return isinstance(address, tuple) and (_text(address), address[1]) == (self.stored.host, self.stored.port)

    def heard(self) -> None:
        """It reported: it is awake."""
        self._wakefulness.woke(self.runtime.now())

    def woke(self, seconds: float, *, has_lost_us: bool) -> None:
        """It checked in and is awake for so long; with `has_lost_us` it has no subscription of ours."""
        now = self.runtime.now()
        if self._session is not None:
            self._session.last_heard = now  # an authentic message of its own: until it sleeps again, it answers fast
        self._wakefulness.woke(now + seconds)
        if has_lost_us:
            for subscription in list(self.subscriptions):
                subscription.node_woke()

    # Administration

    async def open_window(
        self, *, seconds: int = 180, iterations: int = 1000, discriminator: int | None = None
    ) -> SetupPayload:
        """Open an enhanced commissioning window for another administrator: what it needs to join.

        Raises:
            StatusError: the device refused; a window may be open already.
            LatchworkError: no answer.
        """
        return await open_window(
            self, self._controller.entropy, seconds=seconds, iterations=iterations, discriminator=discriminator
        )

    async def fabrics(self) -> tuple[FabricDescriptorStruct, ...]:
        """Every fabric on the device, ours included.

        Raises:
            LatchworkError: the device refused or did not answer.
        """
        attribute = OperationalCredentials.fabrics
        query = AttributeQuery(0, OperationalCredentials.id, attribute.id)
        entries = await self.read(query, fabric_filtered=False)
        return tuple(fabric for entry in entries for fabric in getattr(entry, "value", ()))

    async def remove_fabric(self, index: int) -> NocResponse:
        """Remove a fabric from the device; removing our own ends this peer.

        Raises:
            LatchworkError: the device refused or did not answer.
        """
        response = await self.invoke(0, OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=index))
        assert isinstance(response, NocResponse)
        return response

    async def close(self) -> None:
        """End subscriptions and the session."""
        for subscription in list(self.subscriptions):
            await subscription.close()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        self.disconnect()


def parameters_from(hints: SessionHints) -> SessionParameters:
    """Session parameters from what a service's TXT record says."""
    default = SessionParameters()
    return SessionParameters(
        idle_interval_ms=hints.idle_interval_ms or default.idle_interval_ms,
        active_interval_ms=hints.active_interval_ms or default.active_interval_ms,
        active_threshold_ms=hints.active_threshold_ms or default.active_threshold_ms,
    )


def _text(address: tuple[Any, ...]) -> str:
    scope = address[3] if len(address) > 3 else 0
    return f"{address[0]}%{scope}" if scope else str(address[0])


async def first_success(tries: Iterable[asyncio.Task[T]]) -> T:
    """The result of whichever task succeeds first; the others are cancelled.

    Raises:
        LatchworkError: of the attempts, the refusal if there is one, else the last failure.
    """
    every = list(tries)
    pending = set(every)
    errors: list[LatchworkError] = []
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception()
                if error is None:
                    return task.result()
                if not isinstance(error, LatchworkError):
                    raise error
                errors.append(error)
    finally:
        for task in every:
            task.cancel()
        # Also those that failed beside the one that succeeded: nobody else asks them why.
        await asyncio.gather(*every, return_exceptions=True)
    refused = [error for error in errors if isinstance(error, HandshakeFailed)]
    raise (refused or errors)[-1]
