"""ICD Management (Core 9.17): a device that sleeps, and who it wakes for.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Response
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Hidden, Len, OpenEnum, Struct, Tag


class UserActiveModeTriggerBitmap(IntFlag):
    """Bits of user active mode trigger."""

    POWER_CYCLE = 1 << 0
    SETTINGS_MENU = 1 << 1
    CUSTOM_INSTRUCTION = 1 << 2
    DEVICE_MANUAL = 1 << 3
    ACTUATE_SENSOR = 1 << 4
    ACTUATE_SENSOR_SECONDS = 1 << 5
    ACTUATE_SENSOR_TIMES = 1 << 6
    ACTUATE_SENSOR_LIGHTS_BLINK = 1 << 7
    RESET_BUTTON = 1 << 8
    RESET_BUTTON_LIGHTS_BLINK = 1 << 9
    RESET_BUTTON_SECONDS = 1 << 10
    RESET_BUTTON_TIMES = 1 << 11
    SETUP_BUTTON = 1 << 12
    SETUP_BUTTON_SECONDS = 1 << 13
    SETUP_BUTTON_LIGHTS_BLINK = 1 << 14
    SETUP_BUTTON_TIMES = 1 << 15
    APP_DEFINED_BUTTON = 1 << 16


class ClientTypeEnum(OpenEnum):
    """Values of client type."""

    PERMANENT = 0
    EPHEMERAL = 1


class OperatingModeEnum(OpenEnum):
    """Values of operating mode."""

    SIT = 0
    LIT = 1


class MonitoringRegistrationStruct(Struct):
    """Monitoring registration."""

    fabric_sensitive = (
        "check_in_node_id",
        "monitored_subject",
        "client_type",
    )

    check_in_node_id: Annotated[U64, Tag(1)]
    monitored_subject: Annotated[U64, Tag(2)]
    client_type: Annotated[ClientTypeEnum, Tag(4)]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class RegisterClient(Struct):
    """Fields of the command RegisterClient."""

    check_in_node_id: Annotated[U64, Tag(0)]
    monitored_subject: Annotated[U64, Tag(1)]
    key: Annotated[bytes, Tag(2), Len(16), Hidden]
    verification_key: Annotated[bytes | None, Tag(3), Len(16), Hidden] = None
    client_type: Annotated[ClientTypeEnum, Tag(4)]


class RegisterClientResponse(Response):
    """Answer to RegisterClient."""

    command_id = 0x01

    icd_counter: Annotated[U32, Tag(0)]


class UnregisterClient(Struct):
    """Fields of the command UnregisterClient."""

    check_in_node_id: Annotated[U64, Tag(0)]
    verification_key: Annotated[bytes | None, Tag(1), Len(16), Hidden] = None


class StayActiveRequest(Struct):
    """Fields of the command StayActiveRequest."""

    stay_active_duration: Annotated[U32, Tag(0)]


class StayActiveResponse(Response):
    """Answer to StayActiveRequest."""

    command_id = 0x04

    promised_active_duration: Annotated[U32, Tag(0)]


class IcdManagement(Cluster):
    """The cluster: a device that sleeps, and who it wakes for."""

    __slots__ = ()

    id = 0x0046
    revision = 3
    name = "IcdManagement"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        CHECK_IN_PROTOCOL_SUPPORT = CIP = 1 << 0
        USER_ACTIVE_MODE_TRIGGER = UAT = 1 << 1
        LONG_IDLE_TIME_SUPPORT = LITS = 1 << 2
        DYNAMIC_SIT_LIT_SUPPORT = DSLS = 1 << 3

    idle_mode_duration = Attribute[int](0x0000, U32, quality="F", constraint="1 to 64800", default=1)
    active_mode_duration = Attribute[int](0x0001, U32, quality="F", default=300)
    active_mode_threshold = Attribute[int](0x0002, U16, quality="F", default=300)
    registered_clients = Attribute[tuple[MonitoringRegistrationStruct, ...]](
        0x0003, tuple[MonitoringRegistrationStruct, ...], "CIP", access="R F A", quality="N", constraint="desc"
    )
    icd_counter = Attribute[int](0x0004, U32, "CIP", access="R A", quality="N C")
    clients_supported_per_fabric = Attribute[int](0x0005, U16, "CIP", quality="F", constraint="min 1", default=1)
    user_active_mode_trigger_hint = Attribute[UserActiveModeTriggerBitmap](
        0x0006, UserActiveModeTriggerBitmap, "UAT", quality="F", constraint="desc"
    )
    user_active_mode_trigger_instruction = Attribute[str](0x0007, str, "desc", quality="F", constraint="max 128")
    operating_mode = Attribute[OperatingModeEnum](0x0008, OperatingModeEnum, "LITS")
    maximum_check_in_backoff = Attribute[int](
        0x0009, U32, "CIP", quality="F", constraint="idleModeDuration to 64800", default=1
    )

    register_client = Command(0x00, RegisterClient, RegisterClientResponse, "CIP", access="F M")
    unregister_client = Command(0x02, UnregisterClient, None, "CIP", access="F M")
    stay_active_request = Command(0x03, StayActiveRequest, StayActiveResponse, "LITS, O")
