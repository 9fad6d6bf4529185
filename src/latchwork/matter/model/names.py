"""Names and numbers of everything in the data model, for people: clusters that nobody declared here too.

Model storey of `matter`; reads `names_table`, a cluster at a time and only when asked. Names are found in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from latchwork.base.errors import Misuse
from latchwork.matter.model.names_table import TABLE

Kind = Literal["attribute", "command", "response", "event"]

_LETTERS: Final = {"attribute": "a", "command": "c", "response": "r", "event": "e"}

_GLOBAL_ATTRIBUTES: Final = MappingProxyType(
    {
        0xFFF8: "GeneratedCommandList",
        0xFFF9: "AcceptedCommandList",
        0xFFFB: "AttributeList",
        0xFFFC: "FeatureMap",
        0xFFFD: "ClusterRevision",
    }
)


def _blocks() -> dict[int, tuple[str, tuple[str, ...]]]:
    blocks: dict[int, tuple[str, tuple[str, ...]]] = {}
    for block in TABLE.rstrip().replace("\n ", "\0").split("\n"):
        head, *lines = block.split("\0")
        number, _, name = head.partition(" ")
        blocks[int(number, 16)] = name, tuple(lines)
    return blocks


_BLOCKS: Final = _blocks()

CLUSTERS: Final[Mapping[int, str]] = MappingProxyType({number: name for number, (name, _) in _BLOCKS.items()})
"""Names of clusters by id, ascending."""


@lru_cache(maxsize=256)
def elements(cluster: int, kind: Kind) -> Mapping[int, str]:
    """Names of a cluster's elements by id, ascending, global attributes last; empty for a cluster that is not in the table."""
    found: dict[int, str] = {}
    number = -1
    for line in _BLOCKS.get(cluster, ("", ()))[1]:
        if line[0] != _LETTERS[kind]:
            continue
        for word in line[2:].split():
            written, _, name = word.rpartition(":")
            number = int(written, 16) if written else number + 1
            found[number] = name
    return MappingProxyType(found | _GLOBAL_ATTRIBUTES if kind == "attribute" else found)


def element(cluster: int, kind: str, number: int) -> str | None:
    """The name of an element, or None; `kind` is one of `Kind`."""
    return elements(cluster, _kind(kind)).get(number)


def find(cluster: int, kind: str, name: str) -> int | None:
    """The id of an element by its name in any case, or None; `kind` is one of `Kind`."""
    wanted = _folded(name)
    return next((number for number, known in elements(cluster, _kind(kind)).items() if _folded(known) == wanted), None)


def cluster_name(number: int) -> str | None:
    """The name of a cluster, or None."""
    return CLUSTERS.get(number)


def cluster_id(name: str) -> int | None:
    """The id of a cluster by its name in any case, or None."""
    wanted = _folded(name)
    return next((number for number, known in CLUSTERS.items() if _folded(known) == wanted), None)


def attribute_name(cluster: int, number: int) -> str | None:
    """The name of an attribute, or None."""
    return elements(cluster, "attribute").get(number)


def attribute_id(cluster: int, name: str) -> int | None:
    """The id of an attribute by its name in any case, or None."""
    return find(cluster, "attribute", name)


def command_name(cluster: int, number: int) -> str | None:
    """The name of a command that servers accept, or None; answers have their own: `element(cluster, "response", number)`."""
    return elements(cluster, "command").get(number)


def command_id(cluster: int, name: str) -> int | None:
    """The id of a command that servers accept by its name in any case, or None."""
    return find(cluster, "command", name)


def event_name(cluster: int, number: int) -> str | None:
    """The name of an event, or None."""
    return elements(cluster, "event").get(number)


def event_id(cluster: int, name: str) -> int | None:
    """The id of an event by its name in any case, or None."""
    return find(cluster, "event", name)


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def _kind(kind: str) -> Kind:
    match kind:
        case "attribute" | "command" | "response" | "event":
            return kind
        case _:
            raise Misuse(f"{kind!r} is no kind of element")
