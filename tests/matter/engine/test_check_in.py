"""Check-Ins as the engine carries them, and unsecured messages that are late."""

from tests.support.engines import LEFT, strangers

from latchwork.matter.messages.header import MessageHeader, ProtocolHeader
from latchwork.matter.messages.secure_channel import Opcode


def listening():
    link, heard = strangers(), []
    link.right.engine.hooks.on_check_in = lambda payload, address: heard.append((payload, address))
    return link, heard


def test_a_check_in_goes_out_once_and_arrives():
    link, heard = listening()
    link.left.engine.send_check_in(b"sealed", link.right.address, now=1.0)
    (datagram,) = link.step(link.left)
    assert heard == [(b"sealed", LEFT)]
    header, start = MessageHeader.decode(datagram)
    assert header.session_id == 0
    assert header.source_node
    protocol, _ = ProtocolHeader.decode(datagram[start:])
    assert (protocol.opcode, protocol.protocol_id, protocol.is_initiator) == (Opcode.ICD_CHECK_IN, 0, True)
    assert not protocol.is_reliable


def test_nobody_answers_a_check_in_and_nothing_is_left_of_it():
    link, heard = listening()
    link.left.engine.send_check_in(b"sealed", link.right.address, now=1.0)
    assert link.carry() == 1
    link.advance(60)
    assert link.carry() == 0
    assert len(heard) == 1
    for side in (link.left, link.right):
        assert side.engine.next_deadline() is None
        assert not side.engine._unsecured


def test_every_check_in_has_another_source():
    link, heard = listening()
    sources = set()
    for _ in range(5):
        link.left.engine.send_check_in(b"sealed", link.right.address, now=1.0)
        (datagram,) = link.step(link.left)
        sources.add(MessageHeader.decode(datagram)[0].source_node)
    assert len(sources) == len(heard) == 5


def test_one_that_asks_for_an_acknowledgement_gets_it():
    link, heard = listening()
    header = MessageHeader(0, 1000, source_node=0x77)
    protocol = ProtocolHeader(Opcode.ICD_CHECK_IN, 0, 5, is_initiator=True, is_reliable=True)
    datagram = header.encode() + protocol.encode() + b"sealed"
    link.right.engine.receive_datagram(datagram, LEFT, 0.0)
    assert heard == [(b"sealed", LEFT)]
    (answer,) = link.step(link.right)
    header, start = MessageHeader.decode(answer)
    assert header.destination_node == 0x77
    assert ProtocolHeader.decode(answer[start:])[0].acknowledged == 1000


def test_without_somebody_who_listens_it_is_dropped():
    link = strangers()
    link.left.engine.send_check_in(b"sealed", link.right.address, now=1.0)
    assert link.carry() == 1
    assert link.right.requests == []


def message(counter, opcode, exchange_id=5, *, is_reliable=True):
    header = MessageHeader(0, counter, source_node=0x77)
    protocol = ProtocolHeader(opcode, 0, exchange_id, is_initiator=True, is_reliable=is_reliable)
    return header.encode() + protocol.encode() + b"payload"


def test_a_copy_that_is_later_than_the_window_begins_nothing_anew():
    """A sender counts for all its handshakes together, so many of them at once move each other's windows far."""
    link = strangers()
    engine = link.right.engine
    engine.receive_datagram(message(1000, Opcode.SIGMA1), LEFT, 0.0)
    begun = len(link.step(link.right, drop=True))
    assert begun
    engine.receive_datagram(message(1040, Opcode.STANDALONE_ACK, is_reliable=False), LEFT, 0.1)
    for _ in range(2):
        engine.receive_datagram(message(1000, Opcode.SIGMA1), LEFT, 0.2)
    assert engine.counts.duplicate == 2
    for datagram in link.step(link.right, drop=True):
        _, start = MessageHeader.decode(datagram)
        assert ProtocolHeader.decode(datagram[start:])[0].opcode == Opcode.STANDALONE_ACK


def test_a_message_that_is_later_than_the_window_is_taken_once():
    link = strangers()
    engine = link.right.engine
    engine.receive_datagram(message(1000, Opcode.SIGMA1), LEFT, 0.0)
    engine.receive_datagram(message(1040, Opcode.STANDALONE_ACK, is_reliable=False), LEFT, 0.1)
    before = engine.counts.duplicate
    engine.receive_datagram(message(1003, Opcode.SIGMA3), LEFT, 0.2)
    assert engine.counts.duplicate == before
    engine.receive_datagram(message(1003, Opcode.SIGMA3), LEFT, 0.3)
    assert engine.counts.duplicate == before + 1
