"""Group Key Management: keys for groups, and which group uses which (Core 11.2).

Stands in node; the membership keeps what is set here, the runtime opens group messages with it.
"""

from __future__ import annotations

from dataclasses import replace

from latchwork.base.logs import Secret
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.group_key_management import (
    GroupInfoMapStruct,
    GroupKeyManagement,
    GroupKeyMapStruct,
    GroupKeySecurityPolicyEnum,
    GroupKeySetStruct,
    KeySetRead,
    KeySetReadAllIndicesResponse,
    KeySetReadResponse,
    KeySetRemove,
    KeySetWrite,
)
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.node.behavior import Behavior
from latchwork.node.config import NodeConfig
from latchwork.node.groups import MAX_GROUPS, MAX_KEY_SETS

KEY_LENGTH = 16


def group_key_management(config: NodeConfig) -> GroupKeyManagement:
    """The cluster's values."""
    return GroupKeyManagement(
        spec=config.spec, max_groups_per_fabric=MAX_GROUPS, max_group_keys_per_fabric=MAX_KEY_SETS
    )


class GroupKeyManagementBehavior(Behavior):
    """Key sets, the map and the table of all fabrics."""

    __slots__ = ()

    cluster = GroupKeyManagement

    def read_group_key_map(self, _context: RequestContext) -> tuple[GroupKeyMapStruct, ...]:
        """Which group uses which key set."""
        return tuple(
            GroupKeyMapStruct(group_id=group, group_key_set_id=keys, fabric_index=fabric.index)
            for fabric in self.node.fabrics
            for group, keys in self.node.members.groups(fabric.index).mappings
        )

    def write_group_key_map(self, value: tuple[GroupKeyMapStruct, ...], context: RequestContext) -> None:
        """Replaces the accessing fabric's part of the map; `value` holds the other parts too, as they were read.

        Raises:
            StatusError: an entry names the identity protection key or is there twice, or there are too many.
        """
        index = context.subject.fabric_index
        pairs = tuple((entry.group_id, entry.group_key_set_id) for entry in value if entry.fabric_index == index)
        if len(pairs) > MAX_GROUPS:
            raise StatusError(Status.RESOURCE_EXHAUSTED, f"a fabric maps at most {MAX_GROUPS} groups")
        if any(keys == 0 or group == 0 for group, keys in pairs):
            raise StatusError(Status.CONSTRAINT_ERROR, "key set 0 protects identities, not groups")
        if len(set(pairs)) < len(pairs):
            raise StatusError(Status.CONSTRAINT_ERROR, "a group has a key set once")
        self.node.members.groups(index).mappings = pairs
        self._changed_for(index)
        self.touch(GroupKeyManagement.group_key_map)

    def read_group_table(self, _context: RequestContext) -> tuple[GroupInfoMapStruct, ...]:
        """Which endpoints are in which group."""
        return tuple(
            GroupInfoMapStruct(
                group_id=number,
                endpoints=tuple(sorted(group.endpoints)),
                group_name=group.name,
                fabric_index=fabric.index,
            )
            for fabric in self.node.fabrics
            for number, group in self.node.members.groups(fabric.index).groups.items()
        )

    def key_set_write(self, request: KeySetWrite, context: RequestContext) -> None:
        """Adds or replaces a key set (Core 11.2.7.1).

        Raises:
            StatusError: the keys are not allowed, or there is no room.
        """
        index = self.accessing_fabric(context)
        keys = _checked(request.group_key_set)
        fabric = self.node.fabrics.get(index)
        if fabric is None:
            raise StatusError(Status.FAILURE, "the session belongs to no fabric")
        if keys.key_set_id == 0:
            self.node.members.replace(replace(fabric, ipk=keys))
            return
        groups = self.node.members.groups(index)
        # The identity protection key takes one of the places.
        if keys.key_set_id not in groups.key_sets and len(groups.key_sets) >= MAX_KEY_SETS - 1:
            raise StatusError(Status.RESOURCE_EXHAUSTED, f"a fabric has at most {MAX_KEY_SETS} key sets")
        groups.key_sets[keys.key_set_id] = keys
        self._changed_for(index)

    def key_set_read(self, request: KeySetRead, context: RequestContext) -> KeySetReadResponse:
        """Gives a key set's times; never its keys (Core 11.2.7.2).

        Raises:
            StatusError: there is no such key set.
        """
        keys = self._find(request.group_key_set_id, context)
        times = [key.start_time_us for key in keys.epoch_keys]
        first, second, third = (*times, None, None, None)[:3]
        return KeySetReadResponse(
            group_key_set=GroupKeySetStruct(
                group_key_set_id=keys.key_set_id,
                group_key_security_policy=GroupKeySecurityPolicyEnum(keys.security_policy),
                epoch_key0=None,
                epoch_start_time0=first,
                epoch_key1=None,
                epoch_start_time1=second,
                epoch_key2=None,
                epoch_start_time2=third,
            )
        )

    def key_set_remove(self, request: KeySetRemove, context: RequestContext) -> None:
        """Removes a key set and what the map says about it (Core 11.2.7.4).

        Raises:
            StatusError: there is no such key set, or it is the identity protection key.
        """
        number, index = request.group_key_set_id, self.accessing_fabric(context)
        if number == 0:
            raise StatusError(Status.INVALID_COMMAND, "the identity protection key stays")
        self._find(number, context)
        groups = self.node.members.groups(index)
        del groups.key_sets[number]
        groups.mappings = tuple(pair for pair in groups.mappings if pair[1] != number)
        self._changed_for(index)
        self.touch(GroupKeyManagement.group_key_map)

    def key_set_read_all_indices(self, _request: object, context: RequestContext) -> KeySetReadAllIndicesResponse:
        """Gives the ids of all key sets (Core 11.2.7.5)."""
        groups = self.node.members.groups(self.accessing_fabric(context))
        return KeySetReadAllIndicesResponse(group_key_set_ids=(0, *groups.key_sets))

    def groups_changed(self, index: int) -> None:
        """A group got or lost an endpoint."""
        self._changed_for(index)
        self.touch(GroupKeyManagement.group_table)

    def fabric_removed(self, _fabric_index: int) -> None:
        """Other fabrics' readers see the lists get shorter."""
        self.touch(GroupKeyManagement.group_key_map)
        self.touch(GroupKeyManagement.group_table)

    def fail_safe_expired(self) -> None:
        """The lists may be older ones again."""
        self.touch(GroupKeyManagement.group_key_map)
        self.touch(GroupKeyManagement.group_table)

    def _find(self, number: int, context: RequestContext) -> GroupKeySet:
        index = self.accessing_fabric(context)
        fabric = self.node.fabrics.get(index)
        if number == 0 and fabric is not None:
            return fabric.ipk
        keys = self.node.members.groups(index).key_sets.get(number)
        if keys is None:
            raise StatusError(Status.NOT_FOUND, f"there is no key set {number}")
        return keys

    def _changed_for(self, index: int) -> None:
        self.node.members.groups_changed(index)
        self.node.groups_changed()


