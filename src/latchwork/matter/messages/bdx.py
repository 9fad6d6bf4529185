"""Messages of Bulk Data Exchange, which carries files between nodes (Core 11.22).

Stands beside the other messages; knows bytes, neither the order of messages nor what is transferred.

A message has a fixed little-endian layout. `decode_message` is the only way in; it raises `BdxError` and nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntFlag
from typing import ClassVar, Final, Protocol, TypeAlias

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.matter.tlv.schema import OpenEnum

VERSION: Final = 0
"""The protocol's only version (Core 11.22.5.1)."""
MAX_DESIGNATOR: Final = 255
"""Octets of a file's name that we take; an image URI of OTA has at most 256 (Core 11.20.6.5.2)."""
MAX_METADATA: Final = 1024
"""Octets of metadata that we keep of a proposal; none of our transfers reads it."""
MAX_BLOCK: Final = 0xFFFF
"""Octets of the largest block that a proposal can name."""


class Opcode(OpenEnum):
    """Message types (Core 11.22.3.1)."""

    SEND_INIT = 0x01
    SEND_ACCEPT = 0x02
    RECEIVE_INIT = 0x04
    RECEIVE_ACCEPT = 0x05
    BLOCK_QUERY = 0x10
    BLOCK = 0x11
    BLOCK_EOF = 0x12
    BLOCK_ACK = 0x13
    BLOCK_ACK_EOF = 0x14
    BLOCK_QUERY_WITH_SKIP = 0x15


class BdxCode(OpenEnum):
    """Codes of status reports of this protocol (Core 11.22.3.2)."""

    LENGTH_TOO_LARGE = 0x0012
    LENGTH_TOO_SHORT = 0x0013
    LENGTH_MISMATCH = 0x0014
    LENGTH_REQUIRED = 0x0015
    BAD_MESSAGE_CONTENTS = 0x0016
    BAD_BLOCK_COUNTER = 0x0017
    UNEXPECTED_MESSAGE = 0x0018
    RESPONDER_BUSY = 0x0019
    TRANSFER_FAILED_UNKNOWN_ERROR = 0x001F
    TRANSFER_METHOD_NOT_SUPPORTED = 0x0050
    FILE_DESIGNATOR_UNKNOWN = 0x0051
    START_OFFSET_NOT_SUPPORTED = 0x0052
    VERSION_NOT_SUPPORTED = 0x0053
    UNKNOWN = 0x005F


class TransferControl(IntFlag):
    """Who drives a transfer; the lower four bits of the octet are the version (Core 11.22.5.1)."""

    SENDER_DRIVE = 1 << 4
    RECEIVER_DRIVE = 1 << 5
    ASYNC = 1 << 6


_DEFINITE, _OFFSET, _WIDE = 0x01, 0x02, 0x10
_VERSION_MASK: Final = 0x0F
_U16: Final = struct.Struct("<H")
_U32: Final = struct.Struct("<I")
_SKIP: Final = struct.Struct("<IQ")
_CONTROL: Final = struct.Struct("<BH")
_RANGE: Final = struct.Struct("<BBH")


class BdxError(PeerViolation):
    """The octets are no message of this protocol. The only error that decoding raises."""


class BdxMessage(Protocol):
    """What every message can do."""

    @property
    def opcode(self) -> Opcode:
        """Its message type."""

    def encode(self) -> bytes:
        """Its octets."""


