"""Access Control (Core 9.10): which peers may do what.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import Annotated, ClassVar

from latchwork.matter.model.meta import Attribute, Cluster, Command, Event, Priority, Response
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Len, Nullable, OpenEnum, Struct, Tag


class ChangeTypeEnum(OpenEnum):
    """Values of change type."""

    CHANGED = 0
    ADDED = 1
    REMOVED = 2


class AccessControlEntryPrivilegeEnum(OpenEnum):
    """Values of access control entry privilege."""

    VIEW = 1
    PROXY_VIEW = 2
    OPERATE = 3
    MANAGE = 4
    ADMINISTER = 5


class AccessRestrictionTypeEnum(OpenEnum):
    """Values of access restriction type."""

    ATTRIBUTE_ACCESS_FORBIDDEN = 0
    ATTRIBUTE_WRITE_FORBIDDEN = 1
    COMMAND_FORBIDDEN = 2
    EVENT_FORBIDDEN = 3


class AccessControlEntryAuthModeEnum(OpenEnum):
    """Values of access control entry auth mode."""

    PASE = 1
    CASE = 2
    GROUP = 3


class AccessControlAuxiliaryTypeEnum(OpenEnum):
    """Values of access control auxiliary type."""

    SYSTEM = 0
    GROUPCAST = 1


class AccessControlTargetStruct(Struct):
    """Access control target."""

    cluster: Annotated[U32 | None, Tag(0), Nullable]
    endpoint: Annotated[U16 | None, Tag(1), Nullable]
    device_type: Annotated[U32 | None, Tag(2), Nullable]


class AccessControlEntryStruct(Struct):
    """Access control entry."""

    fabric_sensitive = (
        "privilege",
        "auth_mode",
        "subjects",
        "targets",
        "auxiliary_type",
    )

    privilege: Annotated[AccessControlEntryPrivilegeEnum, Tag(1)]
    auth_mode: Annotated[AccessControlEntryAuthModeEnum, Tag(2)]
    subjects: Annotated[tuple[U64, ...] | None, Tag(3), Nullable]
    targets: Annotated[tuple[AccessControlTargetStruct, ...] | None, Tag(4), Nullable]
    auxiliary_type: Annotated[AccessControlAuxiliaryTypeEnum | None, Tag(5)] = None
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class AccessControlExtensionStruct(Struct):
    """Access control extension."""

    fabric_sensitive = ("data",)

    data: Annotated[bytes, Tag(1), Len(0, 128)]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class AccessRestrictionStruct(Struct):
    """Access restriction."""

    type: Annotated[AccessRestrictionTypeEnum, Tag(0)]
    id: Annotated[U32 | None, Tag(1), Nullable]


class AccessRestrictionEntryStruct(Struct):
    """Access restriction entry."""

    fabric_sensitive = (
        "endpoint",
        "cluster",
        "restrictions",
    )

    endpoint: Annotated[U16, Tag(0)]
    cluster: Annotated[U32, Tag(1)]
    restrictions: Annotated[tuple[AccessRestrictionStruct, ...], Tag(2), Len(1, 0xFFFF)]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class CommissioningAccessRestrictionEntryStruct(Struct):
    """Commissioning access restriction entry."""

    endpoint: Annotated[U16, Tag(0)]
    cluster: Annotated[U32, Tag(1)]
    restrictions: Annotated[tuple[AccessRestrictionStruct, ...], Tag(2), Len(1, 0xFFFF)]


class ReviewFabricRestrictions(Struct):
    """Fields of the command ReviewFabricRestrictions."""

    arl: Annotated[tuple[CommissioningAccessRestrictionEntryStruct, ...], Tag(0)]


class ReviewFabricRestrictionsResponse(Response):
    """Answer to ReviewFabricRestrictions."""

    command_id = 0x01

    token: Annotated[U64, Tag(0)]


class AccessControlEntryChanged(Struct):
    """Fields of the event AccessControlEntryChanged."""

    admin_node_id: Annotated[U64 | None, Tag(1), Nullable]
    admin_passcode_id: Annotated[U16 | None, Tag(2), Nullable]
    change_type: Annotated[ChangeTypeEnum, Tag(3)]
    latest_value: Annotated[AccessControlEntryStruct | None, Tag(4), Nullable]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class AccessControlExtensionChanged(Struct):
    """Fields of the event AccessControlExtensionChanged."""

    admin_node_id: Annotated[U64 | None, Tag(1), Nullable]
    admin_passcode_id: Annotated[U16 | None, Tag(2), Nullable]
    change_type: Annotated[ChangeTypeEnum, Tag(3)]
    latest_value: Annotated[AccessControlExtensionStruct | None, Tag(4), Nullable]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class FabricRestrictionReviewUpdate(Struct):
    """Fields of the event FabricRestrictionReviewUpdate."""

    token: Annotated[U64, Tag(0)]
    instruction: Annotated[str | None, Tag(1)] = None
    arl_request_flow_url: Annotated[str | None, Tag(2)] = None
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class AuxiliaryAccessUpdated(Struct):
    """Fields of the event AuxiliaryAccessUpdated."""

    admin_node_id: Annotated[U64 | None, Tag(0), Nullable]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class AccessControl(Cluster):
    """The cluster: which peers may do what."""

    __slots__ = ()

    id = 0x001F
    revision = 3
    name = "AccessControl"
    revisions: ClassVar[Mapping[SpecVersion, int]] = {SpecVersion.V1_4_2: 2}

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        EXTENSION = EXTS = 1 << 0
        MANAGED_DEVICE = MNGD = 1 << 1
        AUXILIARY = AUX = 1 << 2

    acl = Attribute[tuple[AccessControlEntryStruct, ...]](
        0x0000, tuple[AccessControlEntryStruct, ...], access="RW F A", constraint="desc"
    )
    extension = Attribute[tuple[AccessControlExtensionStruct, ...]](
        0x0001, tuple[AccessControlExtensionStruct, ...], "EXTS", access="RW F A", constraint="desc"
    )
    subjects_per_access_control_entry = Attribute[int](0x0002, U16, quality="F", constraint="4 to 65534")
    targets_per_access_control_entry = Attribute[int](0x0003, U16, quality="F", constraint="3 to 65534")
    access_control_entries_per_fabric = Attribute[int](0x0004, U16, quality="F", constraint="4 to 65534")
    commissioning_arl = Attribute[tuple[CommissioningAccessRestrictionEntryStruct, ...]](
        0x0005, tuple[CommissioningAccessRestrictionEntryStruct, ...], "MNGD", quality="F", constraint="desc"
    )
    arl = Attribute[tuple[AccessRestrictionEntryStruct, ...]](
        0x0006, tuple[AccessRestrictionEntryStruct, ...], "MNGD", access="R F V", constraint="desc"
    )
    auxiliary_acl = Attribute[tuple[AccessControlEntryStruct, ...]](
        0x0007,
        tuple[AccessControlEntryStruct, ...],
        "P, AUX",
        access="R F A",
        quality="C",
        constraint="max 2000",
        since=SpecVersion.V1_6,
    )

    review_fabric_restrictions = Command(
        0x00, ReviewFabricRestrictions, ReviewFabricRestrictionsResponse, "MNGD", access="F A"
    )

    access_control_entry_changed = Event(
        0x00, AccessControlEntryChanged, "M", Priority.INFO, access="A", fabric_sensitive=True
    )
    access_control_extension_changed = Event(
        0x01, AccessControlExtensionChanged, "EXTS", Priority.INFO, access="A", fabric_sensitive=True
    )
    fabric_restriction_review_update = Event(
        0x02, FabricRestrictionReviewUpdate, "MNGD", Priority.INFO, access="A", fabric_sensitive=True
    )
    auxiliary_access_updated = Event(
        0x03, AuxiliaryAccessUpdated, "P, AUX", Priority.INFO, access="A", fabric_sensitive=True, since=SpecVersion.V1_6
    )
