"""How sessions come to be: PASE and CASE, begun by us or answered (Core 4.14).

Stands on `conversations`; `handshakes` drives each one, and what arrives first is the engine's to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret, log, logger
from latchwork.matter.engine.conversations import Conversations
from latchwork.matter.engine.handshakes import HandshakeRun
from latchwork.matter.engine.ports import SessionClosed
from latchwork.matter.exchange.exchange import Exchange, Message
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.messages.secure_channel import Opcode, SessionParameters
from latchwork.matter.messages.status import GeneralCode, SecureChannelCode, StatusReport
from latchwork.matter.session.case import case_initiator, case_responder
from latchwork.matter.session.handshake import Established, Handshake, HandshakeFailed
from latchwork.matter.session.pase import pase_initiator, pase_responder
from latchwork.matter.session.resumption import ResumptionRecord
from latchwork.matter.session.secure import SecureSession
from latchwork.matter.session.unsecured import UnsecuredSession
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.matter.trust.fabric import Fabric

_log = logger(__name__)
MAX_HANDSHAKES: Final = 8
"""Handshakes answered at once; beyond it the answer is Busy (Core 4.11.1.5)."""
BUSY_WAIT_MS: Final = 5000
"""How long a Busy asks the peer to wait, milliseconds."""
Outcome = Callable[["SecureSession | LatchworkError"], None]


class Establishing(Conversations):
    """Opens sessions, and answers those who want to open one."""

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
        session = self._unsecured_to(address, parameters or SessionParameters(), now)
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

    # Without a session

    def send_check_in(self, payload: bytes, address: object, *, now: float) -> None:
        """Send a Check-In message: unsecured, once, and nobody acknowledges it (Core 4.22)."""
        self.now = now
        exchange = self.open(self._unsecured_to(address, SessionParameters(), now))
        exchange.post(Opcode.ICD_CHECK_IN, payload, now=now, protocol_id=0, reliable=False)
        exchange.close(now=now)

    def _unsecured_to(self, address: object, parameters: SessionParameters, now: float) -> UnsecuredSession:
        return UnsecuredSession(
            ephemeral_id=int.from_bytes(self.entropy(8), "little") & 0x7FFF_FFFF_FFFF_FFFF or 1,
            is_initiator=True,
            address=address,
            next_counter=self._next_counter,
            parameters=parameters,
            now=now,
        )

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
