"""What an onboarding code says, as an object to print.

The roof; reads nothing itself: `matter.onboarding` does. A passcode appears only when it is asked for.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from latchwork.matter.onboarding import CommissioningFlow, DiscoveryCapabilities, SetupPayload

_TEST_VENDORS: Final = range(0xFFF1, 0xFFF5)
"""Vendor ids that belong to nobody, for development (Core 2.5.2.1)."""
_EXAMPLE_PASSCODE: Final = 20202021
"""The passcode of every example device."""
_FLOWS: Final = MappingProxyType(
    {
        CommissioningFlow.STANDARD: "standard",
        CommissioningFlow.USER_INTENT: "user-intent",
        CommissioningFlow.CUSTOM: "custom",
    }
)
_CAPABILITIES: Final = MappingProxyType(
    {
        DiscoveryCapabilities.SOFT_AP: "soft-ap",
        DiscoveryCapabilities.BLE: "ble",
        DiscoveryCapabilities.ON_NETWORK: "on-network",
        DiscoveryCapabilities.WIFI_PAF: "wifi-paf",
        DiscoveryCapabilities.NFC: "nfc",
    }
)


def explain_code(payloads: tuple[SetupPayload, ...], *, show_secrets: bool) -> dict[str, Any]:
    """The codes of one text: {"kind": "onboarding-code", "form": "qr" | "manual", "codes": […]}."""
    form = "manual" if payloads[0].discovery_capabilities is None else "qr"
    return {
        "kind": "onboarding-code",
        "form": form,
        "codes": [_explain(payload, show_secrets=show_secrets) for payload in payloads],
    }


def _explain(payload: SetupPayload, *, show_secrets: bool) -> dict[str, Any]:
    discriminator, capabilities = payload.discriminator, payload.discovery_capabilities
    found: dict[str, Any] = {
        "version": payload.version,
        "vendorId": payload.vendor_id,
        "productId": payload.product_id,
        "discriminator": discriminator.long,
        "shortDiscriminator": discriminator.short,
        "passcode": payload.passcode if show_secrets else "hidden",
        "flow": _FLOWS[payload.commissioning_flow],
        "discovery": None if capabilities is None else _names(capabilities),
        "serialNumber": payload.serial_number,
    }
    others = {f"0x{tag:02x}": value for tag, value in payload.extension.items() if tag != 0}
    if others:
        found["extension"] = others
    return {name: value for name, value in found.items() if value is not None} | {"warnings": _warnings(payload)}


def _names(capabilities: DiscoveryCapabilities) -> list[str]:
    return [name for flag, name in _CAPABILITIES.items() if flag in capabilities]


def _warnings(payload: SetupPayload) -> list[str]:
    found = []
    capabilities = payload.discovery_capabilities
    if payload.vendor_id in _TEST_VENDORS:
        found.append("The vendor id is one for development: this is a test device, not a product.")
    if payload.passcode == _EXAMPLE_PASSCODE:
        found.append("The passcode is that of every example device: anybody can commission it.")
    if payload.discriminator.long is None:
        found.append("The code holds only 4 of 12 bits of the discriminator: several devices may fit it.")
    if payload.commissioning_flow is CommissioningFlow.USER_INTENT:
        found.append("The device wants something done first, such as a button pressed, before it can be found.")
    if payload.commissioning_flow is CommissioningFlow.CUSTOM:
        found.append("The device has its maker's own way to begin: see its manual before it can be found.")
    if capabilities is not None and DiscoveryCapabilities.ON_NETWORK not in capabilities:
        found.append("The device does not announce itself on the network: it has to be brought there first.")
    return found
