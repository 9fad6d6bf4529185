"""Basic Information: names and numbers of the node (Core 11.1).

Stands in node; the constant ones come from the configuration, three may be written by administrators.
"""

from __future__ import annotations

from typing import Any

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.basic_information import (
    BasicInformation,
    CapabilityMinimaStruct,
    Leave,
    StartUp,
)
from latchwork.matter.model.spec import SpecVersion
from latchwork.node.behavior import Behavior
from latchwork.node.config import NodeConfig


def basic_information(config: NodeConfig) -> BasicInformation:
    """The cluster's values for a configuration."""
    optional = {
        "manufacturing_date": config.manufacturing_date,
        "part_number": config.part_number,
        "product_label": config.product_label,
        "serial_number": config.serial_number,
        "unique_id": config.unique_id,
    }
    given: dict[str, Any] = {name: value for name, value in optional.items() if value}
    return BasicInformation(
        optional=tuple(given),
        spec=config.spec,
        data_model_revision=config.spec.data_model_revision,
        vendor_name=config.vendor_name,
        vendor_id=config.vendor_id,
        product_name=config.product_name,
        product_id=config.product_id,
        node_label="",
        location="XX",
        hardware_version=config.hardware_version,
        hardware_version_string=config.hardware_version_string,
        software_version=config.software_version,
        software_version_string=config.software_version_string,
        capability_minima=_minima(config),
        specification_version=int(config.spec),
        max_paths_per_invoke=config.max_paths_per_invoke,
        **given,
    )


def _minima(config: NodeConfig) -> CapabilityMinimaStruct:
    minima = CapabilityMinimaStruct(
        case_sessions_per_fabric=config.case_sessions_per_fabric,
        subscriptions_per_fabric=config.subscriptions_per_fabric,
    )
    if config.spec < SpecVersion.V1_6:
        return minima
    # The lowest that the specification allows; the node takes more (Core 11.1.4.4).
    return minima.replace(
        simultaneous_invocations_supported=1,
        simultaneous_writes_supported=1,
        read_paths_supported=9,
        subscribe_paths_supported=3,
    )


class BasicInformationBehavior(Behavior):
    """Names and numbers of the node."""

    __slots__ = ()

    cluster = BasicInformation

    def start(self) -> None:
        """Records that the node started (Core 11.1.6.1)."""
        self.emit(BasicInformation.start_up, StartUp(software_version=self.state.software_version))

    def stop(self) -> None:
        """Records that the node is about to stop (Core 11.1.6.2)."""
        self.emit(BasicInformation.shut_down)

    def leaving(self, fabric_index: int) -> None:
        """Records that the node leaves a fabric, while that fabric can still be told (Core 11.1.6.3)."""
        self.emit(BasicInformation.leave, Leave(fabric_index=fabric_index))

    def write_location(self, value: str, _context: RequestContext) -> None:
        """The country: two characters (Core 11.1.5.7).

        Raises:
            StatusError: it is not two characters.
        """
        if len(value) != 2:
            raise StatusError(Status.CONSTRAINT_ERROR, "a location has two characters")
        self.state.location = value