def _checked(wire: GroupKeySetStruct) -> GroupKeySet:
    """The key set when its keys fill up from the first and their times rise (Core 11.2.7.1)."""
    pairs = (
        (wire.epoch_key0, wire.epoch_start_time0),
        (wire.epoch_key1, wire.epoch_start_time1),
        (wire.epoch_key2, wire.epoch_start_time2),
    )
    if pairs[0][0] is None or not pairs[0][1]:
        raise StatusError(Status.INVALID_COMMAND, "the first key and its time are needed")
    keys: list[EpochKey] = []
    for number, (key, start) in enumerate(pairs):
        if key is None and start is None:
            continue
        if key is None or start is None or len(keys) != number:
            raise StatusError(Status.INVALID_COMMAND, "a key comes with its time and after the one before")
        if len(key) != KEY_LENGTH:
            raise StatusError(Status.CONSTRAINT_ERROR, "a key has 16 octets")
        if keys and start <= keys[-1].start_time_us:
            raise StatusError(Status.INVALID_COMMAND, "a later key has a later time")
        keys.append(EpochKey(Secret(key), start))
    policy = wire.group_key_security_policy
    if not GroupKeySecurityPolicyEnum(policy).is_known:
        raise StatusError(Status.CONSTRAINT_ERROR, "no such policy")
    if policy != GroupKeySecurityPolicyEnum.TRUST_FIRST:
        raise StatusError(Status.INVALID_COMMAND, "only trust-first is supported")
    return GroupKeySet(wire.group_key_set_id, int(policy), tuple(keys))
