"""Symmetric cryptography: authenticated encryption, hashes and key derivation (Core 3.3 to 3.9).

Lowest floor of the protocol: knows octets and keys, never what they are for.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from latchwork.base.errors import Misuse, PeerViolation

KEY_LENGTH: Final = 16
"""Octets of a symmetric key (Core 3.6, CRYPTO_SYMMETRIC_KEY_LENGTH_BYTES)."""
TAG_LENGTH: Final = 16
"""Octets of the integrity check that encryption appends (Core 3.6, CRYPTO_AEAD_MIC_LENGTH_BYTES)."""
NONCE_LENGTH: Final = 13
"""Octets of a nonce (Core 3.6, CRYPTO_AEAD_NONCE_LENGTH_BYTES)."""
HASH_LENGTH: Final = 32
"""Octets of a SHA-256 digest (Core 3.3)."""
MAX_PLAINTEXT: Final = 0xFFFF
"""Octets that one AES-CCM message can hold: a nonce of 13 octets leaves two for its length (RFC 3610, section 2)."""

_SHA256: Final = hashes.SHA256()


class AuthenticationFailed(PeerViolation):
    """An integrity check, a confirmation or a signature is wrong: altered, of another key, or malformed."""


class Aead:
    """AES-128-CCM with one key, a tag of 16 and a nonce of 13 octets (Core 3.6).

    Keeps the key's schedule, so keep the object as long as the key.

    Raises:
        Misuse: the key is not 16 octets.
    """

    __slots__ = ("_open", "encrypt")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_LENGTH:
            raise Misuse(f"a symmetric key has {KEY_LENGTH} octets, not {len(key)}")
        ccm = AESCCM(key, TAG_LENGTH)
        # The cipher's own method: this is called for every message, and a wrapper would cost a sixth of it.
        self.encrypt = ccm.encrypt
        """`encrypt(nonce, plaintext, aad) -> bytes`: the ciphertext with its tag appended.

        Raises ValueError for more than `MAX_PLAINTEXT` octets or a nonce outside 7 to 13 octets: both are our own doing.
        """
        self._open = ccm.decrypt

    def __repr__(self) -> str:
        return "Aead(…)"

    def decrypt(self, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """The plaintext of `ciphertext` (tag appended) under `nonce` and the clear octets `aad`.

        Raises:
            AuthenticationFailed: the tag is wrong, or the length cannot be that of a ciphertext.
            Misuse: the nonce is not one.
        """
        try:
            return self._open(nonce, ciphertext, aad)
        except InvalidTag:
            raise AuthenticationFailed("wrong integrity check") from None
        except ValueError as error:
            if len(ciphertext) > MAX_PLAINTEXT:
                raise AuthenticationFailed("too long for a ciphertext") from None
            raise Misuse(f"cannot decrypt: {error}") from None


def privacy_transform(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """AES-128-CTR as message privacy uses it, its own inverse (Core 3.7, 4.9).

    The counter blocks are those of CCM (flags 1, the nonce of 13 octets, a counter of two octets from 1), so this is
    CCM without its tag; that is also three times as fast as setting up a stream cipher for a few octets.

    Raises:
        Misuse: a length is wrong, or `data` is longer than `MAX_PLAINTEXT`.
    """
    if len(key) != KEY_LENGTH or len(nonce) != NONCE_LENGTH or len(data) > MAX_PLAINTEXT:
        raise Misuse("privacy takes a key of 16 and a nonce of 13 octets")
    return AESCCM(key, TAG_LENGTH).encrypt(nonce, data, None)[:-TAG_LENGTH]


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of the parts, joined (Core 3.3)."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the parts, joined (Core 3.4)."""
    return hmac.digest(key, parts[0] if len(parts) == 1 else b"".join(parts), "sha256")


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """`length` octets derived from the key material `ikm` by HKDF-SHA256 (Core 3.8, RFC 5869).

    Raises:
        Misuse: `length` is outside 1 to 8160.
    """
    if not 0 < length <= 255 * HASH_LENGTH:
        raise Misuse(f"HKDF-SHA256 cannot give {length} octets")
    return HKDF(_SHA256, length, salt, info).derive(ikm)


def pbkdf2(password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """`length` octets by PBKDF2-HMAC-SHA256 (Core 3.9).

    Slow on purpose (about 0.3 ms for each 1,000 iterations and 80 octets) and free of the interpreter's lock: event
    loops run it in an executor. Bounds of `iterations` and `salt` are the caller's to keep; a peer may name them.

    Raises:
        Misuse: `iterations` or `length` is not positive.
    """
    if iterations < 1 or length < 1:
        raise Misuse("PBKDF2 takes at least one iteration and gives at least one octet")
    return PBKDF2HMAC(_SHA256, length, salt, iterations).derive(password)


def constant_time_equal(a: bytes, b: bytes) -> bool:
    """Whether both are the same octets, in a time that depends on their lengths only."""
    return hmac.compare_digest(a, b)
