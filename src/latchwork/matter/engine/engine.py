"""One node's protocol engine (Core 4).

Driven by four things: a datagram arriving (`receive_datagram`), a deadline passing (`handle_deadline`), its user sending on an exchange,
and slow work coming back. It answers through `Hooks`, which its owner fills. `now` is monotonic seconds everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from latchwork.base.errors import LatchworkError, Unreachable
from latchwork.base.logs import Secret, log, logger
from latchwork.matter.crypto.primitives import AuthenticationFailed, pbkdf2
from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.engine.handshakes import HandshakeRun
from latchwork.matter.exchange.exchange import NEVER, STANDALONE_ACK, Exchange, Message
from latchwork.matter.exchange.mrp import Reliability
from latchwork.matter.messages.header import FIXED_HEADER, HeaderError, MessageHeader, ProtocolHeader, ProtocolId
from latchwork.matter.messages.secure_channel import Opcode, SessionParameters
from latchwork.matter.messages.status import GeneralCode, SecureChannelCode, StatusReport, StatusReportError
from latchwork.matter.session.case import case_initiator, case_responder
from latchwork.matter.session.group import GroupReceiver, GroupSession
from latchwork.matter.session.handshake import Established, Handshake, HandshakeFailed, Pbkdf
from latchwork.matter.session.pase import pase_initiator, pase_responder
from latchwork.matter.session.resumption import ResumptionRecord, ResumptionStore
from latchwork.matter.session.secure import CounterExhausted, SecureSession
from latchwork.matter.session.table import SessionTable
from latchwork.matter.session.unsecured import UnsecuredSession
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.matter.trust.fabric import Fabric, FabricTable

_log = logger(__name__)
_PROTOCOL: Final = struct.Struct("<BBHH")
_INITIATOR, _ACK, _RELIABLE, _RARE = 0x01, 0x02, 0x04, 0x18
MAX_UNSECURED: Final = 32
"""Unsecured conversations kept at once: anybody can open one, so the oldest goes first."""
MAX_HANDSHAKES: Final = 8
"""Handshakes answered at once; beyond it the answer is Busy (Core 4.11.1.5)."""
MAX_EXCHANGES: Final = 64
"""Exchanges that a peer may have open in one session."""
BUSY_WAIT_MS: Final = 5000
"""How long a Busy asks the peer to wait, milliseconds."""
_MAX_MESSAGE: Final = 1 << 16


class SessionClosed(Unreachable):
    """The session ended while something was under way in it."""

    advice = "Try again: a new session is made."


@dataclass(frozen=True, slots=True, repr=False)
class PaseCredentials:
    """What an open commissioning window answers PASE with.

    Attributes:
        verifier: the passcode's verifier.
        salt: 16 to 32 octets.
        iterations: 1,000 to 100,000.
    """

    verifier: Verifier
    salt: bytes
    iterations: int


class _Timed(Protocol):
    deadline: float

    def handle_deadline(self, now: float) -> None:
        """The deadline passed."""


Outcome = Callable[["SecureSession | LatchworkError"], None]


def _worth(session: UnsecuredSession) -> int:
    if not session.exchanges:
        return 0
    return 2 if any(not exchange.is_closed for exchange in session.exchanges.values()) else 1


def _nothing(*_: object) -> None:
    return None


def _stretch_now(work: Pbkdf, done: Callable[[bytes], None]) -> None:
    done(pbkdf2(work.password, work.salt, work.iterations, work.length))


@dataclass(slots=True)
class Hooks:
    """What the engine asks of its owner; every default does nothing but `stretch`, which works at once.

    Attributes:
        transmit: send a datagram to an address.
        on_request: a peer opened an exchange with this message.
        on_session: a secure session came to be.
        on_session_closed: a secure session ended, whoever ended it.
        on_pase_failed: somebody tried a passcode in vain.
        on_deadline: `next_deadline` is earlier than it was.
        stretch: do slow key derivation and call back with its result.
    """

    transmit: Callable[[bytes, object], None] = _nothing
    on_request: Callable[[Exchange, Message], None] = _nothing
    on_session: Callable[[SecureSession], None] = _nothing
    on_session_closed: Callable[[SecureSession], None] = _nothing
    on_pase_failed: Callable[[], None] = _nothing
    on_deadline: Callable[[float], None] = _nothing
    stretch: Callable[[Pbkdf, Callable[[bytes], None]], None] = _stretch_now


@dataclass(slots=True)
class Counts:
    """Why datagrams were not delivered; for tests and for the doctor."""

    malformed: int = 0
    unknown_session: int = 0
    not_authentic: int = 0
    duplicate: int = 0
    unexpected: int = 0
    received: int = field(default=0)


class Engine:
    """Sessions, exchanges and handshakes of one node.

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

    # Handshakes, initiator

    def start_pase(
        self, address: object, passcode: int, done: Outcome, *, now: float, parameters: SessionParameters | None = None
    ) -> HandshakeRun:
        """Open a PASE session; `parameters` are the peer's as discovery told them."""
        local_id = self.sessions.reserve(self.entropy)
        machine = pase_initiator(passcode, local_session_id=local_id, parameters=self.parameters, entropy=self.entropy)
        return self._start(address, machine, local_id, done, now=now, parameters=parameters, is_pase=True)

    def start_case(
        self,
        address: object,
        fabric: Fabric,
        peer_node_id: int,
        done: Outcome,
        *,
        now: float,
        parameters: SessionParameters | None = None,
    ) -> HandshakeRun:
        """Open a CASE session, resuming the last one where both sides still can."""
        local_id = self.sessions.reserve(self.entropy)
        record = self.resumptions.find_peer(fabric.index, peer_node_id)
        machine = case_initiator(
            fabric,
            peer_node_id,
            local_session_id=local_id,
            parameters=self.parameters,
            entropy=self.entropy,
            now_utc=self._utc(now),
            resumption=record,
        )

        def settled(result: SecureSession | LatchworkError) -> None:
            if record is not None and isinstance(result, HandshakeFailed):
                # The peer holds another secret than we do: the next try must be a full handshake.
                self.resumptions.remove(record)
            done(result)

        return self._start(address, machine, local_id, settled, now=now, parameters=parameters, is_pase=False)

    def _start(
        self,
        address: object,
        machine: Handshake,
        local_id: int,
        done: Outcome,
        *,
        now: float,
        parameters: SessionParameters | None,
        is_pase: bool,
    ) -> HandshakeRun:
        self.now = now
        session = UnsecuredSession(
            ephemeral_id=int.from_bytes(self.entropy(8), "little") & 0x7FFF_FFFF_FFFF_FFFF or 1,
            is_initiator=True,
            address=address,
            next_counter=self._next_counter,
            parameters=parameters or SessionParameters(),
            now=now,
        )
        self._keep_unsecured(session)
        exchange = self.open(session)

        def finished(run: HandshakeRun, result: Established | LatchworkError) -> None:
            self._watched.pop(run, None)
            self.sessions.release(local_id)
            if isinstance(result, LatchworkError):
                done(result)
            else:
                done(self._establish(result, session.address))

        run = HandshakeRun(self, exchange, machine, finished, is_pase=is_pase, now=now)
        run.begin()
        return run

    def abandon(self, run: HandshakeRun, *, now: float) -> None:
        """Give a handshake up because its caller no longer waits."""
        self.now = now
        run.deadline = now
        run.handle_deadline(now)
        run.exchange.fail(SessionClosed("the handshake was given up"))  # nobody wants an acknowledgement any more

    # Handshakes, responder

    def _answer_handshake(self, exchange: Exchange, message: Message) -> None:
        is_pase = message.opcode == Opcode.PBKDF_PARAM_REQUEST
        self._answering = [run for run in self._answering if not run.is_over]
        if is_pase and self.window is None:
            self._refuse(exchange, SecureChannelCode.INVALID_PARAMETER, b"")
            return
        if len(self._answering) >= MAX_HANDSHAKES or (is_pase and any(run.is_pase for run in self._answering)):
            self._refuse(exchange, SecureChannelCode.BUSY, BUSY_WAIT_MS.to_bytes(2, "little"))
            return
        local_id = self.sessions.reserve(self.entropy)

        def finished(run: HandshakeRun, result: Established | LatchworkError) -> None:
            self._watched.pop(run, None)
            self.sessions.release(local_id)
            if isinstance(result, Established):
                self._establish(result, exchange.session.address)
            else:
                log(_log, 20, "handshake refused", pase=run.is_pase, reason=result)
                if run.is_pase:
                    self.hooks.on_pase_failed()

        run = HandshakeRun(self, exchange, self._responder(local_id, is_pase), finished, is_pase=is_pase, now=self.now)
        self._answering.append(run)
        run.accept(message)

    def _responder(self, local_id: int, is_pase: bool) -> Handshake:
        if is_pase and self.window is not None:
            return pase_responder(
                self.window.verifier,
                self.window.salt,
                self.window.iterations,
                local_session_id=local_id,
                parameters=self.parameters,
                entropy=self.entropy,
            )
        return case_responder(
            self.fabrics,
            local_session_id=local_id,
            parameters=self.parameters,
            entropy=self.entropy,
            now_utc=self._utc(self.now),
            resumptions=self.resumptions,
        )

    def _refuse(self, exchange: Exchange, code: SecureChannelCode, data: bytes) -> None:
        general = GeneralCode.BUSY if code is SecureChannelCode.BUSY else GeneralCode.FAILURE
        report = StatusReport(general, ProtocolId.SECURE_CHANNEL, code, data).encode()
        exchange.post(Opcode.STATUS_REPORT, report, now=self.now, protocol_id=0)
        exchange.close(now=self.now)

    def _establish(self, made: Established, address: object) -> SecureSession:
        is_case = made.fabric_index != 0
        i2r, r2i = made.encrypt_i2r, made.encrypt_r2i
        session = SecureSession(
            local_id=made.local_session_id,
            peer_id=made.peer_session_id,
            encrypt_key=i2r if made.is_initiator else r2i,
            decrypt_key=r2i if made.is_initiator else i2r,
            attestation_challenge=made.attestation_challenge,
            subject=Subject(
                AuthMode.CASE if is_case else AuthMode.PASE,
                made.fabric_index,
                made.peer_node_id,
                made.cats,
                is_commissioning=not is_case,
            ),
            local_node_id=made.local_node_id,
            peer_parameters=made.peer_parameters,
            is_initiator=made.is_initiator,
            address=address,
            first_counter=(int.from_bytes(self.entropy(4), "little") >> 4) + 1,
            now=self.now,
            resumed=made.resumed,
        )
        if is_case and made.resumption_id is not None and made.shared_secret is not None:
            self.resumptions.put(
                ResumptionRecord(
                    resumption_id=made.resumption_id,
                    shared_secret=Secret(made.shared_secret),
                    fabric_index=made.fabric_index,
                    peer_node_id=made.peer_node_id,
                    cats=made.cats,
                )
            )
        for evicted in self.sessions.add(session):
            self.close_session(evicted, now=self.now)
        self.hooks.on_session(session)
        return session

    # Datagrams

    def receive_datagram(self, data: bytes, address: object, now: float) -> None:
        """Take whatever arrived from `address`; never raises for what a peer sent."""
        self.now = now
        counts = self.counts
        counts.received += 1
        if not 8 <= len(data) <= _MAX_MESSAGE:
            counts.malformed += 1
            return
        flags, session_id, security, counter = FIXED_HEADER.unpack_from(data)
        try:
            if session_id and not security & 0x83 and not flags & 0xF0:
                self._receive_secure(data, 8, session_id, security, counter, flags, address)
            elif security & 0x03 == 1:
                self._receive_group(session_id, data, address)
            elif not session_id and not security & 0x83:
                self._receive_unsecured(data, address)
            else:
                counts.malformed += 1
        except HeaderError:
            counts.malformed += 1

    def _receive_secure(
        self, data: bytes, start: int, session_id: int, security: int, counter: int, flags: int, address: object
    ) -> None:
        session = self.sessions.get(session_id)
        if session is None:
            self.counts.unknown_session += 1
            return
        if flags or security:
            _, start = MessageHeader.decode(data)
        try:
            plain = session.open(data[:start], security, counter, data[start:])
        except AuthenticationFailed:
            self.counts.not_authentic += 1
            return
        is_new = session.reception.is_new(counter)
        if is_new:
            session.reception.commit(counter)
            session.last_heard = session.last_used = self.now
            if session.address != address and type(address) is tuple and not session.is_stream:
                session.address = address
        try:
            self._dispatch(session, plain, counter, is_new)
        except CounterExhausted:
            self.close_session(session, now=self.now, notify=False)

    def _receive_unsecured(self, data: bytes, address: object) -> None:
        header, start = MessageHeader.decode(data)
        is_first = False
        if header.destination_node is not None:
            session = self._unsecured.get((header.destination_node, True))
        elif header.source_node is not None:
            session = self._unsecured.get((header.source_node, False))
            if session is None:
                session = UnsecuredSession(
                    ephemeral_id=header.source_node,
                    is_initiator=False,
                    address=address,
                    next_counter=self._next_counter,
                    parameters=SessionParameters(),
                    now=self.now,
                )
                self._keep_unsecured(session)
                is_first = True
        else:
            session = None
        if session is None or session.address != address:
            self.counts.unknown_session += 1
            return
        window = session.reception
        is_new = window.is_new(header.counter)
        if is_new:
            window.commit(header.counter)
            session.last_heard = self.now
        elif window.is_restart(header.counter):
            window.restart(header.counter)
            is_new = True
        try:
            self._dispatch(session, data[start:], header.counter, is_new)
        finally:
            if is_first and not session.exchanges:
                self._unsecured.pop((session.ephemeral_id, False), None)  # it did not even try a handshake

    def _receive_group(self, session_id: int, data: bytes, address: object) -> None:
        opened = self.groups.open(session_id, data)
        if opened is None:
            self.counts.not_authentic += 1
            return
        header, start = ProtocolHeader.decode(opened.plain)
        session = GroupSession(opened.key.fabric_index, opened.source_node, opened.group_id, address, self.now)
        exchange = self._exchange_type(self, session, header.exchange_id, is_initiator=False)
        self.hooks.on_request(exchange, Message(header.opcode, opened.plain[start:], header.protocol_id))

    def _dispatch(self, session: SecureSession | UnsecuredSession, plain: bytes, counter: int, is_new: bool) -> None:
        if len(plain) < _PROTOCOL.size:
            raise HeaderError("too short for a protocol header")
        flags, opcode, exchange_id, protocol_id = _PROTOCOL.unpack_from(plain)
        acknowledged = None
        if flags & _RARE:
            header, start = ProtocolHeader.decode(plain)
            acknowledged = header.acknowledged
            if header.vendor_id:
                self.counts.unexpected += 1
                return
        elif flags & _ACK:
            if len(plain) < 10:
                raise HeaderError("the acknowledgement is cut off")
            acknowledged = int.from_bytes(plain[6:10], "little")
            start = 10
        else:
            start = 6
        is_reliable = bool(flags & _RELIABLE) and not session.is_stream
        key = exchange_id | 0x1_0000 if flags & _INITIATOR else exchange_id
        exchange = session.exchanges.get(key)
        if not is_new:
            self._repeat(session, exchange, exchange_id, flags, counter)
            return
        message = Message(opcode, plain[start:], protocol_id)
        if isinstance(exchange, Exchange):
            exchange.take(message, counter=counter, acknowledged=acknowledged, is_reliable=is_reliable, now=self.now)
        elif flags & _INITIATOR and not (opcode == STANDALONE_ACK and protocol_id == 0):
            self._unsolicited(session, message, exchange_id, counter, is_reliable)
        else:
            self.counts.unexpected += 1
            if is_reliable:
                self._acknowledge_alone(session, exchange_id, flags, counter)

    def _unsolicited(
        self,
        session: SecureSession | UnsecuredSession,
        message: Message,
        exchange_id: int,
        counter: int,
        is_reliable: bool,
    ) -> None:
        if isinstance(session, UnsecuredSession):
            handshake = message.protocol_id == 0 and message.opcode in {Opcode.PBKDF_PARAM_REQUEST, Opcode.SIGMA1}
            if not handshake:
                self.counts.unexpected += 1
                if is_reliable:
                    self._acknowledge_alone(session, exchange_id, _INITIATOR, counter)
                return
        elif len(session.exchanges) >= MAX_EXCHANGES:
            self.counts.unexpected += 1
            if is_reliable:
                self._acknowledge_alone(session, exchange_id, _INITIATOR, counter)
            return
        exchange = self._exchange_type(self, session, exchange_id, is_initiator=False)
        session.exchanges[exchange_id | 0x1_0000] = exchange
        exchange.begin(counter=counter, is_reliable=is_reliable, now=self.now)
        if isinstance(session, UnsecuredSession):
            self._answer_handshake(exchange, message)
        elif message.protocol_id == ProtocolId.SECURE_CHANNEL:
            exchange.close(now=self.now)
            self._secure_channel(session, message)
        else:
            self.hooks.on_request(exchange, message)

    def _secure_channel(self, session: SecureSession, message: Message) -> None:
        if message.opcode != Opcode.STATUS_REPORT:
            self.counts.unexpected += 1
            return
        try:
            report = StatusReport.decode(message.payload)
        except StatusReportError:
            self.counts.malformed += 1
            return
        if report.protocol_id == 0 and report.code == SecureChannelCode.CLOSE_SESSION:
            self.close_session(session, now=self.now, notify=False)

    def _repeat(
        self,
        session: SecureSession | UnsecuredSession,
        exchange: object,
        exchange_id: int,
        flags: int,
        counter: int,
    ) -> None:
        self.counts.duplicate += 1
        if flags & _RELIABLE and not session.is_stream:
            if isinstance(exchange, Exchange):
                exchange.repeat_acknowledgement(counter, self.now)
            else:
                self._acknowledge_alone(session, exchange_id, flags, counter)

    def _acknowledge_alone(
        self, session: SecureSession | UnsecuredSession, exchange_id: int, flags: int, counter: int
    ) -> None:
        """Acknowledge without an exchange, so that a peer stops repeating (Core 4.12.5.2.2)."""
        header = ProtocolHeader(
            STANDALONE_ACK, 0, exchange_id, is_initiator=not flags & _INITIATOR, acknowledged=counter
        )
        datagram, _ = session.seal(header.encode())
        self.transmit(datagram, session.address)

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

    def fabric_sessions(self, fabric_index: int) -> Iterable[SecureSession]:
        """The secure sessions of a fabric."""
        return [session for session in self.sessions if session.fabric_index == fabric_index]
