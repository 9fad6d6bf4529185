"""Device types: what an endpoint promises to be, and the clusters that go with it (Device Library).

Model storey of `matter`; knows numbers, no declaration. What a lock needs is declared; the rest of the library has names only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from latchwork.matter.model.spec import LATEST, SpecVersion


@dataclass(frozen=True, slots=True)
class DeviceType:
    """One kind of endpoint.

    Attributes:
        id: as in the descriptor's device type list.
        name: the specification's.
        revision: in the latest version of the specification.
        revisions: in older versions, where it was another.
        required: ids of server clusters that have to be there, whatever the device can do.
        forbidden: ids of server clusters that must not be there.
    """

    id: int
    name: str
    revision: int
    revisions: Mapping[SpecVersion, int] = field(default_factory=dict)
    required: tuple[int, ...] = ()
    forbidden: tuple[int, ...] = ()

    def revision_in(self, spec: SpecVersion = LATEST) -> int:
        """The revision that a node of a version of the specification claims."""
        return self.revisions.get(spec, self.revision)

    def missing(self, clusters: Collection[int]) -> tuple[int, ...]:
        """Required clusters that are not among `clusters`."""
        return tuple(cluster for cluster in self.required if cluster not in clusters)

    def excess(self, clusters: Collection[int]) -> tuple[int, ...]:
        """Forbidden clusters that are among `clusters`."""
        return tuple(cluster for cluster in self.forbidden if cluster in clusters)


DOOR_LOCK: Final = DeviceType(
    id=0x000A,
    name="DoorLock",
    revision=4,
    revisions={SpecVersion.V1_4_2: 3},
    required=(0x0003, 0x001D, 0x0101),
    forbidden=(0x0004, 0x0062),
)
"""A lock (Device Library 8.1)."""

POWER_SOURCE: Final = DeviceType(id=0x0011, name="PowerSource", revision=1, required=(0x001D, 0x002F))
"""The mains or a battery, beside another device type on the endpoint it feeds (Device Library 2.2)."""

OTA_REQUESTOR: Final = DeviceType(id=0x0012, name="OtaRequestor", revision=1, required=(0x001D, 0x002A))
"""A node that updates itself (Device Library 2.3)."""

ROOT_NODE: Final = DeviceType(
    id=0x0016,
    name="RootNode",
    revision=4,
    revisions={SpecVersion.V1_4_2: 3},
    required=(0x001D, 0x001F, 0x0028, 0x0030, 0x0031, 0x0033, 0x003C, 0x003E, 0x003F),
)
"""Endpoint 0 of every node (Device Library 2.1)."""

SECONDARY_NETWORK_INTERFACE: Final = DeviceType(
    id=0x0019, name="SecondaryNetworkInterface", revision=1, required=(0x001D, 0x0031)
)
"""A network interface besides the root's (Device Library 2.9)."""

DEVICE_TYPES: Final[Mapping[int, DeviceType]] = MappingProxyType(
    {kind.id: kind for kind in (DOOR_LOCK, POWER_SOURCE, OTA_REQUESTOR, ROOT_NODE, SECONDARY_NETWORK_INTERFACE)}
)
"""The declared device types by id."""

_NAMES: Final = """
a:DoorLock DoorLockController e:Aggregator GenericSwitch 11:PowerSource OtaRequestor BridgedNode OtaProvider
ContactSensor RootNode SolarPower BatteryStorage SecondaryNetworkInterface 22:Speaker CastingVideoPlayer ContentApp
27:ModeSelect BasicVideoPlayer CastingVideoClient VideoRemoteControl Fan AirQualitySensor AirPurifier
40:IrrigationSystem WaterFreezeDetector WaterValve WaterLeakDetector RainSensor SoilSensor 70:Refrigerator
TemperatureControlledCabinet RoomAirConditioner LaundryWasher RoboticVacuumCleaner Dishwasher SmokeCoAlarm CookSurface
Cooktop MicrowaveOven ExtractorHood Oven LaundryDryer 90:NetworkInfrastructureManager ThreadBorderRouter
100:OnOffLight DimmableLight 103:OnOffLightSwitch DimmerSwitch ColorDimmerSwitch LightSensor OccupancySensor
10a:OnOffPlugInUnit DimmablePlugInUnit ColorTemperatureLight ExtendedColorLight 10f:MountedOnOffControl
MountedDimmableLoadControl 130:JointFabricAdministrator 140:Intercom AudioDoorbell Camera VideoDoorbell
FloodlightCamera SnapshotCamera Chime CameraController Doorbell 202:WindowCovering WindowCoveringController
230:Closure ClosurePanel 23e:ClosureController 301:Thermostat TemperatureSensor Pump PumpController PressureSensor
FlowSensor HumiditySensor 309:HeatPump ThermostatController 50c:EnergyEvse DeviceEnergyManagement 50f:WaterHeater
ElectricalSensor ElectricalUtilityMeter MeterReferencePoint ElectricalEnergyTariff ElectricalMeter 840:ControlBridge
850:OnOffSensor
"""
# An id is one more than the one before unless it is written, in hexadecimal, before the name.


@lru_cache(maxsize=1)
def names() -> Mapping[int, str]:
    """Names of all device types of the Device Library by id, ascending."""
    found: dict[int, str] = {}
    number = -1
    for word in _NAMES.split():
        written, _, name = word.rpartition(":")
        number = int(written, 16) if written else number + 1
        found[number] = name
    return MappingProxyType(found)


def device_type_name(number: int) -> str | None:
    """The name of a device type, or None."""
    return names().get(number)
