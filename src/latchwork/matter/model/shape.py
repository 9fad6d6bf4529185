"""What a cluster supports, given its features and the options it takes up; shared by all states alike.

Model storey of `matter`; evaluates conformance over a declaration, holds no values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from latchwork.base.errors import Misuse
from latchwork.matter.model.conformance import Verdict, conformance
from latchwork.matter.model.declaration import MISSING, Attribute, Command, Element, Event
from latchwork.matter.model.spec import SpecVersion


class Declared(Protocol):
    """What the shape is taken from: a cluster's class."""

    @property
    def name(self) -> str:
        """The specification's name."""

    @property
    def revision(self) -> int:
        """In the latest version of the specification."""

    @property
    def revisions(self) -> Mapping[SpecVersion, int]:
        """In older ones."""

    @property
    def feature_codes(self) -> Mapping[str, int]:
        """Names and codes of features to their bits."""

    @property
    def attributes(self) -> Mapping[int, Attribute[Any]]:
        """Declarations by id, ascending."""

    @property
    def commands(self) -> Mapping[int, Command]:
        """Declarations by id, ascending."""

    @property
    def events(self) -> Mapping[int, Event]:
        """Declarations by id, ascending."""


class Shape:
    """One way to be a cluster.

    Attributes:
        features: bits.
        revision: the cluster's, in this version of the specification.
        spec: the version of the specification.
        supported_attributes: by id, ascending.
        accepted_commands: by id, ascending.
        generated_commands: ids of responses, ascending.
        supported_events: by id, ascending.
        initial: a state's first values, by slot.
        slots: slot of each declared attribute by our name and by the specification's in lower case.

    Raises:
        Misuse: an option is unknown or not allowed with these features, or a feature is unknown.
    """

    __slots__ = (
        "accepted_commands",
        "features",
        "generated_commands",
        "initial",
        "revision",
        "slots",
        "spec",
        "supported_attributes",
        "supported_events",
    )

    def __init__(self, cluster: Declared, features: int, optional: frozenset[str], spec: SpecVersion) -> None:
        self.features = features
        self.spec = spec
        self.revision = cluster.revisions.get(spec, cluster.revision)
        rest = features
        for bit in cluster.feature_codes.values():
            rest &= ~bit
        if rest:
            raise Misuse(f"{cluster.name} has no feature {rest:#x}")
        chosen = _Choice(cluster, optional)
        names = {code for code, bit in cluster.feature_codes.items() if features & bit}
        chosen.settle_attributes(cluster.attributes.values(), names, self)
        attributes = [a for a in cluster.attributes.values() if chosen.has(a, names, self)]
        names |= {attribute.spec_name for attribute in attributes}
        self.supported_attributes: Mapping[int, Attribute[Any]] = {a.id: a for a in attributes}
        self.accepted_commands: Mapping[int, Command] = {
            c.id: c for c in cluster.commands.values() if chosen.has(c, names, self)
        }
        self.generated_commands: tuple[int, ...] = tuple(
            sorted({c.response_id for c in self.accepted_commands.values() if c.response_id is not None})
        )
        self.supported_events: Mapping[int, Event] = {
            e.id: e for e in cluster.events.values() if chosen.has(e, names, self)
        }
        chosen.check()
        declared = [a for a in cluster.attributes.values() if a.slot >= 0]
        self.initial = [a.initial if a.id in self.supported_attributes else MISSING for a in declared]
        self.slots = {a.name: a.slot for a in declared} | {a.spec_name.lower(): a.slot for a in declared}


class _Choice:
    """The options asked for, and which of them were granted."""

    def __init__(self, cluster: Declared, optional: frozenset[str]) -> None:
        self._cluster = cluster
        self._open = set(optional)
        self._asked = optional

    def settle_attributes(self, attributes: Iterable[Attribute[Any]], names: set[str], shape: Shape) -> None:
        """Add the names of supported attributes on which others may depend, so that the order of ids does not matter."""
        for attribute in attributes:
            if self.has(attribute, names, shape):
                names.add(attribute.spec_name)

    def has(self, element: Element, names: set[str], shape: Shape) -> bool:
        """Whether the state has the element."""
        if (element.since is not None and shape.spec < element.since) or (
            element.until is not None and shape.spec >= element.until
        ):
            return False
        asked = element.name in self._asked or element.spec_name in self._asked
        verdict = conformance(element.conformance).verdict(names, shape.revision)
        granted = verdict is Verdict.MANDATORY or (asked and verdict is not Verdict.FORBIDDEN)
        if asked and granted:
            self._open -= {element.name, element.spec_name}
        return granted

    def check(self) -> None:
        """Raises Misuse when an option was not granted."""
        if self._open:
            raise Misuse(f"{self._cluster.name} cannot have {', '.join(sorted(self._open))} with these features")
