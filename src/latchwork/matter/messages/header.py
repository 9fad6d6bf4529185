"""Message and protocol headers (Core 4.4).

Stands on nothing but bytes; knows no key and no session. Decoding raises `HeaderError` and nothing else.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from latchwork.base.errors import PeerViolation


class HeaderError(PeerViolation):
    """The octets are no message that this version of the protocol knows."""


class ProtocolId(IntEnum):
    """Protocols of the standard vendor (Core 4.4.3.4)."""

    SECURE_CHANNEL = 0
    INTERACTION_MODEL = 1
    BDX = 2
    USER_DIRECTED_COMMISSIONING = 3


MIC_LENGTH: Final = 16
"""Octets of the message integrity check behind an encrypted payload (Core 4.8.2)."""
FIXED_HEADER: Final = struct.Struct("<BHBI")
"""Message flags, session id, security flags, message counter: the eight octets that every message begins with."""

_DSIZ_NODE, _DSIZ_GROUP, _HAS_SOURCE, _VERSION = 0x01, 0x02, 0x04, 0xF0
_GROUP, _EXTENDED, _CONTROL, _PRIVACY, _SESSION_TYPE = 0x01, 0x20, 0x40, 0x80, 0x03


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """What stands before the payload of every message.

    Attributes:
        session_id: the receiver's id of the session; 0 with unicast is the unsecured session.
        counter: 32-bit message counter.
        is_group: session type group rather than unicast.
        is_control: a control message, counted apart.
        has_privacy: counter and node ids are obfuscated.
        source_node: 64-bit node id, or None.
        destination_node: 64-bit node id, or None.
        destination_group: 16-bit group id, or None; never together with a destination node.
    """

    session_id: int
    counter: int
    is_group: bool = False
    is_control: bool = False
    has_privacy: bool = False
    source_node: int | None = None
    destination_node: int | None = None
    destination_group: int | None = None

    @property
    def security_flags(self) -> int:
        """The octet that also begins the nonce."""
        return (_GROUP * self.is_group) | (_CONTROL * self.is_control) | (_PRIVACY * self.has_privacy)

    def encode(self) -> bytes:
        """The header's octets, privacy not yet applied."""
        flags = 0
        tail = b""
        if self.source_node is not None:
            flags |= _HAS_SOURCE
            tail = self.source_node.to_bytes(8, "little")
        if self.destination_node is not None:
            flags |= _DSIZ_NODE
            tail += self.destination_node.to_bytes(8, "little")
        elif self.destination_group is not None:
            flags |= _DSIZ_GROUP
            tail += self.destination_group.to_bytes(2, "little")
        return FIXED_HEADER.pack(flags, self.session_id, self.security_flags, self.counter) + tail

    @classmethod
    def decode(cls, data: bytes) -> tuple[MessageHeader, int]:
        """A message's header and where its payload begins.

        Raises:
            HeaderError: another version, a reserved value, or too few octets.
        """
        if len(data) < FIXED_HEADER.size:
            raise HeaderError("too short for a message")
        flags, session_id, security, counter = FIXED_HEADER.unpack_from(data)
        if flags & _VERSION or flags & 3 == 3 or security & _SESSION_TYPE > 1:
            raise HeaderError("an unknown version, destination or session type")
        position = FIXED_HEADER.size
        source = node = group = None
        if flags & _HAS_SOURCE:
            source, position = _take(data, position, 8)
        if flags & _DSIZ_NODE:
            node, position = _take(data, position, 8)
        elif flags & _DSIZ_GROUP:
            group, position = _take(data, position, 2)
        if security & _EXTENDED:
            length, position = _take(data, position, 2)
            position += length
        if position > len(data):
            raise HeaderError("the header is cut off")
        control, privacy = bool(security & _CONTROL), bool(security & _PRIVACY)
        return cls(session_id, counter, bool(security & _GROUP), control, privacy, source, node, group), position


def obfuscated_span(data: bytes) -> tuple[int, int]:
    """Where the octets are that privacy hides: from the counter to the end of the node ids (Core 4.8.3).

    Raises:
        HeaderError: too few octets.
    """
    if len(data) < FIXED_HEADER.size:
        raise HeaderError("too short for a message")
    flags = data[0]
    end = FIXED_HEADER.size + 8 * bool(flags & _HAS_SOURCE) + (0, 8, 2, 0)[flags & 3]
    if end > len(data):
        raise HeaderError("the header is cut off")
    return 4, end


def _take(data: bytes, position: int, length: int) -> tuple[int, int]:
    end = position + length
    if end > len(data):
        raise HeaderError("the header is cut off")
    return int.from_bytes(data[position:end], "little"), end


_INITIATOR, _ACK, _RELIABLE, _SECURED_EXTENSION, _VENDOR = 0x01, 0x02, 0x04, 0x08, 0x10
_PROTOCOL: Final = struct.Struct("<BBHH")


class ProtocolHeader:
    """What stands before the application's octets, inside the encryption (Core 4.4.3).

    Attributes:
        opcode: the protocol's own message type.
        protocol_id: which protocol, see `ProtocolId`.
        exchange_id: 16-bit, chosen by the initiator.
        is_initiator: sent by the side that opened the exchange.
        acknowledged: the counter of the message that this one acknowledges, or None.
        is_reliable: the sender wants an acknowledgement.
        vendor_id: whose protocol ids; 0 is the specification's.
    """

    __slots__ = ("acknowledged", "exchange_id", "is_initiator", "is_reliable", "opcode", "protocol_id", "vendor_id")

    def __init__(
        self,
        opcode: int,
        protocol_id: int,
        exchange_id: int,
        *,
        is_initiator: bool,
        acknowledged: int | None = None,
        is_reliable: bool = False,
        vendor_id: int = 0,
    ) -> None:
        self.opcode = opcode
        self.protocol_id = protocol_id
        self.exchange_id = exchange_id
        self.is_initiator = is_initiator
        self.acknowledged = acknowledged
        self.is_reliable = is_reliable
        self.vendor_id = vendor_id

    def encode(self) -> bytes:
        """The header's octets."""
        flags = (_INITIATOR if self.is_initiator else 0) | (_RELIABLE if self.is_reliable else 0)
        tail = b""
        if self.vendor_id:
            flags |= _VENDOR
            tail = self.vendor_id.to_bytes(2, "little")
        if self.acknowledged is not None:
            flags |= _ACK
            tail += self.acknowledged.to_bytes(4, "little")
        return _PROTOCOL.pack(flags, self.opcode, self.exchange_id, self.protocol_id) + tail

    @classmethod
    def decode(cls, data: bytes) -> tuple[ProtocolHeader, int]:
        """The header of a decrypted payload and where the application's octets begin.

        Raises:
            HeaderError: too few octets.
        """
        if len(data) < _PROTOCOL.size:
            raise HeaderError("too short for a protocol header")
        flags, opcode, exchange_id, protocol_id = _PROTOCOL.unpack_from(data)
        position = _PROTOCOL.size
        vendor, acknowledged = 0, None
        if flags & _VENDOR:
            vendor, position = _take(data, position, 2)
        if flags & _ACK:
            acknowledged, position = _take(data, position, 4)
        if flags & _SECURED_EXTENSION:
            length, position = _take(data, position, 2)
            position += length
            if position > len(data):
                raise HeaderError("an extension is cut off")
        header = cls(
            opcode,
            protocol_id,
            exchange_id,
            is_initiator=bool(flags & _INITIATOR),
            acknowledged=acknowledged,
            is_reliable=bool(flags & _RELIABLE),
            vendor_id=vendor,
        )
        return header, position

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"ProtocolHeader({shown})"
