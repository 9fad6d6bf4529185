"""Resuming a session: both roles, the way back to a whole handshake, and tampering."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.session.ladder import NOW_UTC, OURS, STATUS_REPORT, THEIRS, World, entropy, flip, replace, run

from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import hkdf
from latchwork.matter.messages.secure_channel import Opcode, Sigma1, Sigma2Resume
from latchwork.matter.messages.status import GeneralCode, SecureChannelCode, StatusReport
from latchwork.matter.session.case import case_initiator, case_responder
from latchwork.matter.session.handshake import Established, FailureKind, Send
from latchwork.matter.session.resumption import ResumptionRecord, ResumptionStore

HOME = World()
CONTROLLER = HOME.member(0x11, cats=(0x0001_0002,))
LOCK = HOME.member(0x22, index=3)
INVALID_PARAMETER = StatusReport(GeneralCode.FAILURE, 0, SecureChannelCode.INVALID_PARAMETER).encode()
WHOLE = [Opcode.SIGMA1, Opcode.SIGMA2, Opcode.SIGMA3, Opcode.STATUS_REPORT]
SHORT = [Opcode.SIGMA1, Opcode.SIGMA2_RESUME, Opcode.STATUS_REPORT]


def record_of(made: Established) -> ResumptionRecord:
    assert made.resumption_id is not None
    assert made.shared_secret is not None
    return ResumptionRecord(made.resumption_id, made.shared_secret, made.fabric_index, made.peer_node_id, made.cats)


class Pair:
    """A controller and a lock that remember their sessions as a node does."""

    def __init__(self, fabrics=(LOCK,)) -> None:
        self.controllers, self.locks = ResumptionStore(), ResumptionStore()
        self.fabrics = list(fabrics)
        self.count = 0

    def meet(self, *, meddle=lambda opcode, payload: (opcode, payload), now_utc=NOW_UTC, seed=""):
        self.count += 1
        ladder = run(
            case_initiator(
                CONTROLLER,
                0x22,
                local_session_id=100 + self.count,
                parameters=OURS,
                entropy=entropy(("initiator", seed, self.count)),
                now_utc=now_utc,
                resumption=self.controllers.find_peer(CONTROLLER.index, 0x22),
            ),
            case_responder(
                self.fabrics,
                local_session_id=200 + self.count,
                parameters=THEIRS,
                entropy=entropy(("responder", seed, self.count)),
                now_utc=now_utc,
                resumptions=self.locks,
            ),
            meddle=meddle,
        )
        for half, store in ((ladder.initiator, self.controllers), (ladder.responder, self.locks)):
            if half.result is not None:
                store.put(record_of(half.result))
        return ladder


def test_a_session_is_resumed_in_three_messages_and_again():
    pair = Pair()
    first = pair.meet()
    assert first.opcodes == WHOLE
    ids, keys = [first.initiator.result.resumption_id], [first.initiator.result.encrypt_i2r]
    for _ in range(3):
        ladder = pair.meet()
        ours, theirs = ladder.initiator.result, ladder.responder.result
        assert ladder.opcodes == SHORT
        assert (ours.encrypt_i2r, ours.encrypt_r2i) == (theirs.encrypt_i2r, theirs.encrypt_r2i)
        assert ours.attestation_challenge == theirs.attestation_challenge
        assert (ours.resumed, theirs.resumed) == (True, True)
        assert ours.resumption_id == theirs.resumption_id
        assert ours.shared_secret == theirs.shared_secret == first.initiator.result.shared_secret
        ids.append(ours.resumption_id)
        keys.append(ours.encrypt_i2r)
    assert len(set(ids)) == len(set(keys)) == 4


def test_a_resumed_session_is_of_the_same_nodes_as_the_first():
    pair = Pair()
    pair.meet()
    ladder = pair.meet()
    ours, theirs = ladder.initiator.result, ladder.responder.result
    assert (ours.fabric_index, ours.local_node_id, ours.peer_node_id, ours.cats) == (1, 0x11, 0x22, ())
    assert (theirs.fabric_index, theirs.local_node_id, theirs.peer_node_id) == (3, 0x22, 0x11)
    assert theirs.cats == (0x0001_0002,)
    assert (ours.local_session_id, ours.peer_session_id, ours.is_initiator) == (102, 202, True)
    assert (theirs.local_session_id, theirs.peer_session_id, theirs.is_initiator) == (202, 102, False)
    assert (ours.peer_parameters, theirs.peer_parameters) == (THEIRS, OURS)


def test_the_keys_follow_the_specifications_formulas():
    pair = Pair()
    old = pair.meet().initiator.result
    ladder = pair.meet()
    made = ladder.initiator.result
    random = Sigma1.decode(ladder.messages[0].payload).initiator_random
    keys = hkdf(old.shared_secret, random + old.resumption_id, b"SessionResumptionKeys", 48)
    assert made.encrypt_i2r + made.encrypt_r2i + made.attestation_challenge == keys


def test_a_stored_session_is_resumed_after_a_restart():
    pair = Pair()
    pair.meet()
    pair.locks = ResumptionStore.decode(pair.locks.encode())
    assert pair.meet().opcodes == SHORT


# The way back to a whole handshake


def test_a_responder_that_forgot_the_session_makes_a_new_one():
    pair = Pair()
    old = pair.meet().initiator.result
    pair.locks.forget(3)
    ladder = pair.meet()
    assert ladder.opcodes == WHOLE
    assert ladder.initiator.result.shared_secret != old.shared_secret
    assert not ladder.responder.result.resumed
    assert pair.meet().opcodes == SHORT


def test_an_initiator_that_forgot_the_session_makes_a_new_one():
    pair = Pair()
    pair.meet()
    pair.controllers.forget(1)
    assert pair.meet().opcodes == WHOLE


def test_who_does_not_know_the_secret_gets_a_whole_handshake():
    pair = Pair()
    pair.meet()
    stolen = pair.controllers.find_peer(1, 0x22)
    pair.controllers.put(dataclasses.replace(stolen, shared_secret=Secret(bytes(32))))
    assert pair.meet().opcodes == WHOLE


def test_a_session_of_a_fabric_that_was_left_is_not_resumed():
    pair = Pair()
    pair.meet()
    pair.fabrics.clear()
    assert pair.meet().failures[0] is FailureKind.NO_SHARED_TRUST_ROOTS


def test_no_session_comes_of_a_fabric_that_is_left_during_the_resumption():
    pair = Pair()
    pair.meet()

    def meddle(opcode, payload):
        if opcode == STATUS_REPORT:
            pair.fabrics.clear()
        return opcode, payload

    ladder = pair.meet(meddle=meddle)
    assert ladder.responder.result is None
    assert ladder.responder.failure.kind is FailureKind.NO_SHARED_TRUST_ROOTS


# Somebody in between


@pytest.mark.parametrize("missing", ["resumption_id", "initiator_resume_mic"])
def test_an_id_without_proof_or_a_proof_without_id_is_refused(missing):
    pair = Pair()
    pair.meet()

    def meddle(opcode, payload):
        if opcode == Opcode.SIGMA1:
            payload = Sigma1.decode(payload).replace(**{missing: None}).encode()
        return opcode, payload

    ladder = pair.meet(meddle=meddle)
    assert ladder.failures == [FailureKind.INVALID_PARAMETER, FailureKind.MALFORMED]
    assert ladder.messages[-1] == Send(STATUS_REPORT, INVALID_PARAMETER)


def test_a_resumption_nobody_asked_for_is_refused():
    answer = Sigma2Resume(resumption_id=bytes(16), sigma2_resume_mic=bytes(16), responder_session_id=1).encode()
    ladder = Pair().meet(meddle=replace(Opcode.SIGMA2, Send(Opcode.SIGMA2_RESUME, answer)))
    assert ladder.failures[0] is FailureKind.MALFORMED


def test_an_answer_without_a_session_id_is_refused():
    pair = Pair()
    pair.meet()

    def meddle(opcode, payload):
        if opcode == Opcode.SIGMA2_RESUME:
            payload = Sigma2Resume.decode(payload).replace(responder_session_id=0).encode()
        return opcode, payload

    assert pair.meet(meddle=meddle).failures[0] is FailureKind.MALFORMED


@pytest.mark.parametrize("place", range(3, 19))
def test_a_changed_octet_of_the_new_id_is_refused(place):
    pair = Pair()
    pair.meet()
    ladder = pair.meet(meddle=flip(Opcode.SIGMA2_RESUME, place + 1))
    assert ladder.failures == [FailureKind.NOT_AUTHENTIC, FailureKind.INVALID_PARAMETER]
    assert ladder.messages[-1] == Send(STATUS_REPORT, INVALID_PARAMETER)


def test_an_earlier_resumption_cannot_be_played_again():
    pair = Pair()
    pair.meet()
    old = pair.meet()
    ladder = pair.meet(meddle=replace(Opcode.SIGMA1, old.messages[0]))
    assert ladder.responder.result is None
    assert ladder.initiator.result is None
    ladder = pair.meet(meddle=replace(Opcode.SIGMA2_RESUME, old.messages[1]))
    assert ladder.initiator.result is None


def test_a_peer_that_reports_failure_at_the_end_has_no_session():
    pair = Pair()
    pair.meet()
    ladder = pair.meet(meddle=replace(STATUS_REPORT, Send(STATUS_REPORT, INVALID_PARAMETER)))
    assert ladder.failures[1] is FailureKind.INVALID_PARAMETER


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([Opcode.SIGMA1, Opcode.SIGMA2_RESUME]), st.integers(0, 300), st.integers(1, 255))
def test_a_changed_octet_gives_no_keys_in_common_unless_it_was_not_protected(opcode, place, mask):
    """The resumption proofs cover randoms, ids and the secret, not session ids and parameters (Core 4.14.2)."""
    pair = Pair()
    pair.meet()
    ladder = pair.meet(meddle=flip(opcode, place, mask))
    ours, theirs = ladder.initiator.result, ladder.responder.result
    if ours is not None and theirs is not None:
        assert ours.resumed
        assert ours.encrypt_i2r == theirs.encrypt_i2r
        assert ours.resumption_id == theirs.resumption_id


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(Opcode)),
    st.sampled_from([Opcode.SIGMA1, Opcode.SIGMA2_RESUME, Opcode.STATUS_REPORT]),
    st.binary(max_size=100),
)
def test_any_octets_at_any_step_fail_only_as_a_handshake_does(opcode, at, octets):
    pair = Pair()
    pair.meet()
    ladder = pair.meet(meddle=replace(at, Send(opcode, octets)))
    assert ladder.initiator.result is None or at == STATUS_REPORT
    assert ladder.responder.result is None or at == STATUS_REPORT
