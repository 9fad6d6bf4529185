"""What CASE computes: destination ids, keys of the three messages, signatures and the peer's certificates (Core 4.14.2).

Pure; knows no order of messages, which is `case`'s.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import InvalidKey, KeyPair, PublicKey
from latchwork.matter.crypto.primitives import (
    KEY_LENGTH,
    Aead,
    AuthenticationFailed,
    constant_time_equal,
    hkdf,
    hmac_sha256,
    sha256,
)
from latchwork.matter.messages.secure_channel import SignedData
from latchwork.matter.session.handshake import FailureKind, SessionKeys, fail, parsed, session_keys
from latchwork.matter.tlv.schema import Struct
from latchwork.matter.trust.certificates import Certificate, CertificateError, verify_chain
from latchwork.matter.trust.fabric import Fabric

SESSION_KEYS: Final = b"SessionKeys"
"""HKDF's info for the keys of a new session (Core 4.14.2.6)."""
RESUMPTION_KEYS: Final = b"SessionResumptionKeys"
"""HKDF's info for the keys of a resumed session (Core 4.14.2.6)."""
_IDS: Final = struct.Struct("<QQ")


class Step(NamedTuple):
    """Names that separate the keys of one message from those of the others."""

    info: bytes
    nonce: bytes


SIGMA2: Final = Step(b"Sigma2", b"NCASE_Sigma2N")
SIGMA3: Final = Step(b"Sigma3", b"NCASE_Sigma3N")
SIGMA1_RESUME: Final = Step(b"Sigma1_Resume", b"NCASE_SigmaS1")
SIGMA2_RESUME: Final = Step(b"Sigma2_Resume", b"NCASE_SigmaS2")


def destination_id(key: bytes, initiator_random: bytes, root_public_key: bytes, fabric_id: int, node_id: int) -> bytes:
    """Which node of which fabric is meant, readable only to who has the fabric's IPK (Core 4.14.2).

    Args:
        key: an operational key of the IPK, 16 octets.
        initiator_random: 32 octets of Sigma1.
        root_public_key: 65 octets.
        fabric_id: of the node that is meant.
        node_id: of the node that is meant.
    """
    return hmac_sha256(key, initiator_random, root_public_key, _IDS.pack(fabric_id, node_id))


def initiator_key(fabric: Fabric) -> Secret:
    """The operational IPK to begin with: of the second newest epoch key, as the newest may not have spread (Core 4.14.2)."""
    epochs = fabric.ipk.epoch_keys
    by_age = sorted(range(len(epochs)), key=lambda place: epochs[place].start_time_us)
    return fabric.operational_ipk[by_age[max(0, len(by_age) - 2)]]


def find_destination(
    destination: bytes, initiator_random: bytes, fabrics: Iterable[Fabric]
) -> tuple[Fabric, Secret] | None:
    """The fabric of ours that a destination id names, and the operational IPK that it names it with."""
    for fabric in fabrics:
        root = fabric.root_public_key.raw
        for key in fabric.operational_ipk:
            candidate = destination_id(key, initiator_random, root, fabric.fabric_id, fabric.node_id)
            if constant_time_equal(candidate, destination):
                return fabric, key
    return None


def message_key(step: Step, secret: bytes, *salt: bytes) -> Aead:
    """The key of Sigma2's or Sigma3's encrypted part (Core 4.14.2.6)."""
    return Aead(hkdf(secret, b"".join(salt), step.info, KEY_LENGTH))


