"""Identify (Application Clusters 1.2): how a device shows which one it is.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from latchwork.matter.model.meta import Attribute, Cluster, Command
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.schema import U16, OpenEnum, Struct, Tag


class IdentifyTypeEnum(OpenEnum):
    """Values of identify type."""

    NONE = 0
    LIGHT_OUTPUT = 1
    VISIBLE_INDICATOR = 2
    AUDIBLE_BEEP = 3
    DISPLAY = 4
    ACTUATOR = 5


class EffectIdentifierEnum(OpenEnum):
    """Values of effect identifier."""

    BLINK = 0
    BREATHE = 1
    OKAY = 2
    CHANNEL_CHANGE = 11
    FINISH_EFFECT = 254
    STOP_EFFECT = 255


class EffectVariantEnum(OpenEnum):
    """Values of effect variant."""

    DEFAULT = 0


class IdentifyRequest(Struct):
    """Fields of the command Identify."""

    identify_time: Annotated[U16, Tag(0)]


class TriggerEffect(Struct):
    """Fields of the command TriggerEffect."""

    effect_identifier: Annotated[EffectIdentifierEnum, Tag(0)]
    effect_variant: Annotated[EffectVariantEnum, Tag(1)]


class Identify(Cluster):
    """The cluster: how a device shows which one it is."""

    __slots__ = ()

    id = 0x0003
    revision = 6
    name = "Identify"
    revisions: ClassVar[Mapping[SpecVersion, int]] = {SpecVersion.V1_4_2: 5}

    identify_time = Attribute[int](0x0000, U16, access="RW VO", quality="Q")
    identify_type = Attribute[IdentifyTypeEnum](0x0001, IdentifyTypeEnum, constraint="desc")

    identify = Command(0x00, IdentifyRequest, None, access="M")
    trigger_effect = Command(0x40, TriggerEffect, None, "O", access="M")
