"""Elements of the data model by name or number, as scripts and people write them.

The roof; a view of `matter.model`'s declarations and its table of names for what nobody declared here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from latchwork.base.errors import Misuse
from latchwork.cli.explain_tlv import Branch, name_members
from latchwork.cli.values import folded, to_json
from latchwork.matter.model import names
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.model.meta import Attribute, Cluster, Command, Event

Key = str | int
"""A name, compared without case, or a number."""


@lru_cache(maxsize=256)
def cluster_id(key: Key) -> int:
    """The id of a cluster.

    Raises:
        Misuse: nobody knows such a name.
    """
    number = _number(key)
    if number is not None:
        return number
    wanted = folded(str(key))
    for cluster in CLUSTERS.values():
        if folded(cluster.name) == wanted:
            return cluster.id
    for found, name in names.CLUSTERS.items():
        if folded(name) == wanted:
            return found
    raise Misuse(f"there is no cluster {key}", advice="Give its name as the specification writes it, or its number.")


def declared(cluster: int) -> type[Cluster] | None:
    """The declaration of a cluster, or None."""
    return CLUSTERS.get(cluster)


@lru_cache(maxsize=1024)
def attribute(cluster: int, key: Key) -> Attribute[Any] | int:
    """An attribute's declaration, or its number where there is none.

    Raises:
        Misuse: the cluster has no such attribute.
    """
    kind = CLUSTERS.get(cluster)
    found = _element(kind.attributes if kind else {}, key)
    if found is not None:
        assert isinstance(found, Attribute)
        return found
    return _fallback(cluster, key, "attribute")


@lru_cache(maxsize=1024)
def command(cluster: int, key: Key) -> Command | int:
    """A command's declaration, or its number where there is none; Misuse as in `attribute`."""
    kind = CLUSTERS.get(cluster)
    found = _element(kind.commands if kind else {}, key)
    if found is not None:
        assert isinstance(found, Command)
        return found
    return _fallback(cluster, key, "command")


@lru_cache(maxsize=1024)
def event(cluster: int, key: Key) -> Event | int:
    """An event's declaration, or its number where there is none; Misuse as in `attribute`."""
    kind = CLUSTERS.get(cluster)
    found = _element(kind.events if kind else {}, key)
    if found is not None:
        assert isinstance(found, Event)
        return found
    return _fallback(cluster, key, "event")


def number_of(element: Attribute[Any] | Command | Event | int) -> int:
    """The id of an element that the functions above gave."""
    return element if isinstance(element, int) else element.id


@lru_cache(maxsize=256)
def cluster_name(cluster: int) -> str | int:
    """`DoorLock`; the number of a cluster that nobody knows."""
    kind = CLUSTERS.get(cluster)
    return kind.name if kind is not None else names.CLUSTERS.get(cluster, cluster)


@lru_cache(maxsize=4096)
def element_name(cluster: int, kind: str, number: int) -> str | int:
    """`LockState`; the number of an element that nobody knows. `kind` is attribute, command, response or event."""
    found = CLUSTERS.get(cluster)
    if found is not None:
        declared_there: dict[str, Any] = {
            "attribute": found.attributes,
            "command": found.commands,
            "event": found.events,
        }
        element = declared_there.get(kind, {}).get(number)
        if element is not None:
            return str(element.spec_name)
    return names.element(cluster, kind, number) or number


def attribute_json(cluster: int, number: int, value: Any) -> Any:
    """An attribute's value as JSON; a cluster's features are a bitmap like any other."""
    kind = CLUSTERS.get(cluster)
    attribute = kind.attributes.get(number) if kind is not None else None
    if attribute is None:
        return to_json(value)
    if number == Cluster.feature_map.id and type(value) is int:
        feature = getattr(kind, "Feature", None)
        return to_json(value if feature is None else feature(value))
    return to_json(value, attribute.name)


def note_paths(branch: Branch, *, is_response: bool = False) -> None:
    """Give paths inside a message the names of what they lead to, and the values beside them the names of their fields.

    `is_response` says that its commands are responses, which count apart.
    """
    if branch.type == "list":
        _note_path(branch, is_response=is_response)
    path, data = _child(branch, "path"), _child(branch, "data") or _child(branch, "commandFields")
    if path is not None and data is not None:
        hint = _hint(path, is_response=is_response)
        if hint is not None:
            name_members(data, hint)
    for child in branch.children:
        note_paths(child, is_response=is_response)


def _child(branch: Branch, name: str) -> Branch | None:
    return next((child for child in branch.children if child.name == name), None)


def _note_path(path: Branch, *, is_response: bool) -> None:
    cluster = _child(path, "cluster")
    if cluster is None or not isinstance(cluster.value, int):
        return
    cluster.note = _text(cluster_name(cluster.value))
    for kind in ("attribute", "command", "event"):
        element = _child(path, kind)
        if element is not None and isinstance(element.value, int):
            known = "response" if is_response and kind == "command" else kind
            element.note = _text(element_name(cluster.value, known, element.value))


def _text(name: str | int) -> str:
    return name if isinstance(name, str) else ""


def _hint(path: Branch, *, is_response: bool) -> Any:
    """The declared type of what a path leads to, or None."""
    cluster = _child(path, "cluster")
    kind = CLUSTERS.get(cluster.value) if cluster is not None else None
    if kind is None:
        return None
    attribute, command, event = (_child(path, name) for name in ("attribute", "command", "event"))
    if attribute is not None and attribute.value in kind.attributes:
        return kind.attributes[attribute.value].hint
    if event is not None and event.value in kind.events:
        return kind.events[event.value].struct
    if command is not None and is_response:
        return next((known.response for known in kind.commands.values() if known.response_id == command.value), None)
    if command is not None and command.value in kind.commands:
        return kind.commands[command.value].request
    return None


def _number(key: Key) -> int | None:
    if isinstance(key, int):
        return key
    try:
        return int(key, 0)
    except ValueError:
        return None


def _element(elements: Any, key: Key) -> Any:
    number = _number(key)
    if number is not None:
        return elements.get(number)
    wanted = folded(str(key))
    return next((element for element in elements.values() if folded(element.name) == wanted), None)


def _fallback(cluster: int, key: Key, kind: str) -> int:
    number = _number(key)
    if number is None:
        number = names.find(cluster, kind, str(key))
    if number is None:
        raise Misuse(
            f"{cluster_name(cluster)} has no {kind} {key}",
            advice="Give its name as the specification writes it, or its number.",
        )
    return number
