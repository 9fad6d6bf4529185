"""Binding (Core 9.6): which other nodes a device's client clusters talk to.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Range, Struct, Tag


class TargetStruct(Struct):
    """Target."""

    node: Annotated[U64 | None, Tag(1)] = None
    group: Annotated[U16 | None, Tag(2), Range(1, 65535)] = None
    endpoint: Annotated[U16 | None, Tag(3)] = None
    cluster: Annotated[U32 | None, Tag(4)] = None
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class Binding(Cluster):
    """The cluster: which other nodes a device's client clusters talk to."""

    __slots__ = ()

    id = 0x001E
    revision = 1
    name = "Binding"

    binding = Attribute[tuple[TargetStruct, ...]](
        0x0000, tuple[TargetStruct, ...], access="RW F VM", quality="N", constraint="desc"
    )
