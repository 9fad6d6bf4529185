"""Arithmetic on points of P-256 that ECDH does not have: whole products and sums.

Lowest floor of the protocol, below `spake2p`, its only user: knows numbers and points, no protocol at all.

Products come from OpenSSL, which gives x alone through ECDH: x of kQ and of (k + 1)Q tell y of kQ. Integers of Python
see coordinates only. Their arithmetic does not take constant time, so every inversion of a value that depends on a
secret is blinded with a random factor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from latchwork.matter.crypto.keys import ORDER, SCALAR_LENGTH, InvalidKey, KeyPair, PublicKey, draw_scalar

Entropy = Callable[[int], bytes]
"""Gives as many random octets as it is asked for."""

_P: Final = 0xFFFFFFFF_00000001_00000000_00000000_00000000_FFFFFFFF_FFFFFFFF_FFFFFFFF
"""The field (SEC 2, section 2.4.2)."""
_A: Final = -3
_B: Final = 0x5AC635D8_AA3A93E7_B3EBBD55_769886BC_651D06B0_CC53B0F6_3BCE3C3E_27D2604B


class Point(NamedTuple):
    """A finite point by its coordinates."""

    x: int
    y: int

    @classmethod
    def parse(cls, key: PublicKey) -> Point:
        """The coordinates of a checked key."""
        return cls(int.from_bytes(key.raw[1:33], "big"), int.from_bytes(key.raw[33:], "big"))

    @property
    def raw(self) -> bytes:
        """The uncompressed form, 65 octets."""
        return b"\x04" + self.x.to_bytes(SCALAR_LENGTH, "big") + self.y.to_bytes(SCALAR_LENGTH, "big")

    def negative(self) -> Point:
        """The point that adds up to infinity with this one."""
        return Point(self.x, _P - self.y)


class Base(NamedTuple):
    """A point made ready to be multiplied: `inverse` is 1 / 2y."""

    key: PublicKey
    x: int
    inverse: int

    @classmethod
    def of(cls, point: Point, entropy: Entropy) -> Base:
        """A point that may depend on a secret: its inversion is blinded."""
        return cls(PublicKey.from_bytes(point.raw), point.x, invert(2 * point.y, entropy))

    @classmethod
    def constant(cls, raw: bytes) -> Base:
        """A point that everybody knows: its inversion needs no blinding."""
        key = PublicKey.from_bytes(raw)
        point = Point.parse(key)
        return cls(key, point.x, pow(2 * point.y, -1, _P))


class Factor:
    """A secret number that multiplies points.

    Raises:
        Misuse: not `is_factor(number)`.
    """

    __slots__ = ("_next", "_pair")

    def __init__(self, number: int) -> None:
        self._pair = KeyPair.from_scalar(number.to_bytes(SCALAR_LENGTH, "big"))
        self._next = KeyPair.from_scalar((number + 1).to_bytes(SCALAR_LENGTH, "big"))

    @classmethod
    def draw(cls, entropy: Entropy) -> Factor:
        """A random one, n - 1 left out: its successor multiplies to the point at infinity, which has no x."""
        return cls(draw_scalar(entropy, ORDER - 1))

    def generator(self) -> Point:
        """The product with the curve's generator."""
        return Point.parse(self._pair.public)

    def times(self, base: Base) -> Point:
        """The product, y recovered from x of this product and of the next (after Brier and Joye, 2002)."""
        x = base.x
        x1 = int.from_bytes(self._pair.ecdh(base.key), "big")
        x2 = int.from_bytes(self._next.ecdh(base.key), "big")
        difference = x - x1
        double_y1 = 2 * _B + (_A + x * x1) * (x + x1) - x2 * difference * difference
        return Point(x1, double_y1 * base.inverse % _P)


def invert(value: int, entropy: Entropy) -> int:
    """1 / `value` in the field; what the inversion itself sees is `value` times a random factor."""
    blind = draw_scalar(entropy, _P)
    return blind * pow(value * blind % _P, -1, _P) % _P


def add(one: Point, other: Point, entropy: Entropy) -> Point:
    """The sum of two points.

    Raises:
        InvalidKey: the sum is the point at infinity, which no honest peer brings about.
    """
    run = (other.x - one.x) % _P
    if run:
        slope = (other.y - one.y) * invert(run, entropy) % _P
    elif one.y == other.y:
        slope = (3 * one.x * one.x + _A) * invert(2 * one.y, entropy) % _P
    else:
        raise InvalidKey("the sum is the point at infinity")
    x = (slope * slope - one.x - other.x) % _P
    return Point(x, (slope * (one.x - x) - one.y) % _P)


def is_factor(number: int) -> bool:
    """Whether `Factor` takes the number: it and its successor must both be private keys of P-256."""
    return 0 < number < ORDER - 1
