"""SPAKE2+ on P-256: two sides prove that they know one passcode, and nothing leaves that tells it (Core 3.10).

Lowest floor of the protocol: knows points and octets, never PASE's messages; its context and identities are arguments.

The form is P256-SHA256-HKDF-HMAC of the first draft of what became RFC 9383, as Core 3.10 freezes it: halves of the
transcript's hash are Ka and Ke, and each confirmation is an HMAC over the other side's share.
"""
# ruff: noqa: N803, N806, N815  # pA, pB, cA, cB, Ka, Ke, L and TT are the names of the specification

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import (
    ORDER,
    PUBLIC_KEY_LENGTH,
    SCALAR_LENGTH,
    InvalidKey,
    KeyPair,
    PublicKey,
)
from latchwork.matter.crypto.points import Base, Entropy, Factor, Point, add, is_factor
from latchwork.matter.crypto.primitives import (
    HASH_LENGTH,
    AuthenticationFailed,
    constant_time_equal,
    hkdf,
    hmac_sha256,
    pbkdf2,
    sha256,
)

MIN_ITERATIONS: Final = 1_000
"""Fewest PBKDF2 iterations that Matter allows (Core 3.9, CRYPTO_PBKDF_ITERATIONS_MIN)."""
MAX_ITERATIONS: Final = 100_000
"""Most PBKDF2 iterations that Matter allows: some 30 ms of one core (Core 3.9, CRYPTO_PBKDF_ITERATIONS_MAX)."""
MIN_SALT_LENGTH: Final = 16
MAX_SALT_LENGTH: Final = 32
"""Octets of a salt (Core 3.9)."""
W_LENGTH: Final = 40
"""Octets of w0s and of w1s: eight more than the order has, so that the remainder is even (Core 3.10)."""
PBKDF_LENGTH: Final = 2 * W_LENGTH
"""Octets to derive from a passcode."""
VERIFIER_LENGTH: Final = SCALAR_LENGTH + PUBLIC_KEY_LENGTH
"""Octets of an encoded verifier: w0, L (Core 11.19.8.1)."""
MAX_PASSCODE: Final = 99_999_998

_TRIVIAL_PASSCODES: Final = frozenset({11111111 * digit for digit in range(10)} | {12345678, 87654321})
_M: Final = bytes.fromhex(
    "04886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"
    "5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c785e0ca547d55a12e2d20"
)
"""The prover's constant point (Core 3.10; RFC 9383, section 4)."""
_N: Final = bytes.fromhex(
    "04d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49"
    "07d60aa6bfade45008a636337f5168c64d9bd36034808cd564490b1e656edbe7"
)
"""The verifier's constant point."""


def is_valid_passcode(passcode: int) -> bool:
    """Whether a set-up passcode is one that may be used: 1 to 99999998, and not one that everybody tries (Core 5.1.7.1)."""
    return 0 < passcode <= MAX_PASSCODE and passcode not in _TRIVIAL_PASSCODES


def pbkdf2_input(passcode: int) -> bytes:
    """What PBKDF2 takes as its password: the passcode in four octets, the lowest first (Core 3.10).

    Raises:
        Misuse: the passcode does not fit.
    """
    if not 0 <= passcode < 1 << 32:
        raise Misuse("a passcode has eight digits at most")
    return passcode.to_bytes(4, "little")


@dataclass(frozen=True)
class W0W1:
    """What the prover makes of a passcode.

    Attributes:
        w0s: 40 octets.
        w1s: 40 octets.

    Raises:
        Misuse: a wrong length, or a remainder that SPAKE2+ cannot use, which happens once in 2^255 salts.
    """

    w0s: Secret
    w1s: Secret

    def __post_init__(self) -> None:
        for w in (self.w0s, self.w1s):
            if len(w) != W_LENGTH or not is_factor(int.from_bytes(w, "big") % ORDER):
                raise Misuse("w0s and w1s are 40 octets each, not multiples of the curve's order")

    @cached_property
    def w0(self) -> Secret:
        """w0s modulo the order, 32 octets."""
        return _reduced(self.w0s)

    @cached_property
    def w1(self) -> Secret:
        """w1s modulo the order, 32 octets."""
        return _reduced(self.w1s)

    @cached_property
    def masks(self) -> Masks:
        """w0·M and w0·N, computed once: a second attempt costs a third less."""
        return Masks.of(self.w0)


