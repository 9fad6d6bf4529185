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

import inspect
import struct
import sys
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from typing import Annotated, Any, ClassVar, Final, Union, cast, dataclass_transform

from latchwork.base.errors import Misuse
from latchwork.matter.tlv.codecs import (
    AnyCodec,
    ArrayCodec,
    Bits,
    BooleanCodec,
    BoundsError,
    Codec,
    Encoder,
    EnumCodec,
    FloatCodec,
    IntegerCodec,
    Len,
    NullableCodec,
    OpenEnum,
    Range,
    StringCodec,
)
from latchwork.matter.tlv.elements import TlvError, TlvList, decode, element_head

__all__ = [
    "ABSENT",
    "F32",
    "I8",
    "I16",
    "I32",
    "I64",
    "U8",
    "U16",
    "U24",
    "U32",
    "U40",
    "U48",
    "U64",
    "Absent",
    "Bits",
    "BoundsError",
    "Codec",
    "Encoder",
    "Hidden",
    "Len",
    "Nullable",
    "NullableCodec",
    "OpenEnum",
    "Range",
    "Struct",
    "StructCodec",
    "Tag",
    "codec_of",
]


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


class Marker(Enum):
    """Markers without parameters."""

    NULLABLE = "None is TLV null"
    HIDDEN = "repr shows no value"


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
        space["_hints"] = None
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
    _hints: ClassVar[dict[str, Any] | None] = None

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
        """The fields' declared types, resolved, `Annotated` kept; not to be changed."""
        kept = cls._hints
        if kept is None:
            kept = {}
            for base in reversed(cls.__mro__):
                space = vars(sys.modules[base.__module__])
                for name, hint in inspect.get_annotations(base).items():
                    if name in cls._declared:
                        # typing.get_type_hints does the same for any annotation of anybody, which takes four times as long.
                        kept[name] = eval(hint, space) if isinstance(hint, str) else hint  # noqa: S307 - our own declarations
            cls._hints = kept
        return kept

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
