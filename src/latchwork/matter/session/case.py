"""CASE: a session between two nodes of a fabric, new or resumed, in both roles (Core 4.14.2).

Pure; see `handshake` for the shape and `sigma` for what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Final, NamedTuple

from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import KeyPair
from latchwork.matter.crypto.primitives import constant_time_equal
from latchwork.matter.messages.secure_channel import (
    EncryptedData2,
    EncryptedData3,
    Opcode,
    SessionParameters,
    Sigma1,
    Sigma2,
    Sigma2Resume,
    Sigma3,
)
from latchwork.matter.messages.status import SecureChannelCode
from latchwork.matter.session import sigma
from latchwork.matter.session.handshake import (
    SUCCESS,
    Established,
    FailureKind,
    Handshake,
    Received,
    Send,
    SessionKeys,
    expect,
    expect_success,
    fail,
    parsed,
    peer_parameters,
    session_keys,
)
from latchwork.matter.session.resumption import RESUMPTION_ID_LENGTH, ResumptionRecord, ResumptionStore
from latchwork.matter.trust.certificates import Certificate
from latchwork.matter.trust.fabric import Fabric

_RANDOM_LENGTH: Final = 32


class _Ours(NamedTuple):
    """What our side brings to any handshake."""

    session_id: int
    parameters: SessionParameters
    entropy: Callable[[int], bytes]
    now_utc: float | None


def case_initiator(
    fabric: Fabric,
    peer_node_id: int,
    *,
    local_session_id: int,
    parameters: SessionParameters,
    entropy: Callable[[int], bytes],
    now_utc: float | None,
    resumption: ResumptionRecord | None = None,
) -> Handshake:
    """The side that opens the session.

    Args:
        fabric: on which we meet the peer.
        peer_node_id: who must answer.
        local_session_id: our id of the session to be.
        parameters: ours, told to the peer.
        entropy: octets nobody can guess.
        now_utc: seconds since the Unix epoch, or None without a valid clock.
        resumption: what was kept of the last session with this peer; the peer may no longer know it.

    Raises:
        HandshakeFailed: in the generator, whatever the peer sends.
    """
    ours = _Ours(local_session_id, parameters, entropy, now_utc)
    ipk = sigma.initiator_key(fabric)
    random = entropy(_RANDOM_LENGTH)
    ephemeral = KeyPair.generate(entropy)
    root = fabric.root_public_key.raw
    opening = Sigma1(
        initiator_random=random,
        initiator_session_id=local_session_id,
        destination_id=sigma.destination_id(ipk, random, root, fabric.fabric_id, peer_node_id),
        initiator_eph_pub_key=ephemeral.public.raw,
        initiator_session_params=parameters,
    )
    if resumption is None:
        sigma1 = opening.encode()
        received = expect((yield Send(Opcode.SIGMA1, sigma1)), Opcode.SIGMA2)
    else:
        mic = sigma.resume_mic(sigma.SIGMA1_RESUME, resumption.shared_secret, random, resumption.resumption_id)
        sigma1 = opening.replace(resumption_id=resumption.resumption_id, initiator_resume_mic=mic).encode()
        received = expect((yield Send(Opcode.SIGMA1, sigma1)), Opcode.SIGMA2, Opcode.SIGMA2_RESUME)
        if received.opcode == Opcode.SIGMA2_RESUME:
            made = _check_resumed(received.payload, fabric, resumption, random, ours)
            yield Send(Opcode.STATUS_REPORT, SUCCESS)
            return made

    answer = parsed(Sigma2, received.payload)
    if answer.responder_session_id == 0:
        fail(FailureKind.MALFORMED, "Sigma2 names no session")
    agreed = sigma.Agreement.of(fabric, ipk, ephemeral, answer.responder_eph_pub_key)
    peer, resumption_id = _check_sigma2(answer, agreed, sigma1, peer_node_id, ours)
    sigma3 = _sigma3(agreed, sigma1, received.payload)
    expect_success((yield Send(Opcode.SIGMA3, sigma3)))
    keys = agreed.session_keys(sigma1, received.payload, sigma3)
    told = answer.responder_session_params
    return _made(agreed, keys, ours, answer.responder_session_id, told, peer, resumption_id, is_initiator=True)


def _check_sigma2(
    answer: Sigma2, agreed: sigma.Agreement, sigma1: bytes, peer_node_id: int, ours: _Ours
) -> tuple[Certificate, bytes]:
    """Initiator: the peer's certificate and the id of the session to be."""
    key = agreed.sigma2_key(answer.responder_random, answer.responder_eph_pub_key, sigma1)
    proof = sigma.opened(EncryptedData2, key, sigma.SIGMA2, answer.encrypted2)
    peer = agreed.check_peer(proof.responder_noc, proof.responder_icac, proof.signature, now_utc=ours.now_utc)
    if peer.node_id != peer_node_id:
        fail(FailureKind.WRONG_NODE, "the peer is another node of the fabric")
    return peer, proof.resumption_id


