"""How a cluster is declared, and the state of one (Core 7.10 to 7.14).

Model storey of `matter`; knows no message, no session and no node.

```python
class Identify(Cluster):
    id = 0x0003
    revision = 6
    name = "Identify"

    identify_time = Attribute[int](0x0000, U16, quality="Q", access="RW VO")
    identify_type = Attribute[IdentifyTypeEnum](0x0001, IdentifyTypeEnum, constraint="desc")

    identify = Command(0x00, IdentifyRequest, None, access="M")
    trigger_effect = Command(0x40, TriggerEffect, None, "O", access="M")
```

The class describes every cluster of the kind: `Identify.identify_time` is the declaration. An instance is the state of one on an
endpoint: `state.identify_time` is a number. Conformance, access, quality and constraint are written as the specification writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final, TypeVar

from latchwork.base.errors import Misuse
from latchwork.matter.model.access import ADMINISTER, MANAGE, OPERATE, VIEW, Access
from latchwork.matter.model.constraint import ConstraintError
from latchwork.matter.model.declaration import MISSING, Attribute, Command, Element, Event, Priority, Response, State
from latchwork.matter.model.shape import Shape
from latchwork.matter.model.spec import LATEST, SpecVersion
from latchwork.matter.tlv.schema import U16, U32

__all__ = [
    "ADMINISTER",
    "MANAGE",
    "MISSING",
    "OPERATE",
    "VIEW",
    "Access",
    "Attribute",
    "Cluster",
    "Command",
    "ConstraintError",
    "Element",
    "Event",
    "Priority",
    "Response",
]

T = TypeVar("T")
_E = TypeVar("_E", bound=Element)

_VERSION_MASK: Final = 0xFFFF_FFFF


class _Global(Attribute[T]):
    """An attribute that every cluster has and that follows from its shape."""

    __slots__ = ("_take",)

    def __init__(self, number: int, hint: Any, take: Callable[[Shape], T]) -> None:
        super().__init__(number, hint, quality="F")
        self._take = take

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        """The declaration on a class, the value on a state."""
        return self if instance is None else self._take(instance.shape)

    def __set__(self, instance: State, value: T) -> None:
        """Not allowed.

        Raises:
            Misuse: always; the state's shape is what it is.
        """
        raise Misuse(f"{self.spec_name} follows from the cluster's shape")


class Cluster:
    """Base of cluster declarations; an instance is the state of one cluster on one endpoint.

    Args:
        features: the features it has.
        optional: names of optional attributes, commands and events that it has, ours or the specification's. An optional
            attribute with a value among `values` need not be named.
        spec: the version of the specification it follows.
        data_version: where its data version starts.
        **values: attribute values by our names.

    Attributes:
        shape: what is supported, shared by all states alike.
        values: one per declared attribute, by `Attribute.slot`.
        data_version: 32 bits; grows with every change (Core 7.10.3).
        on_change: called with the state and the declaration after a change.

    Raises:
        Misuse: a name is unknown or not allowed with these features.
    """

    __slots__ = ("data_version", "on_change", "shape", "values")

    id: ClassVar[int]
    revision: ClassVar[int]
    name: ClassVar[str] = ""
    quality: ClassVar[str] = ""
    revisions: ClassVar[Mapping[SpecVersion, int]] = {}
    """Revisions of the cluster in older versions of the specification."""
    feature_codes: ClassVar[Mapping[str, int]] = {}
    """Names and codes of the class's `Feature`, which conformance uses, to their bits."""
    attributes: ClassVar[dict[int, Attribute[Any]]] = {}
    commands: ClassVar[dict[int, Command]] = {}
    events: ClassVar[dict[int, Event]] = {}
    _shapes: ClassVar[dict[tuple[int, frozenset[str], SpecVersion], Shape]] = {}
    _slots: ClassVar[int] = 0

    generated_command_list = _Global[tuple[int, ...]](0xFFF8, tuple[U32, ...], lambda s: s.generated_commands)
    accepted_command_list = _Global[tuple[int, ...]](0xFFF9, tuple[U32, ...], lambda s: tuple(s.accepted_commands))
    attribute_list = _Global[tuple[int, ...]](0xFFFB, tuple[U32, ...], lambda s: tuple(s.supported_attributes))
    feature_map = _Global[int](0xFFFC, U32, lambda s: s.features)
    cluster_revision = _Global[int](0xFFFD, U16, lambda s: s.revision)

    def __init_subclass__(cls, **options: Any) -> None:
        """Collects the class's declarations, by id in ascending order."""
        super().__init_subclass__(**options)
        elements = [element for kind in reversed(cls.__mro__) for element in vars(kind).values()]
        cls.attributes = _by_id(element for element in elements if isinstance(element, Attribute))
        cls.commands = _by_id(element for element in elements if isinstance(element, Command))
        cls.events = _by_id(element for element in elements if isinstance(element, Event))
        feature = vars(cls).get("Feature")
        if feature is not None:
            cls.feature_codes = {name: int(member) for name, member in feature.__members__.items()}
        cls._shapes = {}
        cls._slots = 0
        for attribute in cls.attributes.values():
            if not isinstance(attribute, _Global):
                attribute.slot = cls._slots
                cls._slots += 1

    def __init__(
        self,
        *,
        features: int = 0,
        optional: Iterable[str] = (),
        spec: SpecVersion = LATEST,
        data_version: int = 0,
        **values: Any,
    ) -> None:
        self.shape = self.shape_of(features, (*optional, *values), spec)
        self.data_version = data_version
        self.on_change: Callable[[Any, Attribute[Any]], None] | None = None
        self.values: list[Any] = list(self.shape.initial)
        for name, value in values.items():
            self.values[self.shape.slots[name]] = value

    @classmethod
    def shape_of(cls, features: int, optional: Iterable[str], spec: SpecVersion = LATEST) -> Shape:
        """What such a state supports; made once for each combination.

        Raises:
            Misuse: a name is unknown or not allowed with these features.
        """
        key = (int(features), frozenset(optional), spec)
        found = cls._shapes.get(key)
        if found is None:
            found = cls._shapes[key] = Shape(cls, key[0], key[1], spec)
        return found

    @property
    def features(self) -> int:
        """The features, as bits."""
        return self.shape.features

    @property
    def spec(self) -> SpecVersion:
        """The version of the specification that the state follows."""
        return self.shape.spec

    @property
    def supported_attributes(self) -> Mapping[int, Attribute[Any]]:
        """What can be read, by id in ascending order, global attributes included."""
        return self.shape.supported_attributes

    @property
    def accepted_commands(self) -> Mapping[int, Command]:
        """What can be invoked, by id in ascending order."""
        return self.shape.accepted_commands

    @property
    def generated_commands(self) -> tuple[int, ...]:
        """Ids of the responses it may give, in ascending order."""
        return self.shape.generated_commands

    @property
    def supported_events(self) -> Mapping[int, Event]:
        """What may happen, by id in ascending order."""
        return self.shape.supported_events

    def touch(self, attribute: Attribute[Any]) -> None:
        """Say that a value changed: for computed attributes, which are not set."""
        self.data_version = (self.data_version + 1) & _VERSION_MASK
        if self.on_change is not None:
            self.on_change(self, attribute)

    def value_of(self, spec_name: str) -> Any:
        """The value of a supported attribute by the specification's name, in any case; None where there is none."""
        slot = self.shape.slots.get(spec_name.lower())
        value = None if slot is None else self.values[slot]
        return None if value is MISSING else value

    def __repr__(self) -> str:
        return f"<{self.name} features={self.features:#x} version={self.data_version}>"


def _by_id(elements: Iterable[_E]) -> dict[int, _E]:
    return {element.id: element for element in sorted(elements, key=lambda element: element.id)}
