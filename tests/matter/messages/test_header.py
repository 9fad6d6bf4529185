"""Message and protocol headers."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.matter.messages.header import HeaderError, MessageHeader, ProtocolHeader, obfuscated_span

u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFF_FFFF)
u64 = st.integers(0, 2**64 - 1)


@st.composite
def message_headers(draw):
    to = draw(st.sampled_from(["nobody", "node", "group"]))
    return MessageHeader(
        draw(u16),
        draw(u32),
        is_group=draw(st.booleans()),
        is_control=draw(st.booleans()),
        has_privacy=draw(st.booleans()),
        source_node=draw(st.none() | u64),
        destination_node=draw(u64) if to == "node" else None,
        destination_group=draw(u16) if to == "group" else None,
    )


@given(message_headers(), st.binary(max_size=20))
def test_a_message_header_survives_the_wire(header, payload):
    octets = header.encode()
    assert MessageHeader.decode(octets + payload) == (header, len(octets))
    assert obfuscated_span(octets)[1] == len(octets)


def test_a_known_unsecured_header_is_read():
    # connectedhomeip v1.4.2, src/transport/raw/tests/TestMessageHeader.cpp builds the same fields.
    octets = bytes.fromhex("04" + "0000" + "00" + "44332211" + "8877665544332211")
    header, position = MessageHeader.decode(octets)
    assert header == MessageHeader(0, 0x11223344, source_node=0x1122334455667788)
    assert position == len(octets)


def test_message_extensions_are_skipped():
    octets = bytes.fromhex("00" + "0100" + "20" + "05000000" + "0300" + "aabbcc" + "ff")
    header, position = MessageHeader.decode(octets)
    assert header.session_id == 1
    assert position == len(octets) - 1


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "00000000000000",
        "1000000000000000",
        "0300000000000000",
        "0000000200000000",
        "0400000000000000",
        "000000200000000005",
    ],
)
def test_a_header_of_another_version_or_cut_off_is_refused(octets):
    with pytest.raises(HeaderError):
        MessageHeader.decode(bytes.fromhex(octets))


@given(
    st.integers(0, 255),
    u16,
    u16,
    st.booleans(),
    st.none() | u32,
    st.booleans(),
    u16,
)
def test_a_protocol_header_survives_the_wire(opcode, protocol, exchange, initiator, ack, reliable, vendor):
    header = ProtocolHeader(
        opcode, protocol, exchange, is_initiator=initiator, acknowledged=ack, is_reliable=reliable, vendor_id=vendor
    )
    decoded, position = ProtocolHeader.decode(header.encode() + b"rest")
    assert position == len(header.encode())
    assert repr(decoded) == repr(header)


@given(st.binary(max_size=40))
def test_arbitrary_octets_raise_only_the_documented_error(data):
    for decode in (MessageHeader.decode, ProtocolHeader.decode, obfuscated_span):
        with suppress(HeaderError):
            decode(data)
