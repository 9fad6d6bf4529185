"""User Label (Core 9.9): labels that the owner gives an endpoint.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster
from latchwork.matter.tlv.schema import Len, Struct, Tag


class LabelStruct(Struct):
    """Label."""

    label: Annotated[str, Tag(0), Len(0, 16)]
    value: Annotated[str, Tag(1), Len(0, 16)]


class UserLabel(Cluster):
    """The cluster: labels that the owner gives an endpoint."""

    __slots__ = ()

    id = 0x0041
    revision = 1
    name = "UserLabel"

    label_list = Attribute[tuple[LabelStruct, ...]](
        0x0000, tuple[LabelStruct, ...], access="RW VM", quality="N", constraint="min 0"
    )
