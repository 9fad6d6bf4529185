"""Power Source: a battery, as the device sees it (Core 11.7).

Stands in node; whoever measures the battery calls `measured`.
"""

from __future__ import annotations

from collections.abc import Collection

from latchwork.matter.model.clusters.power_source import (
    BatChargeLevelEnum,
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
    endpoints: tuple[int, ...] = (),
    spec: SpecVersion = SpecVersion.V1_6,
) -> PowerSource:
    """The cluster's values for a battery that users replace."""
    return PowerSource(
        spec=spec,
        features=PowerSource.Feature.BATTERY | PowerSource.Feature.REPLACEABLE,
        optional=("bat_voltage", "bat_percent_remaining", "active_bat_faults"),
        status=PowerSourceStatusEnum.ACTIVE,
        order=0,
        description=description,
        bat_voltage=None,
        bat_percent_remaining=None,
        bat_charge_level=BatChargeLevelEnum.OK,
        bat_replacement_needed=False,
        bat_replaceability=BatReplaceabilityEnum.USER_REPLACEABLE,
        active_bat_faults=(),
        bat_replacement_description=replacement,
        bat_quantity=quantity,
        endpoint_list=endpoints,
    )


class PowerSourceBehavior(Behavior):
    """A battery."""

    __slots__ = ()

    cluster = PowerSource

    def measured(
        self, percent: float, *, millivolts: int | None = None, warning: float = 25.0, critical: float = 10.0
    ) -> None:
        """Takes a measurement: percent of the charge, and the voltage when it is known."""
        state = self.state
        level = BatChargeLevelEnum.OK
        if percent <= critical:
            level = BatChargeLevelEnum.CRITICAL
        elif percent <= warning:
            level = BatChargeLevelEnum.WARNING
        state.bat_percent_remaining = max(0, min(200, round(percent * 2)))
        state.bat_voltage = millivolts
        state.bat_charge_level = level
        state.bat_replacement_needed = level is BatChargeLevelEnum.CRITICAL

    def faults(self, current: Collection[BatFaultEnum]) -> None:
        """Takes the battery's faults and records the change."""
        now, before = tuple(current), self.state.active_bat_faults
        if now != before:
            self.state.active_bat_faults = now
            self.emit(PowerSource.bat_fault_change, BatFaultChange(current=now, previous=before))
