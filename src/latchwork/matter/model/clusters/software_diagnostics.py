"""Software Diagnostics (Core 11.13): threads and heap.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Event, Priority
from latchwork.matter.tlv.schema import U32, U64, Len, Struct, Tag


class ThreadMetricsStruct(Struct):
    """Thread metrics."""

    id: Annotated[U64, Tag(0)]
    name: Annotated[str | None, Tag(1), Len(0, 8)] = None
    stack_free_current: Annotated[U32 | None, Tag(2)] = None
    stack_free_minimum: Annotated[U32 | None, Tag(3)] = None
    stack_size: Annotated[U32 | None, Tag(4)] = None


class SoftwareFault(Struct):
    """Fields of the event SoftwareFault."""

    id: Annotated[U64, Tag(0)]
    name: Annotated[str | None, Tag(1)] = None
    fault_recording: Annotated[bytes | None, Tag(2)] = None


class SoftwareDiagnostics(Cluster):
    """The cluster: threads and heap."""

    __slots__ = ()

    id = 0x0034
    revision = 1
    name = "SoftwareDiagnostics"
    quality = "K"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        WATERMARKS = WTRMRK = 1 << 0

    thread_metrics = Attribute[tuple[ThreadMetricsStruct, ...]](
        0x0000, tuple[ThreadMetricsStruct, ...], "O", quality="C", constraint="max 64"
    )
    current_heap_free = Attribute[int](0x0001, U64, "O", quality="C")
    current_heap_used = Attribute[int](0x0002, U64, "O", quality="C")
    current_heap_high_watermark = Attribute[int](0x0003, U64, "WTRMRK", quality="C")

    reset_watermarks = Command(0x00, None, None, "WTRMRK", access="M")

    software_fault = Event(0x00, SoftwareFault, "O", Priority.INFO)
