"""The little of DER that certificates and declarations need (X.690).

Pure octets; knows no certificate. Reading is strict: definite minimal lengths, nothing left over.
"""

from __future__ import annotations

from typing import Final

from latchwork.base.errors import PeerViolation

MAX_LENGTH: Final = 1 << 16
"""Longest structure read, octets: attestation certificates have at most 600, declarations about as many."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


class DerError(PeerViolation):
    """The octets are not the DER that was expected."""


def der(tag: int, *parts: bytes) -> bytes:
    """One element with the parts as its contents."""
    body = b"".join(parts)
    length = len(body)
    if length < 0x80:
        return bytes((tag, length)) + body
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + body


def oid(dotted: str) -> bytes:
    """An object identifier."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = bytearray((first * 40 + second,))
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        body += bytes(reversed(groups))
    return der(OID, bytes(body))


def integer(value: int) -> bytes:
    """A non-negative integer."""
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bit_string(octets: bytes) -> bytes:
    """A bit string of whole octets."""
    return der(BIT_STRING, b"\0", octets)


class Cursor:
    """Reads elements one after another.

    Every method raises `DerError` when the next element is not the one asked for.
    """

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        if len(data) > MAX_LENGTH:
            raise DerError("too long")
        self._data = data
        self._position = start
        self._end = len(data) if end is None else end

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self._position >= self._end

    def peek(self) -> int:
        """The next element's tag, or -1 at the end."""
        return -1 if self.is_done else self._data[self._position]

    def _head(self) -> tuple[int, int, int]:
        data, position, end = self._data, self._position, self._end
        if position + 2 > end:
            raise DerError("an element is cut off")
        tag, length = data[position], data[position + 1]
        start = position + 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 3 or start + size > end:
                raise DerError("a length is not definite or too long")
            length = int.from_bytes(data[start : start + size], "big")
            start += size
            if length < 0x80 or length >> (8 * (size - 1)) == 0:
                raise DerError("a length is not minimal")
        if start + length > end:
            raise DerError("an element is cut off")
        return tag, start, start + length

    def any(self) -> tuple[int, bytes]:
        """The next element, whatever it is: tag and contents."""
        tag, start, end = self._head()
        self._position = end
        return tag, self._data[start:end]

    def whole(self) -> bytes:
        """The next element with its head."""
        _, _, end = self._head()
        start, self._position = self._position, end
        return self._data[start:end]

    def take(self, tag: int) -> bytes:
        """The contents of the next element, which must have this tag."""
        found, start, end = self._head()
        if found != tag:
            raise DerError(f"element 0x{found:02x} stands where 0x{tag:02x} was expected")
        self._position = end
        return self._data[start:end]

    def enter(self, tag: int = SEQUENCE) -> Cursor:
        """A cursor over the contents of the next element."""
        found, start, end = self._head()
        if found != tag:
            raise DerError(f"element 0x{found:02x} stands where 0x{tag:02x} was expected")
        self._position = end
        return Cursor(self._data, start, end)

    def optional(self, tag: int) -> Cursor | None:
        """As `enter`, or None when the next element has another tag."""
        return self.enter(tag) if self.peek() == tag else None

    def number(self) -> int:
        """An integer."""
        body = self.take(INTEGER)
        if not body or len(body) > 32:
            raise DerError("an integer is empty or too long")
        return int.from_bytes(body, "big", signed=True)

    def bits(self) -> tuple[bytes, int]:
        """A bit string: octets and how many bits of the last one are unused."""
        body = self.take(BIT_STRING)
        if not body or body[0] > 7:
            raise DerError("a bit string is malformed")
        return body[1:], body[0]

    def boolean(self) -> bool:
        """A boolean."""
        body = self.take(BOOLEAN)
        if body not in {b"\0", b"\xff"}:
            raise DerError("a boolean is malformed")
        return body == b"\xff"

    def end(self) -> None:
        """Check that nothing is left."""
        if not self.is_done:
            raise DerError("octets are left over")


def whole(data: bytes, tag: int = SEQUENCE) -> Cursor:
    """A cursor over the contents of the one element that fills `data`.

    Raises:
        DerError: it is another element, or octets follow.
    """
    outer = Cursor(data)
    inner = outer.enter(tag)
    outer.end()
    return inner
