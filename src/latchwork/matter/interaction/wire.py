"""Pieces of reports and responses as bytes: heads made once, values appended (Core 10.6).

Interaction storey of `matter`; knows the layout of the messages and nothing of nodes. The structures of `messages.interaction` say the
same in slow motion; tests hold the two together.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from latchwork.matter.messages.interaction import INTERACTION_MODEL_REVISION

REVISION_AND_END: Final = bytes((0x24, 0xFF, INTERACTION_MODEL_REVISION, 0x18))
"""How every message ends: the interaction model's revision, then the end of its structure."""
END: Final = 0x18
NULL_LIST_INDEX: Final = b"\x34\x05"


def unsigned(tag: int, value: int) -> bytes:
    """An unsigned integer with a context tag, in its shortest form."""
    if value < 0x100:
        return bytes((0x24, tag, value))
    if value < 0x1_0000:
        return bytes((0x25, tag)) + value.to_bytes(2, "little")
    if value < 0x1_0000_0000:
        return bytes((0x26, tag)) + value.to_bytes(4, "little")
    return bytes((0x27, tag)) + value.to_bytes(8, "little")


def attribute_path(
    tag: int, endpoint: int | None, cluster: int | None, attribute: int | None, *, append: bool = False
) -> bytes:
    """An AttributePathIB; None leaves a part out."""
    out = bytearray((0x37, tag))
    for number, value in ((2, endpoint), (3, cluster), (4, attribute)):
        if value is not None:
            out += unsigned(number, value)
    if append:
        out += NULL_LIST_INDEX
    out.append(END)
    return bytes(out)


def event_path(tag: int, endpoint: int | None, cluster: int | None, event: int | None) -> bytes:
    """An EventPathIB; None leaves a part out."""
    out = bytearray((0x37, tag))
    for number, value in ((1, endpoint), (2, cluster), (3, event)):
        if value is not None:
            out += unsigned(number, value)
    out.append(END)
    return bytes(out)


def command_path(endpoint: int, cluster: int, command: int) -> bytes:
    """A CommandPathIB with tag 0."""
    return b"\x37\x00" + unsigned(0, endpoint) + unsigned(1, cluster) + unsigned(2, command) + b"\x18"


def status_ib(tag: int, status: int, cluster_status: int | None = None) -> bytes:
    """A StatusIB."""
    extra = b"" if cluster_status is None else bytes((0x24, 1, cluster_status))
    return bytes((0x35, tag, 0x24, 0, status)) + extra + b"\x18"


@lru_cache(maxsize=64)
def status_response(status: int) -> bytes:
    """A whole StatusResponseMessage."""
    return bytes((0x15, 0x24, 0x00, status)) + REVISION_AND_END


def attribute_status_report(path: bytes, status: int, cluster_status: int | None = None) -> bytes:
    """An AttributeReportIB that carries a status; `path` has tag 0."""
    return b"\x15\x35\x00" + path + status_ib(1, status, cluster_status) + b"\x18\x18"


def attribute_status(path: bytes, status: int, cluster_status: int | None = None) -> bytes:
    """An AttributeStatusIB as a WriteResponseMessage lists it; `path` has tag 0."""
    return b"\x15" + path + status_ib(1, status, cluster_status) + b"\x18"


def event_status_report(path: bytes, status: int) -> bytes:
    """An EventReportIB that carries a status; `path` has tag 0."""
    return b"\x15\x35\x00" + path + status_ib(1, status) + b"\x18\x18"


def command_status(path: bytes, status: int, cluster_status: int | None, reference: int | None) -> bytes:
    """An InvokeResponseIB that carries a status; `path` has tag 0."""
    ref = b"" if reference is None else unsigned(2, reference)
    return b"\x15\x35\x01" + path + status_ib(1, status, cluster_status) + ref + b"\x18\x18"
