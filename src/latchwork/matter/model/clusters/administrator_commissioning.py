"""Administrator Commissioning (Core 11.19): opening the node for another administrator.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command
from latchwork.matter.tlv.schema import U8, U16, U32, Hidden, OpenEnum, Struct, Tag


class CommissioningWindowStatusEnum(OpenEnum):
    """Values of commissioning window status."""

    WINDOW_NOT_OPEN = 0
    ENHANCED_WINDOW_OPEN = 1
    BASIC_WINDOW_OPEN = 2


class StatusCodeEnum(OpenEnum):
    """Values of status code."""

    BUSY = 2
    PAKE_PARAMETER_ERROR = 3
    WINDOW_NOT_OPEN = 4


class OpenCommissioningWindow(Struct):
    """Fields of the command OpenCommissioningWindow; their bounds are the server's to check, with statuses of the cluster's own."""

    commissioning_timeout: Annotated[U16, Tag(0)]
    pake_passcode_verifier: Annotated[bytes, Tag(1), Hidden]
    discriminator: Annotated[U16, Tag(2)]
    iterations: Annotated[U32, Tag(3)]
    salt: Annotated[bytes, Tag(4)]


class OpenBasicCommissioningWindow(Struct):
    """Fields of the command OpenBasicCommissioningWindow."""

    commissioning_timeout: Annotated[U16, Tag(0)]


class AdministratorCommissioning(Cluster):
    """The cluster: opening the node for another administrator."""

    __slots__ = ()

    id = 0x003C
    revision = 1
    name = "AdministratorCommissioning"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        BASIC = BC = 1 << 0

    window_status = Attribute[CommissioningWindowStatusEnum](0x0000, CommissioningWindowStatusEnum)
    admin_fabric_index = Attribute[int | None](0x0001, U8, quality="X")
    admin_vendor_id = Attribute[int | None](0x0002, U16, quality="X")

    open_commissioning_window = Command(0x00, OpenCommissioningWindow, None, access="A T")
    open_basic_commissioning_window = Command(0x01, OpenBasicCommissioningWindow, None, "BC", access="A T")
    revoke_commissioning = Command(0x02, None, None, access="A T")
