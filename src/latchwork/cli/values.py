"""Values of the data model as JSON, both ways: what a cluster declares on one side, what a script writes on the other.

The roof; driven by declared types (`matter.tlv.schema`), knows no cluster. Structures are objects with camelCase names, bitmaps are
objects of flags, enumerations numbers, octets {"hex": "…"}. Times counted from 2000-01-01 on the wire are counted from 1970 in JSON,
as every script counts them.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import Annotated, Any, Final, Union

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.base.errors import Misuse
from latchwork.matter.tlv.elements import TlvList
from latchwork.matter.tlv.schema import ABSENT, Absent, Nullable, Struct

_US: Final = MATTER_EPOCH_S * 1_000_000
_EPOCHS: Final = types.MappingProxyType(
    dict.fromkeys(("local_start_time", "local_end_time"), MATTER_EPOCH_S)
    | dict.fromkeys(("utc_time", "local_time", "valid_at", "valid_starting", "valid_until"), _US)
    | dict.fromkeys(("epoch_start_time0", "epoch_start_time1", "epoch_start_time2"), _US)
)
"""Fields and attributes of the types epoch-s and epoch-us (Core 7.19.2.5, .6): what to add to get the Unix epoch."""


@lru_cache(maxsize=4096)
def camel(name: str) -> str:
    """`user_unique_id` or `USER_UNIQUE_ID` → `userUniqueId`."""
    first, *rest = name.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


@lru_cache(maxsize=4096)
def pascal(name: str) -> str:
    """`lock_state` → `LockState`."""
    return "".join(part.capitalize() for part in name.lower().split("_"))


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A name without case, underscores and hyphens: how names are compared."""
    return name.replace("_", "").replace("-", "").lower()


# --- out


def to_json(value: Any, name: str = "") -> Any:
    """A typed or raw value as JSON takes it; octets stay `bytes` for `lines.emit`.

    Args:
        value: as the data model declares it, or as TLV decodes it.
        name: the attribute's or field's snake name: some names are times.
    """
    if value is None or type(value) in {bool, str, bytes, float}:
        return value
    if isinstance(value, Struct):
        return {
            camel(field): to_json(item, field)
            for field in value.fields()
            if (item := getattr(value, field)) is not ABSENT and not _is_left_out(value, field, item)
        }
    if isinstance(value, IntFlag):
        return {camel(flag.name or ""): flag in value for flag in type(value)}
    if isinstance(value, int):
        return int(value) + _EPOCHS.get(name, 0)
    if isinstance(value, TlvList):
        return [{"tag": _tag(tag), "value": to_json(item)} for tag, item in value]
    if isinstance(value, list | tuple):
        return [to_json(item, name) for item in value]
    if isinstance(value, Mapping):
        return {str(_tag(tag)): to_json(item) for tag, item in value.items()}
    return value


def _is_left_out(value: Struct, field: str, item: Any) -> bool:
    """Whether None stands for an absent field here rather than for null."""
    return item is None and field in _optional(type(value))


@lru_cache(maxsize=1024)
def _optional(kind: type[Struct]) -> frozenset[str]:
    """Fields whose None means absent."""
    return frozenset(name for name, hint in kind.hints().items() if not _plain(hint)[1])


def _tag(tag: Any) -> Any:
    return tag if tag is None or type(tag) is int else "/".join(str(part) for part in tag)


# --- in


def from_json(hint: Any, value: Any, name: str = "", where: str = "value") -> Any:
    """The typed value that `value` means for a declared type.

    Args:
        hint: the declared type, `Annotated` kept.
        value: from JSON; octets already `bytes`.
        name: the attribute's or field's snake name: some names are times.
        where: how to call it in an error.

    Raises:
        Misuse: it does not fit; the message says where and what was expected.
    """
    kind, nullable = _plain(hint)
    if value is None:
        if nullable or kind is Any:
            return None
        raise Misuse(f"{where} cannot be null")
    if kind is Any or kind is object:
        return raw_from_json(value)
    if typing.get_origin(kind) in {tuple, list}:
        if not isinstance(value, list | tuple):
            raise Misuse(f"{where} is a list")
        item = typing.get_args(kind)[0]
        return tuple(from_json(item, entry, name, f"{where}[{number}]") for number, entry in enumerate(value))
    if issubclass(kind, Struct):
        return struct_from_json(kind, value, where)
    if issubclass(kind, IntFlag):
        return _flags(kind, value, where)
    if issubclass(kind, IntEnum):
        return _member(kind, value, where)
    return _scalar(kind, value, name, where)