def resume_mic(step: Step, secret: bytes, initiator_random: bytes, resumption_id: bytes) -> bytes:
    """Proof of the secret that is being resumed: the tag of an empty message (Core 4.14.2.6)."""
    return message_key(step, secret, initiator_random, resumption_id).encrypt(step.nonce, b"", b"")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a side of a whole handshake has once it knows the other's ephemeral key.

    Attributes:
        fabric: on which the nodes meet.
        ipk: the operational key that the initiator chose.
        ephemeral: our key of this handshake.
        peer_key: the peer's.
        secret: what both keys give, 32 octets.
    """

    fabric: Fabric
    ipk: Secret
    ephemeral: KeyPair
    peer_key: PublicKey
    secret: Secret

    @classmethod
    def of(cls, fabric: Fabric, ipk: Secret, ephemeral: KeyPair, peer_point: bytes) -> Agreement:
        """Agree on the secret.

        Raises:
            HandshakeFailed: the peer's ephemeral key is no point of the curve.
        """
        try:
            peer_key = PublicKey.from_bytes(peer_point)
        except InvalidKey:
            fail(FailureKind.MALFORMED, "an ephemeral key is no point of the curve")
        return cls(fabric, ipk, ephemeral, peer_key, ephemeral.ecdh(peer_key))

    def sigma2_key(self, responder_random: bytes, responder_point: bytes, sigma1: bytes) -> Aead:
        """The key of Sigma2's encrypted part."""
        return message_key(SIGMA2, self.secret, self.ipk, responder_random, responder_point, sha256(sigma1))

    def sigma3_key(self, sigma1: bytes, sigma2: bytes) -> Aead:
        """The key of Sigma3's encrypted part."""
        return message_key(SIGMA3, self.secret, self.ipk, sha256(sigma1, sigma2))

    def session_keys(self, sigma1: bytes, sigma2: bytes, sigma3: bytes) -> SessionKeys:
        """The keys of the session: they depend on every octet that was sent."""
        return session_keys(self.secret, self.ipk + sha256(sigma1, sigma2, sigma3), SESSION_KEYS)

    def sign(self) -> bytes:
        """Our proof that we have our certificate's key."""
        fabric = self.fabric
        return fabric.key.sign(signed_data(fabric.noc, fabric.icac, self.ephemeral.public, self.peer_key))

    def check_peer(self, noc: bytes, icac: bytes | None, signature: bytes, *, now_utc: float | None) -> Certificate:
        """The peer's certificate, when it is a node's of this fabric and the peer has its key.

        Raises:
            HandshakeFailed: it is not, or the peer has not.
        """
        peer = check_certificates(self.fabric, noc, icac, now_utc=now_utc)
        try:
            peer.public_key.verify(signed_data(noc, icac, self.peer_key, self.ephemeral.public), signature)
        except AuthenticationFailed:
            fail(FailureKind.NOT_AUTHENTIC, "the peer's signature is wrong")
        return peer


_S = TypeVar("_S", bound=Struct)


def opened(kind: type[_S], key: Aead, step: Step, sealed: bytes) -> _S:
    """An encrypted part, decrypted and decoded.

    Raises:
        HandshakeFailed: it was altered, or holds something else.
    """
    try:
        plain = key.decrypt(step.nonce, sealed, b"")
    except AuthenticationFailed:
        fail(FailureKind.NOT_AUTHENTIC, f"{step.info.decode()} does not decrypt")
    return parsed(kind, plain)


def signed_data(noc: bytes, icac: bytes | None, sender: PublicKey, receiver: PublicKey) -> bytes:
    """What the sender of Sigma2 or Sigma3 signs: its certificates and both ephemeral keys (Core 4.14.2)."""
    return SignedData(
        sender_noc=noc, sender_icac=icac, sender_pub_key=sender.raw, receiver_pub_key=receiver.raw
    ).encode()


def check_certificates(fabric: Fabric, noc: bytes, icac: bytes | None, *, now_utc: float | None) -> Certificate:
    """The peer's certificate, when it is a node's of this fabric (Core 4.14.2, 6.5).

    What does not change, the signatures of the chain, is remembered below by the certificates' octets: a peer that comes again
    costs no more than its signature.

    Args:
        fabric: the one on which we meet.
        noc: the peer's certificate in TLV.
        icac: the intermediate's that issued it, or None.
        now_utc: seconds since the Unix epoch, or None without a valid clock.

    Raises:
        HandshakeFailed: it is not.
    """
    now = None if now_utc is None else int(now_utc) - MATTER_EPOCH_S
    try:
        node = Certificate.from_tlv(noc)
        between = None if icac is None else Certificate.from_tlv(icac)
        verify_chain(node, between, Certificate.from_tlv(fabric.root), now=now)
    except CertificateError as error:
        fail(FailureKind.UNTRUSTED_CERTIFICATE, f"the peer's certificate: {error}")
    if node.fabric_id != fabric.fabric_id:
        fail(FailureKind.UNTRUSTED_CERTIFICATE, "the peer's certificate is of another fabric")
    return node
