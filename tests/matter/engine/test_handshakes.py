"""PASE and CASE as an engine drives them: over lossy ways, several at once, and given up."""

import pytest
from tests.matter.session.ladder import NOW_UTC, World
from tests.support.engines import RIGHT, Side, strangers

from latchwork.matter.crypto.primitives import pbkdf2
from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.engine import PaseCredentials
from latchwork.matter.engine.engine import BUSY_WAIT_MS, MAX_HANDSHAKES, MAX_UNSECURED
from latchwork.matter.engine.handshakes import HANDSHAKE_TIMEOUT, SlowPeer
from latchwork.matter.exchange.exchange import NoAcknowledgement
from latchwork.matter.messages.header import MessageHeader, ProtocolHeader
from latchwork.matter.messages.secure_channel import Opcode
from latchwork.matter.messages.status import SecureChannelCode, StatusReport
from latchwork.matter.session.handshake import FailureKind, HandshakeFailed
from latchwork.matter.session.secure import SecureSession

PASSCODE, SALT, ITERATIONS = 20202021, bytes(range(16)), 1000
CREDENTIALS = PaseCredentials(Verifier.from_passcode(PASSCODE, SALT, ITERATIONS), SALT, ITERATIONS)
HOME = World()


def with_window(**options):
    link = strangers(**options)
    link.right.engine.window = CREDENTIALS
    return link


def with_fabric(**options):
    link = strangers(**options)
    link.left.fabric = HOME.member(0xA)
    link.left.engine.fabrics.add(link.left.fabric)
    link.right.engine.fabrics.add(HOME.member(0xB))
    link.left.engine.utc = link.right.engine.utc = NOW_UTC
    return link


def pase(link, passcode=PASSCODE):
    outcomes = []
    run = link.left.engine.start_pase(RIGHT, passcode, outcomes.append, now=link.now)
    return run, outcomes


def case(link, node_id=0xB):
    outcomes = []
    run = link.left.engine.start_case(RIGHT, link.left.fabric, node_id, outcomes.append, now=link.now)
    return run, outcomes


def opener(number, opcode=Opcode.PBKDF_PARAM_REQUEST, payload=b"\x15\x18", *, reliable=True):
    """The first message of a stranger."""
    header = MessageHeader(0, 1000 + number, source_node=0x1000 + number).encode()
    protocol = ProtocolHeader(opcode, 0, number & 0xFFFF, is_initiator=True, is_reliable=reliable).encode()
    return header + protocol + payload


def heard(side: Side):
    """What a side has said without security: opcode and payload."""
    found = []
    for datagram, _ in side.out:
        header, start = MessageHeader.decode(datagram)
        if header.session_id == 0:
            protocol, payload = ProtocolHeader.decode(datagram[start:])
            found.append((protocol.opcode, datagram[start + payload :]))
    return found


def test_a_passcode_opens_a_session():
    link = with_window()
    _, outcomes = pase(link)
    link.carry()
    (session,) = outcomes
    (other,) = link.right.opened
    assert (session.kind, other.kind) == ("pase", "pase")
    assert (session.peer_id, session.local_id) == (other.local_id, other.peer_id)
    assert session.attestation_challenge == other.attestation_challenge
    assert other.subject.is_commissioning
    assert not link.left.engine._unsecured
    assert not link.left.engine.sessions._reserved
    assert not link.right.engine.sessions._reserved
    exchange = link.left.engine.open(session)
    exchange.post(2, b"hello", now=0.0)
    link.carry()
    assert link.right.requests[0][1].payload == b"hello"


def test_certificates_open_a_session_and_the_next_one_resumes_it():
    link = with_fabric()
    _, outcomes = case(link)
    link.carry()
    (session,) = outcomes
    (other,) = link.right.opened
    assert (session.kind, session.peer_node_id, other.peer_node_id) == ("case", 0xB, 0xA)
    assert not session.resumed
    _, outcomes = case(link)
    link.carry()
    assert outcomes[0].resumed
    assert link.right.opened[1].resumed
    assert link.left.engine.sessions.newest(1, 0xB) is outcomes[0]


@pytest.mark.parametrize("lost", range(6))
def test_any_lost_message_of_a_handshake_is_repeated(lost):
    link = with_fabric()
    _, outcomes = case(link)
    for round_ in range(40):
        link.step(link.left, drop=round_ == lost)
        link.step(link.right, drop=round_ == lost)
        link.advance(0.5, deaf=True)
        if outcomes and link.right.opened:
            break
    assert isinstance(outcomes[0], SecureSession)
    assert len(link.right.opened) == 1


