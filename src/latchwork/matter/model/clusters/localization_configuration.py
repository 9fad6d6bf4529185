"""Localization Configuration (Core 11.3): the language the node speaks.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from latchwork.matter.model.meta import Attribute, Cluster


class LocalizationConfiguration(Cluster):
    """The cluster: the language the node speaks."""

    __slots__ = ()

    id = 0x002B
    revision = 1
    name = "LocalizationConfiguration"

    active_locale = Attribute[str](0x0000, str, access="RW VM", quality="N", constraint="in SupportedLocales")
    supported_locales = Attribute[tuple[str, ...]](0x0001, tuple[str, ...], quality="F", constraint="max 32[max 35]")
