"""General Commissioning: the fail-safe's commands and the regulatory configuration (Core 11.10).

Stands in node; the fail-safe itself is the node's.
"""

from __future__ import annotations

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.general_commissioning import (
    ArmFailSafe,
    ArmFailSafeResponse,
    BasicCommissioningInfo,
    CommissioningCompleteResponse,
    CommissioningErrorEnum,
    GeneralCommissioning,
    RegulatoryLocationTypeEnum,
    SetRegulatoryConfig,
    SetRegulatoryConfigResponse,
)
from latchwork.matter.trust.access import AuthMode
from latchwork.node.behavior import Behavior
from latchwork.node.behaviors.basic_information import BasicInformationBehavior
from latchwork.node.config import NodeConfig


def general_commissioning(config: NodeConfig) -> GeneralCommissioning:
    """The cluster's values for a configuration."""
    return GeneralCommissioning(
        spec=config.spec,
        breadcrumb=0,
        basic_commissioning_info=BasicCommissioningInfo(
            fail_safe_expiry_length_seconds=config.fail_safe_seconds,
            max_cumulative_failsafe_seconds=config.max_cumulative_fail_safe_seconds,
        ),
        regulatory_config=RegulatoryLocationTypeEnum(config.location_capability),
        location_capability=RegulatoryLocationTypeEnum(config.location_capability),
        supports_concurrent_connection=True,
    )


class GeneralCommissioningBehavior(Behavior):
    """Arms, extends, completes and cancels the fail-safe."""

    __slots__ = ()

    cluster = GeneralCommissioning
    stored = frozenset({"regulatory_config"})

    def arm_fail_safe(self, request: ArmFailSafe, context: RequestContext) -> ArmFailSafeResponse:
        """Arms the fail-safe, sets its timer anew, or with 0 seconds undoes everything (Core 11.10.7.2)."""
        fail_safe, subject = self.node.fail_safe, context.subject
        index = subject.fabric_index
        if fail_safe.is_armed and not fail_safe.is_armed_for(index):
            return _armed(CommissioningErrorEnum.BUSY_WITH_OTHER_ADMIN)
        if not fail_safe.is_armed and self.node.window.is_open and subject.auth_mode is AuthMode.CASE:
            # The commissioner that the window was opened for comes first.
            return _armed(CommissioningErrorEnum.BUSY_WITH_OTHER_ADMIN)
        if request.expiry_length_seconds == 0:
            fail_safe.expire()
        else:
            limit = self.node.config.max_cumulative_fail_safe_seconds
            fail_safe.arm(index, request.expiry_length_seconds, limit)
            self.state.breadcrumb = request.breadcrumb
        return _armed(CommissioningErrorEnum.OK)

    def set_regulatory_config(
        self, request: SetRegulatoryConfig, _context: RequestContext
    ) -> SetRegulatoryConfigResponse:
        """Sets where the node is used and in which country (Core 11.10.7.4).

        Raises:
            StatusError: the country code has not two characters.
        """
        if len(request.country_code) != 2:
            raise StatusError(Status.CONSTRAINT_ERROR, "a country code has two characters")
        wanted, capability = request.new_regulatory_config, self.state.location_capability
        if wanted > RegulatoryLocationTypeEnum.INDOOR_OUTDOOR or (
            capability not in {RegulatoryLocationTypeEnum.INDOOR_OUTDOOR, wanted}
        ):
            return SetRegulatoryConfigResponse(error_code=CommissioningErrorEnum.VALUE_OUTSIDE_RANGE, debug_text="")
        self.state.regulatory_config = wanted
        self.sibling(BasicInformationBehavior).state.location = request.country_code
        self.state.breadcrumb = request.breadcrumb
        return SetRegulatoryConfigResponse(error_code=CommissioningErrorEnum.OK, debug_text="")

    def commissioning_complete(self, _request: object, context: RequestContext) -> CommissioningCompleteResponse:
        """Makes everything done under the fail-safe last (Core 11.10.7.6).

        Raises:
            StatusError: the caller has no fabric yet.
        """
        index = self.accessing_fabric(context)
        fail_safe, subject = self.node.fail_safe, context.subject
        error = CommissioningErrorEnum.OK
        if not fail_safe.is_armed:
            error = CommissioningErrorEnum.NO_FAIL_SAFE
        elif subject.auth_mode is not AuthMode.CASE or not fail_safe.is_armed_for(index):
            error = CommissioningErrorEnum.INVALID_AUTHENTICATION
        else:
            self.node.commissioning_completed()
            self.state.breadcrumb = 0
        return CommissioningCompleteResponse(error_code=error, debug_text="")

    def fail_safe_expired(self) -> None:
        """The next commissioner starts from the beginning."""
        self.state.breadcrumb = 0


def _armed(error: CommissioningErrorEnum) -> ArmFailSafeResponse:
    return ArmFailSafeResponse(error_code=error, debug_text="")
