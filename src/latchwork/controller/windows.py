"""Opening a commissioning window on a node, so that another administrator can join it (Core 11.19).

Controller storey.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.model.clusters.administrator_commissioning import (
    AdministratorCommissioning,
    OpenCommissioningWindow,
)
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.meta import Attribute, Command
from latchwork.matter.onboarding import (
    CommissioningFlow,
    DiscoveryCapabilities,
    Discriminator,
    SetupPayload,
    random_passcode,
)
from latchwork.matter.tlv.schema import Struct

SALT_LENGTH: Final = 32


class Node(Protocol):
    """What opening a window needs of the node."""

    async def invoke(self, endpoint: int, command: Command, request: Struct | None = None) -> Any:
        """Invoke a command."""

    async def get(self, endpoint: int, attribute: Attribute[Any]) -> Any:
        """Read one attribute."""


async def open_window(
    peer: Node, entropy: Callable[[int], bytes], *, seconds: int, iterations: int, discriminator: int | None
) -> SetupPayload:
    """Open an enhanced window with a passcode made for it; the passcode itself never goes to the device.

    Raises:
        StatusError: the device refused.
        LatchworkError: no answer.
    """
    passcode, salt = random_passcode(entropy), entropy(SALT_LENGTH)
    if discriminator is None:
        discriminator = int.from_bytes(entropy(2), "little") & 0xFFF
    await peer.invoke(
        0,
        AdministratorCommissioning.open_commissioning_window,
        OpenCommissioningWindow(
            commissioning_timeout=seconds,
            pake_passcode_verifier=Verifier.from_passcode(passcode, salt, iterations).encode(),
            discriminator=discriminator,
            iterations=iterations,
            salt=salt,
        ),
    )
    vendor_id: int = await peer.get(0, BasicInformation.vendor_id)
    product_id: int = await peer.get(0, BasicInformation.product_id)
    return SetupPayload(
        discriminator=Discriminator.of(discriminator),
        passcode=passcode,
        vendor_id=vendor_id,
        product_id=product_id,
        commissioning_flow=CommissioningFlow.STANDARD,
        discovery_capabilities=DiscoveryCapabilities.ON_NETWORK,
    )
