"""The clusters that Latchwork declares, by id.

Model storey of `matter`; an explicit list, so that importing says what there is.
"""

from __future__ import annotations

from latchwork.matter.model.clusters.access_control import AccessControl
from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.binding import Binding
from latchwork.matter.model.clusters.descriptor import Descriptor
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.ethernet_network_diagnostics import EthernetNetworkDiagnostics
from latchwork.matter.model.clusters.fixed_label import FixedLabel
from latchwork.matter.model.clusters.general_commissioning import GeneralCommissioning
from latchwork.matter.model.clusters.general_diagnostics import GeneralDiagnostics
from latchwork.matter.model.clusters.group_key_management import GroupKeyManagement
from latchwork.matter.model.clusters.groups import Groups
from latchwork.matter.model.clusters.icd_management import IcdManagement
from latchwork.matter.model.clusters.identify import Identify
from latchwork.matter.model.clusters.localization_configuration import LocalizationConfiguration
from latchwork.matter.model.clusters.network_commissioning import NetworkCommissioning
from latchwork.matter.model.clusters.on_off import OnOff
from latchwork.matter.model.clusters.operational_credentials import OperationalCredentials
from latchwork.matter.model.clusters.ota_software_update_provider import OtaSoftwareUpdateProvider
from latchwork.matter.model.clusters.ota_software_update_requestor import OtaSoftwareUpdateRequestor
from latchwork.matter.model.clusters.power_source import PowerSource
from latchwork.matter.model.clusters.software_diagnostics import SoftwareDiagnostics
from latchwork.matter.model.clusters.time_format_localization import TimeFormatLocalization
from latchwork.matter.model.clusters.time_synchronization import TimeSynchronization
from latchwork.matter.model.clusters.user_label import UserLabel
from latchwork.matter.model.meta import Cluster

CLUSTERS: dict[int, type[Cluster]] = {
    cluster.id: cluster
    for cluster in (
        Identify,
        Groups,
        OnOff,
        Descriptor,
        Binding,
        AccessControl,
        BasicInformation,
        OtaSoftwareUpdateProvider,
        OtaSoftwareUpdateRequestor,
        LocalizationConfiguration,
        TimeFormatLocalization,
        PowerSource,
        GeneralCommissioning,
        NetworkCommissioning,
        GeneralDiagnostics,
        SoftwareDiagnostics,
        EthernetNetworkDiagnostics,
        TimeSynchronization,
        AdministratorCommissioning,
        OperationalCredentials,
        GroupKeyManagement,
        FixedLabel,
        UserLabel,
        IcdManagement,
        DoorLock,
    )
}
"""Every declared cluster by id, ascending; what is not here can be read and written by number."""
