"""General Diagnostics (Core 11.12): interfaces, reboots and faults.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import Annotated, ClassVar

from latchwork.matter.model.meta import Attribute, Cluster, Command, Event, Priority, Response
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Hidden, Len, Nullable, OpenEnum, Range, Struct, Tag


class HardwareFaultEnum(OpenEnum):
    """Values of hardware fault."""

    UNSPECIFIED = 0
    RADIO = 1
    SENSOR = 2
    RESETTABLE_OVER_TEMP = 3
    NON_RESETTABLE_OVER_TEMP = 4
    POWER_SOURCE = 5
    VISUAL_DISPLAY_FAULT = 6
    AUDIO_OUTPUT_FAULT = 7
    USER_INTERFACE_FAULT = 8
    NON_VOLATILE_MEMORY_ERROR = 9
    TAMPER_DETECTED = 10


class RadioFaultEnum(OpenEnum):
    """Values of radio fault."""

    UNSPECIFIED = 0
    WI_FI_FAULT = 1
    CELLULAR_FAULT = 2
    THREAD_FAULT = 3
    NFC_FAULT = 4
    BLE_FAULT = 5
    ETHERNET_FAULT = 6


class NetworkFaultEnum(OpenEnum):
    """Values of network fault."""

    UNSPECIFIED = 0
    HARDWARE_FAILURE = 1
    NETWORK_JAMMED = 2
    CONNECTION_FAILED = 3


class InterfaceTypeEnum(OpenEnum):
    """Values of interface type."""

    UNSPECIFIED = 0
    WI_FI = 1
    ETHERNET = 2
    CELLULAR = 3
    THREAD = 4


class BootReasonEnum(OpenEnum):
    """Values of boot reason."""

    UNSPECIFIED = 0
    POWER_ON_REBOOT = 1
    BROWN_OUT_RESET = 2
    SOFTWARE_WATCHDOG_RESET = 3
    HARDWARE_WATCHDOG_RESET = 4
    SOFTWARE_UPDATE_COMPLETED = 5
    SOFTWARE_RESET = 6


class NetworkInterface(Struct):
    """Network interface."""

    name: Annotated[str, Tag(0), Len(0, 32)]
    is_operational: Annotated[bool, Tag(1)]
    off_premise_services_reachable_ipv4: Annotated[bool | None, Tag(2), Nullable]
    off_premise_services_reachable_ipv6: Annotated[bool | None, Tag(3), Nullable]
    hardware_address: Annotated[bytes, Tag(4)]
    ipv4_addresses: Annotated[tuple[bytes, ...], Tag(5), Len(0, 4)]
    ipv6_addresses: Annotated[tuple[bytes, ...], Tag(6), Len(0, 8)]
    type: Annotated[InterfaceTypeEnum, Tag(7)]


class DeviceLoadStruct(Struct):
    """Device load."""

    current_subscriptions: Annotated[U16, Tag(0)]
    current_subscriptions_for_fabric: Annotated[U16, Tag(1)]
    total_subscriptions_established: Annotated[U32, Tag(2)]
    total_interaction_model_messages_sent: Annotated[U32, Tag(3)]
    total_interaction_model_messages_received: Annotated[U32, Tag(4)]


class TestEventTrigger(Struct):
    """Fields of the command TestEventTrigger."""

    enable_key: Annotated[bytes, Tag(0), Len(16), Hidden]
    event_trigger: Annotated[U64, Tag(1)]


class TimeSnapshotResponse(Response):
    """Answer to TimeSnapshot."""

    command_id = 0x02

    system_time_ms: Annotated[U64, Tag(0)]
    posix_time_ms: Annotated[U64 | None, Tag(1), Nullable]


class PayloadTestRequest(Struct):
    """Fields of the command PayloadTestRequest."""

    enable_key: Annotated[bytes, Tag(0), Len(16), Hidden]
    value: Annotated[U8, Tag(1)]
    count: Annotated[U16, Tag(2), Range(0, 2048)]


class PayloadTestResponse(Response):
    """Answer to PayloadTestRequest."""

    command_id = 0x04

    payload: Annotated[bytes, Tag(0)]


class HardwareFaultChange(Struct):
    """Fields of the event HardwareFaultChange."""

    current: Annotated[tuple[HardwareFaultEnum, ...], Tag(0)]
    previous: Annotated[tuple[HardwareFaultEnum, ...], Tag(1)]


class RadioFaultChange(Struct):
    """Fields of the event RadioFaultChange."""

    current: Annotated[tuple[RadioFaultEnum, ...], Tag(0)]
    previous: Annotated[tuple[RadioFaultEnum, ...], Tag(1)]


class NetworkFaultChange(Struct):
    """Fields of the event NetworkFaultChange."""

    current: Annotated[tuple[NetworkFaultEnum, ...], Tag(0)]
    previous: Annotated[tuple[NetworkFaultEnum, ...], Tag(1)]


class BootReason(Struct):
    """Fields of the event BootReason."""

    boot_reason: Annotated[BootReasonEnum, Tag(0)]


class GeneralDiagnostics(Cluster):
    """The cluster: interfaces, reboots and faults."""

    __slots__ = ()

    id = 0x0033
    revision = 3
    name = "GeneralDiagnostics"
    quality = "K"
    revisions: ClassVar[Mapping[SpecVersion, int]] = {SpecVersion.V1_4_2: 2}

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        DATA_MODEL_TEST = DMTEST = 1 << 0

    network_interfaces = Attribute[tuple[NetworkInterface, ...]](
        0x0000, tuple[NetworkInterface, ...], constraint="max 8"
    )
    reboot_count = Attribute[int](0x0001, U16, quality="N")
    up_time = Attribute[int](0x0002, U64, quality="C")
    total_operational_hours = Attribute[int](0x0003, U32, "O", quality="N C")
    boot_reason = Attribute[BootReasonEnum](0x0004, BootReasonEnum, "O")
    active_hardware_faults = Attribute[tuple[HardwareFaultEnum, ...]](
        0x0005, tuple[HardwareFaultEnum, ...], "O", constraint="max 11"
    )
    active_radio_faults = Attribute[tuple[RadioFaultEnum, ...]](
        0x0006, tuple[RadioFaultEnum, ...], "O", constraint="max 7"
    )
    active_network_faults = Attribute[tuple[NetworkFaultEnum, ...]](
        0x0007, tuple[NetworkFaultEnum, ...], "O", constraint="max 4"
    )
    test_event_triggers_enabled = Attribute[bool](0x0008, bool)
    device_load_status = Attribute[DeviceLoadStruct](
        0x000A, DeviceLoadStruct, "Rev >= v3", quality="C", since=SpecVersion.V1_6
    )

    test_event_trigger = Command(0x00, TestEventTrigger, None, access="M")
    time_snapshot = Command(0x01, None, TimeSnapshotResponse)
    payload_test_request = Command(0x03, PayloadTestRequest, PayloadTestResponse, "DMTEST", access="M")

    hardware_fault_change = Event(0x00, HardwareFaultChange, "O", Priority.CRITICAL)
    radio_fault_change = Event(0x01, RadioFaultChange, "O", Priority.CRITICAL)
    network_fault_change = Event(0x02, NetworkFaultChange, "O", Priority.CRITICAL)
    boot_reason_event = Event(0x03, BootReason, "M", Priority.CRITICAL, spec_name="BootReason")
