"""One conversation: acknowledged, repeated, in order, and ended cleanly."""

import itertools

import pytest
from tests.support.engines import pair, peek

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.matter.exchange.exchange import MAX_INBOX, STANDALONE_ACK, NoAcknowledgement
from latchwork.matter.exchange.mrp import Reliability, longest_wait, retransmission_delay
from latchwork.matter.messages.secure_channel import SessionParameters


def ask(link, session, payload=b"question", **options):
    exchange = link.left.engine.open(session)
    exchange.post(2, payload, now=link.now, **options)
    return exchange


def times_of_transmissions(link, seconds):
    """When the left side speaks while nobody answers."""
    times, end = [], link.now + seconds
    while True:
        if link.left.out:
            times += [link.now] * len(link.left.out)
            link.drop()
        deadline = link.left.engine.next_deadline()
        if deadline is None or deadline > end:
            return times
        link.now = deadline
        link.left.engine.handle_deadline(deadline)


def test_an_unanswered_message_climbs_the_ladder_and_fails_once():
    link, left, _ = pair()
    left.last_heard = -100.0  # the peer may be asleep: its idle interval counts
    failures = []
    exchange = ask(link, left)
    exchange.on_failed = failures.append
    times = times_of_transmissions(link, 100)
    assert len(times) == 5
    for number, (before, after) in enumerate(itertools.pairwise(times), 1):
        assert retransmission_delay(0.5, number, 0.0) - 1e-6 <= after - before <= retransmission_delay(0.5, number, 1.0)
    (failure,) = failures
    assert isinstance(failure, NoAcknowledgement)
    assert "power" in failure.advice
    assert link.now <= longest_wait(0.5, 0.3, 5)
    assert not left.exchanges
    assert link.left.engine.next_deadline() is None
    with pytest.raises(NoAcknowledgement):
        exchange.post(2, b"", now=link.now)


def test_a_peer_that_is_awake_is_asked_again_sooner():
    link, left, _ = pair()
    left.last_heard = 0.0
    ask(link, left)
    first, second, *_ = times_of_transmissions(link, 1)
    assert second - first < retransmission_delay(0.5, 1, 0.0)


def test_the_number_of_transmissions_is_the_senders_choice():
    link, left, _ = pair(reliability=Reliability(max_transmissions=9))
    ask(link, left)
    assert len(times_of_transmissions(link, 1000)) == 9


def test_each_retransmission_is_the_same_octets():
    link, left, _ = pair()
    ask(link, left)
    link.advance(10, deaf=True)
    assert len({datagram for datagram, _ in link.left.out}) == 1
    assert len(link.left.out) == 5


def test_a_quick_answer_carries_the_acknowledgement():
    link, left, right = pair()
    exchange = ask(link, left)
    link.step(link.left)
    ((answering, _),) = link.right.requests
    link.advance(0.1)
    answering.post(5, b"answer", now=link.now)
    (datagram,) = link.step(link.right)
    _, protocol, payload = peek(datagram, left)
    assert protocol.acknowledged == left.counter - 1
    assert (protocol.is_reliable, protocol.is_initiator, payload) == (True, False, b"answer")
    assert not exchange.awaits_acknowledgement
    assert [message.payload for message in exchange.inbox] == [b"answer"]
    # The asker has nothing more to say: its acknowledgement goes alone, after a while.
    assert not link.left.out
    link.advance(0.25, deaf=True)
    ((datagram, _),) = link.left.out
    _, protocol, _ = peek(datagram, right)
    assert (protocol.opcode, protocol.protocol_id, protocol.is_reliable) == (STANDALONE_ACK, 0, False)
    assert protocol.acknowledged == right.counter - 1


def test_a_slow_answer_is_preceded_by_an_acknowledgement_after_200_ms():
    link, left, _ = pair()
    exchange = ask(link, left)
    link.step(link.left)
    link.advance(0.199)
    assert exchange.awaits_acknowledgement
    link.advance(0.002)
    assert not exchange.awaits_acknowledgement
    assert exchange.inbox is None
    ((answering, _),) = link.right.requests
    answering.post(5, b"late", now=link.now)
    (datagram,) = link.step(link.right)
    assert peek(datagram, left)[1].acknowledged is None


def test_a_duplicate_is_acknowledged_again_and_delivered_once():
    link, left, _ = pair()
    ask(link, left)
    (datagram,) = link.step(link.left)
    for _ in range(3):
        link.right.engine.receive_datagram(datagram, link.left.address, link.now)
    assert len(link.right.requests) == 1
    assert link.right.engine.counts.duplicate == 3
    acknowledgements = [peek(datagram, left)[1] for datagram, _ in link.right.out]
    assert [(each.opcode, each.acknowledged) for each in acknowledgements] == [(STANDALONE_ACK, 100)] * 3


def test_a_duplicate_of_a_finished_conversation_is_acknowledged_too():
    link, left, right = pair()
    exchange = ask(link, left)
    (datagram,) = link.step(link.left)
    link.right.requests[0][0].post(5, b"answer", now=0)
    link.right.requests[0][0].close(now=0)
    link.carry()
    exchange.close(now=0)
    link.carry()
    assert not left.exchanges
    assert not right.exchanges
    link.right.engine.receive_datagram(datagram, link.left.address, 1.0)
    assert len(link.right.requests) == 1
    ((again, _),) = link.right.out
    assert peek(again, left)[1].acknowledged == 100


