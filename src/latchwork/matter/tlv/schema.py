"""Structures declared as classes, compiled to codecs on first use.

Stands on `elements`; knows no message. A declaration reads like the specification's table:

```python
class Sigma1(Struct):
    initiator_random: Annotated[bytes, Tag(1), Len(32)]
    initiator_session_id: Annotated[U16, Tag(2)]
    resumption_id: Annotated[bytes | None, Tag(6), Len(16)] = None
```

Absent and null are two things. `X | None` with the default None is an optional field: None stands for absent. With the marker
`Nullable`, None stands for TLV null; a field that may be null *and* absent has the type `X | None | Absent` and the default `ABSENT`.
Unknown tags are skipped, as the specification asks of receivers (Core 7.13.1). Instances are to be treated as immutable: type
checkers enforce it, run time does not, for speed.
"""

from __future__ import annotations

import struct
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from typing import Annotated, Any, ClassVar, Final, Union, cast, dataclass_transform

from latchwork.base.errors import Misuse
from latchwork.matter.tlv.elements import TlvError, TlvList, decode, element_head
from latchwork.matter.tlv.elements import encode as encode_value


class BoundsError(TlvError):
    """The value has the declared type but is outside the declared bounds; the data model answers this with a status of its own."""


Encoder = Callable[[bytearray, Any], None]
"""Appends one element with a fixed tag to the buffer."""


