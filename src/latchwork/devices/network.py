"""The machine's network interface as General Diagnostics tells it (Core 11.12.4.2).

Devices storey: the operating system's view on one side, the cluster's on the other.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from latchwork.matter.model.clusters.general_diagnostics import InterfaceTypeEnum, NetworkInterface
from latchwork.stack.mdns_link import interfaces

_SYSTEM = Path("/sys/class/net")
MAX_ADDRESSES = 8


def network_interfaces(name: str) -> tuple[NetworkInterface, ...]:
    """The interface that the node uses, with its addresses of now; nothing when it is gone."""
    return tuple(
        NetworkInterface(
            name=name[:32],
            is_operational=True,
            off_premise_services_reachable_ipv4=None,
            off_premise_services_reachable_ipv6=None,
            hardware_address=_hardware_address(name),
            ipv4_addresses=(),
            ipv6_addresses=tuple(ipaddress.IPv6Address(text).packed for text in interface.addresses[:MAX_ADDRESSES]),
            type=_kind(name),
        )
        for interface in interfaces()
        if interface.name == name
    )


def _hardware_address(name: str) -> bytes:
    """Six or eight octets; zeros where the system does not tell."""
    try:
        return bytes.fromhex((_SYSTEM / name / "address").read_text(encoding="ascii").strip().replace(":", ""))
    except (OSError, ValueError):
        return bytes(6)


def _kind(name: str) -> InterfaceTypeEnum:
    return InterfaceTypeEnum.WI_FI if (_SYSTEM / name / "wireless").exists() else InterfaceTypeEnum.ETHERNET
