"""The runtime: one engine, its transports and one timer on an asyncio loop.

Where asyncio begins. Everything that decides is in the engine; this only carries datagrams, tells the time, waits and does slow key
derivation in a thread.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from latchwork.base.errors import LatchworkError, Misuse, Unreachable
from latchwork.base.logs import log, logger
from latchwork.matter.crypto.primitives import pbkdf2
from latchwork.matter.engine import Engine, HandshakeRun, Hooks, PaseCredentials
from latchwork.matter.exchange.exchange import Carrier, Channel
from latchwork.matter.exchange.exchange import Exchange as PureExchange
from latchwork.matter.exchange.exchange import Message as Message  # noqa: PLC0414 - what upper floors see of an exchange
from latchwork.matter.exchange.mrp import Reliability
from latchwork.matter.messages.header import ProtocolHeader
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.session.group import GroupKey, seal_group_message
from latchwork.matter.session.handshake import Pbkdf
from latchwork.matter.session.resumption import ResumptionStore
from latchwork.matter.session.secure import SecureSession
from latchwork.matter.trust.fabric import Fabric, FabricTable
from latchwork.stack.tcp import TcpTransport
from latchwork.stack.transport import Gate, Transport

_log = logger(__name__)
DEFAULT_TIMEOUT: Final = 30.0
"""Seconds that an answer may take when the caller does not say."""
_INLINE_ITERATIONS: Final = 4000
"""Key stretching up to here costs less than moving it to a thread."""

Session = SecureSession


class NoAnswer(Unreachable):
    """The peer took the request but its answer did not come in time."""

    advice = "The device is slow or was restarted: try again."


class _TimedEngine(Engine):
    """An engine whose exchanges can ask for the loop's time."""

    time: Callable[[], float]


class Exchange(PureExchange):
    """One conversation, with waiting.

    Attributes:
        session: the session that it runs in.
    """

    __slots__ = ("_waiter",)

    def __init__(self, carrier: Carrier, session: Channel, exchange_id: int, *, is_initiator: bool) -> None:
        super().__init__(carrier, session, exchange_id, is_initiator=is_initiator)
        self._waiter: asyncio.Future[Message] | None = None

    def send(self, opcode: int, payload: bytes, *, protocol_id: int = 1, final: bool = False) -> None:
        """Send a message reliably; with `final` it is the last one of ours.

        Raises:
            LatchworkError: the exchange failed or is closed.
        """
        now = self._carrier.time()  # type: ignore[attr-defined]  # made by a `_TimedEngine` only
        self.post(opcode, payload, now=now, protocol_id=protocol_id)
        if final:
            self.close(now=now)

    def finish(self) -> None:
        """No more messages of ours; what was sent stays reliable."""
        self.close(now=self._carrier.time())  # type: ignore[attr-defined]  # made by a `_TimedEngine` only

    async def receive(self, timeout: float = DEFAULT_TIMEOUT) -> Message:  # noqa: ASYNC109 - a bare timer costs a third of asyncio.timeout
        """The next message.

        Raises:
            NoAnswer: none came within `timeout` seconds.
            LatchworkError: why the exchange failed.
        """
        if self.inbox:
            return self.inbox.pop(0)
        if self.failure is not None:
            raise self.failure
        if self.is_closed:
            raise Misuse("the exchange is closed")
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Message] = loop.create_future()
        self._waiter = waiter
        self.on_message = self._wake
        self.on_failed = self._wake_failed
        timer = loop.call_later(timeout, self._late, timeout)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None
            self.on_message = None

    async def request(self, opcode: int, payload: bytes, *, timeout: float = DEFAULT_TIMEOUT) -> Message:  # noqa: ASYNC109 - as `receive`
        """Send a message and wait for the next one.

        Raises:
            NoAnswer: none came within `timeout` seconds.
            LatchworkError: why the exchange failed.
        """
        self.send(opcode, payload)
        return await self.receive(timeout)

    def _wake(self, message: Message) -> None:
        waiter = self._waiter
        self.on_message = None
        if waiter is not None and not waiter.done():
            waiter.set_result(message)

    def _wake_failed(self, error: LatchworkError) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _late(self, timeout: float) -> None:
        self._wake_failed(NoAnswer(f"no answer within {timeout:g} s"))


