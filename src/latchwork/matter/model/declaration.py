"""The parts of a cluster's declaration: attributes, commands and events (Core 7.10 to 7.14).

Model storey of `matter`; knows no cluster, only what an attribute asks of a state.
"""

from __future__ import annotations

import struct
import typing
from enum import Enum, IntEnum
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, overload

from latchwork.base.errors import Misuse
from latchwork.matter.model.access import VIEW, Access, access
from latchwork.matter.model.constraint import ConstraintError, constraint
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.elements import TlvError, decode
from latchwork.matter.tlv.schema import Codec, Encoder, NullableCodec, OpenEnum, Struct, codec_of

T = TypeVar("T")


class Priority(IntEnum):
    """How long an event is worth keeping (Core 7.14.1.2)."""

    DEBUG = 0
    INFO = 1
    CRITICAL = 2


class _Missing(Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing.MISSING
"""Stands where a declaration gives no default, and in a state where an attribute is not supported."""


class Response(Struct):
    """A command's answer; `command_id` is its own number, which is not always the request's next."""

    command_id: ClassVar[int]


class State(Protocol):
    """What an attribute asks of a cluster's state."""

    values: list[Any]

    @property
    def name(self) -> str:
        """The cluster's name."""

    def touch(self, attribute: Attribute[Any]) -> None:
        """Told after a value changed."""

    def value_of(self, spec_name: str) -> Any:
        """A sibling's value by the specification's name, or None."""


class Element:
    """What attributes, commands and events have in common.

    Attributes:
        id: the element's number within its cluster.
        cluster_id: the id of the cluster that declares it; -1 for global attributes.
        name: the attribute of the Python class, in snake case.
        spec_name: the specification's name.
        conformance: the specification's shorthand.
        since: first version of the specification that has it, None for all.
        until: first version of the specification without it, None for none.
    """

    __slots__ = ("cluster_id", "conformance", "id", "name", "since", "spec_name", "until")

    def __init__(
        self, number: int, conformance: str, since: SpecVersion | None, until: SpecVersion | None, spec_name: str
    ) -> None:
        self.id = number
        self.cluster_id = -1
        self.conformance = conformance
        self.since = since
        self.until = until
        self.name = ""
        self.spec_name = spec_name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.cluster_id = getattr(owner, "id", -1)
        self.spec_name = self.spec_name or "".join(part[:1].upper() + part[1:] for part in name.split("_"))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.spec_name} {self.id:#06x}>"


class Attribute(Element, Generic[T]):
    """One attribute's declaration, and the descriptor of its value.

    Args:
        number: the id.
        hint: the type as `tlv.schema` takes it; quality X makes it nullable.
        conformance: shorthand of Core 7.3.
        access: shorthand of Core 7.6.
        quality: letters of Core 7.7, of which N (stored), F (fixed), X (nullable), C (changes omitted) and Q (quieter) matter here.
        constraint: shorthand of Core 7.4.
        default: value of a state that is not told another; without one null, zero or empty.
        since: first version of the specification that has it.
        until: first version of the specification without it.
        spec_name: the specification's name, where it does not follow from ours.

    Attributes:
        access: the parsed access.
        hint: as given.
        quality: as given; ask with `"N" in attribute.quality`.
        constraint: as given.
        default: as given.
    """

    __slots__ = ("_access", "_codec", "_encoders", "constraint", "default", "hint", "quality", "slot")

    def __init__(
        self,
        number: int,
        hint: Any,
        conformance: str = "M",
        *,
        access: str = "R V",
        quality: str = "",
        constraint: str = "",
        default: T | _Missing = MISSING,
        since: SpecVersion | None = None,
        until: SpecVersion | None = None,
        spec_name: str = "",
    ) -> None:
        super().__init__(number, conformance, since, until, spec_name)
        self.hint = hint
        self._access = access
        self.quality = quality
        self.constraint = constraint
        self.default = default
        self.slot = -1
        self._codec: Codec | None = None
        self._encoders: dict[int | None, Encoder] = {}

    @property
    def access(self) -> Access:
        """Who may read and write it."""
        return access(self._access)

    @property
    def codec(self) -> Codec:
        """How values go to TLV and back; made on first use."""
        if self._codec is None:
            codec = codec_of(self.hint)
            if self.is_nullable and not isinstance(codec, NullableCodec):
                codec = NullableCodec(codec)
            self._codec = codec
        return self._codec

    def encoder(self, tag: int | None) -> Encoder:
        """A function that appends a value as one element with context tag `tag`; made once for each tag."""
        found = self._encoders.get(tag)
        if found is None:
            found = self._encoders[tag] = self.codec.encoder(tag)
        return found

    @property
    def is_nullable(self) -> bool:
        """Whether null is a value."""
        return "X" in self.quality

    @property
    def is_list(self) -> bool:
        """Whether values are lists, which writes and reports may cut into items."""
        return typing.get_origin(_bare(self.hint)) in {tuple, list}

    def decode(self, value: Any) -> T:
        """The typed value of a decoded TLV element.

        Raises:
            TlvError: it is not of the declared type.
        """
        return typing.cast("T", self.codec.accept(value))

    def check(self, value: Any, cluster: State) -> None:
        """Check a value for a state.

        Raises:
            ConstraintError: the specification's constraint does not allow it.
            TlvError: it is not of the declared type.
        """
        out = bytearray()
        try:
            self.encoder(None)(out, value)
        except (AttributeError, TypeError, ValueError, OverflowError, struct.error) as error:
            raise TlvError(f"{self.spec_name} does not hold {type(value).__name__}") from error
        if self.codec.accept(decode(bytes(out))) != value and not isinstance(value, float):
            raise TlvError(f"{self.spec_name} does not hold {type(value).__name__}")
        if isinstance(value, OpenEnum) and not value.is_known:
            # A later revision's value is kept when a peer tells it, but not taken from one.
            raise ConstraintError(f"{cluster.name}.{self.spec_name}: {int(value)} is no {type(value).__name__}")
        if self.constraint:
            try:
                constraint(self.constraint).check(value, cluster.value_of)
            except ConstraintError as error:
                raise ConstraintError(f"{cluster.name}.{self.spec_name}: {error}") from None

    @property
    def initial(self) -> T | None:
        """The value of a state that is not told one."""
        if self.default is not MISSING:
            return self.default
        return None if self.is_nullable else _zero(_bare(self.hint))

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Attribute[T]: ...
    @overload
    def __get__(self, instance: State, owner: type[Any]) -> T: ...
    def __get__(self, instance: State | None, owner: type[Any]) -> Attribute[T] | T:
        """The declaration on a class, the value on a state.

        Raises:
            Misuse: the state does not support the attribute.
        """
        if instance is None:
            return self
        value = instance.values[self.slot]
        if value is MISSING:
            raise Misuse(f"this {instance.name} has no {self.spec_name}")
        return typing.cast("T", value)

    def __set__(self, instance: State, value: T) -> None:
        """Set the value; another one than before bumps the data version and is told to `on_change`.

        Raises:
            Misuse: the state does not support the attribute.
        """
        values = instance.values
        before = values[self.slot]
        if before is MISSING:
            raise Misuse(f"this {instance.name} has no {self.spec_name}")
        if before != value:
            values[self.slot] = value
            instance.touch(self)


class Command(Element):
    """One command's declaration.

    Args:
        number: the id.
        request: its fields; None for a command without.
        response: the response's fields, or None where only a status comes back.
        conformance: shorthand of Core 7.3.
        access: shorthand of Core 7.6: the privilege, F for fabric-scoped, T for timed.
        is_strict: a field that is out of bounds makes the whole command invalid: the cluster asks for INVALID_COMMAND where others
            answer CONSTRAINT_ERROR.
        since: first version of the specification that has it.
        until: first version of the specification without it.
        spec_name: the specification's name, where it does not follow from ours.

    Attributes:
        request: as given.
        response: as given.
        is_strict: as given.
        response_id: None where there is no response.
        privilege: what it takes to invoke it.
        timed: only as part of a timed interaction (Core 8.4.5).
        fabric_scoped: only over a session that belongs to a fabric.
    """

    __slots__ = ("fabric_scoped", "is_strict", "privilege", "request", "response", "response_id", "timed")

    def __init__(
        self,
        number: int,
        request: type[Struct] | None,
        response: type[Response] | None,
        conformance: str = "M",
        *,
        access: str = "O",
        is_strict: bool = False,
        since: SpecVersion | None = None,
        until: SpecVersion | None = None,
        spec_name: str = "",
    ) -> None:
        super().__init__(number, conformance, since, until, spec_name)
        parsed = _access(access)
        self.is_strict = is_strict
        self.request = request
        self.response = response
        self.response_id = None if response is None else response.command_id
        self.privilege = parsed.invoke
        self.timed = parsed.timed
        self.fabric_scoped = parsed.fabric_scoped


class Event(Element):
    """One event's declaration.

    Args:
        number: the id.
        struct: its fields; None for an event without.
        conformance: shorthand of Core 7.3.
        priority: how long it is worth keeping.
        access: shorthand of Core 7.6.
        fabric_sensitive: other fabrics do not get to see it.
        since: first version of the specification that has it.
        until: first version of the specification without it.
        spec_name: the specification's name, where it does not follow from ours.

    Attributes:
        struct: as given.
        priority: as given.
        access: the parsed access.
        privilege: what it takes to read it.
        fabric_sensitive: as given.
    """

    __slots__ = ("access", "fabric_sensitive", "priority", "privilege", "struct")

    def __init__(
        self,
        number: int,
        struct: type[Struct] | None,
        conformance: str = "M",
        priority: Priority = Priority.INFO,
        *,
        access: str = "V",
        fabric_sensitive: bool = False,
        since: SpecVersion | None = None,
        until: SpecVersion | None = None,
        spec_name: str = "",
    ) -> None:
        super().__init__(number, conformance, since, until, spec_name)
        self.struct = struct
        self.priority = priority
        self.access = _access(access)
        self.privilege = self.access.read or VIEW
        self.fabric_sensitive = fabric_sensitive or self.access.fabric_sensitive


_access = access


def _bare(hint: Any) -> Any:
    """A hint without markers and without None."""
    while True:
        if typing.get_origin(hint) is typing.Annotated:
            hint = hint.__origin__
        elif (arms := typing.get_args(hint)) and type(None) in arms:
            hint = next(arm for arm in arms if arm is not type(None))
        else:
            return hint


def _zero(kind: Any) -> Any:
    """The value of a type before anything is known; None for a structure, which has to be told."""
    if typing.get_origin(kind) in {tuple, list}:
        return ()
    if isinstance(kind, type) and issubclass(kind, int | str | bytes | float):
        return kind(0) if issubclass(kind, int) else kind()
    return None