def _sigma3(agreed: sigma.Agreement, sigma1: bytes, sigma2: bytes) -> bytes:
    """Initiator: Sigma3."""
    fabric = agreed.fabric
    proof = EncryptedData3(initiator_noc=fabric.noc, initiator_icac=fabric.icac, signature=agreed.sign()).encode()
    key = agreed.sigma3_key(sigma1, sigma2)
    return Sigma3(encrypted3=key.encrypt(sigma.SIGMA3.nonce, proof, b"")).encode()


def _check_resumed(payload: bytes, fabric: Fabric, record: ResumptionRecord, random: bytes, ours: _Ours) -> Established:
    """Initiator: Sigma2_Resume (Core 4.14.2.6)."""
    answer = parsed(Sigma2Resume, payload)
    if answer.responder_session_id == 0:
        fail(FailureKind.MALFORMED, "Sigma2_Resume names no session")
    mic = sigma.resume_mic(sigma.SIGMA2_RESUME, record.shared_secret, random, answer.resumption_id)
    if not constant_time_equal(mic, answer.sigma2_resume_mic):
        fail(FailureKind.NOT_AUTHENTIC, "the peer does not know the session to resume")
    return _resumed(
        record,
        fabric,
        random,
        ours,
        resumption_id=answer.resumption_id,
        peer_session_id=answer.responder_session_id,
        told=answer.responder_session_params,
        is_initiator=True,
    )


def case_responder(
    fabrics: Iterable[Fabric],
    *,
    local_session_id: int,
    parameters: SessionParameters,
    entropy: Callable[[int], bytes],
    now_utc: float | None,
    resumptions: ResumptionStore,
) -> Handshake:
    """The side that answers; its first yield is None and wants Sigma1.

    Args:
        fabrics: ours, iterated at the beginning and again at the end: one may be left meanwhile.
        local_session_id: our id of the session to be.
        parameters: ours, told to the peer.
        entropy: octets nobody can guess.
        now_utc: seconds since the Unix epoch, or None without a valid clock.
        resumptions: what was kept of earlier sessions; read only.

    Raises:
        HandshakeFailed: in the generator, whatever the peer sends.
    """
    ours = _Ours(local_session_id, parameters, entropy, now_utc)
    sigma1 = expect((yield None), Opcode.SIGMA1).payload
    asked = parsed(Sigma1, sigma1)
    if (asked.resumption_id is None) is not (asked.initiator_resume_mic is None) or asked.initiator_session_id == 0:
        fail(FailureKind.MALFORMED, "Sigma1 contradicts itself")
    resumable = _find_resumable(asked, fabrics, resumptions)
    if resumable is not None:
        record, fabric = resumable
        made = yield from _resume(asked, record, fabric, ours)
        _check_still_ours(fabric, fabrics)
        return made

    found = sigma.find_destination(asked.destination_id, asked.initiator_random, fabrics)
    if found is None:
        code = SecureChannelCode.NO_SHARED_TRUST_ROOTS
        fail(FailureKind.NO_SHARED_TRUST_ROOTS, "the peer asks for a fabric or a node that is not ours", code)
    fabric, ipk = found
    agreed = sigma.Agreement.of(fabric, ipk, KeyPair.generate(entropy), asked.initiator_eph_pub_key)
    resumption_id = entropy(RESUMPTION_ID_LENGTH)
    sigma2 = _sigma2(agreed, sigma1, resumption_id, ours)
    sigma3 = expect((yield Send(Opcode.SIGMA2, sigma2)), Opcode.SIGMA3).payload

    key = agreed.sigma3_key(sigma1, sigma2)
    proof = sigma.opened(EncryptedData3, key, sigma.SIGMA3, parsed(Sigma3, sigma3).encrypted3)
    peer = agreed.check_peer(proof.initiator_noc, proof.initiator_icac, proof.signature, now_utc=now_utc)
    _check_still_ours(fabric, fabrics)
    keys = agreed.session_keys(sigma1, sigma2, sigma3)
    yield Send(Opcode.STATUS_REPORT, SUCCESS)
    told = asked.initiator_session_params
    return _made(agreed, keys, ours, asked.initiator_session_id, told, peer, resumption_id, is_initiator=False)


