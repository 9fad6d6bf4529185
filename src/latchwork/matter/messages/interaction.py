"""The messages of the interaction model, field by field (Core 8 and 10.6).

Stands on `tlv`; knows no model, no access rule and no order of messages. Names are the specification's. Fields that hold a value of
the data model are of type Any: only the cluster's declaration knows what they are.

Senders of older revisions leave optional things out, so every field that a receiver can do without is optional here.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from latchwork.matter.tlv.schema import ABSENT, U8, U16, U32, U64, Absent, Nullable, OpenEnum, Struct, Tag

INTERACTION_MODEL_REVISION: Final = 12
"""What we state in every message (Core 8.1.1)."""

_REVISION: Final = Tag(0xFF)


class Opcode(OpenEnum):
    """Message types of the interaction model's protocol (Core 10.2.1)."""

    STATUS_RESPONSE = 0x01
    READ_REQUEST = 0x02
    SUBSCRIBE_REQUEST = 0x03
    SUBSCRIBE_RESPONSE = 0x04
    REPORT_DATA = 0x05
    WRITE_REQUEST = 0x06
    WRITE_RESPONSE = 0x07
    INVOKE_REQUEST = 0x08
    INVOKE_RESPONSE = 0x09
    TIMED_REQUEST = 0x0A


class AttributePathIB(Struct):
    """Which attributes; an absent part stands for all (Core 10.6.2).

    `list_index` null means: append an item (Core 8.9.2.3).
    """

    is_list: ClassVar[bool] = True

    enable_tag_compression: Annotated[bool | None, Tag(0)] = None
    node: Annotated[U64 | None, Tag(1)] = None
    endpoint: Annotated[U16 | None, Tag(2)] = None
    cluster: Annotated[U32 | None, Tag(3)] = None
    attribute: Annotated[U32 | None, Tag(4)] = None
    list_index: Annotated[U16 | Absent | None, Tag(5), Nullable] = ABSENT
    wildcard_path_flags: Annotated[U32 | None, Tag(6)] = None


class ClusterPathIB(Struct):
    """One cluster on one endpoint (Core 10.6.7)."""

    is_list: ClassVar[bool] = True

    node: Annotated[U64 | None, Tag(0)] = None
    endpoint: Annotated[U16, Tag(1)]
    cluster: Annotated[U32, Tag(2)]


class DataVersionFilterIB(Struct):
    """Leave a cluster out as long as it has this version (Core 10.6.3)."""

    path: Annotated[ClusterPathIB, Tag(0)]
    data_version: Annotated[U32, Tag(1)]


class EventPathIB(Struct):
    """Which events; an absent part stands for all (Core 10.6.8)."""

    is_list: ClassVar[bool] = True

    node: Annotated[U64 | None, Tag(0)] = None
    endpoint: Annotated[U16 | None, Tag(1)] = None
    cluster: Annotated[U32 | None, Tag(2)] = None
    event: Annotated[U32 | None, Tag(3)] = None
    is_urgent: Annotated[bool | None, Tag(4)] = None


class EventFilterIB(Struct):
    """Leave events before a number out (Core 10.6.6)."""

    node: Annotated[U64 | None, Tag(0)] = None
    event_min: Annotated[U64, Tag(1)]


class CommandPathIB(Struct):
    """One command; the endpoint is absent in a message to a group (Core 10.6.12)."""

    is_list: ClassVar[bool] = True

    endpoint: Annotated[U16 | None, Tag(0)] = None
    cluster: Annotated[U32, Tag(1)]
    command: Annotated[U32, Tag(2)]


class StatusIB(Struct):
    """A status and the cluster's own code beside it (Core 10.6.17)."""

    status: Annotated[U8, Tag(0)]
    cluster_status: Annotated[U8 | None, Tag(1)] = None


class AttributeDataIB(Struct):
    """The value of an attribute, or of an item of it (Core 10.6.4)."""

    data_version: Annotated[U32 | None, Tag(0)] = None
    path: Annotated[AttributePathIB, Tag(1)]
    data: Annotated[Any, Tag(2)]


class AttributeStatusIB(Struct):
    """Why an attribute was not read, or how writing it went (Core 10.6.16)."""

    path: Annotated[AttributePathIB, Tag(0)]
    status: Annotated[StatusIB, Tag(1)]


class AttributeReportIB(Struct):
    """Either a status or a value (Core 10.6.5)."""

    attribute_status: Annotated[AttributeStatusIB | None, Tag(0)] = None
    attribute_data: Annotated[AttributeDataIB | None, Tag(1)] = None


class EventStatusIB(Struct):
    """Why an event path was not reported (Core 10.6.15)."""

    path: Annotated[EventPathIB, Tag(0)]
    status: Annotated[StatusIB, Tag(1)]


class EventDataIB(Struct):
    """One event: epoch timestamps in milliseconds since 1970, system timestamps in milliseconds since start (Core 10.6.9)."""

    path: Annotated[EventPathIB, Tag(0)]
    event_number: Annotated[U64, Tag(1)]
    priority: Annotated[U8, Tag(2)]
    epoch_timestamp: Annotated[U64 | None, Tag(3)] = None
    system_timestamp: Annotated[U64 | None, Tag(4)] = None
    delta_epoch_timestamp: Annotated[U64 | None, Tag(5)] = None
    delta_system_timestamp: Annotated[U64 | None, Tag(6)] = None
    data: Annotated[Any | Absent, Tag(7), Nullable] = ABSENT


