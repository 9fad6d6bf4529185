"""P-256: public keys, key pairs, signatures and signing requests (Core 3.5).

Lowest floor of the protocol: knows octets and curve points, never certificates or whose key it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

# Where `serialization` has them from, which loads SSH, RSA and DSA besides: 0.7 MiB that no node ever uses.
from cryptography.hazmat.primitives._serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import AuthenticationFailed

SCALAR_LENGTH: Final = 32
"""Octets of a private key, a coordinate or a shared secret (Core 3.5.1, CRYPTO_GROUP_SIZE_BYTES)."""
PUBLIC_KEY_LENGTH: Final = 65
"""Octets of an uncompressed point: 4, x, y (Core 3.5.1, CRYPTO_PUBLIC_KEY_SIZE_BYTES)."""
SIGNATURE_LENGTH: Final = 64
"""Octets of a raw signature: r, s (Core 3.5.3)."""
ORDER: Final = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
"""Number of points of the curve, a prime (SEC 2, section 2.4.2)."""
MAX_CSR_LENGTH: Final = 1024
"""Longest signing request read, octets: four times what Matter needs, and it leaves room for a vendor's attributes."""

_CURVE: Final = ec.SECP256R1()
_ECDH: Final = ec.ECDH()
_VERIFY: Final = ec.ECDSA(hashes.SHA256())
_DRAWS: Final = 64

_P256_KEY: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
"""What comes before the point in a SubjectPublicKeyInfo of P-256 (RFC 5480)."""
_CSR_HEAD: Final = bytes.fromhex("020100300e310c300a060355040a0c03435352") + _P256_KEY
"""Version 1, subject O=CSR in UTF-8, key."""
_CSR_ATTRIBUTES: Final = bytes.fromhex("a000")
_ECDSA_WITH_SHA256: Final = bytes.fromhex("06082a8648ce3d040302")
_ECDSA_WITH_SHA256_FORMS: Final = (_ECDSA_WITH_SHA256, _ECDSA_WITH_SHA256 + b"\x05\x00")
"""RFC 5758 has no parameters here; requests in the field also have NULL ones, which `cryptography` refuses to read."""


def _signing_algorithm() -> ec.ECDSA:
    """ECDSA with the nonce of RFC 6979 where this build of OpenSSL has it (3.2 on), else with a random one."""
    try:
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        ec.derive_private_key(1, _CURVE).sign(b"", algorithm)
    except (TypeError, UnsupportedAlgorithm):
        return _VERIFY
    return algorithm


_SIGN: Final = _signing_algorithm()


class InvalidKey(PeerViolation):
    """The octets are not a P-256 public key, or not a signing request that holds one."""


def draw_scalar(entropy: Callable[[int], bytes], below: int = ORDER) -> int:
    """An evenly distributed number from 1 to `below` - 1, by drawing 32 octets until they fit (Core 3.5.2).

    Raises:
        Misuse: 64 draws in a row do not fit; a sound source of entropy misses once in 2^32.
    """
    for _ in range(_DRAWS):
        scalar = int.from_bytes(entropy(SCALAR_LENGTH), "big")
        if 0 < scalar < below:
            return scalar
    raise Misuse("the source of entropy gives no usable number")


def der_signature_to_raw(der: bytes) -> bytes:
    """The DER form of an ECDSA signature as r and s, 32 octets each (Core 3.5.3).

    Raises:
        AuthenticationFailed: not DER, or a number is negative or too long.
    """
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(SCALAR_LENGTH, "big") + s.to_bytes(SCALAR_LENGTH, "big")
    except (ValueError, OverflowError):
        raise AuthenticationFailed("not the DER form of a P-256 signature") from None


