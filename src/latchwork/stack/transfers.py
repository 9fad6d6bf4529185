"""Files over exchanges: Bulk Data Exchange with waiting (Core 11.22).

Stack; between the transfers' state machines, which know no exchange, and the runtime, which knows no file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from latchwork.base.errors import LatchworkError, Unreachable
from latchwork.base.logs import log, logger
from latchwork.matter.exchange.bdx import BLOCK_HEADER, Receiver, Sender, TransferBroken
from latchwork.matter.messages.bdx import MAX_BLOCK, BdxCode, BdxMessage
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.messages.secure_channel import Opcode as SecureChannelOpcode
from latchwork.stack.runtime import Exchange, Message, NoAnswer, Session

_log = logger(__name__)
_BDX: Final = int(ProtocolId.BDX)


def block_size(session: Session) -> int:
    """Octets of the largest block that one message of a session carries."""
    return min(session.max_payload - BLOCK_HEADER, MAX_BLOCK)


def _send(exchange: Exchange, message: BdxMessage, *, final: bool = False) -> None:
    exchange.send(message.opcode, message.encode(), protocol_id=_BDX, final=final)


def _refuse(exchange: Exchange, report: bytes) -> None:
    if not exchange.is_closed and exchange.failure is None:
        exchange.send(SecureChannelOpcode.STATUS_REPORT, report, protocol_id=ProtocolId.SECURE_CHANNEL, final=True)


async def download(exchange: Exchange, receiver: Receiver, keep: Callable[[bytes], None]) -> None:
    """Get a file on an exchange of our own; returns when it is complete and the sender is about to know.

    Args:
        exchange: new; used up when this returns.
        receiver: not started.
        keep: takes the octets in order; must have them when it returns. What it raises ends the transfer.

    Raises:
        TransferRefused: the sender ended the transfer.
        TransferBroken: the sender broke the protocol.
        Unreachable: the sender does not answer.
        LatchworkError: what `keep` raised.
    """
    time = asyncio.get_running_loop().time
    try:
        _send(exchange, receiver.start(time()))
        while True:
            try:
                message = await exchange.receive(max(0.0, receiver.deadline - time()))
            except NoAnswer:
                receiver.handle_deadline(receiver.deadline)
                raise
            taken = receiver.take(message.protocol_id, message.opcode, message.payload, time())
            if taken.data:
                keep(taken.data)
            _send(exchange, taken.reply, final=taken.is_complete)
            if taken.is_complete:
                return
    except TransferBroken as error:
        _refuse(exchange, error.reply)
        raise
    except Unreachable:
        receiver.stop()
        raise
    except BaseException:
        if not receiver.is_over:
            _refuse(exchange, receiver.stop(BdxCode.TRANSFER_FAILED_UNKNOWN_ERROR))
        raise
    finally:
        exchange.finish()


class Serving:
    """One file being served on an exchange that the peer opened; it runs by itself.

    Args:
        exchange: the peer's.
        sender: new.
        on_progress: called after each answer, and at the end.
        on_end: called once, with the error that ended the transfer or None when it is complete.

    Attributes:
        sender: how far it is.
    """

    __slots__ = ("_exchange", "_on_end", "_on_progress", "_time", "_timer", "sender")

    def __init__(
        self,
        exchange: Exchange,
        sender: Sender,
        *,
        on_progress: Callable[[Sender], None],
        on_end: Callable[[Serving, LatchworkError | None], None],
    ) -> None:
        self._exchange = exchange
        self.sender = sender
        self._on_progress = on_progress
        self._on_end: Callable[[Serving, LatchworkError | None], None] | None = on_end
        self._time = asyncio.get_running_loop().time
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, first: Message) -> None:
        """Answer the peer's proposal."""
        self._exchange.on_message = self._take
        self._exchange.on_failed = self._ended
        self._take(first)

    def _take(self, message: Message) -> None:
        sender, exchange = self.sender, self._exchange
        if sender.is_over:
            return
        try:
            reply = sender.take(message.protocol_id, message.opcode, message.payload, self._time())
            if reply is not None:
                _send(exchange, reply)
        except TransferBroken as error:
            _refuse(exchange, error.reply)
            self._ended(error)
            return
        except LatchworkError as error:
            self._ended(error)
            return
        self._on_progress(sender)
        if sender.is_complete:
            self._ended(None)
        elif self._timer is None:
            self._watch()

    def _watch(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self.sender.deadline, self._late)

    def _late(self) -> None:
        self._timer = None
        if self._time() < self.sender.deadline:
            # Messages came meanwhile: one timer follows them instead of one for each.
            self._watch()
            return
        try:
            self.sender.handle_deadline(self._time())
        except LatchworkError as error:
            self._ended(error)

    def _ended(self, error: LatchworkError | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.sender.close()
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self._exchange.on_failed = None
            self._exchange.finish()
            log(_log, 10, "transfer ended", reason=error)
            on_end(self, error)

    def stop(self, error: LatchworkError) -> None:
        """Give it up; the peer notices by silence."""
        self._ended(error)
