"""PASE: two halves against each other, and against somebody in between."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.session.ladder import OURS, STATUS_REPORT, THEIRS, Half, entropy, flip, replace, run

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import hkdf, sha256
from latchwork.matter.crypto.spake2p import Verifier, VerifierSide, derive_w0_w1
from latchwork.matter.messages.secure_channel import (
    Opcode,
    Pake1,
    Pake3,
    PbkdfParameters,
    PbkdfParamRequest,
    PbkdfParamResponse,
    SessionParameters,
)
from latchwork.matter.messages.status import GeneralCode, SecureChannelCode, StatusReport
from latchwork.matter.session.handshake import FailureKind, HandshakeFailed, Pbkdf, Received, Send
from latchwork.matter.session.pase import pase_initiator, pase_responder

# connectedhomeip 1.4.2 src/protocols/secure_channel/tests/TestPASESession.cpp, sTestSpake2p01.
PASSCODE = 20202021
ITERATIONS = 1000
SALT = b"SPAKE2P Key Salt"
VERIFIER = Verifier.decode(
    bytes.fromhex(
        "B96170AAE803346884724FE9A3B287C30330C2A660375D17BB205A8CF1AECB35"
        "0457F8AB79EE253AB6A8E46BB09E543AE422736DE501E3DB37D441FE344920D0"
        "9548E4C18240630C4FF4913C53513839B7C07FCC0627A1B8573A149FCD1FA466CF"
    )
)
INVALID_PARAMETER = StatusReport(GeneralCode.FAILURE, 0, SecureChannelCode.INVALID_PARAMETER).encode()


def commissioner(passcode=PASSCODE, *, seed=0, session_id=0x1111, **more):
    return pase_initiator(
        passcode, local_session_id=session_id, parameters=OURS, entropy=entropy(("commissioner", seed)), **more
    )


def device(verifier=VERIFIER, *, salt=SALT, iterations=ITERATIONS, seed=0, session_id=0x2222):
    return pase_responder(
        verifier, salt, iterations, local_session_id=session_id, parameters=THEIRS, entropy=entropy(("device", seed))
    )


def test_both_sides_come_to_the_same_session():
    ladder = run(commissioner(), device())
    ours, theirs = ladder.initiator.result, ladder.responder.result
    assert ladder.opcodes == [
        Opcode.PBKDF_PARAM_REQUEST,
        Opcode.PBKDF_PARAM_RESPONSE,
        Opcode.PAKE1,
        Opcode.PAKE2,
        Opcode.PAKE3,
        Opcode.STATUS_REPORT,
    ]
    assert (ours.encrypt_i2r, ours.encrypt_r2i) == (theirs.encrypt_i2r, theirs.encrypt_r2i)
    assert ours.attestation_challenge == theirs.attestation_challenge
    assert len({ours.encrypt_i2r, ours.encrypt_r2i, ours.attestation_challenge}) == 3
    assert (ours.local_session_id, ours.peer_session_id) == (0x1111, 0x2222)
    assert (theirs.local_session_id, theirs.peer_session_id) == (0x2222, 0x1111)
    assert (ours.is_initiator, theirs.is_initiator) == (True, False)
    assert (ours.peer_parameters, theirs.peer_parameters) == (THEIRS, OURS)


def test_a_pase_session_is_of_no_fabric_and_cannot_be_resumed():
    made = run(commissioner(), device()).initiator.result
    assert (made.fabric_index, made.peer_node_id, made.local_node_id, made.cats) == (0, 0, 0, ())
    assert (made.shared_secret, made.resumption_id, made.resumed) == (None, None, False)


def test_keys_do_not_show_in_a_representation():
    made = run(commissioner(), device()).initiator.result
    assert made.encrypt_i2r.hex() not in repr(made)
    assert repr(made).count("Secret(…)") == 3


def test_two_handshakes_share_no_key():
    first, second = (run(commissioner(seed=seed), device(seed=seed)).initiator.result for seed in (1, 2))
    assert first.encrypt_i2r != second.encrypt_i2r


def test_the_keys_are_those_of_the_exact_octets_that_were_sent():
    """The device's side done by hand, from the specification's formulas (Core 4.14.1)."""
    side = Half(commissioner())
    side.give(None)
    request = side.outbox.pop()
    response = PbkdfParamResponse(
        initiator_random=PbkdfParamRequest.decode(request.payload).initiator_random,
        responder_random=bytes(32),
        responder_session_id=7,
        pbkdf_parameters=PbkdfParameters(iterations=ITERATIONS, salt=SALT),
    ).encode()
    side.give(Received(Opcode.PBKDF_PARAM_RESPONSE, response))
    context = sha256(b"CHIP PAKE V1 Commissioning", request.payload, response)
    verifier = VerifierSide(context, VERIFIER, entropy())
    share, confirmation = verifier.respond(Pake1.decode(side.outbox.pop().payload).p_a)
    pake2 = b"\x15\x30\x01\x41" + share + b"\x30\x02\x20" + confirmation + b"\x18"
    side.give(Received(Opcode.PAKE2, pake2))
    secret = verifier.verify(Pake3.decode(side.outbox.pop().payload).c_a)
    side.give(Received(STATUS_REPORT, bytes(8)))
    made = side.result
    assert made.encrypt_i2r + made.encrypt_r2i + made.attestation_challenge == hkdf(secret, b"", b"SessionKeys", 48)
    assert made.peer_session_id == 7
    assert made.peer_parameters == SessionParameters()


def test_a_wrong_passcode_is_told_in_plain_words_and_refused_as_an_invalid_parameter():
    ladder = run(commissioner(20202022), device())
    assert ladder.failures == [FailureKind.WRONG_PASSCODE, FailureKind.WRONG_PASSCODE]
    assert ladder.initiator.failure.advice.startswith("The passcode is wrong")
    assert ladder.messages[-1] == Send(STATUS_REPORT, INVALID_PARAMETER)


def test_a_device_refuses_a_confirmation_of_another_passcode():
    wrong = Pake3(c_a=bytes(32)).encode()
    ladder = run(commissioner(), device(), meddle=replace(Opcode.PAKE3, Send(Opcode.PAKE3, wrong)))
    assert ladder.failures == [FailureKind.WRONG_PASSCODE, FailureKind.WRONG_PASSCODE]
    assert ladder.messages[-1] == Send(STATUS_REPORT, INVALID_PARAMETER)


def test_a_commissioner_that_knows_the_parameters_is_not_told_them_again():
    ladder = run(commissioner(known=PbkdfParameters(iterations=ITERATIONS, salt=SALT)), device())
    assert ladder.initiator.result.encrypt_i2r == ladder.responder.result.encrypt_i2r
    assert PbkdfParamRequest.decode(ladder.messages[0].payload).has_pbkdf_parameters
    assert PbkdfParamResponse.decode(ladder.messages[1].payload).pbkdf_parameters is None


def test_a_device_that_withholds_its_parameters_is_malformed():
    def meddle(opcode, payload):
        if opcode == Opcode.PBKDF_PARAM_RESPONSE:
            payload = PbkdfParamResponse.decode(payload).replace(pbkdf_parameters=None).encode()
        return opcode, payload

    assert run(commissioner(), device(), meddle=meddle).failures[0] is FailureKind.MALFORMED


@pytest.mark.parametrize(("iterations", "works"), [(999, False), (1000, True), (100_000, True), (100_001, False)])
def test_iterations_are_bounded_before_anything_is_stretched(iterations, works):
    machine = commissioner()
    request = PbkdfParamRequest.decode(machine.send(None).payload)
    response = PbkdfParamResponse(
        initiator_random=request.initiator_random,
        responder_random=bytes(32),
        responder_session_id=1,
        pbkdf_parameters=PbkdfParameters(iterations=iterations, salt=SALT),
    ).encode()
    given = Received(Opcode.PBKDF_PARAM_RESPONSE, response)
    if works:
        wanted = machine.send(given)
        assert isinstance(wanted, Pbkdf)
        assert (wanted.salt, wanted.iterations, wanted.length) == (SALT, iterations, 80)
        assert isinstance(wanted.password, Secret)
    else:
        with pytest.raises(HandshakeFailed) as caught:
            machine.send(given)
        assert caught.value.kind is FailureKind.MALFORMED


@pytest.mark.parametrize("length", [16, 32])
def test_salts_of_both_ends_of_the_allowed_lengths_work(length):
    salt = bytes(length)
    verifier = Verifier.from_w0w1(derive_w0_w1(PASSCODE, salt, 1000))
    assert run(commissioner(), device(verifier, salt=salt)).failures == [None, None]


def test_a_response_to_another_request_is_refused():
    other = run(commissioner(seed=9), device()).messages[1]
    ladder = run(commissioner(), device(), meddle=replace(Opcode.PBKDF_PARAM_RESPONSE, other))
    assert ladder.failures[0] is FailureKind.MALFORMED


@pytest.mark.parametrize("change", [{"initiator_session_id": 0}, {"passcode_id": 1}])
def test_a_request_for_another_passcode_or_no_session_is_refused(change):
    def meddle(opcode, payload):
        if opcode == Opcode.PBKDF_PARAM_REQUEST:
            payload = PbkdfParamRequest.decode(payload).replace(**change).encode()
        return opcode, payload

    assert run(commissioner(), device(), meddle=meddle).failures[1] is FailureKind.MALFORMED


@pytest.mark.parametrize("opcode", [Opcode.PAKE1, Opcode.PAKE2])
def test_a_share_that_is_no_point_is_refused(opcode):
    ladder = run(commissioner(), device(), meddle=flip(opcode, 20))
    assert FailureKind.MALFORMED in ladder.failures
    assert ladder.initiator.result is None
    assert ladder.responder.result is None


ALL = {
    Opcode.PBKDF_PARAM_REQUEST: 64,
    Opcode.PBKDF_PARAM_RESPONSE: 128,
    Opcode.PAKE1: 70,
    Opcode.PAKE2: 105,
    Opcode.PAKE3: 37,
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ALL)), st.integers(0, 200), st.integers(1, 255))
def test_no_changed_octet_of_any_message_leads_to_a_session(opcode, place, mask):
    ladder = run(commissioner(), device(), meddle=flip(opcode, place, mask))
    assert ladder.responder.result is None
    assert ladder.initiator.result is None


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(Opcode)), st.sampled_from([*sorted(ALL), STATUS_REPORT]), st.binary(max_size=120))
def test_any_octets_at_any_step_fail_only_as_a_handshake_does(opcode, at, octets):
    ladder = run(commissioner(), device(), meddle=replace(at, Send(opcode, octets)))
    # Only the last message has no secret in it: whoever can change it may also keep it back.
    assert ladder.initiator.result is None or at == STATUS_REPORT
    assert ladder.responder.result is None or at == STATUS_REPORT


def test_a_busy_device_says_how_long_to_wait():
    busy = StatusReport(GeneralCode.BUSY, 0, SecureChannelCode.BUSY, (5000).to_bytes(2, "little")).encode()
    ladder = run(commissioner(), device(), meddle=replace(Opcode.PBKDF_PARAM_RESPONSE, Send(STATUS_REPORT, busy)))
    failure = ladder.initiator.failure
    assert (failure.kind, failure.busy_wait_ms, failure.reply) == (FailureKind.BUSY, 5000, None)
    assert failure.advice == "The device is busy with somebody else: try again in 5 s."


def test_a_device_that_closes_is_not_blamed_on_the_passcode():
    close = StatusReport(GeneralCode.SUCCESS, 0, SecureChannelCode.CLOSE_SESSION).encode()
    ladder = run(commissioner(), device(), meddle=replace(STATUS_REPORT, Send(STATUS_REPORT, close)))
    assert ladder.failures[0] is FailureKind.CLOSED


def test_a_refusal_of_the_first_message_is_not_blamed_on_the_passcode():
    ladder = run(
        commissioner(), device(), meddle=replace(Opcode.PBKDF_PARAM_RESPONSE, Send(STATUS_REPORT, INVALID_PARAMETER))
    )
    assert ladder.failures[0] is FailureKind.INVALID_PARAMETER
    assert ladder.initiator.failure.reply is None


def test_every_failure_has_advice():
    for kind in FailureKind:
        failure = HandshakeFailed(kind, "what happened")
        assert isinstance(failure, LatchworkError)
        assert failure.advice == kind.value
        assert failure.advice.endswith(".")
