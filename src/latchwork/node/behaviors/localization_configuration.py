"""Localization Configuration: the language of texts the node makes (Core 11.3).

Stands in node.
"""

from __future__ import annotations

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.localization_configuration import LocalizationConfiguration
from latchwork.node.behavior import Behavior
from latchwork.node.config import NodeConfig


def localization_configuration(config: NodeConfig) -> LocalizationConfiguration:
    """The cluster's values for a configuration."""
    return LocalizationConfiguration(
        spec=config.spec, active_locale=config.supported_locales[0], supported_locales=config.supported_locales
    )


class LocalizationConfigurationBehavior(Behavior):
    """Keeps one of the supported locales."""

    __slots__ = ()

    cluster = LocalizationConfiguration

    def write_active_locale(self, value: str, _context: RequestContext) -> None:
        """Chooses a locale.

        Raises:
            StatusError: it is not supported.
        """
        if value not in self.state.supported_locales:
            raise StatusError(Status.CONSTRAINT_ERROR, "the locale is not supported")
        self.state.active_locale = value