def test_one_reliable_message_at_a_time():
    link, left, _ = pair()
    exchange = ask(link, left, b"one")
    exchange.post(2, b"two", now=0.0)
    exchange.post(2, b"three", now=0.0)
    assert len(link.left.out) == 1
    link.step(link.left)
    link.advance(1)
    (first, second, third) = [message for _, message in link.right.requests] + list(link.right.requests[0][0].inbox)
    assert [first.payload, second.payload, third.payload] == [b"one", b"two", b"three"]


def test_closing_says_the_acknowledgement_that_is_owed_and_keeps_what_was_sent_reliable():
    link, left, right = pair()
    exchange = ask(link, left)
    link.step(link.left)
    answering, _ = link.right.requests[0]
    answering.post(5, b"last", now=0.0)
    answering.close(now=0.0)
    link.drop()
    assert right.exchanges  # not forgotten: the peer has not got it
    link.advance(0.5)
    assert [message.payload for message in exchange.inbox] == [b"last"]
    exchange.close(now=link.now)
    link.carry()
    assert not left.exchanges
    assert not right.exchanges


def test_closing_an_exchange_that_owes_an_acknowledgement_says_it_at_once():
    link, left, _ = pair()
    exchange = ask(link, left)
    link.step(link.left)
    link.right.requests[0][0].close(now=0.0)
    assert link.carry() == 1
    assert not exchange.awaits_acknowledgement


def test_what_waits_behind_an_unacknowledged_message_is_sent_after_the_close():
    link, left, _ = pair()
    exchange = ask(link, left, b"one")
    exchange.post(2, b"two", now=0.0)
    exchange.close(now=0.0)
    link.step(link.left)
    link.advance(1)
    assert link.right.requests[0][0].inbox[0].payload == b"two"
    assert not left.exchanges


def test_a_closed_exchange_takes_no_orders():
    link, left, _ = pair()
    exchange = ask(link, left)
    exchange.close(now=0.0)
    with pytest.raises(Misuse):
        exchange.post(2, b"", now=0.0)
    exchange.close(now=0.0)


def test_a_message_for_a_closed_exchange_is_acknowledged_and_not_delivered():
    link, left, _ = pair()
    exchange = ask(link, left)
    link.step(link.left)
    exchange.close(now=0.0)
    link.right.requests[0][0].post(5, b"unwanted", now=0.0)
    link.carry()
    assert exchange.inbox is None
    assert not link.right.requests[0][0].awaits_acknowledgement


def test_a_failure_after_the_close_is_still_told():
    link, left, _ = pair()
    failures = []
    exchange = ask(link, left)
    exchange.on_failed = failures.append
    exchange.close(now=0.0)
    link.advance(20, deaf=True)
    assert len(failures) == 1


def test_an_acknowledgement_of_something_else_acknowledges_nothing():
    link, left, right = pair()
    exchange = ask(link, left)
    link.step(link.left)
    answering, _ = link.right.requests[0]
    answering._owed = 99
    answering.close(now=0.0)
    link.carry()
    assert exchange.awaits_acknowledgement
    assert right.exchanges == {}


def test_an_unreliable_message_is_neither_acknowledged_nor_repeated():
    link, left, _ = pair()
    ask(link, left, reliable=False)
    assert link.left.engine.next_deadline() is None
    (datagram,) = link.step(link.left)
    link.advance(5)
    link.right.engine.receive_datagram(datagram, link.left.address, link.now)
    assert link.carry() == 0
    assert len(link.right.requests) == 1


def test_a_flood_in_one_exchange_is_bounded():
    link, left, _ = pair()
    exchange = ask(link, left, reliable=False)
    for number in range(100):
        exchange.post(2, bytes([number]), now=0.0, reliable=False)
    link.carry()
    assert len(link.right.requests[0][0].inbox) == MAX_INBOX


def test_failing_twice_tells_the_first_reason_only():
    link, left, _ = pair()
    failures = []
    exchange = ask(link, left)
    exchange.on_failed = failures.append
    exchange.fail(LatchworkError("first"))
    exchange.fail(LatchworkError("second"))
    assert [str(failure) for failure in failures] == ["first"]


def test_over_a_stream_nothing_is_acknowledged_or_repeated():
    class Stream:
        """Where a TCP connection leads."""

    link, _, _ = pair()
    stream = link.left.address = link.right.address = Stream()
    left = link.left.session(1, 2, stream, is_initiator=True)
    link.right.session(2, 1, stream, is_initiator=False)
    assert left.max_payload > 60_000
    exchange = ask(link, left, bytes(50_000))
    exchange.post(2, b"at once", now=0.0)
    assert link.left.engine.next_deadline() is None
    link.carry()
    answering, message = link.right.requests[0]
    assert len(message.payload) == 50_000
    assert [each.payload for each in answering.inbox] == [b"at once"]
    answering.post(5, b"answer", now=0.0)
    answering.close(now=0.0)
    assert link.carry() == 1
    assert [each.payload for each in exchange.inbox] == [b"answer"]
    exchange.close(now=0.0)
    assert not left.exchanges


@pytest.mark.parametrize("idle", [300, 500, 5000])
def test_the_peers_own_intervals_are_used(idle):
    link = pair()[0]
    parameters = SessionParameters(idle_interval_ms=idle, active_interval_ms=idle)
    session = link.left.session(7, 8, link.right.address, is_initiator=True, peer_parameters=parameters)
    ask(link, session)
    first, second, *_ = times_of_transmissions(link, 30)
    assert idle * 1.1 / 1000 - 1e-6 <= second - first <= idle * 1.1 * 1.25 / 1000