def test_a_wrong_passcode_is_told_to_both_sides():
    link = with_window()
    _, outcomes = pase(link, 12345679)
    link.carry()
    assert outcomes[0].kind is FailureKind.WRONG_PASSCODE
    assert link.right.failed_passcodes == 1
    assert not link.right.opened
    assert not link.right.engine.sessions._reserved


def test_without_a_window_a_passcode_is_refused():
    link = strangers()
    _, outcomes = pase(link)
    link.carry()
    assert outcomes[0].kind is FailureKind.INVALID_PARAMETER


def test_nobody_at_home_is_no_acknowledgement():
    link = strangers()
    _, outcomes = pase(link)
    link.advance(20, deaf=True)
    assert isinstance(outcomes[0], NoAcknowledgement)
    assert not link.left.engine._unsecured
    assert not link.left.engine.sessions._reserved


def test_a_peer_that_acknowledges_and_then_says_nothing_is_given_up_after_a_minute():
    link = with_window()
    run, outcomes = pase(link)
    link.step(link.left)
    # It took the message, and nothing but the acknowledgement ever arrives.
    link.right.out.clear()
    (session,) = link.right.engine._unsecured.values()
    link.right.engine._acknowledge_alone(session, run.exchange.exchange_id, 0x01, link.left.engine._counter)
    link.step(link.right)
    assert not run.exchange.awaits_acknowledgement
    link.advance(HANDSHAKE_TIMEOUT + 1, deaf=True)
    assert isinstance(outcomes[0], SlowPeer)
    assert run.is_over


def test_an_abandoned_handshake_leaves_nothing():
    link = with_window()
    run, outcomes = pase(link)
    link.left.engine.abandon(run, now=0.0)
    assert isinstance(outcomes[0], SlowPeer)
    link.advance(60, deaf=True)
    assert not link.left.engine.sessions._reserved
    assert not link.left.engine._unsecured


def test_a_second_passcode_at_the_same_time_has_to_wait():
    link = with_window()
    link.right.engine.hooks.stretch = lambda work, done: None
    pase(link)
    link.step(link.left)
    link.right.out.clear()
    other = Side("other", ("fd00::3", 5540, 0, 0))
    outcomes = []
    other.engine.start_pase(RIGHT, PASSCODE, outcomes.append, now=0.0)
    link.right.engine.receive_datagram(other.out.pop()[0], other.address, 0.0)
    (opcode, payload) = next(said for said in heard(link.right) if said[0] == Opcode.STATUS_REPORT)
    report = StatusReport.decode(payload)
    assert (opcode, report.code, report.busy_wait_ms) == (0x40, SecureChannelCode.BUSY, BUSY_WAIT_MS)
    other.engine.receive_datagram(link.right.out[-1][0], RIGHT, 0.0)
    assert isinstance(outcomes[0], HandshakeFailed)
    assert outcomes[0].kind is FailureKind.BUSY
    assert link.right.failed_passcodes == 0


def test_more_handshakes_than_are_answered_at_once_are_told_to_wait():
    link = with_fabric()
    for number in range(MAX_HANDSHAKES + 3):
        side = Side(f"asker {number}", (f"fd00::{number + 16:x}", 5540, 0, 0))
        side.engine.utc = NOW_UTC
        side.engine.start_case(RIGHT, link.left.fabric, 0xB, lambda _: None, now=0.0)
        link.right.engine.receive_datagram(side.out.pop()[0], side.address, 0.0)
    answers = [opcode for opcode, _ in heard(link.right)]
    assert answers.count(Opcode.SIGMA2) == MAX_HANDSHAKES
    assert answers.count(Opcode.STATUS_REPORT) == 3
    # They never go on, and after a while there is room again.
    link.advance(HANDSHAKE_TIMEOUT, deaf=True)
    link.left.out.clear()
    link.right.out.clear()
    _, outcomes = case(link)
    link.carry()
    assert isinstance(outcomes[0], SecureSession)


def test_a_late_duplicate_of_the_first_message_begins_nothing():
    link = with_fabric()
    _, outcomes = case(link)
    first = link.left.out[0][0]
    link.carry()
    assert isinstance(outcomes[0], SecureSession)
    for _ in range(20):
        link.right.engine.receive_datagram(first, link.left.address, 1.0)
    assert {opcode for opcode, _ in heard(link.right)} == {0x10}
    assert not [run for run in link.right.engine._answering if not run.is_over]


