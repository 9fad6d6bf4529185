"""The clusters of the root endpoint, in one list (Root Node device type, Device Library 2.1).

Stands in node.
"""

from __future__ import annotations

from functools import partial

from latchwork.matter.model.clusters.access_control import AccessControl
from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning
from latchwork.matter.model.clusters.operational_credentials import OperationalCredentials
from latchwork.node.behaviors.access_control import (
    ENTRIES_PER_FABRIC,
    SUBJECTS_PER_ENTRY,
    TARGETS_PER_ENTRY,
    AccessControlBehavior,
)
from latchwork.node.behaviors.administrator_commissioning import AdministratorCommissioningBehavior
from latchwork.node.behaviors.basic_information import BasicInformationBehavior, basic_information
from latchwork.node.behaviors.general_commissioning import GeneralCommissioningBehavior, general_commissioning
from latchwork.node.behaviors.general_diagnostics import GeneralDiagnosticsBehavior, general_diagnostics
from latchwork.node.behaviors.group_key_management import GroupKeyManagementBehavior, group_key_management
from latchwork.node.behaviors.localization_configuration import (
    LocalizationConfigurationBehavior,
    localization_configuration,
)
from latchwork.node.behaviors.network_commissioning import NetworkCommissioningBehavior, network_commissioning
from latchwork.node.behaviors.operational_credentials import OperationalCredentialsBehavior
from latchwork.node.behaviors.time_synchronization import TimeSynchronizationBehavior, time_synchronization
from latchwork.node.config import NodeConfig
from latchwork.node.endpoint import BehaviorFactory


def root_behaviors(config: NodeConfig) -> list[BehaviorFactory]:
    """What makes the root endpoint's clusters."""
    spec = config.spec
    sleepy: list[BehaviorFactory] = []
    if config.icd is not None:
        from latchwork.node.behaviors.icd_management import (  # noqa: PLC0415 - most nodes never sleep
            IcdManagementBehavior,
            icd_management,
        )

        sleepy = [partial(IcdManagementBehavior, state=icd_management(config.icd, spec), config=config.icd)]
    return [
        partial(
            AccessControlBehavior,
            state=AccessControl(
                spec=spec,
                features=AccessControl.Feature.EXTENSION,
                subjects_per_access_control_entry=SUBJECTS_PER_ENTRY,
                targets_per_access_control_entry=TARGETS_PER_ENTRY,
                access_control_entries_per_fabric=ENTRIES_PER_FABRIC,
            ),
        ),
        partial(BasicInformationBehavior, state=basic_information(config)),
        partial(LocalizationConfigurationBehavior, state=localization_configuration(config)),
        partial(GeneralCommissioningBehavior, state=general_commissioning(config)),
        partial(NetworkCommissioningBehavior, state=network_commissioning(config)),
        partial(GeneralDiagnosticsBehavior, state=general_diagnostics(config)),
        partial(TimeSynchronizationBehavior, state=time_synchronization(config)),
        partial(
            AdministratorCommissioningBehavior,
            state=AdministratorCommissioning(spec=spec, features=AdministratorCommissioning.Feature.BASIC),
        ),
        partial(OperationalCredentialsBehavior, state=OperationalCredentials(spec=spec)),
        partial(GroupKeyManagementBehavior, state=group_key_management(config)),
        *sleepy,
    ]