class _Reader:
    """Takes fixed fields off the front of a message."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        try:
            values = layout.unpack_from(self._data, self._position)
        except struct.error:
            raise BdxError("the message is cut off") from None
        self._position += layout.size
        return values

    def octets(self, length: int) -> bytes:
        end = self._position + length
        if end > len(self._data):
            raise BdxError("a string is cut off")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def rest(self, limit: int) -> bytes:
        if len(self._data) - self._position > limit:
            raise BdxError(f"more than {limit} octets at the end")
        return self._data[self._position :]

    def end(self) -> None:
        if self._position != len(self._data):
            raise BdxError("octets follow the message")

    def range(self, flags: int) -> tuple[int, int]:
        """Start offset and length as the range control says; 0 where they are left out."""
        if flags & ~(_DEFINITE | _OFFSET | _WIDE):
            raise BdxError("reserved bits of the range control are set")
        width = struct.Struct("<Q") if flags & _WIDE else _U32
        offset = self.take(width)[0] if flags & _OFFSET else 0
        return offset, self.take(width)[0] if flags & _DEFINITE else 0


def _encode_range(offset: int, length: int) -> tuple[int, bytes]:
    wide = offset > 0xFFFF_FFFF or length > 0xFFFF_FFFF
    flags = (_DEFINITE if length else 0) | (_OFFSET if offset else 0) | (_WIDE if wide else 0)
    size = 8 if wide else 4
    try:
        parts = [value.to_bytes(size, "little") for value in (offset, length) if value]
    except OverflowError:
        raise Misuse("an offset or a length has at most 64 bits") from None
    return flags, b"".join(parts)


def _control(octet: int) -> tuple[TransferControl, int]:
    if octet & 0x80:
        raise BdxError("a reserved bit of the transfer control is set")
    return TransferControl(octet & ~_VERSION_MASK), octet & _VERSION_MASK


@dataclass(frozen=True, slots=True)
class _Init:
    """A proposal: what SendInit and ReceiveInit have in common (Core 11.22.5.1).

    Attributes:
        control: which drives the proposer can do.
        max_block_size: octets of a block.
        designator: the file's name.
        start_offset: where in the file to begin.
        max_length: how many octets at most; 0 is all there are.
        metadata: TLV of the application's.
        version: the highest that the proposer speaks.
    """

    control: TransferControl
    max_block_size: int
    designator: bytes
    start_offset: int = 0
    max_length: int = 0
    metadata: bytes = b""
    version: int = VERSION

    def encode(self) -> bytes:
        """The message's octets.

        Raises:
            Misuse: a value does not fit its field.
        """
        if len(self.designator) > MAX_DESIGNATOR or not 0 < self.max_block_size <= MAX_BLOCK:
            raise Misuse("the name or the block size of a proposal does not fit")
        flags, span = _encode_range(self.start_offset, self.max_length)
        head = _RANGE.pack(self.control | self.version, flags, self.max_block_size)
        return head + span + _U16.pack(len(self.designator)) + self.designator + self.metadata


def _read_init(data: bytes) -> tuple[TransferControl, int, bytes, int, int, bytes, int]:
    reader = _Reader(data)
    octet, flags, block = reader.take(_RANGE)
    control, version = _control(octet)
    offset, length = reader.range(flags)
    (size,) = reader.take(_U16)
    if size > MAX_DESIGNATOR:
        raise BdxError(f"a name of {size} octets")
    if not block:
        raise BdxError("blocks without octets")
    return control, block, reader.octets(size), offset, length, reader.rest(MAX_METADATA), version


@dataclass(frozen=True, slots=True)
class SendInit(_Init):
    """The proposer wants to give a file."""

    opcode: ClassVar[Opcode] = Opcode.SEND_INIT

    @classmethod
    def decode(cls, data: bytes) -> SendInit:
        """The message from its octets; raises `BdxError`."""
        return cls(*_read_init(data))


@dataclass(frozen=True, slots=True)
class ReceiveInit(_Init):
    """The proposer wants to get a file."""

    opcode: ClassVar[Opcode] = Opcode.RECEIVE_INIT

    @classmethod
    def decode(cls, data: bytes) -> ReceiveInit:
        """The message from its octets; raises `BdxError`."""
        return cls(*_read_init(data))


@dataclass(frozen=True, slots=True)
class SendAccept:
    """A SendInit is agreed to (Core 11.22.5.2).

    Attributes:
        control: the one drive that was chosen.
        max_block_size: octets of a block, not above the proposal's.
    """

    opcode: ClassVar[Opcode] = Opcode.SEND_ACCEPT

    control: TransferControl
    max_block_size: int
    metadata: bytes = b""
    version: int = VERSION

    def encode(self) -> bytes:
        """The message's octets."""
        return _CONTROL.pack(self.control | self.version, self.max_block_size) + self.metadata

    @classmethod
    def decode(cls, data: bytes) -> SendAccept:
        """The message from its octets; raises `BdxError`."""
        reader = _Reader(data)
        octet, block = reader.take(_CONTROL)
        control, version = _control(octet)
        return cls(control, block, reader.rest(MAX_METADATA), version)


@dataclass(frozen=True, slots=True)
class ReceiveAccept:
    """A ReceiveInit is agreed to (Core 11.22.5.3).

    Attributes:
        control: the one drive that was chosen.
        max_block_size: octets of a block, not above the proposal's.
        start_offset: where in the file the first block begins.
        length: octets that will come; 0 is not said.
    """

    opcode: ClassVar[Opcode] = Opcode.RECEIVE_ACCEPT

    control: TransferControl
    max_block_size: int
    start_offset: int = 0
    length: int = 0
    metadata: bytes = b""
    version: int = VERSION

    def encode(self) -> bytes:
        """The message's octets.

        Raises:
            Misuse: a value does not fit its field.
        """
        flags, span = _encode_range(self.start_offset, self.length)
        return _RANGE.pack(self.control | self.version, flags, self.max_block_size) + span + self.metadata

    @classmethod
    def decode(cls, data: bytes) -> ReceiveAccept:
        """The message from its octets; raises `BdxError`."""
        reader = _Reader(data)
        octet, flags, block = reader.take(_RANGE)
        control, version = _control(octet)
        offset, length = reader.range(flags)
        return cls(control, block, offset, length, reader.rest(MAX_METADATA), version)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A message of a block counter alone."""

    counter: int

    def encode(self) -> bytes:
        """The message's octets."""
        return _U32.pack(self.counter)


