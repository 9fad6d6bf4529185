"""The messages as declared, and the bytes that are written without the declarations."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.matter.interaction import wire
from latchwork.matter.messages import interaction as im
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import ABSENT, Struct

NUMBERS = st.one_of(st.none(), st.integers(0, 0xFFFF))
WIDE = st.one_of(st.none(), st.integers(0, 0xFFFF_FFFF))
MESSAGES = [
    kind for kind in vars(im).values() if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
]


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_message_cites_its_section(kind):
    assert "Core 10." in (kind.__doc__ or "")


@given(st.sampled_from(MESSAGES), st.binary(max_size=60))
def test_any_octets_decode_or_are_refused_in_one_way(kind, data):
    with contextlib.suppress(TlvError):
        kind.decode(data)


def test_a_read_request_has_the_bytes_of_the_specification_s_layout():
    message = im.ReadRequestMessage(
        attribute_requests=(im.AttributePathIB(endpoint=1, cluster=6, attribute=0),), fabric_filtered=True
    )
    assert message.encode().hex() == "153600172402012403062404001818290324ff0c18"
    assert im.ReadRequestMessage.decode(message.encode()) == message


def test_revisions_before_the_tag_and_fields_to_come_are_taken():
    assert im.StatusResponseMessage.decode(bytes.fromhex("1524000024090118")).status == 0


@given(endpoint=NUMBERS, cluster=WIDE, attribute=WIDE, append=st.booleans())
def test_paths_written_by_hand_are_the_declared_ones(endpoint, cluster, attribute, append):
    declared = im.AttributePathIB(
        endpoint=endpoint, cluster=cluster, attribute=attribute, list_index=None if append else ABSENT
    )
    assert wire.attribute_path(1, endpoint, cluster, attribute, append=append) == b"\x37\x01" + declared.encode()[1:]
    event = im.EventPathIB(endpoint=endpoint, cluster=cluster, event=attribute)
    assert wire.event_path(0, endpoint, cluster, attribute) == b"\x37\x00" + event.encode()[1:]


@given(status=st.integers(0, 255), cluster_status=st.one_of(st.none(), st.integers(0, 255)), reference=NUMBERS)
def test_statuses_written_by_hand_are_the_declared_ones(status, cluster_status, reference):
    declared = im.StatusIB(status=status, cluster_status=cluster_status)
    path = im.AttributePathIB(endpoint=1, cluster=6, attribute=2)
    head = wire.attribute_path(0, 1, 6, 2)
    entry = im.AttributeStatusIB(path=path, status=declared)
    assert wire.attribute_status(head, status, cluster_status) == entry.encode()
    assert (
        wire.attribute_status_report(head, status, cluster_status)
        == im.AttributeReportIB(attribute_status=entry).encode()
    )
    command = im.CommandStatusIB(
        path=im.CommandPathIB(endpoint=1, cluster=6, command=2), status=declared, command_ref=reference
    )
    written = wire.command_status(wire.command_path(1, 6, 2), status, cluster_status, reference)
    assert written == im.InvokeResponseIB(status=command).encode()
    assert wire.status_response(status) == im.StatusResponseMessage(status=status).encode()
    lost = im.EventStatusIB(path=im.EventPathIB(endpoint=1, cluster=6), status=im.StatusIB(status=status))
    assert (
        wire.event_status_report(wire.event_path(0, 1, 6, None), status) == im.EventReportIB(event_status=lost).encode()
    )
