"""OTA Software Update Requestor (Core 11.20.7): how the node gets new software.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Event, Priority
from latchwork.matter.tlv.schema import I64, U8, U16, U32, U64, Len, Nullable, OpenEnum, Struct, Tag


class AnnouncementReasonEnum(OpenEnum):
    """Values of announcement reason."""

    SIMPLE_ANNOUNCEMENT = 0
    UPDATE_AVAILABLE = 1
    URGENT_UPDATE_AVAILABLE = 2


class UpdateStateEnum(OpenEnum):
    """Values of update state."""

    UNKNOWN = 0
    IDLE = 1
    QUERYING = 2
    DELAYED_ON_QUERY = 3
    DOWNLOADING = 4
    APPLYING = 5
    DELAYED_ON_APPLY = 6
    ROLLING_BACK = 7
    DELAYED_ON_USER_CONSENT = 8


class ChangeReasonEnum(OpenEnum):
    """Values of change reason."""

    UNKNOWN = 0
    SUCCESS = 1
    FAILURE = 2
    TIME_OUT = 3
    DELAY_BY_PROVIDER = 4


class ProviderLocation(Struct):
    """Provider location."""

    provider_node_id: Annotated[U64, Tag(1)]
    endpoint: Annotated[U16, Tag(2)]
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class AnnounceOtaProvider(Struct):
    """Fields of the command AnnounceOtaProvider."""

    provider_node_id: Annotated[U64, Tag(0)]
    vendor_id: Annotated[U16, Tag(1)]
    announcement_reason: Annotated[AnnouncementReasonEnum, Tag(2)]
    metadata_for_node: Annotated[bytes | None, Tag(3), Len(0, 512)] = None
    endpoint: Annotated[U16, Tag(4)]


class StateTransition(Struct):
    """Fields of the event StateTransition."""

    previous_state: Annotated[UpdateStateEnum, Tag(0)]
    new_state: Annotated[UpdateStateEnum, Tag(1)]
    reason: Annotated[ChangeReasonEnum, Tag(2)]
    target_software_version: Annotated[U32 | None, Tag(3), Nullable]


class VersionApplied(Struct):
    """Fields of the event VersionApplied."""

    software_version: Annotated[U32, Tag(0)]
    product_id: Annotated[U16, Tag(1)]


class DownloadError(Struct):
    """Fields of the event DownloadError."""

    software_version: Annotated[U32, Tag(0)]
    bytes_downloaded: Annotated[U64, Tag(1)]
    progress_percent: Annotated[U8 | None, Tag(2), Nullable]
    platform_code: Annotated[I64 | None, Tag(3), Nullable]


class OtaSoftwareUpdateRequestor(Cluster):
    """The cluster: how the node gets new software."""

    __slots__ = ()

    id = 0x002A
    revision = 1
    name = "OtaSoftwareUpdateRequestor"

    default_ota_providers = Attribute[tuple[ProviderLocation, ...]](
        0x0000, tuple[ProviderLocation, ...], access="RW F VA", quality="N", constraint="desc"
    )
    update_possible = Attribute[bool](0x0001, bool, default=True)
    update_state = Attribute[UpdateStateEnum](0x0002, UpdateStateEnum)
    update_state_progress = Attribute[int | None](0x0003, U8, quality="X Q", constraint="0 to 100")

    announce_ota_provider = Command(0x00, AnnounceOtaProvider, None, "O", access="A")

    state_transition = Event(0x00, StateTransition, "M", Priority.INFO)
    version_applied = Event(0x01, VersionApplied, "M", Priority.CRITICAL)
    download_error = Event(0x02, DownloadError, "M", Priority.INFO)
