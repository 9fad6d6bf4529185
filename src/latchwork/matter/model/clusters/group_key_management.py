"""Group Key Management (Core 11.2): keys of groups, and which group uses which.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import Annotated, ClassVar

from latchwork.matter.model.meta import Attribute, Cluster, Command, Response
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import U8, U16, U64, Hidden, Len, Nullable, OpenEnum, Range, Struct, Tag


class GroupKeySecurityPolicyEnum(OpenEnum):
    """Values of group key security policy."""

    TRUST_FIRST = 0
    CACHE_AND_SYNC = 1


class GroupKeyMulticastPolicyEnum(OpenEnum):
    """Values of group key multicast policy."""

    PER_GROUP_ID = 0
    ALL_NODES = 1


class GroupKeyMapStruct(Struct):
    """Group key map."""

    group_id: Annotated[U16, Tag(1)]
    group_key_set_id: Annotated[U16, Tag(2), Range(1, 65535)]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class GroupKeySetStruct(Struct):
    """Group key set."""

    group_key_set_id: Annotated[U16, Tag(0)]
    group_key_security_policy: Annotated[GroupKeySecurityPolicyEnum, Tag(1)]
    epoch_key0: Annotated[bytes | None, Tag(2), Nullable, Len(16), Hidden]
    epoch_start_time0: Annotated[U64 | None, Tag(3), Nullable]
    epoch_key1: Annotated[bytes | None, Tag(4), Nullable, Len(16), Hidden]
    epoch_start_time1: Annotated[U64 | None, Tag(5), Nullable]
    epoch_key2: Annotated[bytes | None, Tag(6), Nullable, Len(16), Hidden]
    epoch_start_time2: Annotated[U64 | None, Tag(7), Nullable]
    group_key_multicast_policy: Annotated[GroupKeyMulticastPolicyEnum | None, Tag(8)] = None
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class GroupInfoMapStruct(Struct):
    """Group info map."""

    group_id: Annotated[U16, Tag(1)]
    endpoints: Annotated[tuple[U16, ...], Tag(2), Len(1, 0xFFFF)]
    group_name: Annotated[str | None, Tag(3), Len(0, 16)] = None
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class GroupcastAdoptionStruct(Struct):
    """Groupcast adoption."""

    groupcast_adopted: Annotated[bool, Tag(0)]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class KeySetWrite(Struct):
    """Fields of the command KeySetWrite."""

    group_key_set: Annotated[GroupKeySetStruct, Tag(0)]


class KeySetRead(Struct):
    """Fields of the command KeySetRead."""

    group_key_set_id: Annotated[U16, Tag(0)]


class KeySetReadResponse(Response):
    """Answer to KeySetRead."""

    command_id = 0x02

    group_key_set: Annotated[GroupKeySetStruct, Tag(0)]


class KeySetRemove(Struct):
    """Fields of the command KeySetRemove."""

    group_key_set_id: Annotated[U16, Tag(0)]


class KeySetReadAllIndicesResponse(Response):
    """Answer to KeySetReadAllIndices."""

    command_id = 0x05

    group_key_set_ids: Annotated[tuple[U16, ...], Tag(0)]


class GroupKeyManagement(Cluster):
    """The cluster: keys of groups, and which group uses which."""

    __slots__ = ()

    id = 0x003F
    revision = 3
    name = "GroupKeyManagement"
    revisions: ClassVar[Mapping[SpecVersion, int]] = {SpecVersion.V1_4_2: 2}

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        CACHE_AND_SYNC = CS = 1 << 0
        GROUPCAST = GCAST = 1 << 1

    group_key_map = Attribute[tuple[GroupKeyMapStruct, ...]](
        0x0000, tuple[GroupKeyMapStruct, ...], access="RW F VM", quality="N", constraint="desc"
    )
    group_table = Attribute[tuple[GroupInfoMapStruct, ...]](
        0x0001, tuple[GroupInfoMapStruct, ...], access="R F V", constraint="desc"
    )
    max_groups_per_fabric = Attribute[int](0x0002, U16, quality="F")
    max_group_keys_per_fabric = Attribute[int](0x0003, U16, quality="F", constraint="1 to 65535", default=1)
    groupcast_adoption = Attribute[tuple[GroupcastAdoptionStruct, ...]](
        0x0004,
        tuple[GroupcastAdoptionStruct, ...],
        "P, GCAST",
        access="RW F A",
        quality="N",
        constraint="desc",
        since=SpecVersion.V1_6,
    )

    key_set_write = Command(0x00, KeySetWrite, None, access="F A")
    key_set_read = Command(0x01, KeySetRead, KeySetReadResponse, access="F A")
    key_set_remove = Command(0x03, KeySetRemove, None, access="F A")
    key_set_read_all_indices = Command(0x04, None, KeySetReadAllIndicesResponse, access="F A")
