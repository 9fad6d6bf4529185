"""Secure sessions in the engine: what is delivered, what is dropped, who has to go."""

import struct

import pytest
from tests.support.engines import LEFT, RIGHT, pair, peek, strangers

from latchwork.matter.engine.engine import MAX_EXCHANGES, SessionClosed
from latchwork.matter.exchange.exchange import STANDALONE_ACK
from latchwork.matter.messages.header import ProtocolHeader
from latchwork.matter.session.secure import CounterExhausted
from latchwork.matter.trust.access import AuthMode, Subject


def ask(link, session, payload=b"question"):
    exchange = link.left.engine.open(session)
    exchange.post(2, payload, now=link.now)
    return exchange


def say(link, header, payload=b"", *, sender="left"):
    """A message of a peer that does not keep to the rules."""
    session = next(iter(getattr(link, sender).engine.sessions))
    datagram, _ = session.seal(header.encode() + payload)
    other = link.right if sender == "left" else link.left
    other.engine.receive_datagram(datagram, getattr(link, sender).address, link.now)


def test_a_request_is_delivered_with_its_session():
    link, left, right = pair()
    ask(link, left)
    link.carry()
    ((exchange, message),) = link.right.requests
    assert exchange.session is right
    assert (message.opcode, message.payload, message.protocol_id) == (2, b"question", 1)
    assert not exchange.is_initiator


def test_a_goodbye_ends_the_session_on_both_sides_and_everything_in_it():
    link, left, right = pair()
    failures = []
    exchange = ask(link, left)
    exchange.on_failed = failures.append
    link.carry()
    link.right.engine.close_session(right, now=0.0)
    assert link.right.closed == [right]
    link.carry()
    assert link.left.closed == [left]
    assert left.is_closed
    assert isinstance(failures[0], SessionClosed)
    assert not len(link.left.engine.sessions)
    with pytest.raises(SessionClosed):
        link.left.engine.open(left)
    link.left.engine.close_session(left, now=0.0)
    assert link.left.closed == [left]


def test_an_end_without_notice_says_nothing():
    link, left, _ = pair()
    link.left.engine.close_session(left, now=0.0, notify=False)
    assert not link.left.out
    assert left.is_closed


def test_only_the_sessions_of_one_fabric_end_and_one_of_them_may_stay():
    link, left, _ = pair()
    kept = link.left.session(3, 3, RIGHT, is_initiator=True)
    pase = link.left.session(4, 4, RIGHT, is_initiator=True, subject=Subject(AuthMode.PASE, 0))
    assert link.left.engine.fabric_sessions(1) == [left, kept]
    link.left.engine.close_fabric_sessions(1, now=0.0, keep=kept)
    assert link.left.closed == [left]
    assert not pase.is_closed


def test_the_least_recently_used_idle_session_makes_room():
    side = strangers(max_sessions=3).left
    sessions = [side.session(number, number, RIGHT, is_initiator=True, now=float(number)) for number in (1, 2, 3)]
    side.engine.open(sessions[0])  # the oldest has something under way
    newcomer = side.session(9, 9, RIGHT, is_initiator=True, now=9.0)
    assert side.engine.sessions.add(newcomer) == [sessions[1]]


def test_a_peer_that_moved_is_answered_where_it_is_now():
    link, left, right = pair()
    link.left.address = ("fd00::99", 5541, 0, 0)
    ask(link, left)
    link.step(link.left)
    assert right.address == ("fd00::99", 5541, 0, 0)
    link.advance(0.3, deaf=True)
    assert link.right.out[0][1] == ("fd00::99", 5541, 0, 0)


def test_a_forged_or_replayed_message_moves_nobody():
    link, left, right = pair()
    ask(link, left)
    (datagram,) = link.step(link.left)
    thief = ("fd00::bad", 1, 0, 0)
    link.right.engine.receive_datagram(datagram, thief, 1.0)
    link.right.engine.receive_datagram(datagram[:-1] + bytes([datagram[-1] ^ 1]), thief, 1.0)
    assert right.address == LEFT
    assert right.last_heard == 0.0
    assert link.right.engine.counts.not_authentic == 1
    assert link.right.engine.counts.duplicate == 1


def test_a_message_of_an_unknown_session_is_dropped_in_silence():
    link, left, _ = pair()
    left.peer_id = 0x3333
    ask(link, left)
    link.step(link.left)
    assert link.right.engine.counts.unknown_session == 1
    assert not link.right.out


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00" * 7,
        b"\x00" * 70_000,
        b"\x10" + b"\x22\x22" + b"\x00" * 40,  # a version that does not exist
        b"\x00\x22\x22\x02" + b"\x00" * 40,  # a session type that does not exist
        b"\x00\x22\x22\x80" + b"\x00" * 40,  # privacy
        b"\x04\x22\x22\x00" + b"\x00" * 4,  # a source node that is cut off
    ],
    ids=["empty", "short", "long", "version", "type", "privacy", "cut"],
)
def test_what_is_no_message_is_counted_and_dropped(datagram):
    link, _, _ = pair()
    link.right.engine.receive_datagram(datagram, LEFT, 0.0)
    assert link.right.engine.counts.malformed == 1
    assert not link.right.out
    assert not link.right.requests


