"""General Commissioning (Core 11.10): the fail-safe around a commissioning, and the regulatory domain.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Response
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import U16, U32, U64, Len, OpenEnum, Struct, Tag


class CommissioningErrorEnum(OpenEnum):
    """Values of commissioning error."""

    OK = 0
    VALUE_OUTSIDE_RANGE = 1
    INVALID_AUTHENTICATION = 2
    NO_FAIL_SAFE = 3
    BUSY_WITH_OTHER_ADMIN = 4
    REQUIRED_TC_NOT_ACCEPTED = 5
    TC_ACKNOWLEDGEMENTS_NOT_RECEIVED = 6
    TC_MIN_VERSION_NOT_MET = 7


class RegulatoryLocationTypeEnum(OpenEnum):
    """Values of regulatory location type."""

    INDOOR = 0
    OUTDOOR = 1
    INDOOR_OUTDOOR = 2


class NetworkRecoveryReasonEnum(OpenEnum):
    """Values of network recovery reason."""

    UNSPECIFIED = 0
    AUTH = 1
    VISIBILITY = 2


class BasicCommissioningInfo(Struct):
    """Basic commissioning info."""

    fail_safe_expiry_length_seconds: Annotated[U16, Tag(0)]
    max_cumulative_failsafe_seconds: Annotated[U16, Tag(1)]


class ArmFailSafe(Struct):
    """Fields of the command ArmFailSafe."""

    expiry_length_seconds: Annotated[U16, Tag(0)]
    breadcrumb: Annotated[U64, Tag(1)]


class ArmFailSafeResponse(Response):
    """Answer to ArmFailSafe."""

    command_id = 0x01

    error_code: Annotated[CommissioningErrorEnum, Tag(0)]
    debug_text: Annotated[str, Tag(1)]


class SetRegulatoryConfig(Struct):
    """Fields of the command SetRegulatoryConfig."""

    new_regulatory_config: Annotated[RegulatoryLocationTypeEnum, Tag(0)]
    country_code: Annotated[str, Tag(1), Len(2)]
    breadcrumb: Annotated[U64, Tag(2)]


class SetRegulatoryConfigResponse(Response):
    """Answer to SetRegulatoryConfig."""

    command_id = 0x03

    error_code: Annotated[CommissioningErrorEnum, Tag(0)]
    debug_text: Annotated[str, Tag(1)]


class CommissioningCompleteResponse(Response):
    """Answer to CommissioningComplete."""

    command_id = 0x05

    error_code: Annotated[CommissioningErrorEnum, Tag(0)]
    debug_text: Annotated[str, Tag(1)]


class SetTcAcknowledgements(Struct):
    """Fields of the command SetTcAcknowledgements."""

    tc_version: Annotated[U16, Tag(0)]
    tc_user_response: Annotated[U16, Tag(1)]


class SetTcAcknowledgementsResponse(Response):
    """Answer to SetTcAcknowledgements."""

    command_id = 0x07

    error_code: Annotated[CommissioningErrorEnum, Tag(0)]


class GeneralCommissioning(Cluster):
    """The cluster: the fail-safe around a commissioning, and the regulatory domain."""

    __slots__ = ()

    id = 0x0030
    revision = 2
    name = "GeneralCommissioning"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        TERMS_AND_CONDITIONS = TC = 1 << 0
        NETWORK_RECOVERY = NR = 1 << 1

    breadcrumb = Attribute[int](0x0000, U64, access="RW VA")
    basic_commissioning_info = Attribute[BasicCommissioningInfo](
        0x0001, BasicCommissioningInfo, quality="F", constraint="desc"
    )
    regulatory_config = Attribute[RegulatoryLocationTypeEnum](
        0x0002, RegulatoryLocationTypeEnum, default=RegulatoryLocationTypeEnum.INDOOR_OUTDOOR
    )
    location_capability = Attribute[RegulatoryLocationTypeEnum](
        0x0003, RegulatoryLocationTypeEnum, quality="F", default=RegulatoryLocationTypeEnum.INDOOR_OUTDOOR
    )
    supports_concurrent_connection = Attribute[bool](0x0004, bool, quality="F", default=True)
    tc_accepted_version = Attribute[int](0x0005, U16, "TC", access="R A", quality="N")
    tc_min_required_version = Attribute[int](0x0006, U16, "TC", access="R A", quality="N")
    tc_acknowledgements = Attribute[int](0x0007, U16, "TC", access="R A", quality="N")
    tc_acknowledgements_required = Attribute[bool](0x0008, bool, "TC", access="R A", quality="N", default=True)
    tc_update_deadline = Attribute[int | None](0x0009, U32, "TC", access="R A", quality="X N")
    recovery_identifier = Attribute[bytes](0x000A, bytes, "P, NR", access="R M", quality="N", constraint="8")
    network_recovery_reason = Attribute[NetworkRecoveryReasonEnum | None](
        0x000B, NetworkRecoveryReasonEnum, "P, NR", access="R M", quality="X"
    )
    is_commissioning_without_power = Attribute[bool](0x000C, bool, "O", default=False, since=SpecVersion.V1_6)

    arm_fail_safe = Command(0x00, ArmFailSafe, ArmFailSafeResponse, access="A")
    set_regulatory_config = Command(0x02, SetRegulatoryConfig, SetRegulatoryConfigResponse, access="A")
    commissioning_complete = Command(0x04, None, CommissioningCompleteResponse, access="F A")
    set_tc_acknowledgements = Command(0x06, SetTcAcknowledgements, SetTcAcknowledgementsResponse, "TC", access="A")
