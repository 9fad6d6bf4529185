"""Power Source (Core 11.7): the mains or the battery that an endpoint lives on.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Event, Priority
from latchwork.matter.tlv.schema import U8, U16, U32, OpenEnum, Struct, Tag


class WiredFaultEnum(OpenEnum):
    """Values of wired fault."""

    UNSPECIFIED = 0
    OVER_VOLTAGE = 1
    UNDER_VOLTAGE = 2


class BatFaultEnum(OpenEnum):
    """Values of bat fault."""

    UNSPECIFIED = 0
    OVER_TEMP = 1
    UNDER_TEMP = 2


class BatChargeFaultEnum(OpenEnum):
    """Values of bat charge fault."""

    UNSPECIFIED = 0
    AMBIENT_TOO_HOT = 1
    AMBIENT_TOO_COLD = 2
    BATTERY_TOO_HOT = 3
    BATTERY_TOO_COLD = 4
    BATTERY_ABSENT = 5
    BATTERY_OVER_VOLTAGE = 6
    BATTERY_UNDER_VOLTAGE = 7
    CHARGER_OVER_VOLTAGE = 8
    CHARGER_UNDER_VOLTAGE = 9
    SAFETY_TIMEOUT = 10


class PowerSourceStatusEnum(OpenEnum):
    """Values of power source status."""

    UNSPECIFIED = 0
    ACTIVE = 1
    STANDBY = 2
    UNAVAILABLE = 3


class WiredCurrentTypeEnum(OpenEnum):
    """Values of wired current type."""

    AC = 0
    DC = 1


class BatChargeLevelEnum(OpenEnum):
    """Values of bat charge level."""

    OK = 0
    WARNING = 1
    CRITICAL = 2


class BatReplaceabilityEnum(OpenEnum):
    """Values of bat replaceability."""

    UNSPECIFIED = 0
    NOT_REPLACEABLE = 1
    USER_REPLACEABLE = 2
    FACTORY_REPLACEABLE = 3


class BatCommonDesignationEnum(OpenEnum):
    """Values of bat common designation."""

    UNSPECIFIED = 0
    AAA = 1
    AA = 2
    C = 3
    D = 4
    _4_V5 = 5
    _6_V0 = 6
    _9_V0 = 7
    _12_AA = 8
    AAAA = 9
    A = 10
    B = 11
    F = 12
    N = 13
    NO6 = 14
    SUB_C = 15
    A23 = 16
    A27 = 17
    BA5800 = 18
    DUPLEX = 19
    _4_SR44 = 20
    _523 = 21
    _531 = 22
    _15_V0 = 23
    _22_V5 = 24
    _30_V0 = 25
    _45_V0 = 26
    _67_V5 = 27
    J = 28
    CR123_A = 29
    CR2 = 30
    _2_CR5 = 31
    CR_P2 = 32
    CR_V3 = 33
    SR41 = 34
    SR43 = 35
    SR44 = 36
    SR45 = 37
    SR48 = 38
    SR54 = 39
    SR55 = 40
    SR57 = 41
    SR58 = 42
    SR59 = 43
    SR60 = 44
    SR63 = 45
    SR64 = 46
    SR65 = 47
    SR66 = 48
    SR67 = 49
    SR68 = 50
    SR69 = 51
    SR516 = 52
    SR731 = 53
    SR712 = 54
    LR932 = 55
    A5 = 56
    A10 = 57
    A13 = 58
    A312 = 59
    A675 = 60
    AC41_E = 61
    _10180 = 62
    _10280 = 63
    _10440 = 64
    _14250 = 65
    _14430 = 66
    _14500 = 67
    _14650 = 68
    _15270 = 69
    _16340 = 70
    RCR123_A = 71
    _17500 = 72
    _17670 = 73
    _18350 = 74
    _18500 = 75
    _18650 = 76
    _19670 = 77
    _25500 = 78
    _26650 = 79
    _32600 = 80


class BatApprovedChemistryEnum(OpenEnum):
    """Values of bat approved chemistry."""

    UNSPECIFIED = 0
    ALKALINE = 1
    LITHIUM_CARBON_FLUORIDE = 2
    LITHIUM_CHROMIUM_OXIDE = 3
    LITHIUM_COPPER_OXIDE = 4
    LITHIUM_IRON_DISULFIDE = 5
    LITHIUM_MANGANESE_DIOXIDE = 6
    LITHIUM_THIONYL_CHLORIDE = 7
    MAGNESIUM = 8
    MERCURY_OXIDE = 9
    NICKEL_OXYHYDRIDE = 10
    SILVER_OXIDE = 11
    ZINC_AIR = 12
    ZINC_CARBON = 13
    ZINC_CHLORIDE = 14
    ZINC_MANGANESE_DIOXIDE = 15
    LEAD_ACID = 16
    LITHIUM_COBALT_OXIDE = 17
    LITHIUM_ION = 18
    LITHIUM_ION_POLYMER = 19
    LITHIUM_IRON_PHOSPHATE = 20
    LITHIUM_SULFUR = 21
    LITHIUM_TITANATE = 22
    NICKEL_CADMIUM = 23
    NICKEL_HYDROGEN = 24
    NICKEL_IRON = 25
    NICKEL_METAL_HYDRIDE = 26
    NICKEL_ZINC = 27
    SILVER_ZINC = 28
    SODIUM_ION = 29
    SODIUM_SULFUR = 30
    ZINC_BROMIDE = 31
    ZINC_CERIUM = 32


class BatChargeStateEnum(OpenEnum):
    """Values of bat charge state."""

    UNKNOWN = 0
    IS_CHARGING = 1
    IS_AT_FULL_CHARGE = 2
    IS_NOT_CHARGING = 3


class WiredFaultChange(Struct):
    """Fields of the event WiredFaultChange."""

    current: Annotated[tuple[WiredFaultEnum, ...], Tag(0)]
    previous: Annotated[tuple[WiredFaultEnum, ...], Tag(1)]


class BatFaultChange(Struct):
    """Fields of the event BatFaultChange."""

    current: Annotated[tuple[BatFaultEnum, ...], Tag(0)]
    previous: Annotated[tuple[BatFaultEnum, ...], Tag(1)]


class BatChargeFaultChange(Struct):
    """Fields of the event BatChargeFaultChange."""

    current: Annotated[tuple[BatChargeFaultEnum, ...], Tag(0)]
    previous: Annotated[tuple[BatChargeFaultEnum, ...], Tag(1)]


class PowerSource(Cluster):
    """The cluster: the mains or the battery that an endpoint lives on."""

    __slots__ = ()

    id = 0x002F
    revision = 3
    name = "PowerSource"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        WIRED = 1 << 0
        BATTERY = BAT = 1 << 1
        RECHARGEABLE = RECHG = 1 << 2
        REPLACEABLE = REPLC = 1 << 3

    status = Attribute[PowerSourceStatusEnum](0x0000, PowerSourceStatusEnum, constraint="desc")
    order = Attribute[int](0x0001, U8, quality="N")
    description = Attribute[str](0x0002, str, quality="F", constraint="max 60")
    wired_assessed_input_voltage = Attribute[int | None](0x0003, U32, "[WIRED]", quality="X C")
    wired_assessed_input_frequency = Attribute[int | None](0x0004, U16, "[WIRED]", quality="X C")
    wired_current_type = Attribute[WiredCurrentTypeEnum](
        0x0005, WiredCurrentTypeEnum, "WIRED", quality="F", constraint="desc"
    )
    wired_assessed_current = Attribute[int | None](0x0006, U32, "[WIRED]", quality="X C")
    wired_nominal_voltage = Attribute[int](0x0007, U32, "[WIRED]", quality="F")
    wired_maximum_current = Attribute[int](0x0008, U32, "[WIRED]", quality="F")
    wired_present = Attribute[bool](0x0009, bool, "[WIRED]")
    active_wired_faults = Attribute[tuple[WiredFaultEnum, ...]](
        0x000A, tuple[WiredFaultEnum, ...], "[WIRED]", constraint="max 8"
    )
    bat_voltage = Attribute[int | None](0x000B, U32, "[BAT]", quality="X C")
    bat_percent_remaining = Attribute[int | None](0x000C, U8, "[BAT]", quality="X Q", constraint="max 200")
    bat_time_remaining = Attribute[int | None](0x000D, U32, "[BAT]", quality="X Q")
    bat_charge_level = Attribute[BatChargeLevelEnum](0x000E, BatChargeLevelEnum, "BAT", constraint="desc")
    bat_replacement_needed = Attribute[bool](0x000F, bool, "BAT")
    bat_replaceability = Attribute[BatReplaceabilityEnum](0x0010, BatReplaceabilityEnum, "BAT", quality="F")
    bat_present = Attribute[bool](0x0011, bool, "[BAT]")
    active_bat_faults = Attribute[tuple[BatFaultEnum, ...]](
        0x0012, tuple[BatFaultEnum, ...], "[BAT]", constraint="max 8"
    )
    bat_replacement_description = Attribute[str](0x0013, str, "REPLC", quality="F", constraint="max 60")
    bat_common_designation = Attribute[BatCommonDesignationEnum](
        0x0014, BatCommonDesignationEnum, "[REPLC]", quality="F", constraint="desc"
    )
    bat_ansi_designation = Attribute[str](0x0015, str, "[REPLC]", quality="F", constraint="max 20")
    bat_iec_designation = Attribute[str](0x0016, str, "[REPLC]", quality="F", constraint="max 20")
    bat_approved_chemistry = Attribute[BatApprovedChemistryEnum](
        0x0017, BatApprovedChemistryEnum, "[REPLC]", quality="F", constraint="desc"
    )
    bat_capacity = Attribute[int](0x0018, U32, "[REPLC | RECHG]", quality="F")
    bat_quantity = Attribute[int](0x0019, U8, "REPLC", quality="F")
    bat_charge_state = Attribute[BatChargeStateEnum](0x001A, BatChargeStateEnum, "RECHG", constraint="desc")
    bat_time_to_full_charge = Attribute[int | None](0x001B, U32, "[RECHG]", quality="X Q")
    bat_functional_while_charging = Attribute[bool](0x001C, bool, "RECHG")
    bat_charging_current = Attribute[int | None](0x001D, U32, "[RECHG]", quality="X C")
    active_bat_charge_faults = Attribute[tuple[BatChargeFaultEnum, ...]](
        0x001E, tuple[BatChargeFaultEnum, ...], "[RECHG]", constraint="max 16"
    )
    endpoint_list = Attribute[tuple[int, ...]](0x001F, tuple[U16, ...])

    wired_fault_change = Event(0x00, WiredFaultChange, "[WIRED]", Priority.INFO)
    bat_fault_change = Event(0x01, BatFaultChange, "[BAT]", Priority.INFO)
    bat_charge_fault_change = Event(0x02, BatChargeFaultChange, "[RECHG]", Priority.INFO)