def raw_signature_to_der(raw: bytes) -> bytes:
    """A signature of r and s, 32 octets each, in DER as X.509 wants it (RFC 3279, section 2.2.3).

    Raises:
        AuthenticationFailed: not 64 octets.
    """
    if len(raw) != SIGNATURE_LENGTH:
        raise AuthenticationFailed(f"a signature has {SIGNATURE_LENGTH} octets, not {len(raw)}")
    return encode_dss_signature(int.from_bytes(raw[:SCALAR_LENGTH], "big"), int.from_bytes(raw[SCALAR_LENGTH:], "big"))


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point of P-256, never the one at infinity; immutable, equal and hashed by its octets.

    Attributes:
        raw: the uncompressed point, 65 octets.

    Raises:
        InvalidKey: not 65 octets, or not on the curve.
    """

    raw: bytes
    _key: ec.EllipticCurvePublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # OpenSSL would take compressed points too; Matter has none (Core 3.5.1).
        if len(self.raw) != PUBLIC_KEY_LENGTH:
            raise InvalidKey(f"a public key has {PUBLIC_KEY_LENGTH} octets, not {len(self.raw)}")
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, self.raw)
        except ValueError:
            raise InvalidKey("not a point of P-256") from None
        object.__setattr__(self, "raw", bytes(self.raw))
        object.__setattr__(self, "_key", key)

    @classmethod
    def from_bytes(cls, raw: bytes) -> PublicKey:
        """The key of an uncompressed point, 65 octets.

        Raises:
            InvalidKey: not 65 octets, or not on the curve.
        """
        return cls(raw)

    @classmethod
    def _of(cls, key: ec.EllipticCurvePublicKey) -> PublicKey:
        """Wrap a key that OpenSSL made, without parsing its octets again."""
        public = object.__new__(cls)
        object.__setattr__(public, "raw", key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
        object.__setattr__(public, "_key", key)
        return public

    @property
    def key_identifier(self) -> bytes:
        """SHA-1 of the 65 octets: the subject key identifier of certificates, 20 octets (RFC 5280, section 4.2.1.2)."""
        return hashlib.sha1(self.raw, usedforsecurity=False).digest()

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check ECDSA with SHA-256; `signature` is r and s, 32 octets each (Core 3.5.3).

        Raises:
            AuthenticationFailed: it does not verify, or it is no signature.
        """
        self.verify_der(message, raw_signature_to_der(signature))

    def verify_der(self, message: bytes, signature: bytes) -> None:
        """Check ECDSA with SHA-256; `signature` is in DER. OpenSSL refuses r and s outside 1 to n - 1.

        Raises:
            AuthenticationFailed: it does not verify, or it is no signature.
        """
        try:
            self._key.verify(signature, message, _VERIFY)
        except InvalidSignature:
            raise AuthenticationFailed("wrong signature") from None


class KeyPair:
    """A private key of P-256 with its public key.

    Signatures take their nonce from key and message (RFC 6979) where OpenSSL can, version 3.2 on; an older one draws it
    from the system. That chance stays inside OpenSSL and shows in nothing but the signature's octets.

    Attributes:
        public: the public half.
        scalar: the private half, 32 octets.
    """

    __slots__ = ("_key", "public", "scalar")

    def __init__(self, scalar: bytes) -> None:
        if len(scalar) != SCALAR_LENGTH or not 0 < (number := int.from_bytes(scalar, "big")) < ORDER:
            raise Misuse("a private key of P-256 is a number from 1 to n - 1 in 32 octets")
        self._key = ec.derive_private_key(number, _CURVE)
        self.scalar = Secret(scalar)
        self.public = PublicKey._of(self._key.public_key())  # noqa: SLF001  # the two halves are one thing

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public.raw.hex()})"

    @classmethod
    def generate(cls, entropy: Callable[[int], bytes]) -> KeyPair:
        """A new pair; the same octets from `entropy` give the same pair (Core 3.5.2).

        Raises:
            Misuse: `entropy` is broken.
        """
        return cls(draw_scalar(entropy).to_bytes(SCALAR_LENGTH, "big"))

    @classmethod
    def from_scalar(cls, scalar: bytes) -> KeyPair:
        """The pair of a private key, 32 octets.

        Raises:
            Misuse: not a number from 1 to n - 1 in 32 octets.
        """
        return cls(scalar)

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 as r and s, 64 octets (Core 3.5.3)."""
        return der_signature_to_raw(self._key.sign(message, _SIGN))

    def sign_der(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 in DER, 8 to 72 octets."""
        return self._key.sign(message, _SIGN)

    def ecdh(self, peer: PublicKey) -> Secret:
        """The shared secret: x of the product of the two keys, 32 octets (Core 3.5.4)."""
        return Secret(self._key.exchange(_ECDH, peer._key))  # noqa: SLF001  # the two halves are one thing


