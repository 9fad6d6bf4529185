"""What a node is: names, numbers and limits that do not change while it runs.

Stands in node; a value object.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.crypto.spake2p import Verifier, is_valid_passcode
from latchwork.matter.model.spec import SpecVersion
from latchwork.node.icd import IcdConfig


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What a node is.

    Attributes:
        passcode: the onboarding code's secret, or None when `verifier` is given.
        verifier: SPAKE2+ verifier made elsewhere, with the `salt` and `iterations` it was made with.
        discriminator: 12 bits (Core 5.4.2.4).
        window_seconds: how long the first commissioning window lasts; 0 keeps it open until the node is commissioned
            (Core 5.4.2.3.1 asks for 15 minutes of a device that advertises at power-up).
        location_capability: 0 indoor, 1 outdoor, 2 both (Core 11.10.5.3).
        has_tcp: it listens on TCP too, for messages that are too large for UDP.
        has_clock: whether the machine's clock knows the date.
        test_enable_key: 16 octets that arm TestEventTrigger, or None.
        icd: how it sleeps; None is a node that is always awake. Its polls take the place of the three intervals above.
    """

    vendor_id: int = 0xFFF1
    product_id: int = 0x8000
    vendor_name: str = "Latchwork"
    product_name: str = "Latchwork Lock"
    product_label: str = ""
    part_number: str = ""
    serial_number: str = ""
    unique_id: str = ""
    manufacturing_date: str = ""
    hardware_version: int = 1
    hardware_version_string: str = "1"
    software_version: int = 1
    software_version_string: str = "1"
    device_type: int = 0x000A
    device_name: str = ""
    passcode: int | None = field(default=20202021, repr=False)
    verifier: Verifier | None = field(default=None, repr=False)
    salt: bytes = b""
    iterations: int = 1000
    discriminator: int = 3840
    spec: SpecVersion = SpecVersion.V1_6
    max_fabrics: int = 16
    max_paths_per_invoke: int = 10
    case_sessions_per_fabric: int = 3
    subscriptions_per_fabric: int = 3
    window_seconds: int = 900
    fail_safe_seconds: int = 60
    max_cumulative_fail_safe_seconds: int = 900
    location_capability: int = 2
    supported_locales: tuple[str, ...] = ("en-US", "de-DE", "fr-FR")
    idle_interval_ms: int = 500
    active_interval_ms: int = 300
    active_threshold_ms: int = 4000
    has_tcp: bool = False
    has_clock: bool = True
    test_enable_key: Secret | None = None
    icd: IcdConfig | None = None

    def __post_init__(self) -> None:
        if self.verifier is None and (self.passcode is None or not is_valid_passcode(self.passcode)):
            raise Misuse(
                "the passcode is not one that the specification allows",
                advice="Choose 1 to 99999998, but neither eight equal digits nor 12345678 or 87654321.",
            )
        if not 5 <= self.max_fabrics <= 254:
            raise Misuse("a node holds 5 to 254 fabrics")
        if not 0 <= self.discriminator <= 0xFFF:
            raise Misuse("a discriminator has 12 bits")
