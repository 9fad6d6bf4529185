"""What carries a handshake."""

import itertools

from tests.support.engines import LEFT

from latchwork.matter.messages.header import MessageHeader
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.session.secure import MAX_STREAM_MESSAGE, OVERHEAD
from latchwork.matter.session.unsecured import UnsecuredSession


def session(*, is_initiator=True, address=LEFT):
    return UnsecuredSession(
        ephemeral_id=0x1234,
        is_initiator=is_initiator,
        address=address,
        next_counter=itertools.count(7).__next__,
        parameters=SessionParameters(idle_interval_ms=900, active_interval_ms=200, active_threshold_ms=1000),
        now=0.0,
    )


def test_the_initiator_names_itself_and_the_responder_names_the_initiator():
    for is_initiator in (True, False):
        datagram, counter = session(is_initiator=is_initiator).seal(b"payload")
        header, start = MessageHeader.decode(datagram)
        assert (header.session_id, header.counter, counter) == (0, 7, 7)
        assert header.source_node == (0x1234 if is_initiator else None)
        assert header.destination_node == (None if is_initiator else 0x1234)
        assert datagram[start:] == b"payload"


def test_counters_are_shared_by_all_unsecured_sessions_of_a_node():
    made = session()
    assert [made.seal(b"")[1] for _ in range(3)] == [7, 8, 9]


def test_intervals_come_from_discovery_and_then_from_the_handshake():
    made = session()
    assert made.retransmission_interval(0.5) == 0.9  # it may be asleep until it says something
    made.last_heard = 1.0
    assert made.retransmission_interval(1.5) == 0.2
    assert made.retransmission_interval(2.5) == 0.9
    assert session(is_initiator=False).retransmission_interval(0.5) == 0.2
    made.apply(SessionParameters(idle_interval_ms=4000))
    assert made.retransmission_interval(100) == 4.0


def test_the_first_counter_is_trusted_and_a_restart_is_recognized():
    window = session().reception
    assert window.is_new(1_000_000)
    window.commit(1_000_000)
    assert not window.is_new(1_000_000)
    assert window.is_restart(5)


def test_over_a_stream_messages_may_be_long():
    made = session(address=object())
    assert made.is_stream
    assert made.max_payload == MAX_STREAM_MESSAGE - OVERHEAD


def test_nobody_has_rights_in_it():
    assert session().subject.fabric_index == 0
    assert session().subject.auth_mode is None