class Runtime:
    """One engine on one or more transports.

    Attributes:
        engine: the protocol.
        transports: what carries it; the first one is the node's port.
        on_request: called with the first message of an exchange that a peer opened.
        on_session, on_session_closed: called as sessions come and go.
        on_pase_failed: called when a passcode was tried in vain.
        on_check_in: called with a Check-In's payload, not yet authenticated, and where it came from.
        gate: decides what is heard, on a node that sleeps; None hears everything.
    """

    def __init__(
        self,
        transports: Iterable[Transport],
        *,
        parameters: SessionParameters,
        fabrics: FabricTable | None = None,
        resumptions: ResumptionStore | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        utc: Callable[[], float] | None = time.time,
        reliability: Reliability | None = None,
        max_sessions: int = 64,
        use_threads: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        hooks = Hooks(
            transmit=self._transmit,
            on_request=self._requested,
            on_session=lambda session: self.on_session(session),  # noqa: PLW0108 - set later by the owner
            on_session_closed=lambda session: self.on_session_closed(session),  # noqa: PLW0108 - set later by the owner
            on_pase_failed=lambda: self.on_pase_failed(),  # noqa: PLW0108 - set later by the owner
            on_check_in=lambda payload, address: self.on_check_in(payload, address),  # noqa: PLW0108 - set later by the owner
            on_deadline=self._arm,
        )
        if use_threads:
            hooks.stretch = self._stretch
        self.engine = _TimedEngine(
            entropy=entropy,
            parameters=parameters,
            hooks=hooks,
            fabrics=fabrics,
            resumptions=resumptions,
            reliability=reliability,
            exchange_type=Exchange,
            max_sessions=max_sessions,
        )
        self.engine.time = self.now
        self._utc = utc
        self.set_clock(utc)
        self.on_request: Callable[[Exchange, Message], None] = self._unwanted
        self.on_session: Callable[[SecureSession], None] = lambda _: None
        self.on_session_closed: Callable[[SecureSession], None] = lambda _: None
        self.on_pase_failed: Callable[[], None] = lambda: None
        self.on_check_in: Callable[[bytes, object], None] = lambda _payload, _address: None
        self.gate: Gate | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.transports = list(transports)
        for transport in self.transports:
            transport.bind(self._received)
            if isinstance(transport, TcpTransport):
                transport.on_lost = self._stream_lost

    def set_clock(self, utc: Callable[[], float] | None) -> None:
        """Which clock tells the date for certificates' validity; None where none is valid."""
        self.engine.utc = None if utc is None else utc() - self.now()

    # What the node and the controller see

    @property
    def port(self) -> int:
        """The port that peers reach us on."""
        return self.transports[0].port

    @property
    def fabrics(self) -> FabricTable:
        """Who may open CASE sessions with us, and as whom we open them."""
        return self.engine.fabrics

    @property
    def resumptions(self) -> ResumptionStore:
        """Sessions that can be resumed."""
        return self.engine.resumptions

    @property
    def session_parameters(self) -> SessionParameters:
        """What we tell every peer about ourselves."""
        return self.engine.parameters

    @session_parameters.setter
    def session_parameters(self, parameters: SessionParameters) -> None:
        self.engine.parameters = parameters

    @property
    def is_busy(self) -> bool:
        """Whether something is under way with a peer: an exchange that is open or owes something."""
        return self.engine.next_deadline() is not None or any(session.exchanges for session in self.engine.sessions)

    def sessions(self) -> list[SecureSession]:
        """The secure sessions."""
        return list(self.engine.sessions)

    def open_window(self, credentials: PaseCredentials) -> None:
        """Answer PASE with these credentials from now on."""
        self.engine.window = credentials

    def close_window(self) -> None:
        """Answer PASE no more."""
        self.engine.window = None

    def close_session(self, session: SecureSession) -> None:
        """End a session; the peer is told."""
        self.engine.close_session(session, now=self.now())

    def close_fabric_sessions(self, fabric_index: int, *, keep: SecureSession | None = None) -> None:
        """End every session of a fabric but `keep`."""
        self.engine.close_fabric_sessions(fabric_index, now=self.now(), keep=keep)

    def open(self, session: SecureSession) -> Exchange:
        """Begin an exchange.

        Raises:
            SessionClosed: the session is over.
        """
        exchange = self.engine.open(session)
        assert isinstance(exchange, Exchange)
        return exchange

    async def pase(
        self, address: object, passcode: int, *, parameters: SessionParameters | None = None
    ) -> SecureSession:
        """Open a PASE session with the device at `address`.

        Raises:
            HandshakeFailed: the passcode is wrong, or the device refused.
            Unreachable: no answer.
        """
        with self._outcome() as (done, future):
            run = self.engine.start_pase(address, passcode, done, now=self.now(), parameters=parameters)
            return await self._finished(run, future)

    async def case(
        self, address: object, fabric: Fabric, peer_node_id: int, *, parameters: SessionParameters | None = None
    ) -> SecureSession:
        """Open a CASE session with a node of our fabric; resumes the last one where both sides still can.

        Raises:
            HandshakeFailed: the node is not who we think, or no longer knows the fabric.
            Unreachable: no answer.
        """
        with self._outcome() as (done, future):
            run = self.engine.start_case(address, fabric, peer_node_id, done, now=self.now(), parameters=parameters)
            return await self._finished(run, future)

    @contextmanager
    def _outcome(
        self,
    ) -> Iterator[tuple[Callable[[SecureSession | LatchworkError], None], asyncio.Future[SecureSession]]]:
        future: asyncio.Future[SecureSession] = self._loop.create_future()

        def done(result: SecureSession | LatchworkError) -> None:
            if future.done():
                return
            if isinstance(result, LatchworkError):
                future.set_exception(result)
            else:
                future.set_result(result)

        yield done, future

    async def _finished(self, run: HandshakeRun, future: asyncio.Future[SecureSession]) -> SecureSession:
        try:
            return await future
        except asyncio.CancelledError:
            self.engine.abandon(run, now=self.now())
            raise

    def send_check_in(self, payload: bytes, address: object) -> None:
        """Send a Check-In message, once; whether it arrives is not known."""
        self.engine.send_check_in(payload, address, now=self.now())

    # Groups

    def set_group_keys(self, keys: list[GroupKey]) -> None:
        """Open group messages with these keys from now on."""
        self.engine.groups.set_keys(keys)

    def join(self, group: str) -> None:
        """Receive a multicast address on every transport."""
        for transport in self.transports:
            transport.join(group)

    def leave(self, group: str) -> None:
        """Stop receiving a multicast address."""
        for transport in self.transports:
            transport.leave(group)

    def send_group(
        self,
        key: GroupKey,
        *,
        source_node: int,
        group_id: int,
        counter: int,
        address: object,
        opcode: int,
        payload: bytes,
    ) -> None:
        """Send one interaction-model message to a group; nothing comes back."""
        exchange_id = int.from_bytes(self.engine.entropy(2), "little")
        plain = ProtocolHeader(opcode, 1, exchange_id, is_initiator=True).encode() + payload
        datagram = seal_group_message(key, source_node=source_node, group_id=group_id, counter=counter, plain=plain)
        self._transmit(datagram, address)

    # Driving the engine

    def _received(self, datagram: bytes, address: object) -> None:
        if self.gate is None or self.gate.heard(datagram, address):
            self.engine.receive_datagram(datagram, address, self.now())

    def deliver(self, datagram: bytes, address: object) -> None:
        """Hear a datagram that the gate held back before."""
        self.engine.receive_datagram(datagram, address, self.now())

    def _transmit(self, datagram: bytes, address: object) -> None:
        for transport in self.transports:
            if transport.carries(address):
                transport.send(datagram, address)
                if self.gate is not None:
                    self.gate.spoke()
                return
        log(_log, 10, "no transport", address=address)

    def _stream_lost(self, stream: object) -> None:
        for session in self.sessions():
            if session.address is stream:
                self.engine.close_session(session, now=self.now(), notify=False)

    def _requested(self, exchange: PureExchange, message: Message) -> None:
        assert isinstance(exchange, Exchange)
        self.on_request(exchange, message)

    def _unwanted(self, exchange: Exchange, message: Message) -> None:
        log(_log, 10, "request without a server", message=message)
        exchange.finish()

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._is_closed:
            self._timer = self._loop.call_at(deadline, self._due)

    def _due(self) -> None:
        self._timer = None
        self.engine.handle_deadline(max(self.now(), self.engine.next_deadline() or 0.0))

    def _stretch(self, work: Pbkdf, done: Callable[[bytes], None]) -> None:
        if work.iterations <= _INLINE_ITERATIONS:
            done(pbkdf2(work.password, work.salt, work.iterations, work.length))
        else:
            self._spawn(self._stretch_in_thread(work, done))

    async def _stretch_in_thread(self, work: Pbkdf, done: Callable[[bytes], None]) -> None:
        result = await asyncio.to_thread(pbkdf2, work.password, work.salt, work.iterations, work.length)
        self.engine.now = self.now()
        done(result)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Tell peers, stop the timer and release the transports; harmless when done before."""
        if self._is_closed:
            return
        for session in self.sessions():
            self.close_session(session)
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in self.transports:
            await transport.close()
