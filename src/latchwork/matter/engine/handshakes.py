"""Driving a handshake's generator over an exchange (Core 4.14).

The generators of `session` say what to send and what they need; this is who does it. Slow work goes to whoever owns the engine, so
that a lock answers others while a passcode is stretched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from latchwork.base.errors import LatchworkError, Unreachable
from latchwork.matter.exchange.exchange import Exchange, Message
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.session.handshake import Established, Handshake, HandshakeFailed, Pbkdf, Received, Send

HANDSHAKE_TIMEOUT: Final = 60.0
"""Seconds after which a handshake is given up, whoever is late: a fail-safe's default length (Core 11.10.7.2)."""
_STATUS_REPORT: Final = 0x40


class SlowPeer(Unreachable):
    """The peer acknowledged a handshake's message but did not answer it in time."""


class Owner(Protocol):
    """What a handshake needs of the engine."""

    now: float

    def watch(self, timed: HandshakeRun) -> None:
        """The handshake has a deadline."""

    def stretch(self, work: Pbkdf, done: Callable[[bytes], None]) -> None:
        """Do slow key derivation and call back."""


class HandshakeRun:
    """One handshake under way.

    Attributes:
        exchange: the conversation that carries it.
        is_pase: PASE rather than CASE.
        deadline: when it is given up, monotonic seconds.
        done: called once with the result or the reason.
    """

    __slots__ = ("_engine", "_machine", "_waits", "deadline", "done", "exchange", "is_over", "is_pase")

    def __init__(
        self,
        engine: Owner,
        exchange: Exchange,
        machine: Handshake,
        done: Callable[[HandshakeRun, Established | LatchworkError], None],
        *,
        is_pase: bool,
        now: float,
    ) -> None:
        self._engine = engine
        self._machine = machine
        self._waits = False
        self.exchange = exchange
        self.is_pase = is_pase
        self.is_over = False
        self.done = done
        self.deadline = now + HANDSHAKE_TIMEOUT
        exchange.on_message = self._take
        exchange.on_failed = self._fail

    def begin(self) -> None:
        """Let the machine say what it wants first."""
        self._engine.watch(self)
        self._step(None)

    def accept(self, message: Message) -> None:
        """Responder: hand the machine the message that opened the exchange."""
        self._engine.watch(self)
        next(self._machine)
        self._take(message)

    def handle_deadline(self, now: float) -> None:
        """Give up."""
        if now >= self.deadline:
            self._fail(SlowPeer("the peer did not finish the handshake", advice="Restart the device, then try again."))

    def _take(self, message: Message) -> None:
        if message.protocol_id == ProtocolId.SECURE_CHANNEL and not self._waits:
            self._step(Received(message.opcode, message.payload))

    def _step(self, given: Received | bytes | None) -> None:
        if self.is_over:
            return
        self._waits = False
        try:
            wanted = self._machine.send(given)
            while isinstance(wanted, Send):
                self.exchange.post(wanted.opcode, wanted.payload, now=self._engine.now, protocol_id=0)
                if wanted.opcode != _STATUS_REPORT:  # a success report ends a handshake without an answer
                    return
                wanted = self._machine.send(None)
        except StopIteration as finished:
            self._finish(finished.value)
            return
        except HandshakeFailed as failure:
            if failure.reply is not None and self.exchange.failure is None:
                self.exchange.post(_STATUS_REPORT, failure.reply, now=self._engine.now, protocol_id=0)
            self._fail(failure)
            return
        except LatchworkError as failure:
            self._fail(failure)
            return
        if isinstance(wanted, Pbkdf):
            self._waits = True
            self._engine.stretch(wanted, self._step)

    def _finish(self, established: Established) -> None:
        if not self.is_over:
            self.is_over = True
            self.deadline = float("inf")
            self.done(self, established)
            self.exchange.close(now=self._engine.now)

    def _fail(self, error: LatchworkError) -> None:
        if not self.is_over:
            self.is_over = True
            self.deadline = float("inf")
            self._machine.close()
            self.done(self, error)
            self.exchange.close(now=self._engine.now)
