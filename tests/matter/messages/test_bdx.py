"""Messages of Bulk Data Exchange: their octets, their bounds, and what is no message."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.messages.bdx import (
    MAX_DESIGNATOR,
    MAX_METADATA,
    BdxCode,
    BdxError,
    Block,
    BlockAck,
    BlockAckEof,
    BlockEof,
    BlockQuery,
    BlockQueryWithSkip,
    Opcode,
    ReceiveAccept,
    ReceiveInit,
    SendAccept,
    SendInit,
    TransferControl,
    decode_message,
)

U32, U64 = st.integers(0, 0xFFFF_FFFF), st.integers(0, 0xFFFF_FFFF_FFFF_FFFF)
CONTROLS = st.integers(0, 7).map(lambda bits: TransferControl(bits << 4))
BLOCKS, VERSIONS = st.integers(1, 0xFFFF), st.integers(0, 15)
METADATA = st.binary(max_size=40)
INITS = (CONTROLS, BLOCKS, st.binary(max_size=MAX_DESIGNATOR), U64, U64, METADATA, VERSIONS)
MESSAGES = st.one_of(
    st.builds(SendInit, *INITS),
    st.builds(ReceiveInit, *INITS),
    st.builds(SendAccept, CONTROLS, BLOCKS, METADATA, VERSIONS),
    st.builds(ReceiveAccept, CONTROLS, BLOCKS, U64, U64, METADATA, VERSIONS),
    st.builds(BlockQuery, U32),
    st.builds(BlockAck, U32),
    st.builds(BlockAckEof, U32),
    st.builds(BlockQueryWithSkip, U32, U64),
    st.builds(Block, U32, st.binary(min_size=1, max_size=80)),
    st.builds(BlockEof, U32, st.binary(max_size=80)),
)


@given(MESSAGES)
def test_a_message_survives_the_wire(message):
    assert decode_message(message.opcode, message.encode()) == message


@given(st.sampled_from(list(Opcode)) | st.integers(0, 255), st.binary(max_size=1600))
@example(Opcode.RECEIVE_INIT, b"\x20\x00\x00\x04\xff\xff")
def test_any_octets_are_a_message_or_a_documented_error(opcode, octets):
    try:
        message = decode_message(opcode, octets)
    except BdxError:
        return
    assert message.opcode == opcode
    # Zeros that are spelled out, and wide numbers that need not be, are read too: what is written is shorter or the same.
    assert len(message.encode()) <= len(octets)
    assert decode_message(opcode, message.encode()) == message


@given(MESSAGES, st.data())
def test_a_message_that_is_cut_off_is_not_read_beyond_its_end(message, data):
    octets = message.encode()
    cut = octets[: data.draw(st.integers(0, len(octets) - 1))]
    try:
        decode_message(message.opcode, cut)
    except BdxError:
        return
    assert isinstance(message, SendInit | ReceiveInit | SendAccept | ReceiveAccept | Block | BlockEof)


def test_a_proposal_is_laid_out_as_the_specification_has_it():
    proposal = ReceiveInit(TransferControl.RECEIVER_DRIVE, 1024, b"a.ota", start_offset=256)
    assert proposal.encode() == bytes.fromhex("20 02 0004 00010000 0500") + b"a.ota"
    wide = SendInit(TransferControl.SENDER_DRIVE, 256, b"x", 42, 1 << 32, b"\x15\x18")
    assert wide.encode() == bytes.fromhex("10 13 0001 2a00000000000000 0000000001000000 0100 78 1518")


def test_an_acceptance_is_laid_out_as_the_specification_has_it():
    accept = ReceiveAccept(TransferControl.RECEIVER_DRIVE, 1024, length=1000)
    assert accept.encode() == bytes.fromhex("20 01 0004 e8030000")
    assert SendAccept(TransferControl.RECEIVER_DRIVE, 1024).encode() == bytes.fromhex("20 0004")


def test_blocks_and_their_queries_are_laid_out_as_the_specification_has_it():
    assert BlockQuery(4).encode() == bytes.fromhex("04000000")
    assert Block(4, b"\x07\x06").encode() == bytes.fromhex("04000000 0706")
    assert BlockQueryWithSkip(5, 16).encode() == bytes.fromhex("05000000 1000000000000000")


@pytest.mark.parametrize(
    ("opcode", "octets"),
    [
        (0x03, b""),
        (Opcode.RECEIVE_INIT, bytes.fromhex("a0 00 0004 0100 78")),
        (Opcode.RECEIVE_INIT, bytes.fromhex("20 04 0004 0100 78")),
        (Opcode.RECEIVE_INIT, bytes.fromhex("20 00 0000 0100 78")),
        (Opcode.RECEIVE_INIT, bytes.fromhex("20 00 0004 0001") + bytes(256)),
        (Opcode.RECEIVE_INIT, bytes.fromhex("20 00 0004 0100 78") + bytes(MAX_METADATA + 1)),
        (Opcode.BLOCK, bytes(4)),
        (Opcode.BLOCK_EOF, bytes(3)),
        (Opcode.BLOCK_QUERY, bytes(5)),
        (Opcode.BLOCK_QUERY_WITH_SKIP, bytes(13)),
    ],
    ids=lambda value: value.hex()[:20] if isinstance(value, bytes) else hex(value),
)
def test_what_is_no_message_is_refused(opcode, octets):
    with pytest.raises(BdxError):
        decode_message(opcode, octets)


def test_a_proposal_that_does_not_fit_is_not_written():
    with pytest.raises(Misuse):
        ReceiveInit(TransferControl.RECEIVER_DRIVE, 1024, bytes(256)).encode()
    with pytest.raises(Misuse):
        ReceiveInit(TransferControl.RECEIVER_DRIVE, 0, b"x").encode()
    with pytest.raises(Misuse):
        ReceiveAccept(TransferControl.RECEIVER_DRIVE, 1, 1 << 64).encode()


def test_codes_of_later_versions_are_kept():
    assert BdxCode(0x0060).is_known is False


def test_a_block_is_not_printed():
    assert "07" not in repr(Block(1, b"\x07" * 9))