def _sigma2(agreed: sigma.Agreement, sigma1: bytes, resumption_id: bytes, ours: _Ours) -> bytes:
    """Responder: Sigma2."""
    fabric, point, random = agreed.fabric, agreed.ephemeral.public.raw, ours.entropy(_RANDOM_LENGTH)
    proof = EncryptedData2(
        responder_noc=fabric.noc, responder_icac=fabric.icac, signature=agreed.sign(), resumption_id=resumption_id
    ).encode()
    return Sigma2(
        responder_random=random,
        responder_session_id=ours.session_id,
        responder_eph_pub_key=point,
        encrypted2=agreed.sigma2_key(random, point, sigma1).encrypt(sigma.SIGMA2.nonce, proof, b""),
        responder_session_params=ours.parameters,
    ).encode()


def _find_resumable(
    asked: Sigma1, fabrics: Iterable[Fabric], resumptions: ResumptionStore
) -> tuple[ResumptionRecord, Fabric] | None:
    """Responder: the session to resume, if the peer proves that it has it; otherwise a new one is made (Core 4.14.2)."""
    if asked.resumption_id is None or asked.initiator_resume_mic is None:
        return None
    record = resumptions.find_id(asked.resumption_id)
    if record is None:
        return None
    mic = sigma.resume_mic(sigma.SIGMA1_RESUME, record.shared_secret, asked.initiator_random, asked.resumption_id)
    if not constant_time_equal(mic, asked.initiator_resume_mic):
        return None
    for fabric in fabrics:
        if fabric.index == record.fabric_index:
            return record, fabric
    return None


def _resume(
    asked: Sigma1, record: ResumptionRecord, fabric: Fabric, ours: _Ours
) -> Generator[Send, Received | bytes | None, Established]:
    """Responder: answer with Sigma2_Resume (Core 4.14.2.6)."""
    random, resumption_id = asked.initiator_random, ours.entropy(RESUMPTION_ID_LENGTH)
    answer = Sigma2Resume(
        resumption_id=resumption_id,
        sigma2_resume_mic=sigma.resume_mic(sigma.SIGMA2_RESUME, record.shared_secret, random, resumption_id),
        responder_session_id=ours.session_id,
        responder_session_params=ours.parameters,
    ).encode()
    expect_success((yield Send(Opcode.SIGMA2_RESUME, answer)))
    return _resumed(
        record,
        fabric,
        random,
        ours,
        resumption_id=resumption_id,
        peer_session_id=asked.initiator_session_id,
        told=asked.initiator_session_params,
        is_initiator=False,
    )


def _made(
    agreed: sigma.Agreement,
    keys: SessionKeys,
    ours: _Ours,
    peer_session_id: int,
    told: SessionParameters | None,
    peer: Certificate,
    resumption_id: bytes,
    *,
    is_initiator: bool,
) -> Established:
    assert peer.node_id is not None  # the chain's check refuses a node's certificate without one
    return Established(
        peer_session_id=peer_session_id,
        local_session_id=ours.session_id,
        encrypt_i2r=keys.i2r,
        encrypt_r2i=keys.r2i,
        attestation_challenge=keys.attestation_challenge,
        peer_parameters=peer_parameters(told),
        is_initiator=is_initiator,
        fabric_index=agreed.fabric.index,
        peer_node_id=peer.node_id,
        local_node_id=agreed.fabric.node_id,
        cats=peer.cats,
        shared_secret=agreed.secret,
        resumption_id=Secret(resumption_id),
    )


def _resumed(
    record: ResumptionRecord,
    fabric: Fabric,
    random: bytes,
    ours: _Ours,
    *,
    resumption_id: bytes,
    peer_session_id: int,
    told: SessionParameters | None,
    is_initiator: bool,
) -> Established:
    # The salt has the id that was resumed, not the new one (Core 4.14.2.6).
    keys = session_keys(record.shared_secret, random + record.resumption_id, sigma.RESUMPTION_KEYS)
    return Established(
        peer_session_id=peer_session_id,
        local_session_id=ours.session_id,
        encrypt_i2r=keys.i2r,
        encrypt_r2i=keys.r2i,
        attestation_challenge=keys.attestation_challenge,
        peer_parameters=peer_parameters(told),
        is_initiator=is_initiator,
        fabric_index=fabric.index,
        peer_node_id=record.peer_node_id,
        local_node_id=fabric.node_id,
        cats=record.cats,
        shared_secret=record.shared_secret,
        resumption_id=Secret(resumption_id),
        resumed=True,
    )


def _check_still_ours(fabric: Fabric, fabrics: Iterable[Fabric]) -> None:
    """A fabric may be left, or its certificate changed, during a handshake: then no session may come of it."""
    for each in fabrics:
        if each.index == fabric.index and each.noc == fabric.noc and each.root == fabric.root:
            return
    fail(FailureKind.NO_SHARED_TRUST_ROOTS, "the fabric was left or changed during the handshake")
