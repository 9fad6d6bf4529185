"""Transfers of Bulk Data Exchange as state machines: who gets a file and who serves it (Core 11.22).

Exchange storey of `matter`; never waits, never sends, knows no exchange. A message goes in with the time, what it calls for comes out.
The receiver drives, synchronously: one block asked for, one block given, which is what software updates need (Core 11.20.3.5).

A machine that is over stays over. It fails in three ways: `TransferBroken` (the peer broke the protocol; `reply` is to be sent),
`TransferRefused` (the peer ended the transfer with a status report) and `TransferTimeout` (the deadline passed).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from latchwork.base.errors import LatchworkError, Misuse, PeerViolation, Refused, Unreachable
from latchwork.matter.messages.bdx import (
    MAX_BLOCK,
    VERSION,
    AnyMessage,
    BdxCode,
    BdxError,
    BdxMessage,
    Block,
    BlockAck,
    BlockAckEof,
    BlockEof,
    BlockQuery,
    BlockQueryWithSkip,
    ReceiveAccept,
    ReceiveInit,
    TransferControl,
    decode_message,
)
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.messages.secure_channel import Opcode as SecureChannelOpcode
from latchwork.matter.messages.status import GeneralCode, StatusReport, StatusReportError

BLOCK_HEADER: Final = 4
"""Octets of a block's message before the data."""
ANSWER_S: Final = 60.0
"""Seconds that the peer may take for its next message: a sender may fetch the block from elsewhere, a receiver erase flash."""
_COUNTERS: Final = 1 << 32


class TransferRefused(Refused):
    """The peer ended the transfer with a status report.

    Attributes:
        code: why.
    """

    def __init__(self, code: int) -> None:
        self.code = BdxCode(code)
        super().__init__(f"the peer ended the transfer: {self.code.name}", status=code)


class TransferBroken(PeerViolation):
    """The peer did not keep to the protocol.

    Attributes:
        code: what it is told.
    """

    def __init__(self, code: BdxCode, message: str) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code

    @property
    def reply(self) -> bytes:
        """The status report for the peer."""
        return status_report(self.code)


class TransferTimeout(Unreachable):
    """The peer's next message did not come in time."""

    advice = "The connection broke in the middle of the file: it is continued from there at the next try."


def status_report(code: BdxCode) -> bytes:
    """A status report of this protocol; it is sent as a message of the secure channel (Core 11.22.3.2)."""
    return StatusReport(GeneralCode.FAILURE, ProtocolId.BDX, code).encode()


def read_message(protocol_id: int, opcode: int, payload: bytes) -> AnyMessage:
    """What arrived on a transfer's exchange.

    Raises:
        TransferRefused: it is a status report.
        TransferBroken: it is no message of this protocol.
    """
    if protocol_id == ProtocolId.SECURE_CHANNEL and opcode == SecureChannelOpcode.STATUS_REPORT:
        try:
            report = StatusReport.decode(payload)
        except StatusReportError as error:
            raise TransferBroken(BdxCode.BAD_MESSAGE_CONTENTS, str(error)) from None
        raise TransferRefused(report.code if report.protocol_id == ProtocolId.BDX else BdxCode.UNKNOWN)
    if protocol_id != ProtocolId.BDX:
        raise TransferBroken(BdxCode.UNEXPECTED_MESSAGE, f"a message of protocol {protocol_id}")
    try:
        return decode_message(opcode, payload)
    except BdxError as error:
        raise TransferBroken(BdxCode.BAD_MESSAGE_CONTENTS, str(error)) from None


class _Transfer:
    """What both sides have: a deadline and an end."""

    __slots__ = ("deadline", "is_over", "timeout")

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.deadline = float("inf")
        self.is_over = False

    def _await_answer(self, now: float) -> None:
        self.deadline = now + self.timeout

    def _end(self) -> None:
        self.is_over = True
        self.deadline = float("inf")

    def handle_deadline(self, now: float) -> None:
        """The time that was in `deadline` may have come.

        Raises:
            TransferTimeout: it has; the transfer is over.
        """
        if now >= self.deadline:
            self._end()
            raise TransferTimeout(f"no message for {self.timeout:g} s in the middle of a transfer")

    def _read(self, protocol_id: int, opcode: int, payload: bytes) -> AnyMessage:
        if self.is_over:
            raise Misuse("the transfer is over")
        try:
            return read_message(protocol_id, opcode, payload)
        except LatchworkError:
            self._end()
            raise

    def _broken(self, code: BdxCode, message: str) -> TransferBroken:
        self._end()
        return TransferBroken(code, message)


@dataclass(frozen=True, slots=True)
class Received:
    """What a message to the receiver brought.

    Attributes:
        data: octets of the file, to be kept before `reply` is sent: the sender takes it as having them.
        reply: what to send.
        is_complete: the file is complete; nothing follows `reply`.
    """

    data: bytes
    reply: BdxMessage
    is_complete: bool = False


