"""Power Source: a battery, as the device sees it (Core 11.7).

Stands in node; whoever measures the battery calls `measured`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from latchwork.matter.model.clusters.power_source import (
    BatChargeLevelEnum,
    BatChargeStateEnum,
    BatFaultChange,
    BatFaultEnum,
    BatReplaceabilityEnum,
    PowerSource,
    PowerSourceStatusEnum,
)
from latchwork.matter.model.spec import SpecVersion
from latchwork.node.behavior import Behavior


def battery(
    description: str = "Battery",
    *,
    replacement: str = "AA",
    quantity: int = 4,
    is_rechargeable: bool = False,
    endpoints: tuple[int, ...] = (),
    spec: SpecVersion = SpecVersion.V1_6,
) -> PowerSource:
    """The cluster's values for a battery that its owner replaces, or charges.

    Args:
        description: what it is called.
        replacement: what to buy in its place; of no use for one that is charged.
        quantity: how many; likewise.
        is_rechargeable: it is charged, not replaced.
        endpoints: what it feeds; none is the whole node when it sits on the root (Core 11.7.7.32).
        spec: the version of the specification.
    """
    kind: dict[str, Any] = {
        "features": PowerSource.Feature.BATTERY | PowerSource.Feature.REPLACEABLE,
        "bat_replaceability": BatReplaceabilityEnum.USER_REPLACEABLE,
        "bat_replacement_description": replacement,
        "bat_quantity": quantity,
    }
    if is_rechargeable:
        kind = {
            "features": PowerSource.Feature.BATTERY | PowerSource.Feature.RECHARGEABLE,
            "bat_replaceability": BatReplaceabilityEnum.NOT_REPLACEABLE,
            "bat_charge_state": BatChargeStateEnum.UNKNOWN,
            "bat_functional_while_charging": True,
        }
    return PowerSource(
        spec=spec,
        optional=("bat_voltage", "bat_percent_remaining", "active_bat_faults"),
        status=PowerSourceStatusEnum.ACTIVE,
        order=0,
        description=description,
        bat_voltage=None,
        bat_percent_remaining=None,
        bat_charge_level=BatChargeLevelEnum.OK,
        bat_replacement_needed=False,
        active_bat_faults=(),
        endpoint_list=endpoints,
        **kind,
    )


class PowerSourceBehavior(Behavior):
    """A battery."""

    __slots__ = ()

    cluster = PowerSource

    def measured(
        self, percent: float | None, *, millivolts: int | None = None, warning: float = 25.0, critical: float = 10.0
    ) -> None:
        """Takes a measurement: percent of the charge and the voltage, each where it is known."""
        state = self.state
        state.bat_voltage = millivolts
        if percent is None:
            state.bat_percent_remaining = None
            return
        level = BatChargeLevelEnum.OK
        if percent <= critical:
            level = BatChargeLevelEnum.CRITICAL
        elif percent <= warning:
            level = BatChargeLevelEnum.WARNING
        state.bat_percent_remaining = max(0, min(200, round(percent * 2)))
        state.bat_charge_level = level
        if state.features & PowerSource.Feature.REPLACEABLE:
            state.bat_replacement_needed = level is BatChargeLevelEnum.CRITICAL

    def faults(self, current: Collection[BatFaultEnum]) -> None:
        """Takes the battery's faults and records the change."""
        now, before = tuple(current), self.state.active_bat_faults
        if now != before:
            self.state.active_bat_faults = now
            self.emit(PowerSource.bat_fault_change, BatFaultChange(current=now, previous=before))
