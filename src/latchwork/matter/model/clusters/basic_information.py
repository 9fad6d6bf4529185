"""Basic Information (Core 11.1): who made the node, and what it calls itself.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from latchwork.matter.model.meta import Attribute, Cluster, Event, Priority
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import U8, U16, U32, Nullable, OpenEnum, Range, Struct, Tag


class ProductFinishEnum(OpenEnum):
    """Values of product finish."""

    OTHER = 0
    MATTE = 1
    SATIN = 2
    POLISHED = 3
    RUGGED = 4
    FABRIC = 5


class ColorEnum(OpenEnum):
    """Values of color."""

    BLACK = 0
    NAVY = 1
    GREEN = 2
    TEAL = 3
    MAROON = 4
    PURPLE = 5
    OLIVE = 6
    GRAY = 7
    BLUE = 8
    LIME = 9
    AQUA = 10
    RED = 11
    FUCHSIA = 12
    YELLOW = 13
    WHITE = 14
    NICKEL = 15
    CHROME = 16
    BRASS = 17
    COPPER = 18
    SILVER = 19
    GOLD = 20


class ProductAppearanceStruct(Struct):
    """Product appearance."""

    finish: Annotated[ProductFinishEnum, Tag(0)]
    primary_color: Annotated[ColorEnum | None, Tag(1), Nullable]


class CapabilityMinimaStruct(Struct):
    """Capability minima."""

    case_sessions_per_fabric: Annotated[U16, Tag(0), Range(3, 10000)]
    subscriptions_per_fabric: Annotated[U16, Tag(1), Range(3, 10000)]
    simultaneous_invocations_supported: Annotated[U16 | None, Tag(2), Range(1, 10000)] = None
    simultaneous_writes_supported: Annotated[U16 | None, Tag(3), Range(1, 10000)] = None
    read_paths_supported: Annotated[U16 | None, Tag(4), Range(9, 10000)] = None
    subscribe_paths_supported: Annotated[U16 | None, Tag(5), Range(3, 10000)] = None


class StartUp(Struct):
    """Fields of the event StartUp."""

    software_version: Annotated[U32, Tag(0)]


class Leave(Struct):
    """Fields of the event Leave."""

    fabric_index: Annotated[U8, Tag(0)]


class ReachableChanged(Struct):
    """Fields of the event ReachableChanged."""

    reachable_new_value: Annotated[bool, Tag(0)]


class BasicInformation(Cluster):
    """The cluster: who made the node, and what it calls itself."""

    __slots__ = ()

    id = 0x0028
    revision = 6
    name = "BasicInformation"
    revisions: ClassVar[Mapping[SpecVersion, int]] = {SpecVersion.V1_4_2: 5}

    data_model_revision = Attribute[int](0x0000, U16, quality="F", constraint="desc")
    vendor_name = Attribute[str](0x0001, str, quality="F", constraint="max 32")
    vendor_id = Attribute[int](0x0002, U16, quality="F")
    product_name = Attribute[str](0x0003, str, quality="F", constraint="max 32")
    product_id = Attribute[int](0x0004, U16, quality="F")
    node_label = Attribute[str](0x0005, str, access="RW VM", quality="N", constraint="max 32")
    location = Attribute[str](0x0006, str, access="RW VA", quality="N", constraint="2", default="XX")
    hardware_version = Attribute[int](0x0007, U16, quality="F")
    hardware_version_string = Attribute[str](0x0008, str, quality="F", constraint="1 to 64")
    software_version = Attribute[int](0x0009, U32, quality="F", constraint="desc")
    software_version_string = Attribute[str](0x000A, str, quality="F", constraint="1 to 64")
    manufacturing_date = Attribute[str](0x000B, str, "O", quality="F", constraint="8 to 16")
    part_number = Attribute[str](0x000C, str, "O", quality="F", constraint="max 32")
    product_url = Attribute[str](0x000D, str, "O", quality="F", constraint="max 256")
    product_label = Attribute[str](0x000E, str, "O", quality="F", constraint="max 64")
    serial_number = Attribute[str](0x000F, str, "O", quality="F", constraint="max 32")
    local_config_disabled = Attribute[bool](0x0010, bool, "O", access="RW VM", quality="N", default=False)
    reachable = Attribute[bool](0x0011, bool, "O", default=True)
    unique_id = Attribute[str](0x0012, str, "Rev >= v4, O", quality="F", constraint="max 32")
    capability_minima = Attribute[CapabilityMinimaStruct](0x0013, CapabilityMinimaStruct, quality="F")
    product_appearance = Attribute[ProductAppearanceStruct](0x0014, ProductAppearanceStruct, "[Rev >= v2]", quality="F")
    specification_version = Attribute[int](0x0015, U32, "Rev >= v3", quality="F", constraint="desc")
    max_paths_per_invoke = Attribute[int](0x0016, U16, "Rev >= v3", quality="F", constraint="min 1", default=1)
    configuration_version = Attribute[int](0x0018, U32, "Rev >= v6", quality="N", constraint="min 1", default=1)

    start_up = Event(0x00, StartUp, "M", Priority.CRITICAL)
    shut_down = Event(0x01, None, "O", Priority.CRITICAL)
    leave = Event(0x02, Leave, "O", Priority.INFO)
    reachable_changed = Event(0x03, ReachableChanged, "Reachable", Priority.INFO)
