"""Group keys, the map from groups to keys and which endpoints listen, for every fabric of the node.

Stands in node, on trust; the Group Key Management and Groups behaviors are its faces (Core 11.2, Application Clusters 1.3).
Key set 0, the identity protection key, belongs to the fabric itself and is not kept here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from latchwork.base.logs import Secret
from latchwork.matter.tlv.schema import U8, U16, U64, Hidden, Struct, Tag
from latchwork.matter.trust.groups import EpochKey, GroupKeySet

MAX_GROUPS = 12
"""Groups of one fabric; the specification asks for at least 4 for each endpoint with the Groups cluster (Core 2.11.1.2)."""
MAX_KEY_SETS = 4
"""Key sets of one fabric, the identity protection key included; at least 3 and the IPK (Core 2.11.1.2)."""


class StoredEpochKey(Struct):
    """One epoch key as stored."""

    key: Annotated[bytes, Tag(0), Hidden]
    start_time_us: Annotated[U64, Tag(1)]


class StoredKeySet(Struct):
    """One key set as stored."""

    key_set_id: Annotated[U16, Tag(0)]
    policy: Annotated[U8, Tag(1)]
    epoch_keys: Annotated[tuple[StoredEpochKey, ...], Tag(2)]


class StoredMapping(Struct):
    """A group's key set as stored."""

    group_id: Annotated[U16, Tag(0)]
    key_set_id: Annotated[U16, Tag(1)]


class StoredGroup(Struct):
    """A group's name and members as stored."""

    group_id: Annotated[U16, Tag(0)]
    name: Annotated[str, Tag(1)]
    endpoints: Annotated[tuple[U16, ...], Tag(2)]


class StoredGroups(Struct):
    """Everything about groups that one fabric put on this node."""

    key_sets: Annotated[tuple[StoredKeySet, ...], Tag(0)]
    mappings: Annotated[tuple[StoredMapping, ...], Tag(1)]
    groups: Annotated[tuple[StoredGroup, ...], Tag(2)]


@dataclass(slots=True)
class Group:
    """A group of endpoints.

    Attributes:
        name: at most 16 characters, empty when the group has none.
        endpoints: the members on this node.
    """

    name: str
    endpoints: set[int]


@dataclass(slots=True)
class FabricGroups:
    """The groups of one fabric.

    Attributes:
        key_sets: by id, without the identity protection key.
        mappings: group id and key set id, in the order written.
        groups: by group id.
    """

    key_sets: dict[int, GroupKeySet] = field(default_factory=dict)
    mappings: tuple[tuple[int, int], ...] = ()
    groups: dict[int, Group] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.key_sets or self.mappings or self.groups)

    def has_key_for(self, group_id: int) -> bool:
        """Whether a key set that exists is mapped to the group."""
        return any(group == group_id and keys in self.key_sets for group, keys in self.mappings)

    def add(self, group_id: int, name: str, endpoint: int) -> bool:
        """Makes the endpoint a member; False when there is no room for one more group."""
        group = self.groups.get(group_id)
        if group is None:
            if len(self.groups) >= MAX_GROUPS:
                return False
            group = self.groups[group_id] = Group(name, set())
        group.name = name
        group.endpoints.add(endpoint)
        return True

    def remove(self, group_id: int, endpoint: int) -> bool:
        """Ends the endpoint's membership; False when it was no member. A group without members is gone."""
        group = self.groups.get(group_id)
        if group is None or endpoint not in group.endpoints:
            return False
        group.endpoints.discard(endpoint)
        if not group.endpoints:
            del self.groups[group_id]
        return True

    def of_endpoint(self, endpoint: int) -> list[int]:
        """The groups an endpoint belongs to, ascending."""
        return sorted(number for number, group in self.groups.items() if endpoint in group.endpoints)

    def encode(self) -> bytes:
        """For the store."""
        return StoredGroups(
            key_sets=tuple(
                StoredKeySet(
                    key_set_id=keys.key_set_id,
                    policy=int(keys.security_policy),
                    epoch_keys=tuple(
                        StoredEpochKey(key=bytes(key.key), start_time_us=key.start_time_us) for key in keys.epoch_keys
                    ),
                )
                for keys in self.key_sets.values()
            ),
            mappings=tuple(StoredMapping(group_id=group, key_set_id=keys) for group, keys in self.mappings),
            groups=tuple(
                StoredGroup(group_id=number, name=group.name, endpoints=tuple(sorted(group.endpoints)))
                for number, group in self.groups.items()
            ),
        ).encode()

    @classmethod
    def decode(cls, data: bytes) -> FabricGroups:
        """From the store.

        Raises:
            TlvError: the octets are not what `encode` made.
        """
        stored = StoredGroups.decode(data)
        return cls(
            {
                keys.key_set_id: GroupKeySet(
                    keys.key_set_id,
                    keys.policy,
                    tuple(EpochKey(Secret(key.key), key.start_time_us) for key in keys.epoch_keys),
                )
                for keys in stored.key_sets
            },
            tuple((mapping.group_id, mapping.key_set_id) for mapping in stored.mappings),
            {group.group_id: Group(group.name, set(group.endpoints)) for group in stored.groups},
        )
