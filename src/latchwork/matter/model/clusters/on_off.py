"""On/Off (Application Clusters 1.5): a thing that is on or off.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command
from latchwork.matter.tlv.schema import U8, U16, OpenEnum, Range, Struct, Tag


class OnOffControlBitmap(IntFlag):
    """Bits of on off control."""

    ACCEPT_ONLY_WHEN_ON = 1 << 0


class StartUpOnOffEnum(OpenEnum):
    """Values of start up on off."""

    OFF = 0
    ON = 1
    TOGGLE = 2


class EffectIdentifierEnum(OpenEnum):
    """Values of effect identifier."""

    DELAYED_ALL_OFF = 0
    DYING_LIGHT = 1


class DelayedAllOffEffectVariantEnum(OpenEnum):
    """Values of delayed all off effect variant."""

    DELAYED_OFF_FAST_FADE = 0
    NO_FADE = 1
    DELAYED_OFF_SLOW_FADE = 2


class DyingLightEffectVariantEnum(OpenEnum):
    """Values of dying light effect variant."""

    DYING_LIGHT_FADE_OFF = 0


class OffWithEffect(Struct):
    """Fields of the command OffWithEffect."""

    effect_identifier: Annotated[EffectIdentifierEnum, Tag(0)]
    effect_variant: Annotated[U8, Tag(1)]


class OnWithTimedOff(Struct):
    """Fields of the command OnWithTimedOff."""

    on_off_control: Annotated[OnOffControlBitmap, Tag(0)]
    on_time: Annotated[U16, Tag(1), Range(0, 65534)]
    off_wait_time: Annotated[U16, Tag(2), Range(0, 65534)]


class OnOff(Cluster):
    """The cluster: a thing that is on or off."""

    __slots__ = ()

    id = 0x0006
    revision = 6
    name = "OnOff"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        LIGHTING = LT = 1 << 0
        DEAD_FRONT_BEHAVIOR = DF = 1 << 1
        OFF_ONLY = OFFONLY = 1 << 2

    on_off = Attribute[bool](0x0000, bool, quality="N S")
    global_scene_control = Attribute[bool](0x4000, bool, "LT")
    on_time = Attribute[int](0x4001, U16, "LT", access="RW VO")
    off_wait_time = Attribute[int](0x4002, U16, "LT", access="RW VO")
    start_up_on_off = Attribute[StartUpOnOffEnum | None](
        0x4003, StartUpOnOffEnum, "LT", access="RW VM", quality="X N", constraint="desc"
    )

    off = Command(0x00, None, None)
    on = Command(0x01, None, None, "!OFFONLY")
    toggle = Command(0x02, None, None, "!OFFONLY")
    off_with_effect = Command(0x40, OffWithEffect, None, "LT")
    on_with_recall_global_scene = Command(0x41, None, None, "LT")
    on_with_timed_off = Command(0x42, OnWithTimedOff, None, "LT")
