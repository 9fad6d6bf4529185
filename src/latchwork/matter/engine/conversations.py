"""The sessions, exchanges and deadlines of one node: what handshakes and datagrams share (Core 4.10 to 4.13).

Stands under the engine; knows neither how a session comes to be nor what arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, Protocol

from latchwork.matter.engine.handshakes import HandshakeRun
from latchwork.matter.engine.ports import Counts, Hooks, PaseCredentials, SessionClosed
from latchwork.matter.exchange.exchange import NEVER, Exchange
from latchwork.matter.exchange.mrp import Reliability
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.messages.secure_channel import Opcode, SessionParameters
from latchwork.matter.messages.status import GeneralCode, SecureChannelCode, StatusReport
from latchwork.matter.session.group import GroupReceiver
from latchwork.matter.session.handshake import Pbkdf
from latchwork.matter.session.resumption import ResumptionStore
from latchwork.matter.session.secure import CounterExhausted, SecureSession
from latchwork.matter.session.table import SessionTable
from latchwork.matter.session.unsecured import UnsecuredSession
from latchwork.matter.trust.fabric import FabricTable

MAX_UNSECURED: Final = 32
"""Unsecured conversations kept at once: anybody can open one, so the oldest goes first."""


class _Timed(Protocol):
    deadline: float

    def handle_deadline(self, now: float) -> None:
        """The deadline passed."""


def _worth(session: UnsecuredSession) -> int:
    if not session.exchanges:
        return 0
    return 2 if any(not exchange.is_closed for exchange in session.exchanges.values()) else 1


class Conversations:
    """Who a node talks with, and until when it waits for them.

    Attributes:
        hooks: filled by the owner before the first datagram.
        fabrics: the node's fabrics: who may open a CASE session with us.
        resumptions: sessions that can be resumed.
        window: what answers PASE, or None while no commissioning window is open.
        parameters: our retransmission intervals and limits, told to every peer.
        reliability: how persistently we send.
        utc: seconds since the Unix epoch at monotonic 0, or None without a valid clock.
        sessions: the secure sessions.
        groups: the keys of group messages.
        counts: what happened to datagrams.
        now: the time of the event being handled.
    """

    def __init__(
        self,
        *,
        entropy: Callable[[int], bytes],
        parameters: SessionParameters,
        hooks: Hooks | None = None,
        fabrics: FabricTable | None = None,
        resumptions: ResumptionStore | None = None,
        reliability: Reliability | None = None,
        exchange_type: type[Exchange] = Exchange,
        max_sessions: int = 64,
    ) -> None:
        self.entropy = entropy
        self.hooks = hooks or Hooks()
        self.fabrics = fabrics if fabrics is not None else FabricTable()
        self.resumptions = resumptions if resumptions is not None else ResumptionStore()
        self.window: PaseCredentials | None = None
        self.parameters = parameters
        self.reliability = reliability or Reliability()
        self.utc: float | None = None
        self.sessions = SessionTable(max_sessions)
        self.groups = GroupReceiver()
        self.counts = Counts()
        self.now = 0.0
        self._exchange_type = exchange_type
        self._unsecured: dict[tuple[int, bool], UnsecuredSession] = {}
        self._answering: list[HandshakeRun] = []
        self._watched: dict[_Timed, None] = {}
        self._next_deadline = NEVER
        self._counter = int.from_bytes(entropy(4), "little") >> 4
        self._next_exchange = int.from_bytes(entropy(2), "little")

    # Time

    def next_deadline(self) -> float | None:
        """When `handle_deadline` is wanted next, or None."""
        return None if self._next_deadline == NEVER else self._next_deadline

    def watch(self, timed: _Timed) -> None:
        """`timed` has a deadline: part of `Carrier`."""
        self._watched[timed] = None
        if timed.deadline < self._next_deadline:
            self._next_deadline = timed.deadline
            self.hooks.on_deadline(timed.deadline)

    def handle_deadline(self, now: float) -> None:
        """Retransmit, acknowledge and give up whatever is due."""
        self.now = now
        self._next_deadline = NEVER
        for timed in list(self._watched):
            if timed.deadline <= now:
                try:
                    timed.handle_deadline(now)
                except CounterExhausted:
                    self._worn_out(timed)
            if timed.deadline == NEVER:
                self._watched.pop(timed, None)
        earliest = min((timed.deadline for timed in self._watched), default=NEVER)
        if earliest < NEVER:
            self._next_deadline = earliest
            self.hooks.on_deadline(earliest)

    def _worn_out(self, timed: _Timed) -> None:
        """An acknowledgement was due in a session that has no counter left for it."""
        session = timed.session if isinstance(timed, Exchange) else None
        if isinstance(session, SecureSession):
            self.close_session(session, now=self.now, notify=False)

    # Carrier

    def transmit(self, datagram: bytes, address: object) -> None:
        """Send a datagram: part of `Carrier`."""
        self.hooks.transmit(datagram, address)

    def jitter(self) -> float:
        """Chance, 0.0 to 1.0: part of `Carrier`."""
        return self.entropy(1)[0] / 255

    def stretch(self, work: Pbkdf, done: Callable[[bytes], None]) -> None:
        """Do slow key derivation: what a handshake asks for."""
        self.hooks.stretch(work, done)

    def forget(self, exchange: Exchange) -> None:
        """An exchange is over: part of `Carrier`."""
        session = exchange.session
        self._watched.pop(exchange, None)
        if session.exchanges.get(exchange.key) is exchange:
            del session.exchanges[exchange.key]
        # A peer's is kept until others need the room: late duplicates of its first message must not begin another handshake.
        if isinstance(session, UnsecuredSession) and session.is_initiator and not session.exchanges:
            self._unsecured.pop((session.ephemeral_id, True), None)

    # Exchanges and sessions

    def open(self, session: SecureSession | UnsecuredSession) -> Exchange:
        """Begin an exchange.

        Raises:
            SessionClosed: the session is over.
        """
        if session.is_closed:
            raise SessionClosed("the session is closed")
        self._next_exchange = (self._next_exchange + 1) & 0xFFFF
        while self._next_exchange in session.exchanges:
            self._next_exchange = (self._next_exchange + 1) & 0xFFFF
        exchange = self._exchange_type(self, session, self._next_exchange, is_initiator=True)
        session.exchanges[self._next_exchange] = exchange
        return exchange

    def close_session(self, session: SecureSession, *, now: float, notify: bool = True) -> None:
        """End a session and everything in it; with `notify` the peer is told (Core 4.11.1.4)."""
        if session.is_closed:
            return
        self.now = now
        if notify:
            report = StatusReport(GeneralCode.SUCCESS, ProtocolId.SECURE_CHANNEL, SecureChannelCode.CLOSE_SESSION)
            with suppress(CounterExhausted):
                farewell = self.open(session)
                farewell.post(Opcode.STATUS_REPORT, report.encode(), now=now, protocol_id=0, reliable=False)
                farewell.close(now=now)
        session.is_closed = True
        self.sessions.remove(session)
        for exchange in list(session.exchanges.values()):
            if isinstance(exchange, Exchange):
                exchange.fail(SessionClosed("the session was closed"))
        self.hooks.on_session_closed(session)

    def close_fabric_sessions(self, fabric_index: int, *, now: float, keep: SecureSession | None = None) -> None:
        """End every session of a fabric but `keep`."""
        for session in list(self.sessions):
            if session.fabric_index == fabric_index and session is not keep:
                self.close_session(session, now=now)

    def fabric_sessions(self, fabric_index: int) -> Iterable[SecureSession]:
        """The secure sessions of a fabric."""
        return [session for session in self.sessions if session.fabric_index == fabric_index]

    def _keep_unsecured(self, session: UnsecuredSession) -> None:
        while len(self._unsecured) >= MAX_UNSECURED:
            # Those that are over first, then those that only wait for a last acknowledgement, then the oldest.
            oldest = min(self._unsecured.values(), key=_worth)
            del self._unsecured[oldest.ephemeral_id, oldest.is_initiator]
            for exchange in list(oldest.exchanges.values()):
                if isinstance(exchange, Exchange):
                    exchange.fail(SessionClosed("too many handshakes at once"))
        self._unsecured[session.ephemeral_id, session.is_initiator] = session

    def _next_counter(self) -> int:
        self._counter = (self._counter + 1) & 0xFFFF_FFFF
        return self._counter

    def _utc(self, now: float) -> float | None:
        return None if self.utc is None else self.utc + now