def w0w1_from_pbkdf(derived: bytes) -> W0W1:
    """Split the 80 octets that PBKDF2 gave for `pbkdf2_input`.

    Raises:
        Misuse: not 80 octets.
    """
    return W0W1(Secret(derived[:W_LENGTH]), Secret(derived[W_LENGTH:]))


def derive_w0_w1(passcode: int, salt: bytes, iterations: int) -> W0W1:
    """What the prover makes of a passcode; slow on purpose, see `pbkdf2`.

    The bounds of `salt` and `iterations` above are the caller's to check: a peer names both.

    Raises:
        Misuse: the passcode or `iterations` is out of range.
    """
    return w0w1_from_pbkdf(pbkdf2(pbkdf2_input(passcode), salt, iterations, PBKDF_LENGTH))


@dataclass(frozen=True)
class Verifier:
    """What a device keeps instead of its passcode; whoever reads it can try passcodes at leisure, so it is a secret.

    Attributes:
        w0: 32 octets.
        L: w1 times the generator, an uncompressed point.

    Raises:
        InvalidKey: a length is wrong, w0 is no usable number, or L is off the curve.
    """

    w0: Secret
    L: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.w0) != SCALAR_LENGTH or not is_factor(int.from_bytes(self.w0, "big")):
            raise InvalidKey("w0 of a verifier is no usable number")
        PublicKey.from_bytes(self.L)
        object.__setattr__(self, "w0", Secret(self.w0))
        object.__setattr__(self, "L", bytes(self.L))

    @classmethod
    def from_passcode(cls, passcode: int, salt: bytes, iterations: int) -> Verifier:
        """The verifier of a passcode; slow on purpose, see `pbkdf2`.

        Raises:
            Misuse: the passcode or `iterations` is out of range.
        """
        return cls.from_w0w1(derive_w0_w1(passcode, salt, iterations))

    @classmethod
    def from_w0w1(cls, w0w1: W0W1) -> Verifier:
        """The verifier that accepts the prover of `w0w1`."""
        return cls(w0w1.w0, KeyPair.from_scalar(w0w1.w1).public.raw)

    @classmethod
    def decode(cls, encoded: bytes) -> Verifier:
        """Read w0 and L as an administrator sends them, 97 octets (Core 11.19.8.1).

        Raises:
            InvalidKey: they are not a verifier.
        """
        if len(encoded) != VERIFIER_LENGTH:
            raise InvalidKey(f"a verifier has {VERIFIER_LENGTH} octets, not {len(encoded)}")
        return cls(Secret(encoded[:SCALAR_LENGTH]), encoded[SCALAR_LENGTH:])

    def encode(self) -> bytes:
        """w0 and L, 97 octets."""
        return bytes(self.w0) + self.L

    @cached_property
    def masks(self) -> Masks:
        """w0·M and w0·N, computed once: later runs cost a third less."""
        return Masks.of(self.w0)


class Finish(NamedTuple):
    """What one run gives: both confirmations, 32 octets each, and the shared secret, 16 octets."""

    cA: bytes
    cB: bytes
    Ke: Secret


class Confirmation(NamedTuple):
    """What the prover has left to do: send `cA` (32 octets); `Ke` is the shared secret, 16 octets."""

    cA: bytes
    Ke: Secret


class Prover:
    """The side that knows the passcode: PASE's commissioner. One object is one run.

    Driven by its caller alone: send `share`, then give the answer to `confirm` and send the `cA` it returns.

    Attributes:
        share: pA, 65 octets.
    """

    __slots__ = ("_blind", "_identified", "_w0w1", "_x", "share")

    def __init__(
        self,
        context: bytes,
        w0w1: W0W1,
        entropy: Entropy,
        *,
        prover_identity: bytes = b"",
        verifier_identity: bytes = b"",
    ) -> None:
        self._identified = (context, prover_identity, verifier_identity)
        self._w0w1 = w0w1
        self._blind = entropy
        factor = Factor.draw(entropy)
        self._x: Factor | None = factor
        self.share = add(factor.generator(), w0w1.masks.m, entropy).raw

    def confirm(self, pB: bytes, cB: bytes) -> Confirmation:
        """Check the verifier's share and confirmation.

        Raises:
            InvalidKey: `pB` is not a point that an honest verifier sends.
            AuthenticationFailed: the verifier knows another passcode, or saw another conversation.
            Misuse: this run is over.
        """
        finish = self.finish(pB)
        if not constant_time_equal(finish.cB, cB):
            raise AuthenticationFailed("the other side does not know this passcode")
        return Confirmation(finish.cA, finish.Ke)

    def finish(self, pB: bytes) -> Finish:
        """Both confirmations and the secret for the verifier's share; `Ke` is worth nothing before cB is checked.

        Raises:
            InvalidKey: `pB` is not a point that an honest verifier sends.
            Misuse: this run is over.
        """
        factor, self._x = self._x, None
        if factor is None:
            raise Misuse("a run of SPAKE2+ takes one answer")
        w0w1 = self._w0w1
        other = Point.parse(PublicKey.from_bytes(pB))
        base = Base.of(add(other, w0w1.masks.n.negative(), self._blind), self._blind)
        z = factor.times(base)
        v = Factor(int.from_bytes(w0w1.w1, "big")).times(base)
        return _finish(self._identified, (self.share, pB), z, v, w0w1.w0)


