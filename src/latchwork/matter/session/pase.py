"""PASE: a session from a passcode, in both roles (Core 4.14.1).

Pure; see `handshake` for the shape. The iterations and the salt come from the peer, so they are bounded before anything is stretched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import InvalidKey
from latchwork.matter.crypto.primitives import AuthenticationFailed, sha256
from latchwork.matter.crypto.spake2p import (
    MAX_ITERATIONS,
    MIN_ITERATIONS,
    PBKDF_LENGTH,
    Prover,
    Verifier,
    VerifierSide,
    pbkdf2_input,
    w0w1_from_pbkdf,
)
from latchwork.matter.messages.secure_channel import (
    PASSCODE_ID,
    Opcode,
    Pake1,
    Pake2,
    Pake3,
    PbkdfParameters,
    PbkdfParamRequest,
    PbkdfParamResponse,
    SessionParameters,
)
from latchwork.matter.session.handshake import (
    SUCCESS,
    Established,
    FailureKind,
    Handshake,
    HandshakeFailed,
    Pbkdf,
    Send,
    expect,
    expect_success,
    fail,
    parsed,
    peer_parameters,
    session_keys,
)

_CONTEXT: Final = b"CHIP PAKE V1 Commissioning"
_SESSION_KEYS: Final = b"SessionKeys"


def pase_initiator(
    passcode: int,
    *,
    local_session_id: int,
    parameters: SessionParameters,
    entropy: Callable[[int], bytes],
    known: PbkdfParameters | None = None,
) -> Handshake:
    """The commissioner's side.

    Args:
        passcode: what the person typed.
        local_session_id: our id of the session to be.
        parameters: ours, told to the peer.
        entropy: octets nobody can guess.
        known: how the passcode is stretched, when whoever opened the window told us; otherwise the device does.

    Raises:
        HandshakeFailed: in the generator, whatever the peer sends.
    """
    random = entropy(32)
    request = PbkdfParamRequest(
        initiator_random=random,
        initiator_session_id=local_session_id,
        passcode_id=PASSCODE_ID,
        has_pbkdf_parameters=known is not None,
        initiator_session_params=parameters,
    ).encode()
    received = expect((yield Send(Opcode.PBKDF_PARAM_REQUEST, request)), Opcode.PBKDF_PARAM_RESPONSE)
    response = parsed(PbkdfParamResponse, received.payload)
    stretching = known or response.pbkdf_parameters
    if response.initiator_random != random or stretching is None or response.responder_session_id == 0:
        fail(FailureKind.MALFORMED, "PBKDFParamResponse does not answer our request")
    if not MIN_ITERATIONS <= stretching.iterations <= MAX_ITERATIONS:
        fail(FailureKind.MALFORMED, f"{stretching.iterations} iterations are not allowed")
    work = Pbkdf(Secret(pbkdf2_input(passcode)), stretching.salt, stretching.iterations, PBKDF_LENGTH)
    stretched = yield work
    assert isinstance(stretched, bytes)
    prover = Prover(sha256(_CONTEXT, request, received.payload), w0w1_from_pbkdf(stretched), entropy)
    received = expect((yield Send(Opcode.PAKE1, Pake1(p_a=prover.share).encode())), Opcode.PAKE2)
    pake2 = parsed(Pake2, received.payload)
    try:
        confirmation = prover.confirm(pake2.p_b, pake2.c_b)
    except InvalidKey:
        fail(FailureKind.MALFORMED, "Pake2 holds no point of the curve")
    except AuthenticationFailed:
        fail(FailureKind.WRONG_PASSCODE, "the passcode is wrong")
    try:
        expect_success((yield Send(Opcode.PAKE3, Pake3(c_a=confirmation.cA).encode())))
    except HandshakeFailed as failure:
        raise _blame_passcode(failure) from failure
    return _established(
        confirmation.Ke,
        response.responder_session_id,
        local_session_id,
        response.responder_session_params,
        is_initiator=True,
    )


def pase_responder(
    verifier: Verifier,
    salt: bytes,
    iterations: int,
    *,
    local_session_id: int,
    parameters: SessionParameters,
    entropy: Callable[[int], bytes],
) -> Handshake:
    """The commissionee's side; its first yield is None and wants the PBKDFParamRequest.

    Args:
        verifier: of the passcode, made with `salt` and `iterations`.
        salt: 16 to 32 octets.
        iterations: 1,000 to 100,000.
        local_session_id: our id of the session to be.
        parameters: ours, told to the peer.
        entropy: octets nobody can guess.

    Raises:
        HandshakeFailed: in the generator, whatever the peer sends.
    """
    opening = expect((yield None), Opcode.PBKDF_PARAM_REQUEST)
    request = parsed(PbkdfParamRequest, opening.payload)
    if request.passcode_id != PASSCODE_ID or request.initiator_session_id == 0:
        fail(FailureKind.MALFORMED, "PBKDFParamRequest names another passcode or no session")
    stretching = None if request.has_pbkdf_parameters else PbkdfParameters(iterations=iterations, salt=salt)
    response = PbkdfParamResponse(
        initiator_random=request.initiator_random,
        responder_random=entropy(32),
        responder_session_id=local_session_id,
        pbkdf_parameters=stretching,
        responder_session_params=parameters,
    ).encode()
    received = expect((yield Send(Opcode.PBKDF_PARAM_RESPONSE, response)), Opcode.PAKE1)
    pake1 = parsed(Pake1, received.payload)
    side = VerifierSide(sha256(_CONTEXT, opening.payload, response), verifier, entropy)
    try:
        share, confirmation = side.respond(pake1.p_a)
    except InvalidKey:
        fail(FailureKind.MALFORMED, "Pake1 holds no point of the curve")
    try:
        received = expect((yield Send(Opcode.PAKE2, Pake2(p_b=share, c_b=confirmation).encode())), Opcode.PAKE3)
    except HandshakeFailed as failure:
        raise _blame_passcode(failure) from failure
    pake3 = parsed(Pake3, received.payload)
    try:
        key = side.verify(pake3.c_a)
    except AuthenticationFailed:
        fail(FailureKind.WRONG_PASSCODE, "the peer does not know the passcode")
    yield Send(Opcode.STATUS_REPORT, SUCCESS)
    return _established(
        key,
        request.initiator_session_id,
        local_session_id,
        request.initiator_session_params,
        is_initiator=False,
    )


def _blame_passcode(failure: HandshakeFailed) -> HandshakeFailed:
    """Once shares were exchanged, an invalid parameter is the passcode: nothing else was left to refuse (Core 4.14.1.2)."""
    if failure.kind is not FailureKind.INVALID_PARAMETER:
        return failure
    return HandshakeFailed(FailureKind.WRONG_PASSCODE, "the peer refused the passcode", reply=failure.reply)


def _established(
    key: bytes, peer_id: int, local_id: int, peer: SessionParameters | None, *, is_initiator: bool
) -> Established:
    keys = session_keys(key, b"", _SESSION_KEYS)
    return Established(
        peer_session_id=peer_id,
        local_session_id=local_id,
        encrypt_i2r=keys.i2r,
        encrypt_r2i=keys.r2i,
        attestation_challenge=keys.attestation_challenge,
        peer_parameters=peer_parameters(peer),
        is_initiator=is_initiator,
    )
