"""TLV elements: a strict reader, a canonical writer and a walk for people (Core appendix A).

Lowest floor of the protocol: knows bytes and nothing else. Values map to Python so:

========================  =============================================================
TLV                       Python
========================  =============================================================
signed, unsigned integer  `int`
boolean                   `bool`
float, double             `float`
UTF-8 string              `str`
octet string              `bytes`
null                      `None`
structure                 `dict` of tag to value, in the order of the wire
array                     `list`
list                      `TlvList`, a list of (tag, value) pairs
========================  =============================================================

A context tag is an `int`; the rarer tag forms are `ProfileTag` and `ImplicitTag`; an anonymous tag is None.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeAlias

from latchwork.base.errors import Misuse, PeerViolation

MAX_DEPTH: Final = 32
"""Deepest nesting accepted; the data model needs 9, the bound keeps a hostile message from exhausting the stack."""
MAX_LENGTH: Final = 1 << 20
"""Longest encoding accepted, octets: above the largest message that any transport of ours carries."""


class TlvError(PeerViolation):
    """The bytes are not one well-formed TLV element, or not what the schema declares.

    The only error that decoding raises.
    """


class ProfileTag(NamedTuple):
    """A fully qualified tag; vendor 0 and profile 0 is the common profile."""

    vendor: int
    profile: int
    number: int


class ImplicitTag(NamedTuple):
    """A tag of the implicit profile, known from context."""

    number: int


Tag: TypeAlias = int | ProfileTag | ImplicitTag | None


class TlvList(list[tuple[Tag, Any]]):
    """A TLV list: ordered members, each with a tag or none; tags may repeat."""

    __slots__ = ()

    def as_dict(self) -> dict[Tag, Any]:
        """Members by tag, as the paths of the interaction model use lists.

        Raises:
            TlvError: a tag occurs twice.
        """
        members = dict(self)
        if len(members) != len(self):
            raise TlvError("a tag occurs twice in a list")
        return members


class ElementType(IntEnum):
    """Element types: the low five bits of the control octet (Core A.7.1)."""

    INT8 = 0x00
    INT16 = 0x01
    INT32 = 0x02
    INT64 = 0x03
    UINT8 = 0x04
    UINT16 = 0x05
    UINT32 = 0x06
    UINT64 = 0x07
    FALSE = 0x08
    TRUE = 0x09
    FLOAT = 0x0A
    DOUBLE = 0x0B
    UTF8_1 = 0x0C
    UTF8_2 = 0x0D
    UTF8_4 = 0x0E
    UTF8_8 = 0x0F
    OCTETS_1 = 0x10
    OCTETS_2 = 0x11
    OCTETS_4 = 0x12
    OCTETS_8 = 0x13
    NULL = 0x14
    STRUCTURE = 0x15
    ARRAY = 0x16
    LIST = 0x17
    END = 0x18


TAG_CONTEXT: Final = 0x20
_TAG_COMMON_2, _TAG_COMMON_4, _TAG_IMPLICIT_2, _TAG_IMPLICIT_4 = 0x40, 0x60, 0x80, 0xA0
_TAG_FULL_6: Final = 0xC0
_TAG_LENGTHS: Final = (0, 1, 2, 4, 2, 4, 6, 8)
_INT_BITS: Final = (8, 16, 32, 64)
_FLOAT: Final = struct.Struct("<f")
_DOUBLE: Final = struct.Struct("<d")
_END: Final = 0x18


def decode(data: bytes) -> Any:
    """Decode exactly one anonymous or tagged element that fills `data`; its own tag is dropped.

    Raises:
        TlvError: anything else.
    """
    _, value, end = decode_tagged(data)
    if end != len(data):
        raise TlvError(f"{len(data) - end} octets follow the element")
    return value


def decode_tagged(data: bytes, position: int = 0) -> tuple[Tag, Any, int]:
    """Decode the element at `position`: its tag, its value and the position behind it.

    Raises:
        TlvError: the element is cut off or malformed.
    """
    if len(data) > MAX_LENGTH:
        raise TlvError(f"{len(data)} octets are more than the {MAX_LENGTH} accepted")
    try:
        control = data[position]
        tag, position = _tag(data, position + 1, control >> 5)
        value, position = _value(data, position, control & 0x1F, 0)
    except (IndexError, struct.error):
        raise TlvError("the element is cut off") from None
    except UnicodeDecodeError:
        raise TlvError("a string is not UTF-8") from None
    return tag, value, position


def _tag(data: bytes, position: int, form: int) -> tuple[Tag, int]:
    if form == 1:
        return data[position], position + 1
    if form == 0:
        return None, position
    end = position + _TAG_LENGTHS[form]
    if end > len(data):
        raise TlvError("a tag is cut off")
    number = int.from_bytes(data[position:end], "little")
    if form in {2, 3}:
        return ProfileTag(0, 0, number), end
    if form in {4, 5}:
        return ImplicitTag(number), end
    return ProfileTag(number & 0xFFFF, number >> 16 & 0xFFFF, number >> 32), end


def _value(data: bytes, position: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind < 8:
        end = position + (1 << (kind & 3))
        if end > len(data):
            raise TlvError("an integer is cut off")
        return int.from_bytes(data[position:end], "little", signed=kind < 4), end
    if kind in {8, 9}:
        return kind == 9, position
    if kind < 0x0C:
        if kind == 0x0A:
            return _FLOAT.unpack_from(data, position)[0], position + 4
        return _DOUBLE.unpack_from(data, position)[0], position + 8
    if kind < 0x14:
        start = position + (1 << (kind & 3))
        end = start + int.from_bytes(data[position:start], "little")
        if start > len(data) or end > len(data):
            raise TlvError("a string is cut off")
        return (data[start:end] if kind & 0x10 else data[start:end].decode()), end
    if kind == 0x14:
        return None, position
    if depth >= MAX_DEPTH:
        raise TlvError(f"nested deeper than {MAX_DEPTH}")
    if kind == 0x15:
        return _structure(data, position, depth + 1)
    if kind == 0x16:
        return _array(data, position, depth + 1)
    if kind == 0x17:
        return _list(data, position, depth + 1)
    raise TlvError(f"element type 0x{kind:02x} does not exist or stands where no element ends")


def _structure(data: bytes, position: int, depth: int) -> tuple[dict[Tag, Any], int]:
    members: dict[Tag, Any] = {}
    tag: Tag
    while (control := data[position]) != _END:
        form = control >> 5
        if form == 1:
            tag = data[position + 1]
            position += 2
        elif form == 0:
            raise TlvError("a member of a structure has no tag")
        else:
            tag, position = _tag(data, position + 1, form)
        if tag in members:
            raise TlvError("a tag occurs twice in a structure")
        members[tag], position = _value(data, position, control & 0x1F, depth)
    return members, position + 1


def _array(data: bytes, position: int, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while (control := data[position]) != _END:
        if control >> 5:
            raise TlvError("an item of an array has a tag")
        item, position = _value(data, position + 1, control, depth)
        items.append(item)
    return items, position + 1


def _list(data: bytes, position: int, depth: int) -> tuple[TlvList, int]:
    members = TlvList()
    while (control := data[position]) != _END:
        tag, position = _tag(data, position + 1, control >> 5)
        value, position = _value(data, position, control & 0x1F, depth)
        members.append((tag, value))
    return members, position + 1


class Writer:
    """Writes elements one after another in canonical form: the shortest integer, length and tag.

    Attributes:
        out: what was written so far; may be taken at any time.
    """

    __slots__ = ("_depth", "out")

    def __init__(self) -> None:
        self.out = bytearray()
        self._depth = 0

    def finish(self) -> bytes:
        """What was written.

        Raises:
            Misuse: a container is still open.
        """
        if self._depth:
            raise Misuse(f"{self._depth} containers are still open")
        return bytes(self.out)

    def head(self, kind: int, tag: Tag = None) -> None:
        """A control octet and its tag."""
        self.out += element_head(kind, tag)

    def put(self, value: Any, tag: Tag = None) -> None:
        """Any value of the module's table, containers included.

        Raises:
            Misuse: the type has no TLV form, or a number is too large.
        """
        out = self.out
        if value is None:
            out += element_head(0x14, tag)
        elif isinstance(value, bool):
            out += element_head(0x09 if value else 0x08, tag)
        elif isinstance(value, int):
            self._integer(value, tag)
        elif isinstance(value, str):
            self._string(0x0C, value.encode(), tag)
        elif isinstance(value, bytes | bytearray | memoryview):
            self._string(0x10, bytes(value), tag)
        elif isinstance(value, float):
            out += element_head(0x0B, tag) + _DOUBLE.pack(value)
        else:
            self._container(value, tag)

    def unsigned(self, value: int, tag: Tag = None) -> None:
        """An unsigned integer."""
        if value < 0:
            raise Misuse("an unsigned integer cannot be negative")
        self._integer(value, tag)

    def signed(self, value: int, tag: Tag = None) -> None:
        """A signed integer, whatever its sign."""
        for size, bits in enumerate(_INT_BITS):
            if -(1 << (bits - 1)) <= value < 1 << (bits - 1):
                self.out += element_head(size, tag) + value.to_bytes(bits // 8, "little", signed=True)
                return
        raise Misuse("an integer has more than 64 bits")

    def single(self, value: float, tag: Tag = None) -> None:
        """A float of four octets."""
        self.out += element_head(0x0A, tag) + _FLOAT.pack(value)

    def open(self, kind: ElementType, tag: Tag = None) -> None:
        """Begin a structure, an array or a list."""
        self.head(kind, tag)
        self._depth += 1

    def close(self) -> None:
        """End the innermost container."""
        if not self._depth:
            raise Misuse("no container is open")
        self._depth -= 1
        self.out.append(_END)

    def _integer(self, value: int, tag: Tag) -> None:
        if value < 0:
            self.signed(value, tag)
            return
        for size, bits in enumerate(_INT_BITS):
            if value < 1 << bits:
                self.out += element_head(4 + size, tag) + value.to_bytes(bits // 8, "little")
                return
        raise Misuse("an integer has more than 64 bits")

    def _string(self, kind: int, octets: bytes, tag: Tag) -> None:
        length = len(octets)
        size = 0 if length < 1 << 8 else 1 if length < 1 << 16 else 2
        self.out += element_head(kind + size, tag) + length.to_bytes(1 << size, "little") + octets

    def _container(self, value: Any, tag: Tag) -> None:
        if isinstance(value, dict):
            self.open(ElementType.STRUCTURE, tag)
            for key, item in value.items():
                if key is None:
                    raise Misuse("a member of a structure needs a tag")
                self.put(item, key)
        elif isinstance(value, TlvList):
            self.open(ElementType.LIST, tag)
            for key, item in value:
                self.put(item, key)
        elif isinstance(value, list | tuple):
            self.open(ElementType.ARRAY, tag)
            for item in value:
                self.put(item)
        else:
            raise Misuse(f"{type(value).__name__} has no TLV form")
        self.close()


def encode(value: Any, tag: Tag = None) -> bytes:
    """One element in canonical form.

    Raises:
        Misuse: the value has no TLV form.
    """
    writer = Writer()
    writer.put(value, tag)
    return writer.finish()


def element_head(kind: int, tag: Tag) -> bytes:
    """The control octet of an element of type `kind`, and its tag in the shortest form.

    Raises:
        Misuse: the tag does not fit any form.
    """
    if tag is None:
        return bytes((kind,))
    try:
        if isinstance(tag, int):
            return bytes((TAG_CONTEXT | kind, tag))
        number = tag.number
        short = number < 1 << 16
        octets = number.to_bytes(2 if short else 4, "little")
        if isinstance(tag, ImplicitTag):
            return bytes(((_TAG_IMPLICIT_2 if short else _TAG_IMPLICIT_4) | kind,)) + octets
        if not tag.vendor and not tag.profile:
            return bytes(((_TAG_COMMON_2 if short else _TAG_COMMON_4) | kind,)) + octets
        profile = tag.vendor.to_bytes(2, "little") + tag.profile.to_bytes(2, "little")
        return bytes((_TAG_FULL_6 | (0 if short else 0x20) | kind,)) + profile + octets
    except (ValueError, OverflowError):
        raise Misuse(f"tag {tag!r} has no TLV form") from None


@dataclass(frozen=True, slots=True)
class Element:
    """One element as it stands on the wire, for explaining.

    Attributes:
        offset: where its control octet is.
        depth: containers around it.
        kind: its type; containers come once at their start and once as `END`.
        tag: its tag, or None.
        value: its value; None for containers.
    """

    offset: int
    depth: int
    kind: ElementType
    tag: Tag
    value: Any


def walk(data: bytes) -> Iterator[Element]:
    """Every element of `data` in the order of the wire, containers opened.

    Raises:
        TlvError: at the first malformed octet; what came before it has been yielded.
    """
    position = depth = 0
    while position < len(data):
        offset, control = position, data[position]
        try:
            kind = ElementType(control & 0x1F)
            tag, position = _tag(data, position + 1, control >> 5)
            value = None
            if kind < ElementType.STRUCTURE:
                value, position = _value(data, position, kind, depth)
        except (IndexError, struct.error):
            raise TlvError("the element is cut off") from None
        except ValueError:
            raise TlvError(f"octet {offset} is no element or a string is not UTF-8") from None
        if kind is ElementType.END:
            depth -= 1
            if depth < 0 or tag is not None:
                raise TlvError("an end of container stands where none is open")
        yield Element(offset, depth, kind, tag, value)
        if ElementType.STRUCTURE <= kind <= ElementType.LIST:
            depth += 1
            if depth > MAX_DEPTH:
                raise TlvError(f"nested deeper than {MAX_DEPTH}")
    if depth:
        raise TlvError("a container does not end")