def _read_counter(data: bytes) -> int:
    reader = _Reader(data)
    (counter,) = reader.take(_U32)
    reader.end()
    return counter


@dataclass(frozen=True, slots=True)
class BlockQuery(_Counted):
    """The receiver asks for a block (Core 11.22.6.2)."""

    opcode: ClassVar[Opcode] = Opcode.BLOCK_QUERY

    @classmethod
    def decode(cls, data: bytes) -> BlockQuery:
        """The message from its octets; raises `BdxError`."""
        return cls(_read_counter(data))


@dataclass(frozen=True, slots=True)
class BlockAck(_Counted):
    """The receiver has a block (Core 11.22.6.6)."""

    opcode: ClassVar[Opcode] = Opcode.BLOCK_ACK

    @classmethod
    def decode(cls, data: bytes) -> BlockAck:
        """The message from its octets; raises `BdxError`."""
        return cls(_read_counter(data))


@dataclass(frozen=True, slots=True)
class BlockAckEof(_Counted):
    """The receiver has the last block: the transfer is complete (Core 11.22.6.7)."""

    opcode: ClassVar[Opcode] = Opcode.BLOCK_ACK_EOF

    @classmethod
    def decode(cls, data: bytes) -> BlockAckEof:
        """The message from its octets; raises `BdxError`."""
        return cls(_read_counter(data))


@dataclass(frozen=True, slots=True)
class BlockQueryWithSkip:
    """The receiver asks for a block further on (Core 11.22.6.3).

    Attributes:
        counter: of the block.
        skip: octets to leave out before it.
    """

    opcode: ClassVar[Opcode] = Opcode.BLOCK_QUERY_WITH_SKIP

    counter: int
    skip: int

    def encode(self) -> bytes:
        """The message's octets."""
        return _SKIP.pack(self.counter, self.skip)

    @classmethod
    def decode(cls, data: bytes) -> BlockQueryWithSkip:
        """The message from its octets; raises `BdxError`."""
        reader = _Reader(data)
        counter, skip = reader.take(_SKIP)
        reader.end()
        return cls(counter, skip)


@dataclass(frozen=True, slots=True)
class _Data:
    """A block counter and octets of the file."""

    counter: int
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """The message's octets."""
        return _U32.pack(self.counter) + self.data


@dataclass(frozen=True, slots=True)
class Block(_Data):
    """A block that is not the last; never empty (Core 11.22.6.4)."""

    opcode: ClassVar[Opcode] = Opcode.BLOCK

    @classmethod
    def decode(cls, data: bytes) -> Block:
        """The message from its octets; raises `BdxError`."""
        if len(data) <= _U32.size:
            raise BdxError("a block without octets")
        return cls(int.from_bytes(data[:4], "little"), data[4:])


@dataclass(frozen=True, slots=True)
class BlockEof(_Data):
    """The last block; may be empty (Core 11.22.6.5)."""

    opcode: ClassVar[Opcode] = Opcode.BLOCK_EOF

    @classmethod
    def decode(cls, data: bytes) -> BlockEof:
        """The message from its octets; raises `BdxError`."""
        if len(data) < _U32.size:
            raise BdxError("the message is cut off")
        return cls(int.from_bytes(data[:4], "little"), data[4:])


AnyMessage: TypeAlias = (
    SendInit
    | SendAccept
    | ReceiveInit
    | ReceiveAccept
    | BlockQuery
    | Block
    | BlockEof
    | BlockAck
    | BlockAckEof
    | BlockQueryWithSkip
)

_DECODERS: Final[dict[int, Callable[[bytes], AnyMessage]]] = {
    Opcode.SEND_INIT: SendInit.decode,
    Opcode.SEND_ACCEPT: SendAccept.decode,
    Opcode.RECEIVE_INIT: ReceiveInit.decode,
    Opcode.RECEIVE_ACCEPT: ReceiveAccept.decode,
    Opcode.BLOCK_QUERY: BlockQuery.decode,
    Opcode.BLOCK: Block.decode,
    Opcode.BLOCK_EOF: BlockEof.decode,
    Opcode.BLOCK_ACK: BlockAck.decode,
    Opcode.BLOCK_ACK_EOF: BlockAckEof.decode,
    Opcode.BLOCK_QUERY_WITH_SKIP: BlockQueryWithSkip.decode,
}


def decode_message(opcode: int, payload: bytes) -> AnyMessage:
    """A message from its type and its octets.

    Raises:
        BdxError: there is no such type, or the octets are not such a message.
    """
    decoder = _DECODERS.get(opcode)
    if decoder is None:
        raise BdxError(f"message type 0x{opcode:02x} does not exist")
    return decoder(payload)