def struct_from_json(kind: type[Struct], value: Any, where: str = "value") -> Struct:
    """The structure that an object means; missing fields are absent.

    Raises:
        Misuse: it is no object, a field is unknown, missing or does not fit.
    """
    if not isinstance(value, Mapping):
        raise Misuse(f"{where} is an object with fields")
    hints = kind.hints()
    names = {folded(field): field for field in hints}
    made: dict[str, Any] = {}
    for key, item in value.items():
        field = names.get(folded(str(key)))
        if field is None:
            raise Misuse(
                f"{where} has no field {key}", advice=f"Its fields are: {', '.join(map(camel, hints)) or 'none'}."
            )
        if item is None and not _plain(hints[field])[1]:
            continue  # null for a field that cannot be null: left out
        made[field] = from_json(hints[field], item, field, f"{where}.{camel(field)}")
    try:
        return kind(**made)
    except TypeError:
        missing = ", ".join(camel(field) for field in _required(kind) if field not in made)
        raise Misuse(f"{where} lacks {missing}") from None


def _required(kind: type[Struct]) -> list[str]:
    given = kind.__init__.__kwdefaults__ or {}
    return [name for name in kind.hints() if name not in given]


def _flags(kind: type[IntFlag], value: Any, where: str) -> IntFlag:
    if type(value) is int and value >= 0:
        return kind(value)
    if not isinstance(value, Mapping):
        raise Misuse(f"{where} is a bitmap: an object of flags, or a number")
    names = {folded(flag.name or ""): flag for flag in kind}
    made = kind(0)
    for key, wanted in value.items():
        flag = names.get(folded(str(key)))
        if flag is None:
            raise Misuse(
                f"{where} has no flag {key}", advice=f"Its flags are: {', '.join(camel(f.name or '') for f in kind)}."
            )
        if wanted:
            made |= flag
    return made


def _member(kind: type[IntEnum], value: Any, where: str) -> IntEnum:
    if isinstance(value, str):
        names = {folded(member.name): member for member in kind}
        if folded(value) in names:
            return names[folded(value)]
    elif type(value) is int:
        try:
            return kind(value)
        except ValueError:
            pass
    known = ", ".join(f"{int(member)} {pascal(member.name)}" for member in kind)
    raise Misuse(f"{where} is no {kind.__name__}", advice=f"It is one of: {known}.")


def _scalar(kind: type, value: Any, name: str, where: str) -> Any:
    if kind is int:
        return _integer(value, name, where)
    if kind is float and type(value) in {int, float}:
        return float(value)
    if kind is bytes and isinstance(value, bytes | bytearray):
        return bytes(value)
    if kind in {bool, str} and type(value) is kind:
        return value
    wanted = {bytes: 'octets: {"hex": "…"}', bool: "true or false", str: "text", float: "a number"}.get(
        kind, "of another type"
    )
    raise Misuse(f"{where} is {wanted}")


def _integer(value: Any, name: str, where: str) -> int:
    if isinstance(value, str):
        try:
            value = int(value, 0)
        except ValueError:
            raise Misuse(f"{where} is a whole number") from None
    if type(value) is not int:
        raise Misuse(f"{where} is a whole number")
    number = value - _EPOCHS.get(name, 0)
    if name in _EPOCHS and number < 0:
        raise Misuse(f"{where} is before 2000", advice="Give times since 1970-01-01 UTC.")
    return number


def raw_from_json(value: Any) -> Any:
    """A value for a type that nobody declared: objects with numbers for names are structures.

    Raises:
        Misuse: a name is no number.
    """
    if isinstance(value, Mapping):
        try:
            return {int(str(tag), 0): raw_from_json(item) for tag, item in value.items()}
        except ValueError:
            raise Misuse("this element is not known here: name its fields by their numbers") from None
    if isinstance(value, list | tuple):
        return [raw_from_json(item) for item in value]
    return value


@lru_cache(maxsize=4096)
def _plain(hint: Any) -> tuple[Any, bool]:
    """A declared type without its markers, and whether it may be null."""
    nullable = False
    while True:
        if typing.get_origin(hint) is Annotated:
            nullable = nullable or Nullable in hint.__metadata__
            hint = hint.__origin__
        elif typing.get_origin(hint) in {Union, types.UnionType}:
            arms = [arm for arm in typing.get_args(hint) if arm is not type(None) and arm is not Absent]
            if len(arms) != 1:
                return Any, True
            hint = arms[0]
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        else:
            return hint, nullable