class _AbsentType(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _AbsentType.ABSENT
"""The value of a nullable field that is not there at all."""
Absent = _AbsentType


@dataclass(frozen=True, slots=True)
class Tag:
    """Marker: the field's context tag."""

    number: int


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


class Marker(Enum):
    """Markers without parameters."""

    NULLABLE = "None is TLV null"
    HIDDEN = "repr shows no value"
    LIST = "a TLV list rather than an array"


Nullable: Final = Marker.NULLABLE
Hidden: Final = Marker.HIDDEN

U8 = Annotated[int, Bits(8)]
U16 = Annotated[int, Bits(16)]
U24 = Annotated[int, Bits(24)]
U32 = Annotated[int, Bits(32)]
U40 = Annotated[int, Bits(40)]
U48 = Annotated[int, Bits(48)]
U64 = Annotated[int, Bits(64)]
I8 = Annotated[int, Bits(8, signed=True)]
I16 = Annotated[int, Bits(16, signed=True)]
I32 = Annotated[int, Bits(32, signed=True)]
I64 = Annotated[int, Bits(64, signed=True)]
F32 = Annotated[float, Bits(32, signed=True)]


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


class StructCodec(Codec):
    """Instances of a declared structure."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[Struct]) -> None:
        self._kind = kind

    def encoder(self, tag: int | None) -> Encoder:
        """See `Codec.encoder`."""
        head = element_head(0x17 if self._kind.is_list else 0x15, tag)

        def put(out: bytearray, value: Any) -> None:
            out += head
            value.encode_members(out)
            out.append(0x18)

        return put

    def accept(self, value: Any) -> Any:
        """See `Codec.accept`."""
        return self._kind.accept(value)


class _Field:
    """One compiled field."""

    __slots__ = ("accept", "encode", "name", "omitted", "required", "tag")

    def __init__(self, name: str, tag: int, codec: Codec, *, required: bool, omitted: Any) -> None:
        self.name = name
        self.tag = tag
        self.encode = codec.encoder(tag)
        self.accept = codec.accept
        self.required = required
        self.omitted = omitted


class _StructMeta(type):
    """Gives each declared structure slots and a constructor; codecs follow on first use."""

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], **options: Any) -> _StructMeta:
        fields = [key for key, hint in space.get("__annotations__", {}).items() if not str(hint).startswith("ClassVar")]
        defaults = {key: space.pop(key) for key in fields if key in space}
        space["__slots__"] = tuple(fields)
        inherited: dict[str, Any] = {}
        for base in bases:
            inherited |= getattr(base, "_declared", {})
        declared = inherited | {key: defaults.get(key, _REQUIRED) for key in fields}
        space["_declared"] = declared
        space["_compiled"] = None
        space["__match_args__"] = tuple(declared)
        if declared and "__init__" not in space:
            space["__init__"] = _constructor(declared)
        return super().__new__(mcs, name, bases, space, **options)


_REQUIRED: Final = object()


def _constructor(declared: dict[str, Any]) -> Callable[..., None]:
    parameters = ", ".join(key if value is _REQUIRED else f"{key}=_{key}" for key, value in declared.items())
    lines = "\n".join(f"    self.{key} = {key}" for key in declared)
    space = {f"_{key}": value for key, value in declared.items() if value is not _REQUIRED}
    exec(f"def __init__(self, *, {parameters}):\n{lines}", space)  # noqa: S102 - names of our own declarations only
    return cast("Callable[..., None]", space["__init__"])


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Struct(metaclass=_StructMeta):
    """Base of declared structures; see the module's first lines.

    A subclass with `is_list = True` is a TLV list on the wire, as the interaction model's paths are.
    """

    is_list: ClassVar[bool] = False
    _declared: ClassVar[dict[str, Any]] = {}
    _compiled: ClassVar[tuple[_Field, ...] | None] = None

    def encode(self) -> bytes:
        """The structure as one anonymous element.

        Raises:
            Misuse: a field's value does not fit its declared type.
        """
        out = bytearray((0x17 if self.is_list else 0x15,))
        try:
            self.encode_members(out)
        except (AttributeError, TypeError, OverflowError, struct.error) as error:
            raise Misuse(f"{type(self).__name__} has a value that does not fit: {error}") from error
        out.append(0x18)
        return bytes(out)

    def encode_members(self, out: bytearray) -> None:
        """Append the fields without the container around them."""
        for field in self._compiled or type(self)._compile():  # noqa: SLF001 - its own class
            value = getattr(self, field.name)
            if value is not field.omitted:
                field.encode(out, value)

    @classmethod
    def decode(cls, data: bytes) -> typing.Self:
        """The structure from one element.

        Raises:
            TlvError: malformed bytes, a missing field or a value of another type.
        """
        return cls.accept(decode(data))

    @classmethod
    def accept(cls, value: Any) -> typing.Self:
        """The structure from a decoded element.

        Raises:
            TlvError: it is no structure, a field is missing or of another type.
        """
        if cls.is_list:
            if type(value) is not TlvList:
                raise TlvError(f"{cls.__name__} is a list")
            value = value.as_dict()
        elif type(value) is not dict:
            raise TlvError(f"{cls.__name__} is a structure")
        made = object.__new__(cls)
        for field in cls._compiled or cls._compile():
            tag = field.tag
            if tag in value:
                try:
                    setattr(made, field.name, field.accept(value[tag]))
                except TlvError as error:
                    raise type(error)(f"{cls.__name__}.{field.name}: {error}") from None
            elif field.required:
                raise TlvError(f"{cls.__name__} has no {field.name}")
            else:
                setattr(made, field.name, cls._declared[field.name])
        return made

    @classmethod
    def fields(cls) -> dict[str, int]:
        """Names and context tags of the fields, in the order of their declaration."""
        return {field.name: field.tag for field in cls._compiled or cls._compile()}

    @classmethod
    def hints(cls) -> dict[str, Any]:
        """The fields' declared types, resolved, `Annotated` kept."""
        return {
            key: hint for key, hint in typing.get_type_hints(cls, include_extras=True).items() if key in cls._declared
        }

    @classmethod
    def _compile(cls) -> tuple[_Field, ...]:
        fields = []
        seen: set[int] = set()
        for name, hint in cls.hints().items():
            tags = [marker.number for marker in _markers(hint) if isinstance(marker, Tag)]
            if len(tags) != 1 or tags[0] in seen:
                raise Misuse(f"{cls.__name__}.{name} needs one tag of its own")
            seen.add(tags[0])
            default = cls._declared[name]
            required = default is _REQUIRED
            nullable = Nullable in _markers(hint)
            omitted = ABSENT if nullable else (_REQUIRED if required else None)
            fields.append(_Field(name, tags[0], codec_of(hint), required=required, omitted=omitted))
        cls._compiled = tuple(fields)
        return cls._compiled

    def replace(self, **changes: Any) -> typing.Self:
        """A copy with some fields changed."""
        return type(self)(**{name: getattr(self, name) for name in self._declared} | changes)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._declared)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self._declared)))

    def __repr__(self) -> str:
        hidden = {name for name, hint in type(self).hints().items() if Hidden in _markers(hint)}
        shown = (
            f"{name}={'…' if name in hidden else repr(getattr(self, name))}"
            for name in self._declared
            if getattr(self, name) is not ABSENT
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def _markers(hint: Any) -> Iterable[Any]:
    return getattr(hint, "__metadata__", ())


def codec_of(hint: Any) -> Codec:
    """The codec of a declared type: an annotation as the module's first lines show, or a plain type.

    Raises:
        Misuse: no codec fits.
    """
    markers: list[Any] = []
    while typing.get_origin(hint) is Annotated:
        markers += hint.__metadata__
        hint = hint.__origin__
    nullable = Nullable in markers
    hint, markers = _without_none(hint, markers)
    bounds = next((marker for marker in markers if isinstance(marker, Len)), None)
    bits = next((marker for marker in markers if isinstance(marker, Bits)), None)
    limits = next((marker for marker in markers if isinstance(marker, Range)), None)
    codec = _plain_codec(hint, bits, bounds, limits)
    return NullableCodec(codec) if nullable else codec


def _without_none(hint: Any, markers: list[Any]) -> tuple[Any, list[Any]]:
    if typing.get_origin(hint) in {Union, types.UnionType}:
        kept = [arm for arm in typing.get_args(hint) if arm is not type(None) and arm is not Absent]
        if len(kept) != 1:
            raise Misuse(f"{hint} is no single type")
        hint = kept[0]
    while typing.get_origin(hint) is Annotated:
        markers = [*markers, *hint.__metadata__]
        hint = hint.__origin__
    return hint, markers


def _plain_codec(hint: Any, bits: Bits | None, bounds: Len | None, limits: Range | None) -> Codec:
    if isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    if hint is Any or hint is object:
        return AnyCodec()
    origin = typing.get_origin(hint)
    if origin in {tuple, list}:
        return ArrayCodec(codec_of(typing.get_args(hint)[0]), bounds)
    if hint is bool:
        return BooleanCodec()
    if hint is float:
        return FloatCodec(single=bits is not None)
    if hint in {str, bytes}:
        return StringCodec(hint, bounds)
    if isinstance(hint, type):
        if issubclass(hint, Struct):
            return StructCodec(hint)
        if issubclass(hint, IntEnum | IntFlag):
            return EnumCodec(hint, bits or Bits(64 if issubclass(hint, IntFlag) else 16))
        if hint is int:
            return IntegerCodec(bits or Bits(64), limits)
    raise Misuse(f"{hint} has no codec")
