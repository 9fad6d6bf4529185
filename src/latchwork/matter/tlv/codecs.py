"""How values of one declared type go to TLV and back.

Stands on `elements`; below `schema`, which finds the codec of an annotation and offers all of this to the floors above.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from latchwork.matter.tlv.elements import TlvError, element_head
from latchwork.matter.tlv.elements import encode as encode_value


class BoundsError(TlvError):
    """The value has the declared type but is outside the declared bounds; the data model answers this with a status of its own."""


Encoder = Callable[[bytearray, Any], None]
"""Appends one element with a fixed tag to the buffer."""


@dataclass(frozen=True, slots=True)
class Len:
    """Marker: bounds of a string's or list's length, both inclusive; one number means exactly."""

    least: int
    most: int | None = None

    def check(self, length: int) -> None:
        """Raises BoundsError unless `length` fits."""
        most = self.least if self.most is None else self.most
        if not self.least <= length <= most:
            raise BoundsError(f"{length} is outside the length {self.least} to {most}")


@dataclass(frozen=True, slots=True)
class Range:
    """Marker: bounds of a number, both inclusive."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Bits:
    """Marker: width of an integer."""

    width: int
    signed: bool = False


class OpenEnum(IntEnum):
    """An enumeration that keeps values it does not know: a later revision's peer is no error.

    An unknown value is an instance named `UNKNOWN_<value>`; `is_known` tells the difference.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if type(value) is not int or not 0 <= value <= 0xFFFF:
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether the declaration names this value."""
        return self._name_ in type(self).__members__


class Codec:
    """How values of one declared type go to TLV and back.

    `encoder(tag)` gives a function that appends an element; `accept(value)` turns a decoded element into the typed value or raises
    TlvError.
    """

    __slots__ = ()

    def encoder(self, tag: int | None) -> Encoder:
        """A function that appends one element with context tag `tag`, or an anonymous one."""
        raise NotImplementedError  # abstract: each kind of value below has its own

    def accept(self, value: Any) -> Any:
        """The typed value of a decoded element.

        Raises:
            TlvError: it is not of this type.
        """
        raise NotImplementedError  # abstract: each kind of value below has its own


class AnyCodec(Codec):
    """Any element, as `elements` maps it."""

    __slots__ = ()

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""

        def put(out: bytearray, value: Any) -> None:
            out += encode_value(value, tag)

        return put

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        return value


class IntegerCodec(Codec):
    """Integers of a width, with an optional range."""

    __slots__ = ("_least", "_most", "_signed")

    def __init__(self, bits: Bits, limits: Range | None = None) -> None:
        self._signed = bits.signed
        self._least = -(1 << (bits.width - 1)) if bits.signed else 0
        self._most = (1 << (bits.width - 1)) - 1 if bits.signed else (1 << bits.width) - 1
        if limits is not None:
            self._least, self._most = limits.least, limits.most

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""
        heads = [element_head(kind + (0 if self._signed else 4), tag) for kind in range(4)]
        return _signed_encoder(heads) if self._signed else _unsigned_encoder(heads)

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        if type(value) is not int:
            raise TlvError(f"an integer was expected, not {type(value).__name__}")
        if not self._least <= value <= self._most:
            raise BoundsError(f"{value} is outside {self._least} to {self._most}")
        return value


def _unsigned_encoder(heads: list[bytes]) -> Encoder:
    one, two, four, eight = heads

    def put(out: bytearray, value: Any) -> None:
        if 0 <= value < 0x100:
            out += one
            out.append(value)
        elif value < 0x1_0000:
            out += two
            out += value.to_bytes(2, "little")
        elif value < 0x1_0000_0000:
            out += four
            out += value.to_bytes(4, "little")
        else:
            out += eight
            out += value.to_bytes(8, "little")

    return put