def test_a_late_duplicate_of_a_wrong_passcode_is_not_counted_again():
    link = with_window()
    pase(link, 12345679)
    first = link.left.out[0][0]
    link.carry()
    for _ in range(20):
        link.right.engine.receive_datagram(first, link.left.address, 1.0)
        link.carry()
    link.advance(120)
    assert link.right.failed_passcodes == 1


@pytest.mark.parametrize(
    "opcode", [Opcode.PBKDF_PARAM_REQUEST, Opcode.SIGMA1, Opcode.PAKE1, Opcode.STATUS_REPORT, 0x99]
)
@pytest.mark.parametrize("payload", [b"", b"\x15\x18", b"\xff" * 100])
def test_a_flood_of_strangers_takes_a_bounded_room(opcode, payload):
    link = with_window()
    for number in range(500):
        link.right.engine.receive_datagram(opener(number, opcode, payload), ("fd00::bad", number, 0, 0), 0.0)
    assert len(link.right.engine._unsecured) <= MAX_UNSECURED
    assert len([run for run in link.right.engine._answering if not run.is_over]) <= MAX_HANDSHAKES
    assert len(link.right.engine._watched) <= MAX_UNSECURED + MAX_HANDSHAKES
    assert len(link.right.engine.sessions._reserved) <= MAX_HANDSHAKES
    link.right.out.clear()
    link.advance(120, deaf=True)
    assert not link.right.engine._watched
    link.right.out.clear()
    _, outcomes = pase(link)
    link.carry()
    assert isinstance(outcomes[0], SecureSession)


def test_a_flood_does_not_push_a_handshake_out():
    link = with_window()
    _, outcomes = pase(link)
    link.step(link.left)
    for number in range(500):
        junk = opener(number, Opcode.SIGMA1, reliable=False)
        link.right.engine.receive_datagram(junk, ("fd00::bad", number, 0, 0), 0.0)
    link.right.out = [each for each in link.right.out if each[1] == link.left.address]
    link.carry()
    assert isinstance(outcomes[0], SecureSession)


def test_a_stranger_that_claims_a_handshake_of_another_address_is_not_heard():
    link = with_window()
    pase(link)
    first = link.left.out[0][0]
    link.step(link.left)
    link.right.engine.receive_datagram(first[:4] + b"\xff\xff\xff\x0f" + first[8:], ("fd00::bad", 1, 0, 0), 0.0)
    assert link.right.engine.counts.unknown_session == 1


@pytest.mark.parametrize("opcode", [Opcode.PAKE1, Opcode.SIGMA3, Opcode.STATUS_REPORT, 0x55])
def test_a_conversation_does_not_begin_in_its_middle(opcode):
    link = with_window()
    link.right.engine.receive_datagram(opener(1, opcode), link.left.address, 0.0)
    assert [opcode for opcode, _ in heard(link.right)] == [0x10]
    assert not link.right.engine._unsecured


def test_interaction_messages_outside_of_a_session_are_never_delivered():
    link = with_window()
    header = MessageHeader(0, 5, source_node=9).encode()
    request = ProtocolHeader(2, 1, 7, is_initiator=True, is_reliable=True).encode()
    link.right.engine.receive_datagram(header + request + b"\x15\x18", link.left.address, 0.0)
    assert not link.right.requests


def test_slow_work_is_its_owners_and_messages_meanwhile_wait_for_nobody():
    link = with_window()
    work = []
    link.left.engine.hooks.stretch = lambda wanted, done: work.append((wanted, done))
    _, outcomes = pase(link)
    link.carry()
    assert not outcomes
    ((wanted, done),) = work
    done(pbkdf2(wanted.password, wanted.salt, wanted.iterations, wanted.length))
    link.carry()
    assert isinstance(outcomes[0], SecureSession)


def test_slow_work_that_ends_after_the_handshake_was_given_up_changes_nothing():
    link = with_window()
    work = []
    link.left.engine.hooks.stretch = lambda wanted, done: work.append(done)
    run, outcomes = pase(link)
    link.carry()
    link.left.engine.abandon(run, now=link.now)
    work[0](bytes(80))
    link.carry()
    assert len(outcomes) == 1
    assert not len(link.left.engine.sessions)