class VerifierSide:
    """The side that keeps a verifier: PASE's device. One object is one run, and one guess for whoever asks.

    Driven by its caller alone: `respond` to pA, send what it returns, then `verify` the cA that comes back.
    """

    __slots__ = ("_blind", "_finish", "_identified", "_verifier", "_y")

    def __init__(
        self,
        context: bytes,
        verifier: Verifier,
        entropy: Entropy,
        *,
        prover_identity: bytes = b"",
        verifier_identity: bytes = b"",
    ) -> None:
        self._identified = (context, prover_identity, verifier_identity)
        self._verifier = verifier
        self._blind = entropy
        self._y: Factor | None = Factor.draw(entropy)
        self._finish: Finish | None = None

    def respond(self, pA: bytes) -> tuple[bytes, bytes]:
        """The share pB, 65 octets, and the confirmation cB, 32 octets, that answer the prover's share.

        Raises:
            InvalidKey: `pA` is not a point that an honest prover sends.
            Misuse: this run has answered before.
        """
        factor, self._y = self._y, None
        if factor is None:
            raise Misuse("a run of SPAKE2+ takes one share")
        verifier, blind = self._verifier, self._blind
        other = Point.parse(PublicKey.from_bytes(pA))
        base = Base.of(add(other, verifier.masks.m.negative(), blind), blind)
        z = factor.times(base)
        v = factor.times(Base.of(Point.parse(PublicKey.from_bytes(verifier.L)), blind))
        pB = add(factor.generator(), verifier.masks.n, blind).raw
        self._finish = _finish(self._identified, (pA, pB), z, v, verifier.w0)
        return pB, self._finish.cB

    def verify(self, cA: bytes) -> Secret:
        """The shared secret Ke, 16 octets, once the prover's confirmation is right.

        Raises:
            AuthenticationFailed: the prover knows another passcode, or saw another conversation.
            Misuse: called before `respond`, or twice.
        """
        finish, self._finish = self._finish, None
        if finish is None:
            raise Misuse("a run of SPAKE2+ verifies one confirmation, after its answer")
        if not constant_time_equal(finish.cA, cA):
            raise AuthenticationFailed("the other side does not know this passcode")
        return finish.Ke


class Masks(NamedTuple):
    """The points that hide the shares: `m` is w0·M, `n` is w0·N."""

    m: Point
    n: Point

    def __repr__(self) -> str:
        return "Masks(…)"

    @classmethod
    def of(cls, w0: bytes) -> Masks:
        """Both products of w0, 32 octets."""
        factor = Factor(int.from_bytes(w0, "big"))
        return cls(factor.times(_BASE_M), factor.times(_BASE_N))


_BASE_M: Final = Base.constant(_M)
_BASE_N: Final = Base.constant(_N)


def _reduced(w: bytes) -> Secret:
    return Secret((int.from_bytes(w, "big") % ORDER).to_bytes(SCALAR_LENGTH, "big"))


def _finish(
    identified: tuple[bytes, bytes, bytes], shares: tuple[bytes, bytes], z: Point, v: Point, w0: bytes
) -> Finish:
    """Hash the transcript TT and derive what both sides must agree on (Core 3.10)."""
    TT = b"".join(len(part).to_bytes(8, "little") + part for part in (*identified, _M, _N, *shares, z.raw, v.raw, w0))
    pA, pB = shares
    digest = sha256(TT)
    Ka, Ke = digest[: HASH_LENGTH // 2], digest[HASH_LENGTH // 2 :]
    keys = hkdf(Ka, b"", b"ConfirmationKeys", HASH_LENGTH)
    KcA, KcB = keys[: HASH_LENGTH // 2], keys[HASH_LENGTH // 2 :]
    return Finish(hmac_sha256(KcA, pB), hmac_sha256(KcB, pA), Secret(Ke))
