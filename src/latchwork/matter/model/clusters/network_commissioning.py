"""Network Commissioning (Core 11.9): the networks that the node can join.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Response
from latchwork.matter.tlv.schema import (
    ABSENT,
    I8,
    I32,
    U8,
    U16,
    U64,
    Absent,
    Hidden,
    Len,
    Nullable,
    OpenEnum,
    Range,
    Struct,
    Tag,
)


class WiFiSecurityBitmap(IntFlag):
    """Bits of wi fi security."""

    UNENCRYPTED = 1 << 0
    WEP = 1 << 1
    WPA_PERSONAL = 1 << 2
    WPA2_PERSONAL = 1 << 3
    WPA3_PERSONAL = 1 << 4


class ThreadCapabilitiesBitmap(IntFlag):
    """Bits of thread capabilities."""

    IS_BORDER_ROUTER_CAPABLE = 1 << 0
    IS_ROUTER_CAPABLE = 1 << 1
    IS_SLEEPY_END_DEVICE_CAPABLE = 1 << 2
    IS_FULL_THREAD_DEVICE = 1 << 3
    IS_SYNCHRONIZED_SLEEPY_END_DEVICE_CAPABLE = 1 << 4


class WiFiBandEnum(OpenEnum):
    """Values of wi fi band."""

    _2_G4 = 0
    _3_G65 = 1
    _5_G = 2
    _6_G = 3
    _60_G = 4
    _1_G = 5


class NetworkCommissioningStatusEnum(OpenEnum):
    """Values of network commissioning status."""

    SUCCESS = 0
    OUT_OF_RANGE = 1
    BOUNDS_EXCEEDED = 2
    NETWORK_ID_NOT_FOUND = 3
    DUPLICATE_NETWORK_ID = 4
    NETWORK_NOT_FOUND = 5
    REGULATORY_ERROR = 6
    AUTH_FAILURE = 7
    UNSUPPORTED_SECURITY = 8
    OTHER_CONNECTION_FAILURE = 9
    IPV6_FAILED = 10
    IP_BIND_FAILED = 11
    UNKNOWN_ERROR = 12


class NetworkInfoStruct(Struct):
    """Network info."""

    network_id: Annotated[bytes, Tag(0), Len(1, 32)]
    connected: Annotated[bool, Tag(1)]


class WiFiInterfaceScanResultStruct(Struct):
    """Wi fi interface scan result."""

    security: Annotated[WiFiSecurityBitmap, Tag(0)]
    ssid: Annotated[bytes, Tag(1), Len(0, 32)]
    bssid: Annotated[bytes, Tag(2), Len(6)]
    channel: Annotated[U16, Tag(3)]
    wi_fi_band: Annotated[WiFiBandEnum | None, Tag(4)] = None
    rssi: Annotated[I8 | None, Tag(5)] = None


class ThreadInterfaceScanResultStruct(Struct):
    """Thread interface scan result."""

    pan_id: Annotated[U16, Tag(0), Range(0, 65534)]
    extended_pan_id: Annotated[U64, Tag(1)]
    network_name: Annotated[str, Tag(2), Len(1, 16)]
    channel: Annotated[U16, Tag(3)]
    version: Annotated[U8, Tag(4)]
    extended_address: Annotated[bytes, Tag(5)]
    rssi: Annotated[I8, Tag(6)]
    lqi: Annotated[U8, Tag(7)]


class ScanNetworks(Struct):
    """Fields of the command ScanNetworks."""

    ssid: Annotated[bytes | Absent | None, Tag(0), Nullable, Len(1, 32)] = ABSENT
    breadcrumb: Annotated[U64 | None, Tag(1)] = None


class ScanNetworksResponse(Response):
    """Answer to ScanNetworks."""

    command_id = 0x01

    networking_status: Annotated[NetworkCommissioningStatusEnum, Tag(0)]
    debug_text: Annotated[str | None, Tag(1)] = None
    wi_fi_scan_results: Annotated[tuple[WiFiInterfaceScanResultStruct, ...] | None, Tag(2)] = None
    thread_scan_results: Annotated[tuple[ThreadInterfaceScanResultStruct, ...] | None, Tag(3)] = None


class AddOrUpdateWiFiNetwork(Struct):
    """Fields of the command AddOrUpdateWiFiNetwork."""

    ssid: Annotated[bytes, Tag(0), Len(0, 32)]
    credentials: Annotated[bytes, Tag(1), Len(0, 64), Hidden]
    breadcrumb: Annotated[U64 | None, Tag(2)] = None


class AddOrUpdateThreadNetwork(Struct):
    """Fields of the command AddOrUpdateThreadNetwork."""

    operational_dataset: Annotated[bytes, Tag(0), Len(0, 254)]
    breadcrumb: Annotated[U64 | None, Tag(1)] = None


class RemoveNetwork(Struct):
    """Fields of the command RemoveNetwork."""

    network_id: Annotated[bytes, Tag(0), Len(1, 32)]
    breadcrumb: Annotated[U64 | None, Tag(1)] = None


class NetworkConfigResponse(Response):
    """Answer to AddOrUpdateWiFiNetwork and AddOrUpdateThreadNetwork and RemoveNetwork and ReorderNetwork."""

    command_id = 0x05

    networking_status: Annotated[NetworkCommissioningStatusEnum, Tag(0)]
    debug_text: Annotated[str | None, Tag(1)] = None
    network_index: Annotated[U8 | None, Tag(2)] = None


class ConnectNetwork(Struct):
    """Fields of the command ConnectNetwork."""

    network_id: Annotated[bytes, Tag(0), Len(1, 32)]
    breadcrumb: Annotated[U64 | None, Tag(1)] = None


class ConnectNetworkResponse(Response):
    """Answer to ConnectNetwork."""

    command_id = 0x07

    networking_status: Annotated[NetworkCommissioningStatusEnum, Tag(0)]
    debug_text: Annotated[str | None, Tag(1)] = None
    error_value: Annotated[I32 | None, Tag(2), Nullable]


class ReorderNetwork(Struct):
    """Fields of the command ReorderNetwork."""

    network_id: Annotated[bytes, Tag(0), Len(1, 32)]
    network_index: Annotated[U8, Tag(1)]
    breadcrumb: Annotated[U64 | None, Tag(2)] = None


class NetworkCommissioning(Cluster):
    """The cluster: the networks that the node can join."""

    __slots__ = ()

    id = 0x0031
    revision = 2
    name = "NetworkCommissioning"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        WI_FI_NETWORK_INTERFACE = WI = 1 << 0
        THREAD_NETWORK_INTERFACE = TH = 1 << 1
        ETHERNET_NETWORK_INTERFACE = ET = 1 << 2

    max_networks = Attribute[int](0x0000, U8, access="R A", quality="F", constraint="min 1")
    networks = Attribute[tuple[NetworkInfoStruct, ...]](
        0x0001, tuple[NetworkInfoStruct, ...], access="R A", constraint="max maxNetworks"
    )
    scan_max_time_seconds = Attribute[int](0x0002, U8, "WI | TH", quality="F", constraint="desc")
    connect_max_time_seconds = Attribute[int](0x0003, U8, "WI | TH", quality="F", constraint="desc")
    interface_enabled = Attribute[bool](0x0004, bool, access="RW VA", quality="N", default=True)
    last_networking_status = Attribute[NetworkCommissioningStatusEnum | None](
        0x0005, NetworkCommissioningStatusEnum, access="R A", quality="X"
    )
    last_network_id = Attribute[bytes | None](0x0006, bytes, access="R A", quality="X", constraint="1 to 32")
    last_connect_error_value = Attribute[int | None](0x0007, I32, access="R A", quality="X")
    supported_wi_fi_bands = Attribute[tuple[WiFiBandEnum, ...]](
        0x0008, tuple[WiFiBandEnum, ...], "WI", quality="F", constraint="min 1"
    )
    supported_thread_features = Attribute[ThreadCapabilitiesBitmap](0x0009, ThreadCapabilitiesBitmap, "TH", quality="F")
    thread_version = Attribute[int](0x000A, U16, "TH", quality="F")

    scan_networks = Command(0x00, ScanNetworks, ScanNetworksResponse, "WI | TH", access="A")
    add_or_update_wi_fi_network = Command(0x02, AddOrUpdateWiFiNetwork, NetworkConfigResponse, "WI", access="A")
    add_or_update_thread_network = Command(0x03, AddOrUpdateThreadNetwork, NetworkConfigResponse, "TH", access="A")
    remove_network = Command(0x04, RemoveNetwork, NetworkConfigResponse, "WI | TH", access="A")
    connect_network = Command(0x06, ConnectNetwork, ConnectNetworkResponse, "WI | TH", access="A")
    reorder_network = Command(0x08, ReorderNetwork, NetworkConfigResponse, "WI | TH", access="A")
