"""One node's protocol engine (Core 4).

Driven by four things: a datagram arriving (`receive_datagram`), a deadline passing (`handle_deadline`), its user sending on an exchange,
and slow work coming back. It answers through `Hooks`, which its owner fills. `now` is monotonic seconds everywhere.
"""

from __future__ import annotations

import struct
from typing import Final

from latchwork.matter.crypto.primitives import AuthenticationFailed
from latchwork.matter.engine.conversations import MAX_UNSECURED
from latchwork.matter.engine.establishing import BUSY_WAIT_MS, MAX_HANDSHAKES, Establishing
from latchwork.matter.engine.ports import SessionClosed
from latchwork.matter.exchange.exchange import STANDALONE_ACK, Exchange, Message
from latchwork.matter.messages.header import FIXED_HEADER, HeaderError, MessageHeader, ProtocolHeader, ProtocolId
from latchwork.matter.messages.secure_channel import Opcode, SessionParameters
from latchwork.matter.messages.status import SecureChannelCode, StatusReport, StatusReportError
from latchwork.matter.session.group import GroupSession
from latchwork.matter.session.secure import CounterExhausted, SecureSession
from latchwork.matter.session.unsecured import UnsecuredSession

__all__ = ["BUSY_WAIT_MS", "MAX_EXCHANGES", "MAX_HANDSHAKES", "MAX_UNSECURED", "Engine", "SessionClosed"]

_PROTOCOL: Final = struct.Struct("<BBHH")
_INITIATOR, _ACK, _RELIABLE, _RARE = 0x01, 0x02, 0x04, 0x18
MAX_EXCHANGES: Final = 64
"""Exchanges that a peer may have open in one session."""
_MAX_MESSAGE: Final = 1 << 16


class Engine(Establishing):
    """Sessions, exchanges and handshakes of one node, and what arrives for them.

    Conversations, and handshakes upon them, come from the classes below it; here every datagram finds its session and its exchange.
    """

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
        elif window.is_restart(header.counter) and header.counter not in session.heard:
            # Within a conversation it is merely late: the sender counts for all its handshakes together, so the window moves fast.
            if not session.exchanges:
                window.restart(header.counter)
            is_new = True
        if is_new:
            session.heard.append(header.counter)
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
                if message.protocol_id == 0 and message.opcode == Opcode.ICD_CHECK_IN:
                    self.hooks.on_check_in(message.payload, session.address)
                else:
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
