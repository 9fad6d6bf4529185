"""Message security of one session."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engines import LEFT, RIGHT, Side

from latchwork.matter.crypto.primitives import AuthenticationFailed
from latchwork.matter.messages.header import MessageHeader
from latchwork.matter.session.secure import MAX_DATAGRAM, OVERHEAD, CounterExhausted
from latchwork.matter.trust.access import AuthMode, Subject

HEAD = 8


def two(**changes):
    left = Side("left", LEFT).session(1, 2, RIGHT, is_initiator=True, **changes)
    return left, Side("right", RIGHT).session(2, 1, LEFT, is_initiator=False, **changes)


def opened(session, datagram):
    header, start = MessageHeader.decode(datagram)
    return session.open(datagram[:start], datagram[3], header.counter, datagram[start:])


@given(st.binary(max_size=1200))
def test_what_is_sealed_opens_on_the_other_side(plain):
    left, right = two()
    datagram, counter = left.seal(plain)
    assert opened(right, datagram) == plain
    header, _ = MessageHeader.decode(datagram)
    assert (header.session_id, header.counter) == (2, counter)
    assert len(datagram) == HEAD + len(plain) + 16


@given(st.integers(0, 8 * 40 - 1))
def test_one_bit_changed_anywhere_and_nothing_opens(bit):
    left, right = two()
    datagram = bytearray(left.seal(bytes(16))[0])
    datagram[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AuthenticationFailed):
        # The header is read as it stands: only its octets and the counter go into the check.
        right.open(bytes(datagram[:8]), datagram[3], int.from_bytes(datagram[4:8], "little"), bytes(datagram[8:]))


def test_no_two_messages_are_sealed_alike():
    left, _ = two()
    first, second = left.seal(b"same"), left.seal(b"same")
    assert second[1] == first[1] + 1
    assert first[0][8:] != second[0][8:]


def test_a_session_does_not_open_its_own_messages():
    left, _ = two()
    with pytest.raises(AuthenticationFailed):
        opened(left, left.seal(b"echo")[0])


def test_the_senders_node_id_is_part_of_the_check_in_case_and_not_in_pase():
    left, right = two()
    wrong = Side("wrong", RIGHT).session(2, 1, LEFT, is_initiator=False, subject=Subject(AuthMode.CASE, 1, 0xBAD))
    datagram, _ = left.seal(b"hello")
    assert opened(right, datagram) == b"hello"
    with pytest.raises(AuthenticationFailed):
        opened(wrong, datagram)
    left, right = two(subject=Subject(AuthMode.PASE, 0, 0xDEAD), local_node_id=0xBEEF)
    assert opened(right, left.seal(b"hello")[0]) == b"hello"
    assert (left.kind, left.fabric_index) == ("pase", 0)


def test_the_last_counter_is_used_and_the_next_is_refused():
    left, right = two(first_counter=0xFFFF_FFFF)
    assert opened(right, left.seal(b"last")[0]) == b"last"
    with pytest.raises(CounterExhausted):
        left.seal(b"one too many")


def test_the_interval_depends_on_when_the_peer_was_heard():
    left, _ = two()
    left.last_heard = 10.0
    assert left.retransmission_interval(13.9) == 0.3
    assert left.retransmission_interval(14.1) == 0.5


def test_a_full_message_fits_a_datagram_and_no_secret_is_printed():
    left, _ = two()
    assert left.max_payload == MAX_DATAGRAM - OVERHEAD
    assert len(left.seal(bytes(10 + left.max_payload))[0]) == MAX_DATAGRAM
    assert "iiii" not in repr(left)
    assert left.id == left.local_id == 1
