"""General Diagnostics: interfaces, reboots, time since start, test triggers (Core 11.12).

Stands in node; what it says about the machine's interfaces is given to it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.general_diagnostics import (
    BootReason,
    BootReasonEnum,
    DeviceLoadStruct,
    GeneralDiagnostics,
    NetworkInterface,
    PayloadTestRequest,
    PayloadTestResponse,
    TestEventTrigger,
    TimeSnapshotResponse,
)
from latchwork.node.behavior import Behavior
from latchwork.node.config import NodeConfig

if TYPE_CHECKING:
    from latchwork.node.endpoint import Endpoint

KEY_LENGTH = 16
MAX_PAYLOAD = 2048


def general_diagnostics(config: NodeConfig) -> GeneralDiagnostics:
    """The cluster's values for a configuration."""
    return GeneralDiagnostics(
        spec=config.spec,
        features=GeneralDiagnostics.Feature.DATA_MODEL_TEST,
        optional=("boot_reason",),
        network_interfaces=(),
        reboot_count=0,
        boot_reason=BootReasonEnum.POWER_ON_REBOOT,
        test_event_triggers_enabled=config.test_enable_key is not None,
    )


class GeneralDiagnosticsBehavior(Behavior):
    """What the node knows about its health.

    Attributes:
        interfaces: gives the network interfaces, at most eight.
        on_test_trigger: called with a trigger's number; says whether it knows it.
    """

    __slots__ = ("interfaces", "on_test_trigger")

    cluster = GeneralDiagnostics

    def __init__(self, endpoint: Endpoint, state: GeneralDiagnostics) -> None:
        super().__init__(endpoint, state)
        self.interfaces: Callable[[], tuple[NetworkInterface, ...]] = tuple
        self.on_test_trigger: Callable[[int], bool] | None = None

    def start(self) -> None:
        """Counts the start and records why there was one."""
        self.state.reboot_count = (self.state.reboot_count + 1) & 0xFFFF
        self.emit(GeneralDiagnostics.boot_reason_event, BootReason(boot_reason=self.state.boot_reason))

    def read_network_interfaces(self, _context: RequestContext) -> tuple[NetworkInterface, ...]:
        """The interfaces as they are now."""
        return self.interfaces()[:8]

    def read_up_time(self, _context: RequestContext) -> int:
        """Whole seconds since the node started."""
        return int(self.node.uptime())

    def read_device_load_status(self, context: RequestContext) -> DeviceLoadStruct:
        """How much the node has to do."""
        counts, owners = self.node.counts, [s.subscriber[0] for s in self.node.server.subscriptions]
        return DeviceLoadStruct(
            current_subscriptions=len(owners),
            current_subscriptions_for_fabric=owners.count(context.subject.fabric_index),
            total_subscriptions_established=counts.subscriptions,
            total_interaction_model_messages_sent=counts.messages_sent,
            total_interaction_model_messages_received=counts.messages_received,
        )

    def test_event_trigger(self, request: TestEventTrigger, _context: RequestContext) -> None:  # noqa: PT019 - a command, not a test
        """Makes something happen for a test, when the key is right (Core 11.12.7.1).

        Raises:
            StatusError: triggers are off, the key is wrong, or the trigger is unknown.
        """
        self._check_key(request.enable_key)
        if self.on_test_trigger is None or not self.on_test_trigger(request.event_trigger):
            raise StatusError(Status.INVALID_COMMAND, "no such trigger")

    def time_snapshot(self, _request: object, _context: RequestContext) -> TimeSnapshotResponse:
        """The two clocks at one moment."""
        utc = self.node.utc_us()
        posix = None if utc is None else utc // 1000 + MATTER_EPOCH_S * 1000
        return TimeSnapshotResponse(system_time_ms=int(self.node.uptime() * 1000), posix_time_ms=posix)

    def payload_test_request(self, request: PayloadTestRequest, _context: RequestContext) -> PayloadTestResponse:
        """Answers with as many octets as asked for (Core 11.12.7.4).

        Raises:
            StatusError: triggers are off, the key is wrong, or it is too much.
        """
        self._check_key(request.enable_key)
        if request.count > MAX_PAYLOAD:
            raise StatusError(Status.CONSTRAINT_ERROR, f"at most {MAX_PAYLOAD} octets")
        return PayloadTestResponse(payload=bytes([request.value]) * request.count)

    def _check_key(self, given: bytes) -> None:
        key = self.node.config.test_enable_key
        if len(given) != KEY_LENGTH or given == bytes(KEY_LENGTH):
            raise StatusError(Status.CONSTRAINT_ERROR, "the key has 16 octets and is not zero")
        if key is None or not hmac.compare_digest(bytes(key), given):
            raise StatusError(Status.CONSTRAINT_ERROR, "test triggers are off, or the key is wrong")
