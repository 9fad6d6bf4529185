"""One conversation inside a session, reliable by MRP (Core 4.10, 4.12).

Pure: never waits, never asks for the time. An exchange is driven by three things: its user sending, a message arriving, a deadline
passing. It hands datagrams to its `Carrier` and messages to its user.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from latchwork.base.errors import LatchworkError, Misuse, Unreachable
from latchwork.matter.exchange.mrp import Reliability, retransmission_delay

_HEADER: Final = struct.Struct("<BBHH")
_HEADER_ACK: Final = struct.Struct("<BBHHI")
_INITIATOR, _ACK, _RELIABLE = 0x01, 0x02, 0x04
STANDALONE_ACK: Final = 0x10
"""Opcode of an acknowledgement that rides on nothing (Core 4.12.7.1)."""
MAX_INBOX: Final = 16
"""Messages kept for a user that does not take them; MRP allows one at a time, so more is a flood."""
NEVER: Final = float("inf")


class NoAcknowledgement(Unreachable):
    """The peer acknowledged none of the transmissions of a message."""

    advice = "Check that the device has power and is in the same network, then try again."


class Message:
    """A message as its protocol sees it.

    Attributes:
        opcode: the protocol's message type.
        payload: the application's octets.
        protocol_id: which protocol.
    """

    __slots__ = ("opcode", "payload", "protocol_id")

    def __init__(self, opcode: int, payload: bytes, protocol_id: int) -> None:
        self.opcode = opcode
        self.payload = payload
        self.protocol_id = protocol_id

    def __repr__(self) -> str:
        return f"Message(opcode=0x{self.opcode:02x}, protocol_id={self.protocol_id}, {len(self.payload)} octets)"


class Channel(Protocol):
    """What an exchange needs of its session."""

    address: object
    is_stream: bool
    is_closed: bool
    last_used: float
    exchanges: dict[int, Any]

    def seal(self, plain: bytes) -> tuple[bytes, int]:
        """Protect protocol header and payload: the datagram and its counter."""

    def retransmission_interval(self, now: float) -> float:
        """Seconds that the peer needs to answer."""


class Carrier(Protocol):
    """What an exchange needs of the engine."""

    reliability: Reliability

    def transmit(self, datagram: bytes, address: object) -> None:
        """Send a datagram."""

    def jitter(self) -> float:
        """Chance, 0.0 to 1.0."""

    def watch(self, exchange: Exchange) -> None:
        """The exchange has a deadline now."""

    def forget(self, exchange: Exchange) -> None:
        """The exchange is over."""


class Exchange:
    """One conversation, either role.

    Attributes:
        session: where it runs.
        exchange_id: chosen by its initiator.
        is_initiator: whether that is us.
        on_message: called with each message; without it messages wait in `inbox`.
        on_failed: called once when the peer stopped acknowledging or the session ended.
        inbox: messages not yet taken.
        deadline: when `handle_deadline` wants to be called, monotonic seconds.
    """

    __slots__ = (
        "_ack_due",
        "_attempts",
        "_carrier",
        "_owed",
        "_pending",
        "_pending_counter",
        "_queue",
        "_resend_at",
        "deadline",
        "exchange_id",
        "failure",
        "inbox",
        "is_closed",
        "is_initiator",
        "on_failed",
        "on_message",
        "session",
    )

    def __init__(self, carrier: Carrier, session: Channel, exchange_id: int, *, is_initiator: bool) -> None:
        self._carrier = carrier
        self.session = session
        self.exchange_id = exchange_id
        self.is_initiator = is_initiator
        self.on_message: Callable[[Message], None] | None = None
        self.on_failed: Callable[[LatchworkError], None] | None = None
        self.inbox: list[Message] | None = None
        self.failure: LatchworkError | None = None
        self.deadline = NEVER
        self.is_closed = False
        self._owed: int | None = None
        self._ack_due = NEVER
        self._pending: bytes | None = None
        self._pending_counter = -1
        self._attempts = 0
        self._resend_at = NEVER
        self._queue: deque[tuple[int, bytes, int]] | None = None

    @property
    def key(self) -> int:
        """The exchange's place among its session's: the id, and who opened it."""
        return self.exchange_id if self.is_initiator else self.exchange_id | 0x1_0000

    @property
    def awaits_acknowledgement(self) -> bool:
        """Whether a message of ours is not acknowledged yet."""
        return self._pending is not None

    def post(self, opcode: int, payload: bytes, *, now: float, protocol_id: int = 1, reliable: bool = True) -> None:
        """Send a message; a second reliable one waits until the first is acknowledged (Core 4.12.1).

        Raises:
            Misuse: the exchange is closed.
            LatchworkError: why the exchange failed before.
        """
        if self.failure is not None:
            raise self.failure
        if self.is_closed:
            raise Misuse("the exchange is closed")
        session = self.session
        if reliable and not session.is_stream:
            if self._pending is not None:
                if self._queue is None:
                    self._queue = deque()
                self._queue.append((opcode, payload, protocol_id))
                return
            flags = _RELIABLE | _INITIATOR if self.is_initiator else _RELIABLE
        else:
            reliable = False
            flags = _INITIATOR if self.is_initiator else 0
        owed = self._owed
        if owed is None:
            header = _HEADER.pack(flags, opcode, self.exchange_id, protocol_id)
        else:
            header = _HEADER_ACK.pack(flags | _ACK, opcode, self.exchange_id, protocol_id, owed)
            self._owed = None
            self._ack_due = NEVER
        datagram, counter = session.seal(header + payload)
        session.last_used = now
        if reliable:
            self._pending = datagram
            self._pending_counter = counter
            self._attempts = 1
            delay = retransmission_delay(session.retransmission_interval(now), 1, self._carrier.jitter())
            self.deadline = self._resend_at = now + delay
            self._carrier.watch(self)
        self._carrier.transmit(datagram, session.address)

    def begin(self, *, counter: int, is_reliable: bool, now: float) -> None:
        """Responder: remember what the message that opened the exchange asks for."""
        if is_reliable:
            self._owed = counter
            self.deadline = self._ack_due = now + self._carrier.reliability.ack_timeout
            self._carrier.watch(self)

    def take(self, message: Message, *, counter: int, acknowledged: int | None, is_reliable: bool, now: float) -> None:
        """Take a message that the session authenticated and found new."""
        if acknowledged is not None and acknowledged == self._pending_counter:
            self._acknowledged(now)
        if is_reliable:
            if self._owed is not None:
                self._acknowledge(now)
            self._owed = counter
            self._ack_due = now + self._carrier.reliability.ack_timeout
            self.deadline = min(self.deadline, self._ack_due)
            self._carrier.watch(self)
        if message.opcode == STANDALONE_ACK and message.protocol_id == 0:
            if self.is_closed and self._pending is None:
                self._carrier.forget(self)
            return
        if self.is_closed:
            self._acknowledge(now)
            return
        if self.on_message is not None:
            self.on_message(message)
        else:
            if self.inbox is None:
                self.inbox = []
            if len(self.inbox) < MAX_INBOX:
                self.inbox.append(message)

    def _acknowledged(self, now: float) -> None:
        self._pending = None
        self._pending_counter = -1
        self._resend_at = NEVER
        self.deadline = self._ack_due
        if self._queue:
            opcode, payload, protocol_id = self._queue.popleft()
            was_closed, self.is_closed = self.is_closed, False
            self.post(opcode, payload, now=now, protocol_id=protocol_id)
            self.is_closed = was_closed
        elif self.is_closed:
            self._carrier.forget(self)

    def _acknowledge(self, now: float) -> None:
        """Send the acknowledgement that is owed, alone."""
        owed = self._owed
        if owed is None:
            return
        self._owed = None
        self._ack_due = NEVER
        self.deadline = self._resend_at
        flags = _ACK | _INITIATOR if self.is_initiator else _ACK
        datagram, _ = self.session.seal(_HEADER_ACK.pack(flags, STANDALONE_ACK, self.exchange_id, 0, owed))
        self.session.last_used = now
        self._carrier.transmit(datagram, self.session.address)

    def repeat_acknowledgement(self, counter: int, now: float) -> None:
        """A message arrived again: its acknowledgement was lost, so say it once more (Core 4.12.5.2.2)."""
        if self._owed is None or self._owed == counter:
            self._owed = counter
            self._acknowledge(now)

    def handle_deadline(self, now: float) -> None:
        """Send again, acknowledge or give up, whatever is due."""
        if self._ack_due <= now:
            self._acknowledge(now)
        if self._resend_at <= now and self._pending is not None:
            if self._attempts >= self._carrier.reliability.max_transmissions:
                self.fail(NoAcknowledgement(f"no acknowledgement after {self._attempts} transmissions"))
                return
            self._attempts += 1
            interval = self.session.retransmission_interval(now)
            self._resend_at = now + retransmission_delay(interval, self._attempts, self._carrier.jitter())
            self._carrier.transmit(self._pending, self.session.address)
        self.deadline = min(self._ack_due, self._resend_at)

    def close(self, *, now: float) -> None:
        """No more messages from the user: acknowledge what is owed; what was sent stays reliable until acknowledged."""
        if self.is_closed:
            return
        self.is_closed = True
        self.on_message = None
        self._acknowledge(now)
        if self._pending is None:
            self._carrier.forget(self)

    def fail(self, error: LatchworkError) -> None:
        """End the exchange with an error: its user learns it once."""
        if self.failure is not None:
            return
        self.failure = error
        self._pending = None
        self._queue = None
        self._resend_at = self._ack_due = self.deadline = NEVER
        self._carrier.forget(self)
        # A closed exchange still reports that its last message was lost: a subscription's report needs that.
        if self.on_failed is not None:
            self.on_failed(error)

    def __repr__(self) -> str:
        return f"<exchange {self.exchange_id}{'i' if self.is_initiator else 'r'} in {self.session!r}>"
