"""OTA Software Update Provider (Core 11.20.6): where nodes get new software.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from typing import Annotated

from latchwork.matter.model.meta import Cluster, Command, Response
from latchwork.matter.tlv.schema import U16, U32, Len, OpenEnum, Struct, Tag


class StatusEnum(OpenEnum):
    """Values of status."""

    UPDATE_AVAILABLE = 0
    BUSY = 1
    NOT_AVAILABLE = 2
    DOWNLOAD_PROTOCOL_NOT_SUPPORTED = 3


class ApplyUpdateActionEnum(OpenEnum):
    """Values of apply update action."""

    PROCEED = 0
    AWAIT_NEXT_ACTION = 1
    DISCONTINUE = 2


class DownloadProtocolEnum(OpenEnum):
    """Values of download protocol."""

    BDX_SYNCHRONOUS = 0
    BDX_ASYNCHRONOUS = 1
    HTTPS = 2
    VENDOR_SPECIFIC = 3


class QueryImage(Struct):
    """Fields of the command QueryImage."""

    vendor_id: Annotated[U16, Tag(0)]
    product_id: Annotated[U16, Tag(1)]
    software_version: Annotated[U32, Tag(2)]
    protocols_supported: Annotated[tuple[DownloadProtocolEnum, ...], Tag(3), Len(0, 8)]
    hardware_version: Annotated[U16 | None, Tag(4)] = None
    location: Annotated[str | None, Tag(5), Len(2)] = None
    requestor_can_consent: Annotated[bool | None, Tag(6)] = None
    metadata_for_provider: Annotated[bytes | None, Tag(7), Len(0, 512)] = None


class QueryImageResponse(Response):
    """Answer to QueryImage; all but the status goes with an update that is available."""

    command_id = 0x01

    status: Annotated[StatusEnum, Tag(0)]
    delayed_action_time: Annotated[U32 | None, Tag(1)] = None
    image_uri: Annotated[str | None, Tag(2), Len(0, 256)] = None
    software_version: Annotated[U32 | None, Tag(3)] = None
    software_version_string: Annotated[str | None, Tag(4), Len(1, 64)] = None
    update_token: Annotated[bytes | None, Tag(5), Len(8, 32)] = None
    user_consent_needed: Annotated[bool | None, Tag(6)] = None
    metadata_for_requestor: Annotated[bytes | None, Tag(7), Len(0, 512)] = None


class ApplyUpdateRequest(Struct):
    """Fields of the command ApplyUpdateRequest."""

    update_token: Annotated[bytes, Tag(0), Len(8, 32)]
    new_version: Annotated[U32, Tag(1)]


class ApplyUpdateResponse(Response):
    """Answer to ApplyUpdateRequest."""

    command_id = 0x03

    action: Annotated[ApplyUpdateActionEnum, Tag(0)]
    delayed_action_time: Annotated[U32, Tag(1)]


class NotifyUpdateApplied(Struct):
    """Fields of the command NotifyUpdateApplied."""

    update_token: Annotated[bytes, Tag(0), Len(8, 32)]
    software_version: Annotated[U32, Tag(1)]


class OtaSoftwareUpdateProvider(Cluster):
    """The cluster: where nodes get new software."""

    __slots__ = ()

    id = 0x0029
    revision = 1
    name = "OtaSoftwareUpdateProvider"

    query_image = Command(0x00, QueryImage, QueryImageResponse, access="O")
    apply_update_request = Command(0x02, ApplyUpdateRequest, ApplyUpdateResponse, access="O")
    notify_update_applied = Command(0x04, NotifyUpdateApplied, None, access="O")
