"""Groups (Application Clusters 1.3): which groups an endpoint belongs to.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Response
from latchwork.matter.tlv.schema import U8, U16, Nullable, Struct, Tag


class NameSupportBitmap(IntFlag):
    """Bits of name support."""

    GROUP_NAMES = 1 << 7


class AddGroup(Struct):
    """Fields of the command AddGroup."""

    group_id: Annotated[U16, Tag(0)]
    group_name: Annotated[str, Tag(1)]


class AddGroupResponse(Response):
    """Answer to AddGroup."""

    command_id = 0x00

    status: Annotated[U8, Tag(0)]
    group_id: Annotated[U16, Tag(1)]


class ViewGroup(Struct):
    """Fields of the command ViewGroup."""

    group_id: Annotated[U16, Tag(0)]


class ViewGroupResponse(Response):
    """Answer to ViewGroup."""

    command_id = 0x01

    status: Annotated[U8, Tag(0)]
    group_id: Annotated[U16, Tag(1)]
    group_name: Annotated[str, Tag(2)]


class GetGroupMembership(Struct):
    """Fields of the command GetGroupMembership."""

    group_list: Annotated[tuple[U16, ...], Tag(0)]


class GetGroupMembershipResponse(Response):
    """Answer to GetGroupMembership."""

    command_id = 0x02

    capacity: Annotated[U8 | None, Tag(0), Nullable]
    group_list: Annotated[tuple[U16, ...], Tag(1)]


class RemoveGroup(Struct):
    """Fields of the command RemoveGroup."""

    group_id: Annotated[U16, Tag(0)]


class RemoveGroupResponse(Response):
    """Answer to RemoveGroup."""

    command_id = 0x03

    status: Annotated[U8, Tag(0)]
    group_id: Annotated[U16, Tag(1)]


class AddGroupIfIdentifying(Struct):
    """Fields of the command AddGroupIfIdentifying."""

    group_id: Annotated[U16, Tag(0)]
    group_name: Annotated[str, Tag(1)]


class Groups(Cluster):
    """The cluster: which groups an endpoint belongs to."""

    __slots__ = ()

    id = 0x0004
    revision = 4
    name = "Groups"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        GROUP_NAMES = GN = 1 << 0

    name_support = Attribute[NameSupportBitmap](0x0000, NameSupportBitmap, quality="F", constraint="desc")

    add_group = Command(0x00, AddGroup, AddGroupResponse, access="F M")
    view_group = Command(0x01, ViewGroup, ViewGroupResponse, access="F O")
    get_group_membership = Command(0x02, GetGroupMembership, GetGroupMembershipResponse, access="F O")
    remove_group = Command(0x03, RemoveGroup, RemoveGroupResponse, access="F M")
    remove_all_groups = Command(0x04, None, None, access="F M")
    add_group_if_identifying = Command(0x05, AddGroupIfIdentifying, None, access="F M")
