"""Transfers: a receiver and a sender face to face, and each of them before somebody who cheats."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.exchange.bdx import (
    ANSWER_S,
    NotServed,
    Receiver,
    Sender,
    TransferBroken,
    TransferRefused,
    TransferTimeout,
    read_message,
    status_report,
)
from latchwork.matter.messages.bdx import (
    BdxCode,
    Block,
    BlockAck,
    BlockAckEof,
    BlockEof,
    BlockQuery,
    BlockQueryWithSkip,
    Opcode,
    ReceiveAccept,
    ReceiveInit,
    SendInit,
    TransferControl,
)
from latchwork.matter.messages.status import GeneralCode, StatusReport

BDX, SECURE_CHANNEL, STATUS_REPORT = 2, 0, 0x40
DRIVE = TransferControl.RECEIVER_DRIVE


class File:
    def __init__(self, octets, *, broken=False):
        self.octets = octets
        self.length = len(octets)
        self.broken = broken
        self.closed = 0

    def read(self, offset, size):
        if self.broken:
            raise NotServed(BdxCode.UNKNOWN, "the disk is on fire")
        return self.octets[offset : offset + size]

    def close(self):
        self.closed += 1


def sender_of(file, **options):
    return Sender(lambda _: file, **{"max_block_size": 10} | options)


def tell(machine, message, now=0.0):
    return machine.take(BDX, message.opcode, message.encode(), now)


def run(sender, receiver):
    """Let them talk; gives what arrived and how many blocks that took."""
    message, arrived, blocks = receiver.start(0.0), b"", 0
    while not receiver.is_over:
        taken = tell(receiver, tell(sender, message))
        arrived += taken.data
        blocks += 1
        message = taken.reply
    assert tell(sender, message) is None
    return arrived, blocks - 1


@given(st.binary(max_size=400), st.integers(1, 60), st.integers(1, 60), st.data())
def test_a_file_arrives_whatever_the_block_sizes_from_any_offset(octets, ours, theirs, data):
    offset = data.draw(st.integers(0, len(octets)))
    most = data.draw(st.integers(0, 500))
    file = File(octets)
    sender = sender_of(file, max_block_size=ours)
    receiver = Receiver(b"f", max_block_size=theirs, start_offset=offset, max_length=most)
    wanted = octets[offset : offset + most] if most else octets[offset:]
    assert run(sender, receiver) == (wanted, max(1, -(-len(wanted) // min(ours, theirs))))
    assert sender.is_complete
    assert sender.is_over
    assert file.closed == 1
    assert sender.sent == offset + len(wanted)
    assert receiver.received == len(wanted)


def test_the_sender_is_told_what_is_asked_for():
    asked = []
    sender = Sender(lambda proposal: asked.append(proposal) or File(b"abc"), max_block_size=10)
    tell(sender, ReceiveInit(DRIVE | TransferControl.SENDER_DRIVE, 99, b"name", 1, 1))
    assert asked[0].designator == b"name"
    assert sender.proposal is asked[0]


def test_octets_can_be_skipped_and_not_beyond_the_end():
    sender = sender_of(File(bytes(range(40))))
    tell(sender, ReceiveInit(DRIVE, 10, b"f"))
    assert tell(sender, BlockQueryWithSkip(0, 5)) == Block(0, bytes(range(5, 15)))
    assert tell(sender, BlockAck(0)) is None
    assert tell(sender, BlockQueryWithSkip(1, 1 << 60)) == BlockEof(1, b"")


def test_block_counters_wrap():
    sender, receiver = sender_of(File(bytes(35))), Receiver(b"f", max_block_size=10)
    accept = tell(sender, receiver.start(0.0))
    tell(receiver, accept)
    sender._counter = receiver._counter = 0xFFFF_FFFF
    assert tell(receiver, tell(sender, BlockQuery(0xFFFF_FFFF))).reply == BlockQuery(0)
    assert tell(receiver, tell(sender, BlockQuery(0))).reply == BlockQuery(1)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (BlockQuery(0), BdxCode.UNEXPECTED_MESSAGE),
        (SendInit(TransferControl.SENDER_DRIVE, 10, b"f"), BdxCode.UNEXPECTED_MESSAGE),
        (ReceiveInit(TransferControl.SENDER_DRIVE, 10, b"f"), BdxCode.TRANSFER_METHOD_NOT_SUPPORTED),
        (ReceiveInit(TransferControl.ASYNC, 10, b"f"), BdxCode.TRANSFER_METHOD_NOT_SUPPORTED),
        (ReceiveInit(DRIVE, 10, b"f", 41), BdxCode.START_OFFSET_NOT_SUPPORTED),
    ],
)
def test_a_sender_refuses_a_proposal_with_its_reason(message, code):
    file = File(bytes(40))
    sender = sender_of(file)
    with pytest.raises(TransferBroken) as caught:
        tell(sender, message)
    assert StatusReport.decode(caught.value.reply) == StatusReport(GeneralCode.FAILURE, BDX, code)
    assert sender.is_over
    with pytest.raises(Misuse):
        tell(sender, message)


def test_a_sender_refuses_what_its_owner_does_not_serve():
    def find(_):
        raise NotServed(BdxCode.FILE_DESIGNATOR_UNKNOWN)

    with pytest.raises(TransferBroken) as caught:
        tell(Sender(find, max_block_size=10), ReceiveInit(DRIVE, 10, b"f"))
    assert caught.value.code is BdxCode.FILE_DESIGNATOR_UNKNOWN


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([BlockQuery(1)], BdxCode.BAD_BLOCK_COUNTER),
        ([BlockQuery(0), BlockQuery(0)], BdxCode.BAD_BLOCK_COUNTER),
        ([BlockQuery(0), BlockAck(1)], BdxCode.BAD_BLOCK_COUNTER),
        ([BlockQuery(0), BlockQuery(1), BlockQuery(2)], BdxCode.UNEXPECTED_MESSAGE),
        ([BlockAckEof(0)], BdxCode.UNEXPECTED_MESSAGE),
        ([BlockQuery(0), BlockQuery(1), BlockAckEof(0)], BdxCode.BAD_BLOCK_COUNTER),
        ([Block(0, b"x")], BdxCode.UNEXPECTED_MESSAGE),
        ([ReceiveInit(DRIVE, 10, b"f")], BdxCode.UNEXPECTED_MESSAGE),
    ],
)
def test_a_sender_ends_with_a_receiver_that_breaks_the_order(messages, code):
    file = File(bytes(20))
    sender = sender_of(file)
    tell(sender, ReceiveInit(DRIVE, 10, b"f"))
    for message in messages[:-1]:
        tell(sender, message)
    with pytest.raises(TransferBroken) as caught:
        tell(sender, messages[-1])
    assert caught.value.code is code
    assert file.closed == 1


@pytest.mark.parametrize("file", [File(bytes(20), broken=True), File(bytes(20))], ids=["broken", "shorter"])
def test_a_sender_whose_file_fails_says_so(file):
    sender = sender_of(file)
    tell(sender, ReceiveInit(DRIVE, 10, b"f"))
    file.octets = b"short"
    with pytest.raises(TransferBroken) as caught:
        tell(sender, BlockQuery(0))
    assert caught.value.code is BdxCode.TRANSFER_FAILED_UNKNOWN_ERROR


def accepted(**options):
    receiver = Receiver(b"f", max_block_size=10, **options)
    receiver.start(0.0)
    return receiver


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (Block(0, b"x"), BdxCode.UNEXPECTED_MESSAGE),
        (ReceiveAccept(TransferControl.SENDER_DRIVE, 10, 5), BdxCode.TRANSFER_METHOD_NOT_SUPPORTED),
        (ReceiveAccept(DRIVE | TransferControl.ASYNC, 10, 5), BdxCode.TRANSFER_METHOD_NOT_SUPPORTED),
        (ReceiveAccept(DRIVE, 10, 5, version=1), BdxCode.VERSION_NOT_SUPPORTED),
        (ReceiveAccept(DRIVE, 11, 5), BdxCode.BAD_MESSAGE_CONTENTS),
        (ReceiveAccept(DRIVE, 0, 5), BdxCode.BAD_MESSAGE_CONTENTS),
        (ReceiveAccept(DRIVE, 10, 0), BdxCode.START_OFFSET_NOT_SUPPORTED),
        (ReceiveAccept(DRIVE, 10, 5, 21), BdxCode.LENGTH_TOO_LARGE),
    ],
)
def test_a_receiver_takes_no_other_transfer_than_it_proposed(message, code):
    with pytest.raises(TransferBroken) as caught:
        tell(accepted(start_offset=5, max_length=20), message)
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([Block(1, b"x")], BdxCode.BAD_BLOCK_COUNTER),
        ([Block(0, b"x"), Block(0, b"x")], BdxCode.BAD_BLOCK_COUNTER),
        ([Block(0, bytes(11))], BdxCode.BAD_MESSAGE_CONTENTS),
        ([Block(0, bytes(10)), Block(1, bytes(10)), Block(2, b"x")], BdxCode.LENGTH_MISMATCH),
        ([Block(0, bytes(10)), BlockEof(1, bytes(9))], BdxCode.LENGTH_MISMATCH),
        ([BlockQuery(0)], BdxCode.UNEXPECTED_MESSAGE),
    ],
)
def test_a_receiver_ends_with_a_sender_that_cheats(messages, code):
    receiver = accepted()
    tell(receiver, ReceiveAccept(DRIVE, 10, length=20))
    for message in messages[:-1]:
        tell(receiver, message)
    with pytest.raises(TransferBroken) as caught:
        tell(receiver, messages[-1])
    assert caught.value.code is code
    assert receiver.is_over


def test_a_length_that_was_not_said_is_bounded_by_the_proposal():
    receiver = accepted(max_length=15)
    tell(receiver, ReceiveAccept(DRIVE, 10))
    tell(receiver, Block(0, bytes(10)))
    with pytest.raises(TransferBroken):
        tell(receiver, Block(1, bytes(10)))


def test_a_status_report_ends_the_transfer_with_its_code():
    receiver = accepted()
    with pytest.raises(TransferRefused) as caught:
        receiver.take(SECURE_CHANNEL, STATUS_REPORT, status_report(BdxCode.RESPONDER_BUSY), 0.0)
    assert caught.value.code is BdxCode.RESPONDER_BUSY
    assert receiver.is_over


def test_a_receiver_that_gives_up_tells_why():
    receiver = accepted()
    report = StatusReport.decode(receiver.stop(BdxCode.UNKNOWN))
    assert (report.protocol_id, report.code) == (BDX, BdxCode.UNKNOWN)
    assert receiver.is_over


@pytest.mark.parametrize("machine", [accepted, lambda: sender_of(File(bytes(99)))], ids=["receiver", "sender"])
def test_silence_ends_a_transfer_at_its_deadline_and_not_before(machine):
    made = machine()
    if isinstance(made, Sender):
        tell(made, ReceiveInit(DRIVE, 10, b"f"))
        tell(made, BlockQuery(0), now=5.0)
        deadline = 5.0 + ANSWER_S
    else:
        tell(made, ReceiveAccept(DRIVE, 10, length=20), now=7.0)
        deadline = 7.0 + ANSWER_S
    assert made.deadline == deadline
    made.handle_deadline(deadline - 0.001)
    with pytest.raises(TransferTimeout):
        made.handle_deadline(deadline)
    assert made.is_over
    made.handle_deadline(deadline + 1)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from([*Opcode, 0x40, 0x77]), st.binary(max_size=20))))
def test_no_octets_surprise_either_side(messages):
    for machine in (accepted(), sender_of(File(bytes(30)))):
        for protocol, opcode, payload in messages:
            if machine.is_over:
                break
            with suppress(TransferBroken, TransferRefused):
                machine.take(protocol, opcode, payload, 0.0)
                continue
            assert machine.is_over


def test_messages_of_other_protocols_do_not_belong_here():
    with pytest.raises(TransferBroken) as caught:
        read_message(1, 2, b"")
    assert caught.value.code is BdxCode.UNEXPECTED_MESSAGE
    with pytest.raises(TransferBroken):
        read_message(SECURE_CHANNEL, STATUS_REPORT, b"")
