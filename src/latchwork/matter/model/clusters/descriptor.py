"""Descriptor (Core 9.5): what an endpoint is, which clusters it has and which endpoints are its parts.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster
from latchwork.matter.tlv.schema import ABSENT, U8, U16, U32, Absent, Len, Nullable, Range, Struct, Tag


class DeviceTypeStruct(Struct):
    """Device type."""

    device_type: Annotated[U32, Tag(0)]
    revision: Annotated[U16, Tag(1), Range(1, 65535)]


class SemanticTagStruct(Struct):
    """Semantic tag."""

    mfg_code: Annotated[U16 | None, Tag(0), Nullable]
    namespace_id: Annotated[U8, Tag(1)]
    tag: Annotated[U8, Tag(2)]
    label: Annotated[str | Absent | None, Tag(3), Nullable, Len(0, 64)] = ABSENT


class Descriptor(Cluster):
    """The cluster: what an endpoint is, which clusters it has and which endpoints are its parts."""

    __slots__ = ()

    id = 0x001D
    revision = 3
    name = "Descriptor"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        TAG_LIST = TAGLIST = 1 << 0

    device_type_list = Attribute[tuple[DeviceTypeStruct, ...]](
        0x0000, tuple[DeviceTypeStruct, ...], quality="F", constraint="min 1"
    )
    server_list = Attribute[tuple[int, ...]](0x0001, tuple[U32, ...], quality="F")
    client_list = Attribute[tuple[int, ...]](0x0002, tuple[U32, ...], quality="F")
    parts_list = Attribute[tuple[int, ...]](0x0003, tuple[U16, ...])
    tag_list = Attribute[tuple[SemanticTagStruct, ...]](
        0x0004, tuple[SemanticTagStruct, ...], "TAGLIST", quality="F", constraint="1 to 6"
    )
    endpoint_unique_id = Attribute[str](0x0005, str, "O", quality="F", constraint="max 32")