def _signed_encoder(heads: list[bytes]) -> Encoder:
    one, two, four, eight = heads

    def put(out: bytearray, value: Any) -> None:
        if -0x80 <= value < 0x80:
            out += one + value.to_bytes(1, "little", signed=True)
        elif -0x8000 <= value < 0x8000:
            out += two + value.to_bytes(2, "little", signed=True)
        elif -0x8000_0000 <= value < 0x8000_0000:
            out += four + value.to_bytes(4, "little", signed=True)
        else:
            out += eight + value.to_bytes(8, "little", signed=True)

    return put


class EnumCodec(IntegerCodec):
    """Enumerations and bitmaps."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[IntEnum | IntFlag], bits: Bits) -> None:
        super().__init__(bits)
        self._kind = kind

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        kind, number = self._kind, super().accept(value)
        if issubclass(kind, IntFlag):
            known = kind._value2member_map_.get(number)
            return _bitmap(kind, number) if known is None else known
        try:
            return kind(number)
        except ValueError:
            raise BoundsError(f"{value} is no {kind.__name__}") from None


def _bitmap(kind: type[IntFlag], number: int) -> IntFlag:
    """A combination of bits, known or not. Python would keep every one that it ever met: a peer could fill memory with them."""
    member = int.__new__(kind, number)
    member._name_ = None
    member._value_ = number
    return member


class BooleanCodec(Codec):
    """Booleans."""

    __slots__ = ()

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""
        false, true = element_head(0x08, tag), element_head(0x09, tag)

        def put(out: bytearray, value: Any) -> None:
            out += true if value else false

        return put

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        if type(value) is not bool:
            raise TlvError(f"a boolean was expected, not {type(value).__name__}")
        return value


class FloatCodec(Codec):
    """Floats of four or eight octets."""

    __slots__ = ("_format", "_kind")

    def __init__(self, *, single: bool) -> None:
        self._kind = 0x0A if single else 0x0B
        self._format = struct.Struct("<f" if single else "<d")

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""
        head, pack = element_head(self._kind, tag), self._format.pack

        def put(out: bytearray, value: Any) -> None:
            out += head + pack(value)

        return put

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        if type(value) is not float:
            raise TlvError(f"a float was expected, not {type(value).__name__}")
        return value


class StringCodec(Codec):
    """UTF-8 and octet strings, with optional bounds of their length in octets."""

    __slots__ = ("_bounds", "_kind")

    def __init__(self, kind: type[str | bytes], bounds: Len | None = None) -> None:
        self._kind = kind
        self._bounds = bounds

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""
        text = self._kind is str
        one, two, four = (element_head((0x0C if text else 0x10) + size, tag) for size in range(3))

        def put(out: bytearray, value: Any) -> None:
            octets = value.encode() if text else value
            length = len(octets)
            if length < 0x100:
                out += one
                out.append(length)
            elif length < 0x1_0000:
                out += two + length.to_bytes(2, "little")
            else:
                out += four + length.to_bytes(4, "little")
            out += octets

        return put

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        if type(value) is not self._kind:
            raise TlvError(f"{self._kind.__name__} was expected, not {type(value).__name__}")
        if self._bounds is not None:
            self._bounds.check(len(value.encode() if isinstance(value, str) else value))
        return value


class NullableCodec(Codec):
    """Another codec's values, or null."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Codec) -> None:
        self._inner = inner

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""
        null, inner = element_head(0x14, tag), self._inner.encoder(tag)

        def put(out: bytearray, value: Any) -> None:
            if value is None:
                out += null
            else:
                inner(out, value)

        return put

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        return None if value is None else self._inner.accept(value)


class ArrayCodec(Codec):
    """Arrays of one type of item; in Python a tuple."""

    __slots__ = ("_bounds", "item")

    def __init__(self, item: Codec, bounds: Len | None = None) -> None:
        self.item = item
        self._bounds = bounds

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""
        head, item = element_head(0x16, tag), self.item.encoder(None)

        def put(out: bytearray, value: Any) -> None:
            out += head
            for entry in value:
                item(out, entry)
            out.append(0x18)

        return put

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        if type(value) is not list:
            raise TlvError(f"an array was expected, not {type(value).__name__}")
        if self._bounds is not None:
            self._bounds.check(len(value))
        accept = self.item.accept
        return tuple([accept(entry) for entry in value])
