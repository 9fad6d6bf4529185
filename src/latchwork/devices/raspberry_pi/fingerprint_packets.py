"""What optical and capacitive fingerprint modules of the AS608, R30x and R50x families say on their serial line.

Layer devices. Octets and values only: no line, no loop. Source: the makers' user manuals (packages: header, address, kind, length,
contents, sum). Written against the manuals' tables; never tried on a module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

START: Final = b"\xef\x01"
ANY_ADDRESS: Final = b"\xff\xff\xff\xff"
"""The address modules leave the factory with."""
MAX_CONTENTS: Final = 256
"""Octets of contents in one package: what modules send at most."""
_HEAD: Final = 9


class PacketKind(IntEnum):
    """What a package is."""

    COMMAND = 0x01
    DATA = 0x02
    ACKNOWLEDGE = 0x07
    END_OF_DATA = 0x08


_KINDS: Final = frozenset(PacketKind)


class Instruction(IntEnum):
    """What the module is told to do, the first octet of a command."""

    GEN_IMG = 0x01
    """Take an image of the finger."""
    IMG_2_TZ = 0x02
    """Make the image's features, into a buffer."""
    SEARCH = 0x04
    """Look for a buffer's features among the templates."""
    REG_MODEL = 0x05
    """Make a template of both buffers."""
    STORE = 0x06
    """Keep the template at a place."""
    DELETE_CHAR = 0x0C
    """Erase places."""
    EMPTY = 0x0D
    """Erase every place."""
    READ_SYS_PARA = 0x0F
    """How many places it has, among others."""
    VERIFY_PASSWORD = 0x13
    READ_INDEX_TABLE = 0x1F
    """Which places are taken: 256 bits a page."""


class Confirmation(IntEnum):
    """How it went, the first octet of an acknowledgement. Every other value is a failure too."""

    OK = 0x00
    NO_FINGER = 0x02
    NO_MATCH = 0x09
    WRONG_PASSWORD = 0x13


@dataclass(frozen=True, slots=True)
class Packet:
    """One package.

    Attributes:
        kind: command, acknowledgement or data.
        contents: what it says, without length and sum.
        address: whose it is.
    """

    kind: PacketKind
    contents: bytes
    address: bytes = ANY_ADDRESS

    def encode(self) -> bytes:
        """Its octets."""
        length = len(self.contents) + 2
        summed = bytes((self.kind, length >> 8, length & 0xFF)) + self.contents
        return START + self.address + summed + (sum(summed) & 0xFFFF).to_bytes(2, "big")


def command(instruction: Instruction, arguments: bytes = b"") -> bytes:
    """The octets of a command."""
    return Packet(PacketKind.COMMAND, bytes((instruction,)) + arguments).encode()


class PacketReader:
    """Finds packages in what comes. What is no package, or has a wrong sum, is skipped: lines are noisy, and modules greet with 0x55."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Packages that are whole now. Keeps at most one unfinished package."""
        self._buffer += data
        while (packet := self._next()) is not None:
            yield packet

    def _next(self) -> Packet | None:
        buffer = self._buffer
        while True:
            start = buffer.find(START)
            if start < 0:
                # The last octet may be the first half of a start.
                del buffer[: -1 if buffer.endswith(START[:1]) else len(buffer)]
                return None
            del buffer[:start]
            if len(buffer) < _HEAD:
                return None
            length = int.from_bytes(buffer[7:9], "big")
            if not 2 <= length <= MAX_CONTENTS + 2 or buffer[6] not in _KINDS:
                del buffer[:1]
                continue
            if len(buffer) < _HEAD + length:
                return None
            contents = bytes(buffer[_HEAD : _HEAD + length - 2])
            expected = sum(buffer[6 : _HEAD + length - 2]) & 0xFFFF
            if int.from_bytes(buffer[_HEAD + length - 2 : _HEAD + length], "big") != expected:
                del buffer[:1]
                continue
            packet = Packet(PacketKind(buffer[6]), contents, bytes(buffer[2:6]))
            del buffer[: _HEAD + length]
            return packet