def test_a_message_with_node_ids_in_its_header_is_understood():
    # Core 4.4.1.1 leaves them out of a unicast message; who adds them all the same must be able to read them.
    link, left, _ = pair()
    header = struct.pack("<BHBIQ", 0x04, left.peer_id, 0, 500, 0xA)
    plain = ProtocolHeader(2, 1, 77, is_initiator=True).encode() + b"odd"
    sealed = left._encrypt(struct.pack("<BI", 0, 500) + left._local_node, plain, header)
    link.right.engine.receive_datagram(header + sealed, LEFT, 0.0)
    assert link.right.requests[0][1].payload == b"odd"


@pytest.mark.parametrize("plain", [b"", b"\x01\x02\x03", b"\x03\x02\x03\x04\x01\x00", b"\x13\x02\x03\x04\x01\x00\xf1"])
def test_a_protocol_header_that_is_cut_off_is_dropped_though_it_is_authentic(plain):
    link, left, _ = pair()
    link.right.engine.receive_datagram(left.seal(plain)[0], LEFT, 0.0)
    assert link.right.engine.counts.malformed == 1
    assert not link.right.requests


def test_a_vendors_protocol_is_not_ours():
    link, _, _ = pair()
    say(link, ProtocolHeader(2, 1, 5, is_initiator=True, vendor_id=0xFFF1), b"x")
    assert link.right.engine.counts.unexpected == 1
    assert not link.right.requests


def test_an_answer_to_a_question_that_nobody_asked_is_acknowledged_and_dropped():
    link, left, right = pair()
    say(link, ProtocolHeader(5, 1, 5, is_initiator=False, is_reliable=True), b"answer")
    assert not link.right.requests
    ((datagram, _),) = link.right.out
    _, protocol, _ = peek(datagram, left)
    assert (protocol.opcode, protocol.exchange_id, protocol.is_initiator) == (STANDALONE_ACK, 5, True)
    assert not right.exchanges


def test_an_acknowledgement_opens_no_exchange():
    link, _, right = pair()
    say(link, ProtocolHeader(STANDALONE_ACK, 0, 5, is_initiator=True, acknowledged=7))
    assert not right.exchanges
    assert not link.right.out


@pytest.mark.parametrize("opcode", [0x20, 0x30, 0x00, 0x77])
def test_secure_channel_messages_that_do_not_belong_in_a_session_do_nothing(opcode):
    link, _, right = pair()
    say(link, ProtocolHeader(opcode, 0, 5, is_initiator=True, is_reliable=True), b"\x15\x18")
    assert not right.is_closed
    assert not link.right.requests
    assert not right.exchanges
    assert link.right.engine.counts.unexpected == 1


@pytest.mark.parametrize("report", [b"", b"\x00\x00\x00\x00\x00\x00\x03", b"\x00\x00\x01\x00\x00\x00\x03\x00"])
def test_only_a_whole_close_session_closes(report):
    link, _, right = pair()
    say(link, ProtocolHeader(0x40, 0, 5, is_initiator=True), report)
    assert not right.is_closed


def test_one_peer_opens_a_bounded_number_of_exchanges():
    link, _, right = pair()
    for number in range(2 * MAX_EXCHANGES):
        say(link, ProtocolHeader(2, 1, number, is_initiator=True, is_reliable=True), b"x")
    assert len(right.exchanges) == MAX_EXCHANGES
    assert len(link.right.requests) == MAX_EXCHANGES


def test_an_exchange_id_in_use_is_not_given_out_twice():
    link, left, _ = pair()
    engine = link.left.engine
    first = engine.open(left)
    engine._next_exchange = (first.exchange_id - 1) & 0xFFFF
    assert engine.open(left).exchange_id == (first.exchange_id + 1) & 0xFFFF


def test_the_same_exchange_id_of_both_sides_are_two_exchanges():
    link, left, right = pair()
    link.left.engine._next_exchange = link.right.engine._next_exchange = 100
    mine, theirs = ask(link, left, b"mine"), link.right.engine.open(right)
    theirs.post(2, b"theirs", now=0.0)
    link.carry()
    assert mine.exchange_id == theirs.exchange_id
    assert link.right.requests[0][1].payload == b"mine"
    assert link.left.requests[0][1].payload == b"theirs"


def test_a_session_without_counters_ends_instead_of_repeating_one():
    link, left, right = pair()
    left.counter = 0xFFFF_FFFF
    ask(link, left)
    with pytest.raises(CounterExhausted):
        ask(link, left)
    link.carry()
    # The other side still has counters: its request meets a side that cannot even acknowledge.
    right_asks = link.right.engine.open(right)
    right_asks.post(2, b"anybody?", now=0.0)
    link.step(link.right)
    link.advance(0.3)
    assert left.is_closed
    assert link.left.closed == [left]
    assert not link.left.engine.sessions.get(left.local_id)


def test_a_duplicate_in_a_session_without_counters_ends_it():
    link, left, right = pair()
    right_asks = link.right.engine.open(right)
    right_asks.post(2, b"question", now=0.0)
    (datagram,) = link.step(link.right)
    left.counter = 1 << 32
    link.left.engine.receive_datagram(datagram, RIGHT, 0.0)
    assert left.is_closed
    link.left.engine.close_session(left, now=0.0)


def test_closing_a_session_without_counters_works():
    link, left, _ = pair()
    left.counter = 1 << 32
    link.left.engine.close_session(left, now=0.0)
    assert link.left.closed == [left]


def test_nothing_is_watched_when_nothing_is_due():
    link, left, _ = pair()
    assert link.left.engine.next_deadline() is None
    exchange = ask(link, left)
    assert link.left.engine.next_deadline() == exchange.deadline
    link.carry()
    link.advance(2)
    assert link.left.engine.next_deadline() is None
    assert not link.left.engine._watched
    assert not link.right.engine._watched