def csr(key: KeyPair) -> bytes:
    """A PKCS #10 signing request for `key` in DER, subject O=CSR, without attributes (RFC 2986; Core 6.4.6)."""
    information = _der(0x30, _CSR_HEAD, key.public.raw, _CSR_ATTRIBUTES)
    return _der(0x30, information, _der(0x30, _ECDSA_WITH_SHA256), _der(0x03, b"\x00", key.sign_der(information)))


def parse_csr(der: bytes) -> PublicKey:
    """The key that a PKCS #10 signing request asks a certificate for, its signature checked.

    Subject and attributes are not looked at.

    Raises:
        InvalidKey: not a signing request, longer than `MAX_CSR_LENGTH`, or not of a P-256 key.
        AuthenticationFailed: not signed by that key with ECDSA and SHA-256.
    """
    if len(der) > MAX_CSR_LENGTH:
        raise InvalidKey(f"a signing request of {len(der)} octets is too long")
    request, rest = _split(der, 0x30)
    information, signed = _split(request, 0x30)
    algorithm, signature = _split(signed, 0x30)
    bits, after = _split(signature, 0x03)
    if rest or after:
        raise InvalidKey("octets after the end of a signing request")
    public = _requested_key(information)
    if algorithm not in _ECDSA_WITH_SHA256_FORMS or bits[:1] != b"\x00":
        raise AuthenticationFailed("a signing request is not signed with ECDSA and SHA-256")
    public.verify_der(request[: len(request) - len(signed)], bits[1:])
    return public


def _requested_key(information: bytes) -> PublicKey:
    """The key in the signed part of a request: version, subject, key, attributes, which some writers leave out."""
    version, rest = _split(information, 0x02)
    _, rest = _split(rest, 0x30)
    if version != b"\x00" or not rest.startswith(_P256_KEY):
        raise InvalidKey("a signing request of another version, or of a key that is not P-256")
    end = len(_P256_KEY) + PUBLIC_KEY_LENGTH
    attributes = rest[end:]
    if attributes and _split(attributes, 0xA0)[1]:
        raise InvalidKey("octets after the attributes of a signing request")
    return PublicKey(rest[len(_P256_KEY) : end])


def _split(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the first DER element, which must have this tag, and what follows the element."""
    if len(der) < 2 or der[0] != tag:
        raise InvalidKey("not a signing request")
    start, length = 2, der[1]
    if length >= 0x80:
        start = 2 + length - 0x80
        length = int.from_bytes(der[2:start], "big")
        # Only the shortest form of a length is DER, and two octets count more than `MAX_CSR_LENGTH`.
        if not 3 <= start <= 4 or length < (0x80 if start == 3 else 0x100):
            raise InvalidKey("a length in a signing request is not DER")
    end = start + length
    if end > len(der):
        raise InvalidKey("a signing request is cut off")
    return der[start:end], der[end:]


def _der(tag: int, *parts: bytes) -> bytes:
    """One DER element of at most 255 octets of content: a signing request needs no more."""
    content = b"".join(parts)
    length = len(content)
    return bytes((tag, length) if length < 0x80 else (tag, 0x81, length)) + content