class EventReportIB(Struct):
    """Either a status or an event (Core 10.6.10)."""

    event_status: Annotated[EventStatusIB | None, Tag(0)] = None
    event_data: Annotated[EventDataIB | None, Tag(1)] = None


class CommandDataIB(Struct):
    """A command or a response with its fields (Core 10.6.13)."""

    path: Annotated[CommandPathIB, Tag(0)]
    command_fields: Annotated[Any | Absent, Tag(1), Nullable] = ABSENT
    command_ref: Annotated[U16 | None, Tag(2)] = None


class CommandStatusIB(Struct):
    """How a command without a response went (Core 10.6.14)."""

    path: Annotated[CommandPathIB, Tag(0)]
    status: Annotated[StatusIB, Tag(1)]
    command_ref: Annotated[U16 | None, Tag(2)] = None


class InvokeResponseIB(Struct):
    """Either a response or a status (Core 10.6.18)."""

    command: Annotated[CommandDataIB | None, Tag(0)] = None
    status: Annotated[CommandStatusIB | None, Tag(1)] = None


class StatusResponseMessage(Struct):
    """The answer that carries nothing but a status (Core 10.7.1)."""

    status: Annotated[U8, Tag(0)]
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class ReadRequestMessage(Struct):
    """Asks for attributes and events once (Core 10.7.2)."""

    attribute_requests: Annotated[tuple[AttributePathIB, ...] | None, Tag(0)] = None
    event_requests: Annotated[tuple[EventPathIB, ...] | None, Tag(1)] = None
    event_filters: Annotated[tuple[EventFilterIB, ...] | None, Tag(2)] = None
    fabric_filtered: Annotated[bool, Tag(3)]
    data_version_filters: Annotated[tuple[DataVersionFilterIB, ...] | None, Tag(4)] = None
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class ReportDataMessage(Struct):
    """One message of a report (Core 10.7.3)."""

    subscription_id: Annotated[U32 | None, Tag(0)] = None
    attribute_reports: Annotated[tuple[AttributeReportIB, ...] | None, Tag(1)] = None
    event_reports: Annotated[tuple[EventReportIB, ...] | None, Tag(2)] = None
    more_chunked_messages: Annotated[bool | None, Tag(3)] = None
    suppress_response: Annotated[bool | None, Tag(4)] = None
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class SubscribeRequestMessage(Struct):
    """Asks for attributes and events now and whenever they change; intervals in seconds (Core 10.7.4)."""

    keep_subscriptions: Annotated[bool, Tag(0)]
    min_interval_floor: Annotated[U16, Tag(1)]
    max_interval_ceiling: Annotated[U16, Tag(2)]
    attribute_requests: Annotated[tuple[AttributePathIB, ...] | None, Tag(3)] = None
    event_requests: Annotated[tuple[EventPathIB, ...] | None, Tag(4)] = None
    event_filters: Annotated[tuple[EventFilterIB, ...] | None, Tag(5)] = None
    fabric_filtered: Annotated[bool, Tag(7)]
    data_version_filters: Annotated[tuple[DataVersionFilterIB, ...] | None, Tag(8)] = None
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class SubscribeResponseMessage(Struct):
    """The subscription stands; `max_interval` in seconds (Core 10.7.5)."""

    subscription_id: Annotated[U32, Tag(0)]
    max_interval: Annotated[U16, Tag(2)]
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class WriteRequestMessage(Struct):
    """Sets attributes (Core 10.7.6)."""

    suppress_response: Annotated[bool | None, Tag(0)] = None
    timed_request: Annotated[bool, Tag(1)]
    write_requests: Annotated[tuple[AttributeDataIB, ...], Tag(2)]
    more_chunked_messages: Annotated[bool | None, Tag(3)] = None
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class WriteResponseMessage(Struct):
    """How each write went (Core 10.7.7)."""

    write_responses: Annotated[tuple[AttributeStatusIB, ...], Tag(0)]
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class TimedRequestMessage(Struct):
    """The next message of the exchange comes within `timeout` milliseconds or counts for nothing (Core 10.7.8)."""

    timeout: Annotated[U16, Tag(0)]
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class InvokeRequestMessage(Struct):
    """Runs commands (Core 10.7.9)."""

    suppress_response: Annotated[bool, Tag(0)]
    timed_request: Annotated[bool, Tag(1)]
    invoke_requests: Annotated[tuple[CommandDataIB, ...], Tag(2)]
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION


class InvokeResponseMessage(Struct):
    """What the commands answered (Core 10.7.10)."""

    suppress_response: Annotated[bool, Tag(0)]
    invoke_responses: Annotated[tuple[InvokeResponseIB, ...], Tag(1)]
    more_chunked_messages: Annotated[bool | None, Tag(2)] = None
    interaction_model_revision: Annotated[U8 | None, _REVISION] = INTERACTION_MODEL_REVISION