class Receiver(_Transfer):
    """Gets a file: opens the transfer and drives it.

    Attributes:
        received: octets that came so far.
        length: octets that will come, or None where the sender did not say.
        deadline: when `handle_deadline` wants to be called, monotonic seconds.
        is_over: nothing more will come, for whatever reason.
    """

    __slots__ = ("_counter", "_init", "_max_block", "length", "received")

    def __init__(
        self,
        designator: bytes,
        *,
        max_block_size: int,
        start_offset: int = 0,
        max_length: int = 0,
        timeout: float = ANSWER_S,
    ) -> None:
        super().__init__(timeout)
        self._init = ReceiveInit(
            TransferControl.RECEIVER_DRIVE, min(max_block_size, MAX_BLOCK), designator, start_offset, max_length
        )
        self._max_block = self._init.max_block_size
        self._counter: int | None = None
        self.received = 0
        self.length: int | None = None

    def start(self, now: float) -> ReceiveInit:
        """The first message to send."""
        self._await_answer(now)
        return self._init

    def take(self, protocol_id: int, opcode: int, payload: bytes, now: float) -> Received:
        """Take one message.

        Raises:
            TransferRefused: the sender ended the transfer.
            TransferBroken: the sender broke the protocol.
        """
        message = self._read(protocol_id, opcode, payload)
        if self._counter is None:
            if not isinstance(message, ReceiveAccept):
                raise self._broken(BdxCode.UNEXPECTED_MESSAGE, f"{type(message).__name__} for a proposal")
            self._accepted(message)
            self._counter = 0
            self._await_answer(now)
            return Received(b"", BlockQuery(0))
        if not isinstance(message, Block | BlockEof):
            raise self._broken(BdxCode.UNEXPECTED_MESSAGE, f"{type(message).__name__} for a block")
        self._check_block(message)
        if isinstance(message, BlockEof):
            self._end()
            return Received(message.data, BlockAckEof(message.counter), is_complete=True)
        self._counter = (self._counter + 1) % _COUNTERS
        self._await_answer(now)
        return Received(message.data, BlockQuery(self._counter))

    def _accepted(self, message: ReceiveAccept) -> None:
        proposal = self._init
        if message.control != TransferControl.RECEIVER_DRIVE:
            raise self._broken(BdxCode.TRANSFER_METHOD_NOT_SUPPORTED, "not the drive that was proposed")
        if message.version != VERSION:
            raise self._broken(BdxCode.VERSION_NOT_SUPPORTED, f"version {message.version}")
        if not 0 < message.max_block_size <= proposal.max_block_size:
            raise self._broken(BdxCode.BAD_MESSAGE_CONTENTS, "blocks larger than proposed, or none")
        if message.start_offset != proposal.start_offset:
            raise self._broken(BdxCode.START_OFFSET_NOT_SUPPORTED, "another offset than proposed")
        if proposal.max_length and message.length > proposal.max_length:
            raise self._broken(BdxCode.LENGTH_TOO_LARGE, "more than proposed")
        self._max_block = message.max_block_size
        self.length = message.length or None

    def _check_block(self, message: Block | BlockEof) -> None:
        if message.counter != self._counter:
            raise self._broken(BdxCode.BAD_BLOCK_COUNTER, f"block {message.counter} instead of {self._counter}")
        if len(message.data) > self._max_block:
            raise self._broken(BdxCode.BAD_MESSAGE_CONTENTS, "a block larger than agreed")
        self.received += len(message.data)
        limit = self.length or self._init.max_length
        if limit and self.received > limit:
            raise self._broken(BdxCode.LENGTH_MISMATCH, "more octets than agreed")
        if isinstance(message, BlockEof) and self.length is not None and self.received != self.length:
            raise self._broken(BdxCode.LENGTH_MISMATCH, "fewer octets than agreed")

    def stop(self, code: BdxCode = BdxCode.TRANSFER_FAILED_UNKNOWN_ERROR) -> bytes:
        """Give the transfer up; the status report for the sender."""
        self._end()
        return status_report(code)


class Source(Protocol):
    """A file to be served."""

    @property
    def length(self) -> int:
        """Its octets."""

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` octets from `offset` on; fewer only at the end.

        Raises:
            LatchworkError: it cannot be read.
        """

    def close(self) -> None:
        """Nobody reads it any more; called once."""


class NotServed(LatchworkError):
    """Raised by whoever is asked for a file: the proposal is refused.

    Attributes:
        code: what the peer is told.
    """

    def __init__(self, code: BdxCode, message: str = "") -> None:
        super().__init__(message or code.name)
        self.code = code


class Sender(_Transfer):
    """Serves a file to a receiver that drives.

    Args:
        find: the file of a proposal; raises `NotServed`.
        max_block_size: octets of a block that our messages can carry.
        timeout: seconds that the receiver may take.

    Attributes:
        proposal: what the receiver asked for, once it did.
        sent: octets of the file that the receiver asked to have after, skipped ones included: its progress, from the file's beginning.
        is_complete: the receiver said that it has everything.
        deadline: when `handle_deadline` wants to be called, monotonic seconds.
    """

    __slots__ = (
        "_at_end",
        "_counter",
        "_find",
        "_limit",
        "_max_block",
        "_offset",
        "_source",
        "is_complete",
        "proposal",
        "sent",
    )

    def __init__(
        self, find: Callable[[ReceiveInit], Source], *, max_block_size: int, timeout: float = ANSWER_S
    ) -> None:
        super().__init__(timeout)
        self._find = find
        self._max_block = max_block_size
        self._source: Source | None = None
        self._counter = 0
        self._offset = self._limit = 0
        self._at_end = False
        self.proposal: ReceiveInit | None = None
        self.sent = 0
        self.is_complete = False

    def take(self, protocol_id: int, opcode: int, payload: bytes, now: float) -> BdxMessage | None:
        """Take one message; what to answer, or None.

        Raises:
            TransferRefused: the receiver ended the transfer.
            TransferBroken: the receiver broke the protocol, or asked for what it cannot have.
        """
        message = self._read(protocol_id, opcode, payload)
        if self._source is None:
            if not isinstance(message, ReceiveInit):
                raise self._broken(BdxCode.UNEXPECTED_MESSAGE, f"{type(message).__name__} instead of a proposal")
            reply: BdxMessage = self._accept(message)
        elif isinstance(message, BlockAckEof):
            self._confirmed(message)
            return None
        elif isinstance(message, BlockAck):
            self._acknowledged(message)
            self._await_answer(now)
            return None
        elif isinstance(message, BlockQuery | BlockQueryWithSkip):
            reply = self._next(message, self._source)
        else:
            raise self._broken(BdxCode.UNEXPECTED_MESSAGE, f"{type(message).__name__} for a block that was asked for")
        self._await_answer(now)
        return reply

    def _accept(self, proposal: ReceiveInit) -> ReceiveAccept:
        if not proposal.control & TransferControl.RECEIVER_DRIVE:
            raise self._broken(BdxCode.TRANSFER_METHOD_NOT_SUPPORTED, "the receiver does not drive")
        try:
            source = self._find(proposal)
        except NotServed as error:
            raise self._broken(error.code, str(error)) from None
        self._source = source
        if proposal.start_offset > source.length:
            raise self._broken(BdxCode.START_OFFSET_NOT_SUPPORTED, "it is behind the file's end")
        rest = source.length - proposal.start_offset
        length = min(rest, proposal.max_length) if proposal.max_length else rest
        self.proposal = proposal
        self._offset = self.sent = proposal.start_offset
        self._limit = proposal.start_offset + length
        self._max_block = min(self._max_block, proposal.max_block_size)
        return ReceiveAccept(TransferControl.RECEIVER_DRIVE, self._max_block, proposal.start_offset, length)

    def _next(self, message: BlockQuery | BlockQueryWithSkip, source: Source) -> Block | BlockEof:
        if message.counter != self._counter:
            raise self._broken(BdxCode.BAD_BLOCK_COUNTER, f"block {message.counter} instead of {self._counter}")
        if self._at_end:
            raise self._broken(BdxCode.UNEXPECTED_MESSAGE, "there is no block after the last")
        if isinstance(message, BlockQueryWithSkip):
            self._offset = min(self._offset + message.skip, self._limit)
        self.sent = self._offset
        size = min(self._max_block, self._limit - self._offset)
        try:
            data = source.read(self._offset, size)
        except LatchworkError as error:
            raise self._broken(BdxCode.TRANSFER_FAILED_UNKNOWN_ERROR, str(error)) from error
        if len(data) != size:
            raise self._broken(BdxCode.TRANSFER_FAILED_UNKNOWN_ERROR, "the file is shorter than it was")
        counter, self._counter = self._counter, (self._counter + 1) % _COUNTERS
        self._offset += size
        self._at_end = self._offset == self._limit
        return BlockEof(counter, data) if self._at_end else Block(counter, data)

    def _acknowledged(self, message: BlockAck) -> None:
        if message.counter != (self._counter - 1) % _COUNTERS:
            raise self._broken(BdxCode.BAD_BLOCK_COUNTER, f"block {message.counter} acknowledged")

    def _confirmed(self, message: BlockAckEof) -> None:
        if not self._at_end:
            raise self._broken(BdxCode.UNEXPECTED_MESSAGE, "the end acknowledged before it came")
        if message.counter != (self._counter - 1) % _COUNTERS:
            raise self._broken(BdxCode.BAD_BLOCK_COUNTER, f"block {message.counter} acknowledged")
        self.sent = self._limit
        self.is_complete = True
        self._end()

    def _end(self) -> None:
        super()._end()
        self.close()

    def close(self) -> None:
        """The exchange is over: let go of the file."""
        self.is_over = True
        source, self._source = self._source, None
        if source is not None:
            source.close()
